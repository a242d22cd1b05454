//! Whether an eraser touches ink: distances between the line it goes along and the lines of an
//! element.
//!
//! Ink counts with its full width everywhere, even where it is thinner: erasing forgives.

use super::path::Px;
use crate::element::{Element, Shape};
use crate::geom::{Point, Pos, Rect};

/// A straight way, in pixels.
type Way = (Px, Px);

/// Steps a curve of a shape is cut into: a circle of 1000 px is then off by half a pixel.
const PIECES: u32 = 16;

/// Whether a disc of radius `reach` board units that moves between two places touches the element.
pub(super) fn sweep(element: &Element, from: Pos, to: Pos, reach: i32) -> bool {
    if !element
        .bounds()
        .meets(Rect::spanning(from, to).grown(reach))
    {
        return false;
    }
    let near = crate::geom::px(reach.max(0)) + super::full_width(element.style().width) / 2.0;
    let eraser = (Px::of(from), Px::of(to));
    match element {
        Element::Stroke(stroke) => touches_points(&stroke.points.0, eraser, near),
        Element::Shape(shape) => touches_shape(shape, eraser, near),
    }
}

fn touches_points(points: &[Point], eraser: Way, near: f64) -> bool {
    let at = |point: &Point| Px::of(point.pos());
    match points {
        [only] => touches((at(only), at(only)), eraser, near),
        _ => points
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if touches((at(a), at(b)), eraser, near))),
    }
}

fn touches_shape(shape: &Shape, eraser: Way, near: f64) -> bool {
    let parts = super::shape::line(shape).flatten(PIECES);
    parts.iter().any(|part| {
        part.windows(2)
            .any(|pair| matches!(*pair, [a, b] if touches((a, b), eraser, near)))
    })
}

/// Whether two ways come as near as this, anywhere.
fn touches(one: Way, other: Way, near: f64) -> bool {
    let limit = near * near;
    squared_distance(one.0, other) <= limit
        || squared_distance(one.1, other) <= limit
        || squared_distance(other.0, one) <= limit
        || squared_distance(other.1, one) <= limit
        || cross(one, other)
}

fn squared_distance(from: Px, (a, b): Way) -> f64 {
    let (along, to) = (b - a, from - a);
    let length = along.dot(along);
    let share = if length > 0.0 {
        (to.dot(along) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let apart = to - along * share;
    apart.dot(apart)
}

/// Whether each has the other's ends on both its sides.
fn cross(one: Way, other: Way) -> bool {
    let parts = |(a, b): Way, (c, d): Way| {
        let across = (b - a).left();
        across.dot(c - a) * across.dot(d - a) < 0.0
    };
    parts(one, other) && parts(other, one)
}
