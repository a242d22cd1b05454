//! The snapshot: a document as bytes, the same bytes for the same document on every machine.
//!
//! Used by the store, by `/b/ID/snapshot/EPOCH-SEQ` and by the digest. People are listed once and
//! referred to by index, since their ids are most of what would repeat. The first byte is the
//! version of the format; an older one is upgraded step by step in here, one module per version.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Document, Item, Removal};
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
        let people: BTreeSet<_> = self.items.values().map(|item| item.author).collect();
        let people: Vec<_> = people.into_iter().collect();
        let body = Body {
            position: self.position,
            title: self.title.clone(),
            access: self.access.clone(),
            items: self
                .items
                .values()
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
    fn into_document(self) -> Result<Document, BadSnapshot> {
        let mut document = Document::new(self.position.epoch, self.title, self.access);
        document.position = self.position;
        for stored in self.items {
            let index = usize::try_from(stored.author).map_err(|_| BadSnapshot::Damaged)?;
            let author = *self.people.get(index).ok_or(BadSnapshot::Damaged)?;
            if document.places.contains_key(&stored.id) {
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
        for (at, id) in self.tombstones {
            document.tombstones.insert((at, id));
            document.buried.insert(id);
        }
        Ok(document)
    }
}

impl Document {
    fn put_stored_removal(&mut self, stored: StoredRemoval) -> Result<(), BadSnapshot> {
        let distinct: BTreeSet<_> = stored.ids.iter().collect();
        if distinct.len() != stored.ids.len()
            || !stored.ids.iter().all(|id| self.shown(*id).is_some())
        {
            return Err(BadSnapshot::Damaged);
        }
        let removal = Removal {
            at: stored.at,
            author: stored.author,
            ids: stored.ids,
        };
        let _ = self.put_removal(stored.op, removal);
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
