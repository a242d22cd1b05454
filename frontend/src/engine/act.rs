//! What the pointer that draws is doing: ink, a shape, or erasing.
//!
//! An act turns samples into ops and live ink; it is shown on the live layer until its last op is in the document. One gesture
//! is one step of undo, whatever number of ops it takes.

use inkroom_app::tool::Tool;
use inkroom_board::element::{Brush, Element, Shape, ShapeKind, Stroke, Style};
use inkroom_board::history::Step;
use inkroom_board::limits;
use inkroom_board::outline;
use inkroom_board::pen::{Pen, PenEffect, PenEvent, Sample, shape_between};
use inkroom_board::wire::{ClientMessage, Sketch};
use inkroom_board::{ElementId, Op, Pos, Rect};

use super::{Engine, Place};
use crate::browser;
use crate::paint::cursors::Crumb;
use leptos::prelude::GetUntracked;

/// The eraser's radius, in CSS pixels.
pub(super) const REACH: f64 = 8.0;
/// A shape smaller than so many CSS pixels was a slip of the hand.
const SLIP: f64 = 4.0;
/// Between two messages about a shape there are at least so many ms …
const SHAPE_EVERY_MS: f64 = 16.0;
/// … and at most so many, so that nobody takes a resting hand for a lost one.
const SHAPE_AGAIN_MS: f64 = 1_000.0;
/// A pen that rests is looked at after so many ms: its last points are to be sent.
const PEN_REST_MS: f64 = 20.0;
/// A highlighter is so many times as wide as a pen: it has to cover what the pen wrote.
const HIGHLIGHTER_TIMES: u16 = 4;
/// And then this often: what it drew is committed at least every second.
const PEN_AGAIN_MS: f64 = 250.0;

/// What a pointer is doing.
#[derive(Debug)]
pub(super) enum Act {
    Ink(Inking),
    Shape(Shaping),
    Erase(Erasing),
}

#[derive(Debug)]
pub(super) struct Inking {
    pen: Pen,
    brush: Brush,
    style: Style,
    id: ElementId,
    /// How many strokes the gesture took: a very long one goes on in a new stroke.
    strokes: u32,
    is_noted: bool,
    is_stale: bool,
    look_at: f64,
}

#[derive(Debug)]
pub(super) struct Shaping {
    id: ElementId,
    kind: ShapeKind,
    style: Style,
    from: Pos,
    to: Pos,
    constrained: bool,
    told_ms: Option<f64>,
    is_untold: bool,
    is_stale: bool,
}

#[derive(Debug)]
pub(super) struct Erasing {
    at: Pos,
    is_noted: bool,
}

impl Shaping {
    fn shape(&self) -> Shape {
        let (from, to) = shape_between(self.kind, self.from, self.to, self.constrained);
        Shape {
            kind: self.kind,
            style: self.style,
            from,
            to,
        }
    }
}

fn new_id() -> ElementId {
    ElementId(browser::random_bytes())
}

impl Engine {
    /// The tool touches the board.
    pub(super) fn begin_act(
        &mut self,
        erase: bool,
        place: Place,
        sample: Sample,
        constrained: bool,
    ) {
        let tool = if erase {
            Tool::Eraser
        } else {
            self.handle.tool.get_untracked()
        };
        let act = match tool {
            Tool::Hand => return,
            Tool::Eraser => Act::Erase(Erasing {
                at: sample.at,
                is_noted: false,
            }),
            Tool::Pen => self.ink_with(Brush::Pen),
            Tool::Highlighter => self.ink_with(Brush::Highlighter),
            Tool::Rectangle => self.shape_with(ShapeKind::Rectangle, sample.at),
            Tool::Ellipse => self.shape_with(ShapeKind::Ellipse, sample.at),
            Tool::Line => self.shape_with(ShapeKind::Line, sample.at),
            Tool::Arrow => self.shape_with(ShapeKind::Arrow, sample.at),
        };
        self.act = Some(act);
        match &mut self.act {
            Some(Act::Ink(_)) => self.pen(PenEvent::Down(sample)),
            Some(Act::Shape(shaping)) => shaping.constrained = constrained,
            Some(Act::Erase(_)) => self.erase_to(place, sample.at),
            None => {}
        }
    }

    fn style(&self) -> Style {
        Style {
            colour: self.handle.colour.get_untracked(),
            width: self.handle.width.get_untracked(),
        }
    }

    fn ink_with(&self, brush: Brush) -> Act {
        let pen = Pen::new(Pen::grid_at(self.camera.zoom));
        let mut style = self.style();
        if brush == Brush::Highlighter {
            style.width.0 = style
                .width
                .0
                .saturating_mul(HIGHLIGHTER_TIMES)
                .min(*limits::WIDTH.end());
        }
        Act::Ink(Inking {
            pen,
            brush,
            style,
            id: new_id(),
            strokes: 0,
            is_noted: false,
            is_stale: true,
            look_at: 0.0,
        })
    }

    fn shape_with(&self, kind: ShapeKind, at: Pos) -> Act {
        let style = self.style();
        Act::Shape(Shaping {
            id: new_id(),
            kind,
            style,
            from: at,
            to: at,
            constrained: false,
            told_ms: None,
            is_untold: false,
            is_stale: false,
        })
    }

    /// It goes on through these places.
    pub(super) fn go_on(
        &mut self,
        place: Place,
        samples: &[Sample],
        predicted: &[Sample],
        constrained: bool,
    ) {
        let Some(last) = samples.last() else { return };
        match &mut self.act {
            Some(Act::Ink(_)) => self.pen(PenEvent::Move { samples, predicted }),
            Some(Act::Shape(shaping)) => {
                shaping.to = last.at;
                shaping.constrain(constrained);
                self.is_stale = true;
                self.tell_shape(browser::now_ms());
            }
            Some(Act::Erase(_)) => samples
                .iter()
                .for_each(|sample| self.erase_to(place, sample.at)),
            None => {}
        }
    }

    /// Shift was pressed or let go.
    pub(super) fn constrain(&mut self, constrained: bool) {
        if let Some(Act::Shape(shaping)) = &mut self.act {
            shaping.constrain(constrained);
            self.is_stale = true;
            self.tell_shape(browser::now_ms());
        }
    }

    /// The tool is lifted.
    pub(super) fn end_act(&mut self, place: Place, sample: Sample, constrained: bool) {
        match &mut self.act {
            Some(Act::Ink(_)) => self.pen(PenEvent::Up(sample)),
            Some(Act::Shape(shaping)) => {
                shaping.to = sample.at;
                shaping.constrained = constrained;
                self.finish_shape();
            }
            Some(Act::Erase(_)) => self.erase_to(place, sample.at),
            None => {}
        }
        self.leave_act();
    }

    /// It never happened.
    pub(super) fn abort_act(&mut self) {
        match &self.act {
            Some(Act::Ink(_)) => self.pen(PenEvent::Cancel),
            Some(Act::Shape(_)) => self.take_shape_back(),
            Some(Act::Erase(Erasing { is_noted: true, .. })) => {
                let mut history = core::mem::take(&mut self.history);
                history.go(inkroom_board::history::Way::Undo, self);
                self.history = history;
            }
            _ => {}
        }
        self.leave_act();
    }

    /// Its person may not draw any more: what was committed stays, the rest disappears, here as everywhere.
    pub(super) fn drop_act(&mut self) {
        self.pointers.stop_drawing();
        self.leave_act();
    }

    fn leave_act(&mut self) {
        self.is_stale = true;
        if let Some(Act::Ink(Inking { id, .. }) | Act::Shape(Shaping { id, .. })) = self.act.take()
        {
            self.paint.drop_live(id, self.replica.document());
        }
    }

    /// Puts the act on the live layer; called once a frame, however many events there were.
    pub(super) fn show_act(&mut self) {
        let shown = match &mut self.act {
            Some(Act::Ink(inking)) if inking.is_stale => {
                inking.is_stale = false;
                let points = inkroom_board::Points(inking.pen.live());
                (
                    inking.id,
                    Element::Stroke(Stroke {
                        brush: inking.brush,
                        style: inking.style,
                        points,
                        done: false,
                    }),
                )
            }
            Some(Act::Shape(shaping)) if shaping.is_stale => {
                shaping.is_stale = false;
                (shaping.id, Element::Shape(shaping.shape()))
            }
            _ => return,
        };
        self.paint
            .set_live(shown.0, &shown.1, self.replica.document());
    }

    /// When the act wants to be looked at though no event comes.
    pub(super) fn act_due(&self) -> Option<f64> {
        match self.act.as_ref()? {
            Act::Ink(inking) => Some(inking.look_at),
            Act::Shape(shaping) => {
                let every = if shaping.is_untold {
                    SHAPE_EVERY_MS
                } else {
                    SHAPE_AGAIN_MS
                };
                shaping.told_ms.map(|told| told + every)
            }
            Act::Erase(_) => None,
        }
    }

    pub(super) fn tick_act(&mut self, now_ms: f64) {
        match &mut self.act {
            Some(Act::Ink(inking)) if inking.look_at <= now_ms => {
                self.pen(PenEvent::Tick(browser::whole_ms(now_ms)));
                if let Some(Act::Ink(inking)) = &mut self.act {
                    inking.look_at = now_ms + PEN_AGAIN_MS;
                }
            }
            Some(Act::Shape(shaping))
                if shaping
                    .told_ms
                    .is_some_and(|told| told + SHAPE_AGAIN_MS <= now_ms) =>
            {
                shaping.is_untold = true;
                self.tell_shape(now_ms);
            }
            Some(Act::Shape(_)) => self.tell_shape(now_ms),
            _ => {}
        }
    }

    fn pen(&mut self, event: PenEvent<'_>) {
        let Some(Act::Ink(inking)) = &mut self.act else {
            return;
        };
        inking.is_stale = true;
        inking.look_at = browser::now_ms() + PEN_REST_MS;
        self.is_stale = true;
        for effect in inking.pen.handle(event) {
            self.pen_wants(effect);
        }
    }

    fn pen_wants(&mut self, effect: PenEffect) {
        let Some(Act::Ink(inking)) = &mut self.act else {
            return;
        };
        let (id, brush, style) = (inking.id, inking.brush, inking.style);
        match effect {
            PenEffect::Begin => self.next_stroke(),
            PenEffect::Ink { from, points } => self.sketch(Sketch::Stroke {
                id,
                brush,
                style,
                from,
                points,
            }),
            PenEffect::Add { points, done } => {
                let element = Element::Stroke(Stroke {
                    brush,
                    style,
                    points,
                    done,
                });
                let was_noted = core::mem::replace(&mut inking.is_noted, true);
                self.perform(Op::Add { id, element });
                self.note(Step::Remove(Vec::from([id])), was_noted);
            }
            PenEffect::Extend { from, points, done } => drop(self.perform(Op::Extend {
                id,
                from,
                points,
                done,
            })),
            PenEffect::Gone => self.sketch(Sketch::Gone { id }),
            PenEffect::Remove => drop(self.perform(Op::Remove {
                ids: Vec::from([id]),
            })),
        }
    }

    /// A stroke begins; if it carries on a very long one, that one is settled.
    fn next_stroke(&mut self) {
        let Some(Act::Ink(inking)) = &mut self.act else {
            return;
        };
        inking.strokes += 1;
        if inking.strokes > 1 {
            let before = core::mem::replace(&mut inking.id, new_id());
            self.paint.drop_live(before, self.replica.document());
        }
    }

    fn note(&mut self, step: Step, is_more_of_the_gesture: bool) {
        if is_more_of_the_gesture {
            self.history.did_also(step);
        } else {
            self.history.did(step);
        }
    }

    fn sketch(&self, sketch: Sketch) {
        if self.replica.is_live() {
            self.link.send_light(&ClientMessage::Ink(sketch));
        }
    }

    /// Shows the shape to others, but not too often.
    fn tell_shape(&mut self, now_ms: f64) {
        let Some(Act::Shape(shaping)) = &mut self.act else {
            return;
        };
        if !shaping.is_untold
            || shaping
                .told_ms
                .is_some_and(|told| now_ms - told < SHAPE_EVERY_MS)
        {
            return;
        }
        (shaping.told_ms, shaping.is_untold) = (Some(now_ms), false);
        let sketch = Sketch::Shape {
            id: shaping.id,
            shape: shaping.shape(),
        };
        self.sketch(sketch);
    }

    fn finish_shape(&mut self) {
        let Some(Act::Shape(shaping)) = &self.act else {
            return;
        };
        let (id, shape) = (shaping.id, shaping.shape());
        let slip = inkroom_board::geom::units(SLIP / self.camera.zoom);
        let is_slip = shape
            .from
            .x
            .abs_diff(shape.to.x)
            .max(shape.from.y.abs_diff(shape.to.y))
            < slip.unsigned_abs();
        if is_slip {
            self.take_shape_back();
        } else {
            self.perform(Op::Add {
                id,
                element: Element::Shape(shape),
            });
            self.history.did(Step::Remove(Vec::from([id])));
        }
    }

    fn take_shape_back(&self) {
        if let Some(Act::Shape(Shaping {
            id,
            told_ms: Some(_),
            ..
        })) = self.act
        {
            self.sketch(Sketch::Gone { id });
        }
    }

    /// The eraser goes on to a place; what it touches on its way disappears at once.
    fn erase_to(&mut self, place: Place, to: Pos) {
        let Some(Act::Erase(erasing)) = &mut self.act else {
            return;
        };
        let from = core::mem::replace(&mut erasing.at, to);
        self.is_stale = true;
        self.overlay.trail.push(Crumb {
            x: place.x,
            y: place.y,
            ms: browser::now_ms(),
        });
        let reach = inkroom_board::geom::units(REACH / self.camera.zoom);
        let near = self.paint.within(Rect::spanning(from, to).grown(reach));
        let document = self.replica.document();
        let is_hit = |id: &ElementId| {
            document
                .shown(*id)
                .is_some_and(|(_, item)| outline::hit_segment(&item.element, from, to, reach))
        };
        let ids: Vec<_> = near.into_iter().filter(is_hit).collect();
        for some in ids.chunks(limits::IDS_PER_OP) {
            self.erase(some.to_vec());
        }
    }

    fn erase(&mut self, ids: Vec<ElementId>) {
        let op = self.perform(Op::Remove { ids });
        let Some(Act::Erase(erasing)) = &mut self.act else {
            return;
        };
        let was_noted = core::mem::replace(&mut erasing.is_noted, true);
        self.note(Step::Restore(op), was_noted);
    }
}

impl Shaping {
    fn constrain(&mut self, constrained: bool) {
        self.constrained = constrained;
        (self.is_untold, self.is_stale) = (true, true);
    }
}
