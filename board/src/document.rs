//! Document: what a board shows after a number of ops. The one place that says what an op does.
//!
//! It never refuses: an op in the log that makes no sense (an unknown element, points beyond the end)
//! changes nothing, the same nothing on every copy; refusing is done before the log, by
//! [`crate::Room`] and [`crate::Access`]. Every op can also be taken off again ([`Document::revert`]):
//! that is how a replica shows its own ops before they are in the log.

mod change;
mod removals;
mod snapshot;
mod stack;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::element::Element;
use crate::geom::Rect;
use crate::id::{ElementId, OpId, PersonId};
use crate::ledger::{Access, Entry, Position, Seq};
use crate::limits;
use crate::op::Op;
use crate::points::{Extended, Points};

use removals::{Removal, Removals};
use stack::Stack;

pub use change::{Change, Inverse, Restored, Trial};
pub use snapshot::BadSnapshot;

/// An element with what the board knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ElementId,
    /// Who added it.
    pub author: PersonId,
    /// The thing itself.
    pub element: Element,
    /// The remove or clear that took it off the board, if one did.
    pub removed_by: Option<OpId>,
}

/// A board's state at a position of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    position: Position,
    title: String,
    access: Access,
    items: Stack,
    removals: Removals,
    /// Elements gone for good, by when: adding them again changes nothing.
    tombstones: VecDeque<(Seq, ElementId)>,
    live: usize,
    cost: usize,
}

impl Document {
    /// A board before its first op.
    #[must_use]
    pub fn new(epoch: u64, title: String, access: Access) -> Self {
        Self {
            position: Position::start(epoch),
            title,
            access,
            items: Stack::default(),
            removals: Removals::default(),
            tombstones: VecDeque::new(),
            live: 0,
            cost: 0,
        }
    }

    /// Which op of which history it is up to.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The board's title; may be empty.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Who may do what.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// What is on the board, from the bottom up.
    pub fn visible(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.removed_by.is_none())
    }

    /// How many elements are on the board.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether the board is blank.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many elements it holds, removed ones that can come back included.
    #[must_use]
    pub fn held(&self) -> usize {
        self.items.len()
    }

    /// What it counts against [`limits::BOARD_BYTES`].
    #[must_use]
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// An element, on the board or removed, with its z (later ones are painted over earlier ones).
    #[must_use]
    pub fn get(&self, id: ElementId) -> Option<(u64, &Item)> {
        self.items.get(id)
    }

    /// Whether an element is done with (on the board or removed): no ink of it can follow.
    #[must_use]
    pub fn is_over(&self, id: ElementId) -> bool {
        self.get(id).is_some_and(|(_, item)| match &item.element {
            Element::Stroke(stroke) => stroke.done || item.removed_by.is_some(),
            Element::Shape(_) => true,
        })
    }

    /// An element that is on the board, with its z.
    #[must_use]
    pub fn shown(&self, id: ElementId) -> Option<(u64, &Item)> {
        self.get(id).filter(|(_, item)| item.removed_by.is_none())
    }

    /// What a remove or clear took off and a restore of it would put back.
    #[must_use]
    pub fn removed_by(&self, op: OpId) -> &[ElementId] {
        self.removals.get(op).map_or(&[], |removal| &removal.ids)
    }

    /// The rectangle around everything on the board; none for a blank one.
    #[must_use]
    pub fn bounds(&self) -> Option<Rect> {
        self.visible()
            .map(|item| item.element.bounds())
            .reduce(Rect::union)
    }

    /// Applies the next entry of the log, for good.
    pub fn commit(&mut self, entry: &Entry) -> Change {
        let stored = entry.op.to_stored();
        self.commit_stored(entry, &stored)
    }

    /// Like [`Self::commit`], for whoever has the stored form of the op at hand.
    pub fn commit_stored(&mut self, entry: &Entry, stored: &[u8]) -> Change {
        let (change, _) = self.apply(entry);
        self.advance(entry, stored);
        self.expire();
        change
    }

    fn advance(&mut self, entry: &Entry, stored: &[u8]) {
        self.position.seq += 1;
        self.position.chain = self.position.chain.next(entry.id, entry.author, stored);
    }

    /// Makes the first of the ops on trial the next entry of the log, without taking off the others: the same as taking
    /// all off, committing it and putting the others back. Where it might not be the same, nothing happens and the
    /// answer is no. `inverse` is what takes the op off.
    pub fn settle(&mut self, entry: &Entry, inverse: &Inverse, trial: Trial) -> bool {
        let seq = self.position.seq + 1;
        let is_gone = matches!(inverse, Inverse::Removed(op) if self.removals.get(*op).is_none());
        if is_gone || self.matters_to(trial, seq) {
            return false;
        }
        if let Inverse::Removed(op) = inverse
            && let Some(removal) = self.removals.take(*op)
        {
            self.removals.put(*op, Removal { at: seq, ..removal });
        }
        self.advance(entry, &entry.op.to_stored());
        self.expire();
        true
    }

    /// Whether what is forgotten at `now` depends on ops on trial, or they on it.
    fn matters_to(&self, trial: Trial, now: Seq) -> bool {
        let is_old = |at: Seq| at + limits::KEEP_REMOVED_OPS <= now;
        let oldest = self.removals.oldest();
        self.is_full()
            || trial.restored.is_some_and(is_old)
            || oldest.is_some_and(|(at, _)| is_old(at) && at > trial.since)
            || self
                .tombstones
                .front()
                .is_some_and(|(at, _)| is_unneeded(*at, now))
    }

    /// Applies an entry that is not in the log yet; the answer takes it off again. Entries come off in
    /// the reverse order and before anything is committed.
    pub fn apply(&mut self, entry: &Entry) -> (Change, Inverse) {
        match &entry.op {
            Op::Add { id, element } => self.add(*id, entry.author, element),
            Op::Extend {
                id,
                from,
                points,
                done,
            } => self.extend(*id, entry.author, *from, points, *done),
            Op::Remove { ids } => self.remove(entry, ids),
            Op::Clear => {
                let ids: Vec<_> = self.visible().map(|item| item.id).collect();
                self.remove(entry, &ids)
            }
            Op::Restore { of } => self.restore(*of, entry.author),
            Op::SetTitle(title) => self.set_title(title),
            Op::SetMode(_) | Op::SetPen { .. } => self.set_access(&entry.op),
        }
    }

    /// Takes off the latest op that [`Self::apply`] put on.
    pub fn revert(&mut self, inverse: Inverse) -> Change {
        match inverse {
            Inverse::Nothing => Change::default(),
            Inverse::Added(id) => self.unadd(id),
            Inverse::Extended(id, len, done) => self.shorten(id, len, done),
            Inverse::Removed(op) => self
                .removals
                .take(op)
                .map_or_else(Change::default, |removal| self.reveal(&removal)),
            Inverse::Restored(op, Restored(removal)) => self.hide_again(op, removal),
            Inverse::Access(access) => {
                self.access = access;
                about()
            }
            Inverse::Title(title) => {
                self.title = title;
                about()
            }
        }
    }

    fn add(&mut self, id: ElementId, author: PersonId, element: &Element) -> (Change, Inverse) {
        if let Some((_, known)) = self.get(id) {
            return match (&known.element, element) {
                (Element::Stroke(_), Element::Stroke(more)) => {
                    self.extend(id, author, 0, &more.points, more.done)
                }
                _ => (Change::default(), Inverse::Nothing),
            };
        }
        if !self.items.is_free(id) {
            return (Change::default(), Inverse::Nothing);
        }
        let item = Item {
            id,
            author,
            element: element.clone(),
            removed_by: None,
        };
        let change = touched(&item);
        self.insert(item);
        (change, Inverse::Added(id))
    }

    fn insert(&mut self, item: Item) {
        self.cost += item.element.cost();
        self.live += usize::from(item.removed_by.is_none());
        self.items.push(item);
    }

    fn unadd(&mut self, id: ElementId) -> Change {
        let change = self
            .shown(id)
            .map_or_else(Change::default, |(_, item)| touched(item));
        self.discard(id);
        change
    }

    /// Forgets an element's body.
    fn discard(&mut self, id: ElementId) {
        if let Some(item) = self.items.take(id) {
            self.cost -= item.element.cost();
            self.live -= usize::from(item.removed_by.is_none());
        }
    }

    fn extend(
        &mut self,
        id: ElementId,
        author: PersonId,
        from: u32,
        more: &Points,
        done: bool,
    ) -> (Change, Inverse) {
        let nothing = (Change::default(), Inverse::Nothing);
        let Some(item) = self.items.get_mut(id).filter(|item| item.author == author) else {
            return nothing;
        };
        let Element::Stroke(stroke) = &mut item.element else {
            return nothing;
        };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let (len, was_done) = (stroke.points.len(), stroke.done);
        if was_done || from.saturating_add(more.len()) > limits::POINTS_PER_STROKE {
            return nothing;
        }
        if stroke.points.extend_from(from, more) == Extended::Gap {
            return nothing;
        }
        stroke.done = done;
        let grown = stroke.points.len() - len;
        if grown == 0 && !done {
            return nothing;
        }
        let change = if item.removed_by.is_none() {
            touched(item)
        } else {
            Change::default()
        };
        self.cost += grown * size_of::<crate::Point>();
        (change, Inverse::Extended(id, len, was_done))
    }

    fn shorten(&mut self, id: ElementId, len: usize, done: bool) -> Change {
        let Some(item) = self.items.get_mut(id) else {
            return Change::default();
        };
        let change = if item.removed_by.is_none() {
            touched(item)
        } else {
            Change::default()
        };
        let Element::Stroke(stroke) = &mut item.element else {
            return change;
        };
        let cut = stroke.points.len() - len;
        stroke.points.0.truncate(len);
        stroke.done = done;
        self.cost -= cut * size_of::<crate::Point>();
        change
    }

    /// A removal that is known already (a queue kept on a device may hold what the log has) is not made
    /// again: by now it would take off other things than it did.
    fn remove(&mut self, entry: &Entry, ids: &[ElementId]) -> (Change, Inverse) {
        let mut change = Change::default();
        if self.removals.get(entry.id).is_some() {
            return (change, Inverse::Nothing);
        }
        let ids: Vec<_> = ids
            .iter()
            .copied()
            .filter(|id| self.hide(*id, entry.id, &mut change))
            .collect();
        if ids.is_empty() {
            return (change, Inverse::Nothing);
        }
        let removal = Removal {
            at: self.position.seq + 1,
            author: entry.author,
            ids,
        };
        self.removals.put(entry.id, removal);
        (change, Inverse::Removed(entry.id))
    }

    /// Takes an element off the board; whether it was on it.
    fn hide(&mut self, id: ElementId, op: OpId, change: &mut Change) -> bool {
        let shown = self
            .items
            .get_mut(id)
            .filter(|item| item.removed_by.is_none());
        let Some(item) = shown else { return false };
        *change |= touched(item);
        item.removed_by = Some(op);
        self.live -= 1;
        true
    }

    fn hide_again(&mut self, op: OpId, removal: Removal) -> Change {
        let mut change = Change::default();
        for id in &removal.ids {
            self.hide(*id, op, &mut change);
        }
        self.removals.put(op, removal);
        change
    }

    fn restore(&mut self, of: OpId, author: PersonId) -> (Change, Inverse) {
        if self
            .removals
            .get(of)
            .is_none_or(|removal| removal.author != author)
        {
            return (Change::default(), Inverse::Nothing);
        }
        let Some(removal) = self.removals.take(of) else {
            return (Change::default(), Inverse::Nothing);
        };
        let change = self.reveal(&removal);
        (change, Inverse::Restored(of, Restored(removal)))
    }

    fn reveal(&mut self, removal: &Removal) -> Change {
        let mut change = Change::default();
        for id in &removal.ids {
            if let Some(item) = self.items.get_mut(*id) {
                item.removed_by = None;
                change |= touched(item);
                self.live += 1;
            }
        }
        change
    }

    fn set_title(&mut self, title: &str) -> (Change, Inverse) {
        if self.title == title {
            return (Change::default(), Inverse::Nothing);
        }
        let before = core::mem::replace(&mut self.title, String::from(title));
        (about(), Inverse::Title(before))
    }

    fn set_access(&mut self, op: &Op) -> (Change, Inverse) {
        let before = self.access.clone();
        if self.access.follow(op) {
            (about(), Inverse::Access(before))
        } else {
            (Change::default(), Inverse::Nothing)
        }
    }

    /// Forgets what was removed long ago, or as much of it as the board's size demands. By seq and never
    /// by clock, so that every copy forgets at the same op.
    fn expire(&mut self) {
        let now = self.position.seq;
        let mut gone = Vec::new();
        while let Some((at, op)) = self.removals.oldest() {
            if !self.is_full() && at + limits::KEEP_REMOVED_OPS > now {
                break;
            }
            for id in self.removals.take(op).map_or_else(Vec::new, |it| it.ids) {
                self.discard(id);
                gone.push(id);
            }
        }
        gone.sort_unstable();
        gone.iter().for_each(|id| self.bury(now, *id));
        while let Some((_, id)) = self
            .tombstones
            .pop_front_if(|(at, _)| is_unneeded(*at, now))
        {
            self.items.unbar(id);
        }
    }

    fn is_full(&self) -> bool {
        self.cost > limits::BOARD_BYTES || self.items.len() > limits::BOARD_ELEMENTS
    }

    fn bury(&mut self, at: Seq, id: ElementId) {
        self.items.bar(id);
        self.tombstones.push_back((at, id));
    }
}

/// Whether a tombstone of then is of no use any more.
fn is_unneeded(at: Seq, now: Seq) -> bool {
    at + limits::KEEP_TOMBSTONE_OPS <= now
}

fn touched(item: &Item) -> Change {
    Change {
        touched: Vec::from([item.id]),
        area: Some(item.element.bounds()),
        ..Change::default()
    }
}

fn about() -> Change {
    Change {
        about: true,
        ..Change::default()
    }
}
