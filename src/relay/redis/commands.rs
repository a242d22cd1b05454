//! The connection for commands, for whoever wants to ask something, and Redis's clock.
//!
//! The publisher makes and ends it; here it is only lent. Where there is none, the answer is nothing, at once.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, Pipeline};

use super::access::{self, Fault};

/// A connection that works, as far as anybody knows.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    clock: Clock,
}

/// Redis's clock, by which keys and seats expire: servers' own may differ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    ms: u64,
    at: Instant,
}

impl Clock {
    /// As the answer to `TIME` just said: seconds and µs.
    pub(super) fn of((seconds, micros): (u64, u64)) -> Self {
        Self {
            ms: seconds.saturating_mul(1000).saturating_add(micros / 1000),
            at: Instant::now(),
        }
    }

    /// Now, in ms since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        let passed = u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.ms.saturating_add(passed)
    }
}

/// The connection, while there is one.
#[derive(Debug, Default)]
pub(super) struct Commands(Mutex<Option<Live>>);

impl Commands {
    pub(super) fn set(&self, connection: &MultiplexedConnection, clock: Clock) {
        self.put(Some(Live {
            connection: connection.clone(),
            clock,
        }));
    }

    pub(super) fn clear(&self) {
        self.put(None);
    }

    fn put(&self, live: Option<Live>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }

    fn live(&self) -> Option<Live> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The answers to what `ask` adds, given Redis's time in ms; nothing if they do not come in time.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        deadline: Duration,
        ask: impl FnOnce(&mut Pipeline, u64),
    ) -> Option<T> {
        let mut live = self.live()?;
        let mut pipeline = Pipeline::new();
        ask(&mut pipeline, live.clock.now_ms());
        match access::all(deadline, &mut live.connection, &mut pipeline).await {
            Ok(answers) => Some(answers),
            Err(Fault(why)) => {
                tracing::debug!(why, "Redis did not answer");
                None
            }
        }
    }
}
