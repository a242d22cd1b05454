//! Settled elements, painted once and kept as tiles.
//!
//! A camera that moves only moves tiles. Another zoom starts a new set; until it is painted, the old one is shown scaled
//! beneath. What changes on the board is noted for each tile and painted at the next frame that shows it: an element on
//! top of all others is simply added, anything else repaints the pixels that it covers.

use inkroom_board::camera::Camera;
use inkroom_board::{Document, ElementId, Rect};

use super::grid::{Area, Grid, Key, Lay, Span, TILE};
use super::index::{Index, Known};
use super::layer::Layer;
use super::paths::Paths;
use super::quick::QuickMap;
use super::theme::Theme;
use crate::browser;

/// A new set of tiles begins when the zoom has rested for so many ms …
const ZOOM_REST_MS: f64 = 120.0;
/// … or is this much larger or smaller than that of the tiles.
const ZOOM_RATIO: f64 = 2.0;
/// Between two looks at the clock, so many elements are painted.
const BURST: usize = 24;
/// More elements than this under changed pixels are painted over several frames.
const AT_ONCE: usize = 600;
/// Most additions noted for a tile that is not shown; beyond, it is painted anew when it is.
const NOTED: usize = 64;
/// Tiles kept beyond those that are shown: each is up to 2 MiB.
const SPARE: usize = 40;

/// What painting needs to know.
pub(crate) struct Source<'a> {
    pub(crate) document: &'a Document,
    pub(crate) index: &'a Index,
    pub(crate) paths: &'a mut Paths,
    pub(crate) theme: &'a Theme,
    /// When to stop, by [`browser::now_ms`].
    pub(crate) until_ms: f64,
}

/// A part of the board as pixels: highlighters beneath, ink above. A layer without anything on it does not exist.
#[derive(Debug, Default)]
struct Tile {
    under: Option<Layer>,
    ink: Option<Layer>,
    /// What is still to be painted, from the end; nothing once the tile is whole.
    todo: Option<Vec<(u64, ElementId)>>,
    /// The highest element on it.
    top: u64,
    changed: Option<Area>,
    added: Vec<(u64, ElementId)>,
    used: u64,
}

#[derive(Debug)]
struct Set {
    grid: Grid,
    tiles: QuickMap<Key, Tile>,
}

/// All tiles.
#[derive(Debug)]
pub(crate) struct Tiles {
    sharp: Set,
    old: Option<Set>,
    camera: Camera,
    dpr: f64,
    window: (f64, f64),
    zoomed_ms: f64,
    stamp: u64,
}

/// What painting tiles did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    /// The part of the window that looks different.
    pub(crate) changed: Option<Area>,
    /// Whether everything in the window is painted, and sharp.
    pub(crate) is_whole: bool,
    /// Whether there is more to paint.
    pub(crate) wants_more: bool,
}

impl Tiles {
    pub(crate) fn new(camera: Camera) -> Self {
        let sharp = Set {
            grid: Grid::new(camera, 1.0),
            tiles: QuickMap::default(),
        };
        Self {
            sharp,
            old: None,
            camera,
            dpr: 1.0,
            window: (1.0, 1.0),
            zoomed_ms: 0.0,
            stamp: 0,
        }
    }

    /// Looks through another camera, or at a window of another size in device pixels.
    pub(crate) fn look(&mut self, camera: Camera, dpr: f64, window: (f64, f64), now_ms: f64) {
        if (camera.zoom * dpr - self.camera.zoom * self.dpr).abs() > 1e-12 {
            self.zoomed_ms = now_ms;
        }
        (self.camera, self.dpr, self.window) = (camera, dpr, window);
    }

    /// How the tiles are laid over the window now.
    pub(crate) fn lay(&self) -> Lay {
        self.sharp.grid.lay(self.camera, self.dpr)
    }

    /// How many device pixels a board pixel has, and where in the window the board's origin is.
    pub(crate) fn placement(&self) -> (f64, (f64, f64)) {
        let (grid, lay) = (self.sharp.grid, self.lay());
        let at = |origin: f64, shift: f64| origin * lay.ratio + shift;
        (
            grid.scale * lay.ratio,
            (
                at(grid.origin.0, lay.shift.0),
                at(grid.origin.1, lay.shift.1),
            ),
        )
    }

    /// Forgets all pixels; they are painted anew.
    pub(crate) fn forget(&mut self) {
        self.sharp = Set {
            grid: Grid::new(self.camera, self.dpr),
            tiles: QuickMap::default(),
        };
        self.old = None;
    }

    /// A part of the board looks different.
    pub(crate) fn change(&mut self, part: Rect) {
        self.old_is_outdated(part);
        let grid = self.sharp.grid;
        self.sharp.over(part, |key, tile| {
            let area = grid.pixels(part, key);
            tile.changed = Some(tile.changed.map_or(area, |known| known.union(area)));
        });
    }

    /// An element came.
    pub(crate) fn add(&mut self, id: ElementId, known: Known) {
        self.old_is_outdated(known.bounds);
        self.sharp
            .over(known.bounds, |_, tile| tile.added.push((known.z, id)));
        self.sharp
            .tiles
            .retain(|_, tile| tile.added.len() <= NOTED || tile.used == self.stamp);
    }

    fn old_is_outdated(&mut self, part: Rect) {
        if let Some(old) = &mut self.old {
            let span = old.grid.over(part);
            old.tiles.retain(|key, _| !span.holds(*key));
        }
    }

    /// Paints what the window misses, for as long as there is time.
    pub(crate) fn paint(&mut self, source: &mut Source<'_>) -> Done {
        self.stamp += 1;
        let restarted = self.restart_if_due();
        let span = self.lay().shown(self.window.0, self.window.1);
        let mut done = self.mend(span, source);
        let (painted, is_whole) = self.complete(&span.nearest_first(), source);
        done.changed = join(done.changed, painted);
        done.is_whole = is_whole && self.is_sharp();
        if done.is_whole && self.old.take().is_some() || restarted {
            done.changed = Some(self.whole_window());
        }
        done.wants_more = !done.is_whole || !self.look_ahead(span, source);
        self.let_go(span);
        done
    }

    pub(crate) fn whole_window(&self) -> Area {
        Area {
            x: 0,
            y: 0,
            w: super::grid::floor(self.window.0),
            h: super::grid::floor(self.window.1),
        }
    }

    fn is_sharp(&self) -> bool {
        self.sharp.grid.fits(self.camera, self.dpr)
    }

    /// Starts a new set for another zoom, once it rests or is too far from that of the tiles.
    fn restart_if_due(&mut self) -> bool {
        let ratio = self.lay().ratio;
        let far = !(1.0 / ZOOM_RATIO..=ZOOM_RATIO).contains(&ratio);
        if self.is_sharp() || !(far || browser::now_ms() - self.zoomed_ms >= ZOOM_REST_MS) {
            return false;
        }
        let fresh = Set {
            grid: Grid::new(self.camera, self.dpr),
            tiles: QuickMap::default(),
        };
        let before = core::mem::replace(&mut self.sharp, fresh);
        if self.old.is_none() || before.tiles.values().any(|tile| tile.todo.is_none()) {
            self.old = Some(before);
        }
        true
    }

    /// Brings the tiles in the window up to date.
    fn mend(&mut self, span: Span, source: &mut Source<'_>) -> Done {
        let (grid, lay, mut done) = (self.sharp.grid, self.lay(), Done::default());
        for key in span.tiles() {
            let Some(tile) = self.sharp.tiles.get_mut(&key) else {
                continue;
            };
            tile.used = self.stamp;
            if tile.todo.is_none()
                && let Some(area) = tile.mend(grid, key, source)
            {
                done.changed = join(done.changed, Some(lay.window(area, key)));
            }
        }
        done
    }

    /// Paints tiles until all are whole or the time is over; says what changed, and whether all are.
    fn complete(&mut self, keys: &[Key], source: &mut Source<'_>) -> (Option<Area>, bool) {
        let (grid, lay, mut changed) = (self.sharp.grid, self.lay(), None);
        for key in keys {
            let tile = self
                .sharp
                .tiles
                .entry(*key)
                .or_insert_with(|| Tile::begin(grid, *key, source));
            tile.used = self.stamp;
            if tile.todo.is_none() {
                continue;
            }
            let is_whole = tile.go_on(grid, *key, source);
            changed = join(changed, Some(lay.place(*key)));
            if !is_whole {
                return (changed, false);
            }
        }
        (changed, true)
    }

    /// Paints the tiles around the window, so that panning finds them there. Whether all are painted.
    fn look_ahead(&mut self, span: Span, source: &mut Source<'_>) -> bool {
        let around: Vec<_> = span
            .grown(1)
            .tiles()
            .filter(|key| !span.holds(*key))
            .collect();
        self.complete(&around, source).1
    }

    /// Lets go of the tiles that were not shown for the longest time.
    fn let_go(&mut self, span: Span) {
        let around = span.grown(1);
        let keep = around.tiles().count() + SPARE;
        while self.sharp.tiles.len() > keep {
            let away = self
                .sharp
                .tiles
                .iter()
                .filter(|(key, _)| !around.holds(**key));
            let Some(key) = away.min_by_key(|(_, tile)| tile.used).map(|(key, _)| *key) else {
                return;
            };
            self.sharp.tiles.remove(&key);
        }
    }

    /// Copies the highlighters of all tiles to a layer.
    pub(crate) fn lay_under(&self, to: &Layer) {
        self.shown()
            .for_each(|(area, tile)| tile.under.iter().for_each(|under| to.copy(under, area)));
    }

    /// Copies the ink of all tiles to a layer.
    pub(crate) fn lay_ink(&self, to: &Layer) {
        self.shown()
            .for_each(|(area, tile)| tile.ink.iter().for_each(|ink| to.copy(ink, area)));
    }

    fn shown(&self) -> impl Iterator<Item = (Area, &Tile)> {
        let lay = self.lay();
        let span = lay.shown(self.window.0, self.window.1);
        span.tiles().filter_map(move |key| {
            self.sharp
                .tiles
                .get(&key)
                .map(|tile| (lay.place(key), tile))
        })
    }

    /// Whether there are old tiles to be shown beneath.
    pub(crate) fn has_old(&self) -> bool {
        self.old.is_some()
    }

    /// Copies everything to a layer, old tiles where the sharp ones are not whole yet. `highlight` and `ink` copy a layer
    /// of a tile, `blank` takes away what is there.
    pub(crate) fn lay_all(
        &self,
        blank: impl Fn(Area),
        highlight: impl Fn(&Layer, Area),
        ink: impl Fn(&Layer, Area),
    ) {
        let copy = |area: Area, tile: &Tile| {
            tile.under.iter().for_each(|layer| highlight(layer, area));
            tile.ink.iter().for_each(|layer| ink(layer, area));
        };
        if let Some(old) = &self.old {
            let lay = old.grid.lay(self.camera, self.dpr);
            let span = lay.shown(self.window.0, self.window.1);
            let seen = old.tiles.iter().filter(|(key, _)| span.holds(**key));
            seen.for_each(|(key, tile)| copy(lay.place(*key), tile));
        }
        for (area, tile) in self
            .shown()
            .filter(|(_, tile)| self.old.is_none() || tile.todo.is_none())
        {
            blank(area);
            copy(area, tile);
        }
    }

    /// Whether any tile has highlighters.
    pub(crate) fn has_highlights(&self) -> bool {
        let sets = core::iter::once(&self.sharp).chain(&self.old);
        sets.flat_map(|set| set.tiles.values())
            .any(|tile| tile.under.is_some())
    }
}

fn join(a: Option<Area>, b: Option<Area>) -> Option<Area> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.union(b)),
        (a, b) => a.or(b),
    }
}

impl Set {
    /// Does something with every tile that shows a part of the board.
    fn over(&mut self, part: Rect, mut act: impl FnMut(Key, &mut Tile)) {
        let span = self.grid.over(part);
        self.tiles
            .iter_mut()
            .filter(|(key, _)| span.holds(**key))
            .for_each(|(key, tile)| act(*key, tile));
    }
}

impl Tile {
    fn begin(grid: Grid, key: Key, source: &Source<'_>) -> Self {
        let mut todo = source.index.within(grid.board(key));
        let top = todo.last().map_or(0, |(z, _)| *z);
        todo.reverse();
        Self {
            todo: Some(todo),
            top,
            ..Self::default()
        }
    }

    /// Paints on until it is whole or the time is over; says whether it is whole.
    fn go_on(&mut self, grid: Grid, key: Key, source: &mut Source<'_>) -> bool {
        let mut todo = self.todo.take().unwrap_or_default();
        while !todo.is_empty() {
            if browser::now_ms() >= source.until_ms {
                self.todo = Some(todo);
                return false;
            }
            let from = todo.len().saturating_sub(BURST);
            let burst = todo.split_off(from);
            burst
                .iter()
                .rev()
                .for_each(|(_, id)| self.draw(*id, grid, key, source));
        }
        true
    }

    /// Paints what was noted; says which pixels changed.
    fn mend(&mut self, grid: Grid, key: Key, source: &mut Source<'_>) -> Option<Area> {
        let mut added = core::mem::take(&mut self.added);
        added.sort_unstable();
        let on_top = self.changed.is_none() && added.first().is_none_or(|(z, _)| *z > self.top);
        let bounds = added.iter().filter_map(|(_, id)| source.index.get(*id));
        let area = bounds
            .map(|known| grid.pixels(known.bounds, key))
            .fold(self.changed.take(), |all, area| join(all, Some(area)))?;
        if area.is_empty() {
            return None;
        }
        if on_top {
            added
                .iter()
                .for_each(|(_, id)| self.draw(*id, grid, key, source));
            self.top = added.last().map_or(self.top, |(z, _)| *z);
        } else {
            self.repaint(area, grid, key, source);
        }
        Some(area)
    }

    fn repaint(&mut self, area: Area, grid: Grid, key: Key, source: &mut Source<'_>) {
        let there = source.index.within(grid.part(area, key));
        self.top = self.top.max(there.last().map_or(0, |(z, _)| *z));
        if there.len() > AT_ONCE {
            *self = Self {
                used: self.used,
                ..Self::begin(grid, key, source)
            };
            return;
        }
        self.layers().for_each(|layer| layer.wipe(area));
        self.layers().for_each(|layer| layer.clip(area));
        let (had_under, had_ink) = (self.under.is_some(), self.ink.is_some());
        there
            .iter()
            .for_each(|(_, id)| self.draw(*id, grid, key, source));
        self.under
            .iter()
            .filter(|_| had_under)
            .for_each(Layer::unclip);
        self.ink.iter().filter(|_| had_ink).for_each(Layer::unclip);
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.under.iter().chain(&self.ink)
    }

    fn draw(&mut self, id: ElementId, grid: Grid, key: Key, source: &mut Source<'_>) {
        let Some((_, item)) = source
            .document
            .shown(id)
            .filter(|_| source.index.get(id).is_some())
        else {
            return;
        };
        let Some(drawn) = source.paths.get(id, &item.element) else {
            return;
        };
        let slot = if drawn.is_highlight {
            &mut self.under
        } else {
            &mut self.ink
        };
        if slot.is_none() {
            *slot = browser::tolerate("a tile", Layer::new(TILE, TILE));
        }
        let Some(layer) = slot else { return };
        layer.place(grid.scale, grid.offset(key));
        let colour = source.theme.colour(drawn.colour);
        layer.ink.set_fill_style_str(&colour);
        layer.ink.set_stroke_style_str(&colour);
        drawn.paint(&layer.ink);
    }
}
