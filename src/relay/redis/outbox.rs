//! Outbox: what waits to be published.
//!
//! Bounded, and nobody waits for it. A hint that finds no room goes as a bare head, in place of all that waits of its
//! board: whoever hears of it reads the store. Murmurs are of the moment: the oldest give way, and while Redis is away
//! none is kept. Not here: how anything is written or sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inkroom_board::{BoardId, Position};
use tokio::sync::Notify;

use crate::relay::codec::MURMURS_BYTES;
use crate::relay::counters::{add, count};
use crate::relay::{Hint, RelayCounters};

/// Most runs that wait, and as many heads beside them. A head that finds no room is lost: the next look at the head
/// finds what it would have told.
const HINTS: usize = 4096;
/// Most bytes of the runs that wait.
const HINTS_BYTES: usize = 8 * 1024 * 1024;
/// Most murmurs that wait …
const MURMURS: usize = 8192;
/// … and most bytes of them.
const MOST_MURMURS_BYTES: usize = 4 * 1024 * 1024;
/// Most murmurs of one message.
const LIST: usize = 256;
/// What is taken at once, in bytes, so that a slow line shows before its deadline.
const BATCH_BYTES: usize = 512 * 1024;
/// What a hint or an op takes beside its stored form, about.
const OVERHEAD: usize = 64;

/// One thing about a log.
#[derive(Debug, Clone)]
pub(super) enum Durable {
    Run(Hint),
    Head(BoardId, Position),
}

impl Durable {
    pub(super) fn board(&self) -> BoardId {
        match self {
            Self::Run(hint) => hint.board,
            Self::Head(board, _) => *board,
        }
    }

    /// Where the log ends after it.
    pub(super) fn head(&self) -> Position {
        match self {
            Self::Run(hint) => hint.head(),
            Self::Head(_, head) => *head,
        }
    }

    fn bytes(&self) -> usize {
        let ops = match self {
            Self::Run(hint) => hint.logged.as_ref(),
            Self::Head(..) => &[],
        };
        OVERHEAD + ops.iter().map(|op| op.size + OVERHEAD).sum::<usize>()
    }

    fn is_run(&self) -> bool {
        matches!(self, Self::Run(_))
    }
}

/// What is sent together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In order.
    pub(super) durable: Vec<Durable>,
    /// Lists of murmurs, each for one message; those of one board in order.
    pub(super) murmurs: Vec<(BoardId, Vec<Vec<u8>>)>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.durable.is_empty() && self.murmurs.is_empty()
    }
}

/// What waits.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    counters: Arc<RelayCounters>,
}

#[derive(Debug, Default)]
struct Waiting {
    is_open: bool,
    durable: VecDeque<Durable>,
    durable_bytes: usize,
    murmurs: VecDeque<(BoardId, Vec<u8>)>,
    murmurs_bytes: usize,
}

impl Outbox {
    pub(super) fn new(counters: Arc<RelayCounters>) -> Self {
        Self {
            waiting: Mutex::default(),
            arrived: Notify::new(),
            counters,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put_hint(&self, hint: Hint) {
        if hint.logged.is_empty() {
            return;
        }
        let dropped = self.waiting().put_hint(hint);
        add(&self.counters.dropped, dropped);
        self.arrived.notify_one();
    }

    pub(super) fn put_murmur(&self, board: BoardId, murmur: Vec<u8>) {
        let dropped = self.waiting().put_murmur(board, murmur);
        add(&self.counters.dropped, dropped);
        self.arrived.notify_one();
    }

    /// Redis takes messages from now on.
    pub(super) fn open(&self) {
        self.waiting().is_open = true;
        self.arrived.notify_one();
    }

    /// It takes none for a while, and nobody knows whether it took `lost`.
    pub(super) fn shut(&self, lost: Batch) {
        let mut waiting = self.waiting();
        waiting.is_open = false;
        let murmurs = std::mem::take(&mut waiting.murmurs).len();
        waiting.murmurs_bytes = 0;
        let runs = std::mem::take(&mut waiting.durable);
        waiting.durable_bytes = 0;
        let mut dropped = murmurs
            + lost
                .murmurs
                .iter()
                .map(|(_, list)| list.len())
                .sum::<usize>();
        for durable in lost.durable.into_iter().chain(runs) {
            dropped += usize::from(durable.is_run());
            dropped += waiting.put_head(durable.board(), durable.head());
        }
        drop(waiting);
        add(&self.counters.dropped, dropped);
    }

    /// What gathered since the last time, or the oldest part of it, as soon as there is something and it may be sent.
    pub(super) async fn next(&self) -> Batch {
        loop {
            let batch = self.take();
            if !batch.is_empty() {
                return batch;
            }
            self.arrived.notified().await;
        }
    }

    /// The same without waiting.
    pub(super) fn take(&self) -> Batch {
        self.waiting().take()
    }

    /// One message went.
    pub(super) fn count_published(&self) {
        count(&self.counters.published);
    }
}

/// Each answers how much is lost by it.
impl Waiting {
    fn put_hint(&mut self, hint: Hint) -> usize {
        let run = Durable::Run(hint);
        let bytes = run.bytes();
        let fits = self.durable.len() < HINTS && self.durable_bytes + bytes <= HINTS_BYTES;
        if self.is_open && fits {
            self.durable_bytes += bytes;
            self.durable.push_back(run);
            return 0;
        }
        1 + self.put_head(run.board(), run.head())
    }

    fn put_head(&mut self, board: BoardId, head: Position) -> usize {
        let mut dropped = 0;
        let bytes = &mut self.durable_bytes;
        self.durable.retain(|waiting| {
            let stays = waiting.board() != board;
            if !stays {
                *bytes -= waiting.bytes();
                dropped += usize::from(waiting.is_run());
            }
            stays
        });
        if self.durable.len() >= 2 * HINTS {
            return dropped + 1;
        }
        let head = Durable::Head(board, head);
        self.durable_bytes += head.bytes();
        self.durable.push_back(head);
        dropped
    }

    fn put_murmur(&mut self, board: BoardId, murmur: Vec<u8>) -> usize {
        if !self.is_open || murmur.len() > MURMURS_BYTES {
            return 1;
        }
        self.murmurs_bytes += murmur.len();
        self.murmurs.push_back((board, murmur));
        let mut dropped = 0;
        while self.murmurs.len() > MURMURS || self.murmurs_bytes > MOST_MURMURS_BYTES {
            let Some((_, oldest)) = self.murmurs.pop_front() else {
                break;
            };
            self.murmurs_bytes -= oldest.len();
            dropped += 1;
        }
        dropped
    }

    fn take(&mut self) -> Batch {
        if !self.is_open {
            return Batch::default();
        }
        let (mut batch, mut left) = (Batch::default(), BATCH_BYTES);
        while let Some(next) = self.durable.pop_front() {
            self.durable_bytes -= next.bytes();
            left = left.saturating_sub(next.bytes());
            batch.durable.push(next);
            if left == 0 {
                break;
            }
        }
        batch.murmurs = self.take_murmurs();
        batch
    }

    fn take_murmurs(&mut self) -> Vec<(BoardId, Vec<Vec<u8>>)> {
        let mut boards = BTreeMap::<BoardId, Vec<Vec<Vec<u8>>>>::new();
        let mut left = BATCH_BYTES;
        while let Some((board, murmur)) = self.murmurs.pop_front() {
            self.murmurs_bytes -= murmur.len();
            left = left.saturating_sub(murmur.len() + OVERHEAD);
            add_murmur(boards.entry(board).or_default(), murmur);
            if left == 0 {
                break;
            }
        }
        let messages = |(board, lists): (BoardId, Vec<Vec<Vec<u8>>>)| {
            lists.into_iter().map(move |list| (board, list))
        };
        boards.into_iter().flat_map(messages).collect()
    }
}

/// To the last list, or to a new one where that would be too long for a message.
fn add_murmur(lists: &mut Vec<Vec<Vec<u8>>>, murmur: Vec<u8>) {
    let length = |list: &[Vec<u8>]| list.iter().map(Vec::len).sum::<usize>();
    match lists.last_mut() {
        Some(list) if list.len() < LIST && length(list) + murmur.len() <= MURMURS_BYTES => {
            list.push(murmur);
        }
        _ => lists.push(Vec::from([murmur])),
    }
}

#[cfg(test)]
mod tests;
