//! Paths: what they are made of, and how they are written as short as SVG allows.
//!
//! Numbers are rounded to 1/100 px, which is a tenth of a pixel on the screen at 1000 %. Everything
//! is relative, counted in whole hundredths, so that rounding never adds up. A quadratic that goes on
//! smoothly from the one before is written as `t`, which names its end only: its control is the
//! mirror image of the last. The writer therefore keeps book of where the reader's control really is,
//! and chooses each end so that the next control comes out right.

use alloc::string::String;
use alloc::vec::Vec;
use core::iter::Peekable;
use core::ops::{Add, Mul, Sub};
use core::slice::Iter;

/// A place or a way, in pixels of the board at 100 %.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Px {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// A path: where a pen goes that leaves a line without width.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Path {
    /// Its pieces, in order; the first of each part is a [`Segment::Move`].
    pub segments: Vec<Segment>,
}

/// A piece of a path, from where the last one ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Segment {
    /// Begins a part here.
    Move(Px),
    /// Straight to here.
    Line(Px),
    /// By a control point, to the end.
    Quad(Px, Px),
    /// By two control points, to the end.
    Cubic(Px, Px, Px),
    /// Straight back to where the part began.
    Close,
}

impl Px {
    /// A place in board units, in pixels.
    #[must_use]
    pub fn of(at: crate::geom::Pos) -> Self {
        Self {
            x: crate::geom::px(at.x),
            y: crate::geom::px(at.y),
        }
    }

    /// How much the other goes in the same direction, times both lengths.
    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    pub(super) fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// A quarter turn to the left on a page whose y goes down.
    pub(super) fn left(self) -> Self {
        Self {
            x: self.y,
            y: -self.x,
        }
    }

    pub(super) fn mid(self, other: Self) -> Self {
        (self + other) * 0.5
    }

    /// Of length 1; the fallback if it has no direction.
    pub(super) fn unit_or(self, fallback: Self) -> Self {
        let length = self.length();
        if length > 1e-9 {
            self * (1.0 / length)
        } else {
            fallback
        }
    }
}

impl Add for Px {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            x: self.x + other.x,
            y: self.y + other.y,
        }
    }
}

impl Sub for Px {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            x: self.x - other.x,
            y: self.y - other.y,
        }
    }
}

impl Mul<f64> for Px {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        Self {
            x: self.x * by,
            y: self.y * by,
        }
    }
}

impl Path {
    /// The path in SVG's words.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut out = String::with_capacity(10 * self.segments.len() + 16);
        self.write_svg(&mut out);
        out
    }

    /// Writes the path in SVG's words.
    pub fn write_svg(&self, out: &mut String) {
        let mut writer = Writer::new(out);
        let mut segments = self.segments.iter().peekable();
        while let Some(segment) = segments.next() {
            writer.segment(*segment, &mut segments);
        }
    }

    /// The parts of the path as open polylines, each curve in `pieces` equal steps of its parameter.
    #[must_use]
    pub fn flatten(&self, pieces: u32) -> Vec<Vec<Px>> {
        let mut parts: Vec<Vec<Px>> = Vec::new();
        let mut at = Px::default();
        for segment in &self.segments {
            if let Segment::Move(to) = *segment {
                parts.push(alloc::vec![to]);
                at = to;
            } else if let Some(part) = parts.last_mut() {
                at = segment.flatten(at, part, pieces);
            }
        }
        parts
    }
}

impl Segment {
    /// Appends its course to a polyline; returns its end.
    fn flatten(self, from: Px, part: &mut Vec<Px>, pieces: u32) -> Px {
        let steps = (1..=pieces).map(|step| f64::from(step) / f64::from(pieces));
        let to = match self {
            Self::Move(to) | Self::Line(to) => {
                part.push(to);
                to
            }
            Self::Quad(control, to) => {
                part.extend(steps.map(|t| quad(from, control, to, t)));
                to
            }
            Self::Cubic(first, second, to) => {
                let course = |t| (quad(from, first, second, t), quad(first, second, to, t), t);
                part.extend(steps.map(course).map(|(a, b, t)| a + (b - a) * t));
                to
            }
            Self::Close => part.first().copied().unwrap_or(from),
        };
        if self == Self::Close {
            part.push(to);
        }
        to
    }
}

/// A place on a quadratic curve.
pub(super) fn quad(from: Px, control: Px, to: Px, t: f64) -> Px {
    let (a, b) = (from + (control - from) * t, control + (to - control) * t);
    a + (b - a) * t
}

/// A place in hundredths of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Grid {
    x: i64,
    y: i64,
}

impl Grid {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "casts saturate; boards are far smaller"
    )]
    fn nearest(place: Px) -> Self {
        Self {
            x: (place.x * 100.0).round() as i64,
            y: (place.y * 100.0).round() as i64,
        }
    }

    /// This place seen in a mirror at `at`.
    fn mirrored(self, at: Self) -> Self {
        Self {
            x: 2 * at.x - self.x,
            y: 2 * at.y - self.y,
        }
    }

    fn is_within(self, other: Self, hundredths: u64) -> bool {
        self.x.abs_diff(other.x) <= hundredths && self.y.abs_diff(other.y) <= hundredths
    }
}

/// Writes segments, and knows what a reader of them knows.
struct Writer<'a> {
    out: &'a mut String,
    at: Grid,
    /// Where the part began.
    start: Grid,
    /// The control that a `t` would have now.
    mirror: Option<Grid>,
    /// The last command, which need not be repeated.
    command: char,
    /// Whether the last number had a point: then another one needs nothing in between.
    dotted: bool,
}

/// Writes a length in pixels as paths have theirs: in hundredths.
pub fn write_px(out: &mut String, px: f64) {
    let length = Grid::nearest(Px { x: px, y: 0.0 });
    Writer::new(out).number(length.x, true);
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut String) -> Self {
        Self {
            out,
            at: Grid::default(),
            start: Grid::default(),
            mirror: None,
            command: ' ',
            dotted: false,
        }
    }

    fn segment(&mut self, segment: Segment, rest: &mut Peekable<Iter<'_, Segment>>) {
        let mirror = self.mirror.take();
        match segment {
            Segment::Move(to) => {
                self.go('m', &[Grid::nearest(to)]);
                self.start = self.at;
                // Pairs behind an m are lines.
                self.command = 'l';
            }
            Segment::Line(to) => self.line(Grid::nearest(to)),
            Segment::Quad(control, to) => self.quad(mirror, control, to, rest.peek().copied()),
            Segment::Cubic(first, second, to) => {
                self.go('c', &[first, second, to].map(Grid::nearest))
            }
            Segment::Close => {
                self.out.push('z');
                self.command = 'z';
                self.at = self.start;
            }
        }
    }

    fn line(&mut self, to: Grid) {
        if to != self.at {
            self.go('l', &[to]);
        }
    }

    fn quad(&mut self, mirror: Option<Grid>, control: Px, to: Px, next: Option<&Segment>) {
        let wanted = Grid::nearest(control);
        let smooth = mirror.filter(|mirror| mirror.is_within(wanted, 2));
        let control = smooth.unwrap_or(wanted);
        let to = end_between(control, Grid::nearest(to), next);
        match smooth {
            Some(_) => self.go('t', &[to]),
            None => self.go('q', &[control, to]),
        }
        self.mirror = Some(control.mirrored(self.at));
    }

    /// Writes a command with its places; the last is where it ends.
    fn go(&mut self, command: char, places: &[Grid]) {
        let mut fresh = command != self.command;
        if fresh {
            self.out.push(command);
            self.command = command;
        }
        let from = self.at;
        for place in places {
            self.number(place.x - from.x, fresh);
            self.number(place.y - from.y, false);
            fresh = false;
            self.at = *place;
        }
    }

    /// Writes hundredths as a decimal, with as little as possible in front of it.
    fn number(&mut self, hundredths: i64, fresh: bool) {
        let (whole, part) = (
            hundredths.unsigned_abs() / 100,
            hundredths.unsigned_abs() % 100,
        );
        let starts_with_point = whole == 0 && part != 0;
        if hundredths < 0 {
            self.out.push('-');
        } else if !(fresh || starts_with_point && self.dotted) {
            self.out.push(' ');
        }
        if !starts_with_point {
            self.digits(whole);
        }
        self.dotted = part != 0;
        if part != 0 {
            self.out.push('.');
            self.digit(part / 10);
            if !part.is_multiple_of(10) {
                self.digit(part % 10);
            }
        }
    }

    fn digits(&mut self, number: u64) {
        if number >= 10 {
            self.digits(number / 10);
        }
        self.digit(number % 10);
    }

    fn digit(&mut self, digit: u64) {
        self.out
            .push(u8::try_from(digit).map_or('0', |digit| char::from(b'0' + digit)));
    }
}

/// Where to end a quadratic: if the next one goes on smoothly, halfway to its control, so that its
/// mirror is right.
fn end_between(control: Grid, to: Grid, next: Option<&Segment>) -> Grid {
    let Some(Segment::Quad(next, _)) = next else {
        return to;
    };
    let next = Grid::nearest(*next);
    let half = Grid {
        x: (control.x + next.x).div_euclid(2),
        y: (control.y + next.y).div_euclid(2),
    };
    if half.is_within(to, 2) { half } else { to }
}
