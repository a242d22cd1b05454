//! What is told of a room for those who look at its board from elsewhere ([`RoomState`]), about once a second while
//! it changes.
//!
//! Only the server that commits tells. Neither of the two seqs that are kept here is asked of the store for it: which
//! snapshot is the newest is known once this room has kept one, and that who may draw has not changed since some op is
//! as true of the oldest op that the room opened with as it is of the one that last changed it.

use inkroom_board::ledger::Logged;
use inkroom_board::room::Opening;
use inkroom_board::{Op, Seq};

use super::Task;
use crate::relay::RoomState;

/// What the document does not tell.
#[derive(Debug)]
pub(super) struct State {
    snap_seq: Option<Seq>,
    role_version: Seq,
    /// The last that this server committed.
    committed: Seq,
    /// Whether there is something that was not told.
    is_new: bool,
}

impl State {
    /// Of a board that was just loaded.
    pub(super) fn of(opening: &Opening) -> Self {
        let mut state = Self {
            snap_seq: None,
            role_version: opening.before.seq,
            committed: 0,
            is_new: false,
        };
        state.follow(&opening.recent);
        state
    }

    /// The log goes on.
    pub(super) fn follow(&mut self, logged: &[Logged]) {
        let says_who_draws = |logged: &&Logged| {
            let op = &logged.entry.op;
            matches!(op, Op::SetMode(_) | Op::SetPen { .. })
        };
        let last = logged.iter().rev().find(says_who_draws);
        let last = last.map_or(0, |logged| logged.seq);
        self.role_version = self.role_version.max(last);
    }

    /// It does, by this server.
    pub(super) fn commit(&mut self, logged: &[Logged]) {
        self.follow(logged);
        if let Some(last) = logged.last() {
            self.committed = self.committed.max(last.seq);
            self.is_new = true;
        }
    }

    /// This room kept a snapshot.
    pub(super) fn keep(&mut self, seq: Seq) {
        self.snap_seq = self.snap_seq.max(Some(seq));
        self.is_new = true;
    }
}

impl Task {
    pub(super) fn tell_state(&mut self) {
        let document = self.room.document();
        // Where another server was faster, the room may still be reading what comes before its own.
        let is_there = document.position().seq >= self.state.committed;
        if !is_there || !std::mem::take(&mut self.state.is_new) {
            return;
        }
        let state = RoomState {
            head: document.position(),
            snap_seq: self.state.snap_seq,
            role_version: self.state.role_version,
        };
        let relay = &self.around.relay;
        relay.remember(self.board, state, document.title());
    }
}

#[cfg(test)]
mod tests {
    use inkroom_board::{Access, Chain, ClientId, Document, Entry, Mode, OpId, PersonId, Position};

    use super::*;

    fn logged(seq: Seq, op: Op) -> Logged {
        Logged {
            seq,
            chain: Chain([0; 8]),
            size: 10,
            entry: Entry {
                id: OpId {
                    client: ClientId([1; 16]),
                    n: 1,
                },
                author: PersonId([1; 16]),
                at_ms: 0,
                op,
            },
        }
    }

    fn opened(before: Seq, recent: Vec<Logged>) -> State {
        let access = Access::new(PersonId([1; 16]), Mode::Everyone);
        State::of(&Opening {
            document: Document::new(1, String::new(), access),
            before: Position {
                seq: before,
                ..Position::start(1)
            },
            recent,
            read_only: false,
        })
    }

    #[test]
    fn who_may_draw_has_not_changed_since_what_a_room_opened_with_or_the_op_that_last_changed_it() {
        let pen = |holds| Op::SetPen {
            person: PersonId([2; 16]),
            holds,
        };
        let mut state = opened(7, vec![logged(8, Op::Clear)]);
        assert_eq!((state.role_version, state.snap_seq), (7, None));
        let changes = [
            logged(9, pen(true)),
            logged(10, pen(false)),
            logged(11, Op::Clear),
        ];
        state.follow(&changes);
        assert_eq!(state.role_version, 10);
        assert!(!state.is_new, "the other server tells");
        // What comes twice is no news.
        state.commit(&changes[..1]);
        assert_eq!((state.role_version, state.is_new), (10, true));
        let mode = logged(3, Op::SetMode(Mode::Presenters));
        assert_eq!(opened(2, vec![mode, logged(4, Op::Clear)]).role_version, 3);
    }

    #[test]
    fn the_newest_snapshot_is_the_one_that_was_kept_last() {
        let mut state = opened(0, vec![]);
        state.keep(9);
        state.keep(4);
        assert_eq!((state.snap_seq, state.is_new), (Some(9), true));
    }
}
