//! The snapshot: a document as bytes, the same bytes for the same document on every machine.
//!
//! Used by the store, by `/b/ID/snapshot/EPOCH-SEQ` and by the digest. People are listed once and
//! referred to by index, since their ids are most of what would repeat. The first byte is the
//! version of the format; an older one is upgraded step by step in here, one module per version.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::removals::Removal;
use super::{Change, Document, Item};
use crate::element::Element;
use crate::id::{ElementId, OpId, PersonId};
use crate::ledger::{Access, Position, Seq};

/// The version this program writes.
const VERSION: u8 = 1;

/// Bytes that are not a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// Made by a newer program, or not a snapshot at all.
    #[error("unknown snapshot version")]
    Version,
    /// Damaged.
    #[error("damaged snapshot")]
    Damaged,
}

#[derive(Serialize, Deserialize)]
struct Body {
    position: Position,
    title: String,
    access: Access,
    people: Vec<PersonId>,
    items: Vec<StoredItem>,
    removals: Vec<StoredRemoval>,
    tombstones: Vec<(Seq, ElementId)>,
}

#[derive(Serialize, Deserialize)]
struct StoredItem {
    id: ElementId,
    /// Index into `people`.
    author: u32,
    element: Element,
}

#[derive(Serialize, Deserialize)]
struct StoredRemoval {
    op: OpId,
    at: Seq,
    author: PersonId,
    ids: Vec<ElementId>,
}

impl Document {
    /// The document as bytes; equal documents give equal bytes.
    #[must_use]
    pub fn to_snapshot(&self) -> Vec<u8> {
        let mut people: Vec<_> = self.items.iter().map(|item| item.author).collect();
        people.sort_unstable();
        people.dedup();
        let body = Body {
            position: self.position,
            title: self.title.clone(),
            access: self.access.clone(),
            items: self
                .items
                .iter()
                .map(|item| stored_item(item, &people))
                .collect(),
            removals: self
                .removals
                .iter()
                .map(|(op, removal)| stored_removal(*op, removal))
                .collect(),
            tombstones: self.tombstones.iter().copied().collect(),
            people,
        };
        let mut bytes = Vec::from([VERSION]);
        bytes.extend(postcard::to_allocvec(&body).unwrap_or_default());
        bytes
    }

    /// # Errors
    /// When the bytes are not a whole snapshot of a version this program knows.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, BadSnapshot> {
        let (version, body) = bytes.split_first().ok_or(BadSnapshot::Damaged)?;
        if *version != VERSION {
            return Err(BadSnapshot::Version);
        }
        match postcard::take_from_bytes::<Body>(body) {
            Ok((body, [])) => body.into_document(),
            _ => Err(BadSnapshot::Damaged),
        }
    }
}

impl Body {
    fn into_document(mut self) -> Result<Document, BadSnapshot> {
        let mut document = Document::new(self.position.epoch, self.title, self.access);
        document.position = self.position;
        for stored in self.items {
            let index = usize::try_from(stored.author).map_err(|_| BadSnapshot::Damaged)?;
            let author = *self.people.get(index).ok_or(BadSnapshot::Damaged)?;
            if !document.items.is_free(stored.id) {
                return Err(BadSnapshot::Damaged);
            }
            document.insert(Item {
                id: stored.id,
                author,
                element: stored.element,
                removed_by: None,
            });
        }
        for stored in self.removals {
            document.put_stored_removal(stored)?;
        }
        self.tombstones.sort_unstable();
        for (at, id) in self.tombstones {
            if !document.items.is_free(id) {
                return Err(BadSnapshot::Damaged);
            }
            document.bury(at, id);
        }
        Ok(document)
    }
}

impl Document {
    fn put_stored_removal(&mut self, stored: StoredRemoval) -> Result<(), BadSnapshot> {
        let mut change = Change::default();
        let is_new = self.removals.get(stored.op).is_none();
        let mut ids = stored.ids.iter();
        if !is_new || !ids.all(|id| self.hide(*id, stored.op, &mut change)) {
            return Err(BadSnapshot::Damaged);
        }
        let removal = Removal {
            at: stored.at,
            author: stored.author,
            ids: stored.ids,
        };
        self.removals.put(stored.op, removal);
        Ok(())
    }
}

fn stored_item(item: &Item, people: &[PersonId]) -> StoredItem {
    let author = people
        .binary_search(&item.author)
        .ok()
        .and_then(|index| u32::try_from(index).ok());
    StoredItem {
        id: item.id,
        author: author.unwrap_or(u32::MAX),
        element: item.element.clone(),
    }
}

fn stored_removal(op: OpId, removal: &Removal) -> StoredRemoval {
    StoredRemoval {
        op,
        at: removal.at,
        author: removal.author,
        ids: removal.ids.clone(),
    }
}
