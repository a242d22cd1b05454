//! The simulation's store: a log in memory that decides by the same ledger as SQL does.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::document::Document;
use crate::id::{ClientId, OpId, PersonId};
use crate::ledger::{Access, ClientHead, Entry, Head, Logged, Mode, Position, Seq, Verdict};
use crate::room::Opening;

const EPOCH: u64 = 1;

#[derive(Debug)]
pub(super) struct Store {
    pub(super) people: Vec<PersonId>,
    pub(super) head: Head,
    pub(super) log: Vec<Logged>,
    pub(super) genesis: Document,
    clients: BTreeMap<ClientId, ClientHead>,
    snapshot: Document,
}

impl Store {
    pub(super) fn new(people: &[PersonId], mode: Mode) -> Self {
        let access = Access::new(people.first().copied().unwrap_or_default(), mode);
        let genesis = Document::new(EPOCH, String::from("Simulated"), access.clone());
        Self {
            people: people.to_vec(),
            head: Head {
                position: genesis.position(),
                access,
            },
            log: Vec::new(),
            snapshot: genesis.clone(),
            genesis,
            clients: BTreeMap::new(),
        }
    }

    pub(super) fn client(&self, client: ClientId) -> Option<ClientHead> {
        self.clients.get(&client).copied()
    }

    pub(super) fn commit(&mut self, entry: Entry) -> (OpId, Verdict, Option<Logged>) {
        let fresh = ClientHead {
            person: entry.author,
            last_n: 0,
        };
        let mut client = self.client(entry.id.client).unwrap_or(fresh);
        let stored = entry.op.to_stored();
        let (id, verdict) = (entry.id, self.head.admit(&mut client, &entry, &stored));
        let Verdict::Fresh(seq) = verdict else {
            return (id, verdict, None);
        };
        self.clients.insert(id.client, client);
        let logged = Logged {
            seq,
            chain: self.head.position.chain,
            entry,
            size: stored.len(),
        };
        self.log.push(logged.clone());
        (id, verdict, Some(logged))
    }

    pub(super) fn seq_of(&self, id: OpId) -> Seq {
        self.log
            .iter()
            .find(|logged| logged.entry.id == id)
            .map_or(0, |logged| logged.seq)
    }

    pub(super) fn tail(&self, after: Seq) -> Vec<Logged> {
        self.log
            .iter()
            .filter(|logged| logged.seq > after)
            .cloned()
            .collect()
    }

    pub(super) fn replay(&self) -> Document {
        self.replay_to(&self.genesis, self.head.position.seq)
    }

    fn replay_to(&self, from: &Document, seq: Seq) -> Document {
        let mut document = from.clone();
        let missing = self
            .log
            .iter()
            .filter(|logged| logged.seq > from.position().seq && logged.seq <= seq);
        missing.for_each(|logged| drop(document.commit(&logged.entry)));
        document
    }

    pub(super) fn save_snapshot(&mut self) {
        let bytes = self
            .replay_to(&self.snapshot, self.head.position.seq)
            .to_snapshot();
        if let Ok(document) = Document::from_snapshot(&bytes) {
            self.snapshot = document;
        }
    }

    /// The document at `position`, as HTTP serves it.
    pub(super) fn at(&self, position: Position) -> Option<Document> {
        let from = if self.snapshot.position().seq <= position.seq {
            &self.snapshot
        } else {
            &self.genesis
        };
        let bytes = self.replay_to(from, position.seq).to_snapshot();
        Document::from_snapshot(&bytes).ok()
    }

    /// The board as a server loads it, with so much of its log.
    pub(super) fn open(&self, recent: usize) -> Opening {
        let recent: Vec<_> = self
            .log
            .iter()
            .skip(self.log.len().saturating_sub(recent))
            .cloned()
            .collect();
        let seq = recent
            .first()
            .map_or(self.head.position.seq, |first| first.seq - 1);
        let before = seq
            .checked_sub(1)
            .and_then(|index| self.log.get(usize::try_from(index).ok()?));
        let before = before.map_or(self.genesis.position(), |logged| Position {
            epoch: EPOCH,
            seq,
            chain: logged.chain,
        });
        let document = self.replay_to(&self.snapshot, self.head.position.seq);
        Opening {
            document,
            recent,
            before,
            read_only: false,
        }
    }
}
