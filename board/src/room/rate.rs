//! Token buckets: how much of something a member may do. Time is an argument.

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

    /// Takes one; or says in how many ms there will be one.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small, never negative"
    )]
    pub(super) fn take(&mut self, now_ms: u64) -> Result<(), u32> {
        let passed = now_ms.saturating_sub(self.at_ms) as f64;
        self.at_ms = self.at_ms.max(now_ms);
        self.tokens = (self.tokens + passed * self.per_ms).min(self.burst);
        if self.tokens < 1.0 {
            return Err(((1.0 - self.tokens) / self.per_ms).ceil() as u32);
        }
        self.tokens -= 1.0;
        Ok(())
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
