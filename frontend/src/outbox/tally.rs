//! How much waits on this device, how well each op is kept, and when the person has to be asked. Pure.
//!
//! Nothing is ever thrown away to make room. When it is full, drawing pauses until the person chooses or the server
//! takes some; the gesture in hand is still kept, so the limits are exceeded by at most that. The limits are those of the
//! sync contract; they are about what waits, so a page that is in touch with its server never meets them.

use inkroom_board::{OpId, limits};

/// Most ops that gather before the person is asked.
pub(crate) const OPS: usize = limits::QUEUE_OPS;
/// Most bytes of them, as they are written.
pub(crate) const BYTES: usize = 20 * 1024 * 1024;
/// A queue whose oldest op is from so many ms ago is not sent without asking: 30 days.
const OLD_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// Whether an op of then is old now.
pub(crate) fn is_old(at_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(at_ms) >= OLD_MS
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Room {
    #[default]
    Plenty,
    /// Four fifths are taken: the person should know.
    Scarce,
    None,
}

/// What the person chose when there was no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Choice {
    #[default]
    Open,
    /// Drawing pauses.
    Wait,
    /// Drawing goes on; what is new is not kept here.
    GoOn,
}

#[derive(Debug)]
struct Waiting {
    bytes: usize,
    is_written: bool,
}

/// Everything of this page that waits for the server.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// By id, so that new ops come last: a list does.
    waiting: Vec<(OpId, Waiting)>,
    bytes: usize,
    choice: Choice,
    /// The room that was spoken of.
    told: Room,
}

impl Tally {
    /// An op waits, so many bytes long, and is in no database yet.
    pub(crate) fn add(&mut self, id: OpId, bytes: usize) {
        let waiting = Waiting {
            bytes,
            is_written: false,
        };
        self.bytes += bytes;
        match self.find(id) {
            Ok(index) => {
                if let Some((_, known)) = self.waiting.get_mut(index) {
                    self.bytes -= core::mem::replace(known, waiting).bytes;
                }
            }
            Err(index) => self.waiting.insert(index, (id, waiting)),
        }
    }

    fn find(&self, id: OpId) -> Result<usize, usize> {
        self.waiting.binary_search_by_key(&id, |(known, _)| *known)
    }

    /// An op would survive the page.
    pub(crate) fn written(&mut self, id: OpId) {
        let found = self.find(id);
        if let Some((_, waiting)) = found.ok().and_then(|index| self.waiting.get_mut(index)) {
            waiting.is_written = true;
        }
    }

    /// What was written is gone.
    pub(crate) fn unwrite(&mut self) {
        for (_, waiting) in &mut self.waiting {
            waiting.is_written = false;
        }
    }

    /// An op does not wait any more. Once there is room again, what was chosen is over.
    pub(crate) fn remove(&mut self, id: OpId) {
        if let Ok(index) = self.find(id) {
            self.bytes -= self.waiting.remove(index).1.bytes;
        }
        if self.room() != Room::None {
            self.choice = Choice::Open;
        }
        self.told = self.told.min(self.room());
    }

    /// Whether an op would survive the page.
    pub(crate) fn has(&self, id: OpId) -> bool {
        self.find(id)
            .is_ok_and(|index| matches!(self.waiting.get(index), Some((_, op)) if op.is_written))
    }

    pub(crate) fn ops(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn room(&self) -> Room {
        if self.ops() >= OPS || self.bytes >= BYTES {
            Room::None
        } else if self.ops() >= OPS / 5 * 4 || self.bytes >= BYTES / 5 * 4 {
            Room::Scarce
        } else {
            Room::Plenty
        }
    }

    /// Whether more may be drawn.
    pub(crate) fn may_grow(&self) -> bool {
        self.room() != Room::None || self.goes_on()
    }

    /// Whether the person chose to go on without keeping what is new.
    pub(crate) fn goes_on(&self) -> bool {
        self.choice == Choice::GoOn
    }

    /// Whether the person is to choose now.
    pub(crate) fn asks(&self) -> bool {
        self.room() == Room::None && self.choice == Choice::Open
    }

    /// Whether to say now, for the first time since there was plenty, that room is scarce.
    pub(crate) fn warns(&mut self) -> bool {
        let room = self.room();
        core::mem::replace(&mut self.told, room) == Room::Plenty && room == Room::Scarce
    }

    /// The person goes on without keeping what is new.
    pub(crate) fn go_on(&mut self) {
        self.choice = Choice::GoOn;
    }

    /// The person waits.
    pub(crate) fn wait(&mut self) {
        self.choice = Choice::Wait;
    }

    /// The person who waits tries to draw.
    pub(crate) fn ask_again(&mut self) {
        if self.choice == Choice::Wait {
            self.choice = Choice::Open;
        }
    }
}

#[cfg(test)]
mod tests {
    use inkroom_board::ClientId;

    use super::*;

    fn id(n: usize) -> OpId {
        OpId {
            client: ClientId([1; 16]),
            n: u32::try_from(n).unwrap_or(u32::MAX),
        }
    }

    fn of(ops: usize, bytes: usize) -> Tally {
        let mut tally = Tally::default();
        (1..=ops).for_each(|n| tally.add(id(n), bytes));
        tally
    }

    #[test]
    fn room_is_scarce_at_four_fifths_and_gone_at_the_limit() {
        let rooms = [7_999, 8_000, 9_999, 10_000].map(|ops| of(ops, 1).room());
        assert_eq!(
            rooms,
            [Room::Plenty, Room::Scarce, Room::Scarce, Room::None]
        );
    }

    #[test]
    fn bytes_count_like_ops() {
        const MIB: usize = 1024 * 1024;
        let rooms = [15, 16, 19, 20].map(|ops| of(ops, MIB).room());
        assert_eq!(
            rooms,
            [Room::Plenty, Room::Scarce, Room::Scarce, Room::None]
        );
    }

    #[test]
    fn an_op_is_counted_once_and_leaves_nothing_behind() {
        let mut tally = of(3, 100);
        tally.add(id(3), 50);
        assert_eq!((tally.ops(), tally.bytes), (3, 250));
        (0..9).for_each(|n| tally.remove(id(n)));
        assert_eq!((tally.ops(), tally.bytes), (0, 0));
    }

    #[test]
    fn scarcity_is_told_once_until_there_is_plenty_again() {
        let mut tally = of(7_999, 1);
        assert!(!tally.warns());
        tally.add(id(8_000), 1);
        assert!(tally.warns() && !tally.warns());
        tally.remove(id(8_000));
        tally.add(id(8_001), 1);
        assert!(tally.warns());
    }

    #[test]
    fn a_full_device_asks_and_drawing_pauses_until_there_is_an_answer() {
        let mut tally = of(OPS, 1);
        assert!(tally.asks() && !tally.may_grow());
        tally.wait();
        assert!(!tally.asks() && !tally.may_grow());
        tally.ask_again();
        assert!(tally.asks());
        tally.go_on();
        assert!(!tally.asks() && tally.may_grow() && tally.goes_on());
    }

    #[test]
    fn a_choice_is_over_when_there_is_room_again() {
        let mut tally = of(OPS + 1, 1);
        tally.go_on();
        tally.remove(id(1));
        assert!(tally.goes_on());
        tally.remove(id(2));
        assert!(!tally.goes_on() && tally.may_grow());
        tally.add(id(1), 1);
        assert!(tally.asks());
    }

    #[test]
    fn only_what_is_written_would_survive() {
        let mut tally = of(2, 1);
        tally.written(id(1));
        tally.written(id(7));
        assert!(tally.has(id(1)) && !tally.has(id(2)) && !tally.has(id(7)));
        tally.unwrite();
        assert!(!tally.has(id(1)));
    }

    #[test]
    fn ops_are_old_after_thirty_days_and_clocks_may_go_back() {
        const DAY: u64 = 86_400_000;
        assert!(!is_old(5, 5 + 30 * DAY - 1));
        assert!(is_old(5, 5 + 30 * DAY));
        assert!(!is_old(40 * DAY, 5));
    }
}
