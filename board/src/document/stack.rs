//! Stack: the elements of a document from the bottom up, found by id or by order. What ops do to them is the document's.
//!
//! One vector by z. What is taken out leaves a gap, and the gaps are closed when most of it is gaps: so a z stays the same
//! for as long as its element is here, and taking out costs little however many there are. A table instead of a second
//! tree, keyed by the process as std does it, since clients choose the ids; nothing ever depends on its order.

use alloc::vec::Vec;
use std::collections::HashMap;

use super::Item;
use crate::id::ElementId;

/// Fewer gaps than this are not worth closing.
const FEW: usize = 64;

/// Elements, later ones above earlier ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Stack {
    /// By z; the last one is no gap.
    slots: Vec<Slot>,
    gaps: usize,
    places: HashMap<ElementId, Place>,
}

#[derive(Debug, Clone)]
struct Slot {
    z: u64,
    item: Option<Item>,
}

/// Where an element is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the slot of this z.
    At(u64),
    /// Nowhere ever again.
    Barred,
}

/// The same elements in the same order.
impl PartialEq for Stack {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Stack {}

impl Stack {
    /// How many elements it holds.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.gaps
    }

    /// From the bottom up.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.slots.iter().filter_map(|slot| slot.item.as_ref())
    }

    /// An element with its z.
    pub(super) fn get(&self, id: ElementId) -> Option<(u64, &Item)> {
        let slot = self.slots.get(self.index(id)?)?;
        slot.item.as_ref().map(|item| (slot.z, item))
    }

    pub(super) fn get_mut(&mut self, id: ElementId) -> Option<&mut Item> {
        let index = self.index(id)?;
        self.slots.get_mut(index)?.item.as_mut()
    }

    fn index(&self, id: ElementId) -> Option<usize> {
        match self.places.get(&id)? {
            Place::At(z) => self.slots.binary_search_by_key(z, |slot| slot.z).ok(),
            Place::Barred => None,
        }
    }

    /// Whether an element of this id may come: none is here, and it is not barred.
    pub(super) fn is_free(&self, id: ElementId) -> bool {
        !self.places.contains_key(&id)
    }

    /// Puts an element on top. Its id must be free.
    pub(super) fn push(&mut self, item: Item) {
        let z = self.slots.last().map_or(0, |slot| slot.z + 1);
        self.places.insert(item.id, Place::At(z));
        self.slots.push(Slot {
            z,
            item: Some(item),
        });
    }

    /// Takes an element out.
    pub(super) fn take(&mut self, id: ElementId) -> Option<Item> {
        let index = self.index(id)?;
        let item = self.slots.get_mut(index)?.item.take()?;
        self.places.remove(&id);
        self.gaps += 1;
        self.close_gaps();
        Some(item)
    }

    fn close_gaps(&mut self) {
        while self.slots.pop_if(|slot| slot.item.is_none()).is_some() {
            self.gaps -= 1;
        }
        if self.gaps > FEW && self.gaps > self.slots.len() / 2 {
            self.slots.retain(|slot| slot.item.is_some());
            self.gaps = 0;
        }
    }

    /// Keeps a free id from being used …
    pub(super) fn bar(&mut self, id: ElementId) {
        self.places.entry(id).or_insert(Place::Barred);
    }

    /// … until now.
    pub(super) fn unbar(&mut self, id: ElementId) {
        if matches!(self.places.get(&id), Some(Place::Barred)) {
            self.places.remove(&id);
        }
    }
}
