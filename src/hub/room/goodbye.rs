//! The end of a room because its server stops: what is on its way is committed and acknowledged, then every member is
//! told when to come back and closed (1012), a few at a time so that they do not all come back at once.
//!
//! Sockets read nothing any more by then, so no new ops come in.

use std::collections::VecDeque;
use std::time::Duration;

use inkroom_board::MemberId;
use inkroom_board::room::Effect;
use inkroom_board::wire::CloseCode;
use tokio::time::Instant;

use super::Task;
use crate::random;

/// A store that does not answer holds up the goodbye for at most so long: what it has not committed by then was not
/// acknowledged either, so clients send it again.
const SETTLE: Duration = Duration::from_secs(5);
/// Members of one room that are closed in one tick of 50 ms.
const WAVE: usize = 100;
/// Members come back between so many and …
const RETRY_FROM_MS: u32 = 1_000;
/// … so many ms later: long enough for the next process to start, spread so that it is not overrun.
const RETRY_TO_MS: u32 = 5_000;
/// Members who do not let themselves be closed are left behind after so long.
const LEAVE: Duration = Duration::from_secs(12);

/// How far it is.
#[derive(Debug)]
pub(super) struct Goodbye {
    since: Instant,
    /// Who is still to be told; nobody is told before everything is settled.
    untold: Option<VecDeque<MemberId>>,
}

impl Task {
    pub(super) fn begin_goodbye(&mut self) -> Vec<Effect> {
        self.goodbye = Some(Goodbye {
            since: Instant::now(),
            untold: None,
        });
        Vec::new()
    }

    pub(super) fn go_on_with_goodbye(&mut self, is_inbox_empty: bool) -> Vec<Effect> {
        let is_settled = is_inbox_empty && self.lane.in_flight() == 0;
        let Some(goodbye) = &mut self.goodbye else {
            return Vec::new();
        };
        if goodbye.untold.is_none() {
            if !is_settled && goodbye.since.elapsed() < SETTLE {
                return Vec::new();
            }
            goodbye.untold = Some(self.members.keys().copied().collect());
        }
        let Some(untold) = &mut goodbye.untold else {
            return Vec::new();
        };
        let some: Vec<_> = untold.drain(..WAVE.min(untold.len())).collect();
        for member in some {
            self.say_goodbye(member);
        }
        Vec::new()
    }

    fn say_goodbye(&mut self, member: MemberId) {
        let bye = self
            .room
            .bye(member, random::between(RETRY_FROM_MS, RETRY_TO_MS));
        self.perform(Vec::from([bye]));
        if let Some(mailbox) = self.members.get(&member) {
            mailbox.finish(CloseCode::Restart);
        }
    }

    /// Whether everybody is gone and everything is committed, that of authors who left in mid-stroke included.
    pub(super) fn is_goodbye_over(&self) -> bool {
        let Some(goodbye) = &self.goodbye else {
            return false;
        };
        let is_told = goodbye.untold.as_ref().is_some_and(VecDeque::is_empty);
        (is_told && self.room.is_idle()) || goodbye.since.elapsed() >= SETTLE + LEAVE
    }
}
