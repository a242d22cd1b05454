//! Whether both connections work, told to whoever wants to know.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::access::Fault;
use crate::relay::counters::count;
use crate::relay::{RelayCounters, RelayHealth};

/// One of the two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Commands and publishing.
    Commands,
    /// The subscriptions.
    News,
}

/// Both connections.
#[derive(Debug)]
pub(super) struct Health {
    halves: Mutex<Halves>,
    told: watch::Sender<RelayHealth>,
    counters: Arc<RelayCounters>,
}

#[derive(Debug)]
struct Halves {
    commands: State,
    news: State,
    /// Up to when the time spent degraded is counted.
    counted: Instant,
}

#[derive(Debug)]
struct State {
    why_not: Option<Fault>,
    was_up: bool,
}

impl State {
    fn new() -> Self {
        Self {
            why_not: Some(Fault("not connected yet".into())),
            was_up: false,
        }
    }
}

impl Halves {
    fn half(&mut self, half: Half) -> &mut State {
        match half {
            Half::Commands => &mut self.commands,
            Half::News => &mut self.news,
        }
    }

    fn health(&self) -> RelayHealth {
        let why = self
            .commands
            .why_not
            .as_ref()
            .or(self.news.why_not.as_ref());
        match why {
            None => RelayHealth::Healthy,
            Some(Fault(why)) => RelayHealth::Degraded { why: why.clone() },
        }
    }
}

impl Health {
    pub(super) fn new(counters: Arc<RelayCounters>) -> Self {
        let halves = Halves {
            commands: State::new(),
            news: State::new(),
            counted: Instant::now(),
        };
        Self {
            told: watch::Sender::new(halves.health()),
            halves: Mutex::new(halves),
            counters,
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<RelayHealth> {
        self.told.subscribe()
    }

    pub(super) fn up(&self, half: Half) {
        self.change(half, |state| {
            state.why_not = None;
            std::mem::replace(&mut state.was_up, true)
        });
    }

    /// Said again at every try that fails.
    pub(super) fn down(&self, half: Half, why: Fault) {
        self.change(half, |state| {
            state.why_not = Some(why);
            false
        });
    }

    /// `change` answers whether a connection was made again.
    fn change(&self, half: Half, change: impl FnOnce(&mut State) -> bool) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let was = halves.health();
        if change(halves.half(half)) {
            count(&self.counters.reconnects);
        }
        let (is, now) = (halves.health(), Instant::now());
        if was != RelayHealth::Healthy {
            let passed = now.duration_since(halves.counted).as_millis();
            let passed = u64::try_from(passed).unwrap_or(u64::MAX);
            self.counters
                .degraded_ms
                .fetch_add(passed, Ordering::Relaxed);
        }
        halves.counted = now;
        report(&was, &is);
        self.told.send_if_modified(|told| {
            let is_news = *told != is;
            *told = is;
            is_news
        });
    }
}

fn report(was: &RelayHealth, is: &RelayHealth) {
    match (was, is) {
        (RelayHealth::Healthy, RelayHealth::Degraded { why }) => {
            tracing::warn!(
                why,
                "Redis is away: servers hear of each other by the store"
            );
        }
        (RelayHealth::Degraded { .. }, RelayHealth::Healthy) => {
            tracing::info!("Redis is here");
        }
        (RelayHealth::Degraded { why: old }, RelayHealth::Degraded { why }) if old != why => {
            tracing::warn!(why, "Redis is still away");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_healthy_when_both_connections_work() {
        let counters = Arc::new(RelayCounters::default());
        let health = Health::new(Arc::clone(&counters));
        let told = health.watch();
        let is_healthy = || *told.borrow() == RelayHealth::Healthy;
        health.up(Half::Commands);
        assert!(!is_healthy());
        health.up(Half::News);
        assert!(is_healthy());
        health.down(Half::News, Fault("away".into()));
        assert_eq!(*told.borrow(), RelayHealth::Degraded { why: "away".into() });
        assert_eq!(counters.reconnects.load(Ordering::Relaxed), 0);
        health.up(Half::News);
        assert!(is_healthy());
        assert_eq!(counters.reconnects.load(Ordering::Relaxed), 1);
    }
}
