//! The paths of elements as the browser takes them, made once and kept while they are of use.
//!
//! Bounded by two generations: when the young one is full it becomes the old one, and what is used moves back.

use std::rc::Rc;

use inkroom_board::element::{Brush, Element};
use inkroom_board::outline::{self, Paint};
use inkroom_board::{Colour, ElementId};
use web_sys::{CanvasRenderingContext2d, Path2d};

use super::quick::QuickMap;
use crate::browser;

/// Most paths in a generation: a crowded screen's worth.
const PATHS: usize = 20_000;
/// Most points behind them.
const POINTS: usize = 1_500_000;
/// The even light of a highlighter.
pub(crate) const HIGHLIGHT: f64 = 0.35;

/// A path, ready to be painted.
#[derive(Debug)]
pub(crate) struct Drawn {
    path: Path2d,
    /// The width of a line to draw; without it, the path is filled.
    line: Option<f64>,
    pub(crate) colour: Colour,
    pub(crate) is_highlight: bool,
    size: usize,
}

impl Drawn {
    pub(crate) fn new(element: &Element) -> Option<Self> {
        let outline = outline::element(element);
        let path = browser::tolerate("a path", Path2d::new_with_path_string(&outline.d))?;
        let line = match outline.paint {
            Paint::Fill => None,
            Paint::StrokeLine { width } => Some(width),
        };
        let colour = element.style().colour;
        Some(Self {
            path,
            line,
            colour,
            is_highlight: is_highlight(element),
            size: size(element),
        })
    }

    /// Paints it in the colour that is set.
    pub(crate) fn paint(&self, ink: &CanvasRenderingContext2d) {
        match self.line {
            None => ink.fill_with_path_2d(&self.path),
            Some(width) => {
                ink.set_line_width(width);
                ink.set_line_cap("round");
                ink.set_line_join("round");
                ink.stroke_with_path(&self.path);
            }
        }
    }
}

pub(crate) fn is_highlight(element: &Element) -> bool {
    matches!(element, Element::Stroke(stroke) if stroke.brush == Brush::Highlighter)
}

/// Tells the states of an element apart: a stroke only grows, a shape never changes.
pub(crate) fn size(element: &Element) -> usize {
    match element {
        Element::Stroke(stroke) => stroke.points.len(),
        Element::Shape(_) => 1,
    }
}

/// Paths of settled elements.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    young: QuickMap<ElementId, Rc<Drawn>>,
    old: QuickMap<ElementId, Rc<Drawn>>,
    points: usize,
}

impl Paths {
    pub(crate) fn get(&mut self, id: ElementId, element: &Element) -> Option<Rc<Drawn>> {
        let wanted = size(element);
        if let Some(drawn) = self.young.get(&id).filter(|drawn| drawn.size == wanted) {
            return Some(drawn.clone());
        }
        let kept = self.old.remove(&id).filter(|drawn| drawn.size == wanted);
        let drawn = kept.or_else(|| Drawn::new(element).map(Rc::new))?;
        self.keep(id, drawn.clone());
        Some(drawn)
    }

    fn keep(&mut self, id: ElementId, drawn: Rc<Drawn>) {
        if self.young.len() >= PATHS || self.points >= POINTS {
            self.old = core::mem::take(&mut self.young);
            self.points = 0;
        }
        self.points += drawn.size;
        self.young.insert(id, drawn);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
