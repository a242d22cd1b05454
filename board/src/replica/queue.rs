//! A client's ops that are not in the log yet: in order, each with its identity, the first few of them
//! on their way.
//!
//! Only ops of the first one's client are on their way at any time, so that where one is refused for the moment, it is
//! known which others were passed over with it: those behind it, and none else is sent again. How many may be on
//! their way is found out: more and more while they are answered, half as many after a refusal.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::counts::Counts;
use super::{Pending, queued};
use crate::document::Inverse;
use crate::id::{ClientId, OpId};
use crate::ledger::Entry;
use crate::limits;
use crate::op::Op;
use crate::wire::ClientMessage;

/// Ops on their way at first: a frame of them.
const FIRST_WINDOW: usize = limits::OPS_PER_FRAME;
/// Most bytes of ops in one frame, with room for what surrounds them.
const FRAME_OPS_BYTES: usize = limits::FRAME_BYTES - 8 * 1024;

#[derive(Debug, Clone)]
pub(super) struct Queue {
    client: ClientId,
    next_n: u32,
    /// Of each client in ascending order.
    pending: VecDeque<Pending>,
    /// How many of `pending` each client has; of those that have any.
    of: Counts,
    /// How many of `pending` are on their way: all of the same client.
    sent: usize,
    /// How many may be.
    window: usize,
    /// Whose ops were sent last, unless they begin again.
    begun: Option<ClientId>,
    /// Nothing is sent for a while.
    is_paused: bool,
    /// The highest n of each of its clients that left the queue for the log.
    logged: Counts,
}

impl Queue {
    pub(super) fn new(client: ClientId) -> Self {
        Self {
            client,
            next_n: 1,
            pending: VecDeque::new(),
            of: Counts::default(),
            sent: 0,
            window: FIRST_WINDOW,
            begun: None,
            is_paused: false,
            logged: Counts::default(),
        }
    }

    pub(super) fn client(&self) -> ClientId {
        self.client
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn first(&self) -> Option<&Pending> {
        self.pending.front()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.pending.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Pending> {
        self.pending.iter_mut()
    }

    /// The highest n of a client that left the queue for the log; 0 if none did.
    pub(super) fn logged(&self, client: ClientId) -> u32 {
        self.logged.get(client)
    }

    /// Whether any op of this client is here.
    pub(super) fn has_any_of(&self, client: ClientId) -> bool {
        self.of.get(client) > 0
    }

    /// Whether the op is here, or left for the log.
    pub(super) fn has_or_had(&self, id: OpId) -> bool {
        id.n <= self.logged(id.client) || self.find(id).is_some()
    }

    /// Where an op is. Most are asked for that belong to the first one's client, whose n follow each other.
    fn find(&self, id: OpId) -> Option<usize> {
        if !self.has_any_of(id.client) {
            return None;
        }
        let is_it = |pending: &Pending| pending.entry.id == id;
        let ahead = id.n.checked_sub(self.first()?.entry.id.n);
        let guess = ahead.and_then(|ahead| usize::try_from(ahead).ok());
        guess
            .filter(|guess| self.pending.get(*guess).is_some_and(is_it))
            .or_else(|| self.iter().position(is_it))
    }

    pub(super) fn next_id(&mut self) -> OpId {
        let id = OpId {
            client: self.client,
            n: self.next_n,
        };
        self.next_n += 1;
        id
    }

    pub(super) fn push(&mut self, pending: Pending) {
        let client = pending.entry.id.client;
        self.of.set(client, self.of.get(client) + 1);
        self.pending.push_back(pending);
    }

    pub(super) fn put_first(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.pending.push_front(Pending {
                entry,
                inverse: Inverse::Nothing,
            });
        }
        self.count();
        self.unsend();
    }

    /// Begins anew as `client`, without what waited.
    pub(super) fn withdraw(&mut self, client: ClientId) -> Vec<Entry> {
        let logged = core::mem::take(&mut self.logged);
        let new = Self {
            logged,
            ..Self::new(client)
        };
        let old = core::mem::replace(self, new).pending;
        old.into_iter().map(|pending| pending.entry).collect()
    }

    fn count(&mut self) {
        self.of.clear();
        for pending in &self.pending {
            let client = pending.entry.id.client;
            self.of.set(client, self.of.get(client) + 1);
        }
    }

    /// Another connection, or none.
    pub(super) fn begin(&mut self) {
        self.unsend();
        self.window = FIRST_WINDOW;
        self.is_paused = false;
    }

    /// Nothing is on its way any more.
    pub(super) fn unsend(&mut self) {
        self.unsend_from(0);
    }

    fn unsend_from(&mut self, index: usize) {
        self.sent = self.sent.min(index);
        self.begun = None;
    }

    /// An op was refused for the moment, and passed over what is on its way behind it: nothing is sent for a while.
    pub(super) fn slow(&mut self, id: OpId) {
        self.is_paused = true;
        if let Some(index) = self.find(id).filter(|index| *index < self.sent) {
            self.unsend_from(index);
            self.window = (self.window / 2).max(1);
        }
    }

    /// Of its client this and what follows is to be sent again.
    pub(super) fn repeat_from(&mut self, id: OpId) {
        let is_due =
            |pending: &Pending| pending.entry.id.client == id.client && pending.entry.id.n >= id.n;
        let index = self.iter().take(self.sent).position(is_due);
        if let Some(index) = index {
            self.unsend_from(index);
        }
    }

    /// The while is over.
    pub(super) fn go_on(&mut self) {
        self.is_paused = false;
    }

    /// Frames with the next ops, as many as may be on their way.
    pub(super) fn outgoing(&mut self) -> Vec<ClientMessage> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next_frame() {
            frames.push(frame);
        }
        frames
    }

    fn next_frame(&mut self) -> Option<ClientMessage> {
        let client = self.first()?.entry.id.client;
        let room = self.room();
        let mut bytes = 0;
        let waiting = self.iter().skip(self.sent).take(room);
        let fits = waiting.take_while(|pending| {
            let first = bytes == 0;
            bytes += pending.entry.op.to_stored().len() + 8;
            pending.entry.id.client == client && (first || bytes <= FRAME_OPS_BYTES)
        });
        let ops: Vec<_> = fits.map(|pending| queued(&pending.entry)).collect();
        if ops.is_empty() {
            return None;
        }
        self.sent += ops.len();
        let again = self.begun.replace(client) != Some(client);
        Some(ClientMessage::Ops { client, again, ops })
    }

    /// How many ops the next frame may have. Of a long queue it is filled, or half the window: answers that come one by
    /// one do not make as many frames.
    fn room(&self) -> usize {
        if self.is_paused {
            return 0;
        }
        let left = self.window.saturating_sub(self.sent);
        let worth = limits::OPS_PER_FRAME.min(self.window / 2);
        if left < worth && left < self.pending.len() - self.sent {
            0
        } else {
            left.min(limits::OPS_PER_FRAME)
        }
    }

    /// The first op is in the log.
    pub(super) fn pop_logged(&mut self) -> Option<OpId> {
        let id = self.pending.pop_front()?.entry.id;
        self.sent = self.sent.saturating_sub(1);
        let many = self.of.get(id.client).saturating_sub(1);
        self.of.set(id.client, many);
        self.note_logged(id);
        if !self.is_paused && self.pending.len() > self.sent {
            self.window = (self.window + 1).min(limits::WINDOW_OPS);
        }
        Some(id)
    }

    /// Takes out what is in the log now that its client's op `last` is.
    pub(super) fn drop_logged(&mut self, last: OpId) -> Vec<OpId> {
        let is_logged = |id: OpId| id.client == last.client && id.n <= last.n;
        let mut saved = Vec::new();
        while self.first().is_some_and(|first| is_logged(first.entry.id)) {
            saved.extend(self.pop_logged());
        }
        let is_first = |first: &Pending| first.entry.id.client == last.client;
        if self.has_any_of(last.client) && !self.first().is_some_and(is_first) {
            saved.extend(self.drop_saved(is_logged));
        }
        saved
    }

    /// Takes ops out that are in the log.
    pub(super) fn drop_saved(&mut self, is_saved: impl Fn(OpId) -> bool) -> Vec<OpId> {
        let saved: Vec<_> = self
            .drain(|entry| is_saved(entry.id))
            .into_iter()
            .map(|entry| entry.id)
            .collect();
        for id in &saved {
            self.note_logged(*id);
        }
        saved
    }

    fn note_logged(&mut self, id: OpId) {
        let logged = self.logged.get(id.client).max(id.n);
        self.logged.set(id.client, logged);
    }

    /// Takes ops of a client out that never will be.
    pub(super) fn drop_refused(
        &mut self,
        client: ClientId,
        is_doomed: impl Fn(&Entry) -> bool,
    ) -> Vec<Entry> {
        self.drain(|entry| entry.id.client == client && is_doomed(entry))
    }

    fn drain(&mut self, out: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut kept = VecDeque::with_capacity(self.pending.len());
        let mut taken = Vec::new();
        let sent = self.sent;
        for (index, pending) in core::mem::take(&mut self.pending).into_iter().enumerate() {
            if out(&pending.entry) {
                self.sent -= usize::from(index < sent);
                taken.push(pending.entry);
            } else {
                kept.push_back(pending);
            }
        }
        self.pending = kept;
        self.count();
        taken
    }

    /// Moves what is left of a client's queue from `old` on to a new one, from 1; references follow. What comes before
    /// stays: it may be on its way to the log.
    pub(super) fn rename(&mut self, old: OpId, new: ClientId) -> Vec<(OpId, OpId)> {
        self.repeat_from(old);
        let mut renamed: Vec<(OpId, OpId)> = Vec::new();
        let mut n = 0;
        for pending in self
            .pending
            .iter_mut()
            .filter(|pending| pending.entry.id.client == old.client && pending.entry.id.n >= old.n)
        {
            n += 1;
            let id = OpId { client: new, n };
            renamed.push((core::mem::replace(&mut pending.entry.id, id), id));
        }
        for pending in &mut self.pending {
            if let Op::Restore { of } = &mut pending.entry.op
                && let Ok(index) = renamed.binary_search_by_key(of, |(old, _)| *old)
                && let Some((_, id)) = renamed.get(index)
            {
                *of = *id;
            }
        }
        if self.client == old.client {
            self.client = new;
            self.next_n = n + 1;
        }
        self.count();
        renamed
    }
}
