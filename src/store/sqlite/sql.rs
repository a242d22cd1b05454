//! The statements of SQLite.
//!
//! Most of what takes a list takes it one by one, with one prepared statement: there is no network between. But every
//! call wakes the thread of its connection, so the ops of a large batch go many at a time. Lists of boards come as
//! JSON, since SQLite has no arrays.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt};
use inkroom_board::ledger::{ClientHead, Genesis};
use inkroom_board::wire::Profile;
use inkroom_board::{BoardId, Chain, ClientId, NodeId, OpId, PersonId, Position, Seq};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::store::log::Line;
use crate::store::session::Purpose;
use crate::store::sql::{
    self, BoardRow, Cells, ClientRow, HeadRow, OpRow, Sql, Stretch, cells, int,
};
use crate::store::{BoardCard, Newest, Snapshot};

cells!(SqliteRow);

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Ops of one statement: few enough that a short batch still has some together, enough that a long one wakes the
/// thread seldom.
const TOGETHER: usize = 16;

static ONE_OP: LazyLock<String> = LazyLock::new(|| insertion(1));
static MANY_OPS: LazyLock<String> = LazyLock::new(|| insertion(TOGETHER));

/// The database's clock, in ms since 1970.
macro_rules! now {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

#[async_trait]
impl Sql for SqliteConnection {
    /// Locks have their own limit, and a disk that is slow does not get faster by asking again.
    fn patience(&self, _: Purpose) -> Duration {
        Duration::MAX
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            Purpose::Read | Purpose::Replay => run(self, "BEGIN").await,
            // Takes the lock before anything is read: a transaction that reads first and writes later fails at once,
            // without waiting, if another one wrote in between.
            Purpose::Write => run(self, "BEGIN IMMEDIATE").await,
        }
    }

    async fn commit(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            _ => run(self, "COMMIT").await,
        }
    }

    async fn rollback(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            _ => run(self, "ROLLBACK").await,
        }
    }

    async fn is_damage(&mut self, error: &sqlx::Error) -> bool {
        /// SQLite's code for a file that is not as it should be; the low byte of the extended code.
        const CORRUPT: u32 = 11;
        match error {
            sqlx::Error::ColumnDecode { .. } => true,
            sqlx::Error::Database(error) => error
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .is_some_and(|code| code & 0xff == CORRUPT),
            _ => false,
        }
    }

    async fn board(&mut self, board: BoardId) -> Result<Option<BoardRow>> {
        let found = sqlx::query(
            "SELECT epoch, head_seq, head_chain, floor_seq, access, state, touched_at FROM boards WHERE id = ?",
        )
        .bind(board.0.as_slice())
        .fetch_optional(self)
        .await?;
        found.as_ref().map(sql::board_row).transpose()
    }

    /// A transaction that writes holds the lock of the whole file.
    async fn lock(&mut self, board: BoardId) -> Result<Option<BoardRow>> {
        self.board(board).await
    }

    async fn insert_board(
        &mut self,
        genesis: &Genesis,
        start: Position,
        at_ms: u64,
    ) -> Result<bool> {
        let inserted = sqlx::query(
            "INSERT INTO boards (id, epoch, head_seq, head_chain, snap_seq, floor_seq, title, mode, owner, access, \
             created_at, touched_at) VALUES (?1, ?2, 0, ?3, 0, 0, ?4, ?5, ?6, ?7, ?8, ?8) ON CONFLICT (id) DO NOTHING",
        )
        .bind(genesis.board.0.as_slice())
        .bind(int(start.epoch))
        .bind(start.chain.0.as_slice())
        .bind(&genesis.title)
        .bind(sql::mode_word(genesis.access.mode))
        .bind(genesis.access.owner.0.as_slice())
        .bind(sql::access_bytes(&genesis.access))
        .bind(int(at_ms))
        .execute(self)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }

    async fn put_head(&mut self, board: BoardId, head: &HeadRow) -> Result<()> {
        sqlx::query(
            "UPDATE boards SET head_seq = ?, head_chain = ?, access = ?, mode = ?, touched_at = ?, \
             title = coalesce(?, title) WHERE id = ?",
        )
        .bind(int(head.position.seq))
        .bind(head.position.chain.0.as_slice())
        .bind(sql::access_bytes(&head.access))
        .bind(sql::mode_word(head.access.mode))
        .bind(int(head.touched_ms))
        .bind(head.title.as_deref())
        .bind(board.0.as_slice())
        .execute(self)
        .await?;
        Ok(())
    }

    async fn mark(&mut self, board: BoardId, read_only: bool) -> Result<()> {
        sqlx::query("UPDATE boards SET state = ? WHERE id = ?")
            .bind(sql::state_word(read_only))
            .bind(board.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    async fn newest(&mut self, board: BoardId) -> Result<Option<Newest>> {
        let found = sqlx::query(
            "SELECT boards.epoch, head_seq, head_chain, state, seq, chain, sha256 FROM boards \
             JOIN snapshots ON board_id = id AND snapshots.epoch = boards.epoch WHERE id = ? ORDER BY seq DESC LIMIT 1",
        )
        .bind(board.0.as_slice())
        .fetch_optional(self)
        .await?;
        found.as_ref().map(sql::newest).transpose()
    }

    async fn heads(&mut self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>> {
        let rows = sqlx::query(
            "SELECT id, epoch, head_seq, head_chain FROM boards WHERE id IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(list(boards))
        .fetch_all(self)
        .await?;
        rows.iter().map(sql::head).collect()
    }

    async fn cards(&mut self, boards: &[BoardId]) -> Result<Vec<BoardCard>> {
        let rows = sqlx::query(
            "SELECT boards.* FROM json_each(?) AS wanted JOIN boards ON boards.id = unhex(wanted.value) ORDER BY wanted.key",
        )
        .bind(list(boards))
        .fetch_all(self)
        .await?;
        rows.iter().map(sql::card).collect()
    }

    async fn count(&mut self) -> Result<u64> {
        let row = sqlx::query("SELECT count(*) AS boards FROM boards")
            .fetch_one(self)
            .await?;
        row.natural("boards")
    }

    fn log(&mut self, board: BoardId, part: Stretch) -> BoxStream<'_, Result<Line>> {
        let lines = sqlx::query(
            "SELECT * FROM ops WHERE board_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        );
        stretch(lines, board, part).fetch(self).map(line).boxed()
    }

    fn log_back(&mut self, board: BoardId, part: Stretch) -> BoxStream<'_, Result<Line>> {
        let lines = sqlx::query(
            "SELECT * FROM ops WHERE board_id = ? AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
        );
        stretch(lines, board, part).fetch(self).map(line).boxed()
    }

    async fn chain(&mut self, board: BoardId, seq: Seq) -> Result<Option<Chain>> {
        let found = sqlx::query("SELECT chain FROM ops WHERE board_id = ? AND seq = ?")
            .bind(board.0.as_slice())
            .bind(int(seq))
            .fetch_optional(self)
            .await?;
        found.as_ref().map(sql::chain).transpose()
    }

    async fn first_since(
        &mut self,
        board: BoardId,
        part: Stretch,
        since_ms: u64,
    ) -> Result<Option<Seq>> {
        let found = sqlx::query(
            "SELECT seq FROM ops WHERE board_id = ? AND seq > ? AND seq <= ? AND at_ms >= ? ORDER BY seq LIMIT 1",
        )
        .bind(board.0.as_slice())
        .bind(int(part.after))
        .bind(int(part.to))
        .bind(int(since_ms))
        .fetch_optional(self)
        .await?;
        found.as_ref().map(sql::seq).transpose()
    }

    async fn places(&mut self, board: BoardId, ids: &[OpId]) -> Result<Vec<(OpId, Seq)>> {
        let mut places = Vec::with_capacity(ids.len());
        for id in ids {
            let found = sqlx::query(
                "SELECT client_id, client_seq, seq FROM ops WHERE board_id = ? AND client_id = ? AND client_seq = ?",
            )
            .bind(board.0.as_slice())
            .bind(id.client.0.as_slice())
            .bind(i64::from(id.n))
            .fetch_optional(&mut *self)
            .await?;
            places.extend(found.as_ref().map(sql::place).transpose()?);
        }
        Ok(places)
    }

    async fn insert_ops(&mut self, board: BoardId, ops: &[OpRow<'_>]) -> Result<()> {
        let (together, rest) = ops.as_chunks::<TOGETHER>();
        for some in together {
            insert(self, &MANY_OPS, board, some).await?;
        }
        for one in rest.chunks(1) {
            insert(self, &ONE_OP, board, one).await?;
        }
        Ok(())
    }

    async fn move_floor(&mut self, board: BoardId, epoch: u64, floor: Seq) -> Result<()> {
        sqlx::query(
            "UPDATE boards SET floor_seq = ?1 WHERE id = ?2 AND epoch = ?3 AND floor_seq < ?1",
        )
        .bind(int(floor))
        .bind(board.0.as_slice())
        .bind(int(epoch))
        .execute(self)
        .await?;
        Ok(())
    }

    async fn delete_ops(&mut self, board: BoardId, most: u64) -> Result<u64> {
        let deleted = sqlx::query(
            "DELETE FROM ops WHERE board_id = ?1 AND seq IN (SELECT seq FROM ops WHERE board_id = ?1 \
             AND seq <= (SELECT floor_seq FROM boards WHERE id = ?1) ORDER BY seq LIMIT ?2)",
        )
        .bind(board.0.as_slice())
        .bind(int(most))
        .execute(self)
        .await?;
        Ok(deleted.rows_affected())
    }

    async fn clients(
        &mut self,
        board: BoardId,
        ids: &[ClientId],
    ) -> Result<Vec<(ClientId, ClientHead)>> {
        let mut clients = Vec::with_capacity(ids.len());
        for id in ids {
            let found = sqlx::query(
                "SELECT client_id, person, last_client_seq FROM clients WHERE board_id = ? AND client_id = ?",
            )
            .bind(board.0.as_slice())
            .bind(id.0.as_slice())
            .fetch_optional(&mut *self)
            .await?;
            clients.extend(found.as_ref().map(sql::client).transpose()?);
        }
        Ok(clients)
    }

    async fn put_clients(&mut self, board: BoardId, clients: &[ClientRow]) -> Result<()> {
        for client in clients {
            sqlx::query(
                "INSERT INTO clients (board_id, client_id, last_client_seq, person, seen_at) VALUES (?, ?, ?, ?, ?) \
                 ON CONFLICT (board_id, client_id) DO UPDATE SET last_client_seq = excluded.last_client_seq, \
                 seen_at = max(seen_at, excluded.seen_at)",
            )
            .bind(board.0.as_slice())
            .bind(client.id.0.as_slice())
            .bind(i64::from(client.head.last_n))
            .bind(client.head.person.0.as_slice())
            .bind(int(client.seen_ms))
            .execute(&mut *self)
            .await?;
        }
        Ok(())
    }

    async fn delete_clients(&mut self, board: BoardId, before_ms: u64) -> Result<u64> {
        let deleted = sqlx::query(
            "DELETE FROM clients WHERE board_id = ?1 AND seen_at < ?2 AND NOT EXISTS (SELECT 1 FROM ops \
             WHERE ops.board_id = clients.board_id AND ops.client_id = clients.client_id)",
        )
        .bind(board.0.as_slice())
        .bind(int(before_ms))
        .execute(self)
        .await?;
        Ok(deleted.rows_affected())
    }

    async fn snapshot_seqs(&mut self, board: BoardId, epoch: u64, most: Seq) -> Result<Vec<Seq>> {
        let rows = sqlx::query(
            "SELECT seq FROM snapshots WHERE board_id = ? AND epoch = ? AND seq <= ? ORDER BY seq DESC",
        )
        .bind(board.0.as_slice())
        .bind(int(epoch))
        .bind(int(most))
        .fetch_all(self)
        .await?;
        rows.iter().map(sql::seq).collect()
    }

    async fn snapshot(&mut self, board: BoardId, epoch: u64, seq: Seq) -> Result<Option<Snapshot>> {
        let found = sqlx::query(
            "SELECT chain, sha256, body FROM snapshots WHERE board_id = ? AND epoch = ? AND seq = ?",
        )
        .bind(board.0.as_slice())
        .bind(int(epoch))
        .bind(int(seq))
        .fetch_optional(self)
        .await?;
        found.map(|row| sql::snapshot(&row, epoch, seq)).transpose()
    }

    async fn insert_snapshot(&mut self, board: BoardId, snapshot: &Snapshot) -> Result<bool> {
        let inserted = sqlx::query(
            "INSERT INTO snapshots (board_id, epoch, seq, chain, sha256, body) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT (board_id, epoch, seq) DO NOTHING",
        )
        .bind(board.0.as_slice())
        .bind(int(snapshot.position.epoch))
        .bind(int(snapshot.position.seq))
        .bind(snapshot.position.chain.0.as_slice())
        .bind(snapshot.sha256.as_slice())
        .bind(&snapshot.body)
        .execute(self)
        .await?;
        Ok(inserted.rows_affected() == 1)
    }

    async fn note_snapshot(&mut self, board: BoardId, seq: Seq) -> Result<()> {
        sqlx::query("UPDATE boards SET snap_seq = max(snap_seq, ?) WHERE id = ?")
            .bind(int(seq))
            .bind(board.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    async fn delete_snapshots(&mut self, board: BoardId, epoch: u64, seqs: &[Seq]) -> Result<u64> {
        let mut deleted = 0;
        for seq in seqs {
            let done = sqlx::query(
                "DELETE FROM snapshots WHERE board_id = ?1 AND epoch = ?2 AND seq = ?3 \
                 AND seq <> (SELECT floor_seq FROM boards WHERE id = ?1)",
            )
            .bind(board.0.as_slice())
            .bind(int(epoch))
            .bind(int(*seq))
            .execute(&mut *self)
            .await?;
            deleted += done.rows_affected();
        }
        Ok(deleted)
    }

    async fn person(&mut self, id: PersonId) -> Result<Option<Profile>> {
        let found = sqlx::query("SELECT name, colour FROM people WHERE id = ?")
            .bind(id.0.as_slice())
            .fetch_optional(self)
            .await?;
        found.map(|row| sql::profile(&row, id)).transpose()
    }

    async fn put_person(&mut self, profile: &Profile, at_ms: u64) -> Result<()> {
        sqlx::query(
            "INSERT INTO people (id, name, colour, created_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?4) \
             ON CONFLICT (id) DO UPDATE SET name = ?2, colour = ?3, seen_at = max(seen_at, ?4)",
        )
        .bind(profile.person.0.as_slice())
        .bind(&profile.name)
        .bind(profile.colour.name())
        .bind(int(at_ms))
        .execute(self)
        .await?;
        Ok(())
    }

    async fn touch_person(&mut self, id: PersonId, at_ms: u64) -> Result<()> {
        sqlx::query("UPDATE people SET seen_at = max(seen_at, ?) WHERE id = ?")
            .bind(int(at_ms))
            .bind(id.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    async fn forget_silent(&mut self, silent_ms: u64) -> Result<()> {
        sqlx::query(concat!(
            "DELETE FROM nodes WHERE beat_at <= ",
            now!(),
            " - ?"
        ))
        .bind(int(silent_ms))
        .execute(self)
        .await?;
        Ok(())
    }

    async fn put_node(&mut self, node: NodeId, degraded: bool) -> Result<()> {
        sqlx::query(concat!(
            "INSERT INTO nodes (id, degraded, beat_at) VALUES (?, ?, ",
            now!(),
            ") ON CONFLICT (id) DO UPDATE SET degraded = excluded.degraded, beat_at = excluded.beat_at"
        ))
        .bind(node.0.as_slice())
        .bind(degraded)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn is_another_degraded(&mut self, node: NodeId) -> Result<bool> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM nodes WHERE degraded AND id <> ?)")
            .bind(node.0.as_slice())
            .fetch_one(self)
            .await
    }

    async fn delete_node(&mut self, node: NodeId) -> Result<()> {
        sqlx::query("DELETE FROM nodes WHERE id = ?")
            .bind(node.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    async fn put_key(&mut self, name: &str, value: &[u8]) -> Result<()> {
        sqlx::query("INSERT INTO keys (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(self)
            .await?;
        Ok(())
    }

    async fn key(&mut self, name: &str) -> Result<Vec<u8>> {
        sqlx::query_scalar("SELECT value FROM keys WHERE name = ?")
            .bind(name)
            .fetch_one(self)
            .await
    }
}

/// A statement that puts so many ops into the log.
fn insertion(ops: usize) -> String {
    let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?)"; ops].join(", ");
    format!(
        "INSERT INTO ops (board_id, seq, client_id, client_seq, author, at_ms, body, chain) VALUES {rows}"
    )
}

/// `statement` must take as many ops as there are.
async fn insert(
    link: &mut SqliteConnection,
    statement: &'static str,
    board: BoardId,
    ops: &[OpRow<'_>],
) -> Result<()> {
    let mut insertion = sqlx::query(statement);
    for OpRow { logged, stored } in ops {
        insertion = insertion
            .bind(board.0.as_slice())
            .bind(int(logged.seq))
            .bind(logged.entry.id.client.0.as_slice())
            .bind(i64::from(logged.entry.id.n))
            .bind(logged.entry.author.0.as_slice())
            .bind(int(logged.entry.at_ms))
            .bind(*stored)
            .bind(logged.chain.0.as_slice());
    }
    insertion.execute(link).await.map(|_| ())
}

async fn run(link: &mut SqliteConnection, statement: &'static str) -> Result<()> {
    sqlx::raw_sql(statement).execute(link).await.map(|_| ())
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn stretch(query: Query, board: BoardId, part: Stretch) -> Query {
    query
        .bind(board.0.to_vec())
        .bind(int(part.after))
        .bind(int(part.to))
        .bind(int(part.most))
}

fn line(row: Result<SqliteRow>) -> Result<Line> {
    row.and_then(|row| sql::line(&row))
}

/// Ids as SQLite can take any number of them in one statement.
fn list(ids: &[BoardId]) -> String {
    let quoted: Vec<_> = ids.iter().map(|id| format!("\"{}\"", hex(&id.0))).collect();
    format!("[{}]", quoted.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
