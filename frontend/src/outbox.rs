//! Ops that the server does not have yet, kept on this device so that a closed tab loses nothing.
//!
//! Every pending op is written under (board, client, n) and deleted once it is in the log. A page adopts the queues
//! that no living page holds, under their old identities, so that what was sent before is known again. Where the
//! browser gives no database, everything works without, and closing the page warns. Not here: their order (the replica's).

use inkroom_board::ledger::Entry;
use inkroom_board::{BoardId, ClientId, OpId, PersonId};
use wasm_bindgen_futures::spawn_local;

use crate::browser::complain;
use crate::engine;

mod database;
mod locks;

pub(crate) use database::Database;

/// The queue on this device.
#[derive(Debug)]
pub(crate) struct Outbox {
    board: BoardId,
    /// The queue of this page.
    client: ClientId,
    database: Option<Database>,
    /// What is safely written.
    written: Vec<OpId>,
}

impl Outbox {
    pub(crate) fn new(board: BoardId, client: ClientId) -> Self {
        Self {
            board,
            client,
            database: None,
            written: Vec::new(),
        }
    }

    /// Opens the database, in its own time, and hands what other pages left to the engine.
    pub(crate) fn open(&self, me: PersonId) {
        let (board, client) = (self.board, self.client);
        spawn_local(async move {
            locks::hold(client);
            match Database::open().await {
                Ok(database) => {
                    let orphans = orphans(&database, board, client, me).await;
                    engine::with(|engine| engine.outbox_opened(database, orphans));
                }
                Err(error) => complain("keeping changes on this device", &error),
            }
        });
    }

    /// The database is there: what was pending meanwhile is written too.
    pub(crate) fn opened<'a>(
        &mut self,
        database: Database,
        pending: impl Iterator<Item = &'a Entry>,
    ) {
        self.database = Some(database);
        self.put(pending);
    }

    /// Another client id is used from now on.
    pub(crate) fn hold(client: ClientId) {
        locks::hold(client);
    }

    /// Writes ops down. They count as written once the database says so.
    pub(crate) fn put<'a>(&self, entries: impl Iterator<Item = &'a Entry>) {
        let Some(database) = self.database.clone() else {
            return;
        };
        let records: Vec<_> = entries
            .map(|entry| (entry.id, key(self.board, entry.id), encode(entry)))
            .collect();
        if records.is_empty() {
            return;
        }
        spawn_local(async move {
            match database
                .put(
                    records
                        .iter()
                        .map(|(_, key, bytes)| (key.as_str(), bytes.as_slice())),
                )
                .await
            {
                Ok(()) => engine::with(|engine| {
                    engine.outbox_wrote(records.into_iter().map(|(id, ..)| id))
                }),
                Err(error) => complain("keeping changes on this device", &error),
            }
        });
    }

    /// These are written.
    pub(crate) fn wrote(&mut self, ids: impl Iterator<Item = OpId>) {
        self.written.extend(ids);
    }

    /// These are in the log, or never will be.
    pub(crate) fn forget(&mut self, ids: impl Iterator<Item = OpId>) {
        let ids: Vec<_> = ids.collect();
        self.written.retain(|id| !ids.contains(id));
        let Some(database) = self.database.clone().filter(|_| !ids.is_empty()) else {
            return;
        };
        let keys: Vec<_> = ids.into_iter().map(|id| key(self.board, id)).collect();
        spawn_local(async move {
            if let Err(error) = database.delete(&keys).await {
                complain("forgetting saved changes", &error);
            }
        });
    }

    /// Whether an op would survive the page.
    pub(crate) fn has(&self, id: OpId) -> bool {
        self.written.contains(&id)
    }
}

/// The queues of this board that no living page holds: of the same person, in order.
async fn orphans(
    database: &Database,
    board: BoardId,
    client: ClientId,
    me: PersonId,
) -> Vec<Entry> {
    // The database hands them out in the order of their keys.
    let records = database.all(&prefix(board)).await.unwrap_or_else(|error| {
        complain("looking for unsent changes", &error);
        Vec::new()
    });
    let mut entries = Vec::new();
    let mut last = None;
    for (key, bytes) in records {
        let Some(entry) = decode(&bytes).filter(|entry| self::key(board, entry.id) == key) else {
            database.set_aside(&key, &bytes).await;
            continue;
        };
        let owner = entry.id.client;
        if owner == client || entry.author != me {
            continue;
        }
        if last.map(|(known, _)| known) != Some(owner) {
            last = Some((owner, locks::take(owner).await));
        }
        if last.is_some_and(|(_, is_mine)| is_mine) {
            entries.push(entry);
        }
    }
    entries
}

fn prefix(board: BoardId) -> String {
    let mut prefix = board.to_string();
    prefix.push('/');
    prefix
}

/// Sorts like the queue: numbers are written with all their zeros.
fn key(board: BoardId, id: OpId) -> String {
    let mut key = prefix(board);
    key.push_str(&id.client.to_string());
    key.push('/');
    let n = id.n.to_string();
    (n.len()..10).for_each(|_| key.push('0'));
    key.push_str(&n);
    key
}

fn encode(entry: &Entry) -> Vec<u8> {
    postcard::to_allocvec(entry).unwrap_or_default()
}

fn decode(bytes: &[u8]) -> Option<Entry> {
    match postcard::take_from_bytes(bytes) {
        Ok((entry, [])) => Some(entry),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use inkroom_board::Op;

    use super::*;

    fn entry(n: u32) -> Entry {
        Entry {
            id: OpId {
                client: ClientId([9; 16]),
                n,
            },
            author: PersonId([1; 16]),
            at_ms: 5,
            op: Op::Clear,
        }
    }

    #[test]
    fn keys_sort_like_the_queue() {
        let board = BoardId([4; 16]);
        let keys: Vec<_> = [1, 9, 10, 200, u32::MAX]
            .map(|n| key(board, entry(n).id))
            .into();
        assert!(keys.is_sorted());
        assert!(
            keys.iter()
                .all(|key| key.starts_with(&prefix(board)) && key.len() == keys[0].len())
        );
    }

    #[test]
    fn what_is_written_is_read_and_damage_is_seen() {
        let bytes = encode(&entry(3));
        assert_eq!(decode(&bytes), Some(entry(3)));
        assert_eq!(decode(&bytes[1..]), None);
        assert_eq!(decode(&[bytes, vec![0]].concat()), None);
    }
}
