//! What the engine does when the line opens, speaks or breaks.

use inkroom_board::ledger::Entry;
use inkroom_board::replica::Received;
use inkroom_board::wire::{ClientMessage, Format, Refusal, ServerMessage, Sketch};
use inkroom_board::{ClientId, Document, Op, OpId, Position};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::{Engine, with};
use crate::browser;
use crate::outbox::Outbox;
use crate::snapshot;

/// The code of a connection that ended without one.
const LOST: u16 = 1006;

impl Engine {
    pub(crate) fn socket_opened(&mut self, number: u32) {
        if !self.link.is_current(number) {
            return;
        }
        self.link.opened(browser::now_ms());
        self.put_off_old();
        let hello = self.replica.hello();
        self.link.send(&hello);
    }

    pub(crate) fn socket_closed(&mut self, number: u32, code: u16) {
        if self.link.is_current(number) {
            self.lose(code);
        }
    }

    pub(crate) fn socket_said(&mut self, number: u32, bytes: &[u8]) {
        if !self.link.is_current(number) {
            return;
        }
        self.link.heard(browser::now_ms());
        match Format::Binary.decode::<ServerMessage>(bytes) {
            Ok(message) => self.receive(&message),
            Err(_) => {
                browser::complain("a message that cannot be read", &JsValue::NULL);
                self.lose(LOST);
            }
        }
    }

    fn receive(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Bye { retry_ms } => self.link.bye(*retry_ms),
            ServerMessage::Pong(_) => {}
            _ => self.take_in(message),
        }
    }

    fn take_in(&mut self, message: &ServerMessage) {
        let received = self
            .replica
            .receive(message, || ClientId(browser::random_bytes()));
        self.received(received);
        let now = browser::whole_ms(browser::now_ms());
        let news = self.presence.receive(message, self.replica.document(), now);
        self.heard(&news);
        if let ServerMessage::Welcome { you, .. } = message {
            super::publish::tell(&self.handle.me, you.clone());
            self.access_changed();
            if self.replica.is_read_only() {
                self.say("This board can only be read at the moment.");
            }
        }
    }

    fn received(&mut self, received: Received) {
        let Received {
            change,
            saved,
            refused,
            renamed,
            fetch,
            retry_ms,
            reconnect,
        } = received;
        self.changed(&change);
        self.outbox.forget(saved.into_iter());
        self.follow(&renamed);
        self.outbox
            .forget(refused.iter().map(|(entry, _)| entry.id));
        refused
            .iter()
            .for_each(|(entry, reason)| self.was_refused(entry, *reason));
        if let Some(position) = fetch {
            self.fetch(position);
        }
        if let Some(wait) = retry_ms {
            self.again_at = Some(browser::now_ms() + f64::from(wait));
        }
        if self.replica.is_live() {
            self.link.is_fine();
            self.was_live = true;
        }
        if !change.touched.is_empty() || change.all {
            self.show_whether_empty();
        }
        if reconnect {
            self.lose(LOST);
        }
    }

    /// Pending ops go on under other identities.
    fn follow(&mut self, renamed: &[(OpId, OpId)]) {
        let Some((_, new)) = renamed.first() else {
            return;
        };
        Outbox::hold(new.client);
        self.history.rename(renamed);
        self.outbox.put(
            self.replica
                .pending_entries()
                .filter(|entry| entry.id.client == new.client),
        );
        self.outbox.forget(renamed.iter().map(|(old, _)| *old));
    }

    /// What others saw of it as ink will not come, so it is said to be gone.
    fn was_refused(&mut self, entry: &Entry, reason: Refusal) {
        if let Op::Add { id, .. } | Op::Extend { id, .. } = entry.op {
            self.link.send(&ClientMessage::Ink(Sketch::Gone { id }));
        }
        match reason {
            Refusal::BoardFull => self.notify("This board is full. Erase something to go on."),
            Refusal::ReadOnly => self.notify("This board can only be read at the moment."),
            Refusal::Invalid(_) => self.notify("The server did not take a change."),
            Refusal::Forbidden | Refusal::NoSuchEnd | Refusal::Gap(_) | Refusal::Busy(_) => {}
        }
    }

    /// The line is of no use any more.
    fn lose(&mut self, code: u16) {
        let now = browser::now_ms();
        self.link.lost(code, now);
        self.again_at = None;
        self.replica.disconnected();
        let news = self.presence.disconnected();
        self.heard(&news);
        if self.link.stopped().is_some() {
            self.drop_act();
            self.say_stopped(code);
        }
    }

    pub(super) fn tick_link(&mut self, now_ms: f64) {
        if self.link.tick(now_ms) {
            self.lose(LOST);
        }
        if self.again_at.is_some_and(|at| at <= now_ms) {
            self.again_at = None;
            let messages = self.replica.again();
            messages.iter().for_each(|message| self.link.send(message));
        }
    }

    /// The network is back, or the page is seen again.
    pub(crate) fn hasten(&mut self) {
        self.link.hasten(browser::now_ms());
    }

    /// Sends what is pending and may be sent.
    pub(super) fn send_ops(&mut self) {
        if self.link.is_open() {
            let messages = self.replica.outgoing();
            messages.iter().for_each(|message| self.link.send(message));
        }
    }

    fn fetch(&self, position: Position) {
        let board = self.start.board;
        spawn_local(async move {
            let document = snapshot::fetch(board, position.epoch, position.seq).await;
            with(|engine| engine.fetched(document));
        });
    }

    fn fetched(&mut self, document: Result<Document, JsValue>) {
        match document {
            Ok(document) => {
                let received = self.replica.adopt(document);
                self.received(received);
            }
            Err(error) => {
                browser::complain("fetching the board", &error);
                self.lose(LOST);
            }
        }
    }
}
