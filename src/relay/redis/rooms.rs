//! Rooms: what Redis remembers for a day of each board that somebody changed.
//!
//! A server says it after commits, at most once a second. Two servers may write in the wrong order, and what one does not
//! know it leaves as another wrote it: it is a hint, and the next commit mends it. Servers read all of it but the title,
//! which is there for people who look into Redis.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use inkroom_board::{BoardId, Chain, Position, Seq};
use redis::{Pipeline, Value};

use super::keys::{Keys, ROOM_TTL};
use super::{RECALL, RedisRelay};
use crate::relay::RoomState;

/// Most boards that wait to be told of: far more than change in a second. While Redis is away, others are left out.
const MOST_BOARDS: usize = 4096;
/// What is read of a board.
const FIELDS: [&str; 5] = ["epoch", "head_seq", "chain", "snap_seq", "role_version"];

/// How they are in Redis, in the order of [`FIELDS`].
type Fields = (u64, Seq, String, Option<Seq>, Seq);

/// What Redis was not told yet, by board.
#[derive(Debug, Default)]
pub(super) struct Rooms(Mutex<HashMap<BoardId, (RoomState, String)>>);

impl Rooms {
    fn waiting(&self) -> MutexGuard<'_, HashMap<BoardId, (RoomState, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, board: BoardId, state: RoomState, title: &str) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST_BOARDS || waiting.contains_key(&board) {
            waiting.insert(board, (state, title.into()));
        }
    }

    /// Adds the commands that tell Redis. If they are lost, so is what they say.
    pub(super) fn write(&self, keys: &Keys, to: &mut Pipeline) {
        for (board, (state, title)) in std::mem::take(&mut *self.waiting()) {
            let key = keys.room(board);
            let set = to.cmd("HSET").arg(&key);
            set.arg("epoch").arg(state.head.epoch);
            set.arg("head_seq").arg(state.head.seq);
            set.arg("chain").arg(state.head.chain.to_string());
            set.arg("title").arg(title);
            set.arg("role_version").arg(state.role_version);
            if let Some(seq) = state.snap_seq {
                set.arg("snap_seq").arg(seq);
            }
            to.cmd("EXPIRE").arg(&key).arg(ROOM_TTL);
        }
    }
}

impl RedisRelay {
    pub(super) async fn recall_rooms(&self, boards: &[BoardId]) -> HashMap<BoardId, RoomState> {
        let read = |pipeline: &mut Pipeline, _| {
            for board in boards {
                let read = pipeline.cmd("HMGET");
                read.arg(self.shared.keys.room(*board)).arg(&FIELDS[..]);
            }
        };
        if boards.is_empty() {
            return HashMap::new();
        }
        let answers: Option<Vec<Value>> = self.shared.commands.ask(RECALL, read).await;
        let answers = answers.into_iter().flatten();
        let known = |(board, answer): (&BoardId, Value)| Some((*board, read_state(answer)?));
        boards.iter().zip(answers).filter_map(known).collect()
    }
}

fn read_state(answer: Value) -> Option<RoomState> {
    let fields: Fields = redis::from_redis_value(answer).ok()?;
    let (epoch, seq, chain, snap_seq, role_version) = fields;
    let chain = read_chain(&chain)?;
    Some(RoomState {
        head: Position { epoch, seq, chain },
        snap_seq,
        role_version,
    })
}

/// As it displays itself: 16 hexadecimal digits.
fn read_chain(text: &str) -> Option<Chain> {
    let is_chain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u64::from_str_radix(text, 16).ok()?;
    is_chain.then(|| Chain(number.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_read_as_it_is_displayed_and_nothing_else() {
        let chain = Chain([0, 1, 0xab, 3, 4, 5, 6, 0xff]);
        assert_eq!(read_chain(&chain.to_string()), Some(chain));
        for odd in ["", "+00102030405060f", "00102030405060", "zz"] {
            assert_eq!(read_chain(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_waits_is_the_latest_of_a_bounded_number_of_boards() {
        let (rooms, board) = (Rooms::default(), |n: usize| {
            BoardId((n as u128).to_be_bytes())
        });
        let state = |seq| RoomState {
            head: Position {
                seq,
                ..Position::start(1)
            },
            snap_seq: None,
            role_version: 0,
        };
        (0..MOST_BOARDS + 10).for_each(|n| rooms.put(board(n), state(1), ""));
        rooms.put(board(0), state(2), "");
        assert_eq!(rooms.waiting().len(), MOST_BOARDS);
        let latest = rooms.waiting().get(&board(0)).map(|(state, _)| *state);
        assert_eq!(latest, Some(state(2)));
    }
}
