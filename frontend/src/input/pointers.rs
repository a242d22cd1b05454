//! What fingers, pens and mice mean: who draws, who moves the paper, what was a tap. Pure.
//!
//! One pointer draws at a time. A second finger takes back what the first just began and both move the paper;
//! once a pen was seen, fingers only move the paper, and while it draws they are the palm.

/// A second finger that lands so many ms after the first ends its stroke instead of taking it back.
const TAKE_BACK_MS: f64 = 500.0;
/// Fingers that are down for less than this …
const TAP_MS: f64 = 300.0;
/// … and move less than so many CSS pixels were a tap.
const TAP_PX: f64 = 14.0;

/// What kind of thing touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Mouse,
    Pen,
    Touch,
}

/// A pointer that went down, in CSS pixels of the surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Down {
    pub(crate) id: i32,
    pub(crate) kind: Kind,
    /// As in DOM events: 0 first, 1 wheel, 2 second, 5 the eraser's end of a pen.
    pub(crate) button: i16,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) ms: f64,
}

/// What one may do at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct May {
    /// Draw, with the tool at hand.
    pub(crate) draw: bool,
    /// Whether everything moves the paper: the hand tool, or the space bar.
    pub(crate) hand: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Deed {
    /// The tool touches the board, or the eraser does.
    Begin { erase: bool },
    /// It goes on.
    Go,
    /// It is lifted.
    End,
    /// It never happened.
    Abort,
    /// The paper moves.
    Pan { dx: f64, dy: f64 },
    /// The paper grows by a factor, at a place.
    Zoom { x: f64, y: f64, factor: f64 },
    /// Two fingers tapped.
    Undo,
    /// Three fingers tapped.
    Redo,
}

#[derive(Debug, Clone, Copy)]
struct Pointer {
    id: i32,
    kind: Kind,
    x: f64,
    y: f64,
    from: (f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Idle,
    Draw(i32),
    Pan(i32),
    Pinch(i32, i32),
}

#[derive(Debug, Clone, Copy)]
struct Tap {
    since_ms: f64,
    fingers: usize,
    still: bool,
}

/// All that touches the surface.
#[derive(Debug, Default)]
pub(crate) struct Pointers {
    down: Vec<Pointer>,
    mode: Mode,
    began_ms: f64,
    pen_seen: bool,
    tap: Option<Tap>,
}

impl Pointers {
    /// Whether something draws.
    pub(crate) fn is_drawing(&self) -> bool {
        matches!(self.mode, Mode::Draw(_))
    }

    /// Whether the paper is being moved by the pointer.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self.mode, Mode::Pan(_) | Mode::Pinch(..))
    }

    /// What was being drawn is over for other reasons; its pointer does nothing more until it is lifted.
    pub(crate) fn stop_drawing(&mut self) {
        if self.is_drawing() {
            self.mode = Mode::Idle;
        }
    }

    pub(crate) fn down(&mut self, down: Down, may: May) -> Vec<Deed> {
        self.pen_seen |= down.kind == Kind::Pen;
        let is_first = self.down.is_empty();
        let place = (down.x, down.y);
        self.down.retain(|pointer| pointer.id != down.id);
        self.down.push(Pointer {
            id: down.id,
            kind: down.kind,
            x: down.x,
            y: down.y,
            from: place,
        });
        self.count_tap(down, is_first);
        match down.kind {
            Kind::Mouse | Kind::Pen => self.tool_down(down, may),
            Kind::Touch => self.finger_down(down, may),
        }
    }

    fn count_tap(&mut self, down: Down, is_first: bool) {
        if down.kind != Kind::Touch {
            self.tap = None;
        } else if is_first {
            self.tap = Some(Tap {
                since_ms: down.ms,
                fingers: 1,
                still: true,
            });
        } else if let Some(tap) = &mut self.tap {
            tap.fingers = tap.fingers.max(self.down.len());
        }
    }

    fn tool_down(&mut self, down: Down, may: May) -> Vec<Deed> {
        if matches!(self.mode, Mode::Draw(id) if self.kind(id) != Some(Kind::Touch)) {
            return Vec::new();
        }
        let mut deeds = self.leave_drawing(down.ms);
        let erase = down.kind == Kind::Pen && matches!(down.button, 2 | 5);
        let draws = down.button == 0 || erase;
        if down.button == 1 || (draws && (may.hand || !may.draw)) {
            self.mode = Mode::Pan(down.id);
        } else if draws {
            deeds.push(self.begin(down, erase));
        }
        deeds
    }

    fn finger_down(&mut self, down: Down, may: May) -> Vec<Deed> {
        match self.mode {
            Mode::Draw(id) if self.kind(id) != Some(Kind::Touch) => Vec::new(),
            Mode::Draw(other) | Mode::Pan(other) if self.kind(other) == Some(Kind::Touch) => {
                let deeds = self.leave_drawing(down.ms);
                self.mode = Mode::Pinch(other, down.id);
                deeds
            }
            Mode::Idle if self.down.len() > 1 => Vec::new(),
            Mode::Idle if may.hand || !may.draw || self.pen_seen => {
                self.mode = Mode::Pan(down.id);
                Vec::new()
            }
            Mode::Idle => Vec::from([self.begin(down, false)]),
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, down: Down, erase: bool) -> Deed {
        self.mode = Mode::Draw(down.id);
        self.began_ms = down.ms;
        Deed::Begin { erase }
    }

    /// Something else begins while a stroke is being drawn.
    fn leave_drawing(&mut self, now_ms: f64) -> Vec<Deed> {
        if !self.is_drawing() {
            return Vec::new();
        }
        self.mode = Mode::Idle;
        let is_young = now_ms - self.began_ms < TAKE_BACK_MS;
        Vec::from([if is_young { Deed::Abort } else { Deed::End }])
    }

    fn kind(&self, id: i32) -> Option<Kind> {
        self.pointer(id).map(|pointer| pointer.kind)
    }

    fn pointer(&self, id: i32) -> Option<&Pointer> {
        self.down.iter().find(|pointer| pointer.id == id)
    }

    pub(crate) fn moved(&mut self, id: i32, x: f64, y: f64) -> Vec<Deed> {
        let Some(pointer) = self.down.iter_mut().find(|pointer| pointer.id == id) else {
            return Vec::new();
        };
        let before = core::mem::replace(pointer, Pointer { x, y, ..*pointer });
        let far = (x - before.from.0).hypot(y - before.from.1) > TAP_PX;
        if let Some(tap) = self.tap.as_mut().filter(|_| far) {
            tap.still = false;
        }
        match self.mode {
            Mode::Draw(drawing) if drawing == id => Vec::from([Deed::Go]),
            Mode::Pan(panning) if panning == id => Vec::from([Deed::Pan {
                dx: x - before.x,
                dy: y - before.y,
            }]),
            Mode::Pinch(a, b) if a == id => self.pinch(before, b, x, y),
            Mode::Pinch(a, b) if b == id => self.pinch(before, a, x, y),
            _ => Vec::new(),
        }
    }

    /// The paper stays under both fingers: it moves with their middle and grows with their distance.
    fn pinch(&self, before: Pointer, other: i32, x: f64, y: f64) -> Vec<Deed> {
        let Some(other) = self.pointer(other) else {
            return Vec::new();
        };
        let distance = |x: f64, y: f64| (x - other.x).hypot(y - other.y).max(1.0);
        let (cx, cy) = (f64::midpoint(x, other.x), f64::midpoint(y, other.y));
        Vec::from([
            Deed::Pan {
                dx: (x - before.x) / 2.0,
                dy: (y - before.y) / 2.0,
            },
            Deed::Zoom {
                x: cx,
                y: cy,
                factor: distance(x, y) / distance(before.x, before.y),
            },
        ])
    }

    pub(crate) fn up(&mut self, id: i32, ms: f64) -> Vec<Deed> {
        let deeds = self.gone(id, Deed::End);
        let tap = self.tap.filter(|_| self.down.is_empty());
        if self.down.is_empty() {
            self.tap = None;
        }
        match tap {
            Some(Tap {
                since_ms,
                fingers: 2,
                still: true,
            }) if ms - since_ms < TAP_MS => Vec::from([Deed::Undo]),
            Some(Tap {
                since_ms,
                fingers: 3,
                still: true,
            }) if ms - since_ms < TAP_MS => Vec::from([Deed::Redo]),
            _ => deeds,
        }
    }

    /// The system took the pointer away.
    pub(crate) fn cancelled(&mut self, id: i32) -> Vec<Deed> {
        self.tap = None;
        self.gone(id, Deed::Abort)
    }

    fn gone(&mut self, id: i32, drawn: Deed) -> Vec<Deed> {
        if self.pointer(id).is_none() {
            return Vec::new();
        }
        self.down.retain(|pointer| pointer.id != id);
        let (mode, deeds) = match self.mode {
            Mode::Draw(drawing) if drawing == id => (Mode::Idle, Vec::from([drawn])),
            Mode::Pan(panning) if panning == id => (Mode::Idle, Vec::new()),
            Mode::Pinch(a, b) if a == id => (Mode::Pan(b), Vec::new()),
            Mode::Pinch(a, b) if b == id => (Mode::Pan(a), Vec::new()),
            mode => (mode, Vec::new()),
        };
        self.mode = mode;
        deeds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAY: May = May {
        draw: true,
        hand: false,
    };

    fn down(id: i32, kind: Kind, ms: f64) -> Down {
        Down {
            id,
            kind,
            button: 0,
            x: f64::from(id) * 100.0,
            y: 0.0,
            ms,
        }
    }

    #[test]
    fn a_mouse_draws_with_its_first_button_and_pans_with_the_wheel() {
        let mut pointers = Pointers::default();
        assert_eq!(
            pointers.down(down(1, Kind::Mouse, 0.0), MAY),
            [Deed::Begin { erase: false }]
        );
        assert_eq!(pointers.moved(1, 5.0, 5.0), [Deed::Go]);
        assert_eq!(pointers.up(1, 9.0), [Deed::End]);
        assert_eq!(
            pointers.down(
                Down {
                    button: 1,
                    ..down(1, Kind::Mouse, 0.0)
                },
                MAY
            ),
            []
        );
        assert_eq!(
            pointers.moved(1, 103.0, 4.0),
            [Deed::Pan { dx: 3.0, dy: 4.0 }]
        );
        assert_eq!(pointers.up(1, 9.0), []);
        assert_eq!(
            pointers.down(
                Down {
                    button: 2,
                    ..down(1, Kind::Mouse, 0.0)
                },
                MAY
            ),
            []
        );
        assert!(!pointers.is_drawing() && !pointers.is_moving());
    }

    #[test]
    fn who_may_not_draw_moves_the_paper() {
        for may in [
            May {
                draw: false,
                hand: false,
            },
            May {
                draw: true,
                hand: true,
            },
        ] {
            for kind in [Kind::Mouse, Kind::Pen, Kind::Touch] {
                let mut pointers = Pointers::default();
                assert_eq!(pointers.down(down(1, kind, 0.0), may), []);
                assert!(pointers.is_moving());
            }
        }
    }

    #[test]
    fn a_second_finger_takes_back_a_young_stroke_and_ends_an_old_one() {
        for (ms, deed) in [(100.0, Deed::Abort), (900.0, Deed::End)] {
            let mut pointers = Pointers::default();
            let _ = pointers.down(down(1, Kind::Touch, 0.0), MAY);
            assert_eq!(pointers.down(down(2, Kind::Touch, ms), MAY), [deed]);
            assert!(pointers.is_moving());
        }
    }

    #[test]
    fn two_fingers_keep_the_paper_under_them() {
        let mut pointers = Pointers::default();
        let _ = pointers.down(down(1, Kind::Touch, 0.0), MAY);
        let _ = pointers.down(down(2, Kind::Touch, 0.0), MAY);
        let deeds = pointers.moved(2, 300.0, 0.0);
        assert_eq!(
            deeds,
            [
                Deed::Pan { dx: 50.0, dy: 0.0 },
                Deed::Zoom {
                    x: 200.0,
                    y: 0.0,
                    factor: 2.0
                }
            ]
        );
        assert_eq!(pointers.up(1, 900.0), []);
        assert_eq!(
            pointers.moved(2, 310.0, 0.0),
            [Deed::Pan { dx: 10.0, dy: 0.0 }],
            "the other goes on"
        );
        assert_eq!(pointers.up(2, 950.0), []);
    }

    #[test]
    fn once_a_pen_was_seen_fingers_move_the_paper() {
        let mut pointers = Pointers::default();
        assert_eq!(
            pointers.down(down(1, Kind::Pen, 0.0), MAY),
            [Deed::Begin { erase: false }]
        );
        assert_eq!(
            pointers.down(down(2, Kind::Touch, 0.0), MAY),
            [],
            "the palm"
        );
        assert_eq!(pointers.moved(2, 9.0, 9.0), []);
        let _ = (pointers.up(1, 0.0), pointers.up(2, 500.0));
        assert_eq!(pointers.down(down(3, Kind::Touch, 0.0), MAY), []);
        assert!(pointers.is_moving());
    }

    #[test]
    fn a_pen_takes_over_from_the_palm_that_came_first() {
        let mut pointers = Pointers::default();
        let _ = pointers.down(down(1, Kind::Touch, 0.0), MAY);
        assert_eq!(
            pointers.down(down(2, Kind::Pen, 30.0), MAY),
            [Deed::Abort, Deed::Begin { erase: false }]
        );
    }

    #[test]
    fn the_other_end_of_a_pen_erases() {
        let mut pointers = Pointers::default();
        let deeds = pointers.down(
            Down {
                button: 5,
                ..down(1, Kind::Pen, 0.0)
            },
            MAY,
        );
        assert_eq!(deeds, [Deed::Begin { erase: true }]);
    }

    #[test]
    fn two_fingers_tap_undo_and_three_redo() {
        for (fingers, deed) in [(2, Deed::Undo), (3, Deed::Redo)] {
            let mut pointers = Pointers::default();
            for id in 1..=fingers {
                let _ = pointers.down(down(id, Kind::Touch, 10.0), MAY);
            }
            let deeds: Vec<_> = (1..=fingers)
                .flat_map(|id| pointers.up(id, 150.0))
                .collect();
            assert_eq!(deeds, [deed]);
        }
    }

    #[test]
    fn slow_or_moving_fingers_do_not_tap() {
        for (moved, ms) in [(0.0, 400.0), (40.0, 100.0)] {
            let mut pointers = Pointers::default();
            let _ = pointers.down(down(1, Kind::Touch, 0.0), MAY);
            let _ = pointers.down(down(2, Kind::Touch, 0.0), MAY);
            let _ = pointers.moved(1, 100.0 + moved, 0.0);
            assert_eq!(pointers.up(1, ms), []);
            assert_eq!(pointers.up(2, ms), []);
        }
    }

    #[test]
    fn a_cancelled_pointer_takes_its_stroke_back() {
        let mut pointers = Pointers::default();
        let _ = pointers.down(down(1, Kind::Touch, 0.0), MAY);
        assert_eq!(pointers.cancelled(1), [Deed::Abort]);
    }
}
