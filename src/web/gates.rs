//! Gates: how often people may do what costs the server something. Per person first: a classroom shares one address.
//!
//! Allowances are forgotten when the server restarts, and when there are very many of them; they hold back floods, they
//! do not keep accounts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use inkroom_board::PersonId;

use crate::config::Limits;
use crate::error::HttpError;

/// Most people whose allowances are remembered.
const PEOPLE: usize = 10_000;
/// A person opens so many sockets a second for long …
const JOINS_PER_SECOND: f64 = 2.0;
/// … and at once: a browser that restores its tabs.
const JOINS_BURST: f64 = 60.0;
/// Boards and guests made a second by everybody together …
const NEW_PER_SECOND: f64 = 50.0;
/// … and at once: each is a write to the store, and may come from somebody who never was here.
const NEW_BURST: f64 = 500.0;

/// All gates of a server.
#[derive(Debug)]
pub(crate) struct Gates {
    handshakes: Gate<()>,
    joins: Gate<PersonId>,
    new_boards: Gate<PersonId>,
    new: Gate<()>,
}

impl Gates {
    pub(crate) fn new(limits: &Limits) -> Self {
        let handshakes = f64::from(limits.handshakes);
        let boards = f64::from(limits.new_boards);
        Self {
            handshakes: Gate::new(handshakes, handshakes),
            joins: Gate::new(JOINS_PER_SECOND, JOINS_BURST),
            new_boards: Gate::new(boards / 60.0, boards),
            new: Gate::new(NEW_PER_SECOND, NEW_BURST),
        }
    }

    /// A socket is opened.
    pub(crate) fn handshake(&self, person: PersonId, now_ms: u64) -> Result<(), HttpError> {
        self.joins
            .pass(person, now_ms)
            .map_err(|Shut| HttpError::TooOften)?;
        self.handshakes
            .pass((), now_ms)
            .map_err(|Shut| HttpError::Busy)
    }

    /// A board is made.
    pub(crate) fn new_board(&self, person: PersonId, now_ms: u64) -> Result<(), HttpError> {
        self.new_boards
            .pass(person, now_ms)
            .map_err(|Shut| HttpError::TooOften)?;
        self.new_guest(now_ms)
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
