//! Letter: a message on its way to members, written once for each format that any of them speaks (D8).
//!
//! It also says which lane and place the message has there. Not here: the lanes ([`super::lanes`]).

use std::cell::OnceCell;

use bytes::Bytes;
use inkroom_board::Position;
use inkroom_board::wire::{Format, Lane, ServerMessage, Sketch, Start};

use super::lanes::{After, Kind};
use super::line;

/// A message and what was written of it.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    message: &'a ServerMessage,
    kind: Kind,
    binary: OnceCell<Bytes>,
    json: OnceCell<Bytes>,
}

impl<'a> Letter<'a> {
    /// `epoch` is the board's: batches do not name it.
    pub(crate) fn new(message: &'a ServerMessage, epoch: u64) -> Self {
        Self {
            message,
            kind: kind(message, epoch),
            binary: OnceCell::new(),
            json: OnceCell::new(),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// As a frame, shared by all members of this format.
    pub(crate) fn frame(&self, format: Format) -> Bytes {
        let written = match format {
            Format::Binary => &self.binary,
            Format::Json => &self.json,
        };
        written
            .get_or_init(|| line::frame(format, &format.encode(self.message)))
            .clone()
    }
}

fn kind(message: &ServerMessage, epoch: u64) -> Kind {
    match message {
        ServerMessage::Cursor { member, .. } => Kind::Cursor(*member),
        ServerMessage::Ink { member, sketch } => match sketch {
            Sketch::Stroke { id, .. } => Kind::Stroke(*member, *id),
            Sketch::Shape { id, .. } => Kind::Shape(*member, *id),
            Sketch::Gone { id } => Kind::Gone(*member, *id),
        },
        message if message.lane() == Lane::Control => Kind::Control,
        message => Kind::Durable(after(message, epoch)),
    }
}

fn after(message: &ServerMessage, epoch: u64) -> After {
    match message {
        ServerMessage::Start(Start::Tail { from, .. }) => After::At(*from),
        ServerMessage::Start(Start::Snapshot(_)) => After::Unknown,
        ServerMessage::Ops(batch) => {
            let entries = u64::try_from(batch.entries.len()).unwrap_or(0);
            let seq = (batch.first + entries).saturating_sub(1);
            After::Onward(Position {
                epoch,
                seq,
                chain: batch.chain,
            })
        }
        _ => After::Same,
    }
}

#[cfg(test)]
mod tests {
    use inkroom_board::wire::Batch;
    use inkroom_board::{BoardId, Chain, ElementId, Entry, MemberId, Op, OpId, PersonId};

    use super::*;

    fn letter_kind(message: &ServerMessage) -> Kind {
        Letter::new(message, 4).kind()
    }

    #[test]
    fn each_message_is_in_the_lane_of_the_protocol() {
        let gone = Sketch::Gone {
            id: ElementId([1; 8]),
        };
        assert_eq!(letter_kind(&ServerMessage::Pong(1)), Kind::Control);
        assert_eq!(
            letter_kind(&ServerMessage::Here(1)),
            Kind::Durable(After::Same)
        );
        let cursor = ServerMessage::Cursor {
            member: MemberId(2),
            at: None,
        };
        assert_eq!(letter_kind(&cursor), Kind::Cursor(MemberId(2)));
        let ink = ServerMessage::Ink {
            member: MemberId(2),
            sketch: gone,
        };
        assert_eq!(
            letter_kind(&ink),
            Kind::Gone(MemberId(2), ElementId([1; 8]))
        );
    }

    #[test]
    fn a_batch_tells_where_its_reader_is_afterwards() {
        let id = OpId {
            client: Default::default(),
            n: 1,
        };
        let entry = Entry {
            id,
            author: PersonId::default(),
            at_ms: 0,
            op: Op::Clear,
        };
        let batch = Batch {
            first: 8,
            chain: Chain([3; 8]),
            entries: vec![entry.clone(), entry],
        };
        let there = Position {
            epoch: 4,
            seq: 9,
            chain: Chain([3; 8]),
        };
        assert_eq!(
            letter_kind(&ServerMessage::Ops(batch)),
            Kind::Durable(After::Onward(there))
        );
        let start = ServerMessage::Start(Start::Snapshot(there));
        assert_eq!(letter_kind(&start), Kind::Durable(After::Unknown));
    }

    #[test]
    fn it_is_written_once_for_each_format() {
        let message = ServerMessage::Joined(inkroom_board::wire::Present {
            member: MemberId(1),
            profile: crate::web::people::names::profile(PersonId(BoardId([5; 16]).0)),
            hand: None,
        });
        let letter = Letter::new(&message, 1);
        for format in [Format::Binary, Format::Json] {
            let frame = letter.frame(format);
            assert_eq!(frame.as_ptr(), letter.frame(format).as_ptr());
            assert_eq!(frame, line::frame(format, &format.encode(&message)));
        }
    }
}
