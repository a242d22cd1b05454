//! Clock: the time of this server, in ms since 1970, that never goes back.
//!
//! Rooms measure rates by it, so a wall clock that is set back must not freeze them: time then goes on from where it
//! was. A clock that is set forward (a small machine that learns the time after its start) is followed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Clones tell the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Ticking>);

#[derive(Debug)]
struct Ticking {
    started: Instant,
    /// What to add to the ms since the start.
    offset_ms: AtomicU64,
}

impl Clock {
    /// A clock that tells the system's time.
    #[must_use]
    pub fn start() -> Self {
        Self(Arc::new(Ticking {
            started: Instant::now(),
            offset_ms: AtomicU64::new(wall_ms()),
        }))
    }

    /// Now, in ms since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        let passed = u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let ahead = wall_ms().saturating_sub(passed);
        let offset = self
            .0
            .offset_ms
            .fetch_max(ahead, Ordering::Relaxed)
            .max(ahead);
        passed.saturating_add(offset)
    }
}

fn wall_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_the_time_and_never_goes_back() {
        let clock = Clock::start();
        let mut last = clock.now_ms();
        assert!(wall_ms().abs_diff(last) < 1_000);
        for _ in 0..1_000 {
            let now = clock.now_ms();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn a_wall_clock_set_back_does_not_stop_it() {
        let clock = Clock::start();
        clock.0.offset_ms.fetch_add(3_600_000, Ordering::Relaxed);
        assert!(clock.now_ms() >= wall_ms() + 3_599_000);
    }
}
