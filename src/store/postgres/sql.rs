//! The statements of Postgres.
//!
//! Whatever takes a list takes it as an array, in one statement with one text: each call is a journey over the
//! network, and a board is locked meanwhile. Columns are named, since `SELECT *` fails on a prepared statement when
//! a newer server adds a column.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt};
use inkroom_board::ledger::{ClientHead, Genesis};
use inkroom_board::wire::Profile;
use inkroom_board::{BoardId, Chain, ClientId, NodeId, OpId, PersonId, Position, Seq};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use crate::store::log::Line;
use crate::store::session::Purpose;
use crate::store::sql::{
    self, BoardRow, Cells, ClientRow, HeadRow, OpRow, Sql, Stretch, cells, int,
};
use crate::store::{BoardCard, Newest, Snapshot};

cells!(PgRow);

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Explicit, since the lock must not fix what is read after it to the moment before it.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SAVEPOINT before_damage";
/// A long log takes as long as it takes, and a large snapshot is checked while the transaction idles.
const BEGIN_REPLAY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL statement_timeout = '100s'; SET LOCAL idle_in_transaction_session_timeout = '100s'; \
     SAVEPOINT before_damage";

/// The database's clock, in ms since 1970.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

/// The columns of a line of the log.
macro_rules! lines {
    ($rest:literal) => {
        concat!(
            "SELECT seq, client_id, client_seq, author, at_ms, body, chain FROM ops \
             WHERE board_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq",
            $rest
        )
    };
}

/// The columns of a board's head.
macro_rules! board {
    ($rest:literal) => {
        concat!(
            "SELECT epoch, head_seq, head_chain, floor_seq, access, state, touched_at FROM boards WHERE id = $1",
            $rest
        )
    };
}

#[async_trait]
impl Sql for PgConnection {
    /// More than the server's own limits allow together, for when the network says nothing at all.
    fn patience(&self, purpose: Purpose) -> Duration {
        Duration::from_secs(match purpose {
            Purpose::Glance => 10,
            Purpose::Read | Purpose::Write => 15,
            Purpose::Replay => 120,
        })
    }

    async fn begin(&mut self, purpose: Purpose) -> Result<()> {
        match purpose {
            Purpose::Glance => Ok(()),
            Purpose::Read => run(self, BEGIN_READ).await,
            Purpose::Replay => run(self, BEGIN_REPLAY).await,
            Purpose::Write => run(self, BEGIN_WRITE).await,
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

    /// Any error ends a transaction here; this one goes on from where it began.
    async fn is_damage(&mut self, error: &sqlx::Error) -> bool {
        /// Data corrupted, index corrupted.
        const CORRUPT: [&str; 2] = ["XX001", "XX002"];
        match error {
            sqlx::Error::ColumnDecode { .. } => true,
            sqlx::Error::Database(error) => {
                let is_damage = error.code().is_some_and(|code| CORRUPT.contains(&&*code));
                is_damage
                    && run(self, "ROLLBACK TO SAVEPOINT before_damage")
                        .await
                        .is_ok()
            }
            _ => false,
        }
    }

    async fn board(&mut self, board: BoardId) -> Result<Option<BoardRow>> {
        let found = sqlx::query(board!(""))
            .bind(board.0.as_slice())
            .fetch_optional(self)
            .await?;
        found.as_ref().map(sql::board_row).transpose()
    }

    /// Not `FOR UPDATE`, which would also wait for whoever stores a snapshot that refers to the board.
    async fn lock(&mut self, board: BoardId) -> Result<Option<BoardRow>> {
        let found = sqlx::query(board!(" FOR NO KEY UPDATE"))
            .bind(board.0.as_slice())
            .fetch_optional(self)
            .await?;
        found.as_ref().map(sql::board_row).transpose()
    }

    async fn insert_board(
        &mut self,
        genesis: &Genesis,
        start: Position,
        at_ms: u64,
    ) -> Result<bool> {
        let inserted = sqlx::query(
            "INSERT INTO boards (id, epoch, head_seq, head_chain, snap_seq, floor_seq, title, mode, owner, access, \
             created_at, touched_at) VALUES ($1, $2, 0, $3, 0, 0, $4, $5, $6, $7, $8, $8) ON CONFLICT (id) DO NOTHING",
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
            "UPDATE boards SET head_seq = $1, head_chain = $2, access = $3, mode = $4, touched_at = $5, \
             title = coalesce($6, title) WHERE id = $7",
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
        sqlx::query("UPDATE boards SET state = $1 WHERE id = $2")
            .bind(sql::state_word(read_only))
            .bind(board.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    async fn newest(&mut self, board: BoardId) -> Result<Option<Newest>> {
        let found = sqlx::query(
            "SELECT boards.epoch, head_seq, head_chain, state, seq, chain, sha256 FROM boards \
             JOIN snapshots ON board_id = id AND snapshots.epoch = boards.epoch WHERE id = $1 ORDER BY seq DESC LIMIT 1",
        )
        .bind(board.0.as_slice())
        .fetch_optional(self)
        .await?;
        found.as_ref().map(sql::newest).transpose()
    }

    async fn heads(&mut self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>> {
        let rows =
            sqlx::query("SELECT id, epoch, head_seq, head_chain FROM boards WHERE id = ANY($1)")
                .bind(ids(boards.iter().map(|board| &board.0)))
                .fetch_all(self)
                .await?;
        rows.iter().map(sql::head).collect()
    }

    async fn cards(&mut self, boards: &[BoardId]) -> Result<Vec<BoardCard>> {
        let rows = sqlx::query(
            "SELECT id, epoch, head_seq, head_chain, title, mode, owner, created_at, touched_at \
             FROM UNNEST($1::bytea[]) WITH ORDINALITY AS wanted (id, place) JOIN boards USING (id) ORDER BY place",
        )
        .bind(ids(boards.iter().map(|board| &board.0)))
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
        stretch(sqlx::query(lines!(" LIMIT $4")), board, part)
            .fetch(self)
            .map(line)
            .boxed()
    }

    fn log_back(&mut self, board: BoardId, part: Stretch) -> BoxStream<'_, Result<Line>> {
        stretch(sqlx::query(lines!(" DESC LIMIT $4")), board, part)
            .fetch(self)
            .map(line)
            .boxed()
    }

    async fn chain(&mut self, board: BoardId, seq: Seq) -> Result<Option<Chain>> {
        let found = sqlx::query("SELECT chain FROM ops WHERE board_id = $1 AND seq = $2")
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
            "SELECT seq FROM ops WHERE board_id = $1 AND seq > $2 AND seq <= $3 AND at_ms >= $4 ORDER BY seq LIMIT 1",
        )
        .bind(board.0.as_slice())
        .bind(int(part.after))
        .bind(int(part.to))
        .bind(int(since_ms))
        .fetch_optional(self)
        .await?;
        found.as_ref().map(sql::seq).transpose()
    }

    async fn places(&mut self, board: BoardId, wanted: &[OpId]) -> Result<Vec<(OpId, Seq)>> {
        let numbers: Vec<_> = wanted.iter().map(|id| i64::from(id.n)).collect();
        let rows = sqlx::query(
            "SELECT client_id, client_seq, seq FROM UNNEST($2::bytea[], $3::bigint[]) AS wanted (client_id, client_seq) \
             JOIN ops USING (client_id, client_seq) WHERE board_id = $1",
        )
        .bind(board.0.as_slice())
        .bind(ids(wanted.iter().map(|id| &id.client.0)))
        .bind(numbers)
        .fetch_all(self)
        .await?;
        rows.iter().map(sql::place).collect()
    }

    async fn insert_ops(&mut self, board: BoardId, ops: &[OpRow<'_>]) -> Result<()> {
        let entries = || ops.iter().map(|op| &op.logged.entry);
        let seqs: Vec<_> = ops.iter().map(|op| int(op.logged.seq)).collect();
        let numbers: Vec<_> = entries().map(|entry| i64::from(entry.id.n)).collect();
        let times: Vec<_> = entries().map(|entry| int(entry.at_ms)).collect();
        let bodies: Vec<_> = ops.iter().map(|op| op.stored).collect();
        sqlx::query(
            "INSERT INTO ops (board_id, seq, client_id, client_seq, author, at_ms, body, chain) \
             SELECT $1, * FROM UNNEST($2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bigint[], \
             $7::bytea[], $8::bytea[])",
        )
        .bind(board.0.as_slice())
        .bind(seqs)
        .bind(ids(entries().map(|entry| &entry.id.client.0)))
        .bind(numbers)
        .bind(ids(entries().map(|entry| &entry.author.0)))
        .bind(times)
        .bind(bodies)
        .bind(ids(ops.iter().map(|op| &op.logged.chain.0)))
        .execute(self)
        .await?;
        Ok(())
    }

    async fn move_floor(&mut self, board: BoardId, epoch: u64, floor: Seq) -> Result<()> {
        sqlx::query(
            "UPDATE boards SET floor_seq = $1 WHERE id = $2 AND epoch = $3 AND floor_seq < $1",
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
            "DELETE FROM ops WHERE board_id = $1 AND seq IN (SELECT seq FROM ops WHERE board_id = $1 \
             AND seq <= (SELECT floor_seq FROM boards WHERE id = $1) ORDER BY seq LIMIT $2)",
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
        wanted: &[ClientId],
    ) -> Result<Vec<(ClientId, ClientHead)>> {
        let rows = sqlx::query(
            "SELECT client_id, person, last_client_seq FROM clients WHERE board_id = $1 AND client_id = ANY($2)",
        )
        .bind(board.0.as_slice())
        .bind(ids(wanted.iter().map(|id| &id.0)))
        .fetch_all(self)
        .await?;
        rows.iter().map(sql::client).collect()
    }

    async fn put_clients(&mut self, board: BoardId, clients: &[ClientRow]) -> Result<()> {
        let numbers: Vec<_> = clients
            .iter()
            .map(|client| i64::from(client.head.last_n))
            .collect();
        let times: Vec<_> = clients.iter().map(|client| int(client.seen_ms)).collect();
        sqlx::query(
            "INSERT INTO clients (board_id, client_id, last_client_seq, person, seen_at) \
             SELECT $1, * FROM UNNEST($2::bytea[], $3::bigint[], $4::bytea[], $5::bigint[]) \
             ON CONFLICT (board_id, client_id) DO UPDATE SET last_client_seq = excluded.last_client_seq, \
             seen_at = greatest(clients.seen_at, excluded.seen_at)",
        )
        .bind(board.0.as_slice())
        .bind(ids(clients.iter().map(|client| &client.id.0)))
        .bind(numbers)
        .bind(ids(clients.iter().map(|client| &client.head.person.0)))
        .bind(times)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn delete_clients(&mut self, board: BoardId, before_ms: u64) -> Result<u64> {
        let deleted = sqlx::query(
            "DELETE FROM clients WHERE board_id = $1 AND seen_at < $2 AND NOT EXISTS (SELECT 1 FROM ops \
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
            "SELECT seq FROM snapshots WHERE board_id = $1 AND epoch = $2 AND seq <= $3 ORDER BY seq DESC",
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
            "SELECT chain, sha256, body FROM snapshots WHERE board_id = $1 AND epoch = $2 AND seq = $3",
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
            "INSERT INTO snapshots (board_id, epoch, seq, chain, sha256, body) VALUES ($1, $2, $3, $4, $5, $6) \
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
        sqlx::query("UPDATE boards SET snap_seq = greatest(snap_seq, $1) WHERE id = $2")
            .bind(int(seq))
            .bind(board.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    async fn delete_snapshots(&mut self, board: BoardId, epoch: u64, seqs: &[Seq]) -> Result<u64> {
        let seqs: Vec<_> = seqs.iter().copied().map(int).collect();
        let deleted = sqlx::query(
            "DELETE FROM snapshots WHERE board_id = $1 AND epoch = $2 AND seq = ANY($3) \
             AND seq <> (SELECT floor_seq FROM boards WHERE id = $1)",
        )
        .bind(board.0.as_slice())
        .bind(int(epoch))
        .bind(seqs)
        .execute(self)
        .await?;
        Ok(deleted.rows_affected())
    }

    async fn person(&mut self, id: PersonId) -> Result<Option<Profile>> {
        let found = sqlx::query("SELECT name, colour FROM people WHERE id = $1")
            .bind(id.0.as_slice())
            .fetch_optional(self)
            .await?;
        found.map(|row| sql::profile(&row, id)).transpose()
    }

    async fn put_person(&mut self, profile: &Profile, at_ms: u64) -> Result<()> {
        sqlx::query(
            "INSERT INTO people (id, name, colour, created_at, seen_at) VALUES ($1, $2, $3, $4, $4) \
             ON CONFLICT (id) DO UPDATE SET name = $2, colour = $3, seen_at = greatest(people.seen_at, $4)",
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
        sqlx::query("UPDATE people SET seen_at = greatest(seen_at, $1) WHERE id = $2")
            .bind(int(at_ms))
            .bind(id.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    /// Two servers that forget the same one do not wait for each other.
    async fn forget_silent(&mut self, silent_ms: u64) -> Result<()> {
        sqlx::query(concat!(
            "DELETE FROM nodes WHERE id IN (SELECT id FROM nodes WHERE beat_at <= ",
            now!(),
            " - $1 FOR UPDATE SKIP LOCKED)"
        ))
        .bind(int(silent_ms))
        .execute(self)
        .await?;
        Ok(())
    }

    async fn put_node(&mut self, node: NodeId, degraded: bool) -> Result<()> {
        sqlx::query(concat!(
            "INSERT INTO nodes (id, degraded, beat_at) VALUES ($1, $2, ",
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
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM nodes WHERE degraded AND id <> $1)")
            .bind(node.0.as_slice())
            .fetch_one(self)
            .await
    }

    async fn delete_node(&mut self, node: NodeId) -> Result<()> {
        sqlx::query("DELETE FROM nodes WHERE id = $1")
            .bind(node.0.as_slice())
            .execute(self)
            .await?;
        Ok(())
    }

    async fn put_key(&mut self, name: &str, value: &[u8]) -> Result<()> {
        sqlx::query("INSERT INTO keys (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(self)
            .await?;
        Ok(())
    }

    async fn key(&mut self, name: &str) -> Result<Vec<u8>> {
        sqlx::query_scalar("SELECT value FROM keys WHERE name = $1")
            .bind(name)
            .fetch_one(self)
            .await
    }
}

async fn run(link: &mut PgConnection, statement: &'static str) -> Result<()> {
    sqlx::raw_sql(statement).execute(link).await.map(|_| ())
}

type Query = sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn stretch(query: Query, board: BoardId, part: Stretch) -> Query {
    query
        .bind(board.0.to_vec())
        .bind(int(part.after))
        .bind(int(part.to))
        .bind(int(part.most))
}

fn line(row: Result<PgRow>) -> Result<Line> {
    row.and_then(|row| sql::line(&row))
}

/// Ids of one kind, or chains, as an array.
fn ids<'a, const N: usize>(ids: impl Iterator<Item = &'a [u8; N]>) -> Vec<&'a [u8]> {
    ids.map(<[u8; N]>::as_slice).collect()
}
