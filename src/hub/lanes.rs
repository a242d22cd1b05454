//! Lanes: what waits to be written to one member, in three bounded queues. Pure: no socket, no waiting.
//!
//! Urgent goes first, always. A reader that is too slow loses its queue and not its data (D9): of ink and cursors the
//! latest is enough, and when the durable lane overflows it is emptied and its member is brought to the head anew
//! by [`inkroom_board::Room::resume`]. So memory is bounded whatever a member does, and nobody waits for it.

use std::collections::VecDeque;

use bytes::Bytes;
use inkroom_board::{ElementId, MemberId, Position, limits};

/// Most answers that wait: twice what a client has on its way. Past it the client sends without ever reading.
pub(crate) const CONTROL_MESSAGES: usize = 2 * limits::WINDOW_OPS;
/// Most messages of the log that wait …
pub(crate) const DURABLE_MESSAGES: usize = 512;
/// … and most bytes of them: for more, a snapshot is the shorter way.
pub(crate) const DURABLE_BYTES: usize = 1024 * 1024;
/// Most bytes of ink and cursors that wait: what is older than that has been overtaken.
pub(crate) const EPHEMERAL_BYTES: usize = 64 * 1024;

/// What a message is to the lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An answer to this member.
    Control,
    /// The log and who is here.
    Durable(After),
    /// Where a member points: the latest counts.
    Cursor(MemberId),
    /// A shape as it is now: the latest counts.
    Shape(MemberId, ElementId),
    /// More of a stroke.
    Stroke(MemberId, ElementId),
    /// Ink that is no more: what waits of it need not be sent.
    Gone(MemberId, ElementId),
}

/// Where the member's copy of the board is after a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// Where it was.
    Same,
    /// Exactly here.
    At(Position),
    /// Here, if it was known where it was before.
    Onward(Position),
    /// Unknown: it fetches a snapshot.
    Unknown,
}

/// A message was one too many: its member does not read what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overrun;

/// How the durable lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// As it should be.
    Flowing,
    /// It overflowed: the writer is to ask for a resume when it has written what it took.
    Overflowed,
    /// It asked.
    Asked,
}

/// What waits for one member.
#[derive(Debug)]
pub(crate) struct Lanes {
    control: VecDeque<Bytes>,
    durable: VecDeque<(Bytes, After)>,
    durable_bytes: usize,
    ephemeral: VecDeque<(Kind, Bytes)>,
    ephemeral_bytes: usize,
    flow: Flow,
    /// Where the member's copy is after all that was taken; nothing if that is not known.
    position: Option<Position>,
    /// From where it was resumed last, and whether nothing has moved since.
    resumed_from: Option<Position>,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self {
            control: VecDeque::new(),
            durable: VecDeque::new(),
            durable_bytes: 0,
            ephemeral: VecDeque::new(),
            ephemeral_bytes: 0,
            flow: Flow::Flowing,
            position: None,
            resumed_from: None,
        }
    }

    /// Puts a message into its lane.
    pub(crate) fn push(&mut self, kind: Kind, bytes: Bytes) -> Result<(), Overrun> {
        match kind {
            Kind::Control if self.control.len() == CONTROL_MESSAGES => return Err(Overrun),
            Kind::Control => self.control.push_back(bytes),
            Kind::Durable(after) => self.push_durable(after, bytes),
            _ => self.push_ephemeral(kind, bytes),
        }
        Ok(())
    }

    fn push_durable(&mut self, after: After, bytes: Bytes) {
        if self.flow != Flow::Flowing {
            return;
        }
        if self.durable.len() == DURABLE_MESSAGES
            || self.durable_bytes + bytes.len() > DURABLE_BYTES
        {
            self.durable.clear();
            self.durable_bytes = 0;
            self.flow = Flow::Overflowed;
            return;
        }
        self.durable_bytes += bytes.len();
        self.durable.push_back((bytes, after));
    }

    fn push_ephemeral(&mut self, kind: Kind, bytes: Bytes) {
        if let Kind::Gone(member, id) = kind {
            let is_of_it = |waiting: &Kind| {
                *waiting == Kind::Stroke(member, id) || *waiting == Kind::Shape(member, id)
            };
            self.ephemeral.retain(|(waiting, _)| !is_of_it(waiting));
            self.ephemeral_bytes = self.ephemeral.iter().map(|(_, bytes)| bytes.len()).sum();
        }
        let replaces = !matches!(kind, Kind::Stroke(..));
        match self
            .ephemeral
            .iter_mut()
            .find(|(waiting, _)| replaces && *waiting == kind)
        {
            Some((_, old)) => {
                self.ephemeral_bytes = self.ephemeral_bytes - old.len() + bytes.len();
                *old = bytes;
            }
            None => {
                self.ephemeral_bytes += bytes.len();
                self.ephemeral.push_back((kind, bytes));
            }
        }
        while self.ephemeral_bytes > EPHEMERAL_BYTES {
            self.drop_oldest();
        }
    }

    /// The oldest ink goes first; that ink is gone is said for as long as there is room.
    fn drop_oldest(&mut self) {
        let ink = self
            .ephemeral
            .iter()
            .position(|(kind, _)| !matches!(kind, Kind::Gone(..)));
        if let Some((_, bytes)) = self.ephemeral.remove(ink.unwrap_or(0)) {
            self.ephemeral_bytes -= bytes.len();
        }
    }

    /// Takes the most urgent messages, of about `bytes`: at least one if there is any.
    pub(crate) fn take(&mut self, bytes: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let mut room = bytes;
        while let Some(next) = self.pop(room, taken.is_empty()) {
            room = room.saturating_sub(next.len());
            taken.push(next);
        }
        taken
    }

    fn pop(&mut self, room: usize, first: bool) -> Option<Bytes> {
        let fits = |bytes: &Bytes| first || bytes.len() <= room;
        if let Some(next) = self.control.front() {
            return if fits(next) {
                self.control.pop_front()
            } else {
                None
            };
        }
        if let Some((next, _)) = self.durable.front() {
            return if fits(next) { self.pop_durable() } else { None };
        }
        let (_, next) = self.ephemeral.front()?;
        if !fits(next) {
            return None;
        }
        let (_, next) = self.ephemeral.pop_front()?;
        self.ephemeral_bytes -= next.len();
        Some(next)
    }

    fn pop_durable(&mut self) -> Option<Bytes> {
        let (next, after) = self.durable.pop_front()?;
        self.durable_bytes -= next.len();
        self.position = match after {
            After::Same => self.position,
            After::At(position) => Some(position),
            After::Onward(position) => self.position.and(Some(position)),
            After::Unknown => None,
        };
        Some(next)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.control.is_empty() && self.durable.is_empty() && self.ephemeral.is_empty()
    }

    /// How many bytes wait, without answers: these are few and short.
    pub(crate) fn bytes(&self) -> usize {
        self.durable_bytes + self.ephemeral_bytes
    }

    /// Whether the durable lane overflowed and its member has not been resumed since.
    pub(crate) fn is_behind(&self) -> bool {
        self.flow != Flow::Flowing
    }

    /// When it overflowed: from where its member is to be resumed. Asks once. Where the way from there overflowed
    /// before anything of it was written, the answer is the snapshot, which always fits.
    pub(crate) fn ask(&mut self) -> Option<Option<Position>> {
        if self.flow != Flow::Overflowed {
            return None;
        }
        self.flow = Flow::Asked;
        let stuck = self.position == self.resumed_from;
        self.resumed_from = self.position;
        Some(self.position.filter(|_| !stuck))
    }

    /// What follows is what brings the member to the head.
    pub(crate) fn resume(&mut self) {
        self.durable.clear();
        self.durable_bytes = 0;
        self.flow = Flow::Flowing;
    }
}

#[cfg(test)]
mod tests;
