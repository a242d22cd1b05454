//! How a stored log is believed: line by line, each checked against the chain of the one before.
//!
//! Not here: where the lines are read from. A row whose bytes changed on the disk, a row that is missing and a
//! row that this program does not understand all end the same way: the log is good up to the row before.

use inkroom_board::ledger::Logged;
use inkroom_board::room::{Opening, Recent};
use inkroom_board::{Chain, ClientId, Document, Entry, Op, OpId, PersonId, Position, Seq};

use super::{RECENT_BYTES, RECENT_OPS};

/// What is wrong with a stored log, at the op after the last good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The op there is not the next one.
    #[error("an op is missing")]
    Hole,
    /// It cannot be decoded.
    #[error("an op cannot be decoded")]
    Undecodable,
    /// It, or the op before it, is not what was written.
    #[error("an op does not fit the chain")]
    Chain,
    /// The log ends before or after its head, or with another chain.
    #[error("the log does not lead to its head")]
    Head,
    /// The database itself cannot read it.
    #[error("the database cannot read an op")]
    Unreadable,
}

/// A row of the log as the database gave it, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place.
    pub seq: i64,
    /// Its client's id.
    pub client: Vec<u8>,
    /// Its place in the client's queue.
    pub n: i64,
    /// Whose op it is.
    pub author: Vec<u8>,
    /// When it came in, in ms since 1970.
    pub at_ms: i64,
    /// The stored op.
    pub body: Vec<u8>,
    /// The chain after it.
    pub chain: Vec<u8>,
}

impl Line {
    /// # Errors
    /// When it is not the line after `before`, whole and as it was written.
    pub fn believe(&self, before: Position) -> Result<Logged, Flaw> {
        let logged = self.decode().ok_or(Flaw::Undecodable)?;
        if logged.seq != before.seq + 1 {
            return Err(Flaw::Hole);
        }
        let expected = before
            .chain
            .next(logged.entry.id, logged.entry.author, &self.body);
        if logged.chain == expected {
            Ok(logged)
        } else {
            Err(Flaw::Chain)
        }
    }

    /// Like [`Self::believe`] for the first line of a run, where the chain before it is not known.
    ///
    /// # Errors
    /// When it is not whole or not at `seq`.
    pub fn believe_first(&self, seq: Seq) -> Result<Logged, Flaw> {
        let logged = self.decode().ok_or(Flaw::Undecodable)?;
        if logged.seq == seq {
            Ok(logged)
        } else {
            Err(Flaw::Hole)
        }
    }

    fn decode(&self) -> Option<Logged> {
        let id = OpId {
            client: ClientId(bytes(&self.client)?),
            n: u32::try_from(self.n).ok()?,
        };
        let at_ms = u64::try_from(self.at_ms).unwrap_or(0);
        let op = Op::from_stored(&self.body).ok()?;
        Some(Logged {
            seq: u64::try_from(self.seq).ok()?,
            chain: self.chain()?,
            entry: Entry {
                id,
                author: PersonId(bytes(&self.author)?),
                at_ms,
                op,
            },
            size: self.body.len(),
        })
    }

    /// The chain it says it has.
    #[must_use]
    pub fn chain(&self) -> Option<Chain> {
        bytes(&self.chain).map(Chain)
    }
}

fn bytes<const N: usize>(stored: &[u8]) -> Option<[u8; N]> {
    stored.try_into().ok()
}

/// A document on its way along the log, with the newest lines it went through.
#[derive(Debug)]
pub struct Replay {
    document: Document,
    recent: Recent,
}

impl Replay {
    /// From a snapshot.
    #[must_use]
    pub fn new(document: Document) -> Self {
        let recent = Recent::within(RECENT_OPS, RECENT_BYTES, document.position());
        Self { document, recent }
    }

    /// How far it is.
    #[must_use]
    pub fn position(&self) -> Position {
        self.document.position()
    }

    /// The document so far.
    #[must_use]
    pub fn into_document(self) -> Document {
        self.document
    }

    /// One op on.
    ///
    /// # Errors
    /// When the line is not to be believed; nothing has changed then.
    pub fn follow(&mut self, line: &Line) -> Result<(), Flaw> {
        let logged = line.believe(self.document.position())?;
        let _ = self.document.commit_stored(&logged.entry, &line.body);
        self.recent.push([logged]);
        Ok(())
    }

    /// The place that an older line would be taken at, and how many of them; nothing if enough is kept.
    #[must_use]
    pub fn wants_older(&self) -> Option<(Seq, usize)> {
        let (before, most) = (self.recent.before().seq, self.recent.room());
        let is_whole = before + self.recent.len() as u64 == self.position().seq;
        (is_whole && most > 0 && before > 0).then_some((before, most))
    }

    /// One op back, for the recent part alone: `line` is the last that is not in it, `chain` the one before it.
    /// Answers whether it was taken: there is room for it, and it leads to what is there.
    pub fn precede(&mut self, line: &Line, chain: Chain) -> bool {
        let after = self.recent.before();
        let Some(seq) = after.seq.checked_sub(1) else {
            return false;
        };
        let before = Position {
            seq,
            chain,
            ..after
        };
        line.believe(before)
            .is_ok_and(|logged| self.recent.precede(logged, before))
    }

    /// The board as it is now.
    #[must_use]
    pub fn into_opening(self, read_only: bool) -> Opening {
        Opening {
            document: self.document,
            before: self.recent.before(),
            recent: self.recent.into_log(),
            read_only,
        }
    }
}
