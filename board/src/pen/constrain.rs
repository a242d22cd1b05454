//! Shift: what a drag becomes when it is held to a square or to a direction.

use crate::element::ShapeKind;
use crate::geom::Pos;
use crate::limits;

/// The ends of a shape that was dragged out between two places. Constrained, a rectangle becomes a
/// square and an ellipse a circle, as large as the longer side; a line or arrow goes to the nearest
/// of the eight directions.
#[must_use]
pub fn shape_between(kind: ShapeKind, from: Pos, to: Pos, constrained: bool) -> (Pos, Pos) {
    if !constrained {
        return (from, to);
    }
    let drag = (
        i64::from(to.x) - i64::from(from.x),
        i64::from(to.y) - i64::from(from.y),
    );
    let (dx, dy) = match kind {
        ShapeKind::Rectangle | ShapeKind::Ellipse => square(drag),
        ShapeKind::Line | ShapeKind::Arrow => eighth(drag),
    };
    (
        from,
        Pos {
            x: held(from.x, dx),
            y: held(from.y, dy),
        },
    )
}

fn square((dx, dy): (i64, i64)) -> (i64, i64) {
    let side = dx.abs().max(dy.abs());
    (side * sign(dx), side * sign(dy))
}

/// The drag's foot on the nearest of the eight directions.
fn eighth((dx, dy): (i64, i64)) -> (i64, i64) {
    let (wide, high) = (dx.abs(), dy.abs());
    // tan 22.5° is 0.41421
    if high * 100_000 <= wide * 41_421 {
        (dx, 0)
    } else if wide * 100_000 <= high * 41_421 {
        (0, dy)
    } else {
        let side = i64::midpoint(wide, high);
        (side * sign(dx), side * sign(dy))
    }
}

/// 1 for 0 too, so that a drag straight along an axis still gives a square.
fn sign(delta: i64) -> i64 {
    if delta < 0 { -1 } else { 1 }
}

fn held(from: i32, delta: i64) -> i32 {
    let most = i64::from(limits::COORDINATE);
    i32::try_from((i64::from(from) + delta).clamp(-most, most)).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_constrains_shapes() {
        use ShapeKind::{Arrow, Ellipse, Line, Rectangle};
        for (kind, drag, want) in [
            (Rectangle, (30, -10), (30, -30)),
            (Ellipse, (-7, -40), (-40, -40)),
            (Rectangle, (0, 25), (25, 25)),
            (Line, (100, 41), (100, 0)),
            (Line, (100, 43), (71, 71)),
            (Arrow, (-41, 100), (0, 100)),
            (Arrow, (-60, 40), (-50, 50)),
            (Line, (0, 0), (0, 0)),
        ] {
            let from = Pos { x: 5, y: 5 };
            let to = Pos {
                x: 5 + drag.0,
                y: 5 + drag.1,
            };
            let want = Pos {
                x: 5 + want.0,
                y: 5 + want.1,
            };
            assert_eq!(
                shape_between(kind, from, to, true),
                (from, want),
                "{kind:?} {drag:?}"
            );
            assert_eq!(shape_between(kind, from, to, false), (from, to));
        }
    }

    #[test]
    fn a_constrained_shape_stays_on_the_board() {
        let edge = Pos {
            x: limits::COORDINATE,
            y: 0,
        };
        let (_, to) = shape_between(ShapeKind::Rectangle, edge, Pos { x: edge.x, y: 900 }, true);
        assert!(to.is_on_board());
    }
}
