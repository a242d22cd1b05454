//! Part: what one commit is about to do. Ops go into it one by one with their permits and come out of it with
//! their outcomes, or in two halves.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gauge::Permit;
use super::{Committed, LaneEnd};
use crate::store::{BoardBatch, Outcome, Submitted};

/// An op on its way.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) lane: Arc<LaneEnd>,
    pub(super) op: Submitted,
    /// Its place in the lane, until the room has its outcome.
    pub(super) place: Permit,
    /// Its place in the queue of all boards, until it is committed.
    pub(super) wait: Permit,
}

/// Ops grouped by lane, in the order in which lanes first come up; the order within a lane is that of arrival.
#[derive(Debug, Default)]
pub(super) struct Part {
    batches: Vec<BoardBatch>,
    /// One for each batch.
    runs: Vec<Run>,
}

/// What belongs to a batch but is not the store's business.
#[derive(Debug)]
struct Run {
    lane: Arc<LaneEnd>,
    places: Vec<Permit>,
    waits: Vec<Permit>,
}

impl Part {
    pub(super) fn new(items: impl IntoIterator<Item = Item>) -> Self {
        let mut part = Self::default();
        let mut lanes = BTreeMap::new();
        for item in items {
            let index = *lanes
                .entry(item.lane.id)
                .or_insert_with(|| part.open(&item.lane));
            part.push(index, item);
        }
        part
    }

    fn open(&mut self, lane: &Arc<LaneEnd>) -> usize {
        self.batches.push(BoardBatch {
            board: lane.board,
            ops: Vec::new(),
        });
        self.runs.push(Run {
            lane: Arc::clone(lane),
            places: Vec::new(),
            waits: Vec::new(),
        });
        self.runs.len() - 1
    }

    fn push(&mut self, index: usize, item: Item) {
        if let (Some(batch), Some(run)) = (self.batches.get_mut(index), self.runs.get_mut(index)) {
            batch.ops.push(item.op);
            run.places.push(item.place);
            run.waits.push(item.wait);
        }
    }

    pub(super) fn batches(&self) -> &[BoardBatch] {
        &self.batches
    }

    /// The op, if there is just one.
    pub(super) fn only(&self) -> Option<&Submitted> {
        let [batch] = self.batches.as_slice() else {
            return None;
        };
        let [op] = batch.ops.as_slice() else {
            return None;
        };
        Some(op)
    }

    /// The first half and the second: of a lane that is in both, the first has the earlier ops.
    pub(super) fn halves(self) -> (Self, Self) {
        let mut items: Vec<_> = self.into_items().collect();
        let second = items.split_off(items.len() / 2);
        (Self::new(items), Self::new(second))
    }

    fn into_items(self) -> impl Iterator<Item = Item> {
        self.batches
            .into_iter()
            .zip(self.runs)
            .flat_map(|(batch, run)| {
                let Run {
                    lane,
                    places,
                    waits,
                } = run;
                let items = batch.ops.into_iter().zip(places).zip(waits);
                items.map(move |((op, place), wait)| Item {
                    lane: Arc::clone(&lane),
                    op,
                    place,
                    wait,
                })
            })
    }

    /// Tells every room what became of its ops. A room that is gone needs no telling.
    pub(super) fn deliver(self, outcomes: Vec<Vec<Outcome>>) {
        for (run, outcomes) in self.runs.into_iter().zip(outcomes) {
            drop(run.waits);
            let committed = Committed {
                outcomes,
                _permits: run.places,
            };
            let _ = run.lane.outcomes.try_send(committed);
        }
    }
}
