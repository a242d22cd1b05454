//! The numbered rules of `SPEC.md` about rooms and replicas, played by hand: the network is a list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use inkroom_board::ledger::{Head, Logged, Position, Verdict};
use inkroom_board::room::{Answer, Effect, Opening, Settings};
use inkroom_board::wire::*;
use inkroom_board::*;

const OWNER: PersonId = PersonId([1; 16]);
const GUEST: PersonId = PersonId([2; 16]);
const ONE: MemberId = MemberId::of_this_server(1);
const TWO: MemberId = MemberId::of_this_server(2);
const THREE: MemberId = MemberId::of_this_server(3);
const STYLE: Style = Style {
    colour: Colour::Named(Ink::Red),
    width: Width(256),
};

fn client(n: u8) -> ClientId {
    ClientId([n; 16])
}

fn id(n: u8) -> ElementId {
    ElementId([n; 8])
}

fn points(range: std::ops::Range<i32>) -> Points {
    Points(
        range
            .map(|x| Point {
                x: x * 64,
                y: 0,
                pressure: 0,
            })
            .collect(),
    )
}

fn add(n: u8, len: i32, done: bool) -> Op {
    let stroke = Stroke {
        brush: Brush::Pen,
        style: STYLE,
        points: points(0..len),
        done,
    };
    Op::Add {
        id: id(n),
        element: Element::Stroke(stroke),
    }
}

fn ink(n: u8, from: u32, range: std::ops::Range<i32>) -> ClientMessage {
    ClientMessage::Ink(Sketch::Stroke {
        id: id(n),
        brush: Brush::Pen,
        style: STYLE,
        from,
        points: points(range),
    })
}

fn profile(person: PersonId) -> Profile {
    Profile {
        person,
        name: "Somebody".into(),
        colour: Ink::Blue,
    }
}

/// A room with a store that commits when it is told to.
struct Board {
    room: Room,
    head: Head,
    log: Vec<Logged>,
    queue: Vec<Entry>,
    sent: Vec<(Option<MemberId>, ServerMessage)>,
    other: Vec<Effect>,
    now_ms: u64,
}

impl Board {
    fn new(mode: Mode) -> Self {
        Self::with(mode, Settings::default())
    }

    fn with(mode: Mode, settings: Settings) -> Self {
        let document = Document::new(1, String::new(), Access::new(OWNER, mode));
        let head = Head {
            position: document.position(),
            access: document.access().clone(),
        };
        let opening = Opening {
            before: document.position(),
            document,
            recent: Vec::new(),
            read_only: false,
        };
        let room = Room::new(opening, client(99), settings);
        Self {
            room,
            head,
            log: vec![],
            queue: vec![],
            sent: vec![],
            other: vec![],
            now_ms: 1_000,
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.sent.push((Some(to), message)),
                Effect::Cast { except, message } => {
                    assert!(
                        Format::Binary.encode(&message).len() <= limits::FRAME_BYTES,
                        "W3"
                    );
                    self.sent
                        .push((except.map(|not| MemberId(1_000 + not.0)), message));
                }
                Effect::Submit(entries) => self.queue.extend(entries),
                // What other servers hear has its own tests: peers.rs.
                Effect::Murmur(_) => {}
                other => self.other.push(other),
            }
        }
    }

    fn join(&mut self, member: MemberId, person: PersonId, resume: Option<Position>) {
        let effects = self
            .room
            .join(member, profile(person), None, resume, self.now_ms);
        self.carry_out(effects);
    }

    fn say(&mut self, member: MemberId, message: ClientMessage) {
        let effects = self.room.receive(member, message, self.now_ms);
        self.carry_out(effects);
    }

    fn ops(&mut self, member: MemberId, n: u32, ops: Vec<Op>) {
        let ops = (n..).zip(ops).map(|(n, op)| Queued { n, op }).collect();
        let client = client(u8::try_from(member.0).unwrap());
        self.say(
            member,
            ClientMessage::Ops {
                client,
                again: false,
                ops,
            },
        );
    }

    /// Commits everything that waits, each client's ops taken as its next.
    fn commit(&mut self) {
        for entry in std::mem::take(&mut self.queue) {
            let stored = entry.op.to_stored();
            let last_n = self
                .log
                .iter()
                .filter(|logged| logged.entry.id.client == entry.id.client)
                .count();
            let last_n = u32::try_from(last_n).unwrap();
            let mut client = ledger::ClientHead {
                person: entry.author,
                last_n,
            };
            let id = entry.id;
            let effects = match self.head.admit(&mut client, &entry, &stored) {
                Verdict::Fresh(seq) => {
                    let logged = Logged {
                        seq,
                        chain: self.head.position.chain,
                        entry,
                        size: stored.len(),
                    };
                    self.log.push(logged.clone());
                    self.room.committed(vec![logged])
                }
                Verdict::Forbidden => {
                    self.room
                        .answered(id, Answer::Refused(Refusal::Forbidden), self.now_ms)
                }
                Verdict::Gap(n) => {
                    self.room
                        .answered(id, Answer::Refused(Refusal::Gap(n)), self.now_ms)
                }
                Verdict::Known | Verdict::NotYours => {
                    self.room.answered(id, Answer::Known(1), self.now_ms)
                }
            };
            self.carry_out(effects);
        }
    }

    fn heard(&mut self) -> Vec<(Option<MemberId>, ServerMessage)> {
        std::mem::take(&mut self.sent)
    }

    fn nacks(&mut self) -> Vec<(u32, Refusal)> {
        let nack = |(_, message): (Option<MemberId>, ServerMessage)| match message {
            ServerMessage::Nack { id, reason } => Some((id.n, reason)),
            _ => None,
        };
        self.heard().into_iter().filter_map(nack).collect()
    }

    fn closed(&self, code: CloseCode) -> bool {
        self.other
            .iter()
            .any(|effect| matches!(effect, Effect::Close { code: with, .. } if *with == code))
    }

    fn has_ink(&mut self) -> bool {
        self.heard()
            .iter()
            .any(|(_, message)| matches!(message, ServerMessage::Ink { .. }))
    }
}

#[test]
fn m1_a_gap_makes_the_room_read_the_store() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.ops(ONE, 1, vec![add(1, 2, true), add(2, 2, true)]);
    board.commit();
    let (first, second) = (board.log[0].clone(), board.log[1].clone());
    let mut late = Board::new(Mode::Everyone);
    let effects = late.room.committed(vec![second.clone()]);
    assert!(matches!(effects[..], [Effect::CatchUp(at)] if at.seq == 0));
    let _ = late.room.committed(vec![first, second.clone()]);
    assert_eq!(late.room.document(), board.room.document());
    assert!(
        late.room.committed(vec![second]).is_empty(),
        "again changes nothing"
    );
}

#[test]
fn m1_another_history_makes_the_room_load_it_anew() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.ops(ONE, 1, vec![add(1, 2, true)]);
    let entry = board.queue.remove(0);
    let forged = Logged {
        seq: 1,
        chain: ledger::Chain([9; 8]),
        entry,
        size: 9,
    };
    assert_eq!(board.room.committed(vec![forged]), [Effect::Reload]);
}

#[test]
fn m2_a_resume_gets_what_it_missed_and_nothing_else() {
    let mut board = Board::new(Mode::Everyone);
    let start = board.room.document().position();
    board.join(ONE, OWNER, Some(start));
    for n in 1..=5 {
        board.ops(ONE, n, vec![add(u8::try_from(n).unwrap(), 2, true)]);
        board.commit();
    }
    board.heard();
    let there = Position {
        epoch: 1,
        seq: 3,
        chain: board.log[2].chain,
    };
    board.join(TWO, GUEST, Some(there));
    let seqs: Vec<_> = board
        .heard()
        .into_iter()
        .filter_map(|(to, message)| match message {
            ServerMessage::Ops(batch) if to == Some(TWO) => {
                Some((batch.first, batch.entries.len()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(seqs, [(4, 2)]);
}

#[test]
fn m2_an_unknown_position_is_sent_to_a_snapshot() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.ops(ONE, 1, vec![add(1, 2, true)]);
    board.commit();
    let head = board.room.document().position();
    let wrong = [
        Position { seq: 9, ..head },
        Position { epoch: 2, ..head },
        Position {
            chain: ledger::Chain([1; 8]),
            ..head
        },
        Position {
            seq: u64::MAX,
            ..head
        },
    ];
    for position in wrong.map(Some).into_iter().chain([None]) {
        let effects = board.room.resume(ONE, position);
        let start = ServerMessage::Start(Start::Snapshot(head));
        assert_eq!(
            effects[0],
            Effect::Send {
                to: ONE,
                message: start
            }
        );
    }
}

#[test]
fn m3_a_refused_op_holds_back_the_later_ones() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    let bad = Op::Add {
        id: id(2),
        element: Element::Stroke(Stroke {
            brush: Brush::Pen,
            style: STYLE,
            points: Points::default(),
            done: true,
        }),
    };
    board.ops(ONE, 1, vec![add(1, 2, true), bad, add(3, 2, true)]);
    assert_eq!(board.nacks(), [(2, Refusal::Invalid(element::Flaw::Empty))]);
    board.commit();
    assert_eq!(board.log.len(), 1);
    board.ops(ONE, 3, vec![add(3, 2, true)]);
    assert!(
        board.queue.is_empty() && board.nacks().is_empty(),
        "passed over until 2 comes again"
    );
    board.ops(ONE, 2, vec![add(2, 2, true), add(3, 2, true)]);
    board.commit();
    assert_eq!(board.log.len(), 3);
}

#[test]
fn m4_viewers_draw_nothing() {
    let mut board = Board::new(Mode::Presenters);
    board.join(ONE, OWNER, None);
    board.join(TWO, GUEST, None);
    board.heard();
    board.say(TWO, ink(1, 0, 0..4));
    board.say(TWO, ClientMessage::Cursor(Some(Pos::default())));
    assert!(board.heard().is_empty());
    board.ops(TWO, 1, vec![add(1, 4, true)]);
    assert_eq!(board.nacks(), [(1, Refusal::Forbidden)]);
    assert!(board.queue.is_empty());
}

#[test]
fn m4_the_store_has_the_last_word_about_roles() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.join(TWO, GUEST, None);
    board.ops(ONE, 1, vec![Op::SetMode(Mode::Presenters)]);
    board.ops(TWO, 1, vec![add(1, 4, true)]);
    board.heard();
    board.commit();
    assert_eq!(
        board.nacks(),
        [(1, Refusal::Forbidden)],
        "it came after the change of mode"
    );
    assert!(board.room.document().is_empty());
}

#[test]
fn m5_losing_the_pen_takes_the_ink_away_and_keeps_what_was_committed() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.join(TWO, GUEST, None);
    board.ops(TWO, 1, vec![add(1, 4, false)]);
    board.commit();
    board.say(TWO, ink(1, 4, 4..9));
    assert!(board.has_ink());
    board.ops(ONE, 1, vec![Op::SetMode(Mode::Presenters)]);
    board.commit();
    let gone = ServerMessage::Ink {
        member: TWO,
        sketch: Sketch::Gone { id: id(1) },
    };
    assert!(board.heard().iter().any(|(_, message)| *message == gone));
    assert_eq!(board.room.document().len(), 1);
    board.join(THREE, GUEST, None);
    assert!(!board.has_ink(), "nothing is stuck for newcomers");
}

#[test]
fn m6_what_arrived_of_a_stroke_is_committed_for_an_author_who_vanishes() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.join(TWO, GUEST, None);
    board.say(TWO, ink(1, 0, 0..4));
    board.say(TWO, ink(1, 4, 4..9));
    let effects = board.room.left(TWO, board.now_ms);
    board.carry_out(effects);
    board.commit();
    let (_, item) = board.room.document().get(id(1)).unwrap();
    assert_eq!(item.author, GUEST);
    assert!(
        matches!(&item.element, Element::Stroke(stroke) if stroke.points == points(0..9) && !stroke.done)
    );
    let gone = ServerMessage::Ink {
        member: TWO,
        sketch: Sketch::Gone { id: id(1) },
    };
    assert!(board.heard().iter().any(|(_, message)| *message == gone));
    assert!(board.room.is_idle() || board.room.len() == 1);
}

#[test]
fn m6_the_author_who_comes_back_finishes_the_same_stroke() {
    let mut board = Board::new(Mode::Everyone);
    board.join(TWO, GUEST, None);
    board.say(TWO, ink(1, 0, 0..4));
    let effects = board.room.left(TWO, board.now_ms);
    board.carry_out(effects);
    board.commit();
    board.join(THREE, GUEST, None);
    board.ops(THREE, 1, vec![add(1, 9, true)]);
    board.commit();
    let (_, item) = board.room.document().get(id(1)).unwrap();
    assert!(
        matches!(&item.element, Element::Stroke(stroke) if stroke.points == points(0..9) && stroke.done)
    );
}

#[test]
fn m7_a_newcomer_sees_the_ink_that_is_being_drawn() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.say(ONE, ink(1, 0, 0..7));
    board.heard();
    board.join(TWO, GUEST, None);
    let seen = board
        .heard()
        .into_iter()
        .find_map(|(_, message)| match message {
            ServerMessage::Ink {
                sketch: Sketch::Stroke { points, .. },
                ..
            } => Some(points),
            _ => None,
        });
    assert_eq!(seen, Some(points(0..7)));
}

#[test]
fn m8_presence_travels_as_differences_and_an_audience_is_counted() {
    let mut board = Board::new(Mode::Everyone);
    for n in 1..=300 {
        board.join(
            MemberId::of_this_server(n),
            PersonId([u8::try_from(n % 250).unwrap(); 16]),
            None,
        );
    }
    board.carry_out(vec![]);
    let (mut joined, mut names) = (0, 0);
    for (_, message) in board.heard() {
        match message {
            ServerMessage::Joined(_) => joined += 1,
            ServerMessage::People { listed, .. } => names = names.max(listed.len()),
            _ => {}
        }
    }
    assert_eq!((joined, names), (50, 50));
    let effects = board.room.tick(10_000);
    board.carry_out(effects);
    assert_eq!(board.heard(), [(None, ServerMessage::Here(300))]);
    assert!(!board.room.wants_tick());
}

#[test]
fn m9_a_flood_of_ops_is_slowed_then_closed() {
    let settings = Settings {
        ops_burst: 120.0,
        ..Settings::default()
    };
    let mut board = Board::with(Mode::Everyone, settings);
    board.join(ONE, OWNER, None);
    for n in 1..=200 {
        board.ops(ONE, n, vec![Op::SetTitle(format!("{n}"))]);
    }
    let nacks = board.nacks();
    assert!(
        matches!(nacks[..], [(121, Refusal::Busy(ms))] if ms > 0),
        "{nacks:?}"
    );
    assert_eq!(board.queue.len(), 120);
    for _ in 0..100 {
        board.ops(ONE, 121, vec![Op::SetTitle("again".into())]);
    }
    assert!(board.closed(CloseCode::Policy));
}

#[test]
fn m9_a_client_that_leaves_gaps_is_told_then_closed() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.ops(ONE, 5, vec![add(1, 2, true), add(2, 2, true)]);
    board.commit();
    assert_eq!(board.nacks(), [(5, Refusal::Gap(1))], "one answer for both");
    assert!(!board.closed(CloseCode::Protocol));
    for _ in 0..10 {
        board.ops(ONE, 0, vec![Op::SetTitle("no such place".into())]);
        board.commit();
    }
    assert!(board.closed(CloseCode::Protocol));
}

#[test]
fn m9_cursors_are_told_every_fifty_ms_and_a_flood_is_closed() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.join(TWO, GUEST, None);
    board.heard();
    for x in 0..20 {
        board.now_ms += 5;
        board.say(ONE, ClientMessage::Cursor(Some(Pos { x, y: 0 })));
    }
    assert!(board.heard().len() <= 3);
    let effects = board.room.tick(board.now_ms + 60);
    board.carry_out(effects);
    let last = ServerMessage::Cursor {
        member: ONE,
        at: Some(Pos { x: 19, y: 0 }),
    };
    assert_eq!(
        board.heard(),
        [(Some(MemberId(1_000 + ONE.0)), last)],
        "the latest is told in the end"
    );
    for x in 0..1_000 {
        board.say(ONE, ClientMessage::Cursor(Some(Pos { x, y: 0 })));
    }
    assert!(board.closed(CloseCode::Policy));
}

#[test]
fn m9_a_full_board_refuses_and_keeps_everything() {
    let settings = Settings {
        board_elements: 3,
        ..Settings::default()
    };
    let mut board = Board::with(Mode::Everyone, settings);
    board.join(ONE, OWNER, None);
    board.ops(
        ONE,
        1,
        vec![add(1, 2, true), add(2, 2, true), add(3, 2, true)],
    );
    board.commit();
    board.ops(ONE, 4, vec![add(4, 2, true)]);
    assert_eq!(board.nacks(), [(4, Refusal::BoardFull)]);
    assert_eq!(board.room.document().len(), 3);
}

#[test]
fn m9_the_oldest_of_too_many_tabs_gives_way() {
    let mut board = Board::with(
        Mode::Everyone,
        Settings {
            tabs: 2,
            ..Settings::default()
        },
    );
    for n in 1..=3 {
        board.join(MemberId::of_this_server(n), GUEST, None);
    }
    assert_eq!(
        board.other,
        [Effect::Close {
            member: ONE,
            code: CloseCode::Replaced
        }]
    );
}

#[test]
fn m9_a_second_hello_is_closed() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, OWNER, None);
    board.say(
        ONE,
        ClientMessage::Hello {
            client: client(1),
            resume: None,
        },
    );
    assert!(board.closed(CloseCode::Protocol));
}

#[test]
fn m10_hands_are_in_order_and_go_down_with_the_pen() {
    let mut board = Board::new(Mode::Presenters);
    board.join(ONE, OWNER, None);
    board.join(TWO, GUEST, None);
    board.join(THREE, PersonId([3; 16]), None);
    board.heard();
    board.say(THREE, ClientMessage::Hand(true));
    board.say(TWO, ClientMessage::Hand(true));
    board.say(TWO, ClientMessage::Hand(true));
    board.say(ONE, ClientMessage::Hand(true));
    let hands: Vec<_> = board
        .heard()
        .into_iter()
        .filter_map(|(_, message)| match message {
            ServerMessage::Changed(present) => Some((present.member, present.hand)),
            _ => None,
        })
        .collect();
    assert_eq!(
        hands,
        [(THREE, Some(0)), (TWO, Some(1))],
        "the owner needs none"
    );
    board.ops(
        ONE,
        1,
        vec![Op::SetPen {
            person: GUEST,
            holds: true,
        }],
    );
    board.commit();
    let lowered = board.heard().into_iter().any(|(_, message)| {
        matches!(message, ServerMessage::Changed(present) if present.member == TWO && present.hand.is_none())
    });
    assert!(lowered);
}

#[test]
fn names_are_checked_and_kept() {
    let mut board = Board::new(Mode::Everyone);
    board.join(ONE, GUEST, None);
    board.heard();
    for bad in ["", "   ", "a\u{202e}b", "tab\there", &"x".repeat(65)] {
        board.say(
            ONE,
            ClientMessage::Profile {
                name: bad.into(),
                colour: Ink::Blue,
            },
        );
    }
    board.say(
        ONE,
        ClientMessage::Profile {
            name: "Fine".into(),
            colour: Ink::Yellow,
        },
    );
    assert!(board.heard().is_empty() && board.other.is_empty());
    board.say(
        ONE,
        ClientMessage::Profile {
            name: " Zoë ".into(),
            colour: Ink::Teal,
        },
    );
    assert!(matches!(&board.other[..], [Effect::SaveProfile(saved)] if saved.name == "Zoë"));
}

#[test]
fn a_damaged_board_can_only_be_read() {
    let document = Document::new(1, String::new(), Access::new(OWNER, Mode::Everyone));
    let opening = Opening {
        before: document.position(),
        document,
        recent: Vec::new(),
        read_only: true,
    };
    let mut board = Board::new(Mode::Everyone);
    board.room = Room::new(opening, client(99), Settings::default());
    board.join(ONE, OWNER, None);
    let says_so = |(_, message): (_, ServerMessage)| {
        matches!(
            message,
            ServerMessage::Welcome {
                read_only: true,
                ..
            }
        )
    };
    assert!(board.heard().into_iter().any(says_so), "M14");
    board.ops(ONE, 1, vec![add(1, 2, true)]);
    assert_eq!(board.nacks(), [(1, Refusal::ReadOnly)]);
}

fn replica() -> Replica {
    Replica::new(
        Document::new(1, String::new(), Access::new(OWNER, Mode::Everyone)),
        client(7),
        OWNER,
    )
}

fn live(replica: &mut Replica) {
    let _ = replica.hello();
    let at = replica.position();
    let _ = replica.receive(
        &ServerMessage::Start(Start::Tail { from: at, head: at }),
        || client(8),
    );
    assert!(replica.is_live());
}

fn batch(replica: &Replica, entries: Vec<Entry>) -> ServerMessage {
    let mut at = replica.position();
    let first = at.seq + 1;
    for entry in &entries {
        at.chain = at.chain.next(entry.id, entry.author, &entry.op.to_stored());
    }
    ServerMessage::Ops(Batch {
        first,
        chain: at.chain,
        entries,
    })
}

#[test]
fn r1_pending_ops_are_on_top_of_what_others_did() {
    let mut replica = replica();
    live(&mut replica);
    let (mine, _) = replica.perform(add(1, 3, true), 0);
    let theirs = Entry {
        id: OpId {
            client: client(2),
            n: 1,
        },
        author: GUEST,
        at_ms: 0,
        op: add(2, 3, true),
    };
    let _ = replica.receive(&batch(&replica, vec![theirs]), || client(8));
    let order: Vec<_> = replica.document().visible().map(|item| item.id).collect();
    assert_eq!(order, [id(2), id(1)]);
    assert_eq!(replica.confirmed().len(), 1);
    let received = replica.receive(&batch(&replica, vec![mine.clone()]), || client(8));
    assert_eq!((received.saved, replica.pending()), (vec![mine.id], 0));
}

#[test]
fn r4_nothing_is_sent_before_it_is_current() {
    let mut replica = replica();
    let _ = replica.perform(add(1, 3, true), 0);
    assert!(replica.outgoing().is_empty());
    let _ = replica.hello();
    assert!(replica.outgoing().is_empty());
    live(&mut replica);
    assert_eq!(replica.outgoing().len(), 1);
    assert!(replica.outgoing().is_empty(), "once");
    replica.disconnected();
    live(&mut replica);
    let again = replica.outgoing();
    assert!(
        matches!(&again[..], [ClientMessage::Ops { client: c, again: true, ops }] if *c == client(7) && ops[0].n == 1)
    );
}

#[test]
fn r5_gaps_reconnect_and_other_histories_begin_anew() {
    let mut replica = replica();
    live(&mut replica);
    let _ = replica.perform(add(9, 2, true), 0);
    let entry = Entry {
        id: OpId {
            client: client(2),
            n: 1,
        },
        author: GUEST,
        at_ms: 0,
        op: Op::Clear,
    };
    let gap = ServerMessage::Ops(Batch {
        first: 5,
        chain: ledger::Chain([0; 8]),
        entries: vec![entry.clone()],
    });
    assert!(replica.receive(&gap, || client(8)).reconnect);
    assert!(matches!(
        replica.hello(),
        ClientMessage::Hello {
            resume: Some(_),
            ..
        }
    ));
    live(&mut replica);
    let wrong = ServerMessage::Ops(Batch {
        first: 1,
        chain: ledger::Chain([0; 8]),
        entries: vec![entry],
    });
    assert!(replica.receive(&wrong, || client(8)).reconnect);
    assert!(matches!(
        replica.hello(),
        ClientMessage::Hello { resume: None, .. }
    ));
    let fresh = Document::new(2, String::new(), Access::new(OWNER, Mode::Everyone));
    let _ = replica.receive(
        &ServerMessage::Start(Start::Snapshot(fresh.position())),
        || client(8),
    );
    let received = replica.adopt(fresh);
    assert!(received.change.all && replica.is_live());
    assert_eq!((replica.pending(), replica.document().len()), (1, 1));
}

#[test]
fn r6_after_a_refusal_the_rest_goes_on_under_a_new_identity() {
    let mut replica = replica();
    live(&mut replica);
    let (first, _) = replica.perform(add(1, 3, true), 0);
    let (second, _) = replica.perform(Op::Clear, 0);
    let _ = replica.perform(Op::Restore { of: second.id }, 0);
    let _ = replica.outgoing();
    let nack = ServerMessage::Nack {
        id: first.id,
        reason: Refusal::BoardFull,
    };
    let received = replica.receive(&nack, || client(8));
    assert_eq!(received.refused, [(first, Refusal::BoardFull)]);
    let ids: Vec<_> = replica.pending_entries().map(|entry| entry.id).collect();
    assert_eq!(
        ids,
        [
            OpId {
                client: client(8),
                n: 1
            },
            OpId {
                client: client(8),
                n: 2
            }
        ]
    );
    let restore = replica.pending_entries().last().unwrap();
    assert_eq!(restore.op, Op::Restore { of: ids[0] });
    assert!(
        matches!(&replica.outgoing()[..], [ClientMessage::Ops { client: c, .. }] if *c == client(8))
    );
}

#[test]
fn r8_where_the_log_went_back_what_is_pending_goes_on_in_a_new_queue() {
    let mut replica = replica();
    live(&mut replica);
    let (first, _) = replica.perform(add(1, 3, true), 0);
    let _ = replica.outgoing();
    let saved = replica.receive(
        &ServerMessage::Ack {
            id: first.id,
            seq: 0,
        },
        || client(8),
    );
    assert_eq!(saved.saved, [first.id]);
    let (second, _) = replica.perform(add(2, 3, true), 0);
    replica.disconnected();
    let welcome = ServerMessage::Welcome {
        you: profile(OWNER),
        member: ONE,
        last_n: 0,
        read_only: false,
    };
    let received = replica.receive(&welcome, || client(8));
    let id = OpId {
        client: client(8),
        n: 1,
    };
    assert_eq!(received.renamed, [(second.id, id)]);
    live(&mut replica);
    assert!(
        matches!(&replica.outgoing()[..], [ClientMessage::Ops { client: c, ops, .. }] if *c == client(8) && ops[0].n == 1)
    );
}

#[test]
fn r8_a_live_copy_that_is_told_to_go_back_says_hello_again() {
    let mut replica = replica();
    live(&mut replica);
    let entry = Entry {
        id: OpId {
            client: client(2),
            n: 1,
        },
        author: OWNER,
        at_ms: 0,
        op: add(1, 3, true),
    };
    let before = replica.position();
    let mut document = replica.confirmed();
    let _ = document.commit(&entry);
    let batch = Batch {
        first: 1,
        chain: document.position().chain,
        entries: vec![entry],
    };
    assert!(
        !replica
            .receive(&ServerMessage::Ops(batch), || client(8))
            .reconnect
    );
    let back = ServerMessage::Start(Start::Snapshot(before));
    assert!(replica.receive(&back, || client(8)).reconnect);
}

#[test]
fn r7_an_old_queue_is_adopted_with_its_identity_and_dropped_when_it_is_known() {
    let mut replica = replica();
    let old = Entry {
        id: OpId {
            client: client(5),
            n: 4,
        },
        author: OWNER,
        at_ms: 0,
        op: add(1, 3, true),
    };
    let _ = replica.adopt_pending(vec![old.clone()]);
    live(&mut replica);
    let sent = replica.outgoing();
    assert!(
        matches!(&sent[..], [ClientMessage::Ops { client: c, again: true, ops }] if *c == client(5) && ops[0].n == 4)
    );
    let received = replica.receive(&ServerMessage::Ack { id: old.id, seq: 0 }, || client(8));
    assert_eq!((received.saved, replica.pending()), (vec![old.id], 0));
}

#[test]
fn w3_a_long_queue_is_sent_in_frames() {
    let mut replica = replica();
    live(&mut replica);
    for n in 0..60u8 {
        let far = |k: u16| Point {
            x: i32::from(k) * 7_919 % 50_021,
            y: i32::from(k) * 104_729 % 49_999,
            pressure: (k % 251) as u8,
        };
        let stroke = Stroke {
            brush: Brush::Pen,
            style: STYLE,
            points: Points((0..500).map(far).collect()),
            done: true,
        };
        let _ = replica.perform(
            Op::Add {
                id: id(n),
                element: Element::Stroke(stroke),
            },
            0,
        );
    }
    let frames = replica.outgoing();
    assert!(frames.len() > 1);
    for frame in frames {
        assert!(Format::Binary.encode(&frame).len() <= limits::FRAME_BYTES);
    }
}
