//! Admit: what becomes of the ops of one board, and what is to be written for it.
//!
//! Pure: a store brings what it read under the board's lock, writes the rows that are made of it here, and
//! answers. So every store decides alike. Which op may enter is the ledger's to say ([`Head::admit`]).

use std::collections::BTreeMap;

use inkroom_board::ledger::{ClientHead, Head, Logged, Verdict};
use inkroom_board::room::Answer;
use inkroom_board::wire::Refusal;
use inkroom_board::{ClientId, Op, OpId, Seq};

use super::sql::{ClientRow, HeadRow, OpRow};
use super::{Outcome, Submitted};

/// A board under its lock.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) head: Head,
    pub(super) touched_ms: u64,
    /// What the log holds of the clients whose ops are to be admitted; without those that it does not know.
    pub(super) clients: BTreeMap<ClientId, ClientHead>,
}

/// What came of a batch.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    ops: &'a [Submitted],
    /// One for each op. Known ones have no place yet.
    outcomes: Vec<Outcome>,
    /// When a client last added to the log, of those that did so now.
    added: BTreeMap<ClientId, u64>,
    title: Option<String>,
    locked: Locked,
}

/// The whole batch is refused: the board takes no ops.
pub(super) fn refused(ops: &[Submitted]) -> Vec<Outcome> {
    ops.iter()
        .map(|op| answered(op.entry.id, Answer::Refused(Refusal::ReadOnly)))
        .collect()
}

fn answered(id: OpId, answer: Answer) -> Outcome {
    Outcome::Answered { id, answer }
}

impl<'a> Admission<'a> {
    pub(super) fn of(ops: &'a [Submitted], locked: Locked) -> Self {
        let mut admission = Self {
            ops,
            outcomes: Vec::with_capacity(ops.len()),
            added: BTreeMap::new(),
            title: None,
            locked,
        };
        for op in ops {
            let outcome = admission.admit(op);
            admission.outcomes.push(outcome);
        }
        admission
    }

    fn admit(&mut self, op: &Submitted) -> Outcome {
        let id = op.entry.id;
        let client = self.locked.clients.entry(id.client).or_insert(ClientHead {
            person: op.entry.author,
            last_n: 0,
        });
        match self.locked.head.admit(client, &op.entry, &op.stored) {
            Verdict::Fresh(seq) => Outcome::Logged(self.add(op, seq)),
            Verdict::Known => answered(id, Answer::Known(0)),
            Verdict::Gap(expected) => answered(id, Answer::Refused(Refusal::Gap(expected))),
            Verdict::Forbidden => answered(id, Answer::Refused(Refusal::Forbidden)),
            Verdict::NotYours => answered(id, Answer::NotYours),
        }
    }

    fn add(&mut self, op: &Submitted, seq: Seq) -> Logged {
        let entry = &op.entry;
        self.added.insert(entry.id.client, entry.at_ms);
        self.locked.touched_ms = self.locked.touched_ms.max(entry.at_ms);
        if let Op::SetTitle(title) = &entry.op {
            self.title = Some(title.clone());
        }
        Logged {
            seq,
            chain: self.locked.head.position.chain,
            entry: entry.clone(),
            size: op.stored.len(),
        }
    }

    /// The ops that have a place now. If there are none, nothing is to be written.
    pub(super) fn ops(&self) -> Vec<OpRow<'_>> {
        let ops = self.ops.iter().zip(&self.outcomes);
        ops.filter_map(|(op, outcome)| match outcome {
            Outcome::Logged(logged) => Some(OpRow {
                logged,
                stored: &op.stored,
            }),
            Outcome::Answered { .. } => None,
        })
        .collect()
    }

    /// The clients whose queues went on.
    pub(super) fn clients(&self) -> Vec<ClientRow> {
        let added = self.added.iter();
        added
            .filter_map(|(id, seen_ms)| {
                let head = *self.locked.clients.get(id)?;
                Some(ClientRow {
                    id: *id,
                    head,
                    seen_ms: *seen_ms,
                })
            })
            .collect()
    }

    /// The board's new head.
    pub(super) fn head(&self) -> HeadRow {
        HeadRow {
            position: self.locked.head.position,
            access: self.locked.head.access.clone(),
            touched_ms: self.locked.touched_ms,
            title: self.title.clone(),
        }
    }

    /// The ops that were in the log before, for the store to look up where.
    pub(super) fn known(&self) -> Vec<OpId> {
        let known = self.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Answered {
                id,
                answer: Answer::Known(_),
            } => Some(*id),
            _ => None,
        });
        known.collect()
    }

    /// What became of every op; known ones are at `places`, or else pruned.
    pub(super) fn outcomes(mut self, places: &[(OpId, Seq)]) -> Vec<Outcome> {
        let places: BTreeMap<_, _> = places.iter().copied().collect();
        for outcome in &mut self.outcomes {
            if let Outcome::Answered {
                id,
                answer: Answer::Known(seq),
            } = outcome
            {
                *seq = places.get(id).copied().unwrap_or(0);
            }
        }
        self.outcomes
    }
}
