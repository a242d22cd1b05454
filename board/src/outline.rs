//! What ink looks like: elements in, closed paths (strokes) or lines to be stroked (shapes) out.
//!
//! A pipeline of pure functions, `centre` → `edge` → `path`. Colours, layers and files are
//! [`crate::svg`]; which points a stroke has is [`crate::pen`]. Canvas and server draw from the same
//! string, so that string has to be the same on every machine: the maths here is `+ - * /` and
//! `sqrt`, which are exactly defined everywhere, and never sine, power or hypot, which differ between
//! libraries.
//!
//! A stroke that grows keeps what it looks like except near its tip: everything is decided from the
//! points before, and the one after.

use alloc::string::String;

use crate::element::{Brush, Element, Width};
use crate::geom::{Point, Pos};

mod centre;
mod edge;
mod hit;
mod path;
mod shape;
#[cfg(test)]
pub(crate) mod tests;

pub use path::{Path, Px, Segment, write_px};

/// How an element is to be painted.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The path in SVG's words, in pixels at 100 %; `Path2D` takes it too.
    pub d: String,
    /// What to do with it.
    pub paint: Paint,
}

/// What to do with a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Paint {
    /// Fill it, nonzero: it is the edge of the ink.
    Fill,
    /// Draw along it with round caps and joins.
    StrokeLine {
        /// Pixels at 100 %.
        width: f64,
    },
}

/// How an element is painted.
#[must_use]
pub fn element(element: &Element) -> Outline {
    let (path, paint) = geometry(element);
    Outline {
        d: path.to_svg(),
        paint,
    }
}

/// The same before it is written down.
#[must_use]
pub fn geometry(element: &Element) -> (Path, Paint) {
    match element {
        Element::Stroke(stroke) => (
            ink(&stroke.points.0, stroke.brush, stroke.style.width),
            Paint::Fill,
        ),
        Element::Shape(shape) => (
            shape::line(shape),
            Paint::StrokeLine {
                width: full_width(shape.style.width),
            },
        ),
    }
}

/// The edge of the ink that a pen leaves on its way through the points, to be filled nonzero. For
/// strokes that are still growing too. No points, no path.
#[must_use]
pub fn ink(points: &[Point], brush: Brush, width: Width) -> Path {
    edge::around(
        &centre::nodes(points, brush, full_width(width)),
        full_width(width),
    )
}

/// Whether an eraser of radius `reach` (board units) at a place touches the element's ink.
#[must_use]
pub fn hit(element: &Element, at: Pos, reach: i32) -> bool {
    hit::sweep(element, at, at, reach)
}

/// Whether an eraser of radius `reach` (board units) touches the element's ink on its way between two
/// places: a fast hand skips whole words between two samples.
#[must_use]
pub fn hit_segment(element: &Element, from: Pos, to: Pos, reach: i32) -> bool {
    hit::sweep(element, from, to, reach)
}

fn full_width(width: Width) -> f64 {
    crate::geom::px(i32::from(width.0))
}
