//! Op: one durable change to a board; the unit of order, acknowledgement, undo and replay.
//!
//! Every op is absolute and idempotent (D3): it names what it changes and what it becomes, never "by how
//! much". Whether somebody may do it is [`crate::Access`]'s business, what it does is
//! [`crate::Document`]'s. The order of the variants is part of the stored form: new ones go last.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::element::{Element, Flaw};
use crate::id::{ElementId, OpId, PersonId};
use crate::ledger::Mode;
use crate::limits;
use crate::points::Points;

/// The version that begins every stored op.
pub const STORED_VERSION: u8 = 1;

/// A durable change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Op {
    /// Put a new element on top. Adding a stroke that is there already adds the points it lacks.
    Add {
        /// Drawn by the author's client.
        id: ElementId,
        /// What is added; a stroke may go on growing unless it is done.
        element: Element,
    },
    /// Append points to an unfinished stroke of one's own.
    Extend {
        /// The stroke.
        id: ElementId,
        /// The index that the first of `points` has in the stroke; what the stroke has already is skipped.
        from: u32,
        /// The points from there; may be empty only to finish the stroke.
        points: Points,
        /// Whether the pen was lifted.
        done: bool,
    },
    /// Take elements off the board, those of them that are on it.
    Remove {
        /// Which; unknown and removed ones are passed over.
        ids: Vec<ElementId>,
    },
    /// Put back what one's own earlier remove or clear took off.
    Restore {
        /// That remove or clear.
        of: OpId,
    },
    /// Take everything off the board.
    Clear,
    /// Choose who draws.
    SetMode(Mode),
    /// Pass the pen to a person, or take it back.
    SetPen {
        /// To or from whom.
        person: PersonId,
        /// Whether they hold it from now on.
        holds: bool,
    },
    /// Name the board.
    SetTitle(String),
}

/// Stored bytes that are not an op this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stored op of a known version")]
pub struct BadOp;

impl Op {
    /// # Errors
    /// What is wrong with it, if it came from outside, whatever the document.
    pub fn check(&self) -> Result<(), Flaw> {
        match self {
            Self::Add { element, .. } => element.check(),
            Self::Extend { points, done, .. } => check_extension(points, *done),
            Self::Remove { ids } => check_ids(ids),
            Self::SetTitle(title) => check_text(title, limits::TITLE_CHARS),
            Self::Restore { .. } | Self::Clear | Self::SetMode(_) | Self::SetPen { .. } => Ok(()),
        }
    }

    /// The canonical stored form: a version byte, then the op. The chain is computed over it.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        let body = postcard::to_allocvec(self).unwrap_or_default();
        let mut bytes = Vec::with_capacity(body.len() + 1);
        bytes.push(STORED_VERSION);
        bytes.extend(body);
        bytes
    }

    /// # Errors
    /// When the bytes are damaged or of a version this program does not know.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, BadOp> {
        match bytes.split_first() {
            Some((&STORED_VERSION, body)) => match postcard::take_from_bytes(body) {
                Ok((op, [])) => Ok(op),
                _ => Err(BadOp),
            },
            _ => Err(BadOp),
        }
    }
}

fn check_extension(points: &Points, done: bool) -> Result<(), Flaw> {
    if done && points.is_empty() {
        Ok(())
    } else {
        points.check()
    }
}

fn check_ids(ids: &[ElementId]) -> Result<(), Flaw> {
    match ids.len() {
        0 => Err(Flaw::Empty),
        n if n > limits::IDS_PER_OP => Err(Flaw::TooLong),
        _ => Ok(()),
    }
}

/// Checks a line of text from outside: at most `most` characters, none of them a control character or
/// one that changes the direction of what follows.
///
/// # Errors
/// [`Flaw::BadText`].
pub fn check_text(text: &str, most: usize) -> Result<(), Flaw> {
    let plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    if text.chars().count() <= most && text.chars().all(plain) {
        Ok(())
    } else {
        Err(Flaw::BadText)
    }
}
