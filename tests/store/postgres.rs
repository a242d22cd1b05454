//! The cases on Postgres, and what only a server can do: be stopped, be far away, hold locks for others.

#[path = "postgres/door.rs"]
mod door;

use std::sync::Arc;

use async_trait::async_trait;
use inkroom::store::writer::{Committed, Writer, WriterState};
use inkroom::store::{Outcome, PgStore, Store, StoreError, Unfit};
use inkroom_board::room::Answer;
use inkroom_board::{BoardId, Entry, Seq};
use inkroom_testbed::{Postgres, Proxy};
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc::Receiver;

use crate::contract;
use crate::fixture::*;

struct PgRig {
    url: String,
    store: Option<PgStore>,
    server: Arc<Postgres>,
}

impl PgRig {
    async fn new() -> Self {
        let server = Postgres::shared().await;
        let url = server.database().await;
        let store = PgStore::open(&url).await.unwrap();
        Self {
            url,
            store: Some(store),
            server,
        }
    }

    fn postgres(&self) -> &PgStore {
        self.store.as_ref().unwrap()
    }
}

/// A connection of our own to a database.
async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn run(link: &mut PgConnection, statements: &'static str) {
    sqlx::raw_sql(statements).execute(link).await.unwrap();
}

/// Waits until `statement` counts `count`.
async fn until(link: &mut PgConnection, statement: &'static str, count: i64) {
    soon(async {
        while sqlx::query_scalar::<_, i64>(statement)
            .fetch_one(&mut *link)
            .await
            .unwrap()
            != count
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// How many sessions of this database wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Holds the head of a board, as a server that froze in a commit would.
async fn hold(link: &mut PgConnection, board: BoardId) {
    run(
        link,
        "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0",
    )
    .await;
    sqlx::query("SELECT 1 FROM boards WHERE id = $1 FOR UPDATE")
        .bind(board.0.as_slice())
        .execute(link)
        .await
        .unwrap();
}

#[async_trait]
impl Rig for PgRig {
    fn store(&self) -> &dyn Store {
        self.postgres()
    }

    async fn another(&self) -> Arc<dyn Store> {
        Arc::new(PgStore::open(&self.url).await.unwrap())
    }

    async fn reopen(&mut self) {
        self.store.take().unwrap().close().await;
        self.store = Some(PgStore::open(&self.url).await.unwrap());
    }

    async fn harm(&self, board: BoardId, seq: Seq, harm: Harm) {
        let statement = match harm {
            Harm::OpBody => {
                "UPDATE ops SET body = body || '\\x00'::bytea WHERE board_id = $1 AND seq = $2"
            }
            Harm::OpBodyRepaired => {
                "UPDATE ops SET body = substr(body, 1, length(body) - 1) WHERE board_id = $1 AND seq = $2"
            }
            Harm::OpChain => {
                "UPDATE ops SET chain = '\\x0102030405060708' WHERE board_id = $1 AND seq = $2"
            }
            Harm::OpLost => "DELETE FROM ops WHERE board_id = $1 AND seq = $2",
            Harm::HeadBack => "UPDATE boards SET head_seq = $2 - 1 WHERE id = $1",
            // Another title: it decodes, and only its hash tells.
            Harm::SnapshotBody => {
                "UPDATE snapshots SET body = overlay(body PLACING 'Biolegy'::bytea FROM position('Biology'::bytea IN body)) \
                 WHERE board_id = $1 AND seq = $2"
            }
        };
        let harmed = sqlx::query(statement)
            .bind(board.0.as_slice())
            .bind(i64::try_from(seq).unwrap())
            .execute(&mut connect(&self.url).await)
            .await
            .unwrap();
        assert_eq!(harmed.rows_affected(), 1);
    }

    async fn silence(&self) {
        run(
            &mut connect(&self.url).await,
            "UPDATE nodes SET beat_at = beat_at - 10000",
        )
        .await;
    }
}

macro_rules! on_postgres {
    ($($case:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                #[allow(unused_mut)]
                let mut rig = soon(PgRig::new()).await;
                soon(contract::$case(&mut rig)).await;
            }
        )*
    };
}

for_each_case!(on_postgres);

/// That the head of the log is where its last row is, and every op is in it once.
async fn is_dense(url: &str, store: &dyn Store, board: BoardId) {
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM ops WHERE board_id = $1")
        .bind(board.0.as_slice())
        .fetch_one(&mut connect(url).await)
        .await
        .unwrap();
    let log = log(store, board).await;
    assert_eq!(
        seqs(&log),
        (1..=u64::try_from(rows).unwrap()).collect::<Vec<_>>()
    );
    assert_eq!(
        store.heads(&[board]).await.unwrap()[0].1.seq,
        log.len() as u64
    );
    let mut ids: Vec<_> = log.iter().map(|logged| logged.entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), log.len());
}

#[tokio::test]
async fn i2_i3_two_servers_that_wait_for_the_same_lock_with_the_same_op_leave_no_hole() {
    let rig = PgRig::new().await;
    let (here, there) = (rig.postgres(), rig.another().await);
    open_board(here, board(1)).await;
    let (mut pen, mut link) = (Pen::of_owner(), connect(&rig.url).await);
    let mut watcher = connect(&rig.url).await;
    for round in 1..=10 {
        hold(&mut link, board(1)).await;
        let sent = [batch(board(1), pen.draws(2))];
        let release = async {
            until(&mut watcher, WAITING, 2).await;
            run(&mut link, "COMMIT").await;
        };
        let (one, other, ()) =
            soon(async { tokio::join!(here.commit(&sent), there.commit(&sent), release) }).await;
        let (one, other) = (one.unwrap().remove(0), other.unwrap().remove(0));
        let is_logged = |outcomes: &[Outcome]| matches!(outcomes[0], Outcome::Logged(_));
        assert!(is_logged(&one) != is_logged(&other), "{one:?} {other:?}");
        let late = if is_logged(&one) { other } else { one };
        assert_eq!(
            late.iter().map(answer).collect::<Vec<_>>(),
            [Answer::Known(2 * round - 1), Answer::Known(2 * round)]
        );
        is_dense(&rig.url, here, board(1)).await;
    }
}

#[tokio::test]
async fn i1_i2_a_commit_whose_server_died_before_its_end_is_not_there() {
    let rig = PgRig::new().await;
    let store = rig.postgres();
    open_board(store, board(1)).await;
    let (mut link, mut watcher) = (connect(&rig.url).await, connect(&rig.url).await);
    hold(&mut link, board(1)).await;
    let sent = Pen::of_owner().draws(3);
    let sent = [batch(board(1), sent)];
    let kill = async {
        until(&mut watcher, WAITING, 1).await;
        run(
            &mut watcher,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .await;
    };
    let (killed, ()) = soon(async { tokio::join!(store.commit(&sent), kill) }).await;
    assert!(
        matches!(killed, Err(StoreError::Unavailable(_))),
        "{killed:?}"
    );
    assert!(store.health().await.fault.is_some());
    run(&mut link, "COMMIT").await;
    let again = store.commit(&sent).await.unwrap().remove(0);
    assert_eq!(
        again
            .into_iter()
            .map(|outcome| fresh(outcome).seq)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(store.health().await.fault, None);
    is_dense(&rig.url, store, board(1)).await;
}

#[tokio::test]
async fn i1_i2_a_commit_whose_server_died_after_its_end_is_known() {
    let server = Postgres::start().await;
    let url = server.database().await;
    let store = PgStore::open(&url).await.unwrap();
    open_board(&store, board(1)).await;
    let mut admin = connect(&url).await;
    // A stand-by that never answers: a commit is on the disk, and its end is not told.
    run(&mut admin, "SET synchronous_commit = local").await;
    run(
        &mut admin,
        "ALTER SYSTEM SET synchronous_standby_names = 'nobody'",
    )
    .await;
    run(&mut admin, "SELECT pg_reload_conf()").await;
    let shown = async {
        while sqlx::query_scalar::<_, String>("SHOW synchronous_standby_names")
            .fetch_one(&mut admin)
            .await
            .unwrap()
            != "nobody"
        {
            tokio::task::yield_now().await;
        }
    };
    soon(shown).await;
    let sent = [batch(board(1), Pen::of_owner().draws(3))];
    let kill = async {
        until(
            &mut admin,
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
            1,
        )
        .await;
        run(
            &mut admin,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
        )
        .await;
    };
    let (killed, ()) = soon(async { tokio::join!(store.commit(&sent), kill) }).await;
    assert!(
        matches!(killed, Err(StoreError::Unavailable(_))),
        "{killed:?}"
    );
    run(&mut admin, "ALTER SYSTEM RESET synchronous_standby_names").await;
    run(&mut admin, "SELECT pg_reload_conf()").await;
    let again = soon(store.commit(&sent)).await.unwrap().remove(0);
    assert_eq!(
        again.iter().map(answer).collect::<Vec<_>>(),
        [1, 2, 3].map(Answer::Known)
    );
    is_dense(&url, &store, board(1)).await;
}

/// Commits an op while the network is cut after `bytes`, and then again until it is answered. Whether the first
/// time stored nothing; if it says that it did, it did.
async fn is_lost_at(far: &PgStore, proxy: &Proxy, bytes: u64, sent: Vec<Entry>) -> bool {
    let sent = [batch(board(1), sent)];
    proxy.cut_after(bytes);
    let cut = soon(far.commit(&sent)).await;
    proxy.heal();
    let again = soon(async {
        loop {
            match far.commit(&sent).await {
                Ok(mut outcomes) => return outcomes.remove(0).remove(0),
                Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    });
    match (cut, again.await) {
        (Err(_), Outcome::Logged(_)) => true,
        (
            _,
            Outcome::Answered {
                answer: Answer::Known(1..),
                ..
            },
        ) => false,
        (cut, again) => panic!("{cut:?} {again:?}"),
    }
}

#[tokio::test]
async fn i1_i2_a_network_that_is_cut_at_any_byte_of_a_commit_loses_and_doubles_nothing() {
    let rig = PgRig::new().await;
    let proxy = Proxy::to(rig.server.address()).await;
    let name = rig.url.rsplit('/').next().unwrap();
    let far = PgStore::open(&format!("postgres://ink@{}/{name}", proxy.addr()))
        .await
        .unwrap();
    open_board(&far, board(1)).await;
    let mut pen = Pen::of_owner();
    // A commit takes some 1,300 bytes, both ways.
    let mut lost = 0;
    for bytes in (0..1_500).step_by(50) {
        lost += u32::from(is_lost_at(&far, &proxy, bytes, pen.draws(1)).await);
    }
    assert!(lost > 0, "some were cut before their end");
    is_dense(&rig.url, rig.postgres(), board(1)).await;
}

/// What a room hears, until it heard of `ops` ops.
async fn hear(outcomes: &mut Receiver<Committed>, ops: usize) {
    let mut heard = 0;
    while heard < ops {
        let committed = soon(outcomes.recv()).await.expect("the writer runs");
        heard += committed.outcomes().len();
    }
    assert_eq!(heard, ops);
}

#[tokio::test]
async fn a_board_that_somebody_holds_holds_up_no_other() {
    let rig = PgRig::new().await;
    let store: Arc<dyn Store> = rig.another().await;
    open_board(&*store, board(1)).await;
    open_board(&*store, board(2)).await;
    let mut link = connect(&rig.url).await;
    hold(&mut link, board(1)).await;
    let writer = Writer::start(store.clone());
    let mut state = writer.state();
    let (lane, mut held) = writer.lane(board(1));
    lane.try_submit(Pen::of_owner().draws(3)).unwrap();
    let timed_out = |state: &WriterState| matches!(state, WriterState::Degraded { error } if error.contains("lock timeout"));
    soon(state.wait_for(timed_out)).await.unwrap();
    let (other, mut heard) = writer.lane(board(2));
    let mut pen = Pen::of_owner();
    for _ in 0..5 {
        other.try_submit(pen.draws(2)).unwrap();
        hear(&mut heard, 2).await;
    }
    assert!(held.try_recv().is_err());
    run(&mut link, "COMMIT").await;
    hear(&mut held, 3).await;
    soon(state.wait_for(|state| *state == WriterState::Working))
        .await
        .unwrap();
    is_dense(&rig.url, &*store, board(1)).await;
    is_dense(&rig.url, &*store, board(2)).await;
}

#[tokio::test]
async fn i1_i2_i3_a_database_that_crashes_under_load_delays_and_loses_nothing() {
    const BOARDS: u8 = 4;
    const ROUNDS: usize = 60;
    let server = Postgres::start().await;
    let url = server.database().await;
    let store: Arc<dyn Store> = Arc::new(PgStore::open(&url).await.unwrap());
    let writer = Writer::start(store.clone());
    let mut rooms = tokio::task::JoinSet::new();
    for n in 1..=BOARDS {
        open_board(&*store, board(n)).await;
        let (lane, mut outcomes) = writer.lane(board(n));
        rooms.spawn(async move {
            let mut pen = Pen::of(person(n), client(n));
            for _ in 0..ROUNDS {
                lane.try_submit(pen.draws(5)).unwrap();
                hear(&mut outcomes, 5).await;
            }
        });
    }
    for _ in 0..2 {
        let before = store.heads(&[board(1)]).await.unwrap()[0].1.seq;
        soon(async {
            while store.heads(&[board(1)]).await.unwrap()[0].1.seq < before + 10 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        server.restart().await;
        soon(async { while store.heads(&[board(1)]).await.is_err() {} }).await;
    }
    while let Some(room) = soon(rooms.join_next()).await {
        room.unwrap();
    }
    for n in 1..=BOARDS {
        is_dense(&url, &*store, board(n)).await;
        assert_eq!(log(&*store, board(n)).await.len(), 5 * ROUNDS);
    }
}

#[tokio::test]
async fn a_database_that_does_not_flush_is_refused() {
    let server = Postgres::with(&["fsync=off"]).await;
    let opened = PgStore::open(&server.database().await).await;
    let Err(StoreError::Unfit(
        unfit @ Unfit::NotDurable {
            setting: "fsync", ..
        },
    )) = opened
    else {
        panic!("{opened:?}")
    };
    assert!(unfit.to_string().contains("postgresql.conf"), "{unfit}");
}

#[tokio::test]
async fn a_database_from_the_future_is_left_alone() {
    let mut rig = PgRig::new().await;
    rig.store.take().unwrap().close().await;
    run(
        &mut connect(&rig.url).await,
        "INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, success, checksum, execution_time \
         FROM _sqlx_migrations LIMIT 1",
    )
    .await;
    let opened = PgStore::open(&rig.url).await;
    let Err(StoreError::Unfit(unfit @ Unfit::Newer { found: 9999, .. })) = opened else {
        panic!("{opened:?}")
    };
    assert!(unfit.to_string().contains("newer Inkroom"));
}

#[tokio::test]
async fn servers_that_start_together_make_one_schema() {
    let server = Postgres::shared().await;
    let url = server.database().await;
    let opened = tokio::join!(
        PgStore::open(&url),
        PgStore::open(&url),
        PgStore::open(&url)
    );
    let stores = [opened.0.unwrap(), opened.1.unwrap(), opened.2.unwrap()];
    open_board(&stores[0], board(1)).await;
    assert_eq!(document(&stores[2], board(1)).await.position().seq, 0);
}

#[tokio::test]
async fn a_snapshot_that_the_database_cannot_read_is_replaced_by_the_one_before() {
    let rig = PgRig::new().await;
    let store = rig.postgres();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    // Large enough to be kept out of its row, in a table of its own.
    let strokes: Vec<_> = (0..40).map(|id| pen.does(stroke(id, 512, true))).collect();
    write(store, board(1), strokes).await;
    let drawn = snap(store, board(1)).await;
    run(
        &mut connect(&rig.url).await,
        "CREATE EXTENSION pg_surgery; \
         DO $$ DECLARE bodies regclass := (SELECT reltoastrelid FROM pg_class WHERE oid = 'snapshots'::regclass); \
         BEGIN EXECUTE format('SELECT heap_force_kill(%L, ARRAY(SELECT ctid FROM %s))', bodies, bodies); END $$",
    )
    .await;
    let opening = store.load(board(1)).await.unwrap();
    assert_eq!((opening.document, opening.read_only), (drawn, false));
}

#[tokio::test]
async fn an_op_that_the_database_refuses_is_an_error_about_data_and_stores_nothing() {
    let rig = PgRig::new().await;
    let store = rig.postgres();
    open_board(store, board(1)).await;
    run(
        &mut connect(&rig.url).await,
        "ALTER TABLE ops ADD CHECK (client_id <> '\\x07070707070707070707070707070707')",
    )
    .await;
    let (mut good, mut bad) = (Pen::of_owner(), Pen::of(person(7), client(7)));
    let refused = store
        .commit(&[batch(board(1), [good.draws(2), bad.draws(1)].concat())])
        .await;
    assert!(matches!(refused, Err(StoreError::Data(_))), "{refused:?}");
    assert_eq!(log(store, board(1)).await, []);
}

#[tokio::test]
async fn the_unique_key_is_the_last_defence_against_a_duplicate() {
    let rig = PgRig::new().await;
    let store = rig.postgres();
    open_board(store, board(1)).await;
    let sent = Pen::of_owner().draws(2);
    write(store, board(1), sent.clone()).await;
    run(&mut connect(&rig.url).await, "DELETE FROM clients").await;
    let again = store.commit(&[batch(board(1), sent)]).await;
    assert!(matches!(again, Err(StoreError::Data(_))), "{again:?}");
    assert_eq!(log(store, board(1)).await.len(), 2);
}
