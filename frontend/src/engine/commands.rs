//! What the islands ask for.

use inkroom_app::handle::{Command, Theme};
use inkroom_board::history::{History, Step, Way};
use inkroom_board::wire::ClientMessage;
use inkroom_board::{Op, PersonId};
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlInputElement};

use super::Engine;
use crate::browser::{self, tolerate};

/// A year, in seconds: for how long a chosen theme is remembered.
const THEME_KEPT: &str = "; Path=/; Max-Age=31536000; SameSite=Lax";

impl Engine {
    /// Carries out everything that waits.
    pub(crate) fn obey(&mut self) {
        while let Some(command) = self.handle.commands.take() {
            self.command(command);
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Clear => self.clear(),
            Command::ZoomIn => self.zoom_step(1.0),
            Command::ZoomOut => self.zoom_step(-1.0),
            Command::ZoomReset => self.zoom_reset(),
            Command::ZoomFit => self.zoom_fit(),
            Command::SetMode(mode) => self.if_permitted(Op::SetMode(mode)),
            Command::PassPen(person) => self.if_permitted(Op::SetPen {
                person,
                holds: true,
            }),
            Command::TakePen(person) => self.take_pen(person),
            Command::RaiseHand(up) => self.link.send(&ClientMessage::Hand(up)),
            Command::Rename { name, colour } => {
                self.link.send(&ClientMessage::Profile { name, colour })
            }
            Command::SetTitle(title) => self.if_permitted(Op::SetTitle(title)),
            Command::SetTheme(theme) => self.set_theme(theme),
            Command::CopyLink => self.copy_link(),
            Command::Answer(answer) => self.answer(answer),
        }
    }

    /// What the server would refuse is not even tried.
    fn if_permitted(&mut self, op: Op) {
        let is_fine =
            op.check().is_ok() && self.document().access().permits(self.replica.me(), &op);
        if is_fine && self.link.stopped().is_none() {
            self.perform(op);
        }
    }

    fn take_pen(&mut self, person: PersonId) {
        self.if_permitted(Op::SetPen {
            person,
            holds: false,
        });
    }

    pub(super) fn undo(&mut self) {
        self.go(Way::Undo);
    }

    pub(super) fn redo(&mut self) {
        self.go(Way::Redo);
    }

    fn go(&mut self, way: Way) {
        // A stroke in the hand is not history yet.
        if !self.may_draw() || self.act.is_some() {
            return;
        }
        let mut history: History = core::mem::take(&mut self.history);
        history.go(way, self);
        self.history = history;
    }

    fn clear(&mut self) {
        if self.may_draw() && !self.document().is_empty() {
            let op = self.perform(Op::Clear);
            self.history.did(Step::Restore(op));
        }
    }

    fn set_theme(&mut self, theme: Theme) {
        if let Some(root) = browser::root() {
            let set = match theme {
                Theme::System => root.remove_attribute("data-theme"),
                Theme::Light | Theme::Dark => root.set_attribute("data-theme", theme.name()),
            };
            tolerate("the theme", set);
        }
        if let Some(document) = browser::document() {
            let mut cookie = String::from("theme=");
            cookie.push_str(theme.name());
            cookie.push_str(THEME_KEPT);
            tolerate(
                "the theme's cookie",
                document
                    .unchecked_into::<HtmlDocument>()
                    .set_cookie(&cookie),
            );
        }
        self.dress();
    }

    fn copy_link(&mut self) {
        let field =
            browser::document().and_then(|document| document.get_element_by_id("share-link"));
        let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) else {
            return;
        };
        // Plain HTTP gives no clipboard to write to; the selection can still be copied.
        if browser::window().is_some_and(|window| window.is_secure_context()) {
            let clipboard = browser::window().map(|window| window.navigator().clipboard());
            let _ = clipboard.map(|clipboard| clipboard.write_text(&field.value()));
        } else {
            field.select();
            let document = browser::document().map(JsCast::unchecked_into::<HtmlDocument>);
            document.and_then(|document| tolerate("copying", document.exec_command("copy")));
        }
        self.notify("Link copied.");
    }
}
