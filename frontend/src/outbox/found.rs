//! What earlier pages left in the database: to be sent, to be asked about, or not to be read.

use inkroom_board::ledger::Entry;
use inkroom_board::{BoardId, ClientId, PersonId};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use super::{Database, locks, record, tally};
use crate::browser;

/// What earlier pages left.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// To be sent.
    pub(crate) recent: Vec<Entry>,
    /// To be sent if the person says so.
    pub(super) old: Vec<Entry>,
    /// So many records could not be read.
    pub(super) aside: u32,
}

/// The queues of this board that no living page holds: of the same person, in order. What cannot be read is set aside,
/// unless a living page of another version may know better.
pub(super) async fn find(
    database: &Database,
    board: BoardId,
    client: ClientId,
    me: PersonId,
) -> Result<Found, JsValue> {
    let (mut found, now) = (Found::default(), browser::wall_ms());
    let mut queue: Vec<Entry> = Vec::new();
    let mut last = None;
    // The database hands them out in the order of their keys.
    for (key, value) in database.all(&record::prefix(board)).await? {
        let name = key.as_string().unwrap_or_default();
        let owner = record::owner(board, &name);
        if last.map(|(known, _)| known) != Some(owner) {
            found.add(core::mem::take(&mut queue), now);
            last = Some((owner, is_free(owner, client).await));
        }
        if !last.is_some_and(|(_, is_free)| is_free) {
            continue;
        }
        let bytes = value.dyn_ref().map(Uint8Array::to_vec);
        match bytes.and_then(|bytes| record::decode(board, &name, &bytes)) {
            Some(entry) if entry.author == me => queue.push(entry),
            Some(_) => {}
            None => {
                database.set_aside(&key, &value).await;
                found.aside += 1;
            }
        }
    }
    found.add(queue, now);
    Ok(found)
}

/// Whether a queue is nobody's, and this page's from now on. What has no owner is nobody's.
async fn is_free(owner: Option<ClientId>, client: ClientId) -> bool {
    match owner {
        Some(owner) => owner != client && locks::take(owner).await,
        None => true,
    }
}

impl Found {
    /// One more queue, whole: its ops build on each other.
    fn add(&mut self, queue: Vec<Entry>, now_ms: u64) {
        if queue.iter().any(|entry| tally::is_old(entry.at_ms, now_ms)) {
            self.old.extend(queue);
        } else {
            self.recent.extend(queue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entry;
    use super::*;

    #[test]
    fn one_old_op_makes_its_whole_queue_old_and_no_other() {
        const DAY: u64 = 86_400_000;
        let mut found = Found::default();
        found.add(vec![entry(1, 5), entry(2, 31 * DAY)], 31 * DAY);
        found.add(vec![entry(3, 31 * DAY)], 31 * DAY);
        assert_eq!((found.old.len(), found.recent.len()), (2, 1));
    }
}
