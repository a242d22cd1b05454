//! What the engine does when somebody touches, turns or types: pointers, camera, window, keys.

use inkroom_app::tool::Tool;
use inkroom_board::camera::{Camera, first_camera_on};
use inkroom_board::pen::Sample;
use inkroom_board::{Colour, Ink, Role, Width};
use web_sys::HtmlElement;

use super::{Engine, Place};
use crate::browser::{self, tolerate};
use crate::input::keys::Wish;
use crate::input::pointers::{Deed, Down, May};
use leptos::prelude::GetUntracked;

/// One press of a zoom button.
const ZOOM_STEP: f64 = 1.25;

/// A pointer somewhere: where it came by since the last event, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Touch {
    pub(crate) id: i32,
    pub(crate) at: Place,
    /// The samples since the last event, the latest last: place, pressure, time.
    pub(crate) samples: Vec<(Place, u8, f64)>,
    /// Where the browser thinks it goes.
    pub(crate) predicted: Vec<(Place, u8, f64)>,
    pub(crate) shift: bool,
    pub(crate) ms: f64,
}

impl Engine {
    /// What draws may do now.
    fn may(&self) -> May {
        let hand = self.space || self.handle.tool.get_untracked() == Tool::Hand;
        May {
            draw: self.may_draw(),
            hand,
        }
    }

    /// A pointer went down; whether the surface should keep it.
    pub(crate) fn pointer_down(&mut self, down: Down, touch: &Touch) {
        let may = self.may();
        if !may.draw && !may.hand {
            self.outbox.ask_again();
        }
        let deeds = self.pointers.down(down, may);
        self.point_at(Some(touch.at), touch.ms);
        self.carry_out(deeds, touch);
        self.hint_is_over();
        self.show_hands();
    }

    pub(crate) fn pointer_moved(&mut self, touch: &Touch) {
        let deeds = self.pointers.moved(touch.id, touch.at.x, touch.at.y);
        self.point_at(Some(touch.at), touch.ms);
        self.carry_out(deeds, touch);
    }

    pub(crate) fn pointer_up(&mut self, touch: &Touch) {
        let deeds = self.pointers.up(touch.id, touch.ms);
        self.carry_out(deeds, touch);
        self.show_hands();
    }

    pub(crate) fn pointer_cancelled(&mut self, touch: &Touch) {
        let deeds = self.pointers.cancelled(touch.id);
        self.carry_out(deeds, touch);
        self.show_hands();
    }

    /// No pointer is over the surface any more.
    pub(crate) fn pointer_left(&mut self, ms: f64) {
        self.point_at(None, ms);
    }

    fn carry_out(&mut self, deeds: Vec<Deed>, touch: &Touch) {
        for deed in deeds {
            match deed {
                Deed::Begin { erase } => {
                    self.begin_act(erase, touch.at, self.last_sample(touch), touch.shift)
                }
                Deed::Go => self.go_through(touch),
                Deed::End => self.end_act(touch.at, self.last_sample(touch), touch.shift),
                Deed::Abort => self.abort_act(),
                Deed::Pan { dx, dy } => self.look_through(self.camera.panned(dx, dy)),
                Deed::Zoom { x, y, factor } => self.zoom_at(Place { x, y }, factor),
                Deed::Undo => self.undo(),
                Deed::Redo => self.redo(),
            }
        }
    }

    fn go_through(&mut self, touch: &Touch) {
        let samples: Vec<_> = touch
            .samples
            .iter()
            .map(|sample| self.sample(*sample))
            .collect();
        let predicted: Vec<_> = touch
            .predicted
            .iter()
            .map(|sample| self.sample(*sample))
            .collect();
        self.go_on(touch.at, &samples, &predicted, touch.shift);
    }

    fn sample(&self, (place, pressure, ms): (Place, u8, f64)) -> Sample {
        Sample {
            at: place.on(self.camera),
            pressure,
            ms: browser::whole_ms(ms),
        }
    }

    fn last_sample(&self, touch: &Touch) -> Sample {
        let last = touch.samples.last().copied();
        self.sample(last.unwrap_or((touch.at, 0, touch.ms)))
    }

    /// Tells the style sheet what the pointer is doing: islands step aside, the cursor changes.
    fn show_hands(&self) {
        if let Some(root) = browser::root() {
            tolerate(
                "a class",
                root.class_list()
                    .toggle_with_force("drawing", self.pointers.is_drawing()),
            );
        }
        set_flag(&self.surface, "data-grabbing", self.pointers.is_moving());
    }

    /// The first touch: the line that says what the board is for has done its work.
    fn hint_is_over(&self) {
        if self.pointers.is_drawing() {
            set_flag(&self.surface, "data-empty", false);
        }
    }

    /// The wheel, in CSS pixels; with Ctrl or ⌘ it zooms.
    pub(crate) fn wheel(&mut self, at: Place, dx: f64, dy: f64, zooms: bool) {
        if zooms {
            self.zoom_at(at, js_sys::Math::exp(-dy.clamp(-50.0, 50.0) * 0.01));
        } else {
            self.look_through(self.camera.panned(-dx, -dy));
        }
    }

    pub(super) fn zoom_at(&mut self, at: Place, factor: f64) {
        self.look_through(self.camera.zoomed(at.x, at.y, self.camera.zoom * factor));
    }

    fn middle(&self) -> Place {
        Place {
            x: self.window.0 / 2.0,
            y: self.window.1 / 2.0,
        }
    }

    pub(super) fn zoom_step(&mut self, steps: f64) {
        self.zoom_at(self.middle(), js_sys::Math::pow(ZOOM_STEP, steps));
    }

    pub(super) fn zoom_reset(&mut self) {
        let middle = self.middle();
        self.look_through(self.camera.zoomed(middle.x, middle.y, 1.0));
    }

    /// The whole drawing, never magnified: the same look as when the page opens.
    pub(super) fn zoom_fit(&mut self) {
        self.look_through(self.first_look());
        self.is_first_look = true;
    }

    fn look_through(&mut self, camera: Camera) {
        self.is_first_look = false;
        self.set_camera(camera);
    }

    fn set_camera(&mut self, camera: Camera) {
        self.camera = camera;
        self.paint.look(camera, browser::now_ms());
        self.is_stale = true;
    }

    /// Until somebody moves it, the camera shows what the server's picture shows. Once that is gone, it stays where
    /// it is whatever is drawn.
    pub(super) fn look_first(&mut self) {
        if self.is_first_look && self.paint.is_first() {
            self.set_camera(self.first_look());
        }
    }

    /// Where browsers put the server's picture on this screen.
    fn first_look(&self) -> Camera {
        let ratio = browser::device_pixel_ratio();
        first_camera_on(
            self.document().bounds(),
            self.window.0,
            self.window.1,
            ratio,
        )
    }

    /// The window may have another size, or the screen another density.
    pub(crate) fn resized(&mut self) {
        let size = (
            f64::from(self.surface.client_width()),
            f64::from(self.surface.client_height()),
        );
        let dpr = browser::device_pixel_ratio();
        let was_unknown = self.window.0 < 1.0;
        let (dx, dy) = (
            (size.0 - self.window.0) / 2.0,
            (size.1 - self.window.1) / 2.0,
        );
        self.window = size;
        self.paint.resize(size.0, size.1, dpr);
        if self.is_first_look && (self.paint.is_first() || was_unknown) {
            self.set_camera(self.first_look());
        } else {
            // The middle stays in the middle.
            self.set_camera(self.camera.panned(dx, dy));
        }
    }

    /// The theme may be another one.
    pub(crate) fn dress(&mut self) {
        self.is_stale |= self.paint.dress();
    }

    /// A key's wish; whether it was granted, so that the browser does nothing else with it.
    pub(crate) fn wish(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::ZoomIn => self.zoom_step(1.0),
            Wish::ZoomOut => self.zoom_step(-1.0),
            Wish::ZoomReset => self.zoom_reset(),
            Wish::ZoomFit => self.zoom_fit(),
            Wish::Escape => return self.escape(),
            _ if !self.may_draw() => return false,
            Wish::Tool(tool) => super::publish::tell(&self.handle.tool, tool),
            Wish::Colour(nth) => self.choose_colour(nth),
            Wish::Thinner => self.choose_width(-1),
            Wish::Thicker => self.choose_width(1),
            Wish::Undo => self.undo(),
            Wish::Redo => self.redo(),
        }
        true
    }

    fn escape(&mut self) -> bool {
        let was_acting = self.act.is_some();
        if was_acting {
            self.pointers.stop_drawing();
            self.abort_act();
            self.show_hands();
        }
        was_acting
    }

    fn choose_colour(&self, nth: usize) {
        if let Some(ink) = Ink::ALL.get(nth) {
            self.handle.choose_colour(Colour::Named(*ink));
        }
    }

    fn choose_width(&self, step: isize) {
        let now = self.handle.width.get_untracked();
        let known = Width::PALETTE
            .iter()
            .position(|width| *width >= now)
            .unwrap_or(0);
        let next = known
            .saturating_add_signed(step)
            .min(Width::PALETTE.len() - 1);
        if let Some(width) = Width::PALETTE.get(next) {
            super::publish::tell(&self.handle.width, *width);
        }
    }

    /// The space bar turns every tool into the hand.
    pub(crate) fn space(&mut self, is_down: bool) {
        self.space = is_down;
        set_flag(&self.surface, "data-space", is_down);
    }

    pub(crate) fn shift(&mut self, is_down: bool) {
        self.constrain(is_down);
    }

    /// The window lost the keyboard: no key is known to be down.
    pub(crate) fn blurred(&mut self) {
        self.space(false);
    }
}

/// Sets or removes an attribute that has no value.
pub(super) fn set_flag(surface: &HtmlElement, name: &str, is_set: bool) {
    if surface.has_attribute(name) != is_set {
        tolerate(
            "an attribute",
            surface.toggle_attribute_with_force(name, is_set),
        );
    }
}

/// Tells the style sheet whether the pointer draws at all.
pub(super) fn set_role(surface: &HtmlElement, role: Role) {
    let name = if role.draws() { "presenter" } else { "viewer" };
    tolerate("an attribute", surface.set_attribute("data-role", name));
}
