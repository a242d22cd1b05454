//! Seats: who is on which board at this server, and what of it Redis was told.
//!
//! In Redis a board has one set of all servers' members, each with the moment at which it no longer counts. A server
//! that ends without a word is forgotten by that.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use inkroom_board::{BoardId, MemberId, NodeId};
use redis::Pipeline;

use super::keys::{self, Keys, USERS_TTL};

/// By board.
#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<HashMap<BoardId, Seated>>);

#[derive(Debug, Default)]
struct Seated {
    now: BTreeSet<MemberId>,
    told: BTreeSet<MemberId>,
    is_new: bool,
}

/// What Redis is to be told about one board.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) board: BoardId,
    pub(super) gone: Vec<MemberId>,
    pub(super) here: Vec<MemberId>,
}

impl Seats {
    fn boards(&self) -> MutexGuard<'_, HashMap<BoardId, Seated>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, board: BoardId, members: &[MemberId]) {
        let mut boards = self.boards();
        if members.is_empty() && !boards.contains_key(&board) {
            return;
        }
        let seated = boards.entry(board).or_default();
        seated.now = members.iter().copied().collect();
        seated.is_new = true;
    }

    /// Redis may have forgotten everything.
    pub(super) fn tell_all_again(&self) {
        self.boards()
            .values_mut()
            .for_each(|seated| seated.is_new = true);
    }

    /// What was said since the last time. If it is lost, those who left since count until they expire.
    pub(super) fn changes(&self) -> Vec<Change> {
        let mut boards = self.boards();
        let changes = boards
            .iter_mut()
            .filter(|(_, seated)| seated.is_new)
            .map(|(board, seated)| {
                seated.is_new = false;
                let told = std::mem::replace(&mut seated.told, seated.now.clone());
                Change {
                    board: *board,
                    gone: told.difference(&seated.now).copied().collect(),
                    here: seated.now.iter().copied().collect(),
                }
            })
            .collect();
        boards.retain(|_, seated| !seated.now.is_empty());
        changes
    }

    /// Everybody leaves.
    pub(super) fn clear(&self) {
        self.boards().values_mut().for_each(|seated| {
            seated.now.clear();
            seated.is_new = true;
        });
    }

    /// How many there are on all boards.
    pub(super) fn len(&self) -> usize {
        self.boards().values().map(|seated| seated.now.len()).sum()
    }
}

impl Change {
    /// Adds the commands that tell Redis, whose clock says `now_ms`.
    pub(super) fn write(&self, keys: &Keys, node: NodeId, now_ms: u64, to: &mut Pipeline) {
        let key = keys.users(self.board);
        let sids = |members: &[MemberId]| {
            let sids = members.iter().map(|member| keys::sid(node, *member));
            sids.collect::<Vec<_>>()
        };
        if !self.gone.is_empty() {
            to.cmd("ZREM").arg(&key).arg(sids(&self.gone));
        }
        if !self.here.is_empty() {
            let expiry = now_ms.saturating_add(USERS_TTL * 1000);
            let add = to.cmd("ZADD").arg(&key);
            for sid in sids(&self.here) {
                add.arg(expiry).arg(sid);
            }
            to.cmd("EXPIRE").arg(&key).arg(USERS_TTL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_is_told_once_who_is_here_and_who_left() {
        let (seats, board) = (Seats::default(), BoardId([1; 16]));
        let [a, b, c] = [2, 4, 6].map(MemberId);
        let change = |gone: &[MemberId], here: &[MemberId]| Change {
            board,
            gone: gone.into(),
            here: here.into(),
        };
        seats.set(board, &[]);
        assert!(seats.changes().is_empty(), "nobody was here");
        seats.set(board, &[a, b]);
        assert_eq!(seats.changes(), [change(&[], &[a, b])]);
        assert!(seats.changes().is_empty());
        seats.set(board, &[b, c]);
        assert_eq!(seats.changes(), [change(&[a], &[b, c])]);
        seats.tell_all_again();
        assert_eq!(seats.changes(), [change(&[], &[b, c])]);
        seats.set(board, &[]);
        assert_eq!(seats.changes(), [change(&[b, c], &[])]);
        assert!(seats.boards().is_empty());
    }
}
