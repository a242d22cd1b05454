//! From points to nodes: the line that the middle of the pen went along, and how wide the ink is
//! there.
//!
//! Only what is behind a point decides about it, so nothing changes when the stroke grows, but the
//! last node.

use alloc::vec::Vec;

use super::path::Px;
use crate::element::Brush;
use crate::geom::Point;

/// A place that the ink's middle goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) at: Px,
    /// Half the width of the ink, in pixels.
    pub(super) radius: f64,
}

/// Points nearer than this share of the width are one node: inside the ink, nobody sees which way it
/// went.
const NEAR: f64 = 0.15;
/// How far two points are apart, in pixels, where a pen without pressure is pressed half: about 1500
/// px/s.
const HALF_SPEED: f64 = 12.0;
/// What part of a change in pressure or speed shows at once; the rest follows.
const SWIFTNESS: f64 = 0.35;
/// How much the radius may change per pixel of way, so that a jump in pressure is a slope, not a
/// step.
const SLOPE: f64 = 0.25;
/// A dot is a bit wider than the line of the same pen, else it looks lost beside it.
const DOT: f64 = 1.15;

/// The nodes of a stroke of full width `width` in pixels. No points, no nodes.
pub(super) fn nodes(points: &[Point], brush: Brush, width: f64) -> Vec<Node> {
    let places = spread(points, width * NEAR);
    match (places.as_slice(), brush) {
        ([(at, point)], Brush::Pen) => alloc::vec![Node {
            at: *at,
            radius: dot_radius(*point, width)
        }],
        (_, Brush::Highlighter) => places
            .iter()
            .map(|(at, _)| Node {
                at: *at,
                radius: width / 2.0,
            })
            .collect(),
        (_, Brush::Pen) => with_pressure(&places, width),
    }
}

/// Joins points that are nearer than `gap`; the first and the last stay where they are. Of joined
/// points the hardest pressure counts.
fn spread(points: &[Point], gap: f64) -> Vec<(Px, u8)> {
    let mut places: Vec<(Px, u8)> = Vec::with_capacity(points.len());
    for point in points {
        let at = Px::of(point.pos());
        match places.last_mut() {
            Some((last, pressure)) if (at - *last).length() < gap => {
                *pressure = (*pressure).max(point.pressure)
            }
            _ => places.push((at, point.pressure)),
        }
    }
    if let ([_, .., (end, _)], Some(last)) = (places.as_mut_slice(), points.last()) {
        *end = Px::of(last.pos());
    }
    places
}

fn dot_radius(pressure: u8, width: f64) -> f64 {
    let share = if pressure == 0 {
        1.0
    } else {
        share(hardness(pressure))
    };
    DOT * share * width / 2.0
}

fn with_pressure(places: &[(Px, u8)], width: f64) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::with_capacity(places.len());
    let mut felt = None;
    for (i, (at, pressure)) in places.iter().enumerate() {
        let way = nodes.last().map(|last| (*at - last.at).length());
        // The first point has no speed yet: it takes that of its way to the second.
        let way_or_next = way.or_else(|| places.get(i + 1).map(|(next, _)| (*next - *at).length()));
        let pressed = if *pressure == 0 {
            slowness(way_or_next.unwrap_or(0.0))
        } else {
            hardness(*pressure)
        };
        let now = felt.map_or(pressed, |felt: f64| felt + (pressed - felt) * SWIFTNESS);
        felt = Some(now);
        let wanted = share(now) * width / 2.0;
        let radius = match (nodes.last(), way) {
            (Some(last), Some(way)) => {
                wanted.clamp(last.radius - SLOPE * way, last.radius + SLOPE * way)
            }
            _ => wanted,
        };
        nodes.push(Node { at: *at, radius });
    }
    nodes
}

/// 0 to 1 from what the device told. Most hands use the lower half of the scale, so that is spread.
fn hardness(pressure: u8) -> f64 {
    (f64::from(pressure) / 255.0).sqrt()
}

/// 0 to 1 from the way to the point before, in pixels: who writes fast presses less.
fn slowness(way: f64) -> f64 {
    HALF_SPEED / (HALF_SPEED + way)
}

/// The share of the full width: even the lightest touch leaves a line.
fn share(pressed: f64) -> f64 {
    0.25 + 0.75 * pressed
}
