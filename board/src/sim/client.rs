//! One simulated person with a page: a replica, a hand that draws, a queue on disk, and a connection
//! that may be cut.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Report;
use super::random::Random;
use super::store::Store;
use crate::document::Document;
use crate::element::{Brush, Colour, Element, Ink, Shape, ShapeKind, Stroke, Style, Width};
use crate::geom::{Point, Pos};
use crate::history::{Board, History, Step, Way};
use crate::id::{ClientId, ElementId, MemberId, OpId, PersonId};
use crate::ledger::{Entry, Mode, Position};
use crate::op::Op;
use crate::points::Points;
use crate::presence::Presence;
use crate::replica::{Received, Replica};
use crate::wire::{ClientMessage, Format, Profile, Queued, Refusal, ServerMessage, Sketch};

#[derive(Debug)]
pub(super) struct Link {
    pub(super) server: usize,
    pub(super) member: MemberId,
    /// Whether the hello has arrived: a room sends nothing before.
    pub(super) said_hello: bool,
    to_server: VecDeque<ClientMessage>,
    pub(super) to_client: VecDeque<ServerMessage>,
    fetch: Option<Position>,
}

#[derive(Debug)]
struct Drawing {
    id: ElementId,
    len: u32,
    started: bool,
}

#[derive(Debug)]
pub(super) struct Client {
    person: PersonId,
    pub(super) replica: Replica,
    history: History,
    drawing: Option<Drawing>,
    pub(super) link: Option<Link>,
    /// What the page keeps on its device.
    disk: Vec<Entry>,
    /// What the page called saved.
    pub(super) saved: BTreeSet<OpId>,
    inks: BTreeSet<(MemberId, ElementId)>,
    presence: Presence,
    /// When the wait is over that the server asked for.
    again_at: Option<u64>,
    /// The queues that its ops ever came from.
    queues: BTreeSet<ClientId>,
    /// What it sent over this connection and may be answered yet.
    on_the_way: BTreeSet<OpId>,
    /// What it sent a second time although it might have been answered.
    pub(super) impatient: Option<OpId>,
}

const STYLE: Style = Style {
    colour: Colour::Named(Ink::Blue),
    width: Width(256),
};

impl Client {
    pub(super) fn new(store: &Store, person: PersonId, random: &mut Random) -> Self {
        Self {
            person,
            replica: Replica::new(store.genesis.clone(), random.client(), person),
            history: History::default(),
            drawing: None,
            link: None,
            disk: Vec::new(),
            saved: BTreeSet::new(),
            inks: BTreeSet::new(),
            presence: Presence::default(),
            again_at: None,
            queues: BTreeSet::new(),
            on_the_way: BTreeSet::new(),
            impatient: None,
        }
    }

    /// Whether the op is from one of its queues, and not from a room on its behalf.
    pub(super) fn owns(&self, id: OpId) -> bool {
        self.queues.contains(&id.client)
    }

    pub(super) fn person(&self) -> PersonId {
        self.person
    }

    /// Whom the page shows as being here, in order; nobody where the count says something else.
    pub(super) fn sees(&self) -> Vec<PersonId> {
        let listed = self.presence.listed();
        let mut people: Vec<_> = listed.map(|present| present.profile.person).collect();
        people.sort_unstable();
        if usize::try_from(self.presence.here()).ok() == Some(people.len()) {
            people
        } else {
            Vec::new()
        }
    }

    /// For the report of a failure.
    pub(super) fn state(&self) -> String {
        format!(
            "{:?} pending {} sees {:?} inks {:?}",
            self.person,
            self.replica.pending(),
            self.presence
                .listed()
                .map(|present| (present.member, present.profile.person))
                .collect::<Vec<_>>(),
            self.inks,
        )
    }

    pub(super) fn profile(&self) -> Profile {
        Profile {
            person: self.person,
            name: String::from("Somebody"),
            colour: Ink::Blue,
        }
    }

    pub(super) fn is_on(&self, server: usize) -> bool {
        self.link.as_ref().is_some_and(|link| link.server == server)
    }

    pub(super) fn is_member(&self, server: usize, member: MemberId) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| link.server == server && link.member == member)
    }

    pub(super) fn is_at_rest(&self, head: Position) -> bool {
        let quiet = |link: &Link| link.to_server.is_empty() && link.to_client.is_empty();
        self.link.as_ref().is_some_and(quiet)
            && self.replica.is_live()
            && self.replica.pending() == 0
            && self.replica.position() == head
    }

    /// Ink of people who are not drawing must not be seen.
    pub(super) fn ink_is_gone(&self) -> bool {
        self.inks.is_empty()
    }

    /// The ink that is stuck, and what the log has of it.
    pub(super) fn stuck(&self, model: &Document) -> String {
        format!(
            "{:?}",
            self.inks
                .iter()
                .map(|(member, id)| (member, model.get(*id)))
                .collect::<Vec<_>>()
        )
    }

    pub(super) fn connect(&mut self, server: usize, member: MemberId) {
        self.lift_pen(0);
        let to_server = VecDeque::from([self.replica.hello()]);
        let to_client = VecDeque::new();
        self.inks.clear();
        self.link = Some(Link {
            server,
            member,
            said_hello: false,
            to_server,
            to_client,
            fetch: None,
        });
    }

    pub(super) fn disconnect(&mut self) -> Option<Link> {
        self.again_at = None;
        self.on_the_way.clear();
        let _ = self.presence.disconnected();
        self.replica.disconnected();
        self.link.take()
    }

    /// The page is closed and opened again: memory is lost, the disk is not.
    pub(super) fn reload(&mut self, store: &Store, random: &mut Random) {
        let document = store
            .at(store.head.position)
            .unwrap_or_else(|| store.genesis.clone());
        self.replica = Replica::new(document, random.client(), self.person);
        let _ = self.replica.adopt_pending(core::mem::take(&mut self.disk));
        self.history = History::default();
        self.drawing = None;
        self.keep();
    }

    pub(super) fn next_sent(&mut self) -> Option<(usize, MemberId, ClientMessage)> {
        let link = self.link.as_mut()?;
        let message = link.to_server.pop_front()?;
        link.said_hello = true;
        Some((link.server, link.member, message))
    }

    /// Sends again what was not answered yet, as a client may that does not know better.
    pub(super) fn repeat(&mut self) -> bool {
        let mut waiting = self.replica.pending_entries().peekable();
        let Some(client) = waiting.peek().map(|first| first.id.client) else {
            return false;
        };
        let ops: Vec<_> = waiting
            .take_while(|entry| entry.id.client == client)
            .take(crate::limits::OPS_PER_FRAME)
            .map(|entry| Queued {
                n: entry.id.n,
                op: entry.op.clone(),
            })
            .collect();
        let is_live = self.replica.is_live();
        if is_live {
            let again = true;
            self.send(Vec::from([ClientMessage::Ops { client, again, ops }]));
        }
        is_live
    }

    /// Goes on sending when it has waited for long enough.
    pub(super) fn go_on(&mut self, now_ms: u64) {
        if self.again_at.is_some_and(|at| at <= now_ms) {
            self.again_at = None;
            let frames = self.replica.again();
            self.send_ops(frames);
        }
    }

    /// Sends what the replica wants to be sent, and watches its patience.
    fn send_ops(&mut self, frames: Vec<ClientMessage>) {
        for frame in &frames {
            if let ClientMessage::Ops { client, ops, .. } = frame {
                for n in ops.iter().map(|op| op.n) {
                    let id = OpId { client: *client, n };
                    if !self.on_the_way.insert(id) {
                        self.impatient = Some(id);
                    }
                }
            }
        }
        self.send(frames);
    }

    fn watch_answers(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Nack { id, reason } => {
                let first = if let Refusal::Gap(n) = reason {
                    *n
                } else {
                    id.n
                };
                self.on_the_way
                    .retain(|sent| sent.client != id.client || sent.n < first);
            }
            ServerMessage::Start(_) => self.on_the_way.clear(),
            _ => {}
        }
    }

    fn send(&mut self, frames: Vec<ClientMessage>) {
        if let Some(link) = &mut self.link {
            link.to_server.extend(frames);
        }
    }

    /// Takes in one message; true if it wants another connection.
    pub(super) fn receive_next(
        &mut self,
        random: &mut Random,
        store: &Store,
        now_ms: u64,
        report: &mut Report,
    ) -> Result<bool, String> {
        let Some(link) = &mut self.link else {
            return Ok(false);
        };
        if let Some(position) = link.fetch
            && random.chance(2)
        {
            link.fetch = None;
            let document = store
                .at(position)
                .ok_or_else(|| format!("no snapshot at {position:?}"))?;
            let received = self.replica.adopt(document);
            return Ok(self.follow(received, now_ms, report));
        }
        let Some(message) = link.to_client.pop_front() else {
            return Ok(false);
        };
        let bytes = Format::Binary.encode(&message);
        let again: ServerMessage = Format::Binary
            .decode(&bytes)
            .map_err(|error| format!("{error}"))?;
        if again != message || bytes.len() > crate::limits::FRAME_BYTES {
            return Err(format!("a message does not survive the wire: {message:?}"));
        }
        self.watch_ink(&message);
        self.watch_answers(&message);
        let _ = self
            .presence
            .receive(&message, self.replica.document(), now_ms);
        let received = self.replica.receive(&message, || random.client());
        self.give_up_refused(&received, now_ms);
        Ok(self.follow(received, now_ms, report))
    }

    /// A stroke that the board does not take is let go, here and on everybody's screen.
    fn give_up_refused(&mut self, received: &Received, now_ms: u64) {
        let strokes = received
            .refused
            .iter()
            .filter_map(|(entry, _)| stroke_of(&entry.op));
        for id in strokes {
            if self
                .drawing
                .as_ref()
                .is_some_and(|drawing| drawing.id == id)
            {
                self.lift_pen(now_ms);
            }
            self.send(Vec::from([ClientMessage::Ink(Sketch::Gone { id })]));
        }
    }

    fn follow(&mut self, received: Received, now_ms: u64, report: &mut Report) -> bool {
        self.history.rename(&received.renamed);
        let renamed = received.renamed.iter().map(|(_, new)| new.client);
        self.queues.extend(renamed);
        report.refused += u64::try_from(received.refused.len()).unwrap_or(0);
        self.saved.extend(received.saved);
        if let (Some(position), Some(link)) = (received.fetch, &mut self.link) {
            link.fetch = Some(position);
        }
        self.keep();
        if let Some(ms) = received.retry_ms {
            report.waits += 1;
            self.again_at = Some(now_ms + u64::from(ms));
        }
        let frames = self.replica.outgoing();
        self.send_ops(frames);
        received.reconnect
    }

    fn watch_ink(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Ink {
                member,
                sketch: Sketch::Gone { id },
            } => drop(self.inks.remove(&(*member, *id))),
            ServerMessage::Ink { member, sketch } => drop(self.inks.insert((*member, sketch.id()))),
            ServerMessage::Ops(batch) => {
                for entry in &batch.entries {
                    self.inks.retain(|(_, id)| !finishes(&entry.op, *id));
                }
            }
            ServerMessage::Left(gone) => self.inks.retain(|(member, _)| member != gone),
            _ => {}
        }
    }

    fn keep(&mut self) {
        self.disk = self.replica.pending_entries().cloned().collect();
    }

    fn perform_op(&mut self, op: Op, now_ms: u64) -> OpId {
        let (entry, _) = self.replica.perform(op, now_ms);
        self.queues.insert(entry.id.client);
        self.keep();
        let frames = self.replica.outgoing();
        self.send_ops(frames);
        entry.id
    }

    /// Does something that a person may do, or try to do.
    pub(super) fn act(
        &mut self,
        random: &mut Random,
        store: &Store,
        now_ms: u64,
        report: &mut Report,
    ) {
        match random.between(0, 100) {
            0..=44 => self.draw(random, now_ms),
            45..=59 => self.draw_shape(random, now_ms),
            60..=71 => self.erase(random, now_ms),
            72..=73 => self.clear(now_ms),
            74..=91 => self.undo(
                if random.chance(3) {
                    Way::Redo
                } else {
                    Way::Undo
                },
                now_ms,
                report,
            ),
            92..=95 => self.rule(random, store, now_ms, report),
            96..=97 => self.send(Vec::from([ClientMessage::Hand(random.chance(2))])),
            _ => drop(self.perform_op(Op::SetTitle(format!("{}", random.between(0, 9))), now_ms)),
        }
    }

    fn draw(&mut self, random: &mut Random, now_ms: u64) {
        let points = Points((0..random.between(1, 6)).map(|_| point(random)).collect());
        let done = random.chance(3);
        let len = u32::try_from(points.len()).unwrap_or(0);
        let drawing = self.drawing.take().unwrap_or_else(|| Drawing {
            id: random.element(),
            len: 0,
            started: false,
        });
        let (id, from) = (drawing.id, drawing.len);
        if !done && random.chance(2) && self.replica.is_live() {
            let ahead = Sketch::Stroke {
                id,
                brush: Brush::Pen,
                style: STYLE,
                from,
                points: points.clone(),
            };
            self.send(Vec::from([ClientMessage::Ink(ahead)]));
        }
        let op = if drawing.started {
            Op::Extend {
                id,
                from,
                points,
                done,
            }
        } else {
            Op::Add {
                id,
                element: Element::Stroke(Stroke {
                    brush: Brush::Pen,
                    style: STYLE,
                    points,
                    done,
                }),
            }
        };
        self.perform_op(op, now_ms);
        self.history
            .did_also_or_new(drawing.started, Step::Remove(Vec::from([id])));
        self.drawing = (!done).then_some(Drawing {
            id,
            len: from + len,
            started: true,
        });
    }

    pub(super) fn lift_pen(&mut self, now_ms: u64) {
        if let Some(drawing) = self.drawing.take() {
            let op = Op::Extend {
                id: drawing.id,
                from: drawing.len,
                points: Points::default(),
                done: true,
            };
            self.perform_op(op, now_ms);
        }
    }

    fn draw_shape(&mut self, random: &mut Random, now_ms: u64) {
        let kinds = [
            ShapeKind::Rectangle,
            ShapeKind::Ellipse,
            ShapeKind::Line,
            ShapeKind::Arrow,
        ];
        let kind = random.pick(&kinds).copied().unwrap_or(ShapeKind::Line);
        let (from, to) = (
            point(random).pos(),
            Pos {
                x: random.coordinate(),
                y: random.coordinate(),
            },
        );
        let id = random.element();
        let shape = Shape {
            kind,
            style: STYLE,
            from,
            to,
        };
        self.perform_op(
            Op::Add {
                id,
                element: Element::Shape(shape),
            },
            now_ms,
        );
        self.history.did(Step::Remove(Vec::from([id])));
    }

    fn erase(&mut self, random: &mut Random, now_ms: u64) {
        let ids: Vec<_> = self
            .replica
            .document()
            .visible()
            .map(|item| item.id)
            .collect();
        let mut chosen: Vec<_> = (0..random.between(1, 4))
            .filter_map(|_| random.pick(&ids).copied())
            .collect();
        if random.chance(5) {
            chosen.push(random.element());
        }
        if !chosen.is_empty() {
            let op = self.perform_op(Op::Remove { ids: chosen }, now_ms);
            self.history.did(Step::Restore(op));
        }
    }

    fn clear(&mut self, now_ms: u64) {
        let op = self.perform_op(Op::Clear, now_ms);
        self.history.did(Step::Restore(op));
    }

    fn undo(&mut self, way: Way, now_ms: u64, report: &mut Report) {
        let mut history = core::mem::take(&mut self.history);
        report.undos += u64::from(history.go(
            way,
            &mut Acting {
                client: self,
                now_ms,
            },
        ));
        self.history = history;
    }

    fn rule(&mut self, random: &mut Random, store: &Store, now_ms: u64, report: &mut Report) {
        let person = random.pick(&store.people).copied().unwrap_or(self.person);
        let op = match random.between(0, 4) {
            0 => Op::SetMode(Mode::Everyone),
            1 => Op::SetMode(Mode::Presenters),
            2 => Op::SetPen {
                person,
                holds: true,
            },
            _ => Op::SetPen {
                person,
                holds: false,
            },
        };
        self.perform_op(op, now_ms);
        report.roles += 1;
    }
}

struct Acting<'a> {
    client: &'a mut Client,
    now_ms: u64,
}

impl Board for Acting<'_> {
    fn document(&self) -> &Document {
        self.client.replica.document()
    }

    fn perform(&mut self, op: Op) -> OpId {
        self.client.perform_op(op, self.now_ms)
    }
}

fn point(random: &mut Random) -> Point {
    Point {
        x: random.coordinate(),
        y: random.coordinate(),
        pressure: u8::try_from(random.between(0, 256)).unwrap_or(0),
    }
}

fn stroke_of(op: &Op) -> Option<ElementId> {
    match op {
        Op::Add { id, .. } | Op::Extend { id, .. } => Some(*id),
        _ => None,
    }
}

fn finishes(op: &Op, stroke: ElementId) -> bool {
    match op {
        Op::Add {
            id,
            element: Element::Stroke(added),
        } => *id == stroke && added.done,
        Op::Add { id, .. } => *id == stroke,
        Op::Extend { id, done, .. } => *id == stroke && *done,
        _ => false,
    }
}
