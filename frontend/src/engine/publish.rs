//! What the page says about the board: the engine's state as signals. Only what is different is told.

use inkroom_app::handle::{Hand, Link, roster};
use inkroom_board::history::Way;
use inkroom_board::wire::CloseCode;
use inkroom_board::{Mode, Role};
use leptos::prelude::*;

use super::{Engine, view};
use crate::browser;

/// Sets a signal, unless it says so already: whoever listens is woken by every set.
pub(super) fn tell<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|said| *said != value) {
        signal.set(value);
    }
}

impl Engine {
    pub(super) fn publish(&mut self) {
        let now = browser::now_ms();
        // Only what the server has can wait for it.
        let oldest = self
            .is_in_touch()
            .then(|| self.replica.pending_entries().next());
        self.patience
            .note(oldest.flatten().map(|entry| entry.id), now);
        let handle = &self.handle;
        let pending = u32::try_from(self.replica.pending()).unwrap_or(u32::MAX);
        tell(&handle.pending, pending);
        if self.has_board() {
            tell(&handle.saved, self.replica.position().seq);
        }
        tell(&handle.can_undo, self.history.can(Way::Undo));
        tell(&handle.can_redo, self.history.can(Way::Redo));
        tell(&handle.zoom, percent(self.camera.zoom));
        tell(&handle.link, self.line(now));
        if self.people_are_stale {
            self.people_are_stale = false;
            self.publish_people();
        }
    }

    /// Whether the document is one of the server's, not the stand-in for it.
    fn has_board(&self) -> bool {
        self.document().position().epoch != u64::MAX
    }

    fn is_in_touch(&self) -> bool {
        self.link.is_open() && self.replica.is_live()
    }

    fn line(&self, now_ms: f64) -> Link {
        if self.is_in_touch() {
            if self.patience.is_over(now_ms) {
                Link::Waiting
            } else {
                Link::Live
            }
        } else if self.link.is_away(now_ms) {
            Link::Offline
        } else if self.was_live {
            Link::Reconnecting
        } else {
            Link::Connecting
        }
    }

    fn publish_people(&self) {
        let (handle, access) = (&self.handle, self.document().access());
        let listed: Vec<_> = self.presence.listed().cloned().collect();
        tell(&handle.people, roster(&listed, access, self.replica.me()));
        tell(&handle.here, self.presence.here().max(1));
        tell(
            &handle.hand,
            self.presence
                .my_hand()
                .map_or(Hand::Down, |place| Hand::Up(Some(place))),
        );
        if let Some(me) = self.presence.my_profile() {
            tell(&handle.me, me.clone());
        }
    }

    /// Title, mode or pens changed, or the document is another one.
    pub(super) fn access_changed(&mut self) {
        self.people_are_stale = true;
        if !self.has_board() {
            return;
        }
        let document = self.replica.document();
        tell(&self.handle.title, String::from(document.title()));
        let before = (
            self.handle.mode.get_untracked(),
            self.handle.role.get_untracked(),
        );
        let now = (document.access().mode, self.replica.role());
        tell(&self.handle.mode, now.0);
        tell(&self.handle.role, now.1);
        view::set_role(&self.surface, now.1);
        if before != now {
            self.role_changed(before, now);
        }
    }

    fn role_changed(&mut self, before: (Mode, Role), now: (Mode, Role)) {
        if !now.1.draws() {
            self.drop_act();
        }
        let words = match (before, now) {
            ((_, Role::Viewer), (Mode::Presenters, Role::Presenter)) => "You have the pen.",
            ((Mode::Presenters, Role::Presenter), (Mode::Presenters, Role::Viewer)) => {
                "The pen was taken back."
            }
            ((Mode::Everyone, _), (Mode::Presenters, Role::Owner)) => {
                "Only who holds the pen draws now."
            }
            ((Mode::Everyone, _), (Mode::Presenters, _)) => "Only the presenter draws now.",
            ((Mode::Presenters, _), (Mode::Everyone, _)) => "Everyone draws now.",
            _ => return,
        };
        self.notify(words);
    }

    /// The line is closed for good.
    pub(super) fn say_stopped(&mut self, code: u16) {
        let words = match code {
            code if code == CloseCode::Version as u16 => {
                "This page is older than the server. Reload it to go on."
            }
            code if code == CloseCode::NotFound as u16 => "This board does not exist any more.",
            code if code == CloseCode::Replaced as u16 => {
                "This board is open in too many of your tabs. Close some, then reload."
            }
            code if code == CloseCode::Forbidden as u16 => {
                "The server does not know this page any more. Reload it to go on."
            }
            _ => "The server and this page do not understand each other. Reload it to go on.",
        };
        self.say(words);
    }

    /// Shows a message for good.
    pub(super) fn say(&mut self, words: &str) {
        tell(&self.handle.notice, String::from(words));
        self.notice_until = None;
    }

    /// A cleared board invites again.
    pub(super) fn show_whether_empty(&self) {
        view::set_flag(
            &self.surface,
            "data-empty",
            self.document().is_empty() && self.act.is_none(),
        );
    }
}

/// Whole percent.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts saturate; zooms are small and positive"
)]
fn percent(zoom: f64) -> u32 {
    (zoom * 100.0).round() as u32
}
