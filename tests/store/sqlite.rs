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
use crate::rig::*;

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

    /// A connection of our own.
    async fn connect(&self) -> SqliteConnection {
        connect(self.folder.path()).await
    }

    /// The same, holding the lock of the whole file.
    async fn lock(&self) -> SqliteConnection {
        let mut link = self.connect().await;
        let lock = sqlx::query("BEGIN IMMEDIATE").execute(&mut link);
        lock.await.unwrap();
        link
    }
}

/// Makes the database in a folder refuse the ops of a client, as it would those that break a constraint.
pub(crate) async fn refuse_client(folder: &Path, n: u8) {
    assert_eq!(n, 7, "the statement says which");
    let refuse = sqlx::query(DIALECT.refuse_client_7);
    refuse.execute(&mut connect(folder).await).await.unwrap();
}

/// A connection of our own to a store's file.
async fn connect(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("inkroom.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn scalar(link: &mut SqliteConnection, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(link).await.unwrap()
}

const DIALECT: Dialect = Dialect {
    op_body: "UPDATE ops SET body = CAST(body || x'00' AS BLOB) WHERE board_id = $1 AND seq = $2",
    op_chain: "UPDATE ops SET chain = x'0102030405060708' WHERE board_id = $1 AND seq = $2",
    snapshot_body: "UPDATE snapshots SET body = unhex(replace(hex(body), hex('Biology'), hex('Biolegy'))) \
                    WHERE board_id = $1 AND seq = $2",
    refuse_client_7: "CREATE TRIGGER refuse BEFORE INSERT ON ops WHEN NEW.client_id = \
                      x'07070707070707070707070707070707' BEGIN SELECT RAISE(ABORT, 'refused'); END",
};

#[async_trait]
impl Rig for SqliteRig {
    fn store(&self) -> &dyn Store {
        self.sqlite()
    }

    async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(SqliteStore::open(self.folder.path()).await?))
    }

    async fn reopen(&mut self) {
        self.store.take().unwrap().close().await;
        self.store = Some(SqliteStore::open(self.folder.path()).await.unwrap());
    }

    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    async fn run(&self, statement: &'static str, row: Option<(BoardId, Seq)>) -> u64 {
        let mut query = sqlx::query(statement);
        if let Some((board, seq)) = row {
            query = query
                .bind(board.0.to_vec())
                .bind(i64::try_from(seq).unwrap());
        }
        let done = query.execute(&mut self.connect().await).await;
        done.unwrap().rows_affected()
    }
}

for_each_case!(SqliteRig);

#[tokio::test]
async fn a_full_disk_loses_nothing_and_acknowledges_nothing() {
    let rig = SqliteRig::new().await;
    let store = rig.sqlite();
    open_board(store, board(1)).await;
    let mut pen = Pen::of_owner();
    let kept = write(store, board(1), pen.draws(10)).await;
    let pages = scalar(&mut rig.connect().await, "PRAGMA page_count").await;
    store
        .limit_pages(Some(u32::try_from(pages).unwrap() + 2))
        .await
        .unwrap();
    let sent = pen.scribbles(200);
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
        .fetch_one(&mut rig.connect().await)
        .await
        .unwrap();
    assert_eq!(sound, "ok");
}

#[tokio::test]
async fn a_commit_waits_for_another_process_that_writes() {
    let rig = SqliteRig::new().await;
    let store = opened(&rig).await;
    let mut other = rig.lock().await;
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
    let store = opened(&rig).await;
    let mut other = rig.lock().await;
    let mut pen = Pen::of_owner();
    let entries = pen.draws(3);
    let busy = soon(store.commit(&[batch(board(1), entries.clone())])).await;
    assert!(matches!(busy, Err(StoreError::Unavailable(_))), "{busy:?}");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(seqs(&write(store, board(1), entries).await), [1, 2, 3]);
}

#[tokio::test]
async fn a_commit_that_is_given_up_leaves_nothing_behind() {
    let rig = SqliteRig::new().await;
    let store = opened(&rig).await;
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
    let mut watcher = rig.connect().await;
    let before = scalar(&mut watcher, "PRAGMA data_version").await;
    let again = commit(rig.store(), board(1), sent).await;
    assert!(
        again
            .iter()
            .all(|outcome| matches!(answer(outcome), Answer::Known(_)))
    );
    assert_eq!(scalar(&mut watcher, "PRAGMA data_version").await, before);
}
