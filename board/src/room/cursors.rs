//! Where members point, of this server and of others.
//!
//! Each is told at once, then at most every [`limits::CURSOR_EVERY_MS`]: the latest place counts. It is remembered for
//! as long as it would be shown, for those who come meanwhile. Not here: whose cursor is shown at all
//! ([`super::presence`]).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::geom::Pos;
use crate::id::MemberId;
use crate::limits;

/// Who points, and where; nothing if nowhere any more.
pub(super) type Pointing = (MemberId, Option<Pos>);

#[derive(Debug, Default)]
pub(super) struct Cursors(BTreeMap<MemberId, Cursor>);

#[derive(Debug, Default)]
struct Cursor {
    at: Option<Pos>,
    heard_ms: u64,
    told_ms: u64,
    is_waiting: bool,
}

impl Cursor {
    fn is_due(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.told_ms) >= limits::CURSOR_EVERY_MS
    }

    fn tell(&mut self, now_ms: u64) {
        self.told_ms = now_ms;
        self.is_waiting = false;
    }
}

impl Cursors {
    /// A member of this server points there; whether that is to be told now.
    pub(super) fn point(&mut self, (member, at): Pointing, now_ms: u64) -> bool {
        let cursor = self.0.entry(member).or_default();
        cursor.at = at;
        cursor.heard_ms = now_ms;
        cursor.is_waiting = !cursor.is_due(now_ms);
        if !cursor.is_waiting {
            cursor.tell(now_ms);
        }
        !cursor.is_waiting
    }

    /// A member of another server does; it is told as it comes.
    pub(super) fn follow(&mut self, (member, at): Pointing, now_ms: u64) {
        let cursor = self.0.entry(member).or_default();
        cursor.at = at;
        cursor.heard_ms = now_ms;
    }

    /// What had to wait and is to be told now.
    pub(super) fn due(&mut self, now_ms: u64) -> Vec<Pointing> {
        let waiting = self.0.iter_mut();
        let due = waiting.filter(|(_, cursor)| cursor.is_waiting && cursor.is_due(now_ms));
        due.map(|(member, cursor)| {
            cursor.tell(now_ms);
            (*member, cursor.at)
        })
        .collect()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.0.values().any(|cursor| cursor.is_waiting)
    }

    /// Where members are known to have pointed within so many ms.
    pub(super) fn within(&self, ms: u64, now_ms: u64) -> impl Iterator<Item = (MemberId, Pos)> {
        let recent = move |cursor: &Cursor| now_ms.saturating_sub(cursor.heard_ms) < ms;
        let recent = self.0.iter().filter(move |(_, cursor)| recent(cursor));
        recent.filter_map(|(member, cursor)| Some((*member, cursor.at?)))
    }

    pub(super) fn forget(&mut self, member: MemberId) {
        self.0.remove(&member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: MemberId = MemberId(2);

    fn at(x: i32) -> Pointing {
        (ONE, Some(Pos { x, y: 0 }))
    }

    #[test]
    fn a_place_is_told_at_once_and_then_the_latest_from_time_to_time() {
        let mut cursors = Cursors::default();
        assert!(cursors.point(at(1), 1_000));
        assert!(!cursors.point(at(2), 1_001) && !cursors.point(at(3), 1_049));
        assert!(cursors.is_waiting());
        assert_eq!(cursors.due(1_049), []);
        assert_eq!(cursors.due(1_050), [at(3)]);
        assert!(!cursors.is_waiting());
        assert_eq!(cursors.due(1_200), []);
        assert!(cursors.point(at(4), 1_200));
    }

    #[test]
    fn a_place_is_remembered_for_a_while_and_not_once_it_is_left() {
        let mut cursors = Cursors::default();
        cursors.follow(at(1), 1_000);
        let recent = |cursors: &Cursors, now_ms| cursors.within(2_000, now_ms).count();
        assert_eq!((recent(&cursors, 2_999), recent(&cursors, 3_000)), (1, 0));
        cursors.follow((ONE, None), 2_000);
        assert_eq!(recent(&cursors, 2_000), 0);
        cursors.follow(at(1), 2_001);
        cursors.forget(ONE);
        assert_eq!(recent(&cursors, 2_001), 0);
    }
}
