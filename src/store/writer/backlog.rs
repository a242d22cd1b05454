//! Backlog: what waits to be committed, board by board. A board is committed by one at a time, so that its ops keep
//! their order; what gathers meanwhile is its next batch.

use std::collections::{BTreeMap, VecDeque};

use inkroom_board::BoardId;

use super::part::{Item, Part};
use super::{BATCH_BYTES, BATCH_OPS};

/// Bounded by the permits that its ops hold.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// What rooms submitted at once stays together. A board without anything is being committed.
    boards: BTreeMap<BoardId, VecDeque<Submission>>,
    /// Boards that nobody commits, by their oldest submission.
    ready: BTreeMap<u64, BoardId>,
    submissions: u64,
}

#[derive(Debug)]
struct Submission {
    /// A number in order of arrival.
    arrival: u64,
    items: Vec<Item>,
}

impl Backlog {
    pub(super) fn push(&mut self, items: Vec<Item>) {
        let Some(board) = items.first().map(|item| item.lane.board) else {
            return;
        };
        self.submissions += 1;
        let arrival = self.submissions;
        let waiting = self.boards.entry(board).or_insert_with(|| {
            self.ready.insert(arrival, board);
            VecDeque::new()
        });
        waiting.push_back(Submission { arrival, items });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.boards.is_empty()
    }

    /// Whether there is anything to [`Self::take`].
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// A batch of at most `most` boards, which nobody else gets until they are [`Self::done`].
    pub(super) fn take(&mut self, most: usize) -> (Vec<BoardId>, Part) {
        let (mut boards, mut items) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        let has_room = |items: &Vec<Item>, bytes| items.len() < BATCH_OPS && bytes < BATCH_BYTES;
        while boards.len() < most && has_room(&items, bytes) {
            let Some((_, board)) = self.ready.pop_first() else {
                break;
            };
            let waiting = self.boards.entry(board).or_default();
            while has_room(&items, bytes) {
                let Some(more) = waiting.pop_front() else {
                    break;
                };
                let sizes = more.items.iter().map(|item| item.op.stored.len());
                bytes += sizes.sum::<usize>();
                items.extend(more.items);
            }
            boards.push(board);
        }
        (boards, Part::new(items))
    }

    pub(super) fn done(&mut self, boards: Vec<BoardId>) {
        for board in boards {
            match self.boards.get(&board).and_then(VecDeque::front) {
                Some(oldest) => drop(self.ready.insert(oldest.arrival, board)),
                None => drop(self.boards.remove(&board)),
            }
        }
    }
}
