//! Room: one board live in one server's memory, with its members. Pure: messages and time go in,
//! effects come out.
//!
//! Its document changes only by committed ops in seq order, whether they were committed by this server
//! or another ([`Room::committed`] is the one way in). It vets what members submit and hands it on; the
//! store decides. Not here: sockets, queues, SQL. What a reader may question: an author's own op comes
//! back to them in the log like everybody's, and that is its acknowledgement, so a member's order of
//! events is the board's.

mod cursors;
mod flights;
mod ink;
mod murmur;
mod names;
mod peers;
mod presence;
mod rate;
mod recent;
mod submit;
mod vet;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::document::{Change, Document};
use crate::id::{ClientId, MemberId, OpId};
use crate::ledger::{ClientHead, Entry, Logged, Position};
use crate::limits;
use crate::op::Op;
use crate::wire::{ClientMessage, CloseCode, Present, Profile, Refusal, ServerMessage, Start};

use flights::{Flight, Flights};
use ink::Inks;
use peers::Peers;
use presence::Presence;
use rate::{Allowances, Bucket};
use submit::Sender;
use vet::Staged;

pub use murmur::Murmur;
pub use names::PERSON_COLOURS;
pub use recent::Recent;

/// What a host may set about rooms.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Ops a second that a person may submit for long …
    pub ops_per_second: f64,
    /// … and ahead of that: what was drawn while away comes all at once.
    pub ops_burst: f64,
    /// Most members of one room.
    pub members: usize,
    /// Most members of one person in one room; the oldest gives way.
    pub tabs: usize,
    /// Most elements on a board.
    pub board_elements: usize,
    /// Most bytes of a board.
    pub board_bytes: usize,
}

/// The longest queue that a client keeps by itself, and what is drawn while it is sent.
const OPS_BURST: f64 = (limits::QUEUE_OPS + limits::QUEUE_OPS / 5) as f64;

impl Default for Settings {
    fn default() -> Self {
        Self {
            ops_per_second: 60.0,
            ops_burst: OPS_BURST,
            members: 10_000,
            tabs: 20,
            board_elements: limits::BOARD_ELEMENTS,
            board_bytes: limits::BOARD_BYTES,
        }
    }
}

/// What the server is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send to one member.
    Send {
        /// Whom.
        to: MemberId,
        /// What.
        message: ServerMessage,
    },
    /// Send to all members, or all but one.
    Cast {
        /// Who is left out.
        except: Option<MemberId>,
        /// What.
        message: ServerMessage,
    },
    /// Give these to the store, in this order; answer with [`Room::committed`], [`Room::answered`] or,
    /// where the store's queue is full, [`Room::refused`].
    Submit(Vec<Entry>),
    /// Close a member's connection; [`Room::left`] follows when it is closed.
    Close {
        /// Whose.
        member: MemberId,
        /// Why.
        code: CloseCode,
    },
    /// Ops are missing after this position: read them from the store and commit them here.
    CatchUp(Position),
    /// The log here and in the store differ: load the board anew and [`Room::replace`] it.
    Reload,
    /// Keep a person's new name and colour.
    SaveProfile(Profile),
    /// Let the rooms of this board on other servers hear this, as far as it gets.
    Murmur(Murmur),
}

/// How the store decided about a submitted op that did not just get a place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was there already, at this seq (0: so long ago that its place is forgotten).
    Known(u64),
    /// Not taken.
    Refused(Refusal),
    /// Its client belongs to somebody else.
    NotYours,
}

/// A board as the store loaded it.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The board at its head.
    pub document: Document,
    /// The newest part of its log, up to the head.
    pub recent: Vec<Logged>,
    /// The position before the first of `recent`.
    pub before: Position,
    /// Whether the log is damaged, so that the board can only be read.
    pub read_only: bool,
}

#[derive(Debug)]
struct Member {
    profile: Profile,
    sweeps: Bucket,
    ephemeral: Bucket,
    patience: Bucket,
    gaps: Bucket,
    /// It was asked not to send before.
    wait_until_ms: u64,
}

/// One board live in memory.
#[derive(Debug)]
pub struct Room {
    document: Document,
    recent: Recent,
    read_only: bool,
    members: BTreeMap<MemberId, Member>,
    presence: Presence,
    peers: Peers,
    inks: Inks,
    staged: Staged,
    flights: Flights,
    senders: BTreeMap<ClientId, Sender>,
    /// The queue of ops that the room commits for authors who went away in the middle of a stroke.
    own_client: ClientId,
    own_n: u32,
    allowances: Allowances,
    settings: Settings,
}

impl Room {
    /// A room without members. `own_client` is a fresh random id, for ops on behalf of authors who left.
    #[must_use]
    pub fn new(opening: Opening, own_client: ClientId, settings: Settings) -> Self {
        Self {
            recent: Recent::new(opening.recent, opening.before),
            document: opening.document,
            read_only: opening.read_only,
            members: BTreeMap::new(),
            presence: Presence::default(),
            peers: Peers::default(),
            inks: Inks::default(),
            staged: Staged::default(),
            flights: Flights::default(),
            senders: BTreeMap::new(),
            own_client,
            own_n: 0,
            allowances: Allowances::default(),
            settings,
        }
    }

    /// The board at its head.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Whether the stored log is damaged.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is here and nothing is on its way to the store.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.members.is_empty() && self.flights.is_empty()
    }

    /// Whether nobody is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member said hello. `known` is what the log holds of its client.
    pub fn join(
        &mut self,
        member: MemberId,
        profile: Profile,
        known: Option<ClientHead>,
        resume: Option<Position>,
        now_ms: u64,
    ) -> Vec<Effect> {
        if known.is_some_and(|known| known.person != profile.person) {
            return close(member, CloseCode::Forbidden);
        }
        if self.members.len() >= self.settings.members {
            return close(member, CloseCode::TryLater);
        }
        let mut effects = self.oldest_tab_over_limit(&profile, member);
        let (person, last_n) = (profile.person, known.map_or(0, |known| known.last_n));
        effects.push(send(
            member,
            ServerMessage::Welcome {
                you: profile.clone(),
                member,
                last_n,
                read_only: self.read_only,
            },
        ));
        self.members
            .insert(member, Member::new(profile.clone(), now_ms));
        effects.extend(self.presence.join(Present {
            member,
            profile,
            hand: None,
        }));
        let mut effects = self.spread(effects);
        effects.extend(self.greet_peers(person, now_ms));
        effects.extend(self.resume(member, resume));
        effects.extend(self.presence.cursors(member, now_ms));
        effects
    }

    /// Everything a member needs to be current, from its position: at its hello, and again whenever its
    /// durable lane overflowed.
    pub fn resume(&self, member: MemberId, from: Option<Position>) -> Vec<Effect> {
        let head = self.document.position();
        let mut effects = Vec::new();
        match from.filter(|from| self.recent.reaches(*from, head)) {
            Some(from) => {
                effects.push(send(
                    member,
                    ServerMessage::Start(Start::Tail { from, head }),
                ));
                let missed = self.recent.batches_after(from.seq);
                effects.extend(missed.map(|batch| send(member, ServerMessage::Ops(batch))));
            }
            None => effects.push(send(member, ServerMessage::Start(Start::Snapshot(head)))),
        }
        effects.push(send(member, self.presence.people()));
        let inks = self.inks.all();
        effects.extend(inks.map(|(author, sketch)| {
            send(
                member,
                ServerMessage::Ink {
                    member: author,
                    sketch,
                },
            )
        }));
        effects
    }

    /// A member sent something.
    pub fn receive(
        &mut self,
        member: MemberId,
        message: ClientMessage,
        now_ms: u64,
    ) -> Vec<Effect> {
        let effects = match message {
            ClientMessage::Hello { .. } => close(member, CloseCode::Protocol),
            ClientMessage::Ops { client, again, ops } => {
                self.receive_ops(member, client, again, ops, now_ms)
            }
            ClientMessage::Ink(sketch) => self.receive_ink(member, sketch, now_ms),
            ClientMessage::Cursor(at) => self.receive_cursor(member, at, now_ms),
            ClientMessage::Hand(up) => self.receive_hand(member, up, now_ms),
            ClientMessage::Profile { name, colour } => {
                self.receive_profile(member, &name, colour, now_ms)
            }
            ClientMessage::Ping(n) => Vec::from([send(member, ServerMessage::Pong(n))]),
        };
        self.spread(effects)
    }

    /// A connection ended. What the room still holds of an unfinished stroke is committed for its author.
    pub fn left(&mut self, member: MemberId, now_ms: u64) -> Vec<Effect> {
        let Some(gone) = self.members.remove(&member) else {
            return Vec::new();
        };
        self.senders.retain(|_, sender| sender.by != member);
        let mut effects = self.commit_on_behalf(member, &gone.profile, now_ms);
        effects.extend(self.presence.leave(member));
        let mut effects = self.spread(effects);
        effects.extend(self.leave_peers());
        effects
    }

    /// Ops that are in the log, of this server or another, in order.
    pub fn committed(&mut self, logged: Vec<Logged>) -> Vec<Effect> {
        let head = self.document.position();
        let fresh: Vec<_> = logged
            .into_iter()
            .filter(|logged| logged.seq > head.seq)
            .collect();
        match fresh.first() {
            None => Vec::new(),
            Some(first) if first.seq > head.seq + 1 => Vec::from([Effect::CatchUp(head)]),
            Some(_) => self.advance(fresh),
        }
    }

    fn advance(&mut self, fresh: Vec<Logged>) -> Vec<Effect> {
        let mut change = Change::default();
        let mut ended = Vec::new();
        for logged in &fresh {
            change |= self.document.commit(&logged.entry);
            if self.document.position().chain != logged.chain {
                return Vec::from([Effect::Reload]);
            }
            ended.extend(self.settle(&logged.entry));
        }
        let mut effects: Vec<_> = recent::batches(&fresh)
            .map(|batch| cast(None, ServerMessage::Ops(batch)))
            .collect();
        self.recent.push(fresh);
        effects.extend(ended);
        if change.about {
            effects.extend(self.follow_access());
        }
        self.spread(effects)
    }

    /// An op arrived in the log: it is no longer on its way, and the ink it settles is let go.
    fn settle(&mut self, entry: &Entry) -> Vec<Effect> {
        self.landed(entry.id);
        self.release(entry.id);
        match &entry.op {
            Op::Add { id, element } => self.inks.settled(*id, element),
            Op::Extend {
                id,
                from,
                points,
                done,
            } => {
                let end = usize::try_from(*from)
                    .unwrap_or(usize::MAX)
                    .saturating_add(points.len());
                self.inks.grown(*id, end, *done);
            }
            _ => {}
        }
        if entry.id.client == self.own_client {
            self.drop_ink_of(&entry.op)
        } else {
            Vec::new()
        }
    }

    fn landed(&mut self, id: OpId) -> Option<Flight> {
        let flight = self.flights.landed(id)?;
        if let Some(element) = flight.element {
            self.staged.landed(element);
        }
        Some(flight)
    }

    /// The op is in the log: a hold on it, or on what came before it, has no reason any more.
    fn release(&mut self, id: OpId) {
        if let Some(sender) = self.senders.get_mut(&id.client) {
            sender.logged = sender.logged.max(id.n);
            sender.held = sender.held.filter(|held| *held > id.n);
        }
    }

    /// The store did not take an op, or had it already.
    pub fn answered(&mut self, id: OpId, answer: Answer, now_ms: u64) -> Vec<Effect> {
        let member = self.landed(id).and_then(|flight| flight.member);
        let mut effects = self.give_up_own(id, answer);
        if let Answer::Known(seq) = answer {
            self.release(id);
            if seq > self.document.position().seq {
                effects.push(Effect::CatchUp(self.document.position()));
            }
        }
        if let Some(member) = member {
            effects.extend(match answer {
                Answer::Known(seq) => Vec::from([send(member, ServerMessage::Ack { id, seq })]),
                Answer::Refused(Refusal::Busy(_)) if self.needs_no_answer(id) => Vec::new(),
                Answer::Refused(Refusal::Busy(ms)) => self.slow(member, id, ms, now_ms),
                Answer::Refused(reason) => self.blame(member, id, reason, now_ms),
                Answer::NotYours => close(member, CloseCode::Forbidden),
            });
        }
        self.spread(effects)
    }

    /// The store's queue did not take these.
    pub fn refused(&mut self, ids: &[OpId], retry_ms: u32, now_ms: u64) -> Vec<Effect> {
        ids.iter()
            .flat_map(|id| self.answered(*id, Answer::Refused(Refusal::Busy(retry_ms)), now_ms))
            .collect()
    }

    /// The store has another history than this room: everybody starts again from it.
    pub fn replace(&mut self, opening: Opening) -> Vec<Effect> {
        self.document = opening.document;
        self.recent = Recent::new(opening.recent, opening.before);
        self.read_only = opening.read_only;
        self.staged = Staged::default();
        let head = self.document.position();
        let mut effects = Vec::from([cast(None, ServerMessage::Start(Start::Snapshot(head)))]);
        effects.extend(self.follow_access());
        self.spread(effects)
    }

    /// To be called every few milliseconds while [`Self::wants_tick`].
    pub fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        let mut effects = self.presence.tick(now_ms);
        effects.extend(self.inks.tick(self.audience(), now_ms));
        self.spread(effects)
    }

    /// Whether something waits for the next tick.
    #[must_use]
    pub fn wants_tick(&self) -> bool {
        self.presence.wants_tick() || self.inks.wants_tick()
    }

    /// Where the log ends, for everybody to compare.
    #[must_use]
    pub fn heartbeat(&self) -> Effect {
        cast(None, ServerMessage::Head(self.document.position()))
    }

    fn oldest_tab_over_limit(&self, profile: &Profile, newcomer: MemberId) -> Vec<Effect> {
        let tabs = self
            .members
            .iter()
            .filter(|(id, member)| member.profile.person == profile.person && **id != newcomer);
        let mut tabs: Vec<_> = tabs.map(|(id, _)| *id).collect();
        tabs.truncate((tabs.len() + 1).saturating_sub(self.settings.tabs));
        tabs.into_iter()
            .flat_map(|oldest| close(oldest, CloseCode::Replaced))
            .collect()
    }
}

impl Member {
    fn new(profile: Profile, now_ms: u64) -> Self {
        Self {
            profile,
            sweeps: rate::sweeps(now_ms),
            ephemeral: rate::ephemeral(now_ms),
            patience: rate::patience(now_ms),
            gaps: rate::gaps(now_ms),
            wait_until_ms: 0,
        }
    }
}

fn send(to: MemberId, message: ServerMessage) -> Effect {
    Effect::Send { to, message }
}

fn cast(except: Option<MemberId>, message: ServerMessage) -> Effect {
    Effect::Cast { except, message }
}

fn close(member: MemberId, code: CloseCode) -> Vec<Effect> {
    Vec::from([Effect::Close { member, code }])
}
