//! Shapes as lines that are stroked with round caps and joins.

use super::path::{Path, Px, Segment};
use crate::element::{Shape, ShapeKind};

/// How far a quarter circle's controls are from its ends, in radii.
const QUARTER: f64 = 0.552_284_749_830_793_4;
/// The corners of a rectangle are rounded by so many pixels, plus half the line's width; a quarter of
/// its shorter side at most.
const ROUNDING: f64 = 4.0;
/// An arrow's head is so many pixels, and so many line widths, long; half the arrow at most.
const HEAD: (f64, f64) = (9.0, 2.2);
/// How wide an arrow's head opens to each side, as a share of its length: about 27°.
const OPENING: f64 = 0.5;
/// The length of a line without length: canvas paints no cap on nothing.
const SPECK: f64 = 0.01;

/// The line of a shape.
pub(super) fn line(shape: &Shape) -> Path {
    let (from, to) = (Px::of(shape.from), Px::of(shape.to));
    let width = super::full_width(shape.style.width);
    let segments = match shape.kind {
        ShapeKind::Rectangle => rectangle(from, to, width),
        ShapeKind::Ellipse => ellipse(from, to),
        ShapeKind::Line => shaft(from, to).to_vec(),
        ShapeKind::Arrow => arrow(from, to, width),
    };
    Path { segments }
}

fn shaft(from: Px, to: Px) -> [Segment; 2] {
    let speck = if from == to {
        Px { x: SPECK, y: 0.0 }
    } else {
        Px::default()
    };
    [Segment::Move(from), Segment::Line(to + speck)]
}

fn arrow(from: Px, to: Px, width: f64) -> alloc::vec::Vec<Segment> {
    let way = to - from;
    let ahead = way.unit_or(Px { x: 1.0, y: 0.0 });
    let head = (HEAD.0 + HEAD.1 * width).min(way.length() / 2.0);
    let (back, aside) = (to - ahead * head, ahead.left() * (head * OPENING));
    let mut segments = shaft(from, to).to_vec();
    if head > 0.0 {
        segments.extend([
            Segment::Move(back + aside),
            Segment::Line(to),
            Segment::Line(back - aside),
        ]);
    }
    segments
}

fn rectangle(from: Px, to: Px, width: f64) -> alloc::vec::Vec<Segment> {
    let half = (to - from) * 0.5;
    let radius = (ROUNDING + width / 2.0)
        .min(half.x.abs() / 2.0)
        .min(half.y.abs() / 2.0);
    let corner = Px {
        x: radius.copysign(half.x),
        y: radius.copysign(half.y),
    };
    round_box(from.mid(to), half, corner)
}

fn ellipse(from: Px, to: Px) -> alloc::vec::Vec<Segment> {
    let half = (to - from) * 0.5;
    round_box(from.mid(to), half, half)
}

/// A box around `centre` whose corners are quarter ellipses; all corner is an ellipse.
fn round_box(centre: Px, half: Px, corner: Px) -> alloc::vec::Vec<Segment> {
    let flat = half - corner;
    let pull = flat + corner * QUARTER;
    let place = |x: f64, y: f64| centre + Px { x, y };
    let mut segments = alloc::vec![Segment::Move(place(half.x, -flat.y))];
    let quarters = [
        [
            (half.x, flat.y),
            (half.x, pull.y),
            (pull.x, half.y),
            (flat.x, half.y),
        ],
        [
            (-flat.x, half.y),
            (-pull.x, half.y),
            (-half.x, pull.y),
            (-half.x, flat.y),
        ],
        [
            (-half.x, -flat.y),
            (-half.x, -pull.y),
            (-pull.x, -half.y),
            (-flat.x, -half.y),
        ],
        [
            (flat.x, -half.y),
            (pull.x, -half.y),
            (half.x, -pull.y),
            (half.x, -flat.y),
        ],
    ];
    for corner in quarters {
        let [side, first, second, end] = corner.map(|(x, y)| place(x, y));
        segments.extend([Segment::Line(side), Segment::Cubic(first, second, end)]);
    }
    segments.push(Segment::Close);
    segments
}
