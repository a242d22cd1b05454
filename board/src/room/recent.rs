//! The newest part of the log, kept in memory so that most resumes read no SQL.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::id::{ClientId, OpId};
use crate::ledger::{Logged, Position, Seq};
use crate::limits;
use crate::wire::Batch;

/// Most ops kept.
const KEPT_OPS: usize = 4_096;
/// Most bytes of stored ops kept.
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Most bytes of stored ops in one message, with room in the frame for what each entry adds …
const BATCH_BYTES: usize = limits::FRAME_BYTES - 12 * 1024;
/// … which is its ids, author and time.
const ENTRY_BYTES: usize = 64;

/// The newest part of a log: no more than so many ops and bytes of it, and where it begins.
#[derive(Debug)]
pub struct Recent {
    log: VecDeque<Logged>,
    before: Position,
    bytes: usize,
    most_ops: usize,
    most_bytes: usize,
}

impl Recent {
    /// As much as a room keeps.
    pub(super) fn new(log: Vec<Logged>, before: Position) -> Self {
        let mut recent = Self::within(KEPT_OPS, KEPT_BYTES, before);
        recent.push(log);
        recent
    }

    /// Nothing yet of a log that goes on from `before`.
    #[must_use]
    pub fn within(most_ops: usize, most_bytes: usize, before: Position) -> Self {
        Self {
            log: VecDeque::new(),
            before,
            bytes: 0,
            most_ops,
            most_bytes,
        }
    }

    /// What comes next in the log; the oldest makes room for it.
    pub fn push(&mut self, more: impl IntoIterator<Item = Logged>) {
        for logged in more {
            self.bytes += logged.size;
            self.log.push_back(logged);
        }
        while self.log.len() > self.most_ops || self.bytes > self.most_bytes {
            let Some(oldest) = self.log.pop_front() else {
                break;
            };
            self.bytes -= oldest.size;
            self.before = Position {
                seq: oldest.seq,
                chain: oldest.chain,
                ..self.before
            };
        }
    }

    /// What comes before the oldest, with the position before it. Answers whether it was taken: it leads to what is
    /// there, and nothing has to go for it.
    pub fn precede(&mut self, logged: Logged, before: Position) -> bool {
        let fits = self.log.len() < self.most_ops && self.bytes + logged.size <= self.most_bytes;
        let leads_here = logged.seq == self.before.seq && logged.chain == self.before.chain;
        if fits && leads_here {
            self.bytes += logged.size;
            self.log.push_front(logged);
            self.before = before;
        }
        fits && leads_here
    }

    /// How many ops would still fit, if there is room for any.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.bytes < self.most_bytes {
            self.most_ops.saturating_sub(self.log.len())
        } else {
            0
        }
    }

    /// The position before the first op.
    #[must_use]
    pub fn before(&self) -> Position {
        self.before
    }

    /// How many ops there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.log.is_empty()
    }

    /// The ops, oldest first.
    #[must_use]
    pub fn into_log(self) -> Vec<Logged> {
        self.log.into()
    }

    /// Whether a copy at `from` can be brought to `head` from here: it is the same history, and nothing
    /// that it misses is older than what is kept.
    pub(super) fn reaches(&self, from: Position, head: Position) -> bool {
        from == head
            || from == self.before
            || self
                .at(from.seq)
                .is_some_and(|at| from.epoch == head.epoch && at.chain == from.chain)
    }

    /// The n of the client's last op among the newest of the log; 0 for none.
    pub(super) fn last_n(&self, client: ClientId) -> u32 {
        let mine = self
            .log
            .iter()
            .rev()
            .find(|logged| logged.entry.id.client == client);
        mine.map_or(0, |logged| logged.entry.id.n)
    }

    /// Where the op is among the newest of the log; 0 if it is older.
    pub(super) fn seq_of(&self, id: OpId) -> Seq {
        self.log
            .iter()
            .rev()
            .find(|logged| logged.entry.id == id)
            .map_or(0, |logged| logged.seq)
    }

    fn at(&self, seq: Seq) -> Option<&Logged> {
        let index = seq.checked_sub(self.before.seq + 1)?;
        self.log.get(usize::try_from(index).ok()?)
    }

    pub(super) fn batches_after(&self, seq: Seq) -> impl Iterator<Item = Batch> {
        let missed: Vec<_> = self
            .log
            .iter()
            .filter(|logged| logged.seq > seq)
            .cloned()
            .collect();
        batches(&missed).collect::<Vec<_>>().into_iter()
    }
}

/// Cuts a run of the log into messages that fit a frame.
pub(super) fn batches(log: &[Logged]) -> impl Iterator<Item = Batch> {
    let mut rest = log;
    core::iter::from_fn(move || {
        let (some, more) = rest.split_at_checked(batch_len(rest))?;
        rest = more;
        Some(Batch {
            first: some.first()?.seq,
            chain: some.last()?.chain,
            entries: some.iter().map(|logged| logged.entry.clone()).collect(),
        })
    })
}

/// How many of the first entries fit in one message: at least one, since an op is smaller than a frame.
fn batch_len(log: &[Logged]) -> usize {
    let mut bytes = 0;
    let fits = log.iter().take(limits::OPS_PER_FRAME).take_while(|logged| {
        bytes += logged.size + ENTRY_BYTES;
        bytes <= BATCH_BYTES
    });
    fits.count().max(1).min(log.len())
}
