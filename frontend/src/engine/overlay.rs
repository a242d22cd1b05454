//! Cursors, mine and theirs, and the eraser's trail.

use inkroom_board::Pos;
use inkroom_board::limits::CURSOR_EVERY_MS;
use inkroom_board::presence::{CURSOR_AGAIN_MS, CURSOR_IDLE_MS, NAME_REST_MS, Pointing};
use inkroom_board::wire::ClientMessage;

use super::{Engine, Place, act};
use crate::browser;
use crate::paint::cursors::{Cursor, FADE_MS, TRAIL_MS};

/// Names are looked at this often while cursors are shown, for whether they fade.
pub(super) const FADE_STEP_MS: f64 = 100.0;

/// This person's cursor, as others are told of it.
#[derive(Debug, Default)]
pub(super) struct MyCursor {
    at: Option<Place>,
    moved_ms: f64,
    /// What was said last, and when.
    said: Option<Pos>,
    said_ms: f64,
}

impl Engine {
    /// The pointer is there, or nowhere.
    pub(super) fn point_at(&mut self, at: Option<Place>, ms: f64) {
        if self.cursor.at != at {
            self.cursor.at = at;
            self.cursor.moved_ms = ms;
        }
        self.tick_cursor(browser::now_ms());
    }

    /// Says where the pointer is, if that is due. Nobody is told by who may not draw, or when nobody else is here.
    pub(super) fn tick_cursor(&mut self, now_ms: f64) {
        if self.cursor_due().is_none_or(|due| due > now_ms) {
            return;
        }
        let at = self.cursor.at.map(|place| place.on(self.camera));
        (self.cursor.said, self.cursor.said_ms) = (at, now_ms);
        self.link.send_light(&ClientMessage::Cursor(at));
    }

    /// When there is something to say about the pointer.
    pub(super) fn cursor_due(&self) -> Option<f64> {
        if self.presence.here() < 2 || !self.replica.is_live() || !self.may_draw() {
            return None;
        }
        let at = self.cursor.at.map(|place| place.on(self.camera));
        if at != self.cursor.said {
            return Some(self.cursor.said_ms + ms(CURSOR_EVERY_MS));
        }
        let again = self.cursor.said_ms + ms(CURSOR_AGAIN_MS);
        (at.is_some() && again - self.cursor.moved_ms < ms(CURSOR_IDLE_MS)).then_some(again)
    }

    /// Lays out what is above the ink.
    pub(super) fn lay_overlay(&mut self, now_ms: f64) {
        let (camera, window) = (self.camera, self.window);
        let cursors = self
            .presence
            .cursors(browser::whole_ms(now_ms))
            .map(|pointing| cursor(&pointing, camera));
        let near = |cursor: &Cursor| cursor.is_near(window.0, window.1);
        self.overlay.cursors = cursors.filter(near).collect();
        self.overlay.reach = act::REACH;
        self.overlay
            .trail
            .retain(|crumb| now_ms - crumb.ms < TRAIL_MS);
    }
}

fn cursor(pointing: &Pointing<'_>, camera: inkroom_board::camera::Camera) -> Cursor {
    let (x, y) = camera.to_window(pointing.at);
    let profile = pointing.profile;
    let faded = ms(pointing.rested_ms.saturating_sub(NAME_REST_MS)) / ms(FADE_MS);
    Cursor {
        x,
        y,
        name: profile.name.clone(),
        colour: profile.colour,
        name_light: (1.0 - faded).max(0.0),
    }
}

/// Milliseconds as the browser counts them; far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "times of a page are small")]
fn ms(whole: u64) -> f64 {
    whole as f64
}
