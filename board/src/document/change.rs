//! Change: what an op did to a document, for whoever paints it or takes it off again.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::BitOrAssign;

use super::removals::Removal;
use crate::geom::Rect;
use crate::id::{ElementId, OpId};
use crate::ledger::{Access, Position, Seq};

/// What a change touched, for whoever paints or announces it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "what changed must be painted"]
pub struct Change {
    /// Elements that came, went, grew or came back.
    pub touched: Vec<ElementId>,
    /// The part of the board that looks different.
    pub area: Option<Rect>,
    /// Whether title, mode or pens changed.
    pub about: bool,
    /// Whether the whole document was replaced.
    pub all: bool,
}

impl Change {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl BitOrAssign for Change {
    fn bitor_assign(&mut self, other: Self) {
        self.touched.extend(other.touched);
        self.area = match (self.area, other.area) {
            (Some(a), Some(b)) => Some(a.union(b)),
            (a, b) => a.or(b),
        };
        self.about |= other.about;
        self.all |= other.all;
    }
}

/// What takes an op off again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inverse {
    /// The op changed nothing.
    Nothing,
    /// It put this element on top.
    Added(ElementId),
    /// The stroke had so many points before, and was done or not.
    Extended(ElementId, usize, bool),
    /// It removed what its removal lists.
    Removed(OpId),
    /// It put back what this removal had taken.
    Restored(OpId, Restored),
    /// Access was like this.
    Access(Access),
    /// The title was this.
    Title(String),
}

/// A removal that was undone, kept so that it can be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored(pub(super) Removal);

/// What is to be known of the ops on trial to settle one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// All were applied at this position, or later.
    pub since: Seq,
    /// The oldest removal that one of them undid.
    pub restored: Option<Seq>,
}

impl Trial {
    /// None yet, at this position.
    #[must_use]
    pub fn since(position: Position) -> Self {
        Self {
            since: position.seq,
            restored: None,
        }
    }

    /// One more, which this takes off.
    pub fn follow(&mut self, inverse: &Inverse) {
        if let Inverse::Restored(_, Restored(removal)) = inverse {
            let oldest = self
                .restored
                .map_or(removal.at, |oldest| oldest.min(removal.at));
            self.restored = Some(oldest);
        }
    }
}
