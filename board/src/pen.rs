//! The pen in the hand: pointer samples go in; the stroke's points, and what to send of them, come
//! out.
//!
//! A plain state machine: time is in the samples, what is to be sent is returned as [`PenEffect`]s.
//! Ids, sockets and pointer events belong to whoever drives it, the look of ink to
//! [`crate::outline`].
//!
//! Samples are smoothed by a follower that closes `d / (d + SLACK)` of its distance `d` to the nib at
//! each sample. Small `d` is mostly a trembling hand, and is mostly ignored; but however fast the
//! hand, the follower is never more than `SLACK` (1¼ px of the screen) behind. A filter by time would
//! lag by a time, which at speed is far. The last point is where the pen lifted, unsmoothed.

use alloc::vec::Vec;

use crate::geom::{Point, Pos};
use crate::limits;
use crate::points::Points;

mod constrain;
#[cfg(test)]
#[path = "../benches/ink/hand.rs"]
pub(crate) mod hand;
#[cfg(test)]
pub(crate) mod tests;

pub use constrain::shape_between;

/// Ink is sent at most once in so many milliseconds: about a frame.
pub const INK_EVERY_MS: u64 = 16;
/// Points nearer in time than this are left out: a mouse of 1000 Hz tells nothing that 160 Hz do not,
/// and the outline reads speed from distances, so rates have to be alike.
const KEEP_EVERY_MS: u64 = 6;
/// Points nearer than so many grid steps (half a pixel of the screen) to the one before are left out
/// …
const KEEP_STEPS: i64 = 4;
/// … unless pressure changed by so much: a dot that is pressed harder grows.
const KEEP_PRESSURE: u8 = 16;
/// How far the smoothed pen may trail behind the nib, in grid steps.
const SLACK_STEPS: f64 = 10.0;

/// Where a pointer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The place, in board units.
    pub at: Pos,
    /// 1 to 255, or 0 if the device does not tell (a mouse; browsers say 0.5 for it).
    pub pressure: u8,
    /// When, in milliseconds since whenever, by a clock that does not run backwards.
    pub ms: u64,
}

/// What happened to the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PenEvent<'a> {
    /// It touched the board.
    Down(Sample),
    /// It moved.
    Move {
        /// Through these places since the last event (coalesced events, oldest first).
        samples: &'a [Sample],
        /// And will probably go on through these: they are painted until the next event, never sent.
        predicted: &'a [Sample],
    },
    /// It lifted here.
    Up(Sample),
    /// It is no pen stroke after all: a second finger landed, the system took the pointer away.
    Cancel,
    /// Nothing, but time went on to this many milliseconds: what waits may be due.
    Tick(u64),
}

/// What is to be done about it. All but `Begin` are about the stroke that the last `Begin` began.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum PenEffect {
    /// A stroke begins: it needs an id.
    Begin,
    /// To show to others, now; may be lost.
    Ink {
        /// The index of the first of `points`.
        from: u32,
        /// What came since the last ink.
        points: Points,
    },
    /// The first op of the stroke.
    Add {
        /// All points so far.
        points: Points,
        /// Whether no more will come.
        done: bool,
    },
    /// A further op of the stroke.
    Extend {
        /// The index of the first of `points`.
        from: u32,
        /// What came since the last op; may be empty if done.
        points: Points,
        /// Whether no more will come.
        done: bool,
    },
    /// The stroke is not drawn any more: others should forget the ink they were shown.
    Gone,
    /// Some of the dropped stroke was committed: take it back.
    Remove,
}

/// One pointer's pen.
#[derive(Debug, Clone)]
pub struct Pen {
    grid: i32,
    stroke: Option<Growing>,
}

/// A stroke that the pen is drawing.
#[derive(Debug, Clone)]
struct Growing {
    points: Vec<Point>,
    /// Where the smoothed pen is, in board units.
    follower: (f64, f64),
    /// The latest sample, unsmoothed.
    nib: Sample,
    predicted: Vec<Point>,
    kept_ms: u64,
    /// How many points were sent as ink, and when.
    inked: usize,
    inked_ms: u64,
    /// How many points were committed, and when.
    committed: usize,
    committed_ms: u64,
}

impl Pen {
    /// A pen whose points are whole multiples of `grid` apart, in board units. The finest that can be
    /// seen is an eighth of a screen pixel: 8 at 100 %, 1 from 800 % on. Anything below 1 counts as
    /// 1.
    #[must_use]
    pub fn new(grid: i32) -> Self {
        Self {
            grid: grid.max(1),
            stroke: None,
        }
    }

    /// The grid for a zoom: 8 units at 1.0.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "clamped first; NaN casts to 0, which counts as 1"
    )]
    pub fn grid_at(zoom: f64) -> i32 {
        (8.0 / zoom).round().clamp(1.0, 1024.0) as i32
    }

    /// Whether a stroke is being drawn.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.stroke.is_some()
    }

    /// What to paint now: the stroke's points, then the nib itself, then the predicted points.
    #[must_use]
    pub fn live(&self) -> Vec<Point> {
        self.stroke
            .as_ref()
            .map(|stroke| stroke.live(self.grid))
            .unwrap_or_default()
    }

    /// Takes an event and tells what is to be done, in order.
    pub fn handle(&mut self, event: PenEvent<'_>) -> Vec<PenEffect> {
        let mut effects = Vec::new();
        match event {
            PenEvent::Down(sample) => self.down(sample, &mut effects),
            PenEvent::Move { samples, predicted } => self.go_on(samples, predicted, &mut effects),
            PenEvent::Up(sample) => self.up(sample, &mut effects),
            PenEvent::Cancel => self.cancel(&mut effects),
            PenEvent::Tick(now) => self.tick(now, &mut effects),
        }
        effects
    }

    fn down(&mut self, sample: Sample, effects: &mut Vec<PenEffect>) {
        if let Some(lost) = self.stroke.take() {
            lost.finish(self.grid, effects);
        }
        effects.push(PenEffect::Begin);
        self.stroke = Some(Growing::begin(sample));
    }

    fn go_on(&mut self, samples: &[Sample], predicted: &[Sample], effects: &mut Vec<PenEffect>) {
        let Some(stroke) = &mut self.stroke else {
            return;
        };
        for sample in samples {
            stroke.follow(*sample, self.grid);
            stroke.commit_if_due(sample.ms, effects);
        }
        stroke.predicted = predicted
            .iter()
            .map(|sample| stroke.quantised(sample.at, sample.pressure, self.grid))
            .collect();
        stroke.ink_if_due(stroke.nib.ms, effects);
    }

    fn up(&mut self, sample: Sample, effects: &mut Vec<PenEffect>) {
        let Some(mut stroke) = self.stroke.take() else {
            return;
        };
        stroke.follow(sample, self.grid);
        stroke.finish(self.grid, effects);
    }

    fn cancel(&mut self, effects: &mut Vec<PenEffect>) {
        let Some(stroke) = self.stroke.take() else {
            return;
        };
        if stroke.inked > 0 {
            effects.push(PenEffect::Gone);
        }
        if stroke.committed > 0 {
            effects.push(PenEffect::Remove);
        }
    }

    fn tick(&mut self, now: u64, effects: &mut Vec<PenEffect>) {
        let Some(stroke) = &mut self.stroke else {
            return;
        };
        stroke.commit_if_due(now, effects);
        stroke.ink_if_due(now, effects);
    }
}

impl Growing {
    fn begin(sample: Sample) -> Self {
        Self {
            points: alloc::vec![Point {
                x: sample.at.x,
                y: sample.at.y,
                pressure: sample.pressure
            }],
            follower: (f64::from(sample.at.x), f64::from(sample.at.y)),
            nib: sample,
            predicted: Vec::new(),
            kept_ms: sample.ms,
            inked: 0,
            inked_ms: sample.ms,
            committed: 0,
            committed_ms: sample.ms,
        }
    }

    /// Takes one sample: moves the follower, and keeps where it is if that says something new.
    fn follow(&mut self, sample: Sample, grid: i32) {
        // A pen that lifts says 0, which would mean that it has no pressure to tell.
        let pressure = if sample.pressure == 0 {
            self.nib.pressure
        } else {
            sample.pressure
        };
        self.nib = Sample { pressure, ..sample };
        let smoothed = self.approach(grid);
        let point = self.quantised(smoothed, pressure, grid);
        if sample.ms.saturating_sub(self.kept_ms) >= KEEP_EVERY_MS && self.is_news(point, grid) {
            self.points.push(point);
            self.kept_ms = sample.ms;
        }
    }

    /// Moves the follower towards the nib and tells where it is.
    fn approach(&mut self, grid: i32) -> Pos {
        let (dx, dy) = (
            f64::from(self.nib.at.x) - self.follower.0,
            f64::from(self.nib.at.y) - self.follower.1,
        );
        let distance = (dx * dx + dy * dy).sqrt();
        let share = distance / (distance + SLACK_STEPS * f64::from(grid));
        self.follower = (self.follower.0 + share * dx, self.follower.1 + share * dy);
        Pos {
            x: nearest(self.follower.0),
            y: nearest(self.follower.1),
        }
    }

    fn is_news(&self, point: Point, grid: i32) -> bool {
        self.points.last().is_none_or(|last| {
            let near = KEEP_STEPS * i64::from(grid);
            let (dx, dy) = (
                i64::from(point.x) - i64::from(last.x),
                i64::from(point.y) - i64::from(last.y),
            );
            dx * dx + dy * dy >= near * near
                || point.pressure.abs_diff(last.pressure) >= KEEP_PRESSURE
        })
    }

    /// On the grid that begins at the stroke's first point.
    fn quantised(&self, at: Pos, pressure: u8, grid: i32) -> Point {
        let origin = self.points.first().map_or(at, |first| first.pos());
        Point {
            x: on_grid(at.x, origin.x, grid),
            y: on_grid(at.y, origin.y, grid),
            pressure,
        }
    }

    fn live(&self, grid: i32) -> Vec<Point> {
        let mut points = self.points.clone();
        points.extend(self.tip(grid));
        points.extend(&self.predicted);
        points
    }

    /// The nib, unless the stroke ends there already.
    fn tip(&self, grid: i32) -> Option<Point> {
        let tip = self.quantised(self.nib.at, self.nib.pressure, grid);
        self.points
            .last()
            .is_none_or(|last| last.pos() != tip.pos())
            .then_some(tip)
    }

    fn finish(mut self, grid: i32, effects: &mut Vec<PenEffect>) {
        self.points.extend(self.tip(grid));
        self.commit(true, effects);
    }

    fn ink_if_due(&mut self, now: u64, effects: &mut Vec<PenEffect>) {
        if now.saturating_sub(self.inked_ms) >= INK_EVERY_MS {
            self.ink(effects);
            self.inked_ms = now;
        }
    }

    fn ink(&mut self, effects: &mut Vec<PenEffect>) {
        if let Some(points) = self.since(self.inked) {
            effects.push(PenEffect::Ink {
                from: index(self.inked),
                points,
            });
            self.inked = self.points.len();
        }
    }

    fn commit_if_due(&mut self, now: u64, effects: &mut Vec<PenEffect>) {
        let waiting = self.points.len() - self.committed;
        if self.points.len() >= limits::POINTS_PER_STROKE {
            self.carry_over(now, effects);
        } else if waiting >= limits::SEGMENT_POINTS
            || (waiting > 0 && now.saturating_sub(self.committed_ms) >= limits::SEGMENT_MS)
        {
            self.commit(false, effects);
            self.committed_ms = now;
        }
    }

    /// The ink first, since an op is seen by others only once it is committed.
    fn commit(&mut self, done: bool, effects: &mut Vec<PenEffect>) {
        self.ink(effects);
        let points = self.since(self.committed).unwrap_or_default();
        effects.push(match self.committed {
            0 => PenEffect::Add { points, done },
            from => PenEffect::Extend {
                from: index(from),
                points,
                done,
            },
        });
        self.committed = self.points.len();
    }

    /// Ends a stroke that is as long as one may be and goes on with a new one from its last point.
    fn carry_over(&mut self, now: u64, effects: &mut Vec<PenEffect>) {
        self.commit(true, effects);
        effects.push(PenEffect::Begin);
        let last = self.points.pop();
        self.points.clear();
        self.points.extend(last);
        (self.inked, self.committed) = (0, 0);
        (self.inked_ms, self.committed_ms) = (now, now);
    }

    /// The points from an index on; none if there are none.
    fn since(&self, from: usize) -> Option<Points> {
        self.points
            .get(from..)
            .filter(|new| !new.is_empty())
            .map(|new| Points(new.to_vec()))
    }
}

/// An index as it is sent; strokes are far shorter than `u32` can count.
fn index(from: usize) -> u32 {
    u32::try_from(from).unwrap_or(u32::MAX)
}

/// The whole number nearest to a coordinate that was between two of them.
#[expect(clippy::cast_possible_truncation, reason = "casts saturate")]
fn nearest(coordinate: f64) -> i32 {
    coordinate.round() as i32
}

/// The nearest coordinate that is whole steps from the origin and within the board.
fn on_grid(at: i32, origin: i32, grid: i32) -> i32 {
    let grid = i64::from(grid);
    let offset = i64::from(at) - i64::from(origin);
    let snapped = i64::from(origin) + (offset + grid / 2).div_euclid(grid) * grid;
    let most = i64::from(limits::COORDINATE);
    i32::try_from(snapped.clamp(-most, most)).unwrap_or(at)
}
