//! Places on a board, in fixed point: integers of 1/64 px at 100 % zoom.
//!
//! Integers, so that every machine computes the same document and the same digest; there is no NaN to
//! refuse and no rounding to agree on. Not here: how ink is shaped ([`crate::outline`]).

use serde::{Deserialize, Serialize};

/// Units in one pixel at 100 % zoom.
pub const UNITS_PER_PX: i32 = 64;

/// A place on the board, in 1/64 px; y grows downwards.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Pos {
    /// To the right.
    pub x: i32,
    /// Downwards.
    pub y: i32,
}

/// A place that the pen went through, and how hard it was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Point {
    /// To the right, in 1/64 px.
    pub x: i32,
    /// Downwards, in 1/64 px.
    pub y: i32,
    /// 1 (lightest) to 255 (hardest); 0 where the device does not tell, and the outline simulates it
    /// from speed.
    pub pressure: u8,
}

impl Point {
    /// Where the point is.
    #[must_use]
    pub fn pos(self) -> Pos {
        Pos {
            x: self.x,
            y: self.y,
        }
    }
}

impl Pos {
    /// The place `x`, `y` pixels from the origin, rounded to 1/64 px and held within the board.
    #[must_use]
    pub fn from_px(x: f64, y: f64) -> Self {
        Self {
            x: units(x),
            y: units(y),
        }
    }

    /// Whether both coordinates are within the board's bounds.
    #[must_use]
    pub fn is_on_board(self) -> bool {
        let on = -crate::limits::COORDINATE..=crate::limits::COORDINATE;
        on.contains(&self.x) && on.contains(&self.y)
    }
}

/// Pixels to units, held within the board; NaN becomes 0.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the board first; NaN casts to 0"
)]
pub fn units(px: f64) -> i32 {
    let most = f64::from(crate::limits::COORDINATE);
    (px * f64::from(UNITS_PER_PX)).round().clamp(-most, most) as i32
}

/// Units to pixels.
#[must_use]
pub fn px(units: i32) -> f64 {
    f64::from(units) / f64::from(UNITS_PER_PX)
}

/// A rectangle that holds both its corners, in 1/64 px.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Upper left corner.
    pub min: Pos,
    /// Lower right corner.
    pub max: Pos,
}

impl Rect {
    /// The smallest rectangle around both places.
    #[must_use]
    pub fn spanning(a: Pos, b: Pos) -> Self {
        Self {
            min: Pos {
                x: a.x.min(b.x),
                y: a.y.min(b.y),
            },
            max: Pos {
                x: a.x.max(b.x),
                y: a.y.max(b.y),
            },
        }
    }

    /// The smallest rectangle around all the places; none for none.
    pub fn around(places: impl IntoIterator<Item = Pos>) -> Option<Self> {
        places
            .into_iter()
            .map(|at| Self { min: at, max: at })
            .reduce(Self::union)
    }

    /// The smallest rectangle around both rectangles.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            min: Pos {
                x: self.min.x.min(other.min.x),
                y: self.min.y.min(other.min.y),
            },
            max: Pos {
                x: self.max.x.max(other.max.x),
                y: self.max.y.max(other.max.y),
            },
        }
    }

    /// This rectangle with `by` units more on every side.
    #[must_use]
    pub fn grown(self, by: i32) -> Self {
        Self {
            min: Pos {
                x: self.min.x.saturating_sub(by),
                y: self.min.y.saturating_sub(by),
            },
            max: Pos {
                x: self.max.x.saturating_add(by),
                y: self.max.y.saturating_add(by),
            },
        }
    }

    /// Whether the two share a place.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.min.x <= other.max.x
            && other.min.x <= self.max.x
            && self.min.y <= other.max.y
            && other.min.y <= self.max.y
    }
}
