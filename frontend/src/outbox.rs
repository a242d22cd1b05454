//! Ops that the server does not have yet, kept on this device so that a closed tab loses nothing.
//!
//! Every pending op is written under (board, client, n) and deleted once it is in the log. A page adopts the queues
//! that no living page holds, under their old identities, so that what was sent before is known again; only queues that are
//! old wait for the person's word, and records that cannot be read are set aside. Nothing is deleted to make room. Where the
//! browser gives no database, everything works without, and closing the page warns. Not here: their order (the replica's).

use inkroom_app::handle::{Answer, Concern, Keeping};
use inkroom_board::ledger::Entry;
use inkroom_board::{BoardId, ClientId, OpId, PersonId};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::browser::{complain, tolerate};
use crate::engine;

mod copy;
mod database;
mod found;
mod locks;
mod record;
mod tally;

pub(crate) use copy::save;
pub(crate) use database::Database;
pub(crate) use found::Found;
use tally::Tally;

/// The queue on this device.
#[derive(Debug)]
pub(crate) struct Outbox {
    board: BoardId,
    /// The queue of this page.
    client: ClientId,
    database: Option<Database>,
    tally: Tally,
    /// The last write failed.
    is_failing: bool,
    /// Something that waits was not given to the database.
    is_behind: bool,
    /// The browser was asked not to clear this device's data.
    has_asked: bool,
    /// Queues of long ago, until the person says what becomes of them.
    old: Vec<Entry>,
    /// The person wants them deleted, and is asked once more.
    is_deleting: bool,
    /// Records that were set aside, until the person knows.
    aside: u32,
    /// This device keeps nothing at the moment, and the person does not know it yet.
    is_untold: bool,
}

impl Outbox {
    pub(crate) fn new(board: BoardId, client: ClientId) -> Self {
        Self {
            board,
            client,
            database: None,
            tally: Tally::default(),
            is_failing: false,
            is_behind: false,
            has_asked: false,
            old: Vec::new(),
            is_deleting: false,
            aside: 0,
            is_untold: false,
        }
    }

    /// Opens the database, in its own time, and hands what other pages left to the engine.
    pub(crate) fn open(&self, me: PersonId) {
        let (board, client) = (self.board, self.client);
        spawn_local(async move {
            locks::hold(client);
            let opened = async {
                let database = Database::open().await?;
                let found = found::find(&database, board, client, me).await?;
                Ok((database, found))
            };
            let opened: Result<_, JsValue> = opened.await;
            match opened {
                Ok((database, found)) => {
                    engine::with(|engine| engine.outbox_opened(database, found))
                }
                Err(error) => failed(&error),
            }
        });
    }

    /// The database is there: what gathered meanwhile is written too.
    pub(crate) fn opened(&mut self, database: Database, found: &mut Found) {
        self.database = Some(database);
        self.is_behind = true;
        self.is_untold = false;
        self.old = core::mem::take(&mut found.old);
        self.aside = found.aside;
        self.adopt(&found.recent);
    }

    /// The database is gone, or never came.
    pub(crate) fn closed(&mut self) {
        self.database = None;
        self.tally.unwrite();
        self.is_untold = true;
    }

    /// Another client id is used from now on.
    pub(crate) fn hold(client: ClientId) {
        locks::hold(client);
    }

    /// An op of this page waits from now on. It is written down, unless the person chose to go on without.
    pub(crate) fn take(&mut self, entry: &Entry) {
        if self.tally.goes_on() {
            self.tally.add(entry.id, record::encode(entry).len());
            self.is_behind = true;
        } else {
            self.put(core::iter::once(entry));
        }
    }

    /// Writes ops down. They count as written once the database says so.
    pub(crate) fn put<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) {
        let mut records = Vec::new();
        for entry in entries {
            let bytes = record::encode(entry);
            self.tally.add(entry.id, bytes.len());
            records.push((entry.id, record::key(self.board, entry.id), bytes));
        }
        let Some(database) = self.database.clone() else {
            self.is_behind = true;
            return;
        };
        if records.is_empty() {
            return;
        }
        if !core::mem::replace(&mut self.has_asked, true) {
            database::persist();
        }
        spawn_local(async move {
            let pairs = records
                .iter()
                .map(|(_, key, bytes)| (key.as_str(), bytes.as_slice()));
            match database.put(pairs).await {
                Ok(()) => engine::with(|engine| {
                    engine.outbox_wrote(records.into_iter().map(|(id, ..)| id))
                }),
                Err(error) => {
                    complain("keeping changes on this device", &error);
                    engine::with(engine::Engine::outbox_failed);
                }
            }
        });
    }

    /// These are written.
    pub(crate) fn wrote(&mut self, ids: impl Iterator<Item = OpId>) {
        if core::mem::take(&mut self.is_failing) {
            self.is_untold = false;
        }
        ids.for_each(|id| self.tally.written(id));
    }

    /// A write failed. The next op tries again; when that works, the rest follows.
    pub(crate) fn failed(&mut self) {
        self.is_untold |= !core::mem::replace(&mut self.is_failing, true);
        self.is_behind = true;
    }

    /// Whether what waits without being written may be written now; it is then this caller's to do.
    pub(crate) fn catches_up(&mut self) -> bool {
        let may = self.database.is_some() && !self.is_failing && !self.tally.goes_on();
        may && core::mem::take(&mut self.is_behind)
    }

    /// These are in the log, or never will be.
    pub(crate) fn forget(&mut self, ids: impl Iterator<Item = OpId>) {
        let ids: Vec<_> = ids.inspect(|id| self.tally.remove(*id)).collect();
        self.delete(&ids);
    }

    fn delete(&self, ids: &[OpId]) {
        let Some(database) = self.database.clone().filter(|_| !ids.is_empty()) else {
            return;
        };
        let keys: Vec<_> = ids.iter().map(|id| record::key(self.board, *id)).collect();
        spawn_local(async move {
            if let Err(error) = database.delete(&keys).await {
                complain("forgetting saved changes", &error);
            }
        });
    }

    /// Whether an op would survive the page.
    pub(crate) fn has(&self, id: OpId) -> bool {
        self.tally.has(id)
    }

    /// Whether more may be drawn.
    pub(crate) fn may_grow(&self) -> bool {
        self.tally.may_grow()
    }

    /// Somebody tries to draw though there is no room.
    pub(crate) fn ask_again(&mut self) {
        self.tally.ask_again();
    }

    /// Whether the person should hear now that there is not much room left.
    pub(crate) fn warns(&mut self) -> bool {
        self.tally.warns()
    }

    /// How well what is drawn now is kept.
    pub(crate) fn keeping(&self) -> Keeping {
        if !self.tally.may_grow() {
            Keeping::Full
        } else if self.database.is_none() || self.is_failing || self.tally.goes_on() {
            Keeping::Tab
        } else {
            Keeping::Here
        }
    }

    /// What the person is to know or to decide, one thing at a time.
    pub(crate) fn concern(&self) -> Option<Concern> {
        if self.tally.asks() {
            Some(Concern::Full(count(self.tally.ops())))
        } else if self.is_deleting {
            Some(Concern::Deleting(count(self.old.len())))
        } else if !self.old.is_empty() {
            Some(Concern::Old(count(self.old.len())))
        } else if self.aside > 0 {
            Some(Concern::Aside(self.aside))
        } else {
            self.is_untold.then_some(Concern::Tab)
        }
    }

    /// The person answers the concern. What follows outside of the queue is the engine's to do.
    pub(crate) fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Wait => self.tally.wait(),
            Answer::GoOn => self.tally.go_on(),
            Answer::Delete => self.is_deleting = true,
            Answer::Keep => self.is_deleting = false,
            Answer::DeleteForGood => self.delete_old(),
            // They stay on the device: the next page asks again.
            Answer::Later => drop(self.take_old()),
            Answer::Fine => self.is_told(),
            Answer::Send | Answer::Copy => {}
        }
    }

    fn is_told(&mut self) {
        if core::mem::take(&mut self.aside) == 0 {
            self.is_untold = false;
        }
    }

    fn delete_old(&mut self) {
        let ids: Vec<_> = self.take_old().iter().map(|entry| entry.id).collect();
        self.delete(&ids);
    }

    /// The queues of long ago.
    pub(crate) fn old(&self) -> &[Entry] {
        &self.old
    }

    /// Whether the person is asked before these are sent: the first is of long ago, and all would survive the page
    /// whatever the answer.
    pub(crate) fn is_to_ask<'a>(
        &self,
        mut waiting: impl Iterator<Item = &'a Entry>,
        now_ms: u64,
    ) -> bool {
        let is_kept = |entry: &Entry| self.has(entry.id);
        waiting
            .next()
            .is_some_and(|first| tally::is_old(first.at_ms, now_ms) && is_kept(first))
            && waiting.all(is_kept)
    }

    /// These wait for the person's word.
    pub(crate) fn put_off(&mut self, entries: Vec<Entry>) {
        entries.iter().for_each(|entry| self.tally.remove(entry.id));
        self.old.extend(entries);
    }

    /// Saves what was set aside, of this board, as a file for whoever can read it.
    pub(crate) fn save_aside(&self) {
        let Some(database) = self.database.clone() else {
            return;
        };
        let prefix = record::prefix(self.board);
        spawn_local(async move {
            let saved = async {
                let records = database.aside(&prefix).await?;
                let text = String::from(js_sys::JSON::stringify(&records)?);
                save("changes.json", "application/json", &text)
            };
            let saved: Result<_, JsValue> = saved.await;
            tolerate("saving what was set aside", saved);
        });
    }

    /// The queues of long ago are somebody else's business now.
    pub(crate) fn take_old(&mut self) -> Vec<Entry> {
        self.is_deleting = false;
        core::mem::take(&mut self.old)
    }

    /// Written ops of earlier pages wait here now.
    pub(crate) fn adopt(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.tally.add(entry.id, record::encode(entry).len());
            self.tally.written(entry.id);
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The device keeps nothing.
fn failed(error: &JsValue) {
    complain("keeping changes on this device", error);
    engine::with(engine::Engine::outbox_closed);
}

#[cfg(test)]
mod tests {
    use inkroom_board::Op;

    use super::*;

    /// An op of that time.
    pub(super) fn entry(n: u32, at_ms: u64) -> Entry {
        Entry {
            id: OpId {
                client: ClientId([9; 16]),
                n,
            },
            author: PersonId([1; 16]),
            at_ms,
            op: Op::Clear,
        }
    }

    #[test]
    fn what_waited_in_this_page_for_a_month_is_asked_about_if_it_is_kept() {
        const DAY: u64 = 86_400_000;
        let mut outbox = outbox();
        let waiting = [entry(1, 5), entry(2, 31 * DAY)];
        let asks = |outbox: &Outbox, now| outbox.is_to_ask(waiting.iter(), now);
        assert!(!asks(&outbox, 31 * DAY), "it would be lost by a no");
        outbox.adopt(&waiting);
        assert!(!asks(&outbox, 29 * DAY) && asks(&outbox, 31 * DAY));
        outbox.put_off(waiting.to_vec());
        assert_eq!(outbox.concern(), Some(Concern::Old(2)));
        assert_eq!(outbox.tally.ops(), 0);
    }

    fn outbox() -> Outbox {
        Outbox::new(BoardId([4; 16]), ClientId([9; 16]))
    }

    #[test]
    fn a_full_queue_is_asked_about_before_anything_else() {
        let mut outbox = outbox();
        (outbox.old, outbox.aside, outbox.is_untold) = (vec![entry(1, 5)], 2, true);
        let full = count(tally::OPS);
        outbox.adopt(&(1..=full).map(|n| entry(n, 5)).collect::<Vec<_>>());
        let mut concerns = Vec::new();
        for answer in [Answer::Wait, Answer::Delete, Answer::Keep, Answer::Later] {
            concerns.extend(outbox.concern());
            outbox.answer(answer);
        }
        for _ in 0..2 {
            concerns.extend(outbox.concern());
            outbox.answer(Answer::Fine);
        }
        let expected = [
            Concern::Full(full),
            Concern::Old(1),
            Concern::Deleting(1),
            Concern::Old(1),
            Concern::Aside(2),
            Concern::Tab,
        ];
        assert_eq!(concerns, expected);
        assert_eq!(outbox.concern(), None);
    }

    #[test]
    fn without_a_database_nothing_counts_as_kept() {
        let mut outbox = outbox();
        outbox.take(&entry(1, 5));
        assert_eq!(outbox.keeping(), Keeping::Tab);
        assert!(!outbox.has(entry(1, 5).id) && outbox.may_grow());
        outbox.adopt(&[entry(2, 5)]);
        assert!(outbox.has(entry(2, 5).id));
        outbox.closed();
        assert!(!outbox.has(entry(2, 5).id));
        assert_eq!(outbox.concern(), Some(Concern::Tab));
    }

    #[test]
    fn a_failed_write_is_told_until_one_works() {
        let mut outbox = outbox();
        outbox.failed();
        assert_eq!(outbox.concern(), Some(Concern::Tab));
        outbox.answer(Answer::Fine);
        outbox.failed();
        assert_eq!(outbox.concern(), None, "it is known already");
        outbox.wrote(core::iter::empty());
        outbox.failed();
        assert_eq!(outbox.concern(), Some(Concern::Tab));
        outbox.wrote(core::iter::empty());
        assert_eq!(outbox.concern(), None);
    }
}
