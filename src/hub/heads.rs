//! The head poll: asks the store, for all open boards at once, where their logs end.
//!
//! It closes the one hole that a relay cannot: the loss of the last hint before silence, or of all of them while another
//! server works on the same database. Rooms do the rest: they compare, and read what they miss.

use std::sync::Arc;
use std::time::Duration;

use inkroom_board::BoardId;

use super::Shared;
use super::room::Command;
use crate::random;

/// Most boards in one question.
const BOARDS: usize = 500;

/// Polls until the hub drains.
pub(super) async fn poll(shared: Arc<Shared>) {
    let every = shared.around.timing.head_poll;
    loop {
        tokio::select! {
            () = tokio::time::sleep(jittered(every)) => {}
            () = shared.draining.cancelled() => return,
        }
        let boards: Vec<_> = shared.rooms().keys().copied().collect();
        let mut is_answered = true;
        for some in boards.chunks(BOARDS) {
            is_answered &= ask(&shared, some).await;
        }
        if is_answered {
            shared.around.metrics.heads_seen();
        }
    }
}

/// Whether the store answered.
async fn ask(shared: &Shared, boards: &[BoardId]) -> bool {
    match shared.around.store.heads(boards).await {
        Ok(heads) => {
            for (board, head) in heads {
                let door = shared.rooms().get(&board).cloned();
                // A room too busy to hear of it is told the next time.
                let _ = door.map(|door| door.inbox.try_send(Command::Head(head)).is_ok());
            }
            true
        }
        Err(error) => {
            tracing::warn!(%error, "cannot see where the logs end");
            false
        }
    }
}

/// Give or take a third, so that servers do not all ask at the same moment.
fn jittered(every: Duration) -> Duration {
    every * 2 / 3 + every.mul_f64(random::fraction() * 2.0 / 3.0)
}
