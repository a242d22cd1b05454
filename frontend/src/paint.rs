//! What the person sees: three canvases over the board's place in the page.
//!
//! *Base* has the paper, highlighters and settled ink, copied from tiles; *live* what is being drawn; *top* cursors and
//! the eraser's trail. Each is painted only when it changed, inside a frame. Until the first picture is whole, the
//! server's own stays in front of all three. Not here: where anything comes from.

use inkroom_board::camera::Camera;
use inkroom_board::{Document, Element, ElementId, Rect};
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;
use web_sys::{Element as Node, HtmlElement};

use crate::browser::{self, tolerate};

pub(crate) mod cursors;
pub(crate) mod grid;
mod index;
mod layer;
mod live;
mod paths;
mod quick;
pub(crate) mod theme;
mod tiles;

use cursors::Overlay;
use grid::Area;
use index::{Index, Known};
use layer::Layer;
use live::Live;
use paths::{HIGHLIGHT, Paths};
use theme::Theme;
use tiles::{Done, Source, Tiles};

/// How long a frame may paint tiles while the person does something …
const BUSY_MS: f64 = 5.0;
/// … and while the server's picture is still in front.
const FIRST_MS: f64 = 24.0;

/// All canvases with what they show.
#[derive(Debug)]
pub(crate) struct Paint {
    base: Layer,
    live_layer: Layer,
    top: Layer,
    /// Where all highlighters gather while one is being drawn.
    gathered: Option<Layer>,
    tiles: Tiles,
    index: Index,
    paths: Paths,
    live: Live,
    theme: Theme,
    window: Area,
    dpr: f64,
    /// The part of the base that does not show what it should.
    stale: Option<Area>,
    overlay_was_blank: bool,
    /// The server's picture, while it is in front.
    first: Option<Node>,
    highlights_live: bool,
}

impl Paint {
    /// # Errors
    /// When the browser gives no canvas.
    pub(crate) fn new(surface: &HtmlElement, camera: Camera) -> Result<Self, JsValue> {
        let layers = [Layer::new(1, 1)?, Layer::new(1, 1)?, Layer::new(1, 1)?];
        let first = surface.query_selector(".first-paint")?;
        for layer in &layers {
            layer.canvas.set_attribute("aria-hidden", "true")?;
            surface.insert_before(&layer.canvas, first.as_ref().map(AsRef::as_ref))?;
        }
        let [base, live_layer, top] = layers;
        // Both pictures at once would be twice the ink.
        base.show(first.is_none());
        Ok(Self {
            base,
            live_layer,
            top,
            gathered: None,
            tiles: Tiles::new(camera),
            index: Index::default(),
            paths: Paths::default(),
            live: Live::default(),
            theme: Theme::now(),
            window: Area {
                x: 0,
                y: 0,
                w: 1,
                h: 1,
            },
            dpr: 1.0,
            stale: None,
            overlay_was_blank: true,
            first,
            highlights_live: false,
        })
    }

    /// The window has another size, in CSS pixels, or the screen another density. What was on the canvases is gone, so
    /// a frame has to follow before the browser shows them.
    pub(crate) fn resize(&mut self, w: f64, h: f64, dpr: f64) {
        let window = Area {
            x: 0,
            y: 0,
            w: grid::floor(w * dpr + 0.5),
            h: grid::floor(h * dpr + 0.5),
        };
        if window == self.window && (dpr - self.dpr).abs() < 1e-9 {
            return;
        }
        (self.window, self.dpr) = (window, dpr);
        self.gathered = None;
        for layer in [&self.base, &self.live_layer, &self.top] {
            layer.resize(window.w, window.h);
            let style = layer.canvas.unchecked_ref::<HtmlElement>().style();
            tolerate(
                "sizing",
                style.set_property("width", &length(window.w, dpr)),
            );
            tolerate(
                "sizing",
                style.set_property("height", &length(window.h, dpr)),
            );
        }
        self.everything_is_stale();
    }

    fn everything_is_stale(&mut self) {
        self.stale = Some(self.window);
        self.live.is_stale = true;
        self.overlay_was_blank = false;
    }

    /// Looks through another camera.
    pub(crate) fn look(&mut self, camera: Camera, now_ms: f64) {
        let window = (f64::from(self.window.w), f64::from(self.window.h));
        self.tiles.look(camera, self.dpr, window, now_ms);
        self.everything_is_stale();
    }

    /// Takes up the theme that is on; whether it is another one.
    pub(crate) fn dress(&mut self) -> bool {
        let theme = Theme::now();
        if theme == self.theme {
            return false;
        }
        self.theme = theme;
        self.tiles.forget();
        self.everything_is_stale();
        true
    }

    /// The whole document is another one.
    pub(crate) fn rebuild(&mut self, document: &Document) {
        self.index.clear();
        self.paths.clear();
        self.tiles.forget();
        for item in document.visible().filter(|item| !self.live.holds(item.id)) {
            if let Some(known) = known(document, item.id) {
                self.index.put(item.id, known);
            }
        }
        self.everything_is_stale();
    }

    /// These elements may be different.
    pub(crate) fn refresh(&mut self, document: &Document, ids: &[ElementId]) {
        let changes: Vec<_> = ids
            .iter()
            .filter_map(|id| self.update(document, *id))
            .collect();
        for (id, before, now) in changes {
            match (before, now) {
                (None, Some(now)) => self.tiles.add(id, now),
                (Some(before), None) => self.tiles.change(before.bounds),
                (Some(before), Some(now)) if self.looks_different(before, now) => {
                    self.tiles.change(before.bounds.union(now.bounds));
                }
                _ => {}
            }
        }
    }

    /// Brings the index up to date; says what was and what is.
    fn update(
        &mut self,
        document: &Document,
        id: ElementId,
    ) -> Option<(ElementId, Option<Known>, Option<Known>)> {
        let before = self.index.get(id);
        let now = known(document, id).filter(|_| !self.live.holds(id));
        if before == now {
            return None;
        }
        match now {
            Some(now) => self.index.put(id, now),
            None => self.index.remove(id),
        }
        Some((id, before, now))
    }

    /// Pending elements rise whenever others add something; that is only seen where they overlap.
    fn looks_different(&self, before: Known, now: Known) -> bool {
        let passed = before.z.min(now.z)..=before.z.max(now.z);
        before.size != now.size
            || self
                .index
                .within(now.bounds)
                .iter()
                .filter(|(z, _)| passed.contains(z))
                .count()
                > 1
    }

    /// An element is being drawn and looks like this by now. The tiles do not show it meanwhile.
    pub(crate) fn set_live(&mut self, id: ElementId, element: &Element, document: &Document) {
        if self.live.set(id, element) {
            self.refresh(document, &[id]);
        }
    }

    /// An element is not being drawn any more: what the document holds of it is shown.
    pub(crate) fn drop_live(&mut self, id: ElementId, document: &Document) {
        if self.live.remove(id) {
            self.refresh(document, &[id]);
        }
    }

    /// The elements that may be painted within a part of the board, lowest first.
    pub(crate) fn within(&self, part: Rect) -> Vec<ElementId> {
        self.index
            .within(part)
            .into_iter()
            .map(|(_, id)| id)
            .collect()
    }

    /// Whether the server's picture is still in front.
    pub(crate) fn is_first(&self) -> bool {
        self.first.is_some()
    }

    /// Paints what changed; says whether there is more to do.
    pub(crate) fn frame(
        &mut self,
        document: &Document,
        overlay: &Overlay,
        may_take_over: bool,
        now_ms: f64,
    ) -> bool {
        let done = self.paint_tiles(document);
        self.note_highlights();
        self.paint_base(done.changed);
        if self.live.is_stale {
            let placement = self.tiles.placement();
            self.live
                .paint_ink(&self.live_layer, &self.theme, placement);
        }
        self.paint_overlay(overlay, now_ms);
        if done.is_whole && may_take_over {
            self.take_over();
        }
        done.wants_more
    }

    fn paint_tiles(&mut self, document: &Document) -> Done {
        let budget = if self.first.is_some() {
            FIRST_MS
        } else {
            BUSY_MS
        };
        let mut source = Source {
            document,
            index: &self.index,
            paths: &mut self.paths,
            theme: &self.theme,
            until_ms: browser::now_ms() + budget,
        };
        self.tiles.paint(&mut source)
    }

    fn paint_base(&mut self, changed: Option<Area>) {
        let stale = self.stale.take().into_iter().chain(changed);
        if let Some(area) = stale.reduce(Area::union) {
            self.compose(area.meet(self.window));
        }
    }

    /// A highlighter that is being drawn is on the base, since ink is above it.
    fn note_highlights(&mut self) {
        let has = self.live.has_highlights();
        if self.live.is_stale && (has || self.highlights_live) {
            self.stale = Some(self.window);
        }
        self.highlights_live = has;
        if !has {
            self.gathered = None;
        }
    }

    fn paint_overlay(&mut self, overlay: &Overlay, now_ms: f64) {
        if overlay.is_blank() && self.overlay_was_blank {
            return;
        }
        self.top.wipe(self.window);
        overlay.paint(&self.top, &self.theme, self.dpr, now_ms);
        self.overlay_was_blank = overlay.is_blank();
    }

    /// Puts a part of the base together.
    fn compose(&mut self, area: Area) {
        if area.is_empty() {
            return;
        }
        self.base.clip(area);
        self.base.fill(&self.theme.paper, area);
        if self.highlights_live && !self.tiles.has_old() {
            self.compose_gathered();
        } else {
            self.compose_tiles();
        }
        self.base.unclip();
    }

    fn compose_tiles(&self) {
        let (base, theme, has_old) = (&self.base, &self.theme, self.tiles.has_old());
        let blank = |area: Area| {
            if has_old {
                base.fill(&theme.paper, area);
            }
        };
        let highlight =
            |layer: &Layer, area: Area| blended(base, theme, |base| base.copy(layer, area));
        self.tiles
            .lay_all(blank, highlight, |layer, area| base.copy(layer, area));
        if self.highlights_live {
            let placement = self.tiles.placement();
            blended(base, theme, |base| {
                self.live.paint_under(base, theme, placement)
            });
            base.plain();
        }
    }

    /// Overlapping highlighters of one group are one: those being drawn join the settled ones before all get transparent.
    fn compose_gathered(&mut self) {
        if self.gathered.is_none() {
            self.gathered = tolerate("a layer", Layer::new(self.window.w, self.window.h));
        }
        let Some(gathered) = &self.gathered else {
            return;
        };
        gathered.wipe(self.window);
        if self.tiles.has_highlights() {
            self.tiles.lay_under(gathered);
        }
        self.live
            .paint_under(gathered, &self.theme, self.tiles.placement());
        blended(&self.base, &self.theme, |base| {
            base.copy(gathered, self.window)
        });
        self.tiles.lay_ink(&self.base);
    }

    /// The canvases show the same as the server's picture, which goes in this very frame.
    fn take_over(&mut self) {
        if let Some(first) = self.first.take() {
            self.base.show(true);
            first.remove();
        }
    }
}

/// Paints as highlighters are painted.
fn blended(base: &Layer, theme: &Theme, paint: impl FnOnce(&Layer)) {
    base.ink.set_global_alpha(HIGHLIGHT);
    tolerate(
        "blending",
        base.ink.set_global_composite_operation(theme.blend()),
    );
    paint(base);
    base.ink.set_global_alpha(1.0);
    tolerate(
        "blending",
        base.ink.set_global_composite_operation("source-over"),
    );
}

fn known(document: &Document, id: ElementId) -> Option<Known> {
    let (z, item) = document.shown(id)?;
    Some(Known {
        z,
        bounds: item.element.bounds(),
        size: paths::size(&item.element),
    })
}

/// Device pixels as a length of style sheets.
fn length(device: i32, dpr: f64) -> String {
    let mut css = String::from(
        js_sys::Number::from(f64::from(device) / dpr)
            .to_string_with_radix(10)
            .unwrap_or_default(),
    );
    css.push_str("px");
    css
}
