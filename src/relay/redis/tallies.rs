//! Tallies: how often somebody did something at all servers together, in the window of time that is now.
//!
//! There is one counter for each person, thing and window. It is forgotten a window after it was last counted, which is
//! set in the transaction that counts, so that none can stay. Windows are those of Redis's clock: the same for all servers.

use std::time::Duration;

use inkroom_board::PersonId;
use redis::Pipeline;

use super::{RECALL, RedisRelay};

impl RedisRelay {
    pub(super) async fn count_in_window(
        &self,
        what: &str,
        person: PersonId,
        window: Duration,
    ) -> Option<u64> {
        let seconds = window.as_secs().max(1);
        let count = |pipeline: &mut Pipeline, now_ms: u64| {
            let key = self
                .shared
                .keys
                .tally(what, person, now_ms / (seconds * 1000));
            pipeline.atomic();
            pipeline.cmd("INCR").arg(&key);
            pipeline.cmd("EXPIRE").arg(&key).arg(seconds).ignore();
        };
        let (count,) = self.shared.commands.ask(RECALL, count).await?;
        Some(count)
    }
}
