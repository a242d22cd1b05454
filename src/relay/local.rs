//! The relay of one process: news go straight from one server's rooms into another's inboxes.
//!
//! [`LocalRelay`] is what all servers share, [`LocalNode`] is one server's end of it. A lone server tells nobody
//! anything. Several servers in one process, as in tests, are told apart by their nodes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use inkroom_board::room::Murmur;
use inkroom_board::{BoardId, MemberId, NodeId};
use tokio::sync::watch;

use super::inbox::{Inbox, Outlet};
use super::{Hint, News, Relay, RelayHealth, Subscription};

/// What servers of one process share.
#[derive(Debug, Clone, Default)]
pub struct LocalRelay(Arc<Mutex<Nodes>>);

type Nodes = HashMap<NodeId, Node>;

/// What is known of one server.
#[derive(Debug, Default)]
struct Node {
    inboxes: HashMap<BoardId, Vec<Arc<Inbox>>>,
    seats: HashMap<BoardId, usize>,
}

/// One server's end.
#[derive(Debug)]
pub struct LocalNode {
    relay: LocalRelay,
    node: NodeId,
    health: watch::Sender<RelayHealth>,
}

/// Takes an inbox out again.
#[derive(Debug)]
struct Registration {
    relay: LocalRelay,
    node: NodeId,
    board: BoardId,
    inbox: Arc<Inbox>,
}

impl LocalRelay {
    /// The end of the server `node`.
    #[must_use]
    pub fn node(&self, node: NodeId) -> LocalNode {
        self.with(|nodes| nodes.insert(node, Node::default()));
        LocalNode {
            relay: self.clone(),
            node,
            health: watch::Sender::new(RelayHealth::Healthy),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Nodes) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LocalNode {
    fn tell(&self, board: BoardId, news: &News, bytes: usize) {
        self.relay.with(|nodes| {
            let others = nodes.iter().filter(|(node, _)| **node != self.node);
            others
                .filter_map(|(_, other)| other.inboxes.get(&board))
                .flatten()
                .for_each(|inbox| inbox.put(news.clone(), bytes));
        });
    }
}

#[async_trait]
impl Relay for LocalNode {
    fn publish(&self, hint: Hint) {
        if hint.logged.is_empty() {
            return;
        }
        let bytes = hint.logged.iter().map(|logged| logged.size).sum();
        let news = if hint.logged.is_empty() {
            News::Head(hint.before)
        } else {
            News::Committed(hint.logged)
        };
        self.tell(hint.board, &news, bytes);
    }

    fn murmur(&self, board: BoardId, murmur: Murmur) {
        self.tell(board, &News::Murmur(self.node, murmur), size_of::<Murmur>());
    }

    async fn subscribe(&self, board: BoardId) -> Box<dyn Subscription> {
        let inbox = Arc::new(Inbox::default());
        self.relay.with(|nodes| {
            let node = nodes.entry(self.node).or_default();
            let inboxes = node.inboxes.entry(board).or_default();
            inboxes.push(Arc::clone(&inbox));
        });
        Box::new(Outlet {
            _guard: Registration {
                relay: self.relay.clone(),
                node: self.node,
                board,
                inbox: Arc::clone(&inbox),
            },
            inbox,
        })
    }

    fn health(&self) -> watch::Receiver<RelayHealth> {
        self.health.subscribe()
    }

    fn seats(&self, board: BoardId, members: &[MemberId]) {
        self.relay.with(|nodes| {
            let node = nodes.entry(self.node).or_default();
            if members.is_empty() {
                node.seats.remove(&board);
            } else {
                node.seats.insert(board, members.len());
            }
        });
    }

    async fn here(&self, board: BoardId) -> Option<usize> {
        let here = |nodes: &mut Nodes| {
            nodes
                .values()
                .filter_map(|node| node.seats.get(&board))
                .sum()
        };
        Some(self.relay.with(here))
    }

    async fn close(&self) {
        self.relay.with(|nodes| nodes.remove(&self.node));
    }
}

impl Drop for LocalNode {
    fn drop(&mut self) {
        self.relay.with(|nodes| nodes.remove(&self.node));
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.relay.with(|nodes| {
            let Some(node) = nodes.get_mut(&self.node) else {
                return;
            };
            if let Some(inboxes) = node.inboxes.get_mut(&self.board) {
                inboxes.retain(|inbox| !Arc::ptr_eq(inbox, &self.inbox));
                if inboxes.is_empty() {
                    node.inboxes.remove(&self.board);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_board_without_listeners_is_forgotten() {
        let (relay, board) = (LocalRelay::default(), BoardId([1; 16]));
        let boards = |relay: &LocalRelay| {
            relay.with(|nodes| nodes.values().map(|node| node.inboxes.len()).sum::<usize>())
        };
        let node = relay.node(NodeId([1; 8]));
        let one = node.subscribe(board).await;
        let two = node.subscribe(board).await;
        drop(one);
        assert_eq!(boards(&relay), 1);
        drop(two);
        assert_eq!(boards(&relay), 0);
    }
}
