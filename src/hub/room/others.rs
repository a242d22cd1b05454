//! What a room tells other servers, and what it makes of what they tell.
//!
//! Nothing of it is relied on: a run of the log goes the way of every run, what seems to be missing is read from the
//! store, and who is where on other servers is the room's own to judge ([`inkroom_board::Room::overhear`]).

use std::sync::Arc;
use std::time::Duration;

use inkroom_board::Position;
use inkroom_board::ledger::Logged;
use inkroom_board::room::Effect;
use tokio::time::Instant;

use super::{Task, UPKEEP};
use crate::relay::{Hint, News};

/// Who is here is said again this often: it is believed for five minutes.
const SEATS: Duration = Duration::from_secs(60);

/// How many were said to be here, and when.
#[derive(Debug, Default)]
pub(super) struct Seated {
    members: usize,
    at: Option<Instant>,
}

impl Task {
    /// What other servers are told of a run that was just committed: where it does not go on from here, another server
    /// was faster, and they are only told where the log ends.
    pub(super) fn hint(&self, logged: &[Logged]) -> Option<Hint> {
        let (first, last) = (logged.first()?, logged.last()?);
        let here = self.room.document().position();
        let goes_on = first.seq == here.seq + 1;
        let head = Position {
            seq: last.seq,
            chain: last.chain,
            ..here
        };
        Some(Hint {
            board: self.board,
            before: if goes_on { here } else { head },
            logged: if goes_on { logged } else { &[] }.into(),
        })
    }

    /// Other servers say something, or this one hears that it missed something.
    pub(super) fn heard(&mut self, news: News) -> Vec<Effect> {
        match news {
            News::Committed(logged) => self.take_in_or_park(&logged),
            News::Head(head) => self.compare_hint(head),
            News::Murmur(node, murmur) => self.room.overhear(node, murmur, self.now_ms()),
            News::Missed => self.missed(),
        }
    }

    fn missed(&mut self) -> Vec<Effect> {
        let mut effects = self.catch_up();
        effects.extend(self.room.ask_around(self.now_ms()));
        effects
    }

    /// Unlike what the store says, what a relay says is only a reason to look.
    fn compare_hint(&mut self, head: Position) -> Vec<Effect> {
        let here = self.room.document().position();
        if head == here || (head.epoch == here.epoch && head.seq < here.seq) {
            return Vec::new();
        }
        self.catch_up()
    }

    fn take_in_or_park(&mut self, logged: &Arc<[Logged]>) -> Vec<Effect> {
        let head = self.room.document().position().seq;
        let is_early = logged.first().is_some_and(|first| first.seq > head + 1);
        if is_early && self.parked.park(Arc::clone(logged), Instant::now()) {
            return Vec::new();
        }
        let effects = self.take_in(logged);
        self.perform(effects);
        self.take_in_parked()
    }

    /// What came before its turn and goes on from here by now.
    pub(super) fn take_in_parked(&mut self) -> Vec<Effect> {
        while let Some(run) = self.parked.next(self.room.document().position().seq) {
            let effects = self.take_in(&run);
            self.perform(effects);
        }
        Vec::new()
    }

    pub(super) fn give_up_parked(&mut self) -> Vec<Effect> {
        self.parked.clear();
        self.catch_up()
    }

    /// Once a second: what those who are not here may want to know.
    pub(super) fn tell_others(&mut self) {
        self.sit();
        self.tell_state();
        self.point();
    }

    /// Says where members point: a cursor that rests is heard about as often as this is said.
    fn point(&self) {
        let ms = u64::try_from(UPKEEP.as_millis()).unwrap_or(u64::MAX);
        let cursors: Vec<_> = self.room.pointing(ms, self.now_ms()).collect();
        if !cursors.is_empty() {
            self.around.relay.cursors(self.board, &cursors);
        }
    }

    /// Says who is here: other servers and pages count them.
    fn sit(&mut self) {
        let here = self.members.len();
        let is_due = self.seated.at.is_none_or(|at| at.elapsed() >= SEATS);
        if here == self.seated.members && (here == 0 || !is_due) {
            return;
        }
        self.seated = Seated {
            members: here,
            at: Some(Instant::now()),
        };
        let members: Vec<_> = self.members.keys().copied().collect();
        self.around.relay.seats(self.board, &members);
    }
}
