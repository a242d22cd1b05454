//! Ops and sketches to draw with; ids come from a counter, so that no two tests depend on chance.

use std::sync::atomic::{AtomicU64, Ordering};

use inkroom_board::wire::Sketch;
use inkroom_board::{
    Brush, Colour, Element, ElementId, Ink, Op, Point, Points, Stroke, Style, Width,
};

static NEXT: AtomicU64 = AtomicU64::new(1);

pub fn element() -> ElementId {
    ElementId(NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes())
}

fn style() -> Style {
    Style {
        colour: Colour::Named(Ink::Blue),
        width: Width(256),
    }
}

fn points(many: i32) -> Points {
    Points(
        (0..many)
            .map(|n| Point {
                x: n * 640,
                y: (n % 7) * 320,
                pressure: 128,
            })
            .collect(),
    )
}

fn add(id: ElementId, points: Points, done: bool) -> Op {
    Op::Add {
        id,
        element: Element::Stroke(Stroke {
            brush: Brush::Pen,
            style: style(),
            points,
            done,
        }),
    }
}

/// A short stroke, done.
pub fn stroke() -> Op {
    add(element(), points(8), true)
}

/// A stroke that takes several kilobytes, since nothing in it can be foreseen.
pub fn big_stroke() -> Op {
    let mut state = NEXT
        .fetch_add(1, Ordering::Relaxed)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i32::try_from(state >> 40).unwrap()
    };
    let points = (0..512).map(|_| Point {
        x: next(),
        y: next(),
        pressure: u8::try_from(next() % 255).unwrap() + 1,
    });
    add(element(), Points(points.collect()), true)
}

/// The beginning of a stroke that is still being drawn, as ink and as the op that stores it.
pub fn sketch(id: ElementId, many: i32) -> (Sketch, Op) {
    let points = points(many);
    let ink = Sketch::Stroke {
        id,
        brush: Brush::Pen,
        style: style(),
        from: 0,
        points: points.clone(),
    };
    (ink, add(id, points, false))
}

/// A letter sequence that would be recognised anywhere.
pub fn text_of(n: u32) -> String {
    format!("Payload-that-no-log-may-show-{n}")
}
