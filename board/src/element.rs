//! The things on a board: strokes and shapes, with what they look like.
//!
//! Plain data with its checks. How they become an outline is [`crate::outline`]; who may change them is
//! [`crate::document`].

use serde::{Deserialize, Serialize};

use crate::geom::{Pos, Rect};
use crate::limits;
use crate::points::Points;

#[cfg(test)]
mod palette;

/// One thing on a board.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Element {
    /// Freehand ink.
    Stroke(Stroke),
    /// A rectangle, ellipse, line or arrow.
    Shape(Shape),
}

/// Freehand ink: the points as the hand made them. It grows by extend ops until it is `done`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stroke {
    /// What it was drawn with.
    pub brush: Brush,
    /// Colour and width.
    pub style: Style,
    /// Where the pen went; at least one point.
    pub points: Points,
    /// Whether the pen was lifted: a done stroke takes no more points.
    pub done: bool,
}

/// A shape drawn from one corner (or end) to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Which shape.
    pub kind: ShapeKind,
    /// Colour and width of its line.
    pub style: Style,
    /// Where the pointer went down: a corner, or the tail.
    pub from: Pos,
    /// Where it went up: the opposite corner, or the tip.
    pub to: Pos,
}

/// What a stroke is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Brush {
    /// Opaque, its width follows pressure or speed.
    Pen,
    /// See-through and under all ink, of even width.
    Highlighter,
}

/// The shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ShapeKind {
    /// Upright rectangle between two corners.
    Rectangle,
    /// Ellipse that fills the rectangle between two corners.
    Ellipse,
    /// Straight line.
    Line,
    /// Straight line with a head at `to`.
    Arrow,
}

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Style {
    /// Its colour.
    pub colour: Colour,
    /// Its width.
    pub width: Width,
}

/// The width of a line at full pressure, in 1/64 px at 100 % zoom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Width(pub u16);

impl Width {
    /// The four widths of the palette: 2, 4, 8 and 16 px.
    pub const PALETTE: [Self; 4] = [Self(128), Self(256), Self(512), Self(1024)];
}

/// A colour: one of the ten that turn with the theme, or a free one that is stored as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Colour {
    /// From the palette.
    Named(Ink),
    /// Red, green, blue.
    Free([u8; 3]),
}

/// The ten colours of the palette, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Ink {
    Ink,
    Grey,
    Red,
    Orange,
    Yellow,
    Green,
    Teal,
    Blue,
    Violet,
    Pink,
}

impl Ink {
    /// All ten, in the palette's order.
    pub const ALL: [Self; 10] = [
        Self::Ink,
        Self::Grey,
        Self::Red,
        Self::Orange,
        Self::Yellow,
        Self::Green,
        Self::Teal,
        Self::Blue,
        Self::Violet,
        Self::Pink,
    ];

    /// The name that pages and style sheets use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// `#rrggbb` on light paper.
    #[must_use]
    pub fn light(self) -> &'static str {
        self.row().1
    }

    /// `#rrggbb` on dark paper.
    #[must_use]
    pub fn dark(self) -> &'static str {
        self.row().2
    }

    /// `#rrggbb` of words written on it where the paper is light. On dark paper every ink is bright enough for words in
    /// the paper's own colour.
    #[must_use]
    pub fn words_on_light(self) -> &'static str {
        match self {
            Self::Grey | Self::Orange | Self::Yellow | Self::Teal | Self::Pink => "#000000",
            _ => "#ffffff",
        }
    }

    /// Name, light, dark: the table of the look. `style/1-tokens.css` says the same.
    ///
    /// Neighbours differ in lightness as well as in hue, and not the same way in both themes: that is what is left where
    /// an eye cannot tell the hues apart. The tests measure it.
    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ink => ("ink", "#1b1b1f", "#f2f2f5"),
            Self::Grey => ("grey", "#797f8b", "#898c8f"),
            Self::Red => ("red", "#d10c31", "#ff4165"),
            Self::Orange => ("orange", "#d77e23", "#fc8901"),
            Self::Yellow => ("yellow", "#e8b00d", "#ffdf59"),
            Self::Green => ("green", "#27763a", "#72e29a"),
            Self::Teal => ("teal", "#14a3b4", "#44b4b5"),
            Self::Blue => ("blue", "#0265ff", "#5684cb"),
            Self::Violet => ("violet", "#6b3fb5", "#ad98ff"),
            Self::Pink => ("pink", "#f42191", "#ffa1da"),
        }
    }
}

/// Why an element, or a change to one, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Flaw {
    /// A stroke or extension without points.
    #[error("no points")]
    Empty,
    /// More points, ids or bytes than one op may have.
    #[error("too long")]
    TooLong,
    /// A coordinate beyond the board's bounds.
    #[error("off the board")]
    OffBoard,
    /// A width outside the allowed range.
    #[error("bad width")]
    BadWidth,
    /// A title or name that is too long or holds control characters.
    #[error("bad text")]
    BadText,
}

impl Element {
    /// Colour and width.
    #[must_use]
    pub fn style(&self) -> Style {
        match self {
            Self::Stroke(stroke) => stroke.style,
            Self::Shape(shape) => shape.style,
        }
    }

    /// The smallest rectangle that holds everything it paints (arrow heads and line width included),
    /// in 1/64 px.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        let reach = i32::from(self.style().width.0);
        match self {
            Self::Stroke(stroke) => stroke.points.bounds().grown(reach),
            Self::Shape(shape) => Rect::spanning(shape.from, shape.to).grown(shape.reach()),
        }
    }

    /// What it counts against [`limits::BOARD_BYTES`]: its size in memory, roughly.
    #[must_use]
    pub fn cost(&self) -> usize {
        match self {
            Self::Stroke(stroke) => 64 + stroke.points.len() * size_of::<crate::Point>(),
            Self::Shape(_) => 64,
        }
    }

    /// # Errors
    /// What is wrong with it, if it came from outside.
    pub fn check(&self) -> Result<(), Flaw> {
        if !limits::WIDTH.contains(&self.style().width.0) {
            return Err(Flaw::BadWidth);
        }
        match self {
            Self::Stroke(stroke) => stroke.points.check(),
            Self::Shape(shape) if shape.from.is_on_board() && shape.to.is_on_board() => Ok(()),
            Self::Shape(_) => Err(Flaw::OffBoard),
        }
    }
}

impl Shape {
    /// How far it may paint beyond the rectangle between its ends, in 1/64 px.
    fn reach(&self) -> i32 {
        let width = i32::from(self.style.width.0);
        match self.kind {
            ShapeKind::Arrow => 4 * width + 16 * crate::geom::UNITS_PER_PX,
            _ => width,
        }
    }
}
