//! Cursors: where people pointed a moment ago, for a room that opens where nobody was on their board.
//!
//! Between rooms that are open, cursors are murmurs; these keys are read once, when a room opens, and end by themselves
//! after as long as a cursor is shown. Nothing of it is believed further than a murmur, as which it is handed on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use inkroom_board::limits::CURSOR_KEEP_MS;
use inkroom_board::room::Murmur;
use inkroom_board::wire::{Format, ServerMessage};
use inkroom_board::{BoardId, MemberId, NodeId, Pos};
use redis::Pipeline;

use super::keys::{self, Keys};
use super::{RECALL, RedisRelay};
use crate::relay::News;

/// Most cursors that are told at once, of all boards: those of thousands of boards with a few people each.
const MOST: usize = 8_192;
/// Most people of a board that are asked for: where there are more, it is an audience.
const GROUP: usize = 50;
/// The longest place: two numbers of up to five bytes.
const MOST_BYTES: usize = 10;

/// What Redis was not told yet, by board.
#[derive(Debug, Default)]
pub(super) struct Cursors(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    boards: HashMap<BoardId, Vec<(MemberId, Pos)>>,
    len: usize,
}

impl Cursors {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In place of what waits of this board. What finds no room is left out.
    pub(super) fn put(&self, board: BoardId, cursors: &[(MemberId, Pos)]) {
        let mut waiting = self.waiting();
        let before = waiting.boards.remove(&board);
        waiting.len -= before.map_or(0, |before| before.len());
        if waiting.len + cursors.len() <= MOST {
            waiting.len += cursors.len();
            waiting.boards.insert(board, cursors.into());
        }
    }

    /// What gathered while Redis was away is of the past.
    pub(super) fn clear(&self) {
        *self.waiting() = Waiting::default();
    }

    /// Adds the commands that tell Redis.
    pub(super) fn write(&self, keys: &Keys, node: NodeId, to: &mut Pipeline) {
        let waiting = std::mem::take(&mut *self.waiting());
        for (board, cursors) in waiting.boards {
            for (member, at) in cursors {
                let key = keys.cursor(board, &keys::sid(node, member));
                let set = to.cmd("SET").arg(key).arg(Format::Binary.encode(&at));
                set.arg("PX").arg(CURSOR_KEEP_MS);
            }
        }
    }
}

impl RedisRelay {
    /// Where people of other servers point on this board, as their servers would murmur it.
    pub(super) async fn pointing(&self, board: BoardId) -> Vec<News> {
        self.read_cursors(board).await.unwrap_or_default()
    }

    async fn read_cursors(&self, board: BoardId) -> Option<Vec<News>> {
        let super::Shared {
            commands,
            keys,
            node,
            ..
        } = &*self.shared;
        let list = |pipeline: &mut Pipeline, now_ms| {
            let list = pipeline.cmd("ZRANGEBYSCORE").arg(keys.users(board));
            list.arg(now_ms).arg("+inf");
            list.arg("LIMIT").arg(0).arg(GROUP + 1);
        };
        let (sids,): (Vec<String>,) = commands.ask(RECALL, list).await?;
        let is_group = sids.len() <= GROUP;
        let others = sids.iter().filter_map(|sid| keys::read_sid(sid));
        let others: Vec<_> = others
            .filter(|(other, _)| other != node && is_group)
            .collect();
        if others.is_empty() {
            return None;
        }
        let read = |pipeline: &mut Pipeline, _| {
            for (other, member) in &others {
                let key = keys.cursor(board, &keys::sid(*other, *member));
                let read = pipeline.cmd("GETRANGE").arg(key);
                read.arg(0).arg(MOST_BYTES);
            }
        };
        let places: Vec<redis::Value> = commands.ask(RECALL, read).await?;
        let known = others.into_iter().zip(places);
        let known = known.filter_map(|((node, member), place)| {
            let place: Vec<u8> = redis::from_redis_value(place).ok()?;
            let at: Pos = Format::Binary.decode(&place).ok()?;
            let at = Some(at).filter(|at| at.is_on_board());
            let cursor = at.map(|_| ServerMessage::Cursor { member, at })?;
            Some(News::Murmur(node, Murmur::Told(cursor)))
        });
        Some(known.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_the_latest_of_each_board_and_bounded() {
        let (cursors, board) = (Cursors::default(), |n| BoardId([n; 16]));
        let many = [(MemberId(2), Pos { x: 1, y: 2 }); GROUP];
        for _ in 0..3 {
            (0..=u8::MAX).for_each(|n| cursors.put(board(n), &many));
            let waiting = cursors.waiting();
            let len = waiting.boards.values().map(Vec::len).sum::<usize>();
            assert_eq!(waiting.len, len);
            assert!(len > MOST - GROUP && len <= MOST);
        }
        cursors.put(board(0), &many[..1]);
        assert_eq!(
            cursors.waiting().boards.get(&board(0)),
            Some(&many[..1].to_vec())
        );
        cursors.clear();
        assert_eq!(cursors.waiting().len, 0);
    }

    #[test]
    fn no_place_is_longer_than_what_is_read() {
        let far = Pos {
            x: i32::MIN,
            y: i32::MAX,
        };
        assert!(Format::Binary.encode(&far).len() <= MOST_BYTES);
    }
}
