//! Flights: the ops between a room and the log, whose they are, and who may send more.
//!
//! The way to the log is bounded, and whoever brings a long queue must leave room on it for others: a member gets no
//! more than a part of what is free. So one alone fills a quarter of the way, several share most of it evenly, and
//! somebody who draws a stroke finds a place at once, behind at most a short commit. Not here: what is sent ahead of the
//! allowance ([`super::rate`]).

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry as Slot;

use crate::id::{ElementId, MemberId, OpId};
use crate::limits;

/// A member may have one part of its own on the way for so many parts that are free.
const FREE_FOR_EACH: usize = limits::OPS_ON_THE_WAY / limits::WINDOW_OPS - 1;

/// An op on its way to the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flight {
    /// Who sent it last.
    pub(super) member: Option<MemberId>,
    /// The stroke that it is part of.
    pub(super) element: Option<ElementId>,
    /// How long its stored form is.
    pub(super) bytes: usize,
}

/// How much is on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Load {
    ops: usize,
    bytes: usize,
}

/// All ops on their way.
#[derive(Debug, Default)]
pub(super) struct Flights {
    ops: BTreeMap<OpId, Flight>,
    all: Load,
    /// Of those members that have any.
    of: BTreeMap<MemberId, Load>,
}

impl Flights {
    pub(super) fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Whether another op of this member may set out.
    pub(super) fn has_place_for(&self, member: MemberId) -> bool {
        let own = self.of.get(&member).copied().unwrap_or_default();
        let free = Load {
            ops: limits::OPS_ON_THE_WAY.saturating_sub(self.all.ops),
            bytes: limits::BYTES_ON_THE_WAY.saturating_sub(self.all.bytes),
        };
        own.ops * FREE_FOR_EACH < free.ops && own.bytes * FREE_FOR_EACH < free.bytes
    }

    pub(super) fn depart(&mut self, id: OpId, flight: Flight) {
        self.landed(id);
        self.all.add(flight.bytes);
        if let Some(member) = flight.member {
            self.of.entry(member).or_default().add(flight.bytes);
        }
        self.ops.insert(id, flight);
    }

    /// An op that is on its way was sent once more, maybe over another connection: the answer goes there. Whether it is.
    pub(super) fn claim(&mut self, id: OpId, member: MemberId) -> bool {
        let Some(flight) = self.landed(id) else {
            return false;
        };
        self.depart(
            id,
            Flight {
                member: Some(member),
                ..flight
            },
        );
        true
    }

    /// The op is no longer on its way.
    pub(super) fn landed(&mut self, id: OpId) -> Option<Flight> {
        let flight = self.ops.remove(&id)?;
        self.all.take(flight.bytes);
        if let Some(Slot::Occupied(mut own)) = flight.member.map(|member| self.of.entry(member)) {
            own.get_mut().take(flight.bytes);
            if own.get().ops == 0 {
                own.remove();
            }
        }
        Some(flight)
    }
}

impl Load {
    fn add(&mut self, bytes: usize) {
        self.ops += 1;
        self.bytes += bytes;
    }

    fn take(&mut self, bytes: usize) {
        self.ops -= 1;
        self.bytes -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClientId;

    /// Sends what it may, one op after the other in turn; how many of each member are on their way then.
    fn fill(flights: &mut Flights, members: &[u64], bytes: usize) -> BTreeMap<u64, u32> {
        let mut sent = BTreeMap::new();
        while let Some(member) = members
            .iter()
            .filter(|member| flights.has_place_for(MemberId(**member)))
            .min_by_key(|member| sent.get(*member).copied().unwrap_or(0))
        {
            let n = sent.entry(*member).or_insert(0);
            *n += 1;
            flights.depart(id(*member, *n), flight(*member, bytes));
        }
        sent
    }

    fn id(member: u64, n: u32) -> OpId {
        OpId {
            client: ClientId(u128::from(member).to_be_bytes()),
            n,
        }
    }

    fn flight(member: u64, bytes: usize) -> Flight {
        Flight {
            member: Some(MemberId(member)),
            element: None,
            bytes,
        }
    }

    #[test]
    fn one_alone_gets_the_window_of_a_client() {
        let sent = fill(&mut Flights::default(), &[1], 100);
        assert_eq!(sent.get(&1), Some(&256));
        assert_eq!(limits::WINDOW_OPS, 256);
    }

    #[test]
    fn several_share_evenly_and_leave_room_for_one_more() {
        let mut flights = Flights::default();
        let members: alloc::vec::Vec<_> = (1..=30).collect();
        let sent = fill(&mut flights, &members, 100);
        assert_eq!(sent.len(), 30);
        assert!(
            sent.values().all(|n| (31..=32).contains(n)),
            "1,024 / (30 + 3): {sent:?}"
        );
        assert!(flights.has_place_for(MemberId(99)));
        assert!(flights.all.ops < limits::OPS_ON_THE_WAY);
    }

    #[test]
    fn large_ops_are_counted_in_bytes() {
        let sent = fill(&mut Flights::default(), &[1, 2], limits::OP_BYTES);
        assert!(sent.values().all(|n| (25..=27).contains(n)), "{sent:?}");
    }

    #[test]
    fn what_landed_gives_its_place_back_and_what_was_sent_again_counts_once() {
        let mut flights = Flights::default();
        fill(&mut flights, &[1], 100);
        assert!(!flights.has_place_for(MemberId(1)));
        assert!(flights.claim(id(1, 256), MemberId(2)) && !flights.claim(id(7, 1), MemberId(2)));
        assert_eq!((flights.all.ops, flights.all.bytes), (256, 25_600));
        assert!(flights.has_place_for(MemberId(1)));
        for n in 1..=256 {
            assert!(flights.landed(id(1, n)).is_some());
        }
        assert!(flights.is_empty() && flights.of.is_empty());
        assert_eq!(flights.all, Load::default());
    }
}
