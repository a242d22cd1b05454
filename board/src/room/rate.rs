//! Token buckets: how much of something a member or a person may do. Time is an argument.

use alloc::collections::BTreeMap;

use super::Settings;
use crate::id::PersonId;

/// Most people of whom it is known what they did: whoever drew nothing for a few minutes need not be.
const PEOPLE: usize = 4_096;
/// Who has nothing left is asked to come back for so much time's worth, not for each single op.
const WORTH_MS: f64 = 1_000.0;

/// A bucket that fills at a steady rate and is emptied by one for each thing done.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    per_ms: f64,
    burst: f64,
    tokens: f64,
    at_ms: u64,
}

impl Bucket {
    pub(super) fn new(per_second: f64, burst: f64, now_ms: u64) -> Self {
        Self {
            per_ms: per_second / 1000.0,
            burst,
            tokens: burst,
            at_ms: now_ms,
        }
    }

    /// Takes one; or says in how many ms it is worth coming back.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small, never negative"
    )]
    pub(super) fn take(&mut self, now_ms: u64) -> Result<(), u32> {
        self.fill(now_ms);
        if self.tokens < 1.0 {
            let worth = (WORTH_MS * self.per_ms).clamp(1.0, self.burst.max(1.0));
            return Err(((worth - self.tokens) / self.per_ms).ceil() as u32);
        }
        self.tokens -= 1.0;
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "small")]
    fn fill(&mut self, now_ms: u64) {
        let passed = now_ms.saturating_sub(self.at_ms) as f64;
        self.at_ms = self.at_ms.max(now_ms);
        self.tokens = (self.tokens + passed * self.per_ms).min(self.burst);
    }

    fn is_full(&mut self, now_ms: u64) -> bool {
        self.fill(now_ms);
        self.tokens >= self.burst
    }
}

/// The ops that people may still submit. By person and not by connection, so that nobody gets more by coming back.
#[derive(Debug, Default)]
pub(super) struct Allowances(BTreeMap<PersonId, Bucket>);

impl Allowances {
    /// Takes one op of this person's; or says in how many ms it is worth coming back.
    pub(super) fn take(
        &mut self,
        person: PersonId,
        settings: &Settings,
        now_ms: u64,
    ) -> Result<(), u32> {
        if self.0.len() >= PEOPLE && !self.0.contains_key(&person) {
            self.0.retain(|_, bucket| !bucket.is_full(now_ms));
            while self.0.len() >= PEOPLE {
                self.0.pop_first();
            }
        }
        let whole = || Bucket::new(settings.ops_per_second, settings.ops_burst, now_ms);
        self.0.entry(person).or_insert_with(whole).take(now_ms)
    }
}

/// Clearing the board: six a minute, since it is the one op that undoes a whole lesson.
pub(super) fn sweeps(now_ms: u64) -> Bucket {
    Bucket::new(0.1, 3.0, now_ms)
}

/// Ink, cursors, hands and names together: ten times what the client sends; over it is abuse.
pub(super) fn ephemeral(now_ms: u64) -> Bucket {
    Bucket::new(200.0, 400.0, now_ms)
}

/// Refusals: a client that is refused more than ten times a minute does not listen.
pub(super) fn patience(now_ms: u64) -> Bucket {
    Bucket::new(10.0 / 60.0, 30.0, now_ms)
}

/// Gaps in a queue: an honest client fills the first one.
pub(super) fn gaps(now_ms: u64) -> Bucket {
    Bucket::new(10.0 / 60.0, 10.0, now_ms)
}
