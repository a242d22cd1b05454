//! Runs of the log that came before their turn.
//!
//! Two servers that commit one after the other may be heard the other way round; a moment later the gap is closed
//! without asking the store. Pure: no timer here, only when there should be one. Not here: what to do when the gap
//! stays, which is to read the store.

use std::sync::Arc;
use std::time::Duration;

use inkroom_board::Seq;
use inkroom_board::ledger::Logged;
use tokio::time::Instant;

/// Most runs that wait …
const RUNS: usize = 256;
/// … and most bytes of stored ops in them: for more, the store is the shorter way.
const BYTES: usize = 1024 * 1024;
/// A gap that stays for so long is no matter of order.
const PATIENCE: Duration = Duration::from_millis(30);

#[derive(Debug, Default)]
pub(super) struct Parked {
    runs: Vec<Arc<[Logged]>>,
    bytes: usize,
    until: Option<Instant>,
}

impl Parked {
    /// Keeps a run for later; whether there was a place for it.
    pub(super) fn park(&mut self, run: Arc<[Logged]>, now: Instant) -> bool {
        let bytes: usize = run.iter().map(|logged| logged.size).sum();
        if self.runs.len() >= RUNS || self.bytes + bytes > BYTES {
            return false;
        }
        self.bytes += bytes;
        self.runs.push(run);
        self.until.get_or_insert(now + PATIENCE);
        true
    }

    /// A run that goes on at `head`, if one waits. Those that are overtaken are let go.
    pub(super) fn next(&mut self, head: Seq) -> Option<Arc<[Logged]>> {
        self.runs
            .retain(|run| run.last().is_some_and(|last| last.seq > head));
        let fits = |run: &Arc<[Logged]>| run.first().is_some_and(|first| first.seq <= head + 1);
        let run = self
            .runs
            .iter()
            .position(fits)
            .map(|index| self.runs.swap_remove(index));
        self.bytes = self
            .runs
            .iter()
            .flat_map(|run| run.iter())
            .map(|logged| logged.size)
            .sum();
        if self.runs.is_empty() {
            self.until = None;
        }
        run
    }

    /// Until when the gap may close by itself; nothing while there is none.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The gap stayed.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use inkroom_board::{Chain, ClientId, Entry, Op, OpId, PersonId};

    fn run(from: Seq, len: u64) -> Arc<[Logged]> {
        let logged = (from..from + len).map(|seq| Logged {
            seq,
            chain: Chain([0; 8]),
            size: 10,
            entry: Entry {
                id: OpId {
                    client: ClientId([1; 16]),
                    n: u32::try_from(seq).unwrap(),
                },
                author: PersonId([1; 16]),
                at_ms: 0,
                op: Op::Clear,
            },
        });
        logged.collect()
    }

    #[test]
    fn runs_come_out_in_order_once_the_gap_is_closed() {
        let (mut parked, now) = (Parked::default(), Instant::now());
        assert!(parked.park(run(7, 1), now) && parked.park(run(5, 2), now));
        assert!(parked.next(3).is_none());
        assert_eq!(parked.until(), Some(now + PATIENCE));
        assert_eq!(parked.next(4).unwrap().first().unwrap().seq, 5);
        assert_eq!(parked.next(6).unwrap().first().unwrap().seq, 7);
        assert!(parked.next(7).is_none());
        assert_eq!(parked.until(), None);
    }

    #[test]
    fn what_was_overtaken_is_let_go() {
        let (mut parked, now) = (Parked::default(), Instant::now());
        assert!(parked.park(run(5, 2), now));
        assert!(parked.next(9).is_none());
        assert_eq!((parked.until(), parked.bytes), (None, 0));
    }

    #[test]
    fn it_is_bounded_in_runs_and_bytes() {
        let (mut parked, now) = (Parked::default(), Instant::now());
        for seq in 0..RUNS as u64 {
            assert!(parked.park(run(10 + seq, 1), now));
        }
        assert!(!parked.park(run(5, 1), now));
        parked.clear();
        let large = run(9, (BYTES / 10 + 1) as u64);
        assert!(!parked.park(large, now));
    }
}
