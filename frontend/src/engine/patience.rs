//! How long the server has not saved what it should: then the page says so, calmly. Time is an argument.

use inkroom_board::OpId;

/// A server that saves does so in milliseconds, in a few hundred when it has much to do.
const PATIENCE_MS: f64 = 3_000.0;

/// Since when the oldest change that is not saved is the same.
#[derive(Debug, Default)]
pub(super) struct Patience(Option<(OpId, f64)>);

impl Patience {
    /// Notes the oldest change that is not saved, if there is one.
    pub(super) fn note(&mut self, oldest: Option<OpId>, now_ms: f64) {
        self.0 = oldest.map(|id| match self.0 {
            Some((same, since)) if same == id => (id, since),
            _ => (id, now_ms),
        });
    }

    pub(super) fn is_over(&self, now_ms: f64) -> bool {
        self.due().is_some_and(|due| due <= now_ms)
    }

    /// When it ends, if nothing is saved until then.
    pub(super) fn due(&self) -> Option<f64> {
        self.0.map(|(_, since)| since + PATIENCE_MS)
    }
}

#[cfg(test)]
mod tests {
    use inkroom_board::ClientId;

    use super::*;

    fn op(n: u32) -> Option<OpId> {
        Some(OpId {
            client: ClientId([1; 16]),
            n,
        })
    }

    #[test]
    fn it_is_over_when_one_change_waits_for_long() {
        let mut patience = Patience::default();
        patience.note(op(1), 0.0);
        patience.note(op(1), 2_000.0);
        assert!(!patience.is_over(2_999.0));
        assert!(patience.is_over(3_000.0));
        assert_eq!(patience.due(), Some(3_000.0));
    }

    #[test]
    fn it_begins_anew_whenever_a_change_is_saved() {
        let mut patience = Patience::default();
        patience.note(op(1), 0.0);
        patience.note(op(2), 2_500.0);
        assert!(!patience.is_over(4_000.0));
        patience.note(None, 4_500.0);
        assert_eq!(patience.due(), None);
        assert!(!patience.is_over(1e9));
    }
}
