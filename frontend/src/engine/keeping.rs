//! What the engine does about the queue on this device: fills it, answers it, and tells the page how well it keeps.

use inkroom_app::handle::{Answer, Concern};
use inkroom_app::words;
use inkroom_board::ledger::Entry;
use inkroom_board::{ClientId, OpId, svg};

use super::Engine;
use super::publish::tell;
use crate::browser;
use crate::outbox::{self, Database, Found, Outbox};

impl Engine {
    /// An op of one's own waits for the server.
    pub(super) fn keep(&mut self, entry: &Entry) {
        self.outbox.take(entry);
        if self.outbox.warns() {
            self.notify(words::SCARCE);
        }
    }

    /// What could not be written before is written, and the page is told how well things are kept.
    pub(super) fn keep_rest(&mut self) {
        if self.outbox.catches_up() {
            let rest: Vec<_> = self
                .replica
                .pending_entries()
                .filter(|entry| !self.outbox.has(entry.id))
                .cloned()
                .collect();
            self.outbox.put(rest.iter());
        }
        tell(&self.handle.keeping, self.outbox.keeping());
        tell(&self.handle.concern, self.outbox.concern());
    }

    /// The queue on this device is open; here is what earlier pages left in it.
    pub(crate) fn outbox_opened(&mut self, database: Database, mut found: Found) {
        self.outbox.opened(database, &mut found);
        self.put_first(found.recent);
    }

    pub(crate) fn outbox_wrote(&mut self, ids: impl Iterator<Item = OpId>) {
        self.outbox.wrote(ids);
    }

    pub(crate) fn outbox_failed(&mut self) {
        self.outbox.failed();
    }

    pub(crate) fn outbox_closed(&mut self) {
        self.outbox.closed();
    }

    /// The person answers what the page asked about the queue.
    pub(super) fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Send => self.send_old(),
            Answer::Copy => self.save_copy(),
            _ => self.outbox.answer(answer),
        }
    }

    /// What waited in this page for too long is asked about like what earlier pages left.
    pub(super) fn put_off_old(&mut self) {
        let is_old = self
            .outbox
            .is_to_ask(self.replica.pending_entries(), browser::wall_ms());
        if !is_old {
            return;
        }
        self.drop_act();
        let client = ClientId(browser::random_bytes());
        let (old, change) = self.replica.withdraw_pending(client);
        Outbox::hold(client);
        self.outbox.put_off(old);
        self.changed(&change);
    }

    fn send_old(&mut self) {
        let old = self.outbox.take_old();
        self.outbox.adopt(&old);
        self.put_first(old);
    }

    /// Ops of earlier pages go before everything else, under their own identities.
    fn put_first(&mut self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            let change = self.replica.adopt_pending(entries);
            self.changed(&change);
        }
    }

    /// The board as it is here, with everything that waits for an answer; or what cannot be read, as it is.
    fn save_copy(&self) {
        if let Some(Concern::Aside(_)) = self.outbox.concern() {
            return self.outbox.save_aside();
        }
        let mut document = self.replica.document().clone();
        for entry in self.outbox.old() {
            let _ = document.apply(entry);
        }
        let mut name = String::from(words::title(document.title()));
        name.push_str(".svg");
        let elements = document.visible().map(|item| &item.element);
        let file = svg::standalone(elements, document.title());
        browser::tolerate("saving a copy", outbox::save(&name, "image/svg+xml", &file));
    }

    /// Whether closing the page now would lose something.
    pub(crate) fn would_lose(&self) -> bool {
        self.replica
            .pending_entries()
            .any(|entry| !self.outbox.has(entry.id))
    }
}
