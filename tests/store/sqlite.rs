//! The cases on SQLite, and what only a file can do: fill up, be locked, be from the future.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use inkroom::store::{SqliteStore, Store, StoreError, Unfit};
use inkroom_board::room::Answer;
use inkroom_board::{BoardId, Seq};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::contract;
use crate::fixture::*;

struct SqliteRig {
    folder: TempDir,
    store: Option<SqliteStore>,
}

impl SqliteRig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).await.unwrap();
        Self {
            folder,
            store: Some(store),
        }
    }

    fn sqlite(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }
}

/// A connection of our own to a store's file.
async fn connect(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("inkroom.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn scalar(link: &mut SqliteConnection, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(link).await.unwrap()
}

#[async_trait]
impl Rig for SqliteRig {
    fn store(&self) -> &dyn Store {
        self.sqlite()
    }

    async fn another(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.folder.path()).await.unwrap())
    }

    async fn reopen(&mut self) {
        self.store.take().unwrap().close().await;
        self.store = Some(SqliteStore::open(self.folder.path()).await.unwrap());
    }

    async fn harm(&self, board: BoardId, seq: Seq, harm: Harm) {
        let statement = match harm {
            Harm::OpBody => {
                "UPDATE ops SET body = CAST(body || x'00' AS BLOB) WHERE board_id = ? AND seq = ?"
            }
            Harm::OpBodyRepaired => {
                "UPDATE ops SET body = substr(body, 1, length(body) - 1) WHERE board_id = ? AND seq = ?"
            }
            Harm::OpChain => {
                "UPDATE ops SET chain = x'0102030405060708' WHERE board_id = ? AND seq = ?"
            }
            Harm::OpLost => "DELETE FROM ops WHERE board_id = ? AND seq = ?",
            Harm::HeadBack => "UPDATE boards SET head_seq = ?2 - 1 WHERE id = ?1",
            // Another title: it decodes, and only its hash tells.
            Harm::SnapshotBody => {
                "UPDATE snapshots SET body = unhex(replace(hex(body), hex('Biology'), hex('Biolegy'))) \
                 WHERE board_id = ? AND seq = ?"
            }
        };
        let harm = sqlx::query(statement)
            .bind(board.0.as_slice())
            .bind(i64::try_from(seq).unwrap());
        let harmed = harm
            .execute(&mut connect(self.folder.path()).await)
            .await
            .unwrap();
        assert_eq!(harmed.rows_affected(), 1);
    }

    async fn silence(&self) {
        sqlx::query("UPDATE nodes SET beat_at = beat_at - 10000")
            .execute(&mut connect(self.folder.path()).await)
            .await
            .unwrap();
    }
}

macro_rules! on_sqlite {
    ($($case:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                #[allow(unused_mut)]
                let mut rig = SqliteRig::new().await;
                soon(contract::$case(&mut rig)).await;
            }
        )*
    };
}

for_each_case!(on_sqlite);

#[tokio::test]
async fn a_full_disk_loses_nothing_and_acknowledges_nothing() {
    let rig = SqliteRig::new().await;
    let store = rig.sqlite();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let kept = write(store, board(1), pen.draws(10)).await;
    let pages = scalar(&mut connect(rig.folder.path()).await, "PRAGMA page_count").await;
    store
        .limit_pages(Some(u32::try_from(pages).unwrap() + 2))
        .await
        .unwrap();
    let sent: Vec<_> = (0..200).map(|id| pen.does(stroke(id, 512, true))).collect();
    for _ in 0..3 {
        let full = store.commit(&[batch(board(1), sent.clone())]).await;
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
    }
    assert!(store.health().await.fault.unwrap().contains("full"));
    assert_eq!(log(store, board(1)).await, kept);
    assert!(!store.load(board(1)).await.unwrap().read_only);
    store.limit_pages(None).await.unwrap();
    let later = write(store, board(1), sent).await;
    assert_eq!(seqs(&later), (11..=210).collect::<Vec<_>>());
    assert_eq!(store.health().await.fault, None);
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connect(rig.folder.path()).await)
        .await
        .unwrap();
    assert_eq!(sound, "ok");
}

#[tokio::test]
async fn a_commit_waits_for_another_process_that_writes() {
    let rig = SqliteRig::new().await;
    let store = rig.sqlite();
    open_board(store, board(1)).await;
    let mut other = connect(rig.folder.path()).await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let mut pen = Pen::of_owner();
    let entries = pen.draws(3);
    let commit = write(store, board(1), entries);
    tokio::pin!(commit);
    tokio::select! {
        biased;
        _ = &mut commit => panic!("committed under another's lock"),
        // Reading goes on meanwhile; and when it is done, the commit has begun.
        document = document(store, board(1)) => assert_eq!(document.position().seq, 0),
    }
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(seqs(&soon(commit).await), [1, 2, 3]);
}

#[tokio::test]
async fn a_lock_that_is_never_let_go_is_an_error_and_then_works() {
    let rig = SqliteRig::new().await;
    let store = rig.sqlite();
    open_board(store, board(1)).await;
    let mut other = connect(rig.folder.path()).await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let mut pen = Pen::of_owner();
    let entries = pen.draws(3);
    let busy = soon(store.commit(&[batch(board(1), entries.clone())])).await;
    assert!(matches!(busy, Err(StoreError::Unavailable(_))), "{busy:?}");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(seqs(&write(store, board(1), entries).await), [1, 2, 3]);
}

#[tokio::test]
async fn an_op_that_the_database_refuses_is_an_error_about_data_and_stores_nothing() {
    let rig = SqliteRig::new().await;
    let store = rig.sqlite();
    open_board(store, board(1)).await;
    refuse_client(rig.folder.path(), 7).await;
    let (mut good, mut bad) = (Pen::of_owner(), Pen::of(person(7), client(7)));
    let refused = store
        .commit(&[batch(board(1), [good.draws(2), bad.draws(1)].concat())])
        .await;
    assert!(matches!(refused, Err(StoreError::Data(_))), "{refused:?}");
    assert_eq!(log(store, board(1)).await, []);
}

/// Makes the database refuse the ops of a client, as it would one that breaks a constraint.
pub(crate) async fn refuse_client(folder: &Path, n: u8) {
    assert_eq!(n, 7, "the statement says which");
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON ops WHEN NEW.client_id = \
                  x'07070707070707070707070707070707' BEGIN SELECT RAISE(ABORT, 'refused'); END";
    sqlx::query(refuse)
        .execute(&mut connect(folder).await)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_unique_key_is_the_last_defence_against_a_duplicate() {
    let rig = SqliteRig::new().await;
    let store = rig.sqlite();
    open_board(store, board(1)).await;
    let sent = Pen::of_owner().draws(2);
    write(store, board(1), sent.clone()).await;
    sqlx::query("DELETE FROM clients")
        .execute(&mut connect(rig.folder.path()).await)
        .await
        .unwrap();
    let again = store.commit(&[batch(board(1), sent)]).await;
    assert!(matches!(again, Err(StoreError::Data(_))), "{again:?}");
    assert_eq!(log(store, board(1)).await.len(), 2);
}

#[tokio::test]
async fn a_commit_that_is_given_up_leaves_nothing_behind() {
    let rig = SqliteRig::new().await;
    let store = rig.sqlite();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let entries = pen.draws(500);
    let batches = [batch(board(1), entries.clone())];
    for steps in 0..40 {
        let mut commit = Box::pin(store.commit(&batches));
        for _ in 0..steps {
            tokio::select! { biased; _ = &mut commit => panic!("too fast to give up"), () = tokio::task::yield_now() => {} }
        }
    }
    assert_eq!(
        seqs(&write(store, board(1), entries).await),
        (1..=500).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_database_from_the_future_is_left_alone() {
    let mut rig = SqliteRig::new().await;
    rig.store.take().unwrap().close().await;
    let newer = "INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, success, checksum, execution_time \
                 FROM _sqlx_migrations LIMIT 1";
    sqlx::query(newer)
        .execute(&mut connect(rig.folder.path()).await)
        .await
        .unwrap();
    let opened = SqliteStore::open(rig.folder.path()).await;
    let Err(StoreError::Unfit(unfit @ Unfit::Newer { found: 9999, .. })) = opened else {
        panic!("{opened:?}")
    };
    assert!(unfit.to_string().contains("newer Inkroom"));
}

#[tokio::test]
async fn a_folder_that_a_restore_holds_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(folder.path().join("instance.lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(
        SqliteStore::open(folder.path()).await,
        Err(StoreError::Unfit(Unfit::Locked))
    ));
    lock.unlock().unwrap();
    let store = SqliteStore::open(folder.path()).await.unwrap();
    assert!(
        lock.try_lock().is_err(),
        "a restore has to wait for the server"
    );
    drop(store);
    lock.try_lock().unwrap();
}

#[tokio::test]
async fn two_servers_that_start_together_make_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deep/data");
    let opened = tokio::join!(
        SqliteStore::open(&data),
        SqliteStore::open(&data),
        SqliteStore::open(&data)
    );
    let stores = [opened.0.unwrap(), opened.1.unwrap(), opened.2.unwrap()];
    open_board(&stores[0], board(1)).await;
    assert_eq!(document(&stores[2], board(1)).await.position().seq, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_folder_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _store = SqliteStore::open(&data).await.unwrap();
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_closed_store_is_one_whole_file() {
    let mut rig = SqliteRig::new().await;
    open_board(rig.store(), board(1)).await;
    write(rig.store(), board(1), Pen::of_owner().draws(100)).await;
    rig.store.take().unwrap().close().await;
    let wal = rig.folder.path().join("inkroom.db-wal");
    assert_eq!(wal.metadata().map_or(0, |wal| wal.len()), 0);
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(
        rig.folder.path().join("inkroom.db"),
        copy.path().join("inkroom.db"),
    )
    .unwrap();
    let copied = SqliteStore::open(copy.path()).await.unwrap();
    assert_eq!(document(&copied, board(1)).await.position().seq, 100);
}

#[tokio::test]
async fn a_retry_of_a_known_op_writes_nothing() {
    let rig = SqliteRig::new().await;
    open_board(rig.store(), board(1)).await;
    let sent = Pen::of_owner().draws(5);
    write(rig.store(), board(1), sent.clone()).await;
    let mut watcher = connect(rig.folder.path()).await;
    let before = scalar(&mut watcher, "PRAGMA data_version").await;
    let again = commit(rig.store(), board(1), sent).await;
    assert!(
        again
            .iter()
            .all(|outcome| matches!(answer(outcome), Answer::Known(_)))
    );
    assert_eq!(scalar(&mut watcher, "PRAGMA data_version").await, before);
}
