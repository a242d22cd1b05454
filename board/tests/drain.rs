//! A long queue on its way to the log: what goes when, what goes again, and what is left for others.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use inkroom_board::ledger::{Head, Logged, Verdict};
use inkroom_board::room::{Answer, Effect, Opening, Settings};
use inkroom_board::wire::*;
use inkroom_board::*;

const ME: PersonId = PersonId([1; 16]);
const OTHER: PersonId = PersonId([2; 16]);
const OLD: ClientId = ClientId([5; 16]);
const MINE: ClientId = ClientId([7; 16]);
const FRESH: ClientId = ClientId([8; 16]);
const ONE: MemberId = MemberId::of_this_server(1);
const TWO: MemberId = MemberId::of_this_server(2);

fn blank() -> Document {
    Document::new(1, String::new(), Access::new(ME, Mode::Everyone))
}

fn shape(n: u32) -> Op {
    let style = Style {
        colour: Colour::Named(Ink::Red),
        width: Width(256),
    };
    let x = i32::try_from(n).unwrap() * 64;
    let shape = Shape {
        kind: ShapeKind::Line,
        style,
        from: Pos { x, y: 0 },
        to: Pos { x, y: 640 },
    };
    Op::Add {
        id: ElementId(u64::from(n).to_be_bytes()),
        element: Element::Shape(shape),
    }
}

/// A live copy with so many ops in its queue.
fn replica(queue: u32) -> Replica {
    let mut replica = Replica::new(blank(), MINE, ME);
    for n in 1..=queue {
        let _ = replica.perform(shape(n), 0);
    }
    begin(&mut replica);
    replica
}

fn begin(replica: &mut Replica) {
    let _ = replica.hello();
    let at = replica.position();
    let tail = Start::Tail { from: at, head: at };
    let _ = replica.receive(&ServerMessage::Start(tail), || FRESH);
    assert!(replica.is_live());
}

/// The numbers of the ops of these frames, and of whose queue each is.
fn sent(frames: &[ClientMessage]) -> Vec<OpId> {
    let ops = frames.iter().flat_map(|frame| match frame {
        ClientMessage::Ops { client, ops, .. } => ops
            .iter()
            .map(|op| OpId {
                client: *client,
                n: op.n,
            })
            .collect(),
        _ => vec![],
    });
    ops.collect()
}

fn ids(client: ClientId, n: std::ops::RangeInclusive<u32>) -> Vec<OpId> {
    n.map(|n| OpId { client, n }).collect()
}

fn nack(client: ClientId, n: u32, reason: Refusal) -> ServerMessage {
    ServerMessage::Nack {
        id: OpId { client, n },
        reason,
    }
}

/// The next so many of its ops get into the log.
fn log_next(replica: &mut Replica, many: usize) -> usize {
    let mut chain = replica.position().chain;
    let entries: Vec<_> = replica.pending_entries().take(many).cloned().collect();
    for entry in &entries {
        chain = chain.next(entry.id, entry.author, &entry.op.to_stored());
    }
    let batch = Batch {
        first: replica.position().seq + 1,
        chain,
        entries,
    };
    let received = replica.receive(&ServerMessage::Ops(batch), || FRESH);
    assert!(!received.reconnect);
    received.saved.len()
}

#[test]
fn r9_a_refusal_for_the_moment_lets_only_what_it_passed_over_go_again_in_order() {
    let mut replica = replica(200);
    assert_eq!(sent(&replica.outgoing()), ids(MINE, 1..=64));
    let busy = nack(MINE, 40, Refusal::Busy(80));
    assert_eq!(replica.receive(&busy, || FRESH).retry_ms, Some(80));
    assert!(replica.outgoing().is_empty(), "it waits");
    assert_eq!(log_next(&mut replica, 39), 39);
    assert!(replica.outgoing().is_empty(), "whatever comes meanwhile");
    let again = replica.again();
    assert!(matches!(again[0], ClientMessage::Ops { again: true, .. }));
    assert_eq!(
        sent(&again),
        ids(MINE, 40..=71),
        "half as many as were on their way"
    );
}

#[test]
fn r9_what_is_before_a_refused_op_is_not_sent_again() {
    let mut replica = replica(10);
    let _ = replica.outgoing();
    let _ = replica.receive(&nack(MINE, 5, Refusal::Busy(10)), || FRESH);
    assert_eq!(sent(&replica.again()), ids(MINE, 5..=10));
    let _ = replica.receive(&nack(MINE, 7, Refusal::Gap(6)), || FRESH);
    assert_eq!(sent(&replica.outgoing()), ids(MINE, 6..=10));
}

#[test]
fn r9_the_window_grows_while_ops_are_answered() {
    let mut replica = replica(2_000);
    let mut on_the_way = sent(&replica.outgoing()).len();
    assert_eq!(on_the_way, limits::OPS_PER_FRAME);
    let mut most = 0;
    while replica.pending() > on_the_way {
        on_the_way -= log_next(&mut replica, on_the_way.min(40));
        on_the_way += sent(&replica.outgoing()).len();
        most = most.max(on_the_way);
    }
    assert_eq!(most, limits::WINDOW_OPS);
}

#[test]
fn r9_answers_that_come_one_by_one_do_not_make_frames_of_one_op() {
    let mut replica = replica(1_000);
    let (mut frames, mut ops) = (0, 0);
    for _ in 0..800 {
        let out = replica.outgoing();
        frames += out.len();
        ops += sent(&out).len();
        assert_eq!(log_next(&mut replica, 1), 1);
    }
    assert!(
        frames * limits::OPS_PER_FRAME / 2 <= ops,
        "{frames} frames for {ops} ops"
    );
}

#[test]
fn r9_a_queue_goes_after_the_one_before_it() {
    let mut replica = Replica::new(blank(), MINE, ME);
    let _ = replica.perform(shape(50), 0);
    let old = (1..=3).map(|n| Entry {
        id: OpId { client: OLD, n },
        author: ME,
        at_ms: 0,
        op: shape(n),
    });
    let _ = replica.adopt_pending(old.collect());
    begin(&mut replica);
    assert_eq!(sent(&replica.outgoing()), ids(OLD, 1..=3));
    log_next(&mut replica, 2);
    assert!(replica.outgoing().is_empty());
    log_next(&mut replica, 1);
    assert_eq!(sent(&replica.outgoing()), ids(MINE, 1..=1));
}

#[test]
fn r6_what_is_on_its_way_before_an_op_that_is_refused_for_good_keeps_its_identity() {
    let mut replica = replica(4);
    let _ = replica.outgoing();
    let received = replica.receive(&nack(MINE, 3, Refusal::BoardFull), || FRESH);
    let new = OpId {
        client: FRESH,
        n: 1,
    };
    assert_eq!(received.renamed, [(OpId { client: MINE, n: 4 }, new)]);
    assert!(replica.outgoing().is_empty(), "1 and 2 are not in the log");
    assert_eq!(log_next(&mut replica, 2), 2);
    assert_eq!(sent(&replica.outgoing()), [new]);
}

#[test]
fn r6_a_late_refusal_of_what_is_no_longer_here_changes_nothing() {
    let mut replica = replica(2);
    let _ = replica.outgoing();
    let late = replica.receive(&nack(OLD, 9, Refusal::Gap(3)), || FRESH);
    assert_eq!(late.renamed, []);
    assert!(replica.outgoing().is_empty());
}

/// A room with a store that commits when it is told to, a few at a time.
struct Board {
    room: Room,
    head: Head,
    clients: std::collections::BTreeMap<ClientId, ledger::ClientHead>,
    queue: std::collections::VecDeque<Entry>,
    now_ms: u64,
}

impl Board {
    fn new(settings: Settings) -> Self {
        let document = blank();
        let head = Head {
            position: document.position(),
            access: document.access().clone(),
        };
        let opening = Opening {
            before: document.position(),
            document,
            recent: vec![],
            read_only: false,
        };
        Self {
            room: Room::new(opening, ClientId([99; 16]), settings),
            head,
            clients: Default::default(),
            queue: Default::default(),
            now_ms: 1_000,
        }
    }

    fn join(&mut self, member: MemberId, person: PersonId) {
        let profile = Profile {
            person,
            name: "Somebody".into(),
            colour: Ink::Blue,
        };
        let effects = self.room.join(member, profile, None, None, self.now_ms);
        self.carry_out(effects, member);
    }

    /// What the member is sent; whether it is closed.
    fn carry_out(&mut self, effects: Vec<Effect>, member: MemberId) -> (Vec<ServerMessage>, bool) {
        let (mut heard, mut closed) = (vec![], false);
        for effect in effects {
            match effect {
                Effect::Send { to, message } if to == member => heard.push(message),
                Effect::Cast { except, message } if except != Some(member) => heard.push(message),
                Effect::Submit(entries) => self.queue.extend(entries),
                Effect::Close { member: of, .. } => closed |= of == member,
                _ => {}
            }
        }
        (heard, closed)
    }

    fn say(&mut self, member: MemberId, message: ClientMessage) -> (Vec<ServerMessage>, bool) {
        let effects = self.room.receive(member, message, self.now_ms);
        self.carry_out(effects, member)
    }

    /// Commits some; what the member hears of it.
    fn commit(&mut self, most: usize, member: MemberId) -> Vec<ServerMessage> {
        let mut fresh = vec![];
        for entry in self.queue.drain(..most.min(self.queue.len())) {
            let stored = entry.op.to_stored();
            let client = self
                .clients
                .entry(entry.id.client)
                .or_insert(ledger::ClientHead {
                    person: entry.author,
                    last_n: 0,
                });
            let verdict = self.head.admit(client, &entry, &stored);
            assert!(matches!(verdict, Verdict::Fresh(_)), "{verdict:?}");
            fresh.push(Logged {
                seq: self.head.position.seq,
                chain: self.head.position.chain,
                size: stored.len(),
                entry,
            });
        }
        let effects = self.room.committed(fresh);
        self.carry_out(effects, member).0
    }
}

fn one(client: ClientId, n: u32) -> ClientMessage {
    let op = shape(1_000_000 + n);
    ClientMessage::Ops {
        client,
        again: false,
        ops: vec![Queued { n, op }],
    }
}

#[test]
fn m13_a_long_queue_is_taken_without_a_refusal_and_leaves_room_for_a_stroke() {
    let mut board = Board::new(Settings::default());
    board.join(ONE, ME);
    board.join(TWO, OTHER);
    let mut replica = replica(u32::try_from(limits::QUEUE_OPS).unwrap());
    let mut stroke = 0;
    while replica.pending() > 0 {
        for frame in replica.outgoing() {
            let (heard, closed) = board.say(ONE, frame);
            assert!(heard.is_empty() && !closed, "{heard:?}");
        }
        stroke += 1;
        let (heard, _) = board.say(TWO, one(OLD, stroke));
        assert_eq!(heard, [], "somebody else's stroke is not refused");
        let waiting = board.queue.len();
        assert!(
            waiting <= limits::WINDOW_OPS + 1,
            "nor behind more than a window: {waiting}"
        );
        board.now_ms += 10;
        for message in board.commit(300, ONE) {
            let _ = replica.receive(&message, || FRESH);
        }
    }
    assert!(
        stroke < 100,
        "the window grows: {stroke} commits were enough"
    );
}

#[test]
fn m9_who_waits_as_long_as_asked_is_slowed_and_never_closed() {
    let settings = Settings {
        ops_burst: 100.0,
        ..Settings::default()
    };
    let mut board = Board::new(settings);
    board.join(ONE, ME);
    let mut replica = replica(3_000);
    let (mut refusals, mut waited) = (0, 0);
    while replica.pending() > 0 {
        let mut inbox = vec![];
        for frame in replica.outgoing() {
            let (heard, closed) = board.say(ONE, frame);
            assert!(!closed, "after {refusals} refusals");
            inbox.extend(heard);
        }
        inbox.extend(board.commit(300, ONE));
        for message in inbox {
            if let Some(ms) = replica.receive(&message, || FRESH).retry_ms {
                refusals += 1;
                waited += ms;
                board.now_ms += u64::from(ms);
                for frame in replica.again() {
                    let (heard, closed) = board.say(ONE, frame);
                    assert!(heard.is_empty() && !closed);
                }
            }
        }
    }
    assert!(refusals > 40, "{refusals}");
    assert!(waited > 47_000, "60 a second, and 100 at once: {waited}");
}

#[test]
fn m9_nobody_gets_more_by_coming_back() {
    let settings = Settings {
        ops_burst: 10.0,
        ..Settings::default()
    };
    let mut board = Board::new(settings);
    board.join(ONE, ME);
    for n in 1..=10 {
        assert_eq!(board.say(ONE, one(MINE, n)).0, []);
    }
    let _ = board.room.left(ONE, board.now_ms);
    board.join(TWO, ME);
    let (heard, _) = board.say(TWO, one(FRESH, 1));
    assert!(
        matches!(
            heard[..],
            [ServerMessage::Nack {
                reason: Refusal::Busy(_),
                ..
            }]
        ),
        "{heard:?}"
    );
}

#[test]
fn m13_what_the_store_did_not_take_goes_again_alone() {
    let mut board = Board::new(Settings::default());
    board.join(ONE, ME);
    let mut replica = replica(100);
    for frame in replica.outgoing() {
        let _ = board.say(ONE, frame);
    }
    let turned: Vec<_> = board.queue.drain(30..).map(|entry| entry.id).collect();
    let effects = board.room.refused(&turned, 250, board.now_ms);
    let (heard, _) = board.carry_out(effects, ONE);
    assert_eq!(heard, [nack(MINE, 31, Refusal::Busy(250))], "one answer");
    assert_eq!(replica.receive(&heard[0], || FRESH).retry_ms, Some(250));
    for message in board.commit(30, ONE) {
        let _ = replica.receive(&message, || FRESH);
    }
    assert_eq!(sent(&replica.again()), ids(MINE, 31..=62));
    let nothing = Answer::Refused(Refusal::Busy(1));
    let effects = board.room.answered(turned[5], nothing, board.now_ms);
    assert!(effects.is_empty(), "it is not on its way");
}

/// The log so far and, on top, what is pending: as if it had been done from the beginning.
fn from_the_beginning(log: &[Entry], replica: &Replica) -> Document {
    let mut document = blank();
    log.iter().for_each(|entry| drop(document.commit(entry)));
    replica
        .pending_entries()
        .for_each(|entry| drop(document.apply(entry)));
    document
}

fn takes(replica: &mut Replica, log: &mut Vec<Entry>, entries: Vec<Entry>) {
    let mut chain = replica.position().chain;
    for entry in &entries {
        chain = chain.next(entry.id, entry.author, &entry.op.to_stored());
    }
    let batch = Batch {
        first: replica.position().seq + 1,
        chain,
        entries: entries.clone(),
    };
    log.extend(entries);
    let received = replica.receive(&ServerMessage::Ops(batch), || FRESH);
    assert!(!received.reconnect);
}

fn others(n: u32, op: Op) -> Entry {
    Entry {
        id: OpId { client: OLD, n },
        author: ME,
        at_ms: 0,
        op,
    }
}

#[test]
fn r1_what_is_settled_where_it_is_is_what_it_would_be_from_the_beginning() {
    let mut replica = replica(0);
    let mut log = vec![];
    takes(
        &mut replica,
        &mut log,
        (1..=20).map(|n| others(n, shape(n))).collect(),
    );
    let id = |n: u32| ElementId(u64::from(n).to_be_bytes());
    let (first, _) = replica.perform(Op::Remove { ids: vec![id(3)] }, 0);
    let _ = replica.perform(shape(30), 0);
    let (second, _) = replica.perform(
        Op::Remove {
            ids: vec![id(4), id(30)],
        },
        0,
    );
    let _ = replica.perform(Op::Restore { of: first.id }, 0);
    let (third, _) = replica.perform(Op::Clear, 0);
    let _ = replica.perform(Op::Restore { of: second.id }, 0);
    let _ = replica.perform(Op::Restore { of: third.id }, 0);
    let _ = replica.perform(Op::SetTitle("At last".into()), 0);
    let _ = replica.perform(Op::SetMode(Mode::Presenters), 0);
    let mut n = 20;
    while replica.pending() > 0 {
        let own: Vec<_> = replica.pending_entries().take(2).cloned().collect();
        takes(&mut replica, &mut log, own);
        n += 1;
        takes(&mut replica, &mut log, vec![others(n, shape(n))]);
        let whole = from_the_beginning(&log, &replica);
        assert_eq!(
            digest::digest(replica.document()),
            digest::digest(&whole),
            "with {} pending",
            replica.pending()
        );
    }
    assert_eq!(*replica.document(), from_the_beginning(&log, &replica));
}

#[test]
fn d8_what_is_forgotten_while_its_restore_waits_stays_forgotten() {
    let mut replica = replica(0);
    let mut log = vec![];
    let id = |n: u32| ElementId(u64::from(n).to_be_bytes());
    let removal = Op::Remove { ids: vec![id(1)] };
    let until = u32::try_from(limits::KEEP_REMOVED_OPS).unwrap();
    let title = |n: u32| others(n, Op::SetTitle(format!("{n}")));
    let mut before = vec![others(1, shape(1)), others(2, removal)];
    before.extend((3..=until).map(title));
    takes(&mut replica, &mut log, before);
    for n in 10..15 {
        let _ = replica.perform(shape(n), 0);
    }
    let of = OpId { client: OLD, n: 2 };
    let _ = replica.perform(Op::Restore { of }, 0);
    assert!(replica.document().shown(id(1)).is_some(), "for now");
    while replica.pending() > 0 {
        let own: Vec<_> = replica.pending_entries().take(1).cloned().collect();
        takes(&mut replica, &mut log, own);
        assert_eq!(
            digest::digest(replica.document()),
            digest::digest(&from_the_beginning(&log, &replica)),
        );
    }
    assert!(replica.document().get(id(1)).is_none());
    assert_eq!(*replica.document(), from_the_beginning(&log, &replica));
}

#[test]
fn d8_what_was_removed_long_ago_is_forgotten_while_a_queue_settles_as_otherwise() {
    let mut replica = replica(0);
    let mut log = vec![];
    let id = |n: u32| ElementId(u64::from(n).to_be_bytes());
    let until = u32::try_from(limits::KEEP_REMOVED_OPS).unwrap();
    let before = (1..=until).map(|n| match n {
        1..=20 => others(n, shape(n)),
        21..=30 => others(
            n,
            Op::Remove {
                ids: vec![id(n - 20)],
            },
        ),
        _ => others(n, Op::SetTitle(format!("{n}"))),
    });
    takes(&mut replica, &mut log, before.collect());
    for n in 31..60 {
        let op = match n {
            32 => shape(3),
            33 => Op::Remove {
                ids: vec![id(4), id(15)],
            },
            _ => shape(n),
        };
        let _ = replica.perform(op, 0);
    }
    while replica.pending() > 0 {
        let own: Vec<_> = replica.pending_entries().take(7).cloned().collect();
        takes(&mut replica, &mut log, own);
    }
    assert!(replica.document().get(id(9)).is_none(), "removed at 29");
    assert_eq!(*replica.document(), from_the_beginning(&log, &replica));
}

#[test]
fn m14_on_a_board_that_can_only_be_read_what_is_pending_waits() {
    let welcome = |read_only| ServerMessage::Welcome {
        you: Profile {
            person: ME,
            name: "Somebody".into(),
            colour: Ink::Blue,
        },
        member: ONE,
        last_n: 0,
        read_only,
    };
    let mut replica = replica(3);
    let _ = replica.receive(&welcome(true), || FRESH);
    begin(&mut replica);
    assert_eq!((replica.role(), replica.pending()), (Role::Viewer, 3));
    assert!(replica.outgoing().is_empty());
    let _ = replica.hello();
    let _ = replica.receive(&welcome(false), || FRESH);
    begin(&mut replica);
    assert_eq!(replica.role(), Role::Owner);
    assert_eq!(sent(&replica.outgoing()), ids(MINE, 1..=3));
}

#[test]
fn r3_what_was_withdrawn_comes_back_with_its_identity_and_nothing_goes_missing_meanwhile() {
    let mut replica = replica(3);
    let before = replica.document().clone();
    let (old, _) = replica.withdraw_pending(FRESH);
    assert_eq!((replica.pending(), replica.document().len()), (0, 0));
    let (next, _) = replica.perform(shape(9), 0);
    assert_eq!(
        next.id,
        OpId {
            client: FRESH,
            n: 1
        }
    );
    begin(&mut replica);
    assert_eq!(sent(&replica.outgoing()), [next.id]);
    assert_eq!(log_next(&mut replica, 1), 1);
    let _ = replica.adopt_pending(old);
    assert_eq!(replica.document().len(), before.len() + 1);
    assert_eq!(sent(&replica.outgoing()), ids(MINE, 1..=3));
}
