//! What a relay counts, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::metrics::Figures;

/// Counted since the start. Each may be read at any time.
#[derive(Debug, Default)]
pub struct RelayCounters {
    /// Messages that were handed over to be carried.
    pub published: AtomicU64,
    /// Runs of hints that went as a bare head or not at all, and murmurs that did not go.
    pub dropped: AtomicU64,
    /// Messages that came from other servers about boards that are open here.
    pub received: AtomicU64,
    /// Messages and murmurs that came and made no sense.
    pub undecodable: AtomicU64,
    /// Connections that were lost and made again.
    pub reconnects: AtomicU64,
    /// How long it was degraded, in ms; what has not ended is noted at least every few seconds.
    pub degraded_ms: AtomicU64,
    /// How long the latest ping took, in µs.
    pub ping_us: AtomicU64,
}

impl RelayCounters {
    /// All of it, for whoever looks after the server.
    pub(super) fn tell(&self, is_healthy: bool, figures: &mut Figures) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let degraded = Duration::from_millis(of(&self.degraded_ms)).as_secs_f64();
        let ping = Duration::from_micros(of(&self.ping_us)).as_secs_f64();
        figures.level(
            "relay_healthy",
            "Whether hints arrive and leave",
            u64::from(is_healthy),
        );
        figures.spent(
            "relay_degraded_seconds",
            "Time in which they may not have",
            degraded,
        );
        figures.count(
            "relay_published",
            "Messages to other servers",
            of(&self.published),
        );
        figures.count(
            "relay_dropped",
            "Messages that did not go out whole",
            of(&self.dropped),
        );
        figures.count(
            "relay_received",
            "Messages of other servers",
            of(&self.received),
        );
        figures.count(
            "relay_undecodable",
            "Messages that made no sense",
            of(&self.undecodable),
        );
        figures.count(
            "relay_reconnects",
            "Connections made again",
            of(&self.reconnects),
        );
        figures.seconds("relay_ping_seconds", "What the latest ping took", ping);
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

/// So many more.
pub(super) fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}
