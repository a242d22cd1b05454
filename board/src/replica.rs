//! Replica: a client's copy of a board. What is in the log, with the client's own pending ops on top.
//!
//! Pure: messages go in, messages to send and what changed come out. On news it takes its pending ops
//! off, applies the news and puts them back (D11), so the page always shows the log's order with one's
//! own latest on top. An op leaves the queue only when it is seen in the log (or the server says that
//! it is there), and keeps its identity however often it is sent. Not here: the socket, storage of the
//! queue, ink and presence.

mod counts;
mod queue;

use alloc::vec::Vec;

use crate::document::{Change, Document, Inverse, Trial};
use crate::id::{ClientId, OpId, PersonId};
use crate::ledger::{Entry, Position, Role, Seq};
use crate::op::Op;
use crate::wire::{Batch, ClientMessage, Queued, Refusal, ServerMessage, Start};

use queue::Queue;

/// Where a replica stands with its server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// No connection.
    Away,
    /// Said hello; ops may not be sent yet.
    Greeting,
    /// Waits for the snapshot at this position; ops that come meanwhile are kept.
    Fetching(Position, Vec<Batch>),
    /// Ops come in; current once at this seq.
    CatchingUp(Seq),
    /// Current, as far as it can know.
    Live,
}

/// Most ops that are kept while a snapshot is fetched; past it, starting again is cheaper.
const KEPT_WHILE_FETCHING: usize = 20_000;

/// What a message did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Received {
    /// What looks different.
    pub change: Change,
    /// Own ops that are in the log now: no longer to be kept on this device.
    pub saved: Vec<OpId>,
    /// Own ops that never will be, with the reason.
    pub refused: Vec<(Entry, Refusal)>,
    /// Pending ops that go on under another identity: old, new.
    pub renamed: Vec<(OpId, OpId)>,
    /// Fetch `/b/ID/snapshot/EPOCH-SEQ` of this position and give it to [`Replica::adopt`].
    pub fetch: Option<Position>,
    /// Call [`Replica::again`] after so many ms.
    pub retry_ms: Option<u32>,
    /// The connection is of no use any more: close it and connect again.
    pub reconnect: bool,
}

/// A pending op and what takes it off again.
#[derive(Debug, Clone)]
struct Pending {
    entry: Entry,
    inverse: Inverse,
}

/// A client's copy of a board.
#[derive(Debug, Clone)]
pub struct Replica {
    /// The log up to a position, with everything pending on top.
    document: Document,
    queue: Queue,
    /// Of everything pending, and maybe of what is not any more.
    trial: Trial,
    me: PersonId,
    phase: Phase,
    /// What the server said of this client's ops at the hello.
    known_n: u32,
    /// Whether the server takes no ops at all, as it said at the hello.
    read_only: bool,
    /// Its history is not the server's: start again from a snapshot.
    diverged: bool,
}

impl Replica {
    /// A copy that begins as `document`, for ops of `me`, under a fresh random `client`.
    #[must_use]
    pub fn new(document: Document, client: ClientId, me: PersonId) -> Self {
        let (queue, trial) = (Queue::new(client), Trial::since(document.position()));
        Self {
            document,
            queue,
            trial,
            me,
            phase: Phase::Away,
            known_n: 0,
            read_only: false,
            diverged: false,
        }
    }

    /// The board as its person sees it: the log, with pending ops on top.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The board as the log has it, without pending ops.
    #[must_use]
    pub fn confirmed(&self) -> Document {
        let mut document = self.document.clone();
        for pending in self.queue.iter().rev() {
            let _ = document.revert(pending.inverse.clone());
        }
        document
    }

    /// How much of the log is here.
    #[must_use]
    pub fn position(&self) -> Position {
        self.document.position()
    }

    /// How many ops wait for their place in the log.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// The ops that wait, in order: what is to be kept on this device.
    pub fn pending_entries(&self) -> impl Iterator<Item = &Entry> {
        self.queue.iter().map(|pending| &pending.entry)
    }

    /// Whether everything known is here and ops may be sent.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// Whether nobody can change the board, as far as is known: what is pending waits for another day.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// What its person is on the board now.
    #[must_use]
    pub fn role(&self) -> Role {
        if self.read_only {
            Role::Viewer
        } else {
            self.document.access().role(self.me)
        }
    }

    /// Who its ops are from.
    #[must_use]
    pub fn me(&self) -> PersonId {
        self.me
    }

    /// Its ops are from this person from now on; for a page that learns who it is from the welcome.
    pub fn set_me(&mut self, me: PersonId) {
        self.me = me;
    }

    /// Puts back what an earlier page of this board left unsent, under its old identity, before
    /// everything else.
    pub fn adopt_pending(&mut self, entries: Vec<Entry>) -> Change {
        let mut change = self.take_off();
        self.queue.put_first(entries);
        change |= self.put_back();
        change
    }

    /// Takes out everything that waits, for as long as its person thinks about it; [`Self::adopt_pending`] puts it
    /// back. What comes next is from a fresh random `client`.
    pub fn withdraw_pending(&mut self, client: ClientId) -> (Vec<Entry>, Change) {
        let change = self.take_off();
        (self.queue.withdraw(client), change)
    }

    /// Carries out an op of one's own: at once here, in the log when the server has it.
    pub fn perform(&mut self, op: Op, now_ms: u64) -> (Entry, Change) {
        let entry = Entry {
            id: self.queue.next_id(),
            author: self.me,
            at_ms: now_ms,
            op,
        };
        let (change, inverse) = self.document.apply(&entry);
        self.trial.follow(&inverse);
        self.queue.push(Pending {
            entry: entry.clone(),
            inverse,
        });
        (entry, change)
    }

    /// A connection is there: what to say first.
    pub fn hello(&mut self) -> ClientMessage {
        self.phase = Phase::Greeting;
        self.queue.begin();
        let resume = (!self.diverged).then(|| self.position());
        ClientMessage::Hello {
            client: self.queue.client(),
            resume,
        }
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Away;
        self.queue.begin();
    }

    /// The ops to send now; nothing unless it is live and the board can be changed.
    pub fn outgoing(&mut self) -> Vec<ClientMessage> {
        if self.is_live() && !self.read_only {
            self.queue.outgoing()
        } else {
            Vec::new()
        }
    }

    /// The wait after a refusal is over: what was refused goes once more, and what follows it.
    pub fn again(&mut self) -> Vec<ClientMessage> {
        self.queue.go_on();
        self.outgoing()
    }

    /// Something came from the server. `fresh` draws a new random client id; it is used when an op was
    /// refused for good, since nothing after it in its queue would be taken.
    pub fn receive(
        &mut self,
        message: &ServerMessage,
        fresh: impl FnOnce() -> ClientId,
    ) -> Received {
        match message {
            ServerMessage::Welcome {
                last_n,
                you,
                read_only,
                ..
            } => {
                self.read_only = *read_only;
                self.welcomed(*last_n, you.person, fresh)
            }
            ServerMessage::Start(start) => self.start(*start),
            ServerMessage::Ops(batch) => self.receive_batch(batch),
            ServerMessage::Ack { id, seq } => self.acknowledged(*id, *seq),
            ServerMessage::Nack { id, reason } => self.refused(*id, *reason, fresh),
            ServerMessage::Head(head) => self.compare(*head),
            _ => Received::default(),
        }
    }

    /// Begins anew from a fetched snapshot, or from any other document; pending ops stay on top.
    pub fn adopt(&mut self, document: Document) -> Received {
        let Phase::Fetching(wanted, kept) = core::mem::replace(&mut self.phase, Phase::Away) else {
            return Received::default();
        };
        if document.position() != wanted {
            return Received {
                reconnect: true,
                ..Received::default()
            };
        }
        let _ = self.take_off();
        self.document = document;
        self.diverged = false;
        self.phase = Phase::CatchingUp(wanted.seq);
        let mut received = Received {
            change: self.put_back(),
            ..Received::default()
        };
        received.change.all = true;
        received.merge(self.catch_up());
        for batch in kept {
            received.merge(self.receive_batch(&batch));
        }
        received
    }

    fn welcomed(
        &mut self,
        last_n: u32,
        me: PersonId,
        fresh: impl FnOnce() -> ClientId,
    ) -> Received {
        self.known_n = last_n;
        self.me = me;
        let client = self.queue.client();
        if self.queue.logged(client) <= last_n {
            return Received::default();
        }
        // The log went back behind what it had of this queue: what follows would be a gap for ever.
        let mut change = self.take_off();
        let renamed = self.queue.rename(OpId { client, n: 0 }, fresh());
        self.known_n = 0;
        change |= self.put_back();
        Received {
            change,
            renamed,
            ..Received::default()
        }
    }

    fn start(&mut self, start: Start) -> Received {
        match start {
            Start::Tail { from, head } if from == self.position() => {
                self.phase = Phase::CatchingUp(head.seq);
                self.catch_up()
            }
            Start::Tail { .. } => self.diverge(),
            // The log went back: only a hello tells how much of this queue it still has.
            Start::Snapshot(position) if self.is_live() && position.seq < self.position().seq => {
                Received {
                    reconnect: true,
                    ..Received::default()
                }
            }
            Start::Snapshot(position) => {
                self.phase = Phase::Fetching(position, Vec::new());
                self.queue.unsend();
                Received {
                    fetch: Some(position),
                    ..Received::default()
                }
            }
        }
    }

    /// Once it is where the head was at the hello, what the log had of its queue by then is known to be
    /// here, and the rest may be sent.
    fn catch_up(&mut self) -> Received {
        if !matches!(self.phase, Phase::CatchingUp(seq) if self.position().seq >= seq) {
            return Received::default();
        }
        self.phase = Phase::Live;
        let (client, known_n) = (self.queue.client(), self.known_n);
        self.drop_saved(|id| id.client == client && id.n <= known_n)
    }

    fn drop_saved(&mut self, is_saved: impl Fn(OpId) -> bool) -> Received {
        let is_missed =
            |pending: &Pending| is_saved(pending.entry.id) && pending.inverse != Inverse::Nothing;
        // What did nothing a second time is not missed.
        if !self.queue.iter().any(is_missed) {
            return Received {
                saved: self.queue.drop_saved(is_saved),
                ..Received::default()
            };
        }
        let mut change = self.take_off();
        let saved = self.queue.drop_saved(is_saved);
        change |= self.put_back();
        Received {
            change,
            saved,
            ..Received::default()
        }
    }

    fn receive_batch(&mut self, batch: &Batch) -> Received {
        match &mut self.phase {
            Phase::Fetching(_, kept) if kept.len() < KEPT_WHILE_FETCHING => {
                kept.push(batch.clone());
                Received::default()
            }
            Phase::CatchingUp(_) | Phase::Live => {
                let mut received = self.apply(batch);
                received.merge(self.catch_up());
                received
            }
            Phase::Fetching(..) | Phase::Greeting | Phase::Away => self.diverge(),
        }
    }

    fn apply(&mut self, batch: &Batch) -> Received {
        let next = self.position().seq + 1;
        if batch.first > next {
            return Received {
                reconnect: true,
                ..Received::default()
            };
        }
        let known = usize::try_from(next - batch.first).unwrap_or(usize::MAX);
        let fresh = batch.entries.get(known..).unwrap_or_default();
        if fresh.is_empty() {
            return Received::default();
        }
        let mut saved = self.settle(fresh);
        let rest = fresh.get(saved.len()..).unwrap_or_default();
        let mut change = Change::default();
        if !rest.is_empty() {
            change |= self.take_off();
            for entry in rest {
                change |= self.document.commit(entry);
                saved.extend(self.queue.drop_logged(entry.id));
            }
            change |= self.put_back();
        }
        let mut received = Received {
            change,
            saved,
            ..Received::default()
        };
        if self.position().chain != batch.chain {
            received.merge(self.diverge());
        }
        received
    }

    /// Takes in what is the beginning of its own queue where it is: most of what comes while a queue is sent. Answers
    /// which ops these are; everything looks as before.
    fn settle(&mut self, fresh: &[Entry]) -> Vec<OpId> {
        let mut saved = Vec::new();
        for entry in fresh {
            let Some(own) = self.queue.first() else { break };
            let is_same = own.entry.id == entry.id
                && own.entry.author == entry.author
                && own.entry.op == entry.op;
            if !is_same || !self.document.settle(entry, &own.inverse, self.trial) {
                break;
            }
            saved.extend(self.queue.pop_logged());
        }
        saved
    }

    fn acknowledged(&mut self, id: OpId, seq: Seq) -> Received {
        if seq <= self.position().seq {
            self.drop_saved(|pending| pending == id)
        } else {
            Received::default()
        }
    }

    fn compare(&mut self, head: Position) -> Received {
        let here = self.position();
        let same = head.epoch == here.epoch && (head.seq != here.seq || head.chain == here.chain);
        match self.phase {
            Phase::Live if !same => self.diverge(),
            // The head travels behind the ops it counts: what is missing now will not come any more.
            Phase::Live if head.seq > here.seq => Received {
                reconnect: true,
                ..Received::default()
            },
            _ => Received::default(),
        }
    }

    fn diverge(&mut self) -> Received {
        self.diverged = true;
        Received {
            reconnect: true,
            ..Received::default()
        }
    }

    fn refused(&mut self, id: OpId, reason: Refusal, fresh: impl FnOnce() -> ClientId) -> Received {
        match reason {
            Refusal::Busy(ms) => {
                self.queue.slow(id);
                Received {
                    retry_ms: Some(ms),
                    ..Received::default()
                }
            }
            Refusal::Gap(n) => self.fill(OpId { n, ..id }, reason, fresh),
            _ => self.give_up(id, reason, fresh()),
        }
    }

    /// This op is missing. It is here to be sent again, or was seen in the log after the server had said so; if not, it
    /// is lost, and what comes after it loses nothing but its identity.
    fn fill(
        &mut self,
        missing: OpId,
        reason: Refusal,
        fresh: impl FnOnce() -> ClientId,
    ) -> Received {
        if self.queue.has_or_had(missing) {
            self.queue.repeat_from(missing);
            return Received::default();
        }
        if !self.queue.has_any_of(missing.client) {
            return Received::default();
        }
        self.queue.unsend();
        self.give_up(missing, reason, fresh())
    }

    /// The op will never be in the log. Later ops of its queue go on in a new one, except those that
    /// would meet the same refusal; earlier ones are on their way.
    fn give_up(&mut self, id: OpId, reason: Refusal, fresh: ClientId) -> Received {
        let mut change = self.take_off();
        let (access, me) = (self.document.access().clone(), self.me);
        let doomed = |entry: &Entry| match reason {
            Refusal::Gap(_) => false,
            Refusal::Forbidden => {
                entry.id == id || (entry.id.n > id.n && !access.permits(me, &entry.op))
            }
            _ => entry.id == id,
        };
        let refused = self.queue.drop_refused(id.client, doomed);
        let renamed = self.queue.rename(id, fresh);
        change |= self.put_back();
        let refused = refused.into_iter().map(|entry| (entry, reason)).collect();
        Received {
            change,
            refused,
            renamed,
            ..Received::default()
        }
    }

    fn take_off(&mut self) -> Change {
        let mut change = Change::default();
        for pending in self.queue.iter_mut().rev() {
            change |= self
                .document
                .revert(core::mem::replace(&mut pending.inverse, Inverse::Nothing));
        }
        change
    }

    fn put_back(&mut self) -> Change {
        let mut change = Change::default();
        self.trial = Trial::since(self.position());
        for pending in self.queue.iter_mut() {
            let (more, inverse) = self.document.apply(&pending.entry);
            change |= more;
            self.trial.follow(&inverse);
            pending.inverse = inverse;
        }
        change
    }
}

impl Received {
    fn merge(&mut self, other: Self) {
        self.change |= other.change;
        self.saved.extend(other.saved);
        self.refused.extend(other.refused);
        self.renamed.extend(other.renamed);
        self.fetch = other.fetch.or(self.fetch);
        self.retry_ms = other.retry_ms.or(self.retry_ms);
        self.reconnect |= other.reconnect;
    }
}

fn queued(entry: &Entry) -> Queued {
    Queued {
        n: entry.id.n,
        op: entry.op.clone(),
    }
}
