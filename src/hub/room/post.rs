//! Post: what goes out to the members of a room.
//!
//! All that is said to a member on one occasion goes out together. Where few are here the room writes to them itself:
//! waking a writer for each would cost more than the writing. Not here: what waits for a member, and for how long
//! ([`crate::hub::member`]).

use std::sync::Arc;

use inkroom_board::MemberId;
use inkroom_board::wire::{CloseCode, ServerMessage};
use tokio::time::Instant;

use super::Task;
use crate::hub::letter::Letter;
use crate::hub::member::Mailbox;
use crate::metrics::Said;
use crate::telemetry::Tag;

/// A room writes to so many members itself, for about 10 µs each; more are written to by all processors.
const WRITTEN_BY_ROOM: usize = 50;

/// To whom something was posted that is not on its way yet.
#[derive(Debug, Default)]
pub(super) struct Posted {
    to: Vec<MemberId>,
    to_all: bool,
}

impl Task {
    pub(super) fn send(&mut self, to: MemberId, message: &ServerMessage) {
        self.around.metrics.answered(message);
        if let Some(mailbox) = self.members.get(&to) {
            mailbox.post(&self.letter(message));
            self.posted.to.push(to);
        }
    }

    pub(super) fn cast(&mut self, except: Option<MemberId>, message: &ServerMessage) {
        let letter = self.letter(message);
        self.posted.to_all = true;
        for (_, mailbox) in self
            .members
            .iter()
            .filter(|(member, _)| Some(**member) != except)
        {
            mailbox.post(&letter);
        }
    }

    fn letter<'a>(&self, message: &'a ServerMessage) -> Letter<'a> {
        Letter::new(message, self.room.document().position().epoch)
    }

    pub(super) fn close(&self, member: MemberId, code: CloseCode) {
        let mailbox = self.members.get(&member);
        // What else it sent before it heard of it is no news.
        if mailbox.is_some_and(|mailbox| mailbox.close(code)) {
            tracing::info!(board.id = %Tag(self.board), member.id = member.0, code = code as u16, "member closed");
        }
    }

    /// All that was posted to a member on one occasion goes out together.
    pub(super) fn send_off(&mut self) {
        let posted = std::mem::take(&mut self.posted);
        if posted.to_all {
            self.send_off_to(self.members.values());
        } else if !posted.to.is_empty() {
            self.send_off_to(posted.to.iter().filter_map(|to| self.members.get(to)));
        }
    }

    fn send_off_to<'a>(&self, mailboxes: impl Iterator<Item = &'a Arc<Mailbox>>) {
        if self.members.len() > WRITTEN_BY_ROOM {
            mailboxes.for_each(|mailbox| mailbox.wake());
            return;
        }
        let (now, mut said) = (Instant::now(), Said::default());
        for mailbox in mailboxes {
            said += mailbox.write_or_wake(now);
        }
        self.around.metrics.said(said);
    }
}
