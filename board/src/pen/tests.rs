//! The pen, event by event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::hand::Raw;
use super::*;

fn sample((ms, x, y, pressure): Raw) -> Sample {
    Sample {
        at: Pos { x, y },
        pressure,
        ms,
    }
}

/// Every effect of a whole stroke, one sample an event.
fn stroke(grid: i32, raw: &[Raw]) -> Vec<PenEffect> {
    let mut pen = Pen::new(grid);
    let (first, rest) = raw.split_first().unwrap();
    let mut effects = pen.handle(PenEvent::Down(sample(*first)));
    for &at in rest {
        effects.extend(pen.handle(PenEvent::Move {
            samples: &[sample(at)],
            predicted: &[],
        }));
    }
    effects.extend(pen.handle(PenEvent::Up(sample(*raw.last().unwrap()))));
    effects
}

/// The strokes that the ops among the effects make, and whether each is done.
fn committed(effects: &[PenEffect]) -> Vec<(Points, bool)> {
    let mut strokes: Vec<(Points, bool)> = Vec::new();
    for effect in effects {
        match effect {
            PenEffect::Add { points, done } => strokes.push((points.clone(), *done)),
            PenEffect::Extend { from, points, done } => {
                let (stroke, was_done) = strokes.last_mut().unwrap();
                assert!(!*was_done);
                assert_eq!(
                    stroke.len(),
                    usize::try_from(*from).unwrap(),
                    "no gap, no overlap"
                );
                stroke.extend_from(stroke.len(), points);
                *was_done = *done;
            }
            PenEffect::Begin | PenEffect::Ink { .. } | PenEffect::Gone | PenEffect::Remove => {}
        }
    }
    strokes
}

/// What a pen at 100 % makes of these samples.
pub(crate) fn drawn(raw: &[Raw]) -> Points {
    let mut strokes = committed(&stroke(8, raw));
    assert_eq!(strokes.len(), 1);
    strokes.pop().unwrap().0
}

fn line(samples: u64, step: i32) -> Vec<Raw> {
    (0..samples)
        .zip(0..)
        .map(|(i, n)| (i * 8, n * step, 0, 0))
        .collect()
}

#[test]
fn a_tap_is_one_point_sent_and_committed_at_once() {
    let tap = sample((5, 100, 200, 0));
    let mut pen = Pen::new(8);
    assert_eq!(pen.handle(PenEvent::Down(tap)), [PenEffect::Begin]);
    assert!(pen.is_down());
    let points = Points(vec![Point {
        x: 100,
        y: 200,
        pressure: 0,
    }]);
    let want = [
        PenEffect::Ink {
            from: 0,
            points: points.clone(),
        },
        PenEffect::Add { points, done: true },
    ];
    assert_eq!(pen.handle(PenEvent::Up(tap)), want);
    assert!(!pen.is_down());
    assert!(pen.live().is_empty());
}

#[test]
fn ink_is_sent_at_most_once_a_frame_and_misses_nothing() {
    let effects = stroke(8, &line(50, 640));
    let mut seen = Points::default();
    let mut inks = 0;
    for effect in &effects {
        if let PenEffect::Ink { from, points } = effect {
            assert_eq!(seen.len(), usize::try_from(*from).unwrap());
            seen.extend_from(seen.len(), points);
            inks += 1;
        }
    }
    assert_eq!(seen, committed(&effects)[0].0);
    assert_eq!(inks, 49 * 8 / INK_EVERY_MS + 1);
}

#[test]
fn a_long_stroke_is_committed_every_second() {
    let effects = stroke(8, &line(500, 100));
    let ops: Vec<_> = effects
        .iter()
        .filter(|effect| matches!(effect, PenEffect::Add { .. } | PenEffect::Extend { .. }))
        .collect();
    assert_eq!(ops.len(), 4, "1 s, 2 s, 3 s, pen up");
    assert!(matches!(ops[0], PenEffect::Add { done: false, .. }));
    assert!(matches!(ops[3], PenEffect::Extend { done: true, .. }));
    assert!(committed(&effects)[0].1);
}

#[test]
fn a_burst_is_committed_every_so_many_points() {
    let raw: Vec<Raw> = line(600, 100);
    let burst: Vec<Sample> = raw
        .iter()
        .map(|&(ms, x, y, p)| sample((ms * 3 / 4, x, y, p)))
        .collect();
    let mut pen = Pen::new(8);
    let mut effects = pen.handle(PenEvent::Down(burst[0]));
    effects.extend(pen.handle(PenEvent::Move {
        samples: &burst,
        predicted: &[],
    }));
    effects.extend(pen.handle(PenEvent::Up(burst[599])));
    for effect in &effects {
        if let PenEffect::Add { points, .. }
        | PenEffect::Extend { points, .. }
        | PenEffect::Ink { points, .. } = effect
        {
            assert!(points.len() <= limits::POINTS_PER_OP);
        }
    }
    assert!(committed(&effects)[0].0.len() > 400);
}

#[test]
fn time_alone_commits_what_waits_once() {
    let mut pen = Pen::new(8);
    let _ = pen.handle(PenEvent::Down(sample((0, 0, 0, 0))));
    assert_eq!(pen.handle(PenEvent::Tick(15)), []);
    let points = Points(vec![Point::default()]);
    assert_eq!(
        pen.handle(PenEvent::Tick(16)),
        [PenEffect::Ink {
            from: 0,
            points: points.clone()
        }]
    );
    assert_eq!(pen.handle(PenEvent::Tick(999)), []);
    assert_eq!(
        pen.handle(PenEvent::Tick(1000)),
        [PenEffect::Add {
            points,
            done: false
        }]
    );
    assert_eq!(pen.handle(PenEvent::Tick(2000)), []);
    let last = PenEffect::Extend {
        from: 1,
        points: Points::default(),
        done: true,
    };
    assert_eq!(pen.handle(PenEvent::Up(sample((2001, 0, 0, 0)))), [last]);
}

#[test]
fn cancel_takes_back_what_was_shown_and_what_was_committed() {
    for (after, want) in [
        (0, vec![]),
        (16, vec![PenEffect::Gone]),
        (1000, vec![PenEffect::Gone, PenEffect::Remove]),
    ] {
        let mut pen = Pen::new(8);
        let _ = pen.handle(PenEvent::Down(sample((0, 0, 0, 0))));
        let _ = pen.handle(PenEvent::Tick(after));
        assert_eq!(pen.handle(PenEvent::Cancel), want, "after {after} ms");
        assert!(!pen.is_down());
    }
}

#[test]
fn without_a_stroke_nothing_happens() {
    let mut pen = Pen::new(8);
    let at = sample((0, 0, 0, 0));
    for event in [
        PenEvent::Move {
            samples: &[at],
            predicted: &[at],
        },
        PenEvent::Up(at),
        PenEvent::Cancel,
        PenEvent::Tick(5000),
    ] {
        assert_eq!(pen.handle(event), []);
    }
}

#[test]
fn a_second_down_finishes_the_stroke_whose_up_was_lost() {
    let mut pen = Pen::new(8);
    let _ = pen.handle(PenEvent::Down(sample((0, 0, 0, 0))));
    let _ = pen.handle(PenEvent::Move {
        samples: &[sample((8, 640, 0, 0))],
        predicted: &[],
    });
    let effects = pen.handle(PenEvent::Down(sample((20, 0, 0, 0))));
    assert!(matches!(
        effects[..],
        [
            PenEffect::Ink { .. },
            PenEffect::Add { done: true, .. },
            PenEffect::Begin
        ]
    ));
    assert!(pen.is_down());
}

#[test]
fn predicted_points_are_painted_but_never_sent() {
    let mut pen = Pen::new(8);
    let _ = pen.handle(PenEvent::Down(sample((0, 0, 0, 0))));
    let (at, ahead) = (sample((8, 640, 0, 0)), sample((16, 6400, 0, 0)));
    let _ = pen.handle(PenEvent::Move {
        samples: &[at],
        predicted: &[ahead],
    });
    let xs: Vec<i32> = pen.live().iter().map(|point| point.x).collect();
    assert_eq!(
        xs[xs.len() - 2..],
        [640, 6400],
        "the nib itself, then the prediction"
    );
    let effects = pen.handle(PenEvent::Up(at));
    assert!(
        committed(&effects)[0]
            .0
            .0
            .iter()
            .all(|point| point.x <= 640)
    );
}

#[test]
fn a_stroke_of_full_length_goes_on_as_a_new_one() {
    let raw = line(limits::POINTS_PER_STROKE as u64 + 500, 100);
    let effects = stroke(8, &raw);
    assert_eq!(
        effects
            .iter()
            .filter(|effect| **effect == PenEffect::Begin)
            .count(),
        2
    );
    let strokes = committed(&effects);
    assert_eq!(strokes.len(), 2);
    assert!(
        strokes
            .iter()
            .all(|(points, done)| *done && points.len() <= limits::POINTS_PER_STROKE)
    );
    assert_eq!(strokes[0].0.0.last(), strokes[1].0.0.first());
}

#[test]
fn a_pen_that_lifts_keeps_its_pressure() {
    let raw = [
        (0, 0, 0, 90),
        (8, 640, 0, 90),
        (16, 1280, 0, 90),
        (24, 1920, 0, 0),
    ];
    assert!(drawn(&raw).0.iter().all(|point| point.pressure == 90));
}

#[test]
fn pressing_harder_on_the_spot_is_kept() {
    let raw: Vec<Raw> = (0..10)
        .map(|i| (i * 8, 0, 0, u8::try_from(i * 20 + 1).unwrap()))
        .collect();
    assert_eq!(drawn(&raw).0.last().unwrap().pressure, 181);
}

#[test]
fn a_fast_mouse_is_thinned() {
    let raw: Vec<Raw> = line(1000, 64)
        .into_iter()
        .map(|(ms, x, y, p)| (ms / 8, x, y, p))
        .collect();
    let points = drawn(&raw);
    assert!((150..=180).contains(&points.len()), "{}", points.len());
}

#[test]
fn a_trembling_hand_is_calmed() {
    let raw: Vec<Raw> = (0..200)
        .zip(0..)
        .map(|(ms, i)| (ms * 8, i * 64, if i % 2 == 0 { 20 } else { -20 }, 0))
        .collect();
    let wobble = drawn(&raw).0[1..100]
        .iter()
        .map(|point| point.y.abs())
        .max()
        .unwrap();
    assert!(wobble <= 16, "{wobble}");
}

#[test]
fn grid_follows_zoom() {
    for (zoom, grid) in [
        (1.0, 8),
        (0.1, 80),
        (4.0, 2),
        (10.0, 1),
        (0.0, 1024),
        (f64::NAN, 0),
    ] {
        assert_eq!(Pen::grid_at(zoom), grid);
    }
    assert_eq!(Pen::new(0).grid, 1);
}

proptest! {
    #[test]
    fn a_stroke_ends_where_the_pen_lifted_and_lies_on_its_grid(seed in 0..500_u64, grid in 1..100_i32) {
        let raw = hand::pen(seed, 200);
        let effects = stroke(grid, &raw);
        let strokes = committed(&effects);
        let points = &strokes[0].0.0;
        let (first, last, lifted) = (points[0], points[points.len() - 1], raw[raw.len() - 1]);
        prop_assert!((last.x - lifted.1).abs() * 2 <= grid && (last.y - lifted.2).abs() * 2 <= grid);
        prop_assert!(points.iter().all(|p| (p.x - first.x) % grid == 0 && (p.y - first.y) % grid == 0));
        prop_assert!(points.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_smoothed_pen_is_never_far_behind(seed in 0..500_u64) {
        let mut pen = Pen::new(8);
        let raw = hand::pen(seed, 200);
        let _ = pen.handle(PenEvent::Down(sample(raw[0])));
        for &at in &raw[1..] {
            let _ = pen.handle(PenEvent::Move { samples: &[sample(at)], predicted: &[] });
            let follower = pen.stroke.as_ref().unwrap().follower;
            let (dx, dy) = (follower.0 - f64::from(at.1), follower.1 - f64::from(at.2));
            prop_assert!((dx * dx + dy * dy).sqrt() <= SLACK_STEPS * 8.0);
        }
    }
}
