//! The lanes against a naive model that keeps everything and decides at the end, and one test for each rule.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use inkroom_board::Chain;
use proptest::prelude::*;

use super::*;

const MEMBER: MemberId = MemberId(1);

fn at(seq: u64) -> Position {
    Position {
        epoch: 1,
        seq,
        chain: Chain([0; 8]),
    }
}

fn element(n: u8) -> ElementId {
    ElementId([n; 8])
}

fn bytes(n: usize) -> Bytes {
    Bytes::from(vec![7; n])
}

fn word(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn all(lanes: &mut Lanes) -> Vec<Bytes> {
    lanes.take(usize::MAX)
}

#[test]
fn urgent_goes_first_and_each_lane_keeps_its_order() {
    let mut lanes = Lanes::new();
    lanes.push(Kind::Cursor(MEMBER), word("cursor")).unwrap();
    lanes.push(Kind::Durable(After::Same), word("one")).unwrap();
    lanes.push(Kind::Durable(After::Same), word("two")).unwrap();
    lanes.push(Kind::Control, word("answer")).unwrap();
    assert_eq!(
        all(&mut lanes),
        [word("answer"), word("one"), word("two"), word("cursor")]
    );
    assert!(all(&mut lanes).is_empty());
}

#[test]
fn a_take_is_bounded_but_never_empty_while_something_waits() {
    let mut lanes = Lanes::new();
    (0..3).for_each(|_| lanes.push(Kind::Durable(After::Same), bytes(100)).unwrap());
    assert_eq!(lanes.take(250).len(), 2);
    assert_eq!(lanes.take(10).len(), 1);
    assert!(lanes.take(10).is_empty());
}

#[test]
fn of_a_cursor_and_of_a_shape_only_the_latest_waits() {
    let mut lanes = Lanes::new();
    for text in ["old", "new"] {
        lanes.push(Kind::Cursor(MEMBER), word(text)).unwrap();
        lanes
            .push(Kind::Shape(MEMBER, element(1)), word(text))
            .unwrap();
        lanes
            .push(Kind::Stroke(MEMBER, element(2)), word(text))
            .unwrap();
    }
    assert_eq!(
        all(&mut lanes),
        [word("new"), word("new"), word("old"), word("new")]
    );
}

#[test]
fn gone_ink_leaves_the_lane_but_that_it_is_gone_is_said() {
    let mut lanes = Lanes::new();
    lanes
        .push(Kind::Stroke(MEMBER, element(1)), word("one"))
        .unwrap();
    lanes
        .push(Kind::Stroke(MEMBER, element(2)), word("two"))
        .unwrap();
    lanes
        .push(Kind::Gone(MEMBER, element(1)), word("gone"))
        .unwrap();
    assert_eq!(all(&mut lanes), [word("two"), word("gone")]);
}

#[test]
fn of_too_much_ink_the_oldest_is_dropped_and_what_is_gone_is_said_all_the_same() {
    let mut lanes = Lanes::new();
    lanes
        .push(Kind::Gone(MEMBER, element(9)), word("gone"))
        .unwrap();
    for n in 0..10 {
        lanes
            .push(Kind::Stroke(MEMBER, element(n)), bytes(EPHEMERAL_BYTES / 4))
            .unwrap();
    }
    let left = all(&mut lanes);
    assert_eq!(left[0], word("gone"));
    assert_eq!(left.len(), 1 + 3);
}

#[test]
fn a_member_that_never_reads_its_answers_is_noticed() {
    let mut lanes = Lanes::new();
    (0..CONTROL_MESSAGES).for_each(|_| lanes.push(Kind::Control, bytes(1)).unwrap());
    assert_eq!(lanes.push(Kind::Control, bytes(1)), Err(Overrun));
}

fn overflow(lanes: &mut Lanes) {
    (0..=DURABLE_MESSAGES).for_each(|_| lanes.push(Kind::Durable(After::Same), bytes(1)).unwrap());
}

#[test]
fn an_overflow_empties_the_lane_and_asks_once_for_a_resume_from_what_was_written() {
    let mut lanes = Lanes::new();
    lanes
        .push(Kind::Durable(After::At(at(3))), bytes(1))
        .unwrap();
    lanes
        .push(Kind::Durable(After::Onward(at(5))), bytes(1))
        .unwrap();
    all(&mut lanes);
    lanes
        .push(Kind::Durable(After::Onward(at(6))), bytes(1))
        .unwrap();
    overflow(&mut lanes);
    assert!(lanes.is_behind() && all(&mut lanes).is_empty());
    assert_eq!(lanes.ask(), Some(Some(at(5))));
    assert_eq!(lanes.ask(), None);
    lanes
        .push(Kind::Durable(After::Onward(at(900))), bytes(1))
        .unwrap();
    assert!(
        all(&mut lanes).is_empty(),
        "until the resume, the log has a hole here"
    );
    lanes.resume();
    lanes
        .push(Kind::Durable(After::At(at(5))), word("start"))
        .unwrap();
    assert_eq!(all(&mut lanes), [word("start")]);
}

#[test]
fn a_resume_that_overflows_before_anything_is_written_goes_by_snapshot() {
    let mut lanes = Lanes::new();
    lanes
        .push(Kind::Durable(After::At(at(3))), bytes(1))
        .unwrap();
    all(&mut lanes);
    overflow(&mut lanes);
    assert_eq!(lanes.ask(), Some(Some(at(3))));
    lanes.resume();
    overflow(&mut lanes);
    assert_eq!(lanes.ask(), Some(None));
}

#[test]
fn who_fetches_a_snapshot_is_resumed_by_snapshot() {
    let mut lanes = Lanes::new();
    lanes
        .push(Kind::Durable(After::At(at(3))), bytes(1))
        .unwrap();
    lanes.push(Kind::Durable(After::Unknown), bytes(1)).unwrap();
    lanes
        .push(Kind::Durable(After::Onward(at(9))), bytes(1))
        .unwrap();
    all(&mut lanes);
    overflow(&mut lanes);
    assert_eq!(lanes.ask(), Some(None));
}

#[derive(Debug, Clone)]
enum Step {
    Push(Kind, usize),
    Take(usize),
    Resume,
}

fn kind() -> impl Strategy<Value = Kind> {
    let id = (0u8..3).prop_map(element);
    prop_oneof![
        1 => Just(Kind::Control),
        6 => Just(Kind::Durable(After::Same)),
        2 => (0u64..3).prop_map(|n| Kind::Cursor(MemberId(n))),
        2 => id.clone().prop_map(|id| Kind::Shape(MEMBER, id)),
        4 => id.clone().prop_map(|id| Kind::Stroke(MEMBER, id)),
        1 => id.prop_map(|id| Kind::Gone(MEMBER, id)),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (kind(), prop_oneof![1usize..40, 10_000usize..30_000]).prop_map(|(kind, len)| Step::Push(kind, len)),
        2 => (1usize..50_000).prop_map(Step::Take),
        1 => Just(Step::Resume),
    ];
    prop::collection::vec(step, 1..400)
}

/// Everything that was pushed, numbered; a take is checked against it.
#[derive(Default)]
struct Model {
    waiting: Vec<(Kind, Bytes)>,
    overflowed: bool,
}

impl Model {
    fn push(&mut self, kind: Kind, bytes: Bytes) {
        match kind {
            Kind::Durable(_) if self.overflowed => return,
            Kind::Durable(_) => {
                let durable = self
                    .waiting
                    .iter()
                    .filter(|(kind, _)| matches!(kind, Kind::Durable(_)));
                let (count, size) = durable.fold((0, 0), |(count, size), (_, bytes)| {
                    (count + 1, size + bytes.len())
                });
                if count == DURABLE_MESSAGES || size + bytes.len() > DURABLE_BYTES {
                    self.overflowed = true;
                    self.waiting
                        .retain(|(kind, _)| !matches!(kind, Kind::Durable(_)));
                    return;
                }
            }
            Kind::Gone(member, id) => self.waiting.retain(|(kind, _)| {
                *kind != Kind::Stroke(member, id) && *kind != Kind::Shape(member, id)
            }),
            _ => {}
        }
        self.waiting.push((kind, bytes));
    }

    /// What may come next: the first of the most urgent lane, where later cursors and shapes replace earlier ones.
    fn accepts(&mut self, got: &Bytes) -> bool {
        let rank = |kind: &Kind| match kind {
            Kind::Control => 0,
            Kind::Durable(_) => 1,
            _ => 2,
        };
        let Some(found) = self.waiting.iter().position(|(_, bytes)| bytes == got) else {
            return false;
        };
        let (kind, _) = self.waiting.remove(found);
        let urgent = self
            .waiting
            .iter()
            .all(|(other, _)| rank(other) >= rank(&kind));
        let strict = rank(&kind) < 2;
        let in_order = !strict
            || self
                .waiting
                .iter()
                .take(found)
                .all(|(other, _)| rank(other) != rank(&kind));
        let latest = matches!(kind, Kind::Stroke(..) | Kind::Gone(..))
            || strict
            || self
                .waiting
                .iter()
                .skip(found)
                .all(|(other, _)| *other != kind);
        urgent && in_order && latest
    }
}

proptest! {
    #[test]
    fn lanes_keep_order_urgency_and_bounds(steps in steps()) {
        let (mut lanes, mut model) = (Lanes::new(), Model::default());
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Push(kind, len) => {
                    let mut body = vec![0; len.max(8)];
                    body[..8].copy_from_slice(&n.to_be_bytes());
                    if lanes.push(kind, body.clone().into()).is_ok() {
                        model.push(kind, body.into());
                    }
                }
                Step::Take(most) => {
                    let taken = lanes.take(most);
                    prop_assert!(taken.len() <= 1 || taken.iter().map(Bytes::len).sum::<usize>() <= most);
                    for bytes in taken {
                        prop_assert!(model.accepts(&bytes));
                    }
                }
                Step::Resume => {
                    prop_assert_eq!(lanes.is_behind(), model.overflowed);
                    if lanes.ask().is_some() {
                        lanes.resume();
                        model.overflowed = false;
                    }
                }
            }
            prop_assert!(lanes.control.len() <= CONTROL_MESSAGES);
            prop_assert!(lanes.durable.len() <= DURABLE_MESSAGES);
            prop_assert_eq!(lanes.durable_bytes, lanes.durable.iter().map(|(bytes, _)| bytes.len()).sum::<usize>());
            prop_assert!(lanes.durable_bytes <= DURABLE_BYTES);
            let ephemeral: usize = lanes.ephemeral.iter().map(|(_, bytes)| bytes.len()).sum();
            prop_assert_eq!(lanes.ephemeral_bytes, ephemeral);
            prop_assert!(ephemeral <= EPHEMERAL_BYTES);
        }
        while let [bytes] = lanes.take(1).as_slice() {
            prop_assert!(model.accepts(bytes));
        }
        prop_assert!(model.waiting.iter().all(|(kind, _)| !matches!(kind, Kind::Durable(_) | Kind::Control)));
    }
}
