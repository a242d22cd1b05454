//! The log of a board: how an op is admitted to it, who may add what, and how positions are compared.
//!
//! Every store calls [`Head::admit`] for each op of a batch while it holds the board's head, inside the
//! transaction that writes the op: the decision is the same in SQL, in the simulation and in any other
//! store. Roles are decided here too, at commit, so that a change of mode or pen is a point in the log
//! and every stroke is entirely before or after it (D6).

mod pens;

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{BoardId, OpId, PersonId};
use crate::limits;
use crate::op::Op;

pub use pens::Pens;

/// An op's position in its board's log: 1, 2, 3 … with no holes; 0 is before the first.
pub type Seq = u64;

/// A running hash of a board's log: tells two histories of the same length apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Chain(pub [u8; 8]);

impl Chain {
    /// The chain of an empty log: a hash of the epoch.
    #[must_use]
    pub fn start(epoch: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"inkroom epoch");
        hash.update(epoch.to_be_bytes());
        Self::cut(hash)
    }

    /// The chain after one more op: the first 8 bytes of
    /// `SHA-256(chain ‖ client ‖ n as u32 BE ‖ author ‖ SHA-256(stored op))`.
    #[must_use]
    pub fn next(self, id: OpId, author: PersonId, stored: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(id.client.0);
        hash.update(id.n.to_be_bytes());
        hash.update(author.0);
        hash.update(Sha256::digest(stored));
        Self::cut(hash)
    }

    fn cut(hash: Sha256) -> Self {
        let mut first = [0u8; 8];
        for (to, from) in first.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(first)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({self})")
    }
}

/// Where a copy of a board is in the board's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Which history: it changes when the log is replaced (restore, import).
    pub epoch: u64,
    /// How many ops of it are in the copy.
    pub seq: Seq,
    /// The chain at that op.
    pub chain: Chain,
}

impl Position {
    /// Before the first op.
    #[must_use]
    pub fn start(epoch: u64) -> Self {
        Self {
            epoch,
            seq: 0,
            chain: Chain::start(epoch),
        }
    }
}

/// Who draws.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Mode {
    /// Everyone who has the link.
    #[default]
    Everyone,
    /// The owner, and whoever was passed the pen.
    Presenters,
}

/// What a person may do on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Draws, and decides who else does.
    Owner,
    /// Draws.
    Presenter,
    /// Watches.
    Viewer,
}

impl Role {
    /// Whether this role has a palette.
    #[must_use]
    pub fn draws(self) -> bool {
        self != Self::Viewer
    }
}

/// Who may do what on a board; changed only by ops of its log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Access {
    /// Who made the board.
    pub owner: PersonId,
    /// Who draws.
    pub mode: Mode,
    /// Who was passed the pen; matters in presenter mode.
    pub pens: Pens,
}

impl Access {
    /// The access of a new board.
    #[must_use]
    pub fn new(owner: PersonId, mode: Mode) -> Self {
        Self {
            owner,
            mode,
            pens: Pens::default(),
        }
    }

    /// What `person` is on this board.
    #[must_use]
    pub fn role(&self, person: PersonId) -> Role {
        if person == self.owner {
            Role::Owner
        } else if self.mode == Mode::Everyone || self.pens.contains(&person) {
            Role::Presenter
        } else {
            Role::Viewer
        }
    }

    /// Whether `author` may make this change now. Anyone may lay down their own pen.
    #[must_use]
    pub fn permits(&self, author: PersonId, op: &Op) -> bool {
        let role = self.role(author);
        match op {
            Op::Add { .. }
            | Op::Extend { .. }
            | Op::Remove { .. }
            | Op::Restore { .. }
            | Op::Clear => role.draws(),
            Op::SetPen {
                person,
                holds: false,
            } if *person == author => true,
            Op::SetPen { holds: true, .. } => role == Role::Owner && self.pens.len() < limits::PENS,
            Op::SetPen { .. } | Op::SetMode(_) | Op::SetTitle(_) => role == Role::Owner,
        }
    }

    /// Follows `op`; returns whether anything about access changed.
    pub fn follow(&mut self, op: &Op) -> bool {
        match op {
            Op::SetMode(mode) => core::mem::replace(&mut self.mode, *mode) != *mode,
            Op::SetPen {
                person,
                holds: true,
            } => self.pens.insert(*person),
            Op::SetPen {
                person,
                holds: false,
            } => self.pens.remove(person),
            _ => false,
        }
    }
}

/// An op with who made it and when: what is submitted, and, once it has a seq, a line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// Its identity: a retry has the same.
    pub id: OpId,
    /// Whose op it is.
    pub author: PersonId,
    /// The server's clock when it came in, in ms since 1970. For people to read; nothing is decided by it.
    pub at_ms: u64,
    /// The change.
    pub op: Op,
}

/// What a new board begins with; its snapshot at seq 0 holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The new board's id.
    pub board: BoardId,
    /// Its title; may be empty.
    pub title: String,
    /// Its owner and mode.
    pub access: Access,
}

/// The end of a board's log, as the store holds it under its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The last op's position.
    pub position: Position,
    /// Who may do what after it.
    pub access: Access,
}

/// What becomes of a submitted op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has this place in the log now.
    Fresh(Seq),
    /// It was in the log before; the store looks up where.
    Known,
    /// An earlier op of the same client is missing; the next one must be this.
    Gap(u32),
    /// Its author may not do that.
    Forbidden,
    /// Its client belongs to somebody else.
    NotYours,
}

/// What a board's log holds of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHead {
    /// Whose client it is: the author of its first op.
    pub person: PersonId,
    /// The n of its last op in the log, 0 for none.
    pub last_n: u32,
}

/// A line of the log with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place.
    pub seq: Seq,
    /// The chain after it.
    pub chain: Chain,
    /// The op, its author and its time.
    pub entry: Entry,
    /// The length of its stored op, in bytes.
    pub size: usize,
}

impl Head {
    /// Decides about `entry`, whose stored op is `stored`, and moves the head if it is fresh. `client` is
    /// what the log holds of the entry's client; for a new one, `last_n` 0 and the entry's author.
    pub fn admit(&mut self, client: &mut ClientHead, entry: &Entry, stored: &[u8]) -> Verdict {
        let expected = client.last_n.saturating_add(1);
        if client.person != entry.author {
            Verdict::NotYours
        } else if (1..=client.last_n).contains(&entry.id.n) {
            Verdict::Known
        } else if entry.id.n != expected {
            Verdict::Gap(expected)
        } else if !self.access.permits(entry.author, &entry.op) {
            Verdict::Forbidden
        } else {
            client.last_n = expected;
            self.access.follow(&entry.op);
            self.position.seq += 1;
            self.position.chain = self.position.chain.next(entry.id, entry.author, stored);
            Verdict::Fresh(self.position.seq)
        }
    }
}
