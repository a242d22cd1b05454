//! What ink costs: bytes a point, and the time for its codec, its outline and a page of it.
//!
//! `cargo bench -p inkroom-board --bench ink`
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

use divan::{Bencher, black_box};
use inkroom_board::pen::{Pen, PenEffect, PenEvent, Sample};
use inkroom_board::{
    Brush, Colour, Element, Ink, Points, Pos, Stroke, Style, Width, limits, outline, svg,
};

#[path = "ink/hand.rs"]
mod hand;

fn main() {
    bytes_a_point("pen, 120 Hz with pressure", hand::pen);
    bytes_a_point("mouse, whole pixels", hand::mouse);
    let drawing = drawing(1_000);
    println!(
        "1,000 strokes of 40 points: {} KB of SVG",
        svg::inner(&drawing).len() / 1024
    );
    divan::main();
}

fn bytes_a_point(device: &str, hand: fn(u64, u32) -> Vec<hand::Raw>) {
    let strokes: Vec<Points> = (0..50).map(|seed| drawn(&hand(seed, 300))).collect();
    let (points, bytes) = strokes.iter().fold((0, 0), |(points, bytes), stroke| {
        (points + stroke.len(), bytes + stroke.encode().len())
    });
    println!(
        "{device}: {:.2} bytes a point",
        bytes as f64 / points as f64
    );
}

/// What a pen at 100 % makes of a hand's samples.
fn drawn(raw: &[hand::Raw]) -> Points {
    let sample = |&(ms, x, y, pressure): &hand::Raw| Sample {
        at: Pos { x, y },
        pressure,
        ms,
    };
    let mut pen = Pen::new(8);
    let mut effects = pen.handle(PenEvent::Down(sample(&raw[0])));
    for at in raw {
        effects.extend(pen.handle(PenEvent::Move {
            samples: &[sample(at)],
            predicted: &[],
        }));
    }
    effects.extend(pen.handle(PenEvent::Up(sample(&raw[raw.len() - 1]))));
    let mut points = Points::default();
    for effect in effects {
        if let PenEffect::Add { points: more, .. } | PenEffect::Extend { points: more, .. } = effect
        {
            points.extend_from(points.len(), &more);
        }
    }
    points
}

fn three_hundred() -> Points {
    let mut points = drawn(&hand::pen(11, 320));
    points.0.truncate(300);
    assert_eq!(points.len(), 300);
    points
}

fn drawing(strokes: u64) -> Vec<Element> {
    let style = Style {
        colour: Colour::Named(Ink::Ink),
        width: Width(256),
    };
    let stroke = |seed| Stroke {
        brush: Brush::Pen,
        style,
        points: drawn(&hand::pen(seed, 40)),
        done: true,
    };
    (0..strokes)
        .map(|seed| Element::Stroke(stroke(seed)))
        .collect()
}

#[divan::bench]
fn encode_300_points(bencher: Bencher<'_, '_>) {
    let points = three_hundred();
    bencher.bench(|| black_box(&points).encode());
}

#[divan::bench]
fn decode_300_points(bencher: Bencher<'_, '_>) {
    let bytes = three_hundred().encode();
    bencher.bench(|| Points::decode(black_box(&bytes), limits::POINTS_PER_STROKE));
}

#[divan::bench]
fn outline_of_300_points(bencher: Bencher<'_, '_>) {
    let points = three_hundred();
    bencher.bench(|| outline::ink(black_box(&points.0), Brush::Pen, Width(256)));
}

#[divan::bench]
fn outline_of_300_points_as_text(bencher: Bencher<'_, '_>) {
    let points = three_hundred();
    bencher.bench(|| outline::ink(black_box(&points.0), Brush::Pen, Width(256)).to_svg());
}

#[divan::bench]
fn svg_of_1000_strokes(bencher: Bencher<'_, '_>) {
    let drawing = drawing(1_000);
    bencher.bench(|| svg::inner(black_box(&drawing)));
}
