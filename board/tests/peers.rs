//! Rooms of one board on several servers (rules M11 and M12 of `SPEC.md`), played by hand: what they murmur is a list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use inkroom_board::room::{Effect, Murmur, Opening, Settings};
use inkroom_board::wire::*;
use inkroom_board::*;

const OWNER: PersonId = PersonId([1; 16]);
const NODES: [NodeId; 2] = [NodeId([1; 8]), NodeId([2; 8])];
const STYLE: Style = Style {
    colour: Colour::Named(Ink::Red),
    width: Width(256),
};

/// A room of one board on two servers each.
struct Pair {
    rooms: [Room; 2],
    /// What members of each were told.
    heard: [Vec<ServerMessage>; 2],
    /// What each murmured and did not arrive yet.
    murmured: [Vec<Murmur>; 2],
    now_ms: u64,
}

fn member(n: u64) -> MemberId {
    MemberId::of_this_server(n)
}

fn person(n: u64) -> PersonId {
    PersonId(u128::from(n).to_be_bytes())
}

fn profile(person: PersonId) -> Profile {
    Profile {
        person,
        name: "Ada".into(),
        colour: Ink::Blue,
    }
}

fn stroke(n: u8, from: u32, len: i32) -> Sketch {
    let x = i32::try_from(from).unwrap();
    let points = (x..x + len).map(|x| Point {
        x: x * 64,
        y: 0,
        pressure: 0,
    });
    Sketch::Stroke {
        id: ElementId([n; 8]),
        brush: Brush::Pen,
        style: STYLE,
        from,
        points: Points(points.collect()),
    }
}

impl Pair {
    fn new() -> Self {
        let room = |own| {
            let access = Access::new(OWNER, Mode::Everyone);
            let document = Document::new(1, "A board".into(), access);
            let opening = Opening {
                before: document.position(),
                document,
                recent: vec![],
                read_only: false,
            };
            Room::new(opening, ClientId([own; 16]), Settings::default())
        };
        Self {
            rooms: [room(98), room(99)],
            heard: Default::default(),
            murmured: Default::default(),
            now_ms: 1_000,
        }
    }

    fn carry_out(&mut self, at: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Cast { message, .. } => self.heard[at].push(message),
                Effect::Murmur(murmur) => self.murmured[at].push(murmur),
                _ => {}
            }
        }
    }

    fn join(&mut self, at: usize, n: u64) {
        self.join_as(at, n, person(n));
    }

    fn join_as(&mut self, at: usize, n: u64, person: PersonId) {
        let effects = self.rooms[at].join(member(n), profile(person), None, None, self.now_ms);
        self.carry_out(at, effects);
    }

    fn leave(&mut self, at: usize, n: u64) {
        let effects = self.rooms[at].left(member(n), self.now_ms);
        self.carry_out(at, effects);
    }

    fn say(&mut self, at: usize, n: u64, message: ClientMessage) {
        let effects = self.rooms[at].receive(member(n), message, self.now_ms);
        self.carry_out(at, effects);
    }

    /// Carries what was murmured, until nobody has anything more to say.
    fn deliver(&mut self) {
        for _ in 0..10 {
            for (from, node) in NODES.into_iter().enumerate() {
                let to = 1 - from;
                for murmur in std::mem::take(&mut self.murmured[from]) {
                    let bytes = Format::Binary.encode(&murmur);
                    let murmur = Format::Binary.decode(&bytes).unwrap();
                    let effects = self.rooms[to].overhear(node, murmur, self.now_ms);
                    self.carry_out(to, effects);
                }
            }
        }
        assert!(
            self.murmured.iter().all(Vec::is_empty),
            "they never stop talking"
        );
    }

    fn keep(&mut self, after_ms: u64) {
        self.now_ms += after_ms;
        for at in 0..2 {
            let mut effects = self.rooms[at].keep(self.now_ms, false);
            effects.extend(self.rooms[at].tick(self.now_ms));
            self.carry_out(at, effects);
        }
    }

    /// Whom a newcomer on this server would see.
    fn people(&self, at: usize) -> (u32, Vec<Present>) {
        let people = self.rooms[at].resume(member(9_999), None);
        people
            .into_iter()
            .find_map(|effect| match effect {
                Effect::Send {
                    message: ServerMessage::People { here, listed },
                    ..
                } => Some((here, listed)),
                _ => None,
            })
            .unwrap()
    }

    fn names(&self, at: usize) -> Vec<PersonId> {
        let (_, listed) = self.people(at);
        let mut names: Vec<_> = listed
            .iter()
            .map(|present| present.profile.person)
            .collect();
        names.sort_unstable();
        names
    }

    fn sketches(&mut self, at: usize) -> Vec<Sketch> {
        let heard = std::mem::take(&mut self.heard[at]);
        heard
            .into_iter()
            .filter_map(|message| match message {
                ServerMessage::Ink { sketch, .. } => Some(sketch),
                _ => None,
            })
            .collect()
    }
}

fn two_people() -> Pair {
    let mut pair = Pair::new();
    pair.join(0, 1);
    pair.deliver();
    pair.join(1, 2);
    pair.deliver();
    pair
}

#[test]
fn m11_presence_is_one_list_across_servers() {
    let mut pair = two_people();
    for at in 0..2 {
        assert_eq!(pair.names(at), [person(1), person(2)]);
        assert_eq!(pair.people(at).0, 2);
    }
    pair.leave(1, 2);
    pair.deliver();
    assert_eq!(pair.names(0), [person(1)]);
    assert_eq!(pair.people(0).0, 1);
    let last = pair.heard[0].last();
    assert!(matches!(last, Some(ServerMessage::Left(_))), "{last:?}");
}

#[test]
fn m11_members_of_another_server_have_numbers_that_nobody_here_has() {
    let pair = two_people();
    let (_, listed) = pair.people(0);
    let elsewhere: Vec<_> = listed
        .iter()
        .filter(|present| present.member.is_elsewhere())
        .map(|present| present.profile.person)
        .collect();
    assert_eq!(elsewhere, [person(2)]);
}

#[test]
fn m11_cursors_and_ink_cross_and_nothing_comes_back() {
    let mut pair = two_people();
    pair.heard = Default::default();
    pair.say(0, 1, ClientMessage::Cursor(Some(Pos { x: 64, y: 0 })));
    pair.say(0, 1, ClientMessage::Ink(stroke(7, 0, 5)));
    pair.deliver();
    let cursor = pair.heard[1].iter().any(
        |message| matches!(message, ServerMessage::Cursor { member, at: Some(_) } if member.is_elsewhere()),
    );
    assert!(cursor, "{:?}", pair.heard[1]);
    assert_eq!(pair.sketches(1), [stroke(7, 0, 5)]);
    assert_eq!(
        pair.sketches(0),
        [stroke(7, 0, 5)],
        "to the others here, once"
    );
    pair.say(
        0,
        1,
        ClientMessage::Ink(Sketch::Gone {
            id: ElementId([7; 8]),
        }),
    );
    pair.deliver();
    assert_eq!(
        pair.sketches(1),
        [Sketch::Gone {
            id: ElementId([7; 8])
        }]
    );
}

#[test]
fn m11_whoever_comes_first_to_a_server_sees_what_is_being_drawn_on_others() {
    let mut pair = Pair::new();
    pair.join(0, 1);
    pair.say(0, 1, ClientMessage::Ink(stroke(7, 0, 5)));
    pair.deliver();
    pair.join(1, 2);
    pair.deliver();
    assert_eq!(pair.sketches(1), [stroke(7, 0, 5)]);
}

#[test]
fn m11_whoever_comes_sees_where_others_rest_on_any_server() {
    let at = Pos { x: 64, y: 0 };
    let mut pair = two_people();
    pair.say(0, 1, ClientMessage::Cursor(Some(at)));
    pair.deliver();
    let shown = |pair: &mut Pair, server: usize, n| {
        let room = &mut pair.rooms[server];
        let effects = room.join(member(n), profile(person(n)), None, None, pair.now_ms);
        let cursors = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send {
                to,
                message: ServerMessage::Cursor { at, .. },
            } if to == member(n) => at,
            _ => None,
        });
        cursors.collect::<Vec<_>>()
    };
    for server in 0..2 {
        assert_eq!(shown(&mut pair, server, 7), [at]);
    }
    pair.now_ms += limits::CURSOR_KEEP_MS;
    for server in 0..2 {
        assert_eq!(shown(&mut pair, server, 8), []);
    }
}

#[test]
fn m12_where_people_point_is_told_of_a_group_and_not_of_an_audience() {
    let (mut pair, at) = (Pair::new(), Pos { x: 64, y: 0 });
    pair.join(0, 1);
    pair.say(0, 1, ClientMessage::Cursor(Some(at)));
    let pointing = |pair: &Pair| {
        pair.rooms[0]
            .pointing(1_000, pair.now_ms)
            .collect::<Vec<_>>()
    };
    assert_eq!(pointing(&pair), [(member(1), at)]);
    for n in 2..=60 {
        pair.join(0, n);
    }
    assert_eq!(pointing(&pair), []);
}

#[test]
fn m11_a_server_without_members_is_told_nothing() {
    let mut pair = two_people();
    pair.leave(1, 2);
    pair.deliver();
    pair.say(0, 1, ClientMessage::Cursor(Some(Pos { x: 64, y: 0 })));
    pair.say(0, 1, ClientMessage::Ink(stroke(7, 0, 5)));
    assert_eq!(pair.murmured[0], []);
}

#[test]
fn m11_a_server_that_is_silent_is_forgotten_with_its_people_and_their_ink() {
    let mut pair = two_people();
    pair.say(1, 2, ClientMessage::Ink(stroke(7, 0, 5)));
    pair.deliver();
    pair.heard = Default::default();
    for _ in 0..16 {
        pair.now_ms += 1_000;
        let effects = pair.rooms[0].keep(pair.now_ms, false);
        pair.carry_out(0, effects);
    }
    assert_eq!(pair.names(0), [person(1)]);
    assert_eq!(
        pair.sketches(0),
        [Sketch::Gone {
            id: ElementId([7; 8])
        }]
    );
}

#[test]
fn m11_who_moves_on_from_a_server_that_died_is_counted_once_as_soon_as_it_does_not_answer() {
    let mut pair = two_people();
    // Nothing that server 1 is told is answered.
    pair.join_as(0, 3, person(2));
    let asks = |murmur: &Murmur| matches!(murmur, Murmur::People { asks: true, .. });
    assert!(pair.murmured[0].iter().any(asks), "{:?}", pair.murmured[0]);
    assert_eq!(pair.names(0), [person(1), person(2), person(2)]);
    for _ in 0..2 {
        pair.now_ms += 1_000;
        let effects = pair.rooms[0].keep(pair.now_ms, false);
        pair.carry_out(0, effects);
    }
    assert_eq!(pair.names(0), [person(1), person(2)]);
    let effects = pair.rooms[0].tick(pair.now_ms);
    pair.carry_out(0, effects);
    assert_eq!(pair.people(0).0, 2);
}

#[test]
fn m11_a_third_server_finds_out_too_that_somebody_moved_on() {
    let mut pair = two_people();
    let third = NodeId([3; 8]);
    let present = Present {
        member: member(9),
        profile: profile(person(2)),
        hand: None,
    };
    let told = Murmur::Told(ServerMessage::Joined(present));
    for _ in 0..2 {
        let effects = pair.rooms[0].overhear(third, told.clone(), pair.now_ms);
        pair.carry_out(0, effects);
        pair.now_ms += 1_000;
        let alive =
            pair.rooms[0].overhear(third, Murmur::Told(ServerMessage::Here(1)), pair.now_ms);
        pair.carry_out(0, alive);
        let effects = pair.rooms[0].keep(pair.now_ms, false);
        pair.carry_out(0, effects);
    }
    assert_eq!(pair.names(0), [person(1), person(2)]);
}

#[test]
fn m11_a_second_tab_on_another_server_takes_nobodys_place() {
    let mut pair = two_people();
    pair.heard = Default::default();
    pair.join_as(0, 3, person(2));
    for _ in 0..20 {
        pair.deliver();
        pair.keep(1_000);
    }
    for at in 0..2 {
        assert_eq!(pair.names(at), [person(1), person(2), person(2)]);
        let left = |message: &ServerMessage| matches!(message, ServerMessage::Left(_));
        assert!(!pair.heard[at].iter().any(left), "{:?}", pair.heard[at]);
    }
}

#[test]
fn m11_a_new_name_is_that_of_all_tabs_on_all_servers() {
    let mut pair = two_people();
    pair.join_as(1, 3, person(1));
    pair.deliver();
    let names = |pair: &Pair, at: usize| {
        let (_, listed) = pair.people(at);
        let theirs = listed.into_iter().map(|present| present.profile);
        let theirs = theirs.filter(|profile| profile.person == person(1));
        theirs.map(|profile| profile.name).collect::<Vec<_>>()
    };
    let zoe = ClientMessage::Profile {
        name: "Zoë".into(),
        colour: Ink::Teal,
    };
    pair.say(0, 1, zoe);
    pair.deliver();
    for at in 0..2 {
        assert_eq!(names(&pair, at), ["Zoë", "Zoë"]);
    }
    // What the other server's members have been told since is no news for them.
    pair.heard = Default::default();
    let said_again = Profile {
        name: "Zoë".into(),
        colour: Ink::Teal,
        ..profile(person(1))
    };
    let nobodys = ["", " ", "\u{7}", &"z".repeat(2 * limits::NAME_CHARS)].map(|name| Profile {
        name: name.into(),
        ..profile(person(1))
    });
    for profile in [said_again].into_iter().chain(nobodys) {
        let effects = pair.rooms[1].overhear(NODES[0], Murmur::Renamed(profile), pair.now_ms);
        assert_eq!(effects, []);
    }
    assert_eq!(names(&pair, 1), ["Zoë", "Zoë"]);
}

#[test]
fn m11_a_server_that_hears_nobody_forgets_nobody() {
    let mut pair = two_people();
    for _ in 0..60 {
        pair.now_ms += 1_000;
        let effects = pair.rooms[0].keep(pair.now_ms, true);
        pair.carry_out(0, effects);
    }
    assert_eq!(pair.names(0), [person(1), person(2)]);
}

#[test]
fn m11_ink_that_waits_for_the_store_stays_on_other_servers() {
    let mut pair = two_people();
    pair.say(1, 2, ClientMessage::Ink(stroke(7, 0, 5)));
    pair.deliver();
    assert_eq!(pair.sketches(0), [stroke(7, 0, 5)]);
    for _ in 0..60 {
        pair.keep(1_000);
        pair.deliver();
    }
    assert_eq!(pair.sketches(0), [], "neither gone nor told again");
}

#[test]
fn m11_what_was_lost_is_told_again() {
    let mut pair = Pair::new();
    pair.join(0, 1);
    pair.join(1, 2);
    pair.murmured = Default::default();
    pair.keep(5_000);
    pair.deliver();
    assert_eq!(pair.names(0), [person(1), person(2)]);
    pair.leave(1, 2);
    pair.join(1, 3);
    pair.murmured = Default::default();
    pair.keep(5_000);
    pair.deliver();
    assert_eq!(pair.names(0), [person(1), person(3)]);
    pair.keep(1_000);
    assert_eq!(pair.people(0).0, 2);
}

#[test]
fn m11_murmurs_twice_and_out_of_order_change_nothing() {
    let mut pair = Pair::new();
    pair.join(0, 1);
    pair.join(1, 2);
    pair.deliver();
    pair.say(1, 2, ClientMessage::Hand(false));
    pair.join(1, 3);
    pair.leave(1, 3);
    let mut murmurs = std::mem::take(&mut pair.murmured[1]);
    murmurs.extend(murmurs.clone());
    murmurs.reverse();
    for murmur in murmurs {
        let effects = pair.rooms[0].overhear(NODES[1], murmur, pair.now_ms);
        pair.carry_out(0, effects);
    }
    pair.keep(5_000);
    pair.deliver();
    pair.keep(1_000);
    assert_eq!(pair.people(0), pair.people(0));
    assert_eq!(pair.names(0), [person(1), person(2)]);
    assert_eq!(pair.people(0).0, 2);
}

#[test]
fn m11_hands_are_in_one_order_across_servers() {
    let mut pair = two_people();
    for at in 0..2 {
        let op = Op::SetMode(Mode::Presenters);
        let entry = Entry {
            id: OpId {
                client: ClientId([50; 16]),
                n: 1,
            },
            author: OWNER,
            at_ms: 1,
            op,
        };
        let mut document = pair.rooms[at].document().clone();
        let _ = document.commit(&entry);
        let logged = ledger::Logged {
            seq: 1,
            chain: document.position().chain,
            size: 1,
            entry,
        };
        let effects = pair.rooms[at].committed(vec![logged]);
        pair.carry_out(at, effects);
    }
    pair.say(1, 2, ClientMessage::Hand(true));
    pair.deliver();
    pair.say(0, 1, ClientMessage::Hand(true));
    pair.deliver();
    for at in 0..2 {
        let (_, listed) = pair.people(at);
        let hand = |n| {
            let present = listed
                .iter()
                .find(|present| present.profile.person == person(n));
            present.unwrap().hand
        };
        assert!(hand(2).is_some() && hand(2) < hand(1), "{listed:?}");
    }
}

#[test]
fn m11_forged_murmurs_are_bounded() {
    let mut pair = two_people();
    for n in 0..200u64 {
        let node = NodeId((1_000 + n).to_be_bytes());
        let listed = (0..2_000).map(|n| Present {
            member: MemberId(n),
            profile: profile(person(n)),
            hand: Some(u32::MAX),
        });
        let murmur = Murmur::People {
            here: u32::MAX,
            listed: listed.collect(),
            asks: false,
        };
        let effects = pair.rooms[0].overhear(node, murmur, pair.now_ms);
        assert!(effects.len() < 5_000);
        let far = Pos {
            x: i32::MAX,
            y: i32::MIN,
        };
        let murmur = Murmur::Told(ServerMessage::Cursor {
            member: MemberId(n),
            at: Some(far),
        });
        assert_eq!(pair.rooms[0].overhear(node, murmur, pair.now_ms), []);
    }
    let (_, listed) = pair.people(0);
    assert!(listed.len() <= 200, "{}", listed.len());
    let people = ServerMessage::People { here: 1, listed };
    assert!(Format::Binary.encode(&people).len() <= limits::FRAME_BYTES);
}

#[test]
fn m12_an_audience_gets_ink_in_fewer_larger_pieces_that_make_the_same_stroke() {
    let mut pair = Pair::new();
    for n in 1..=4_000 {
        pair.join(0, n);
    }
    assert!(pair.rooms[0].is_audience());
    pair.heard = Default::default();
    let mut from = 0;
    for _ in 0..30 {
        pair.say(0, 1, ClientMessage::Ink(stroke(7, from, 4)));
        from += 4;
        pair.now_ms += 8;
        let effects = pair.rooms[0].tick(pair.now_ms);
        pair.carry_out(0, effects);
    }
    pair.now_ms += 250;
    let effects = pair.rooms[0].tick(pair.now_ms);
    pair.carry_out(0, effects);
    let sketches = pair.sketches(0);
    assert!((2..=8).contains(&sketches.len()), "{}", sketches.len());
    let mut whole = Points::default();
    for sketch in sketches {
        let Sketch::Stroke { from, points, .. } = sketch else {
            panic!("{sketch:?}")
        };
        assert_eq!(
            usize::try_from(from).unwrap(),
            whole.len(),
            "nothing twice, no hole"
        );
        whole.0.extend(points.0);
    }
    assert_eq!(whole.len(), 120);
    assert!(!pair.rooms[0].wants_tick());
}

#[test]
fn m12_viewers_cursors_are_not_relayed_to_an_audience() {
    let mut pair = Pair::new();
    for n in 1..=60 {
        pair.join(0, n);
    }
    pair.heard = Default::default();
    pair.say(0, 2, ClientMessage::Cursor(Some(Pos { x: 64, y: 0 })));
    assert_eq!(pair.heard[0], []);
}

#[test]
fn m12_members_of_other_servers_make_an_audience_too() {
    let mut pair = Pair::new();
    for n in 1..=30 {
        pair.join(0, n);
        pair.join(1, 100 + n);
    }
    pair.deliver();
    pair.keep(1_000);
    pair.deliver();
    assert!(pair.rooms.iter().all(Room::is_audience));
    let (here, listed) = pair.people(0);
    assert_eq!((here, listed.len()), (60, 50));
}
