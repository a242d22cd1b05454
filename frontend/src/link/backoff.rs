//! When to connect again: soon at first, then ever later, and never all clients at once. Pure.

/// The first try comes within so many ms.
const FIRST_MS: f64 = 500.0;
/// The second within this, the third within twice as much …
const BASE_MS: f64 = 250.0;
/// … and so on, up to this while the page is seen …
const CAP_SEEN_MS: f64 = 10_000.0;
/// … or this while it is hidden.
const CAP_HIDDEN_MS: f64 = 60_000.0;
/// A connection that lasted so long was a good one: the next loss starts from the beginning.
const STABLE_MS: f64 = 30_000.0;
/// What hastens a try (the network is back, the page is looked at) still waits for up to this.
const HASTE_MS: f64 = 1_000.0;

/// How often it failed, and since when it holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    tries: u32,
    since_ms: Option<f64>,
}

impl Backoff {
    /// The connection is there.
    pub(crate) fn connected(&mut self, now_ms: f64) {
        self.since_ms = Some(now_ms);
    }

    /// The connection is gone, or could not be made. In how many ms to try again; `random` is from 0 to 1.
    pub(crate) fn lost(&mut self, now_ms: f64, random: f64, hidden: bool) -> f64 {
        if self
            .since_ms
            .take()
            .is_some_and(|since| now_ms - since >= STABLE_MS)
        {
            self.tries = 0;
        }
        let cap = if hidden { CAP_HIDDEN_MS } else { CAP_SEEN_MS };
        let most = if self.tries == 0 {
            FIRST_MS
        } else {
            (BASE_MS * 2f64.powi(i32::try_from(self.tries).unwrap_or(30).min(30))).min(cap)
        };
        self.tries = self.tries.saturating_add(1);
        random * most
    }

    /// In how many ms to try when something says that it may work now.
    pub(crate) fn hastened(random: f64) -> f64 {
        random * HASTE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest waits of the first so many tries.
    fn waits(hidden: bool, tries: usize) -> Vec<f64> {
        let mut backoff = Backoff::default();
        (0..tries).map(|_| backoff.lost(0.0, 1.0, hidden)).collect()
    }

    #[test]
    fn it_waits_ever_longer_up_to_a_cap() {
        assert_eq!(
            waits(false, 8),
            [
                500.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0, 10_000.0, 10_000.0
            ]
        );
        assert_eq!(waits(true, 10).last(), Some(&60_000.0));
        assert_eq!(waits(false, 100).last(), Some(&10_000.0));
    }

    #[test]
    fn the_whole_wait_is_random() {
        assert!(Backoff::default().lost(0.0, 0.0, false) < f64::EPSILON);
        assert!((Backoff::default().lost(0.0, 0.5, false) - 250.0).abs() < 1e-9);
    }

    #[test]
    fn only_a_connection_that_lasted_starts_from_the_beginning() {
        let mut backoff = Backoff::default();
        for _ in 0..5 {
            backoff.lost(0.0, 1.0, false);
        }
        backoff.connected(1_000.0);
        assert!(backoff.lost(30_999.0, 1.0, false) > 500.0);
        backoff.connected(31_000.0);
        assert!((backoff.lost(61_000.0, 1.0, false) - 500.0).abs() < 1e-9);
    }
}
