//! Removals: what was taken off and can come back, by the op that took it off and by when that was.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::id::{ElementId, OpId, PersonId};
use crate::ledger::Seq;

/// What one remove or clear took off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removal {
    pub(super) at: Seq,
    pub(super) author: PersonId,
    pub(super) ids: Vec<ElementId>,
}

/// At most as many as [`crate::limits::KEEP_REMOVED_OPS`], so two sorted lists do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Removals {
    by_op: Vec<(OpId, Removal)>,
    /// In the order in which they expire. New ones come last, so the end is where it changes.
    by_age: VecDeque<(Seq, OpId)>,
}

impl Removals {
    /// By op.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(OpId, Removal)> {
        self.by_op.iter()
    }

    pub(super) fn get(&self, op: OpId) -> Option<&Removal> {
        let index = self.find(op).ok()?;
        self.by_op.get(index).map(|(_, removal)| removal)
    }

    fn find(&self, op: OpId) -> Result<usize, usize> {
        self.by_op.binary_search_by_key(&op, |(known, _)| *known)
    }

    /// Adds one; the op must not be known.
    pub(super) fn put(&mut self, op: OpId, removal: Removal) {
        let Err(index) = self.find(op) else { return };
        let age = (removal.at, op);
        self.by_op.insert(index, (op, removal));
        let index = self.by_age.partition_point(|known| *known < age);
        self.by_age.insert(index, age);
    }

    pub(super) fn take(&mut self, op: OpId) -> Option<Removal> {
        let index = self.find(op).ok()?;
        let (_, removal) = self.by_op.remove(index);
        if let Ok(index) = self.by_age.binary_search(&(removal.at, op)) {
            self.by_age.remove(index);
        }
        Some(removal)
    }

    /// The next to expire.
    pub(super) fn oldest(&self) -> Option<(Seq, OpId)> {
        self.by_age.front().copied()
    }
}
