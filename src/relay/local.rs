//! The relay of one process: a channel for each board. Several servers in one process (as in tests) may share it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use inkroom_board::BoardId;
use inkroom_board::ledger::Logged;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Hint, News, Relay, Subscription};

/// Hints that a room may lag behind before it looks into the store instead.
const LAG: usize = 64;

type Channel = broadcast::Sender<Arc<[Logged]>>;

/// Hints within one process.
#[derive(Debug, Clone, Default)]
pub struct LocalRelay {
    channels: Arc<Mutex<HashMap<BoardId, Channel>>>,
}

#[derive(Debug)]
struct LocalSubscription {
    board: BoardId,
    hints: Option<broadcast::Receiver<Arc<[Logged]>>>,
    relay: LocalRelay,
}

impl LocalRelay {
    fn with<T>(&self, look: impl FnOnce(&mut HashMap<BoardId, Channel>) -> T) -> T {
        look(&mut self.channels.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Relay for LocalRelay {
    fn publish(&self, hint: Hint) {
        self.with(|channels| {
            if let Some(channel) = channels.get(&hint.board) {
                // Nobody listening is fine: whoever comes reads the store.
                let _ = channel.send(hint.logged);
            }
        });
    }

    async fn subscribe(&self, board: BoardId) -> Box<dyn Subscription> {
        let hints = self.with(|channels| {
            channels
                .entry(board)
                .or_insert_with(|| broadcast::channel(LAG).0)
                .subscribe()
        });
        Box::new(LocalSubscription {
            board,
            hints: Some(hints),
            relay: self.clone(),
        })
    }
}

#[async_trait]
impl Subscription for LocalSubscription {
    async fn next(&mut self) -> News {
        let Some(hints) = &mut self.hints else {
            return std::future::pending().await;
        };
        match hints.recv().await {
            Ok(logged) => News::Committed(logged),
            Err(RecvError::Lagged(_)) => News::Missed,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for LocalSubscription {
    fn drop(&mut self) {
        self.hints = None;
        self.relay.with(|channels| {
            if channels
                .get(&self.board)
                .is_some_and(|channel| channel.receiver_count() == 0)
            {
                channels.remove(&self.board);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: BoardId = BoardId([1; 16]);

    fn hint(board: BoardId) -> Hint {
        Hint {
            board,
            logged: Arc::new([]),
        }
    }

    #[tokio::test]
    async fn whoever_subscribed_hears_of_its_board_and_of_no_other() {
        let relay = LocalRelay::default();
        let (mut one, mut two) = (relay.subscribe(BOARD).await, relay.subscribe(BOARD).await);
        relay.publish(hint(BoardId([2; 16])));
        relay.publish(hint(BOARD));
        assert!(matches!(one.next().await, News::Committed(_)));
        assert!(matches!(two.next().await, News::Committed(_)));
        let more = tokio::time::timeout(std::time::Duration::ZERO, one.next()).await;
        assert!(more.is_err(), "only one hint was for this board");
    }

    #[tokio::test]
    async fn whoever_lags_hears_that_it_missed_something() {
        let relay = LocalRelay::default();
        let mut late = relay.subscribe(BOARD).await;
        (0..=LAG).for_each(|_| relay.publish(hint(BOARD)));
        assert!(matches!(late.next().await, News::Missed));
        assert!(matches!(late.next().await, News::Committed(_)));
    }

    #[tokio::test]
    async fn a_board_without_listeners_is_forgotten() {
        let relay = LocalRelay::default();
        let one = relay.subscribe(BOARD).await;
        let two = relay.subscribe(BOARD).await;
        drop(one);
        assert_eq!(relay.with(|channels| channels.len()), 1);
        drop(two);
        assert_eq!(relay.with(|channels| channels.len()), 0);
        relay.publish(hint(BOARD));
    }
}
