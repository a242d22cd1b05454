//! A client's ops that are not in the log yet: in order, each with its identity, the first few of them
//! on their way.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Pending, queued};
use crate::document::Inverse;
use crate::id::{ClientId, OpId};
use crate::ledger::Entry;
use crate::limits;
use crate::op::Op;
use crate::wire::ClientMessage;

/// Most ops on their way at once: enough to fill a batch, few enough to send again.
const WINDOW: usize = limits::OPS_PER_FRAME;
/// Most bytes of ops in one frame, with room for what surrounds them.
const FRAME_OPS_BYTES: usize = limits::FRAME_BYTES - 8 * 1024;

#[derive(Debug, Clone)]
pub(super) struct Queue {
    client: ClientId,
    next_n: u32,
    pending: VecDeque<Pending>,
    /// How many of `pending` are on their way.
    sent: usize,
    /// The clients of which something is on its way, or was.
    begun: Vec<ClientId>,
    /// The highest n of each of its clients that left the queue for the log.
    logged: Vec<(ClientId, u32)>,
}

impl Queue {
    pub(super) fn new(client: ClientId) -> Self {
        Self {
            client,
            next_n: 1,
            pending: VecDeque::new(),
            sent: 0,
            begun: Vec::new(),
            logged: Vec::new(),
        }
    }

    pub(super) fn client(&self) -> ClientId {
        self.client
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.pending.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Pending> {
        self.pending.iter_mut()
    }

    /// The highest n of a client that left the queue for the log; 0 if none did.
    pub(super) fn logged(&self, client: ClientId) -> u32 {
        let known = self.logged.iter().find(|(known, _)| *known == client);
        known.map_or(0, |(_, n)| *n)
    }

    /// Whether the op is here, or left for the log.
    pub(super) fn has_or_had(&self, id: OpId) -> bool {
        id.n <= self.logged(id.client) || self.iter().any(|pending| pending.entry.id == id)
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
        self.pending.push_back(pending);
    }

    pub(super) fn put_first(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.pending.push_front(Pending {
                entry,
                inverse: Inverse::Nothing,
            });
        }
        self.unsend();
    }

    /// Nothing is on its way any more.
    pub(super) fn unsend(&mut self) {
        self.sent = 0;
        self.begun.clear();
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
        let mut waiting = self
            .pending
            .iter()
            .skip(self.sent)
            .take(WINDOW.saturating_sub(self.sent))
            .peekable();
        let client = waiting.peek()?.entry.id.client;
        let mut bytes = 0;
        let fits = waiting.take_while(|pending| {
            let first = bytes == 0;
            bytes += pending.entry.op.to_stored().len() + 8;
            pending.entry.id.client == client && (first || bytes <= FRAME_OPS_BYTES)
        });
        let ops: Vec<_> = fits.map(|pending| queued(&pending.entry)).collect();
        self.sent += ops.len();
        let again = !self.begun.contains(&client);
        if again {
            self.begun.push(client);
        }
        Some(ClientMessage::Ops { client, again, ops })
    }

    /// Takes ops out that are in the log.
    pub(super) fn drop_saved(&mut self, is_saved: impl Fn(OpId) -> bool) -> Vec<OpId> {
        let saved: Vec<_> = self
            .drain(|entry| is_saved(entry.id))
            .into_iter()
            .map(|entry| entry.id)
            .collect();
        for id in &saved {
            match self
                .logged
                .iter_mut()
                .find(|(known, _)| *known == id.client)
            {
                Some((_, n)) => *n = id.n.max(*n),
                None => self.logged.push((id.client, id.n)),
            }
        }
        saved
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
        taken
    }

    /// Moves what is left of a client's queue to a new one, from 1; references follow.
    pub(super) fn rename(&mut self, old: ClientId, new: ClientId) -> Vec<(OpId, OpId)> {
        let mut renamed = Vec::new();
        let mut n = 0;
        for pending in self
            .pending
            .iter_mut()
            .filter(|pending| pending.entry.id.client == old)
        {
            n += 1;
            let id = OpId { client: new, n };
            renamed.push((core::mem::replace(&mut pending.entry.id, id), id));
        }
        for pending in &mut self.pending {
            if let Op::Restore { of } = &mut pending.entry.op
                && let Some((_, id)) = renamed.iter().find(|(old, _)| old == of)
            {
                *of = *id;
            }
        }
        if self.client == old {
            self.client = new;
            self.next_n = n + 1;
        }
        self.unsend();
        renamed
    }
}
