//! A run of points and its compact form.
//!
//! In memory a plain list; on the wire and in the log a string of bytes, laid out in [`codec`].
//! In formats for people (JSON) it is a list of `[x, y, pressure]`. Not here: which points a pen
//! makes ([`crate::pen`]) and what they look like ([`crate::outline`]).

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::element::Flaw;
use crate::geom::{Point, Pos, Rect};
use crate::limits;

pub mod codec;
#[cfg(test)]
mod tests;

pub use codec::BadPoints;

/// Points in the order the pen went through them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Points(pub Vec<Point>);

/// What became of points that were to go on at some place; see [`Points::extend_from`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extended {
    /// So many were new, at least one.
    Grown(usize),
    /// All were known already.
    Known,
    /// They begin beyond the end: something in between is missing, so nothing was added.
    Gap,
}

impl Points {
    /// How many points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest rectangle around the points (not around their ink); for no points, the origin.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        let origin = Rect::spanning(Pos::default(), Pos::default());
        Rect::around(self.0.iter().map(|point| point.pos())).unwrap_or(origin)
    }

    /// # Errors
    /// [`Flaw::Empty`], [`Flaw::TooLong`] for more than one op may have, or [`Flaw::OffBoard`].
    pub fn check(&self) -> Result<(), Flaw> {
        match self.len() {
            0 => Err(Flaw::Empty),
            n if n > limits::POINTS_PER_OP => Err(Flaw::TooLong),
            _ if self.0.iter().all(|point| point.pos().is_on_board()) => Ok(()),
            _ => Err(Flaw::OffBoard),
        }
    }

    /// Goes on with `more`, the first of which has the index `from`. Points that are known already
    /// are skipped (not compared), so the same extension twice changes nothing.
    pub fn extend_from(&mut self, from: usize, more: &Self) -> Extended {
        let Some(known) = self.len().checked_sub(from) else {
            return Extended::Gap;
        };
        match more.0.get(known..) {
            None | Some([]) => Extended::Known,
            Some(new) => {
                self.0.extend_from_slice(new);
                Extended::Grown(new.len())
            }
        }
    }

    /// The compact form; every list of points has exactly one. See [`codec`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&self.0)
    }

    /// Reads what [`Points::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are anything else, or hold more than `max_points`.
    pub fn decode(bytes: &[u8], max_points: usize) -> Result<Self, BadPoints> {
        codec::decode(bytes, max_points).map(Self)
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.collect_seq(
                self.0
                    .iter()
                    .map(|point| (point.x, point.y, point.pressure)),
            )
        } else {
            to.serialize_bytes(&self.encode())
        }
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            from.deserialize_seq(List)
        } else {
            from.deserialize_bytes(Packed)
        }
    }
}

/// Reads the compact form, of a whole stroke at most: snapshots hold those.
struct Packed;

impl<'de> de::Visitor<'de> for Packed {
    type Value = Points;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packed points")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Points, E> {
        Points::decode(bytes, limits::POINTS_PER_STROKE).map_err(E::custom)
    }
}

/// Reads `[[x, y, pressure], …]`.
struct List;

impl<'de> de::Visitor<'de> for List {
    type Value = Points;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of [x, y, pressure]")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Points, A::Error> {
        let mut points = Vec::new();
        while let Some((x, y, pressure)) = list.next_element()? {
            if points.len() == limits::POINTS_PER_STROKE {
                return Err(de::Error::custom(BadPoints::TooMany));
            }
            points.push(Point { x, y, pressure });
        }
        Ok(Points(points))
    }
}
