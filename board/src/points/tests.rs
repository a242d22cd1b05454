//! Rules of the codec, and what it costs for strokes like those of a hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::pen::{hand, tests::drawn};

fn any_point() -> impl Strategy<Value = Point> {
    let coordinate = prop_oneof![any::<i32>(), Just(i32::MIN), Just(i32::MAX), -2000..2000];
    (coordinate.clone(), coordinate, any::<u8>()).prop_map(|(x, y, pressure)| Point {
        x,
        y,
        pressure,
    })
}

fn any_points() -> impl Strategy<Value = Points> {
    let free = prop::collection::vec(any_point(), 0..40);
    let coarse = (
        prop::collection::vec((any::<i16>(), any::<i16>()), 0..40),
        any_point(),
        0..16,
    )
        .prop_map(|(steps, first, shift)| {
            let at = |(x, y): (i16, i16)| Point {
                x: (first.x >> 1).wrapping_add(i32::from(x) << shift) >> 1,
                y: (first.y >> 1).wrapping_add(i32::from(y) << shift) >> 1,
                pressure: first.pressure,
            };
            steps.into_iter().map(at).collect()
        });
    prop_oneof![free, coarse].prop_map(Points)
}

/// Bytes that look like points far enough to get past the first checks.
fn near_points() -> impl Strategy<Value = Vec<u8>> {
    (
        any_points(),
        any::<prop::sample::Index>(),
        any::<u8>(),
        0..4,
    )
        .prop_map(|(points, at, byte, how)| {
            let mut bytes = points.encode();
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, byte),
                _ => bytes[0] = byte,
            }
            bytes
        })
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(points in any_points()) {
        prop_assert_eq!(Points::decode(&points.encode(), 100), Ok(points));
    }

    #[test]
    fn bytes_cut_anywhere_are_refused(points in any_points(), at in any::<prop::sample::Index>()) {
        let bytes = points.encode();
        prop_assert!(Points::decode(&bytes[..at.index(bytes.len())], 100).is_err());
    }

    #[test]
    fn bytes_behind_the_end_are_refused(points in any_points(), more in any::<u8>()) {
        let mut bytes = points.encode();
        bytes.push(more);
        prop_assert!(Points::decode(&bytes, 100).is_err());
    }

    #[test]
    fn what_can_be_read_has_one_spelling(bytes in prop_oneof![near_points(), prop::collection::vec(any::<u8>(), 0..60)]) {
        if let Ok(points) = Points::decode(&bytes, 100) {
            prop_assert_eq!(points.encode(), bytes);
        }
    }

    #[test]
    fn memory_is_bounded_by_the_input(bytes in near_points(), count in any::<u32>()) {
        let mut claim = Vec::new();
        codec::put(&mut claim, u64::from(count));
        claim.extend(bytes);
        if let Ok(points) = Points::decode(&claim, usize::MAX) {
            prop_assert!(points.0.capacity() * size_of::<Point>() <= 64 * claim.len());
        }
    }

    #[test]
    fn both_serde_forms_give_it_back(points in any_points()) {
        let packed = postcard::to_allocvec(&points).unwrap();
        prop_assert_eq!(&postcard::from_bytes::<Points>(&packed).unwrap(), &points);
        let text = serde_json::to_string(&points).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Points>(&text).unwrap(), &points);
    }
}

fn points(list: &[(i32, i32, u8)]) -> Points {
    Points(
        list.iter()
            .map(|&(x, y, pressure)| Point { x, y, pressure })
            .collect(),
    )
}

#[test]
fn the_layout_is_what_the_table_says() {
    assert_eq!(points(&[]).encode(), [0]);
    assert_eq!(points(&[(1, -1, 7)]).encode(), [1, 0, 2, 1, 7]);
    // Steps of 8 to the right: shift 3, first a step of 1, then none more.
    assert_eq!(
        points(&[(0, 0, 9), (8, 0, 9), (16, 0, 9)]).encode(),
        [3, 3, 0, 0, 9, 2, 0, 0, 0]
    );
    // Pressure that varies, and wraps.
    assert_eq!(
        points(&[(0, 0, 255), (1, 0, 0)]).encode(),
        [2, 32, 0, 0, 255, 2, 0, 2]
    );
}

#[test]
fn a_huge_count_is_refused_before_anything_is_allocated() {
    let claim = [0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0];
    assert_eq!(Points::decode(&claim, usize::MAX), Err(BadPoints::Short));
    assert_eq!(Points::decode(&claim, 100), Err(BadPoints::TooMany));
}

#[test]
fn other_spellings_are_refused() {
    let told = [3, 3, 0, 0, 9, 2, 0, 0, 0];
    assert!(Points::decode(&told, 3).is_ok());
    for (what, bytes) in [
        ("a smaller shift", vec![3, 2, 0, 0, 9, 4, 0, 0, 0]),
        (
            "pressure that varies but does not",
            vec![3, 3 | 32, 0, 0, 9, 2, 0, 0, 0, 0, 0],
        ),
        ("a padded number", vec![3, 3, 0x80, 0, 0, 9, 2, 0, 0, 0]),
        ("an unknown flag", vec![3, 3 | 64, 0, 0, 9, 2, 0, 0, 0]),
    ] {
        assert_eq!(
            Points::decode(&bytes, 3),
            Err(BadPoints::Spelling),
            "{what}"
        );
    }
}

#[test]
fn a_way_beyond_32_bits_is_refused() {
    let far = points(&[(i32::MAX, 0, 0), (i32::MAX - 1, 0, 0)]).encode();
    let mut beyond = far.clone();
    let step = far.len() - 2;
    beyond[step] = 2;
    assert!(Points::decode(&far, 9).is_ok());
    assert_eq!(Points::decode(&beyond, 9), Err(BadPoints::Range));
}

#[test]
fn check_tells_what_is_wrong() {
    assert_eq!(points(&[]).check(), Err(Flaw::Empty));
    assert_eq!(points(&[(0, 0, 0); limits::POINTS_PER_OP]).check(), Ok(()));
    assert_eq!(
        points(&[(0, 0, 0); limits::POINTS_PER_OP + 1]).check(),
        Err(Flaw::TooLong)
    );
    assert_eq!(
        points(&[(limits::COORDINATE, -limits::COORDINATE, 0)]).check(),
        Ok(())
    );
    assert_eq!(
        points(&[(limits::COORDINATE + 1, 0, 0)]).check(),
        Err(Flaw::OffBoard)
    );
}

#[test]
fn serde_takes_a_whole_stroke_and_no_more() {
    let whole = points(&vec![(5, 5, 0); limits::POINTS_PER_STROKE]);
    let longer = points(&vec![(5, 5, 0); limits::POINTS_PER_STROKE + 1]);
    assert_eq!(
        postcard::from_bytes::<Points>(&postcard::to_allocvec(&whole).unwrap()).unwrap(),
        whole
    );
    assert!(postcard::from_bytes::<Points>(&postcard::to_allocvec(&longer).unwrap()).is_err());
    assert!(serde_json::from_str::<Points>(&serde_json::to_string(&longer).unwrap()).is_err());
}

#[test]
fn extensions_skip_what_is_known_and_refuse_gaps() {
    let mut stroke = points(&[(0, 0, 0), (1, 0, 0)]);
    let more = points(&[(1, 0, 0), (2, 0, 0), (3, 0, 0)]);
    assert_eq!(stroke.extend_from(3, &more), Extended::Gap);
    assert_eq!(stroke.len(), 2);
    assert_eq!(stroke.extend_from(1, &more), Extended::Grown(2));
    assert_eq!(stroke.extend_from(1, &more), Extended::Known);
    assert_eq!(stroke.extend_from(4, &points(&[])), Extended::Known);
    assert_eq!(
        stroke,
        points(&[(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)])
    );
}

#[test]
fn bounds_hold_the_points_and_no_more() {
    assert_eq!(
        points(&[]).bounds(),
        Rect::spanning(Pos::default(), Pos::default())
    );
    let some = points(&[(3, 9, 0), (-4, 5, 0)]).bounds();
    assert_eq!(
        some,
        Rect::spanning(Pos { x: -4, y: 5 }, Pos { x: 3, y: 9 })
    );
}

#[test]
fn a_pen_costs_at_most_four_bytes_a_point_and_a_mouse_two_and_a_half() {
    for seed in 0..20 {
        let (pen, mouse) = (drawn(&hand::pen(seed, 300)), drawn(&hand::mouse(seed, 300)));
        assert!(
            pen.encode().len() <= 4 * pen.len(),
            "pen {seed}: {}",
            pen.encode().len()
        );
        assert!(
            2 * mouse.encode().len() <= 5 * mouse.len(),
            "mouse {seed}: {}",
            mouse.encode().len()
        );
    }
}
