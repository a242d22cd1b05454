//! The task of one room: it owns a [`Room`], feeds it what happens and carries out what it says.
//!
//! All decisions about the board are the room's; here are only queues, timers and the store. What was committed comes in
//! by one way, whoever committed it: this server's writer, another server by the relay, or the store when something is
//! missing ([`errands`]). Not here: who may open a room ([`super::Hub`]), the end of the server ([`goodbye`]).

mod errands;
mod goodbye;
mod others;
mod parked;
mod post;
mod state;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use inkroom_board::ledger::Logged;
use inkroom_board::room::{Effect, Opening};
use inkroom_board::wire::{ClientMessage, CloseCode, Profile, Sketch};
use inkroom_board::{BoardId, MemberId, Position, Room, Seq};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::member::Mailbox;
use super::view::View;
use super::{Closed, Joining, Opened, Registered, Surroundings, TICK};
use crate::metrics::Journeys;
use crate::random;
use crate::relay::{RelayHealth, Subscription};
use crate::store::StoreError;
use crate::store::writer::{Committed, Lane};
use crate::telemetry::Tag;

use errands::{Done, Reading, Snapshots};
use goodbye::Goodbye;
use others::Seated;
use parked::Parked;
use post::Posted;
use state::State;

/// What members wait before they send again what the store's queue did not take, in ms.
const BUSY_RETRY_MS: u32 = 250;
/// A view of a large board is copied at most this often, however many ask: the socket tells what came since.
const VIEW_EVERY: Duration = Duration::from_millis(500);
/// From this size on a board counts as large, in bytes in memory: copying less takes under a millisecond.
const LARGE: usize = 1024 * 1024;
/// Housekeeping happens this often; it takes next to nothing.
const UPKEEP: Duration = Duration::from_secs(1);

/// What comes into a room from its members and from pages.
#[derive(Debug)]
pub(crate) enum Command {
    /// Somebody said hello.
    Join {
        member: MemberId,
        mailbox: Arc<Mailbox>,
        joining: Joining,
    },
    /// A member sent something.
    Receive {
        member: MemberId,
        message: ClientMessage,
        /// When it was read.
        at: Instant,
    },
    /// A member's durable lane overflowed and is empty now.
    Resume {
        member: MemberId,
        from: Option<Position>,
    },
    /// A connection ended.
    Left { member: MemberId },
    /// A page wants to show the board.
    View(oneshot::Sender<Arc<View>>),
    /// The store says that the log ends here.
    Head(Position),
}

/// One room at work.
struct Task {
    registered: Registered,
    around: Surroundings,
    board: BoardId,
    room: Room,
    members: BTreeMap<MemberId, Arc<Mailbox>>,
    posted: Posted,
    lane: Lane,
    errands: JoinSet<Done>,
    reading: Reading,
    /// Where the room is, if the store says that the log ends before, and since when it says so.
    ahead: Option<(Seq, Instant)>,
    snapshots: Snapshots,
    parked: Parked,
    seated: Seated,
    state: State,
    view: Option<(Arc<View>, Instant)>,
    goodbye: Option<Goodbye>,
    journeys: Journeys,
    /// Since when nobody holds or uses the room.
    quiet_since: Option<Instant>,
}

/// What wakes the task besides commands.
struct Sources {
    inbox: mpsc::Receiver<Command>,
    outcomes: mpsc::Receiver<Committed>,
    news: Box<dyn Subscription>,
}

/// Opens the room and serves it until nobody needs it.
pub(super) async fn run(
    registered: Registered,
    inbox: mpsc::Receiver<Command>,
    opened: watch::Sender<Opened>,
) {
    let around = registered.shared.around.clone();
    let board = registered.board;
    // First listen, then read: what is committed in between is heard twice rather than not at all.
    let news = around.relay.subscribe(board).await;
    match around.store.load(board).await {
        Ok(opening) => {
            let (lane, outcomes) = around.writer.lane(board);
            let task = Task::new(registered, around, opening, lane);
            opened.send_replace(Opened::Yes);
            task.serve(Sources {
                inbox,
                outcomes,
                news,
            })
            .await;
        }
        Err(error) => {
            drop(registered);
            opened.send_replace(Opened::No(closed(board, &error)));
        }
    }
}

fn closed(board: BoardId, error: &StoreError) -> Closed {
    match error {
        StoreError::NotFound => Closed::NotFound,
        StoreError::Damaged { .. } => {
            tracing::error!(board.id = %Tag(board), "the board is damaged");
            Closed::Damaged
        }
        error => {
            tracing::warn!(board.id = %Tag(board), %error, "the board cannot be opened");
            Closed::Unavailable
        }
    }
}

impl Task {
    fn new(registered: Registered, around: Surroundings, opening: Opening, lane: Lane) -> Self {
        let snapshots = Snapshots::new(opening.document.position().seq);
        let state = State::of(&opening);
        Self {
            board: registered.board,
            room: Room::new(opening, random::client(), around.settings.clone()),
            registered,
            around,
            members: BTreeMap::new(),
            posted: Posted::default(),
            lane,
            errands: JoinSet::new(),
            reading: Reading::default(),
            ahead: None,
            snapshots,
            parked: Parked::default(),
            seated: Seated::default(),
            state,
            view: None,
            goodbye: None,
            journeys: Journeys::default(),
            quiet_since: None,
        }
    }

    async fn serve(mut self, mut from: Sources) {
        let mut ticks = timer(TICK);
        let mut heartbeats = timer(self.around.timing.heartbeat);
        let mut upkeep = timer(UPKEEP.min(self.around.timing.idle));
        let draining = self.registered.shared.draining.clone();
        loop {
            let effects = tokio::select! {
                Some(committed) = from.outcomes.recv() => self.decided(committed),
                Some(done) = self.errands.join_next() => self.returned(done),
                Some(command) = from.inbox.recv() => self.obey(command),
                news = from.news.next() => self.heard(news),
                () = until(self.parked.until()) => self.give_up_parked(),
                _ = ticks.tick(), if self.ticks() => self.tick(from.inbox.is_empty()),
                _ = heartbeats.tick() => Vec::from([self.room.heartbeat()]),
                _ = upkeep.tick() => self.upkeep(),
                () = draining.cancelled(), if self.goodbye.is_none() => self.begin_goodbye(),
            };
            self.perform(effects);
            if self.is_over() {
                break;
            }
        }
        self.tell_state();
    }

    fn now_ms(&self) -> u64 {
        self.around.clock.now_ms()
    }

    fn obey(&mut self, command: Command) -> Vec<Effect> {
        if !matches!(command, Command::Head(_)) {
            self.quiet_since = None;
        }
        let now_ms = self.now_ms();
        match command {
            Command::Join {
                member,
                mailbox,
                joining,
            } => self.join(member, mailbox, joining),
            Command::Receive {
                member,
                message: ClientMessage::Ink(sketch),
                at,
            } => self.pass_on(member, sketch, at),
            Command::Receive {
                member, message, ..
            } => self.room.receive(member, message, now_ms),
            Command::Resume { member, from } => self.resume(member, from),
            Command::Left { member } => self.leave(member),
            Command::View(answer) => {
                // Whoever asked may be gone.
                let _ = answer.send(self.view());
                Vec::new()
            }
            Command::Head(head) => self.compare(head),
        }
    }

    fn join(&mut self, member: MemberId, mailbox: Arc<Mailbox>, joining: Joining) -> Vec<Effect> {
        if self.goodbye.is_some() {
            mailbox.finish(CloseCode::Restart);
            return Vec::new();
        }
        self.members.insert(member, mailbox);
        let Joining {
            profile,
            known,
            resume,
            span,
            ..
        } = joining;
        let effects = self
            .room
            .join(member, profile, known, resume, self.now_ms());
        self.registered.set_here(self.room.len());
        self.perform(effects);
        drop(span);
        Vec::new()
    }

    /// Ink is timed all the way to the members' writers.
    fn pass_on(&mut self, member: MemberId, sketch: Sketch, at: Instant) -> Vec<Effect> {
        let message = ClientMessage::Ink(sketch);
        let effects = self.room.receive(member, message, self.now_ms());
        self.perform(effects);
        let latency = &self.around.metrics.ink_latency;
        latency.observe(at.elapsed().as_secs_f64());
        Vec::new()
    }

    fn leave(&mut self, member: MemberId) -> Vec<Effect> {
        self.members.remove(&member);
        let effects = self.room.left(member, self.now_ms());
        self.registered.set_here(self.room.len());
        effects
    }

    fn resume(&mut self, member: MemberId, from: Option<Position>) -> Vec<Effect> {
        let Some(mailbox) = self.members.get(&member) else {
            return Vec::new();
        };
        tracing::debug!(board.id = %Tag(self.board), member.id = member.0, "a slow reader starts again");
        mailbox.resume();
        self.around.metrics.lane_resync.inc();
        self.room.resume(member, from)
    }

    /// The writer decided about what this room submitted.
    fn decided(&mut self, committed: Committed) -> Vec<Effect> {
        let decided = committed.outcomes().len();
        let (logged, answers) = committed.into_parts();
        let hint = self.hint(&logged);
        let now_ms = self.now_ms();
        self.snapshots.count(&logged, now_ms);
        self.state.commit(&logged);
        let mut effects = self.room.committed(logged);
        for (id, answer) in answers {
            effects.extend(self.room.answered(id, answer, now_ms));
        }
        // Those who are here first, then those on other servers.
        self.perform(effects);
        self.journeys
            .came_back(decided, &self.around.metrics.ack_latency);
        if let Some(hint) = hint {
            self.around.relay.publish(hint);
        }
        self.take_in_parked()
    }

    fn take_in(&mut self, logged: &[Logged]) -> Vec<Effect> {
        let head = self.room.document().position().seq;
        let fresh: Vec<_> = logged
            .iter()
            .filter(|logged| logged.seq > head)
            .cloned()
            .collect();
        self.snapshots.count(&fresh, self.now_ms());
        self.state.follow(&fresh);
        self.room.committed(fresh)
    }

    fn view(&mut self) -> Arc<View> {
        let document = self.room.document();
        if let Some((view, made)) = &self.view {
            let is_large = document.cost() >= LARGE;
            if view.position() == document.position() || (is_large && made.elapsed() < VIEW_EVERY) {
                return Arc::clone(view);
            }
        }
        let view = View::new(self.board, document.clone());
        self.view = Some((Arc::clone(&view), Instant::now()));
        view
    }

    fn ticks(&self) -> bool {
        self.room.wants_tick() || self.goodbye.is_some()
    }

    fn tick(&mut self, is_inbox_empty: bool) -> Vec<Effect> {
        let mut effects = self.room.tick(self.now_ms());
        effects.extend(self.go_on_with_goodbye(is_inbox_empty));
        effects
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let mut waiting = VecDeque::from(effects);
        while let Some(effect) = waiting.pop_front() {
            waiting.extend(self.carry_out(effect));
        }
        self.send_off();
    }

    fn carry_out(&mut self, effect: Effect) -> Vec<Effect> {
        match effect {
            Effect::Send { to, message } => self.send(to, &message),
            Effect::Cast { except, message } => self.cast(except, &message),
            Effect::Close { member, code } => self.close(member, code),
            Effect::Submit(entries) => return self.submit(entries),
            Effect::CatchUp(_) => {
                self.around.metrics.gap_detected.inc();
                return self.catch_up();
            }
            Effect::Reload => self.reload(),
            Effect::SaveProfile(profile) => self.save(profile),
            Effect::Murmur(murmur) => self.around.relay.murmur(self.board, murmur),
        }
        Vec::new()
    }

    fn submit(&mut self, entries: Vec<inkroom_board::Entry>) -> Vec<Effect> {
        let ops = entries.len();
        match self.lane.try_submit(entries) {
            Ok(()) => {
                self.journeys.set_out(ops);
                Vec::new()
            }
            Err(turned) => self.room.refused(&turned.ids, BUSY_RETRY_MS, self.now_ms()),
        }
    }

    fn save(&mut self, profile: Profile) {
        let (store, at_ms) = (Arc::clone(&self.around.store), self.now_ms());
        self.errands.spawn(async move {
            if let Err(error) = store.put_person(&profile, at_ms).await {
                tracing::warn!(%error, "a name was not kept");
            }
            Done::Other
        });
    }

    /// Snapshots when they are due, and the end of a room that nobody needs.
    fn upkeep(&mut self) -> Vec<Effect> {
        if self.room.is_idle() {
            self.quiet_since.get_or_insert_with(Instant::now);
        } else {
            self.quiet_since = None;
        }
        self.registered
            .set_gathered(self.members.values().map(|mailbox| mailbox.bytes()).sum());
        self.snapshot_if_due(self.is_unused());
        if self
            .view
            .as_ref()
            .is_some_and(|(_, made)| made.elapsed() > 10 * VIEW_EVERY)
        {
            self.view = None;
        }
        self.tell_others();
        let is_deaf = *self.around.relay.health().borrow() != RelayHealth::Healthy;
        self.room.keep(self.now_ms(), is_deaf)
    }

    fn is_over(&self) -> bool {
        if self.goodbye.is_some() {
            return self.is_goodbye_over();
        }
        let is_done = self.errands.is_empty() && !self.is_snapshot_due(true);
        self.is_unused() && is_done && self.registered.close_if_unheld()
    }

    /// Whether nobody was here for so long that nobody is expected back soon.
    fn is_unused(&self) -> bool {
        let is_long = self
            .quiet_since
            .is_some_and(|since| since.elapsed() >= self.around.timing.idle);
        is_long && self.room.is_idle()
    }
}

/// Waits for a moment, or for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn timer(every: Duration) -> tokio::time::Interval {
    let mut timer = interval(every);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}
