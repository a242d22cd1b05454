use std::time::Duration;

use super::*;
use crate::relay::Subscription;
use crate::relay::inbox::Outlet;

const BOARD: BoardId = BoardId([1; 16]);

struct Someone {
    news: Outlet<()>,
    listening: Listening,
    confirmed: watch::Receiver<bool>,
}

fn someone(listeners: &Arc<Listeners>) -> Someone {
    let inbox = Arc::new(Inbox::default());
    let (listening, confirmed) = listeners.listen(BOARD, &inbox);
    Someone {
        news: Outlet { inbox, _guard: () },
        listening,
        confirmed,
    }
}

impl Someone {
    async fn hears(&mut self) -> Option<News> {
        tokio::time::timeout(Duration::ZERO, self.news.next())
            .await
            .ok()
    }
}

/// Does what the listening task does.
fn follow(listeners: &Listeners, subscribed: &mut HashSet<BoardId>) -> (usize, usize) {
    let changes = listeners.changes(9, subscribed);
    changes.unwanted.iter().for_each(|board| {
        subscribed.remove(board);
    });
    subscribed.extend(&changes.wanted);
    listeners.confirm(&changes.wanted);
    (changes.wanted.len(), changes.unwanted.len())
}

#[tokio::test]
async fn a_board_is_subscribed_once_and_unsubscribed_with_its_last_listener() {
    let (listeners, mut subscribed) = (Arc::default(), HashSet::new());
    let (one, two) = (someone(&listeners), someone(&listeners));
    assert!(!*one.confirmed.borrow());
    assert_eq!(follow(&listeners, &mut subscribed), (1, 0));
    assert!(*one.confirmed.borrow() && *two.confirmed.borrow());
    drop(one);
    assert_eq!(follow(&listeners, &mut subscribed), (0, 0));
    drop(two);
    assert_eq!(follow(&listeners, &mut subscribed), (0, 1));
    assert!(!listeners.wants(BOARD) && subscribed.is_empty());
}

#[tokio::test]
async fn a_board_that_closes_and_opens_again_at_once_stays_subscribed() {
    let (listeners, mut subscribed) = (Arc::default(), HashSet::new());
    let first = someone(&listeners);
    follow(&listeners, &mut subscribed);
    drop(first);
    let again = someone(&listeners);
    assert!(!*again.confirmed.borrow());
    assert_eq!(follow(&listeners, &mut subscribed), (0, 0));
    assert!(*again.confirmed.borrow());
}

#[tokio::test]
async fn who_reads_the_store_after_the_subscription_missed_nothing_and_who_reads_before_is_told() {
    let (listeners, mut subscribed) = (Arc::default(), HashSet::new());
    let mut early = someone(&listeners);
    early.listening.goes_on();
    let mut patient = someone(&listeners);
    follow(&listeners, &mut subscribed);
    patient.listening.goes_on();
    assert!(matches!(early.hears().await, Some(News::Missed)));
    assert!(patient.hears().await.is_none());
    // A new connection: everything again, and everybody looks again.
    listeners.restart();
    assert!(!*patient.confirmed.borrow());
    subscribed.clear();
    assert_eq!(follow(&listeners, &mut subscribed), (1, 0));
    assert!(matches!(early.hears().await, Some(News::Missed)));
    assert!(matches!(patient.hears().await, Some(News::Missed)));
}
