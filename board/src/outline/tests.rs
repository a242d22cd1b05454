//! What ink and shapes are promised to look like, measured on the path and on its text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::element::{Colour, Ink, Shape, ShapeKind, Stroke, Style};
use crate::geom::{Rect, px};
use crate::limits;
use crate::pen::{hand, tests::drawn};
use crate::points::Points;

fn style(width: u16) -> Style {
    Style {
        colour: Colour::Named(Ink::Ink),
        width: Width(width),
    }
}

fn stroke(points: Points, brush: Brush, width: u16) -> Element {
    Element::Stroke(Stroke {
        brush,
        style: style(width),
        points,
        done: true,
    })
}

fn shape(kind: ShapeKind, from: (f64, f64), to: (f64, f64), width: u16) -> Element {
    let at = |(x, y)| Pos::from_px(x, y);
    Element::Shape(Shape {
        kind,
        style: style(width),
        from: at(from),
        to: at(to),
    })
}

/// Points in pixels, without pressure.
fn way(list: &[(f64, f64)]) -> Points {
    let point = |&(x, y)| {
        let at = Pos::from_px(x, y);
        Point {
            x: at.x,
            y: at.y,
            pressure: 0,
        }
    };
    Points(list.iter().map(point).collect())
}

fn width() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![16_u16, 128, 256, 512, 1024, 4096])
}

fn brush() -> impl Strategy<Value = Brush> {
    prop::sample::select(vec![Brush::Pen, Brush::Highlighter])
}

/// Any points at all, near and far, some of them equal.
fn wild() -> impl Strategy<Value = Points> {
    let step = prop_oneof![Just(0), -20..20, -500..500, -2000..2000];
    prop::collection::vec((step.clone(), step, any::<u8>()), 1..40).prop_map(|steps| {
        let mut at = Point::default();
        let go = |(dx, dy, pressure): (i32, i32, u8)| {
            at = Point {
                x: at.x + dx,
                y: at.y + dy,
                pressure,
            };
            at
        };
        Points(steps.into_iter().map(go).collect())
    })
}

/// A hand's strokes, some of them fast, some with pressure.
fn written() -> impl Strategy<Value = Points> {
    (0..1000_u64, 1..150_u32, any::<bool>()).prop_map(|(seed, samples, is_pen)| {
        drawn(&if is_pen {
            hand::pen(seed, samples)
        } else {
            hand::mouse(seed, samples)
        })
    })
}

/// How often the path goes around a place.
fn winding(path: &Path, at: Px) -> i32 {
    let turns = |part: &Vec<Px>| -> i32 {
        part.windows(2)
            .map(|pair| crossing(pair[0], pair[1], at))
            .sum()
    };
    path.flatten(8).iter().map(turns).sum()
}

/// +1 or -1 if the way from a to b passes to the right of the place, down or up.
fn crossing(a: Px, b: Px, at: Px) -> i32 {
    if (a.y <= at.y) == (b.y <= at.y) {
        return 0;
    }
    let x = a.x + (at.y - a.y) / (b.y - a.y) * (b.x - a.x);
    match x > at.x {
        true if b.y > a.y => 1,
        true => -1,
        false => 0,
    }
}

fn apart(at: Px, a: Px, b: Px) -> f64 {
    let along = b - a;
    let share = if a == b {
        0.0
    } else {
        ((at - a).dot(along) / along.dot(along)).clamp(0.0, 1.0)
    };
    (at - (a + along * share)).length()
}

fn apart_from(at: Px, line: &[Px]) -> f64 {
    let single = line.iter().map(|place| (*place - at).length());
    line.windows(2)
        .map(|pair| apart(at, pair[0], pair[1]))
        .chain(single)
        .fold(f64::INFINITY, f64::min)
}

/// A place within this share of the radius of the middle line that is not covered.
fn hole(points: &Points, brush: Brush, width: Width, share: f64) -> Option<Px> {
    let nodes = centre::nodes(&points.0, brush, full_width(width));
    let path = ink(&points.0, brush, width);
    let around = [
        (0.0, 0.0),
        (1.0, 0.1),
        (-1.0, 0.1),
        (0.1, 1.0),
        (0.1, -1.0),
        (0.7, 0.7),
        (-0.7, 0.7),
        (-0.7, -0.7),
        (0.7, -0.7),
    ];
    let probes = |slice: edge::Slice| {
        // The edge may be off by a few hundredths of a pixel.
        let reach = share * (slice.radius - 0.15).max(0.0);
        around.map(|(x, y)| slice.at + Px { x, y } * reach)
    };
    // The path itself runs through the middle line in places; right on it nothing can be told.
    let beside = [(0.02, 0.01), (-0.02, 0.01), (0.0, -0.02)].map(|(x, y)| Px { x, y });
    let is_open = |at: &Px| beside.iter().all(|off| winding(&path, *at + *off) == 0);
    edge::slices(&nodes, full_width(width))
        .into_iter()
        .flat_map(probes)
        .find(is_open)
}

/// How far the ink may be from the ways between the points, for smoothness: half of the furthest any
/// point is from the middle of its neighbours.
fn smoothing(line: &[Px]) -> f64 {
    line.windows(3)
        .map(|triple| (triple[0].mid(triple[2]) - triple[1]).length() / 2.0)
        .fold(0.0, f64::max)
}

fn centre(points: &Points) -> Vec<Px> {
    points.0.iter().map(|point| Px::of(point.pos())).collect()
}

/// Reads what the writer wrote, as a browser would: relative commands and `t`, nothing else.
pub(crate) fn parse(d: &str) -> Path {
    let mut numbers: Vec<Vec<f64>> = Vec::new();
    let mut commands = Vec::new();
    let mut number = String::new();
    let finish = |number: &mut String, numbers: &mut Vec<Vec<f64>>| {
        if !number.is_empty() {
            numbers.last_mut().unwrap().push(number.parse().unwrap());
            number.clear();
        }
    };
    for c in d.chars() {
        if c.is_ascii_digit() || (c == '.' && !number.contains('.')) {
            number.push(c);
            continue;
        }
        finish(&mut number, &mut numbers);
        match c {
            '-' | '.' => number.push(c),
            ' ' => {}
            command => {
                commands.push(command);
                numbers.push(Vec::new());
            }
        }
    }
    finish(&mut number, &mut numbers);
    Path {
        segments: commands
            .into_iter()
            .zip(numbers)
            .fold(Reader::default(), Reader::command)
            .segments,
    }
}

#[derive(Default)]
struct Reader {
    at: Px,
    start: Px,
    mirror: Option<Px>,
    segments: Vec<Segment>,
}

impl Reader {
    fn command(mut self, (command, numbers): (char, Vec<f64>)) -> Self {
        let places = match command {
            'm' | 'l' | 't' => 1,
            'q' => 2,
            'c' => 3,
            'z' => {
                assert!(numbers.is_empty());
                self.segments.push(Segment::Close);
                self.at = self.start;
                return self;
            }
            other => panic!("{other}"),
        };
        assert!(
            !numbers.is_empty() && numbers.len().is_multiple_of(2 * places),
            "{command} {numbers:?}"
        );
        for (i, group) in numbers.chunks(2 * places).enumerate() {
            let command = if command == 'm' && i > 0 {
                'l'
            } else {
                command
            };
            self.one(command, group);
        }
        self
    }

    fn one(&mut self, command: char, numbers: &[f64]) {
        let at = self.at;
        let to: Vec<Px> = numbers
            .chunks(2)
            .map(|pair| {
                at + Px {
                    x: pair[0],
                    y: pair[1],
                }
            })
            .collect();
        self.at = *to.last().unwrap();
        let mirror = self.mirror.take();
        let segment = match command {
            'm' => {
                self.start = self.at;
                Segment::Move(self.at)
            }
            'l' => Segment::Line(self.at),
            'c' => Segment::Cubic(to[0], to[1], to[2]),
            't' => Segment::Quad(mirror.unwrap(), self.at),
            _ => Segment::Quad(to[0], to[1]),
        };
        if let Segment::Quad(control, end) = segment {
            self.mirror = Some(end * 2.0 - control);
        }
        self.segments.push(segment);
    }
}

/// The places a segment names.
fn places(segment: &Segment) -> Vec<Px> {
    match *segment {
        Segment::Move(to) | Segment::Line(to) => vec![to],
        Segment::Quad(control, to) => vec![control, to],
        Segment::Cubic(first, second, to) => vec![first, second, to],
        Segment::Close => vec![],
    }
}

/// The first segment that was not read as it was meant; lines that go nowhere need not be written.
fn misread<'a>(path: &'a Path, read: &Path) -> Option<&'a Segment> {
    let mut read = read.segments.iter().peekable();
    let mut at = Px::default();
    path.segments.iter().find(|told| {
        let same = read.next_if(|read| is_same(told, read)).is_some();
        let skipped = matches!(told, Segment::Line(to) if (*to - at).length() < 0.03);
        at = places(told).last().copied().unwrap_or(at);
        !same && !skipped
    })
}

fn is_same(told: &Segment, read: &Segment) -> bool {
    let near = |(a, b): (Px, Px)| (a - b).length() < 0.04;
    core::mem::discriminant(told) == core::mem::discriminant(read)
        && places(told).into_iter().zip(places(read)).all(near)
}

proptest! {
    #[test]
    fn the_text_says_what_the_path_is(points in prop_oneof![wild(), written()], width in width(), brush in brush()) {
        let path = ink(&points.0, brush, Width(width));
        prop_assert_eq!(misread(&path, &parse(&path.to_svg())), None);
    }

    #[test]
    fn ink_covers_where_the_pen_was(points in written(), width in 256..1024_u16, brush in brush()) {
        let path = ink(&points.0, brush, Width(width));
        let places = centre(&points);
        for (i, at) in places.iter().enumerate() {
            // Where the hand turned sharply between two samples the ink rounds the corner, by a part of the way.
            let near = &places[i.saturating_sub(1)..(i + 2).min(places.len())];
            let bulge = if let [a, b, c] = near { (a.mid(*c) - *b).length() } else { 0.0 };
            if bulge < 0.2 * full_width(Width(width)) {
                prop_assert!(winding(&path, *at) != 0, "{at:?} of {} points", points.len());
            }
        }
    }

    #[test]
    fn ink_stays_within_bounds(points in prop_oneof![wild(), written()], width in width(), brush in brush()) {
        let element = stroke(points, brush, width);
        let bounds = element.bounds();
        for at in geometry(&element).0.flatten(4).concat() {
            prop_assert!(at.x.is_finite() && at.y.is_finite());
            prop_assert!(bounds.meets(Rect::spanning(Pos::from_px(at.x, at.y), Pos::from_px(at.x, at.y))), "{at:?} {bounds:?}");
        }
    }

    #[test]
    fn shapes_stay_within_bounds(
        kind in prop::sample::select(vec![ShapeKind::Rectangle, ShapeKind::Ellipse, ShapeKind::Line, ShapeKind::Arrow]),
        from in (-300.0..300.0, -300.0..300.0),
        to in (-300.0..300.0, -300.0..300.0),
        width in width(),
    ) {
        let element = shape(kind, from, to, width);
        let half = i32::from(width.div_ceil(2));
        for at in geometry(&element).0.flatten(8).concat() {
            let painted = Rect::spanning(Pos::from_px(at.x, at.y), Pos::from_px(at.x, at.y)).grown(half);
            prop_assert_eq!(element.bounds().union(painted), element.bounds());
        }
    }

    #[test]
    fn an_eraser_touches_what_it_is_over(points in written(), width in width(), reach in 0..600_i32) {
        let element = stroke(points.clone(), Brush::Pen, width);
        for pair in points.0.windows(2) {
            let middle = Pos { x: i32::midpoint(pair[0].x, pair[1].x), y: i32::midpoint(pair[0].y, pair[1].y) };
            prop_assert!(hit(&element, middle, reach));
        }
        let past = Pos { x: element.bounds().max.x + reach + 1, y: 0 };
        prop_assert!(!hit(&element, past, reach));
    }

    #[test]
    fn an_eraser_that_moves_touches_what_it_passes(points in written(), at in -3000..3000_i32, reach in 0..300_i32) {
        let element = stroke(points, Brush::Pen, 256);
        let (from, to) = (Pos { x: at, y: -5000 }, Pos { x: at + 700, y: 5000 });
        let between = |i: i32| Pos { x: from.x + (to.x - from.x) * i / 100, y: from.y + (to.y - from.y) * i / 100 };
        if (0..=100).any(|i| hit(&element, between(i), reach)) {
            prop_assert!(hit_segment(&element, from, to, reach + 2), "two units for rounding");
        }
    }
}

proptest! {
    // Each looks at every place of a path against every other: fewer cases.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn ink_has_no_holes(points in written(), width in 128..4097_u16, brush in brush()) {
        prop_assert_eq!(hole(&points, brush, Width(width), 0.7), None);
    }

    #[test]
    fn ink_of_any_points_has_no_holes(points in wild(), width in 128..4097_u16, brush in brush()) {
        // Where the line jumps to and fro within the pen's width, the inside of a bend may be cut a bit short.
        prop_assert_eq!(hole(&points, brush, Width(width), 0.35), None);
    }

    #[test]
    fn ink_stays_near_the_pen(points in written(), width in width(), brush in brush(), x in -40.0..40.0, y in -40.0..40.0) {
        let full = full_width(Width(width));
        let path = ink(&points.0, brush, Width(width));
        let line = centre(&points);
        for place in line.iter().step_by(5) {
            let at = *place + Px { x, y };
            if apart_from(at, &line) > DOT_RADIUS * full + 0.1 + smoothing(&line) {
                prop_assert_eq!(winding(&path, at), 0, "{:?}", at);
            }
        }
    }

    #[test]
    fn a_growing_stroke_keeps_its_shape(seed in 0..1000_u64, cut in 10..140_usize, width in width(), brush in brush()) {
        let whole = drawn(&hand::pen(seed, 150));
        let cut = cut.min(whole.len());
        let start = Points(whole.0[..cut].to_vec());
        let full = full_width(Width(width));
        let (before, after) = (ink(&start.0, brush, Width(width)), ink(&whole.0, brush, Width(width)));
        let lines = after.flatten(8);
        // As many points as are nearer to the tip than the pen is wide, and three more.
        let line = centre(&start);
        let tip = *line.last().unwrap();
        let settled = line.iter().rposition(|at| (*at - tip).length() > full).map_or(0, |last| last.saturating_sub(3));
        for at in before.flatten(1).concat() {
            if apart_from(at, &line[settled..]) > full + 3.0 {
                let off = lines.iter().map(|part| apart_from(at, part)).fold(f64::INFINITY, f64::min);
                prop_assert!(off < 0.03, "{at:?} is off by {off}");
            }
        }
    }
}

/// In widths: a dot is a bit wider than the line.
const DOT_RADIUS: f64 = 0.6;

#[test]
fn no_points_no_path() {
    assert_eq!(ink(&[], Brush::Pen, Width(256)).to_svg(), "");
}

#[test]
fn a_tap_is_a_round_dot() {
    for points in [way(&[(10.0, 10.0)]), way(&[(10.0, 10.0); 5])] {
        let path = ink(&points.0, Brush::Pen, Width(512));
        for at in path.flatten(8).concat() {
            let radius = (at - Px { x: 10.0, y: 10.0 }).length();
            assert!((4.0..5.0).contains(&radius), "{radius}");
        }
        assert!(path.to_svg().len() < 120);
    }
}

#[test]
fn a_harder_press_is_wider() {
    let line = |pressure| {
        let points = (0..20)
            .map(|i| Point {
                x: i * 300,
                y: 0,
                pressure,
            })
            .collect();
        let path = ink(&Points(points).0, Brush::Pen, Width(512));
        path.flatten(4)
            .concat()
            .iter()
            .map(|at| at.y)
            .fold(0.0, f64::max)
    };
    assert!(line(20) < line(100) && line(100) < line(255));
    assert!(
        (line(255) - 4.0).abs() < 0.05,
        "full pressure is full width: {}",
        line(255)
    );
}

#[test]
fn a_faster_mouse_is_thinner() {
    let line = |step: f64| {
        let points: Vec<_> = (0..20).map(|i| (f64::from(i) * step, 0.0)).collect();
        let path = ink(&way(&points).0, Brush::Pen, Width(512));
        path.flatten(4)
            .concat()
            .iter()
            .map(|at| at.y)
            .fold(0.0, f64::max)
    };
    assert!(line(20.0) < line(5.0) && line(5.0) < line(1.5));
    assert!(line(20.0) > 1.5, "but never thin out of sight");
}

#[test]
fn a_highlighter_is_even_whatever_the_pressure() {
    let points: Vec<_> = (0..40)
        .map(|i| Point {
            x: i * i * 20,
            y: 0,
            pressure: (i * 6) as u8,
        })
        .collect();
    for at in ink(&points, Brush::Highlighter, Width(1024))
        .flatten(8)
        .concat()
    {
        let off = apart(
            at,
            Px::default(),
            Px {
                x: px(39 * 39 * 20),
                y: 0.0,
            },
        ) - 8.0;
        assert!(off.abs() < 0.05, "{off}");
    }
}

#[test]
fn a_fast_circle_of_few_points_is_no_polygon() {
    // Twelve points on a circle of 50 px, as exact as the grid.
    let round = |i: i32| {
        let a = f64::from(i) * core::f64::consts::TAU / 12.0;
        (50.0 * a.cos(), 50.0 * a.sin())
    };
    let points: Vec<_> = (0..=12).map(round).collect();
    let path = ink(&way(&points).0, Brush::Highlighter, Width(128));
    let mut last: Option<Px> = None;
    for segment in &path.segments {
        if let Segment::Quad(control, to) = *segment {
            let from = last.unwrap();
            let turn = (control - from)
                .unit_or(control)
                .dot((to - control).unit_or(control));
            assert!(turn > 0.7, "no corner anywhere: {turn}");
        }
        last = places(segment).last().copied().or(last);
    }
}

#[test]
fn a_sharp_corner_reaches_its_point() {
    let path = ink(
        &way(&[(0.0, 0.0), (20.0, 60.0), (40.0, 0.0)]).0,
        Brush::Highlighter,
        Width(128),
    );
    assert_ne!(winding(&path, Px { x: 20.0, y: 60.5 }), 0);
    let back = ink(
        &way(&[(0.0, 0.0), (60.0, 0.0), (10.0, 0.0)]).0,
        Brush::Highlighter,
        Width(128),
    );
    assert_ne!(winding(&back, Px { x: 60.5, y: 0.0 }), 0);
}

#[test]
fn the_edge_of_the_board_can_be_drawn_on() {
    let most = limits::COORDINATE;
    let points =
        [(-most, -most), (most, most), (most, -most)].map(|(x, y)| Point { x, y, pressure: 0 });
    let d = ink(&points, Brush::Pen, Width(1024)).to_svg();
    assert!(!d.contains("NaN") && !d.contains("inf"), "{d}");
}

#[test]
fn text_is_as_short_as_svg_allows() {
    let at = |x, y| Px { x, y };
    let path = Path {
        segments: vec![
            Segment::Move(at(1.5, -0.25)),
            Segment::Line(at(2.0, 0.5)),
            Segment::Line(at(2.0, 0.5)),
            Segment::Line(at(2.5, 1.0)),
            Segment::Quad(at(3.0, 1.0), at(3.5, 1.5)),
            Segment::Quad(at(4.0, 2.0), at(104.123, 2.0)),
            Segment::Close,
            Segment::Move(at(1.5, -0.25)),
            Segment::Line(at(1.5, 9.0)),
        ],
    };
    assert_eq!(
        path.to_svg(),
        "m1.5-.25.5.75.5.5q.5 0 1 .5t100.62.5zm0 0 0 9.25"
    );
}

#[test]
fn shapes_are_lines_of_their_width() {
    let arrow = element(&shape(ShapeKind::Arrow, (0.0, 0.0), (100.0, 0.0), 256));
    assert_eq!(arrow.paint, Paint::StrokeLine { width: 4.0 });
    assert_eq!(arrow.d, "m0 0 100 0m-17.8-8.9 17.8 8.9-17.8 8.9");
    let dot = element(&shape(ShapeKind::Line, (5.0, 5.0), (5.0, 5.0), 256));
    assert_eq!(dot.d, "m5 5 .01 0");
    let pen = element(&stroke(way(&[(0.0, 0.0)]), Brush::Pen, 256));
    assert_eq!(pen.paint, Paint::Fill);
}

#[test]
fn an_ellipse_is_round_and_fills_its_box() {
    let (path, _) = geometry(&shape(ShapeKind::Ellipse, (100.0, 0.0), (0.0, 100.0), 128));
    for at in path.flatten(16).concat() {
        let radius = (at - Px { x: 50.0, y: 50.0 }).length();
        assert!((radius - 50.0).abs() < 0.02, "{radius}");
    }
}

#[test]
fn an_eraser_touches_lines_of_shapes_not_their_middle() {
    let at = |x, y| Pos::from_px(x, y);
    for kind in [ShapeKind::Rectangle, ShapeKind::Ellipse] {
        let element = shape(kind, (0.0, 0.0), (200.0, 100.0), 256);
        assert!(hit(&element, at(100.0, 3.0), 2 * 64), "{kind:?}");
        assert!(!hit(&element, at(100.0, 50.0), 2 * 64), "{kind:?}");
        assert!(
            hit_segment(&element, at(100.0, 50.0), at(100.0, 500.0), 0),
            "{kind:?}"
        );
        assert!(
            !hit_segment(&element, at(80.0, 50.0), at(120.0, 50.0), 0),
            "{kind:?}"
        );
    }
    let line = shape(ShapeKind::Line, (0.0, 0.0), (100.0, 100.0), 128);
    assert!(hit(&line, at(52.0, 50.0), 64) && !hit(&line, at(60.0, 50.0), 64));
    assert!(hit_segment(&line, at(0.0, 100.0), at(100.0, 0.0), 0));
}
