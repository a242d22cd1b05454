//! The counters of refused ops, one for each reason, found without looking anything up.

use inkroom_board::wire::Refusal;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// One counter for each reason.
#[derive(Debug)]
pub(super) struct Nacks {
    gap: Counter,
    busy: Counter,
    invalid: Counter,
    forbidden: Counter,
    no_such_end: Counter,
    board_full: Counter,
    read_only: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

impl Nacks {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let all: Family<Reason, Counter> = Family::default();
        registry.register("nack", "Ops refused, by reason", all.clone());
        let of = |reason| all.get_or_create_owned(&Reason { reason });
        Self {
            gap: of("gap"),
            busy: of("busy"),
            invalid: of("invalid"),
            forbidden: of("forbidden"),
            no_such_end: of("no_such_end"),
            board_full: of("board_full"),
            read_only: of("read_only"),
        }
    }

    pub(super) fn of(&self, reason: &Refusal) -> &Counter {
        match reason {
            Refusal::Gap(_) => &self.gap,
            Refusal::Busy(_) => &self.busy,
            Refusal::Invalid(_) => &self.invalid,
            Refusal::Forbidden => &self.forbidden,
            Refusal::NoSuchEnd => &self.no_such_end,
            Refusal::BoardFull => &self.board_full,
            Refusal::ReadOnly => &self.read_only,
        }
    }
}
