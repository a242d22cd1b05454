//! Inbox: the news of one subscription until its room takes them.
//!
//! Bounded: a room that does not keep up loses all that waits and is told so with one [`News::Missed`], which costs it
//! a look into the store. Not here: who puts what in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{News, Subscription};

/// Most news that wait for a room: seconds of a busy board.
pub(super) const MOST_NEWS: usize = 1024;
/// Most bytes of them, as they came.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Where news are put in.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    news: VecDeque<(News, usize)>,
    bytes: usize,
    missed: bool,
}

impl Inbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `bytes` is about what it takes.
    pub(super) fn put(&self, news: News, bytes: usize) {
        let mut waiting = self.waiting();
        if matches!(news, News::Missed)
            || waiting.news.len() >= MOST_NEWS
            || waiting.bytes + bytes > MOST_BYTES
        {
            *waiting = Waiting {
                missed: true,
                ..Waiting::default()
            };
        } else {
            waiting.bytes += bytes;
            waiting.news.push_back((news, bytes));
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Before everything that waits.
    pub(super) fn put_first(&self, news: News) {
        self.waiting().news.push_front((news, 0));
        self.arrived.notify_one();
    }

    fn take(&self) -> Option<News> {
        let mut waiting = self.waiting();
        if std::mem::take(&mut waiting.missed) {
            return Some(News::Missed);
        }
        let (news, bytes) = waiting.news.pop_front()?;
        waiting.bytes -= bytes;
        Some(news)
    }

    async fn next(&self) -> News {
        loop {
            // What arrives between the look and the wait leaves a permit behind.
            if let Some(news) = self.take() {
                return news;
            }
            self.arrived.notified().await;
        }
    }
}

/// The way out of an inbox; `guard` ends the subscription when it is dropped.
#[derive(Debug)]
pub(super) struct Outlet<G> {
    pub(super) inbox: Arc<Inbox>,
    pub(super) _guard: G,
}

#[async_trait]
impl<G: Send + Sync + std::fmt::Debug> Subscription for Outlet<G> {
    async fn next(&mut self) -> News {
        self.inbox.next().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_inbox_forgets_what_it_holds_and_says_so_once() {
        let inbox = Inbox::default();
        let news = || News::Committed(Arc::new([]));
        (0..=MOST_NEWS).for_each(|_| inbox.put(news(), 1));
        inbox.put(news(), 1);
        assert!(matches!(inbox.next().await, News::Missed));
        assert!(matches!(inbox.next().await, News::Committed(_)));
        assert!(inbox.take().is_none());
    }

    #[tokio::test]
    async fn few_large_news_fill_it_too() {
        let inbox = Inbox::default();
        (0..5).for_each(|_| inbox.put(News::Committed(Arc::new([])), MOST_BYTES / 4));
        assert!(matches!(inbox.next().await, News::Missed));
        assert!(inbox.take().is_none());
    }
}
