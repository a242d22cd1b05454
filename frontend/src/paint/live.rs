//! What is being drawn right now, by oneself and by others: painted anew whenever it grows.

use inkroom_board::{Element, ElementId, Rect};

use super::grid::Area;
use super::layer::Layer;
use super::paths::Drawn;
use super::theme::Theme;

#[derive(Debug)]
struct Entry {
    id: ElementId,
    drawn: Drawn,
    bounds: Rect,
}

/// Live ink: a handful, in the order in which it began.
#[derive(Debug, Default)]
pub(crate) struct Live {
    entries: Vec<Entry>,
    painted: Option<Area>,
    /// The layer does not show what is here.
    pub(crate) is_stale: bool,
}

/// Where the board is in the window: device pixels a board pixel, and the place of its origin.
pub(crate) type Placement = (f64, (f64, f64));

impl Live {
    pub(crate) fn holds(&self, id: ElementId) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    /// Puts an element as it is by now; whether it is new here.
    pub(crate) fn set(&mut self, id: ElementId, element: &Element) -> bool {
        let Some(drawn) = Drawn::new(element) else {
            return false;
        };
        self.is_stale = true;
        let fresh = Entry {
            id,
            drawn,
            bounds: element.bounds(),
        };
        let known = self.entries.iter_mut().find(|entry| entry.id == id);
        let is_new = known.is_none();
        match known {
            Some(known) => *known = fresh,
            None => self.entries.push(fresh),
        }
        is_new
    }

    /// Takes an element away; whether it was here.
    pub(crate) fn remove(&mut self, id: ElementId) -> bool {
        let was_here = self.holds(id);
        self.entries.retain(|entry| entry.id != id);
        self.is_stale |= was_here;
        was_here
    }

    pub(crate) fn has_highlights(&self) -> bool {
        self.entries.iter().any(|entry| entry.drawn.is_highlight)
    }

    /// Paints the highlighters, opaque, on the layer where all highlighters gather.
    pub(crate) fn paint_under(&self, to: &Layer, theme: &Theme, placement: Placement) {
        self.paint(true, to, theme, placement);
    }

    /// Paints everything else on its own layer, where the last picture is taken away first.
    pub(crate) fn paint_ink(&mut self, to: &Layer, theme: &Theme, placement: Placement) {
        if let Some(area) = self.painted.take() {
            to.wipe(area);
        }
        self.paint(false, to, theme, placement);
        let inks = self
            .entries
            .iter()
            .filter(|entry| !entry.drawn.is_highlight);
        self.painted = inks
            .map(|entry| pixels(entry.bounds, placement))
            .reduce(Area::union);
        self.is_stale = false;
    }

    fn paint(&self, highlights: bool, to: &Layer, theme: &Theme, (scale, origin): Placement) {
        to.place(scale, origin);
        for Entry { drawn, .. } in self
            .entries
            .iter()
            .filter(|entry| entry.drawn.is_highlight == highlights)
        {
            let colour = theme.colour(drawn.colour);
            to.ink.set_fill_style_str(&colour);
            to.ink.set_stroke_style_str(&colour);
            drawn.paint(&to.ink);
        }
    }
}

/// The window's pixels over a part of the board, rounded outwards.
fn pixels(part: Rect, (scale, (x, y)): Placement) -> Area {
    let at = |units: i32, origin: f64| {
        super::grid::floor(inkroom_board::geom::px(units) * scale + origin)
    };
    let (left, top) = (
        at(part.min.x, x).saturating_sub(1),
        at(part.min.y, y).saturating_sub(1),
    );
    let (right, bottom) = (
        at(part.max.x, x).saturating_add(2),
        at(part.max.y, y).saturating_add(2),
    );
    Area {
        x: left,
        y: top,
        w: right.saturating_sub(left),
        h: bottom.saturating_sub(top),
    }
}
