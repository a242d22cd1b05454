//! The head poll: asks the store, for all open boards at once, where their logs end.
//!
//! It closes the one hole that a relay cannot: the loss of the last hint before silence, or of all of them while another
//! server works on the same database. While a relay is known to be in trouble, this server's or another's, it takes the
//! relay's place and asks often; that another's is, servers tell each other in the store, since the relay cannot. Rooms
//! do the rest: they compare, and read what they miss.

use std::sync::Arc;
use std::time::Duration;

use inkroom_board::BoardId;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::room::Command;
use crate::random;
use crate::relay::RelayHealth;

/// Most boards in one question.
const BOARDS: usize = 500;
/// Servers tell each other how their relays are this often, and when that changes.
const BEAT: Duration = Duration::from_secs(2);

/// Polls until the hub drains.
pub(super) async fn poll(shared: Arc<Shared>) {
    let mut health = shared.around.relay.health();
    let mut beats = Beats::default();
    loop {
        let is_healthy = *health.borrow_and_update() == RelayHealth::Healthy;
        let timing = &shared.around.timing;
        let every = if is_healthy && !beats.is_other_degraded {
            timing.head_poll
        } else {
            timing.head_poll_degraded
        };
        tokio::select! {
            () = tokio::time::sleep(jittered(every)) => {}
            () = changed(&mut health) => {}
            () = shared.draining.cancelled() => break,
        }
        ask_all(&shared).await;
        beats.beat_if_due(&shared, is_healthy).await;
    }
    leave(&shared).await;
}

/// Waits until the relay fares otherwise; for ever once it is gone.
async fn changed(health: &mut watch::Receiver<RelayHealth>) {
    if health.changed().await.is_err() {
        std::future::pending().await
    }
}

/// What servers tell each other in the store.
#[derive(Debug, Default)]
struct Beats {
    told: Option<(Instant, bool)>,
    is_other_degraded: bool,
}

impl Beats {
    /// A server that is the only one on its store has nobody to tell.
    async fn beat_if_due(&mut self, shared: &Shared, is_healthy: bool) {
        let Some(node) = shared.around.relay.node() else {
            return;
        };
        let is_known = |(at, told): (Instant, bool)| told == is_healthy && at.elapsed() < BEAT;
        if self.told.is_some_and(is_known) {
            return;
        }
        match shared.around.store.beat(node, !is_healthy).await {
            Ok(is_other_degraded) => {
                self.is_other_degraded = is_other_degraded;
                self.told = Some((Instant::now(), is_healthy));
            }
            Err(error) => tracing::debug!(%error, "other servers cannot be told how the relay is"),
        }
    }
}

async fn leave(shared: &Shared) {
    let Some(node) = shared.around.relay.node() else {
        return;
    };
    if let Err(error) = shared.around.store.leave(node).await {
        tracing::debug!(%error, "other servers find out later that this one is gone");
    }
}

async fn ask_all(shared: &Shared) {
    let boards: Vec<_> = shared.rooms().keys().copied().collect();
    let mut is_answered = true;
    for some in boards.chunks(BOARDS) {
        is_answered &= ask(shared, some).await;
    }
    if is_answered {
        shared.around.metrics.heads_seen();
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
