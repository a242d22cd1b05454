//! What client and server say to each other, and how it is written.
//!
//! Two subprotocols carry the same enums: postcard in binary frames for our own client, JSON in text
//! frames for people who write bots. A frame is one message; every length in it is bounded by the frame
//! before anything is allocated. Not here: who answers what ([`crate::Room`], [`crate::Replica`]).
//! The order of variants and fields is the protocol: a change to it is a new version of its name.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::element::{Brush, Flaw, Ink, Shape, Style};
use crate::geom::Pos;
use crate::id::{ClientId, ElementId, MemberId, OpId, PersonId};
use crate::ledger::{Chain, Entry, Position, Seq};
use crate::limits;
use crate::op::Op;
use crate::points::Points;

/// The WebSocket subprotocol of binary frames.
pub const PROTOCOL: &str = "inkroom.2";
/// The WebSocket subprotocol of JSON text frames.
pub const PROTOCOL_JSON: &str = "inkroom.2.json";

/// From a member to its room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMessage {
    /// First, and only first.
    Hello {
        /// The queue that most ops of this connection come from.
        client: ClientId,
        /// Where the client's copy of the board is, if it has one.
        resume: Option<Position>,
    },
    /// Changes to keep.
    Ops {
        /// Whose queue they are from: usually the one of the hello.
        client: ClientId,
        /// Whether the queue begins here again, after a hello or a refusal: a refused op holds back only
        /// what was on its way already. Bots may leave it out.
        #[serde(default)]
        again: bool,
        /// In the order of the queue.
        #[serde(deserialize_with = "ops")]
        ops: Vec<Queued>,
    },
    /// A stroke or shape while it is being drawn.
    Ink(Sketch),
    /// Where this member points; nothing when it points nowhere any more.
    Cursor(Option<Pos>),
    /// Raises or lowers the hand.
    Hand(bool),
    /// Changes how this person is called and shown.
    Profile {
        /// See [`limits::NAME_CHARS`].
        name: String,
        /// One of [`crate::room::PERSON_COLOURS`].
        colour: Ink,
    },
    /// Asks for a pong, to see whether the line is alive.
    Ping(u32),
}

/// An op in a client's queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Its place in the queue.
    pub n: u32,
    /// The change.
    pub op: Op,
}

/// Ink: ephemeral, latest wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sketch {
    /// More of a stroke.
    Stroke {
        /// The id it will have as an element.
        id: ElementId,
        /// What it is drawn with.
        brush: Brush,
        /// How it looks.
        style: Style,
        /// The index of the first of `points` in the stroke.
        from: u32,
        /// The points from there.
        points: Points,
    },
    /// A shape as it is now.
    Shape {
        /// The id it will have as an element.
        id: ElementId,
        /// What it looks like at the moment.
        shape: Shape,
    },
    /// No longer being drawn: cancelled, or its author lost the pen or left.
    Gone {
        /// Which.
        id: ElementId,
    },
}

impl Sketch {
    /// The element it is going to be.
    #[must_use]
    pub fn id(&self) -> ElementId {
        match self {
            Self::Stroke { id, .. } | Self::Shape { id, .. } | Self::Gone { id } => *id,
        }
    }
}

/// From a room to a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerMessage {
    /// The answer to hello.
    Welcome {
        /// Who the server knows this member as.
        you: Profile,
        /// This connection's name in the room.
        member: MemberId,
        /// The n of the last op of the hello's client that is in the log.
        last_n: u32,
        /// Whether nobody can change the board, since its stored log is damaged.
        read_only: bool,
    },
    /// How the member's copy gets to the head; ops follow from there.
    Start(Start),
    /// Ops that are in the log. Also the acknowledgement to their authors.
    Ops(Batch),
    /// An op sent again was in the log already.
    Ack {
        /// Which.
        id: OpId,
        /// Where; 0 if it is so old that its place is forgotten.
        seq: Seq,
    },
    /// An op was not put into the log, nor will any later one of that client before it.
    Nack {
        /// Which.
        id: OpId,
        /// Why.
        reason: Refusal,
    },
    /// Who is here: everything that `Joined`, `Left`, `Changed` and `Here` change.
    People {
        /// How many members there are.
        here: u32,
        /// The members that are listed by name.
        listed: Vec<Present>,
    },
    /// A listed member came.
    Joined(Present),
    /// A listed member's hand, name or colour is different.
    Changed(Present),
    /// A listed member went.
    Left(MemberId),
    /// How many members there are, listed or not.
    Here(u32),
    /// Somebody points.
    Cursor {
        /// Who.
        member: MemberId,
        /// Where.
        at: Option<Pos>,
    },
    /// Somebody is drawing.
    Ink {
        /// Who.
        member: MemberId,
        /// What.
        sketch: Sketch,
    },
    /// Where the board's log ends, so that a member can see that it misses nothing.
    Head(Position),
    /// The answer to a ping.
    Pong(u32),
    /// The server is about to close: come back after so many milliseconds.
    Bye {
        /// How long to wait.
        retry_ms: u32,
    },
}

/// How a member's copy gets to the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// From where it is: the ops that it misses follow.
    Tail {
        /// The position it is at.
        from: Position,
        /// The head it will be at.
        head: Position,
    },
    /// From the snapshot at this position, to be had at `/b/ID/snapshot/EPOCH-SEQ`.
    Snapshot(Position),
}

/// A run of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The seq of the first entry.
    pub first: Seq,
    /// The chain after the last.
    pub chain: Chain,
    /// The ops, in log order.
    #[serde(deserialize_with = "entries")]
    pub entries: Vec<Entry>,
}

/// How a person is called and shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Profile {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The colour of their cursor.
    pub colour: Ink,
}

/// A member as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// The connection.
    pub member: MemberId,
    /// The person.
    pub profile: Profile,
    /// Their place in the order of raised hands (lower is earlier), if theirs is up.
    pub hand: Option<u32>,
}

/// Why an op is not in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// An op before it is missing: send again from this n.
    #[error("the op before it is missing; send again from {0}")]
    Gap(u32),
    /// Too much at once: send again after so many milliseconds.
    #[error("busy; send again in {0} ms")]
    Busy(u32),
    /// It is malformed.
    #[error("invalid: {0}")]
    Invalid(Flaw),
    /// Its author may not do that now.
    #[error("only who holds the pen may do that")]
    Forbidden,
    /// It extends a stroke that is done, or begins after its end.
    #[error("the stroke does not go on there")]
    NoSuchEnd,
    /// The board holds as much as it may.
    #[error("the board is full")]
    BoardFull,
    /// The board can only be read at the moment, since its stored log is damaged.
    #[error("the board is read-only")]
    ReadOnly,
}

impl Refusal {
    /// Whether the same op may be sent again; otherwise its client is finished and later ops need a new one.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Gap(_) | Self::Busy(_))
    }
}

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// A text frame where binary was agreed, or the other way round.
    WrongKind = 1003,
    /// Bytes that are not a message.
    Undecodable = 1007,
    /// Too many frames, no hello in time, or a queue that is never read.
    Policy = 1008,
    /// A message over [`limits::FRAME_BYTES`].
    TooBig = 1009,
    /// The server restarts: come back in a moment.
    Restart = 1012,
    /// The server has too much to do, or the member reads too slowly: come back in a moment.
    TryLater = 1013,
    /// A message out of turn.
    Protocol = 4400,
    /// The client id belongs to somebody else.
    Forbidden = 4403,
    /// There is no such board.
    NotFound = 4404,
    /// The same person opened too many tabs; this was the oldest.
    Replaced = 4409,
    /// No version of the protocol in common: reload the page.
    Version = 4426,
}

impl CloseCode {
    /// Whether connecting again can help.
    #[must_use]
    pub fn may_retry(code: u16) -> bool {
        !(4400..4500).contains(&code)
    }
}

/// The three lanes of a member, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Answers to this member alone.
    Control,
    /// The log and who is here: in order and whole, or all over again.
    Durable,
    /// Ink and cursors: the latest is enough.
    Ephemeral,
}

impl ServerMessage {
    /// The lane it travels in.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::Welcome { .. } | Self::Ack { .. } | Self::Nack { .. } => Lane::Control,
            Self::Pong(_) | Self::Bye { .. } => Lane::Control,
            Self::Cursor { .. } | Self::Ink { .. } => Lane::Ephemeral,
            _ => Lane::Durable,
        }
    }
}

/// How messages are written on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Postcard, in binary frames.
    Binary,
    /// JSON, in text frames.
    #[cfg(feature = "json")]
    Json,
}

/// Bytes that are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message of this protocol")]
pub struct BadMessage;

impl Format {
    /// The message as bytes (JSON: UTF-8).
    pub fn encode<M: Serialize>(self, message: &M) -> Vec<u8> {
        match self {
            Self::Binary => postcard::to_allocvec(message).unwrap_or_default(),
            #[cfg(feature = "json")]
            Self::Json => serde_json::to_vec(message).unwrap_or_default(),
        }
    }

    /// # Errors
    /// When the bytes are not exactly one message.
    pub fn decode<M: de::DeserializeOwned>(self, bytes: &[u8]) -> Result<M, BadMessage> {
        match self {
            Self::Binary => match postcard::take_from_bytes(bytes) {
                Ok((message, [])) => Ok(message),
                _ => Err(BadMessage),
            },
            #[cfg(feature = "json")]
            Self::Json => serde_json::from_slice(bytes).map_err(|_| BadMessage),
        }
    }
}

fn ops<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Queued>, D::Error> {
    from.deserialize_seq(AtMost(limits::OPS_PER_FRAME, core::marker::PhantomData))
}

fn entries<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Entry>, D::Error> {
    from.deserialize_seq(AtMost(limits::OPS_PER_FRAME, core::marker::PhantomData))
}

/// Reads a list of at most so many items; nothing is allocated ahead.
struct AtMost<T>(usize, core::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for AtMost<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} items", self.0)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == self.0 {
                return Err(de::Error::invalid_length(self.0 + 1, &self));
            }
            items.push(item);
        }
        Ok(items)
    }
}
