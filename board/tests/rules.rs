//! The numbered rules of `SPEC.md` about documents, the ledger and history, one test for each case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use inkroom_board::document::Document;
use inkroom_board::history::{Board, History, Step, Way};
use inkroom_board::ledger::{Chain, ClientHead, Head, Verdict};
use inkroom_board::*;

const ANA: PersonId = PersonId([1; 16]);
const BEN: PersonId = PersonId([2; 16]);
const STYLE: Style = Style {
    colour: Colour::Named(Ink::Red),
    width: Width(256),
};

fn id(n: u8) -> ElementId {
    ElementId([n; 8])
}

fn op_id(person: PersonId, n: u32) -> OpId {
    OpId {
        client: ClientId(person.0),
        n,
    }
}

fn points(range: std::ops::Range<i32>) -> Points {
    Points(
        range
            .map(|x| Point {
                x: x * 64,
                y: 0,
                pressure: 9,
            })
            .collect(),
    )
}

fn stroke(range: std::ops::Range<i32>, done: bool) -> Element {
    Element::Stroke(Stroke {
        brush: Brush::Pen,
        style: STYLE,
        points: points(range),
        done,
    })
}

/// A document with people who do things to it, each with their own queue.
struct Story {
    document: Document,
    n: u32,
}

impl Story {
    fn new() -> Self {
        let access = Access::new(ANA, Mode::Everyone);
        Self {
            document: Document::new(1, "Story".into(), access),
            n: 0,
        }
    }

    fn with(ops: &[(PersonId, Op)]) -> Self {
        let mut story = Self::new();
        ops.iter().for_each(|(who, op)| {
            story.does(*who, op.clone());
        });
        story
    }

    fn does(&mut self, author: PersonId, op: Op) -> OpId {
        self.n += 1;
        let entry = Entry {
            id: op_id(author, self.n),
            author,
            at_ms: 0,
            op,
        };
        let _ = self.document.commit(&entry);
        entry.id
    }

    fn adds(&mut self, author: PersonId, n: u8) {
        self.does(
            author,
            Op::Add {
                id: id(n),
                element: stroke(0..3, true),
            },
        );
    }

    fn shown(&self) -> Vec<u8> {
        self.document.visible().map(|item| item.id.0[0]).collect()
    }

    fn len_of(&self, n: u8) -> usize {
        match &self.document.get(id(n)).unwrap().1.element {
            Element::Stroke(stroke) => stroke.points.len(),
            Element::Shape(_) => 0,
        }
    }
}

fn extend(n: u8, from: u32, range: std::ops::Range<i32>, done: bool) -> Op {
    Op::Extend {
        id: id(n),
        from,
        points: points(range),
        done,
    }
}

#[test]
fn d2_nonsense_changes_nothing() {
    let mut story = Story::new();
    story.adds(ANA, 1);
    let before = story.document.clone();
    for op in [
        extend(9, 0, 0..2, true),
        Op::Remove { ids: vec![id(9)] },
        Op::Restore { of: op_id(BEN, 77) },
        extend(1, 3, 3..5, false),
    ] {
        story.does(BEN, op);
        assert_eq!(story.shown(), [1]);
        assert_eq!(story.document.get(id(1)), before.get(id(1)));
    }
}

#[test]
fn d3_adding_a_known_id_changes_nothing() {
    let mut story = Story::new();
    story.adds(ANA, 1);
    story.does(
        BEN,
        Op::Add {
            id: id(1),
            element: stroke(0..50, true),
        },
    );
    assert_eq!(story.len_of(1), 3);
    let shape = Shape {
        kind: ShapeKind::Line,
        style: STYLE,
        from: Pos::default(),
        to: Pos { x: 5, y: 5 },
    };
    story.does(
        ANA,
        Op::Add {
            id: id(1),
            element: Element::Shape(shape),
        },
    );
    assert_eq!(story.len_of(1), 3);
}

#[test]
fn d3_adding_ones_own_growing_stroke_again_adds_what_it_lacks() {
    let mut story = Story::with(&[(
        ANA,
        Op::Add {
            id: id(1),
            element: stroke(0..3, false),
        },
    )]);
    story.does(
        ANA,
        Op::Add {
            id: id(1),
            element: stroke(0..7, true),
        },
    );
    assert_eq!(story.len_of(1), 7);
    story.does(ANA, extend(1, 7, 7..9, true));
    assert_eq!(story.len_of(1), 7, "it is done");
}

#[test]
fn d4_extending_skips_what_is_there_and_refuses_gaps_and_others() {
    let mut story = Story::with(&[(
        ANA,
        Op::Add {
            id: id(1),
            element: stroke(0..4, false),
        },
    )]);
    story.does(ANA, extend(1, 2, 2..6, false));
    assert_eq!(story.len_of(1), 6);
    story.does(ANA, extend(1, 9, 9..12, false));
    story.does(BEN, extend(1, 6, 6..8, false));
    assert_eq!(story.len_of(1), 6);
    let expected = points(0..6);
    let Element::Stroke(stroke) = &story.document.get(id(1)).unwrap().1.element else {
        panic!("a stroke")
    };
    assert_eq!(stroke.points, expected);
}

#[test]
fn d4_a_stroke_has_a_longest_length() {
    let mut story = Story::with(&[(
        ANA,
        Op::Add {
            id: id(1),
            element: stroke(0..500, false),
        },
    )]);
    let most = u32::try_from(limits::POINTS_PER_STROKE).unwrap();
    for from in (500..most + 1_000).step_by(500) {
        let start = i32::try_from(from).unwrap();
        story.does(ANA, extend(1, from, start..start + 500, false));
    }
    assert_eq!(story.len_of(1), limits::POINTS_PER_STROKE);
}

#[test]
fn d5_what_is_off_already_belongs_to_whoever_took_it_off() {
    let mut story = Story::new();
    story.adds(ANA, 1);
    story.adds(ANA, 2);
    let first = story.does(ANA, Op::Remove { ids: vec![id(1)] });
    let second = story.does(BEN, Op::Clear);
    assert!(story.document.is_empty());
    story.does(BEN, Op::Restore { of: second });
    assert_eq!(story.shown(), [2]);
    story.does(ANA, Op::Restore { of: first });
    assert_eq!(story.shown(), [1, 2], "in their old order");
}

#[test]
fn d6_only_the_author_of_a_removal_restores_it() {
    let mut story = Story::new();
    story.adds(ANA, 1);
    let removal = story.does(BEN, Op::Remove { ids: vec![id(1)] });
    story.does(ANA, Op::Restore { of: removal });
    assert!(story.document.is_empty());
    story.does(BEN, Op::Restore { of: removal });
    story.does(BEN, Op::Restore { of: removal });
    assert_eq!(story.shown(), [1]);
}

#[test]
fn d7_a_removed_stroke_still_grows() {
    let mut story = Story::with(&[(
        ANA,
        Op::Add {
            id: id(1),
            element: stroke(0..3, false),
        },
    )]);
    let removal = story.does(BEN, Op::Clear);
    story.does(ANA, extend(1, 3, 3..8, true));
    assert!(story.document.is_empty());
    story.does(BEN, Op::Restore { of: removal });
    assert_eq!(story.len_of(1), 8);
    assert_eq!(story.document.len(), 1);
}

#[test]
fn d8_what_was_removed_long_ago_is_forgotten_and_its_id_is_not_used_again() {
    let mut story = Story::new();
    story.adds(ANA, 1);
    let removal = story.does(ANA, Op::Remove { ids: vec![id(1)] });
    for n in 0..limits::KEEP_REMOVED_OPS {
        story.does(ANA, Op::SetTitle(format!("{n}")));
    }
    assert!(story.document.get(id(1)).is_none());
    assert_eq!((story.document.held(), story.document.cost()), (0, 0));
    story.does(ANA, Op::Restore { of: removal });
    story.adds(ANA, 1);
    assert!(story.document.is_empty());
}

#[test]
fn d10_a_snapshot_is_the_document() {
    let mut story = Story::new();
    story.adds(ANA, 1);
    story.adds(BEN, 2);
    story.does(BEN, Op::Remove { ids: vec![id(1)] });
    story.does(
        ANA,
        Op::SetPen {
            person: BEN,
            holds: true,
        },
    );
    let bytes = story.document.to_snapshot();
    let again = Document::from_snapshot(&bytes).unwrap();
    assert_eq!(again, story.document);
    assert_eq!(again.to_snapshot(), bytes);
}

#[test]
fn d10_damaged_snapshots_are_refused() {
    let mut story = Story::new();
    story.adds(ANA, 1);
    let bytes = story.document.to_snapshot();
    for len in 0..bytes.len() {
        assert!(
            Document::from_snapshot(&bytes[..len]).is_err(),
            "cut at {len}"
        );
    }
    let trailing = [&bytes[..], &[0]].concat();
    assert!(Document::from_snapshot(&trailing).is_err());
    let newer = [&[99], &bytes[1..]].concat();
    assert!(Document::from_snapshot(&newer).is_err());
}

fn head() -> Head {
    Head {
        position: Position::start(1),
        access: Access::new(ANA, Mode::Everyone),
    }
}

fn admit(head: &mut Head, client: &mut ClientHead, author: PersonId, n: u32, op: Op) -> Verdict {
    let entry = Entry {
        id: op_id(author, n),
        author,
        at_ms: 0,
        op,
    };
    let stored = entry.op.to_stored();
    head.admit(client, &entry, &stored)
}

#[test]
fn l1_l2_l3_an_op_is_fresh_once_and_in_its_turn() {
    let (mut head, mut client) = (
        head(),
        ClientHead {
            person: ANA,
            last_n: 0,
        },
    );
    let op = || Op::SetTitle("x".into());
    assert_eq!(admit(&mut head, &mut client, ANA, 2, op()), Verdict::Gap(1));
    assert_eq!(
        admit(&mut head, &mut client, ANA, 1, op()),
        Verdict::Fresh(1)
    );
    assert_eq!(admit(&mut head, &mut client, ANA, 1, op()), Verdict::Known);
    assert_eq!(admit(&mut head, &mut client, ANA, 3, op()), Verdict::Gap(2));
    assert_eq!(
        admit(&mut head, &mut client, ANA, u32::MAX, op()),
        Verdict::Gap(2)
    );
    assert_eq!(
        admit(&mut head, &mut client, ANA, 2, op()),
        Verdict::Fresh(2)
    );
    assert_eq!(head.position.seq, 2);
}

#[test]
fn l2_the_last_possible_n_ends_a_queue() {
    let (mut head, mut client) = (
        head(),
        ClientHead {
            person: ANA,
            last_n: u32::MAX - 1,
        },
    );
    assert_eq!(
        admit(&mut head, &mut client, ANA, u32::MAX, Op::Clear),
        Verdict::Fresh(1)
    );
    assert_eq!(
        admit(&mut head, &mut client, ANA, u32::MAX, Op::Clear),
        Verdict::Known
    );
}

#[test]
fn l4_a_client_belongs_to_one_person() {
    let (mut head, mut client) = (
        head(),
        ClientHead {
            person: ANA,
            last_n: 0,
        },
    );
    assert_eq!(
        admit(&mut head, &mut client, BEN, 1, Op::Clear),
        Verdict::NotYours
    );
    assert_eq!(head.position.seq, 0);
}

#[test]
fn l5_l6_roles_are_decided_at_the_head() {
    let mut head = head();
    let (mut ana, mut ben) = (
        ClientHead {
            person: ANA,
            last_n: 0,
        },
        ClientHead {
            person: BEN,
            last_n: 0,
        },
    );
    let add = |n| Op::Add {
        id: id(n),
        element: stroke(0..2, true),
    };
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 1, add(1)),
        Verdict::Fresh(1)
    );
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 2, Op::SetMode(Mode::Presenters)),
        Verdict::Forbidden
    );
    assert_eq!(
        admit(&mut head, &mut ana, ANA, 1, Op::SetMode(Mode::Presenters)),
        Verdict::Fresh(2)
    );
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 2, add(2)),
        Verdict::Forbidden
    );
    let pass = |holds| Op::SetPen { person: BEN, holds };
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 2, pass(true)),
        Verdict::Forbidden
    );
    assert_eq!(
        admit(&mut head, &mut ana, ANA, 2, pass(true)),
        Verdict::Fresh(3)
    );
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 2, add(2)),
        Verdict::Fresh(4)
    );
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 3, pass(false)),
        Verdict::Fresh(5)
    );
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 4, Op::Clear),
        Verdict::Forbidden
    );
    assert_eq!(
        admit(&mut head, &mut ben, BEN, 4, Op::SetTitle("mine".into())),
        Verdict::Forbidden
    );
}

#[test]
fn l7_the_chain_depends_on_everything_and_the_order() {
    let stored = Op::Clear.to_stored();
    let other = Op::SetMode(Mode::Everyone).to_stored();
    let start = Chain::start(1);
    let chain = start.next(op_id(ANA, 1), ANA, &stored);
    assert_ne!(Chain::start(2), start);
    assert_ne!(start.next(op_id(ANA, 2), ANA, &stored), chain);
    assert_ne!(start.next(op_id(BEN, 1), ANA, &stored), chain);
    assert_ne!(start.next(op_id(ANA, 1), BEN, &stored), chain);
    assert_ne!(start.next(op_id(ANA, 1), ANA, &other), chain);
    let there = chain.next(op_id(BEN, 1), BEN, &other);
    let back = start
        .next(op_id(BEN, 1), BEN, &other)
        .next(op_id(ANA, 1), ANA, &stored);
    assert_ne!(there, back);
}

#[test]
fn l7_the_chain_of_a_known_log_stays_the_same() {
    let chain = Chain::start(1).next(op_id(ANA, 1), ANA, &Op::Clear.to_stored());
    let known = (
        "fb0bc160867ac618".to_string(),
        "597b2aceef08c146".to_string(),
    );
    assert_eq!(
        (Chain::start(1).to_string(), chain.to_string()),
        known,
        "stored logs depend on it"
    );
}

struct Hand<'a>(&'a mut Story, PersonId);

impl Board for Hand<'_> {
    fn document(&self) -> &Document {
        &self.0.document
    }

    fn perform(&mut self, op: Op) -> OpId {
        self.0.does(self.1, op)
    }
}

fn draw(story: &mut Story, history: &mut History, n: u8) {
    story.adds(ANA, n);
    history.did(Step::Remove(vec![id(n)]));
}

#[test]
fn h1_undo_and_redo_go_back_and_forth() {
    let (mut story, mut history) = (Story::new(), History::default());
    draw(&mut story, &mut history, 1);
    draw(&mut story, &mut history, 2);
    assert!(history.go(Way::Undo, &mut Hand(&mut story, ANA)));
    assert_eq!(story.shown(), [1]);
    assert!(history.go(Way::Redo, &mut Hand(&mut story, ANA)));
    assert_eq!(story.shown(), [1, 2]);
    history.go(Way::Undo, &mut Hand(&mut story, ANA));
    history.go(Way::Undo, &mut Hand(&mut story, ANA));
    assert!(story.document.is_empty() && !history.can(Way::Undo));
    draw(&mut story, &mut history, 3);
    assert!(!history.can(Way::Redo), "something new ends redo");
}

#[test]
fn h1_clearing_a_large_board_can_be_undone_and_redone() {
    let (mut story, mut history) = (Story::new(), History::default());
    let many = limits::IDS_PER_OP + 500;
    for n in 0..many {
        let bytes = u64::try_from(n).unwrap().to_be_bytes();
        story.does(
            ANA,
            Op::Add {
                id: ElementId(bytes),
                element: stroke(0..1, true),
            },
        );
    }
    let cleared = story.does(ANA, Op::Clear);
    history.did(Step::Restore(cleared));
    for expected in [many, 0, many, 0] {
        let way = if expected == 0 { Way::Redo } else { Way::Undo };
        assert!(history.go(way, &mut Hand(&mut story, ANA)));
        assert_eq!(story.document.len(), expected);
    }
}

#[test]
fn h2_undo_touches_nobody_elses_work() {
    let (mut story, mut history) = (Story::new(), History::default());
    draw(&mut story, &mut history, 1);
    story.adds(BEN, 2);
    let erased = story.does(ANA, Op::Remove { ids: vec![id(2)] });
    history.did(Step::Restore(erased));
    story.does(BEN, Op::Remove { ids: vec![id(1)] });
    assert!(history.go(Way::Undo, &mut Hand(&mut story, ANA)));
    assert_eq!(story.shown(), [2], "my erasing is undone, Ben's is not");
}

#[test]
fn h3_what_others_took_away_is_passed_over() {
    let (mut story, mut history) = (Story::new(), History::default());
    draw(&mut story, &mut history, 1);
    draw(&mut story, &mut history, 2);
    story.does(BEN, Op::Remove { ids: vec![id(2)] });
    assert!(history.go(Way::Undo, &mut Hand(&mut story, ANA)));
    assert!(
        story.document.is_empty(),
        "undo went on to the stroke before"
    );
    assert!(!history.go(Way::Undo, &mut Hand(&mut story, ANA)));
}

#[test]
fn ids_are_written_one_way_only() {
    let board = BoardId(std::array::from_fn(|n| u8::try_from(n * 17).unwrap()));
    let text = board.to_string();
    assert_eq!(text.len(), 26);
    assert_eq!(text.parse::<BoardId>(), Ok(board));
    let last = text.len() - 1;
    for bad in [
        &text[..last],
        "",
        "../../etc/passwd",
        &text.to_uppercase(),
        &format!("{text}0"),
        &format!("{}z", &text[..last]),
    ] {
        assert!(bad.parse::<BoardId>().is_err(), "{bad}");
    }
}
