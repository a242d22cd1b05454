//! What others do, as one page comes to see it: people, hands, cursors, ink.

use alloc::string::String;

use super::*;
use crate::element::{Colour, Ink, ShapeKind, Width};
use crate::id::{ClientId, OpId, PersonId};
use crate::ledger::{Access, Entry, Mode};
use crate::op::Op;

const AUTHOR: PersonId = PersonId([1; 16]);
const OTHER: MemberId = MemberId(7);
const ME: MemberId = MemberId(1);
const STROKE: ElementId = ElementId([5; 8]);
const STYLE: Style = Style {
    colour: Colour::Named(Ink::Red),
    width: Width(256),
};

fn document() -> Document {
    Document::new(1, String::new(), Access::new(AUTHOR, Mode::Everyone))
}

fn points(range: core::ops::Range<i32>) -> Points {
    Points(
        range
            .map(|n| Point {
                x: n,
                y: 0,
                pressure: 0,
            })
            .collect(),
    )
}

fn ink(from: u32, points: Points) -> ServerMessage {
    ServerMessage::Ink {
        member: OTHER,
        sketch: Sketch::Stroke {
            id: STROKE,
            brush: Brush::Pen,
            style: STYLE,
            from,
            points,
        },
    }
}

fn present(member: MemberId, hand: Option<u32>) -> Present {
    let profile = Profile {
        person: PersonId([2; 16]),
        name: "Ada".into(),
        colour: Ink::Blue,
    };
    Present {
        member,
        profile,
        hand,
    }
}

fn commit(document: &mut Document, n: u32, op: Op) {
    let entry = Entry {
        id: OpId {
            client: ClientId([3; 16]),
            n,
        },
        author: AUTHOR,
        at_ms: 0,
        op,
    };
    let _ = document.commit(&entry);
}

fn add(points: Points, done: bool) -> Op {
    Op::Add {
        id: STROKE,
        element: Element::Stroke(Stroke {
            brush: Brush::Pen,
            style: STYLE,
            points,
            done,
        }),
    }
}

/// A board where the other is listed.
fn presence(document: &Document) -> Presence {
    let mut presence = Presence::default();
    let people = ServerMessage::People {
        here: 2,
        listed: [present(ME, None), present(OTHER, None)].into(),
    };
    let _ = presence.receive(&people, document, 0);
    presence
}

fn xs(presence: &Presence, document: &Document) -> Vec<i32> {
    let (_, ink) = presence.inks().next().unwrap();
    let Element::Stroke(stroke) = ink.element(document) else {
        panic!("not a stroke")
    };
    stroke.points.0.iter().map(|point| point.x).collect()
}

#[test]
fn ink_grows_and_what_is_known_is_skipped() {
    let document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(0, points(0..3)), &document, 0);
    let _ = presence.receive(&ink(1, points(1..5)), &document, 0);
    let _ = presence.receive(&ink(1, points(1..2)), &document, 0);
    assert_eq!(xs(&presence, &document), [0, 1, 2, 3, 4]);
}

#[test]
fn a_hole_is_cosmetic() {
    let document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(0, points(0..2)), &document, 0);
    let _ = presence.receive(&ink(4, points(4..6)), &document, 0);
    let _ = presence.receive(&ink(5, points(5..7)), &document, 0);
    assert_eq!(xs(&presence, &document), [0, 1, 4, 5, 6]);
}

#[test]
fn a_late_joiner_sees_what_the_log_holds_and_then_the_ink() {
    let mut document = document();
    commit(&mut document, 1, add(points(0..4), false));
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(3, points(3..6)), &document, 0);
    assert_eq!(xs(&presence, &document), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn ink_ends_when_its_stroke_is_done_and_late_ink_is_passed_over() {
    let mut document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(0, points(0..3)), &document, 0);
    commit(&mut document, 1, add(points(0..2), false));
    assert_eq!(presence.settle(&[STROKE], &document), News::default());
    commit(
        &mut document,
        2,
        Op::Extend {
            id: STROKE,
            from: 2,
            points: points(2..3),
            done: true,
        },
    );
    assert_eq!(presence.settle(&[STROKE], &document).inks, [STROKE]);
    assert_eq!(
        presence.receive(&ink(1, points(1..9)), &document, 0),
        News::default()
    );
    assert!(!presence.is_live(STROKE));
}

#[test]
fn ink_of_a_removed_stroke_ends() {
    let mut document = document();
    let mut presence = presence(&document);
    commit(&mut document, 1, add(points(0..2), false));
    let _ = presence.receive(&ink(2, points(2..3)), &document, 0);
    commit(&mut document, 2, Op::Clear);
    assert_eq!(presence.settle(&[STROKE], &document).inks, [STROKE]);
}

#[test]
fn ink_that_is_gone_disappears_but_only_for_its_own_member() {
    let document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(0, points(0..3)), &document, 0);
    let gone = |member| ServerMessage::Ink {
        member,
        sketch: Sketch::Gone { id: STROKE },
    };
    assert_eq!(
        presence.receive(&gone(MemberId(9)), &document, 0),
        News::default()
    );
    assert_eq!(presence.receive(&gone(OTHER), &document, 0).inks, [STROKE]);
    assert_eq!(presence.inks().count(), 0);
}

#[test]
fn ink_of_a_member_who_left_is_forgotten_after_a_silence() {
    let document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(0, points(0..3)), &document, 1_000);
    assert_eq!(
        presence.expire(&document, 90_000),
        News::default(),
        "a hand may rest"
    );
    let _ = presence.receive(&ServerMessage::Left(OTHER), &document, 90_000);
    assert_eq!(presence.expire(&document, 90_000).inks, [STROKE]);
}

#[test]
fn silent_ink_that_the_log_holds_is_forgotten_and_goes_on_later() {
    let mut document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(0, points(0..3)), &document, 0);
    commit(&mut document, 1, add(points(0..3), false));
    assert_eq!(presence.expire(&document, INK_SILENCE_MS).inks, [STROKE]);
    let _ = presence.receive(&ink(3, points(3..4)), &document, 9_000);
    assert_eq!(xs(&presence, &document), [0, 1, 2, 3]);
}

#[test]
fn a_start_forgets_all_ink() {
    let document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(&ink(0, points(0..3)), &document, 0);
    let position = document.position();
    let start = ServerMessage::Start(crate::wire::Start::Tail {
        from: position,
        head: position,
    });
    assert_eq!(presence.receive(&start, &document, 0).inks, [STROKE]);
}

#[test]
fn a_shape_is_replaced_by_its_latest() {
    let document = document();
    let mut presence = presence(&document);
    for x in [10, 20] {
        let to = Pos { x, y: 0 };
        let shape = Shape {
            kind: ShapeKind::Line,
            style: STYLE,
            from: Pos::default(),
            to,
        };
        let message = ServerMessage::Ink {
            member: OTHER,
            sketch: Sketch::Shape { id: STROKE, shape },
        };
        let _ = presence.receive(&message, &document, 0);
    }
    let (_, ink) = presence.inks().next().unwrap();
    assert!(matches!(ink.element(&document), Element::Shape(shape) if shape.to.x == 20));
}

#[test]
fn a_silent_cursor_is_forgotten_and_a_resting_one_knows_for_how_long() {
    let document = document();
    let mut presence = presence(&document);
    let cursor = |at| ServerMessage::Cursor { member: OTHER, at };
    let here = Some(Pos { x: 1, y: 2 });
    assert!(presence.receive(&cursor(here), &document, 0).cursors);
    assert!(
        !presence.receive(&cursor(here), &document, 1_500).cursors,
        "it only said so again"
    );
    assert_eq!(presence.cursors(3_000).next().unwrap().rested_ms, 3_000);
    assert_eq!(presence.next_expiry(3_000), Some(500));
    assert!(!presence.expire(&document, 3_499).cursors);
    assert!(presence.expire(&document, 3_500).cursors);
    assert_eq!(presence.cursors(3_500).count(), 0);
}

#[test]
fn hands_have_places() {
    let document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(
        &ServerMessage::Welcome {
            you: present(ME, None).profile,
            member: ME,
            last_n: 0,
            read_only: false,
        },
        &document,
        0,
    );
    assert_eq!(presence.my_hand(), None);
    let _ = presence.receive(
        &ServerMessage::Changed(present(OTHER, Some(4))),
        &document,
        0,
    );
    let _ = presence.receive(&ServerMessage::Changed(present(ME, Some(9))), &document, 0);
    assert_eq!(presence.my_hand(), Some(2));
    let _ = presence.receive(&ServerMessage::Left(OTHER), &document, 0);
    assert_eq!((presence.my_hand(), presence.here()), (Some(1), 1));
}

#[test]
fn the_count_follows_who_comes_and_goes() {
    let document = document();
    let mut presence = presence(&document);
    let _ = presence.receive(
        &ServerMessage::Joined(present(MemberId(8), None)),
        &document,
        0,
    );
    assert_eq!(presence.here(), 3);
    let _ = presence.receive(
        &ServerMessage::Joined(present(MemberId(8), None)),
        &document,
        0,
    );
    assert_eq!(presence.here(), 3);
    let _ = presence.receive(&ServerMessage::Here(900), &document, 0);
    assert_eq!(presence.here(), 900);
}
