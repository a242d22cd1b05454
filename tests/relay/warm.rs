//! A warm board opens without its log, and only if the cache has exactly what SQL says it has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use inkroom::relay::RedisRelay;
use inkroom::store::warm::Bodies;
use inkroom::store::{BoardBatch, Kept, Snapshot, SqliteStore, Store, Submitted, WarmStore};
use inkroom_board::ledger::Genesis;
use inkroom_board::{Access, BoardId, ClientId, Entry, Mode, Op, OpId, PersonId, Position};
use inkroom_testbed::Redis;
use tempfile::TempDir;

use crate::fixture::{board, healthy, until};
use crate::redis::{nothing_stays, pair};

/// A cache that does what the case wants.
#[derive(Debug, Default)]
struct Shelf(Mutex<HashMap<(BoardId, Position), Vec<u8>>>);

#[async_trait]
impl Bodies for Shelf {
    async fn keep(&self, board: BoardId, at: Position, body: &[u8]) {
        self.0.lock().unwrap().insert((board, at), body.into());
    }

    async fn body(&self, board: BoardId, at: Position) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(&(board, at)).cloned()
    }
}

/// A board in SQLite, behind a cache.
struct Warm {
    store: WarmStore,
    written: u32,
    _data: TempDir,
}

const OWNER: PersonId = PersonId([1; 16]);

impl Warm {
    async fn with(bodies: Arc<dyn Bodies>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(data.path()).await.unwrap());
        let genesis = Genesis {
            board: board(1),
            title: String::new(),
            access: Access::new(OWNER, Mode::Everyone),
        };
        store.create(&genesis, 0).await.unwrap();
        Self {
            store: WarmStore::new(store, bodies),
            written: 0,
            _data: data,
        }
    }

    async fn write(&mut self) {
        self.written += 1;
        let op = Submitted::from(Entry {
            id: OpId {
                client: ClientId([1; 16]),
                n: self.written,
            },
            author: OWNER,
            at_ms: 0,
            op: Op::SetTitle(format!("title {}", self.written)),
        });
        let batch = BoardBatch {
            board: board(1),
            ops: vec![op],
        };
        self.store.commit(&[batch]).await.unwrap();
    }

    async fn keep(&self) {
        let document = self.store.load(board(1)).await.unwrap().document;
        let kept = self.store.put_snapshot(board(1), Snapshot::of(&document));
        assert_eq!(kept.await.unwrap(), Kept::Stored);
    }

    /// Whether it opens from the cache: without the recent part of its log. However it opens, it is at its head.
    async fn opens_warm(&self) -> bool {
        let opening = self.store.load(board(1)).await.unwrap();
        assert_eq!(opening.document.position().seq, u64::from(self.written));
        assert!(!opening.read_only);
        if opening.recent.is_empty() {
            assert_eq!(opening.before, opening.document.position());
        }
        opening.recent.is_empty()
    }
}

#[tokio::test]
async fn a_board_opens_warm_while_its_newest_snapshot_is_its_head() {
    let mut warm = Warm::with(Arc::new(Shelf::default())).await;
    warm.write().await;
    assert!(!warm.opens_warm().await);
    warm.keep().await;
    assert!(warm.opens_warm().await);
    warm.write().await;
    assert!(!warm.opens_warm().await, "the log goes on");
    warm.keep().await;
    assert!(warm.opens_warm().await);
}

#[tokio::test]
async fn a_board_opens_from_sql_where_the_cache_is_not_what_it_should_be() {
    let shelf = Arc::new(Shelf::default());
    let mut warm = Warm::with(shelf.clone()).await;
    warm.write().await;
    warm.keep().await;
    assert!(warm.opens_warm().await);
    let change = |change: fn(&mut Vec<u8>)| {
        shelf.0.lock().unwrap().values_mut().for_each(change);
    };
    change(|body| *body.last_mut().unwrap() ^= 1);
    assert!(!warm.opens_warm().await);
    change(|body| *body.last_mut().unwrap() ^= 1);
    assert!(warm.opens_warm().await);
    change(Vec::clear);
    assert!(!warm.opens_warm().await);
    shelf.0.lock().unwrap().clear();
    assert!(!warm.opens_warm().await);
}

#[tokio::test]
async fn redis_keeps_snapshots_for_an_hour() {
    let redis = Redis::start().await;
    let [one, _] = pair(&redis).await;
    let one: Arc<RedisRelay> = Arc::new(one);
    let mut warm = Warm::with(one.clone()).await;
    warm.write().await;
    warm.keep().await;
    until(async || warm.opens_warm().await).await;
    let key = format!("ink:{{{}}}:snap:1:1", board(1));
    let ttl: i64 = redis.ask(&["TTL", &key]).await;
    assert!((3500..=3600).contains(&ttl));
    nothing_stays(&redis).await;
    // Away, or empty again: SQL has it.
    redis.stop();
    assert!(!warm.opens_warm().await);
    redis.start_again().await;
    healthy(&*one).await;
    assert!(!warm.opens_warm().await);
}
