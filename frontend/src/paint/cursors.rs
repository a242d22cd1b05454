//! The layer above all ink: the others' cursors with their names, and the trail of the eraser.

use core::f64::consts::TAU;

use super::layer::Layer;
use super::theme::Theme;
use inkroom_board::Ink;
use web_sys::CanvasRenderingContext2d;

/// How long the eraser's trail is seen.
pub(crate) const TRAIL_MS: f64 = 260.0;
/// How dark it is.
const TRAIL_LIGHT: f64 = 0.35;
/// How long a name takes to fade, once it does.
pub(crate) const FADE_MS: u64 = 400;
/// The arrow, from its tip: an upright pointer, in CSS pixels.
const ARROW: [(f64, f64); 4] = [(0.0, 0.0), (4.6, 16.2), (8.4, 9.2), (15.6, 6.2)];
/// Where the name's chip begins, and its height.
const CHIP: (f64, f64, f64) = (12.0, 17.0, 22.0);
/// Longer names are cut.
const NAME_CHARS: usize = 24;

/// Somebody's cursor, in CSS pixels of the window.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) name: String,
    pub(crate) colour: Ink,
    /// From 1 down to 0, when its name is not shown.
    pub(crate) name_light: f64,
}

/// A place the eraser came by, in CSS pixels of the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crumb {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) ms: f64,
}

/// What is above the ink.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) cursors: Vec<Cursor>,
    pub(crate) trail: Vec<Crumb>,
    /// The eraser's radius, in CSS pixels.
    pub(crate) reach: f64,
}

impl Overlay {
    pub(crate) fn is_blank(&self) -> bool {
        self.cursors.is_empty() && self.trail.is_empty()
    }

    /// Paints it on a layer that is blank.
    pub(crate) fn paint(&self, to: &Layer, theme: &Theme, dpr: f64, now_ms: f64) {
        to.place(dpr, (0.0, 0.0));
        self.paint_trail(to, theme, now_ms);
        self.cursors
            .iter()
            .for_each(|cursor| cursor.paint(to, theme, dpr));
        to.ink.set_global_alpha(1.0);
    }

    /// One shape of one light, thinner where it is older: pieces that overlap would show.
    fn paint_trail(&self, to: &Layer, theme: &Theme, now_ms: f64) {
        let radius = |crumb: &Crumb| (self.reach * (1.0 - (now_ms - crumb.ms) / TRAIL_MS)).max(0.5);
        to.ink.set_fill_style_str(theme.ink(Ink::Grey));
        to.ink.set_global_alpha(TRAIL_LIGHT);
        to.ink.begin_path();
        for crumb in &self.trail {
            round(&to.ink, crumb, radius(crumb));
        }
        for pair in self.trail.windows(2) {
            let [from, till] = pair else { continue };
            bridge(&to.ink, (from, radius(from)), (till, radius(till)));
        }
        to.ink.fill();
        to.ink.set_global_alpha(1.0);
    }
}

fn round(ink: &CanvasRenderingContext2d, at: &Crumb, radius: f64) {
    ink.move_to(at.x + radius, at.y);
    crate::browser::tolerate("a trail", ink.arc(at.x, at.y, radius, 0.0, TAU));
}

/// The band between two discs, turning the way arcs turn.
fn bridge(ink: &CanvasRenderingContext2d, (a, from): (&Crumb, f64), (b, till): (&Crumb, f64)) {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length = dx.hypot(dy);
    if length > 0.0 {
        let (ux, uy) = (-dy / length, dx / length);
        ink.move_to(a.x - ux * from, a.y - uy * from);
        ink.line_to(b.x - ux * till, b.y - uy * till);
        ink.line_to(b.x + ux * till, b.y + uy * till);
        ink.line_to(a.x + ux * from, a.y + uy * from);
        ink.close_path();
    }
}

impl Cursor {
    fn paint(&self, to: &Layer, theme: &Theme, dpr: f64) {
        to.place(dpr, (self.x * dpr, self.y * dpr));
        let ink = &to.ink;
        ink.set_global_alpha(1.0);
        ink.set_fill_style_str(theme.ink(self.colour));
        ink.set_stroke_style_str(&theme.paper);
        ink.set_line_width(1.5);
        ink.set_line_join("round");
        ink.begin_path();
        ARROW.iter().for_each(|(x, y)| ink.line_to(*x, *y));
        ink.close_path();
        ink.stroke();
        ink.fill();
        if self.name_light > 0.0 && !self.name.is_empty() {
            self.paint_name(to, theme);
        }
    }

    fn paint_name(&self, to: &Layer, theme: &Theme) {
        let ink = &to.ink;
        let name: String = self.name.chars().take(NAME_CHARS).collect();
        ink.set_font("500 12px system-ui, sans-serif");
        ink.set_text_baseline("middle");
        let width = ink
            .measure_text(&name)
            .map_or(0.0, |measured| measured.width());
        let (x, y, height) = CHIP;
        let radius = height / 2.0;
        ink.set_global_alpha(self.name_light);
        ink.begin_path();
        let round = [(x + radius, TAU / 4.0), (x + radius + width, -TAU / 4.0)];
        for (centre, from) in round {
            crate::browser::tolerate(
                "a name",
                ink.arc(centre, y + radius, radius, from, from + TAU / 2.0),
            );
        }
        ink.fill();
        ink.set_fill_style_str(theme.words_on(self.colour));
        crate::browser::tolerate("a name", ink.fill_text(&name, x + radius, y + radius + 0.5));
    }

    /// Whether any of it may be seen in a window of this size.
    pub(crate) fn is_near(&self, w: f64, h: f64) -> bool {
        (-200.0..w).contains(&self.x) && (-50.0..h).contains(&self.y)
    }
}
