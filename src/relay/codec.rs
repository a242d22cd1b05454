//! How hints and murmurs are written for other servers, and how they are believed.
//!
//! A message is `version | node | …`; after it, a hint has `epoch, seq and chain before | last seq | its chain | rows`
//! and a list of murmurs has them one after the other, each with its length. What comes in may come from anybody who
//! got hold of the channel: nothing is allocated from a length that was not checked, and a run is taken only if its
//! chain leads, op by op, from where it says it begins to where it says it ends. A forger can still make up a whole
//! run: the room's own chain does not lead to it, and it looks into the store.

use inkroom_board::ledger::Logged;
use inkroom_board::room::Murmur;
use inkroom_board::wire::Format;
use inkroom_board::{Chain, NodeId, Position, Seq};
use serde::{Deserialize, Serialize};

use super::{Hint, News};
use crate::store::log::Line;

/// The first byte of every message. Servers of another version ignore each other and look into the store.
const VERSION: u8 = 2;
/// The version and the node.
const HEADER: usize = 9;
/// A hint that would be longer goes without its ops: whoever hears of it reads the store.
pub const HINT_BYTES: usize = 32 * 1024;
/// Murmurs of one board that wait together go together, up to so many bytes.
pub const MURMURS_BYTES: usize = 64 * 1024;
/// Nothing longer is looked at: the longest is a single murmur that lists everybody.
pub const MOST_BYTES: usize = 256 * 1024;

/// Bytes that are not a message of this version, or not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message between servers")]
pub struct Poison;

/// Where a hint begins and ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Span {
    before: Position,
    last: Seq,
    chain: Chain,
}

/// An op of a hint; its seq is its place.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Row<'a> {
    client: [u8; 16],
    n: u32,
    author: [u8; 16],
    at_ms: u64,
    chain: Chain,
    #[serde(borrow)]
    stored: &'a [u8],
}

/// A hint from `node`, without its ops if it is too long with them.
#[must_use]
pub fn hint(node: NodeId, hint: &Hint) -> Vec<u8> {
    let alone = span(node, hint.before, hint.head());
    let size: usize = hint.logged.iter().map(|logged| logged.size).sum();
    if size > HINT_BYTES {
        return alone;
    }
    let mut message = alone.clone();
    for logged in &*hint.logged {
        write_row(&mut message, logged);
    }
    if message.len() > HINT_BYTES {
        alone
    } else {
        message
    }
}

/// That a log ends at `head`, from `node`.
#[must_use]
pub fn head(node: NodeId, head: Position) -> Vec<u8> {
    span(node, head, head)
}

/// Murmurs from `node`, in order, each as [`Format::Binary`] wrote it.
#[must_use]
pub fn murmurs(node: NodeId, murmurs: &[Vec<u8>]) -> Vec<u8> {
    let mut message = start(node);
    for murmur in murmurs {
        message.extend(Format::Binary.encode(murmur));
    }
    message
}

/// Whose message it is.
///
/// # Errors
/// When it is none, or too long to be one.
pub fn sender(message: &[u8]) -> Result<NodeId, Poison> {
    match message.first_chunk::<HEADER>() {
        Some([VERSION, node @ ..]) if message.len() <= MOST_BYTES => Ok(NodeId(*node)),
        _ => Err(Poison),
    }
}

/// What a hint says.
///
/// # Errors
/// When it is not one that a server of this version makes.
pub fn read_hint(message: &[u8]) -> Result<News, Poison> {
    if message.len() > HINT_BYTES {
        return Err(Poison);
    }
    let (span, mut rest) = take::<Span>(body(message)?)?;
    let mut at = span.before;
    let head = Position {
        seq: span.last,
        chain: span.chain,
        ..at
    };
    if rest.is_empty() {
        return Ok(News::Head(head));
    }
    let mut logged = Vec::new();
    while !rest.is_empty() {
        let (row, after) = take::<Row<'_>>(rest)?;
        rest = after;
        let one = row.line(at.seq)?.believe(at).map_err(|_| Poison)?;
        at.seq = one.seq;
        at.chain = one.chain;
        logged.push(one);
    }
    if at == head {
        Ok(News::Committed(logged.into()))
    } else {
        Err(Poison)
    }
}

/// The murmurs of a message in order, and how many of them made no sense.
///
/// # Errors
/// When it is not a list of murmurs.
pub fn read_murmurs(message: &[u8]) -> Result<(Vec<Murmur>, usize), Poison> {
    let mut rest = body(message)?;
    let (mut murmurs, mut undecodable) = (Vec::new(), 0);
    while !rest.is_empty() {
        let (one, after) = take::<&[u8]>(rest)?;
        rest = after;
        match Format::Binary.decode(one) {
            Ok(murmur) => murmurs.push(murmur),
            Err(_) => undecodable += 1,
        }
    }
    Ok((murmurs, undecodable))
}

fn start(node: NodeId) -> Vec<u8> {
    let mut message = Vec::from([VERSION]);
    message.extend(node.0);
    message
}

fn span(node: NodeId, before: Position, head: Position) -> Vec<u8> {
    let mut message = start(node);
    message.extend(Format::Binary.encode(&Span {
        before,
        last: head.seq,
        chain: head.chain,
    }));
    message
}

fn write_row(message: &mut Vec<u8>, logged: &Logged) {
    let entry = &logged.entry;
    message.extend(Format::Binary.encode(&Row {
        client: entry.id.client.0,
        n: entry.id.n,
        author: entry.author.0,
        at_ms: entry.at_ms,
        chain: logged.chain,
        stored: &entry.op.to_stored(),
    }));
}

fn body(message: &[u8]) -> Result<&[u8], Poison> {
    sender(message)?;
    message.get(HEADER..).ok_or(Poison)
}

fn take<'a, T: Deserialize<'a>>(from: &'a [u8]) -> Result<(T, &'a [u8]), Poison> {
    postcard::take_from_bytes(from).map_err(|_| Poison)
}

impl Row<'_> {
    /// As a line of the log, to be believed like one.
    fn line(&self, before: Seq) -> Result<Line, Poison> {
        let seq = before.checked_add(1).ok_or(Poison)?;
        Ok(Line {
            seq: i64::try_from(seq).map_err(|_| Poison)?,
            client: self.client.into(),
            n: self.n.into(),
            author: self.author.into(),
            at_ms: i64::try_from(self.at_ms).map_err(|_| Poison)?,
            body: self.stored.into(),
            chain: self.chain.0.into(),
        })
    }
}
