//! The checker: everything that clients drew, were told and saw, against the log that is in SQL at the end.
//!
//! Plain data in, flaws out, in one pass, since the log is a total order. Invariants are those of the sync contract:
//! I1 what was called saved is in SQL, I2 once, I3 seq without holes, I4 equal seq means equal chain everywhere, I5
//! all copies equal what the log makes, I6 every client's ops in its order, I9 a resume repeats and skips nothing.
//! Not here: how the data was come by ([`crate::cluster`]).

use std::collections::{BTreeMap, BTreeSet};

use inkroom_board::ledger::Logged;
use inkroom_board::{Chain, ElementId, Op, OpId, Position, Seq};

use crate::common::Client;

/// All of it.
#[derive(Debug, Clone)]
pub struct History {
    /// Where the log begins.
    pub start: Position,
    /// The log, as SQL has it.
    pub log: Vec<Logged>,
    /// The digest of the document that the log makes.
    pub digest: String,
    pub witnesses: Vec<Witness>,
}

/// What one client did and saw.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    /// Every op in the order in which it was drawn, by the identity it had first.
    pub drawn: Vec<OpId>,
    /// What it was told is saved.
    pub saved: Vec<OpId>,
    /// What it was told will never be.
    pub refused: BTreeSet<OpId>,
    /// Old and new identities, in the order in which they changed.
    pub renamed: Vec<(OpId, OpId)>,
    /// How many ops still wait.
    pub pending: usize,
    /// The runs that came.
    pub runs: Vec<Run>,
    /// All places it was at, with the chain there.
    pub places: BTreeMap<Seq, Chain>,
    /// What it has at the end.
    pub digest: String,
}

/// A run of the log that came to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The client's place before it.
    pub before: Seq,
    /// The seq of its first op.
    pub first: Seq,
}

/// What must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// I1: drawn, and called saved or not refused; not in the log.
    Lost(OpId),
    /// Refused, and in the log all the same.
    Smuggled(OpId),
    /// In the log; nobody drew it.
    Forged(OpId),
    /// I2: twice in the log, as an op or as what it adds.
    Doubled(OpId),
    /// I3: the log has something else at the place of this seq.
    Hole(Seq),
    /// I4: the log's chain does not lead here, or somebody was here with another chain.
    Chain(Seq),
    /// I5: the copy of the witness with this number is another.
    Diverged(usize),
    /// I6: this op is before one that was drawn before it.
    Disorder(OpId),
    /// I9: this run does not begin where the client was.
    Jump(Run),
    /// The witness with this number still has ops to send: it is too early to judge.
    Waiting(usize),
}

impl Witness {
    pub fn of(client: &Client) -> Self {
        let mut places: BTreeMap<_, _> = client
            .took
            .iter()
            .map(|(_, batch)| (batch.first + batch.entries.len() as u64 - 1, batch.chain))
            .collect();
        for place in client.adopted.iter().chain([&client.replica.position()]) {
            places.insert(place.seq, place.chain);
        }
        let run = |(before, batch): &(Position, inkroom_board::wire::Batch)| Run {
            before: before.seq,
            first: batch.first,
        };
        Self {
            drawn: client.drawn.clone(),
            saved: client.saved.clone(),
            refused: client.refused.iter().map(|(entry, _)| entry.id).collect(),
            renamed: client.renamed.clone(),
            pending: client.replica.pending(),
            runs: client.took.iter().map(run).collect(),
            places,
            digest: client.digest(),
        }
    }

    /// What it drew, by the identities that it ended with.
    fn ops(&self) -> Vec<OpId> {
        let mut last: BTreeMap<OpId, OpId> = BTreeMap::new();
        for (old, new) in self.renamed.iter().rev() {
            let end = last.get(new).copied().unwrap_or(*new);
            last.insert(*old, end);
        }
        let of = |id: &OpId| last.get(id).copied().unwrap_or(*id);
        self.drawn.iter().map(of).collect()
    }
}

impl History {
    /// Everything that is wrong; nothing, if all is well.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = self.of_the_log();
        let seqs: BTreeMap<_, _> = self
            .log
            .iter()
            .map(|line| (line.entry.id, line.seq))
            .collect();
        let mut drawn = BTreeSet::new();
        for (index, witness) in self.witnesses.iter().enumerate() {
            let ops = witness.ops();
            flaws.extend(Self::of_ops(witness, &ops, &seqs));
            flaws.extend(self.of_copy(index, witness));
            drawn.extend(ops);
        }
        let nobodys = seqs.keys().filter(|id| !drawn.contains(id));
        flaws.extend(nobodys.map(|id| Flaw::Forged(*id)));
        flaws
    }

    /// How many ops were called saved.
    pub fn saved(&self) -> usize {
        self.witnesses.iter().map(|one| one.saved.len()).sum()
    }

    fn of_the_log(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let (mut ids, mut elements) = (BTreeSet::new(), BTreeSet::new());
        let mut at = self.start;
        for line in &self.log {
            let entry = &line.entry;
            if line.seq != at.seq + 1 {
                flaws.push(Flaw::Hole(at.seq + 1));
            }
            let chain = at.chain.next(entry.id, entry.author, &entry.op.to_stored());
            if line.chain != chain {
                flaws.push(Flaw::Chain(line.seq));
            }
            let is_new = ids.insert(entry.id);
            if !is_new || added(&entry.op).is_some_and(|id| !elements.insert(id)) {
                flaws.push(Flaw::Doubled(entry.id));
            }
            at.seq = line.seq;
            at.chain = line.chain;
        }
        flaws
    }

    fn of_ops(witness: &Witness, ops: &[OpId], seqs: &BTreeMap<OpId, Seq>) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut latest = 0;
        for id in ops {
            match (seqs.get(id), witness.refused.contains(id)) {
                (None, false) => flaws.push(Flaw::Lost(*id)),
                (None, true) => {}
                (Some(_), true) => flaws.push(Flaw::Smuggled(*id)),
                (Some(seq), false) if *seq < latest => flaws.push(Flaw::Disorder(*id)),
                (Some(seq), false) => latest = *seq,
            }
        }
        let is_lost = |id: &&OpId| !seqs.contains_key(id) && !flaws.contains(&Flaw::Lost(**id));
        let lost: Vec<_> = witness.saved.iter().filter(is_lost).copied().collect();
        flaws.extend(lost.into_iter().map(Flaw::Lost));
        flaws
    }

    fn of_copy(&self, index: usize, witness: &Witness) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let chains: BTreeMap<_, _> = self
            .log
            .iter()
            .map(|line| (line.seq, line.chain))
            .chain([(self.start.seq, self.start.chain)])
            .collect();
        let others = |(seq, chain): &(&Seq, &Chain)| chains.get(*seq) != Some(*chain);
        flaws.extend(
            witness
                .places
                .iter()
                .filter(others)
                .map(|(seq, _)| Flaw::Chain(*seq)),
        );
        let jumps = witness
            .runs
            .iter()
            .filter(|run| run.first != run.before + 1);
        flaws.extend(jumps.map(|run| Flaw::Jump(*run)));
        if witness.pending > 0 {
            flaws.push(Flaw::Waiting(index));
        }
        if witness.digest != self.digest {
            flaws.push(Flaw::Diverged(index));
        }
        flaws
    }
}

fn added(op: &Op) -> Option<ElementId> {
    match op {
        Op::Add { id, .. } => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use inkroom_board::{ClientId, Entry, PersonId};

    use super::*;
    use crate::common::stroke;

    const ADA: PersonId = PersonId([1; 16]);

    fn id(client: u8, n: u32) -> OpId {
        OpId {
            client: ClientId([client; 16]),
            n,
        }
    }

    /// A log of these ops.
    fn log(ids: &[OpId]) -> Vec<Logged> {
        let mut at = Position::start(1);
        let logged = |id: &OpId| {
            let entry = Entry {
                id: *id,
                author: ADA,
                at_ms: 0,
                op: stroke(),
            };
            let stored = entry.op.to_stored();
            at.chain = at.chain.next(*id, ADA, &stored);
            at.seq += 1;
            Logged {
                seq: at.seq,
                chain: at.chain,
                entry,
                size: stored.len(),
            }
        };
        ids.iter().map(logged).collect()
    }

    fn witness(log: &[Logged], client: u8) -> Witness {
        let own = |line: &&Logged| line.entry.id.client == ClientId([client; 16]);
        let drawn: Vec<_> = log.iter().filter(own).map(|line| line.entry.id).collect();
        let run = |line: &Logged| Run {
            before: line.seq - 1,
            first: line.seq,
        };
        Witness {
            saved: drawn.clone(),
            drawn,
            runs: log.iter().map(run).collect(),
            places: log.iter().map(|line| (line.seq, line.chain)).collect(),
            digest: "the same".into(),
            ..Witness::default()
        }
    }

    /// Two clients drew three ops each, and all is well.
    fn good() -> History {
        let log = log(&[id(1, 1), id(2, 1), id(1, 2), id(1, 3), id(2, 2), id(2, 3)]);
        History {
            start: Position::start(1),
            digest: "the same".into(),
            witnesses: [1, 2].map(|client| witness(&log, client)).into(),
            log,
        }
    }

    /// The same log with its chain made anew, so that only what else is wrong shows.
    fn with_log(ids: &[OpId]) -> History {
        let mut history = good();
        history.log = log(ids);
        for witness in &mut history.witnesses {
            witness.places.clear();
        }
        history
    }

    #[test]
    fn nothing_is_found_where_all_is_well() {
        assert_eq!(good().flaws(), []);
        assert_eq!(good().saved(), 6);
    }

    #[test]
    fn a_lost_op_is_found_whether_it_was_called_saved_or_not() {
        let ids = [id(1, 1), id(2, 1), id(1, 2), id(2, 2), id(2, 3)];
        let mut history = with_log(&ids);
        assert_eq!(history.flaws(), [Flaw::Lost(id(1, 3))]);
        history.witnesses[0].saved.pop();
        assert_eq!(history.flaws(), [Flaw::Lost(id(1, 3))]);
        history.witnesses[0].refused.insert(id(1, 3));
        assert_eq!(history.flaws(), []);
    }

    #[test]
    fn an_op_that_was_refused_or_that_nobody_drew_is_found() {
        let mut history = good();
        history.witnesses[0].refused.insert(id(1, 3));
        assert_eq!(history.flaws(), [Flaw::Smuggled(id(1, 3))]);
        history.witnesses.remove(0);
        let forged = [1, 2, 3].map(|n| Flaw::Forged(id(1, n)));
        assert_eq!(history.flaws(), forged);
    }

    #[test]
    fn a_doubled_op_is_found_by_its_identity_and_by_what_it_adds() {
        let mut ids: Vec<_> = good().log.iter().map(|line| line.entry.id).collect();
        ids.push(id(2, 3));
        let history = with_log(&ids);
        assert_eq!(history.flaws(), [Flaw::Doubled(id(2, 3))]);
        let mut history = good();
        history.log[5].entry.op = history.log[4].entry.op.clone();
        assert!(history.flaws().contains(&Flaw::Doubled(id(2, 3))));
    }

    #[test]
    fn a_hole_is_found() {
        let mut history = good();
        history.log.remove(2);
        let flaws = history.flaws();
        assert!(flaws.contains(&Flaw::Hole(3)), "{flaws:?}");
        assert!(flaws.contains(&Flaw::Lost(id(1, 2))), "{flaws:?}");
    }

    #[test]
    fn a_reordering_is_found() {
        let ids = [id(1, 2), id(2, 1), id(1, 1), id(1, 3), id(2, 2), id(2, 3)];
        assert_eq!(with_log(&ids).flaws(), [Flaw::Disorder(id(1, 2))]);
    }

    #[test]
    fn another_chain_is_found_in_the_log_and_at_a_client() {
        let mut history = good();
        history.log[1].entry.author = PersonId([2; 16]);
        assert_eq!(history.flaws(), [Flaw::Chain(2)]);
        let mut history = good();
        history.witnesses[1].places.insert(4, Chain([0; 8]));
        assert_eq!(history.flaws(), [Flaw::Chain(4)]);
    }

    #[test]
    fn another_copy_a_jump_and_an_op_that_waits_are_found() {
        let mut history = good();
        history.witnesses[0].digest = "another".into();
        assert_eq!(history.flaws(), [Flaw::Diverged(0)]);
        for first in [3, 5] {
            let mut history = good();
            history.witnesses[1].runs[3].first = first;
            let run = Run { before: 3, first };
            assert_eq!(history.flaws(), [Flaw::Jump(run)]);
        }
        let mut history = good();
        history.witnesses[1].pending = 1;
        assert_eq!(history.flaws(), [Flaw::Waiting(1)]);
    }

    #[test]
    fn an_op_is_followed_through_all_its_identities() {
        let mut history = good();
        let drawn = [id(8, 7), id(9, 1), id(1, 3)];
        history.witnesses[0].drawn = drawn.into();
        history.witnesses[0].renamed = vec![
            (id(8, 7), id(9, 2)),
            (id(9, 2), id(1, 1)),
            (id(9, 1), id(1, 2)),
        ];
        assert_eq!(history.flaws(), []);
    }
}
