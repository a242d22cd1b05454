//! Gates: how often people may do what costs the server something. Per person first: a classroom shares one address.
//!
//! Allowances are forgotten when the server restarts, and when there are very many of them; they hold back floods, they
//! do not keep accounts. What a person may do is counted here, and where there is Redis at all servers together
//! ([`Relay::tally`]), so that nobody gets more by asking several; while that cannot be known, what is counted here is
//! enough. What a server carries of everybody is its own matter: more servers carry more.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use inkroom_board::PersonId;

use crate::config::Limits;
use crate::error::HttpError;
use crate::relay::Relay;

/// Most people whose allowances are remembered.
const PEOPLE: usize = 10_000;
/// A person opens so many sockets at once, as a browser that restores its tabs does, …
const JOINS: u32 = 60;
/// … and for long so many in this time.
const JOINS_WINDOW: Duration = Duration::from_secs(30);
/// The same for new boards, whose number the host sets.
const BOARDS_WINDOW: Duration = Duration::from_secs(60);
/// Boards and guests made a second by everybody together …
const NEW_PER_SECOND: f64 = 50.0;
/// … and at once: each is a write to the store, and may come from somebody who never was here.
const NEW_BURST: f64 = 500.0;

/// All gates of a server.
#[derive(Debug)]
pub(crate) struct Gates {
    handshakes: Gate<()>,
    joins: PersonGate,
    new_boards: PersonGate,
    new: Gate<()>,
}

impl Gates {
    pub(crate) fn new(limits: &Limits) -> Self {
        let handshakes = f64::from(limits.handshakes);
        Self {
            handshakes: Gate::new(handshakes, handshakes),
            joins: PersonGate::new("join", JOINS, JOINS_WINDOW),
            new_boards: PersonGate::new("board", limits.new_boards, BOARDS_WINDOW),
            new: Gate::new(NEW_PER_SECOND, NEW_BURST),
        }
    }

    /// A socket is opened.
    pub(crate) async fn handshake(
        &self,
        person: PersonId,
        now_ms: u64,
        relay: &dyn Relay,
    ) -> Result<(), HttpError> {
        let too_often = |Shut| HttpError::TooOften;
        self.joins.pass(person, now_ms).map_err(too_often)?;
        let busy = |Shut| HttpError::Busy;
        self.handshakes.pass((), now_ms).map_err(busy)?;
        self.joins.pass_all(person, relay).await.map_err(too_often)
    }

    /// A board is made.
    pub(crate) async fn new_board(
        &self,
        person: PersonId,
        now_ms: u64,
        relay: &dyn Relay,
    ) -> Result<(), HttpError> {
        let too_often = |Shut| HttpError::TooOften;
        self.new_boards.pass(person, now_ms).map_err(too_often)?;
        self.new_guest(now_ms)?;
        let passed = self.new_boards.pass_all(person, relay).await;
        passed.map_err(too_often)
    }

    /// A guest is made, or anything else that anybody can ask for.
    pub(crate) fn new_guest(&self, now_ms: u64) -> Result<(), HttpError> {
        self.new
            .pass((), now_ms)
            .map_err(|Shut| HttpError::TooOften)
    }
}

/// Somebody is not let through now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shut;

/// What one person may do, at this server and at all of them.
#[derive(Debug)]
struct PersonGate {
    what: &'static str,
    most: u32,
    window: Duration,
    here: Gate<PersonId>,
}

impl PersonGate {
    fn new(what: &'static str, most: u32, window: Duration) -> Self {
        let burst = f64::from(most);
        Self {
            what,
            most: most.max(1),
            window,
            here: Gate::new(burst / window.as_secs_f64(), burst),
        }
    }

    /// At this server. It comes first, since it costs nothing.
    fn pass(&self, person: PersonId, now_ms: u64) -> Result<(), Shut> {
        self.here.pass(person, now_ms)
    }

    /// At all servers.
    async fn pass_all(&self, person: PersonId, relay: &dyn Relay) -> Result<(), Shut> {
        let often = relay.tally(self.what, person, self.window).await;
        if often.is_some_and(|often| often > u64::from(self.most)) {
            return Err(Shut);
        }
        Ok(())
    }
}

/// An allowance for each key.
#[derive(Debug)]
struct Gate<K> {
    per_ms: f64,
    burst: f64,
    /// Held for a moment, never across an await.
    left: Mutex<HashMap<K, Left>>,
}

#[derive(Debug, Clone, Copy)]
struct Left {
    tokens: f64,
    at_ms: u64,
}

impl<K: std::hash::Hash + Eq> Gate<K> {
    fn new(per_second: f64, burst: f64) -> Self {
        Self {
            per_ms: per_second / 1000.0,
            burst: burst.max(1.0),
            left: Mutex::default(),
        }
    }

    fn pass(&self, key: K, now_ms: u64) -> Result<(), Shut> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.len() >= PEOPLE {
            self.forget(&mut left, now_ms);
        }
        let one = left.entry(key).or_insert(Left {
            tokens: self.burst,
            at_ms: now_ms,
        });
        *one = self.filled(*one, now_ms);
        if one.tokens < 1.0 {
            return Err(Shut);
        }
        one.tokens -= 1.0;
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a few days in ms at most")]
    fn filled(&self, left: Left, now_ms: u64) -> Left {
        let passed = now_ms.saturating_sub(left.at_ms) as f64;
        Left {
            tokens: (left.tokens + passed * self.per_ms).min(self.burst),
            at_ms: now_ms.max(left.at_ms),
        }
    }

    /// Those who could do everything again anyway; or everybody, if nobody could.
    fn forget(&self, left: &mut HashMap<K, Left>, now_ms: u64) {
        left.retain(|_, one| self.filled(*one, now_ms).tokens < self.burst);
        if left.len() >= PEOPLE {
            left.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_lets_a_burst_through_and_then_a_trickle_each_key_by_itself() {
        let gate = Gate::new(2.0, 3.0);
        assert_eq!(
            (0..5)
                .map(|_| gate.pass('a', 0))
                .filter(Result::is_ok)
                .count(),
            3
        );
        assert_eq!(gate.pass('b', 0), Ok(()));
        assert_eq!(gate.pass('a', 499), Err(Shut));
        assert_eq!(gate.pass('a', 500), Ok(()));
        assert_eq!(gate.pass('a', 500), Err(Shut));
    }

    #[test]
    fn it_remembers_a_bounded_number() {
        let gate = Gate::new(1.0, 2.0);
        for key in 0..3 * PEOPLE {
            assert_eq!(gate.pass(key, 0), Ok(()));
        }
        assert!(gate.left.lock().is_ok_and(|left| left.len() <= PEOPLE));
    }
}
