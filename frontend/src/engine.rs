//! The engine of an open board: owns the replica, the history, the camera and the tools, and is told of everything.
//!
//! There is one, in this thread's one slot. Every event of the browser comes in through [`with`], changes state, and ends
//! in [`Engine::settle`], which tells the page what is different and asks for a frame or a timer. Painting happens in
//! frames only. Not here: how anything is painted, sent or kept.

use std::cell::RefCell;

use inkroom_app::handle::{BoardHandle, Start};
use inkroom_board::camera::{Camera, first_camera};
use inkroom_board::document::Change;
use inkroom_board::history::{self, History};
use inkroom_board::presence::{News, Presence};
use inkroom_board::{ClientId, Document, Op, OpId, Pos, Replica};
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use crate::browser;
use crate::frame::Frames;
use crate::input::pointers::Pointers;
use crate::link::{self, Link};
use crate::outbox::Outbox;
use crate::paint::Paint;
use crate::paint::cursors::Overlay;

mod act;
mod commands;
mod keeping;
mod network;
mod overlay;
mod patience;
mod publish;
mod view;

use act::Act;
use overlay::MyCursor;
use patience::Patience;
pub(crate) use view::Touch;

/// How long a notice is shown.
const NOTICE_MS: f64 = 6_000.0;

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Everything of one open board.
pub(crate) struct Engine {
    handle: BoardHandle,
    start: Start,
    surface: HtmlElement,
    replica: Replica,
    history: History,
    presence: Presence,
    paint: Paint,
    link: Link,
    outbox: Outbox,
    frames: Frames,
    camera: Camera,
    /// Whether the camera is still where the page opened.
    is_first_look: bool,
    /// Of the surface, in CSS pixels.
    window: (f64, f64),
    pointers: Pointers,
    act: Option<Act>,
    /// The space bar is down.
    space: bool,
    cursor: MyCursor,
    overlay: Overlay,
    /// Something is to be painted.
    is_stale: bool,
    /// The list of people, or what they may do, is different from what the page says.
    people_are_stale: bool,
    was_live: bool,
    patience: Patience,
    again_at: Option<f64>,
    notice_until: Option<f64>,
}

/// Does something with the engine, if there is one, and whatever follows from it.
pub(crate) fn with(act: impl FnOnce(&mut Engine)) {
    ENGINE.with(|slot| match slot.try_borrow_mut() {
        Ok(mut slot) => {
            if let Some(engine) = slot.as_mut() {
                act(engine);
                engine.settle();
            }
        }
        Err(_) => browser::complain("an event within an event", &JsValue::NULL),
    });
}

/// Asks the engine something.
pub(crate) fn ask<T>(question: impl FnOnce(&Engine) -> T) -> Option<T> {
    ENGINE.with(|slot| slot.try_borrow().ok()?.as_ref().map(question))
}

/// Starts the engine with what the page's snapshot holds, if that could be had.
pub(crate) fn start(
    surface: HtmlElement,
    handle: BoardHandle,
    start: Start,
    document: Option<Document>,
) -> Result<(), JsValue> {
    let engine = Engine::new(surface, handle, start, document)?;
    ENGINE.with(|slot| slot.replace(Some(engine)));
    with(Engine::began);
    Ok(())
}

impl Engine {
    fn new(
        surface: HtmlElement,
        handle: BoardHandle,
        start: Start,
        document: Option<Document>,
    ) -> Result<Self, JsValue> {
        let client = ClientId(browser::random_bytes());
        let document = document.unwrap_or_else(nothing_yet);
        let camera = first_camera(document.bounds(), 1.0, 1.0);
        let address = link::address(&start.board.to_string()).ok_or(JsValue::NULL)?;
        Ok(Self {
            paint: Paint::new(&surface, camera)?,
            link: Link::new(address),
            outbox: Outbox::new(start.board, client),
            frames: Frames::new(
                |now| with(|engine| engine.frame(now)),
                || with(Engine::alarm),
            ),
            replica: Replica::new(document, client, start.me.person),
            handle,
            start,
            surface,
            history: History::default(),
            presence: Presence::default(),
            camera,
            is_first_look: true,
            window: (0.0, 0.0),
            pointers: Pointers::default(),
            act: None,
            space: false,
            cursor: MyCursor::default(),
            overlay: Overlay::default(),
            is_stale: true,
            people_are_stale: false,
            was_live: false,
            patience: Patience::default(),
            again_at: None,
            notice_until: None,
        })
    }

    /// The engine is in its place: the first things to do.
    fn began(&mut self) {
        self.paint.rebuild(self.replica.document());
        self.show_whether_empty();
        self.resized();
        self.link.connect();
        self.outbox.open(self.start.me.person);
    }

    /// The board as the person sees it.
    pub(crate) fn document(&self) -> &Document {
        self.replica.document()
    }

    /// The copy of the board.
    pub(crate) fn replica(&self) -> &Replica {
        &self.replica
    }

    /// How many members are here.
    pub(crate) fn members(&self) -> u32 {
        self.presence.here()
    }

    /// Whether this person may change the board now.
    fn may_draw(&self) -> bool {
        self.link.stopped().is_none() && self.outbox.may_grow() && self.replica.role().draws()
    }

    /// Carries out an op of one's own.
    fn perform(&mut self, op: Op) -> OpId {
        let (entry, change) = self.replica.perform(op, browser::wall_ms());
        self.keep(&entry);
        self.changed(&change);
        entry.id
    }

    /// The document changed: brings everything that looks at it up to date.
    fn changed(&mut self, change: &Change) {
        if change.is_nothing() {
            return;
        }
        self.is_stale = true;
        if change.all {
            self.paint.rebuild(self.replica.document());
            self.look_first();
        } else {
            self.paint.refresh(self.replica.document(), &change.touched);
        }
        let news = self
            .presence
            .settle(&change.touched, self.replica.document());
        self.heard(&news);
        if change.about || change.all {
            self.access_changed();
        }
    }

    /// Others did something that is not in the log.
    fn heard(&mut self, news: &News) {
        self.people_are_stale |= news.people;
        self.is_stale |= news.cursors || !news.inks.is_empty();
        for id in &news.inks {
            match self.presence.ink(*id) {
                Some(ink) => {
                    let element = ink.element(self.replica.document());
                    self.paint.set_live(*id, &element, self.replica.document());
                }
                None => self.paint.drop_live(*id, self.replica.document()),
            }
        }
    }

    /// Shows a message for a while.
    fn notify(&mut self, words: &str) {
        publish::tell(&self.handle.notice, String::from(words));
        self.notice_until = Some(browser::now_ms() + NOTICE_MS);
    }

    /// A frame: everything that changed is painted.
    fn frame(&mut self, _now_ms: f64) {
        self.frames.arrived();
        let now = browser::now_ms();
        self.show_act();
        self.lay_overlay(now);
        // The server's picture goes when the canvases show the same board, or a later state of it.
        let is_here = self.replica.position().epoch == self.start.epoch
            && self.replica.position().seq >= self.start.seq;
        let wants_more = self
            .paint
            .frame(self.replica.document(), &self.overlay, is_here, now);
        self.is_stale = wants_more || !self.overlay.trail.is_empty();
    }

    /// The timer rang: everything that was due.
    fn alarm(&mut self) {
        self.frames.rang();
        let now = browser::now_ms();
        self.tick_link(now);
        self.tick_act(now);
        self.tick_cursor(now);
        let news = self
            .presence
            .expire(self.replica.document(), browser::whole_ms(now));
        self.heard(&news);
        // Names at cursors fade by time alone.
        self.is_stale |= self.presence.has_cursors();
        if self.notice_until.is_some_and(|until| until <= now) {
            self.notice_until = None;
            publish::tell(&self.handle.notice, String::new());
        }
    }

    /// The end of every event: sends what is to be sent, tells the page what is different, asks for what is next.
    fn settle(&mut self) {
        self.send_ops();
        self.keep_rest();
        self.publish();
        if self.is_stale {
            self.frames.request();
        }
        let due = self.next_due();
        self.frames.ring_at(due);
    }

    fn next_due(&self) -> Option<f64> {
        let now = browser::now_ms();
        let presence = self
            .presence
            .next_expiry(browser::whole_ms(now))
            .map(|wait| now + f64::from(u32::try_from(wait).unwrap_or(u32::MAX)));
        let fading = self
            .presence
            .has_cursors()
            .then_some(now + overlay::FADE_STEP_MS);
        let own = [
            self.link.due(),
            self.patience.due().filter(|due| *due > now),
            self.again_at,
            self.notice_until,
            self.act_due(),
            self.cursor_due(),
            presence,
            fading,
        ];
        own.into_iter().flatten().reduce(f64::min)
    }
}

impl history::Board for Engine {
    fn document(&self) -> &Document {
        self.replica.document()
    }

    fn perform(&mut self, op: Op) -> OpId {
        Self::perform(self, op)
    }
}

/// What a page knows whose snapshot could not be had: a position in no history, so that the server sends it to the
/// right snapshot, and nobody who may draw.
fn nothing_yet() -> Document {
    let nobody = inkroom_board::Access::new(
        inkroom_board::PersonId::default(),
        inkroom_board::Mode::Presenters,
    );
    Document::new(u64::MAX, String::new(), nobody)
}

/// A place in the window, in CSS pixels of the surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Place {
    fn on(self, camera: Camera) -> Pos {
        camera.to_board(self.x, self.y)
    }
}
