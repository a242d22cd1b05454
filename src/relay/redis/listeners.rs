//! Listeners: which boards this server wants to hear of, and the inboxes of those who want it.
//!
//! However many ask, a board is subscribed once. Nothing here talks to Redis: the listening task ([`super::listen`])
//! takes what changed, makes it so and confirms it. A board that is wanted again before it was unsubscribed is simply
//! wanted.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inkroom_board::BoardId;
use tokio::sync::{Notify, watch};

use crate::relay::News;
use crate::relay::inbox::Inbox;

/// All boards.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    boards: Mutex<Boards>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Boards {
    topics: HashMap<BoardId, Topic>,
    /// Wanted or no longer wanted since the last look.
    changed: HashSet<BoardId>,
}

#[derive(Debug)]
struct Topic {
    ears: Vec<Ear>,
    /// Whether Redis has confirmed the subscription on the connection of now.
    confirmed: watch::Sender<bool>,
}

#[derive(Debug)]
struct Ear {
    inbox: Arc<Inbox>,
    /// Its room waits no longer, and has read the store: it must look again when the subscription is in force.
    has_read: bool,
}

/// Somebody who wants to hear of a board, until it is dropped.
#[derive(Debug)]
pub(super) struct Listening {
    listeners: Arc<Listeners>,
    board: BoardId,
    inbox: Arc<Inbox>,
}

/// What is to be subscribed and what no longer.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) wanted: Vec<BoardId>,
    pub(super) unwanted: Vec<BoardId>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }
}

impl Listeners {
    fn boards(&self) -> MutexGuard<'_, Boards> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, what is told about `board` goes into `inbox`. The second says when that is in force.
    pub(super) fn listen(
        self: &Arc<Self>,
        board: BoardId,
        inbox: &Arc<Inbox>,
    ) -> (Listening, watch::Receiver<bool>) {
        let mut boards = self.boards();
        if !boards.topics.contains_key(&board) {
            boards.changed.insert(board);
            self.changed.notify_one();
        }
        let topic = boards.topics.entry(board).or_insert_with(|| Topic {
            ears: Vec::new(),
            confirmed: watch::Sender::new(false),
        });
        topic.ears.push(Ear {
            inbox: Arc::clone(inbox),
            has_read: false,
        });
        let listening = Listening {
            listeners: Arc::clone(self),
            board,
            inbox: Arc::clone(inbox),
        };
        (listening, topic.confirmed.subscribe())
    }

    pub(super) fn wants(&self, board: BoardId) -> bool {
        self.boards().topics.contains_key(&board)
    }

    pub(super) fn len(&self) -> usize {
        self.boards().topics.len()
    }

    /// Into all inboxes of `board`; `bytes` is about what it takes.
    pub(super) fn tell(&self, board: BoardId, news: &News, bytes: usize) {
        if let Some(topic) = self.boards().topics.get(&board) {
            let inboxes = topic.ears.iter().map(|ear| &ear.inbox);
            inboxes.for_each(|inbox| inbox.put(news.clone(), bytes));
        }
    }

    /// There is a new connection, or none: nothing is confirmed, everything wanted.
    pub(super) fn restart(&self) {
        let mut boards = self.boards();
        let Boards { topics, changed } = &mut *boards;
        for (board, topic) in topics {
            topic.confirmed.send_replace(false);
            changed.insert(*board);
        }
        self.changed.notify_one();
    }

    pub(super) fn has_changes(&self) -> bool {
        !self.boards().changed.is_empty()
    }

    /// Waits until something changed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// At most so many of what changed, given what is subscribed on the connection of now.
    pub(super) fn changes(&self, most: usize, subscribed: &HashSet<BoardId>) -> Changes {
        let mut boards = self.boards();
        let Boards { topics, changed } = &mut *boards;
        let some: Vec<_> = changed.iter().take(most).copied().collect();
        let mut changes = Changes::default();
        for board in some {
            changed.remove(&board);
            match (topics.get(&board), subscribed.contains(&board)) {
                (Some(_), false) => changes.wanted.push(board),
                (None, true) => changes.unwanted.push(board),
                // Wanted again before it was unsubscribed.
                (Some(topic), true) => topic.confirm(),
                (None, false) => {}
            }
        }
        changes
    }

    /// These are subscribed now.
    pub(super) fn confirm(&self, wanted: &[BoardId]) {
        let boards = self.boards();
        let topics = wanted.iter().filter_map(|board| boards.topics.get(board));
        topics.for_each(Topic::confirm);
    }

    fn remove(&self, board: BoardId, inbox: &Arc<Inbox>) {
        let mut boards = self.boards();
        let Boards { topics, changed } = &mut *boards;
        let Some(topic) = topics.get_mut(&board) else {
            return;
        };
        topic.ears.retain(|ear| !Arc::ptr_eq(&ear.inbox, inbox));
        if topic.ears.is_empty() {
            topics.remove(&board);
            changed.insert(board);
            self.changed.notify_one();
        }
    }
}

impl Topic {
    fn confirm(&self) {
        self.confirmed.send_replace(true);
        for ear in self.ears.iter().filter(|ear| ear.has_read) {
            ear.inbox.put(News::Missed, 0);
        }
    }
}

impl Listening {
    /// Its room goes on to read the store, whether the subscription is in force or not; from now on it has to look
    /// again whenever it comes into force.
    pub(super) fn goes_on(&self) {
        let mut boards = self.listeners.boards();
        let topic = boards.topics.get_mut(&self.board);
        let mut ears = topic.into_iter().flat_map(|topic| &mut topic.ears);
        if let Some(ear) = ears.find(|ear| Arc::ptr_eq(&ear.inbox, &self.inbox)) {
            ear.has_read = true;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.listeners.remove(self.board, &self.inbox);
    }
}

#[cfg(test)]
mod tests;
