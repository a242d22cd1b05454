//! From nodes to the edge of the ink: a closed path that is filled nonzero.
//!
//! The middle line is a chain of quadratic curves from halfway to halfway between nodes, each pulled
//! by its node: smooth however few points there are. At sharp turns the line is cut and both parts
//! get round ends, which together are a round corner. Everything else is one sweep: up the left side,
//! around the end, back down the right, around the start.
//!
//! Where a bend is tighter than the pen, its inner side would run backwards and, filled nonzero,
//! could punch a hole. There it goes by the middle line at each step, so that every bit of the path
//! turns the same way.

use alloc::vec::Vec;

use super::centre::Node;
use super::path::{Path, Px, Segment, quad};

/// A turn by more than this (its cosine: about 100°) is a corner …
const CORNER: f64 = -0.17;
/// … or by more than this (75°) if the way to it or from it is longer than [`LONG_WAY`].
const LONG_CORNER: f64 = 0.26;
/// In widths.
const LONG_WAY: f64 = 0.7;
/// Cosines of 12°, 24°, 36°, 48° and 60°: a curve that turns by more takes one more step.
const TURNS: [f64; 5] = [0.978, 0.914, 0.809, 0.669, 0.5];
/// Neighbours count as near within so many widths; see [`calm_down`].
const CALM: f64 = 0.4;
/// The most steps a curve is cut into.
const MOST_STEPS: f64 = 16.0;
/// How far the edge may be from where it should be: so many pixels …
const ERROR: f64 = 0.04;
/// … and so many widths.
const ERROR_OF_WIDTH: f64 = 0.006;

/// The middle of the ink, somewhere: place, direction (of length 1), half width.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice {
    pub(super) at: Px,
    pub(super) ahead: Px,
    pub(super) radius: f64,
}

impl Slice {
    fn left(self) -> Px {
        self.at + self.ahead.left() * self.radius
    }

    fn right(self) -> Px {
        self.at - self.ahead.left() * self.radius
    }

    fn reversed(self) -> Self {
        Self {
            ahead: self.ahead * -1.0,
            ..self
        }
    }
}

/// The edge around nodes of a pen whose full width is `width` pixels.
pub(super) fn around(nodes: &[Node], width: f64) -> Path {
    let mut path = Path::default();
    let (mut calm, mut slices) = (Vec::new(), Vec::new());
    for run in runs(nodes, LONG_WAY * width) {
        calm.clear();
        calm_down(run, CALM * width, &mut calm);
        slices.clear();
        cut(&calm, ERROR + ERROR_OF_WIDTH * width, &mut slices);
        sweep(&mut slices, &mut path.segments);
    }
    path
}

/// The slices of all runs.
#[cfg(test)]
pub(super) fn slices(nodes: &[Node], width: f64) -> Vec<Slice> {
    let mut slices = Vec::new();
    for run in runs(nodes, LONG_WAY * width) {
        let mut calm = Vec::new();
        calm_down(run, CALM * width, &mut calm);
        cut(&calm, ERROR + ERROR_OF_WIDTH * width, &mut slices);
    }
    slices
}

/// Moves nodes towards the middle of their neighbours where these are near: a wide pen magnifies the
/// tremor of its middle line, and nodes that are far apart do not tremble.
fn calm_down(run: &[Node], near: f64, out: &mut Vec<Node>) {
    out.extend(run.first());
    for triple in run.windows(3) {
        let [a, b, c] = triple else { continue };
        let (to, from) = ((b.at - a.at).length(), (c.at - b.at).length());
        let share = 0.6 * near * near / (near * near + to * from);
        out.push(Node {
            at: b.at + (a.at.mid(c.at) - b.at) * share,
            ..*b
        });
    }
    out.extend(run.get(1..).and_then(<[Node]>::last));
}

/// The nodes from corner to corner; each corner belongs to both sides.
fn runs(nodes: &[Node], long_way: f64) -> Vec<&[Node]> {
    let mut runs = Vec::new();
    let mut begin = 0;
    for (before, triple) in nodes.windows(3).enumerate() {
        if is_corner(triple, long_way) {
            runs.extend(nodes.get(begin..before + 2));
            begin = before + 1;
        }
    }
    runs.extend(nodes.get(begin..));
    runs
}

fn is_corner(triple: &[Node], long_way: f64) -> bool {
    let [a, b, c] = triple else { return false };
    let (to, from) = (b.at - a.at, c.at - b.at);
    let (l, m) = (to.length(), from.length());
    let turn = to.dot(from);
    turn < CORNER * l * m || (turn < LONG_CORNER * l * m && l.max(m) > long_way)
}

/// Cuts a run into slices, closer together where it bends.
fn cut(run: &[Node], allowed: f64, slices: &mut Vec<Slice>) {
    match run {
        [] => {}
        [only] => slices.push(Slice {
            at: only.at,
            ahead: Px { x: 1.0, y: 0.0 },
            radius: only.radius,
        }),
        [first, second, ..] => {
            let ahead = (second.at - first.at).unit_or(Px { x: 1.0, y: 0.0 });
            slices.push(Slice {
                at: first.at,
                ahead,
                radius: first.radius,
            });
            let last = run.len() - 3.min(run.len());
            for (i, triple) in run.windows(3).enumerate() {
                bend(triple, (i == 0, i == last), allowed, slices);
            }
            finish(run, slices);
        }
    }
}

/// The curve that one node pulls, from halfway to it to halfway beyond; the first and the last go all
/// the way.
fn bend(triple: &[Node], (is_first, is_last): (bool, bool), allowed: f64, slices: &mut Vec<Slice>) {
    let [a, b, c] = triple else { return };
    let from = if is_first { *a } else { halfway(a, b) };
    let to = if is_last { *c } else { halfway(b, c) };
    let (start, end) = (b.at - from.at, to.at - b.at);
    let steps = steps(start, end, allowed);
    for step in 1..=steps {
        let t = evenly(
            f64::from(step) / f64::from(steps),
            start.length(),
            end.length(),
        );
        let fallback = slices.last().map_or(start, |last| last.ahead);
        let slice = Slice {
            at: quad(from.at, b.at, to.at, t),
            ahead: (start + (end - start) * t).unit_or(fallback),
            radius: from.radius + (to.radius - from.radius) * t,
        };
        if step == steps && is_last || is_needed(slices, &slice, allowed) {
            slices.push(slice);
        }
    }
}

/// The parameter at which a curve with legs of these lengths has turned by about this share of its
/// whole turn.
fn evenly(share: f64, start: f64, end: f64) -> f64 {
    let sum = share * start + (1.0 - share) * end;
    if sum > 0.0 {
        share * start / sum
    } else {
        share
    }
}

/// A run of two nodes has no bend that would go to its end.
fn finish(run: &[Node], slices: &mut Vec<Slice>) {
    if let ([_, end], Some(first)) = (run, slices.first().copied()) {
        slices.push(Slice {
            at: end.at,
            radius: end.radius,
            ..first
        });
    }
}

fn halfway(a: &Node, b: &Node) -> Node {
    Node {
        at: a.at.mid(b.at),
        radius: f64::midpoint(a.radius, b.radius),
    }
}

/// How many steps a curve needs, by how much it turns and by how far it is from straight.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1 to MOST_STEPS; NaN would be 0, then 1"
)]
fn steps(start: Px, end: Px, allowed: f64) -> u32 {
    let cosine = start.unit_or(end).dot(end.unit_or(start));
    let by_turn = TURNS.iter().take_while(|turn| cosine < **turn).count() as f64 + 1.0;
    let by_bulge = ((end - start).length() / 4.0 / allowed).sqrt().ceil();
    (by_turn.max(by_bulge).min(MOST_STEPS) as u32).max(1)
}

/// Whether the edge would be off without this slice: it is far round the bend, or the ink is wider or
/// thinner.
fn is_needed(slices: &[Slice], slice: &Slice, allowed: f64) -> bool {
    let Some(last) = slices.last() else {
        return true;
    };
    let turn = last.ahead.dot(slice.ahead);
    let way = (slice.at - last.at).length();
    let aside = last.ahead.left().dot(slice.ahead).abs() * way / 8.0;
    turn < 0.97
        || aside > allowed
        || (slice.radius - last.radius).abs() > 2.0 * allowed
        || way > 32.0
}

/// The edge of one run.
fn sweep(slices: &mut [Slice], out: &mut Vec<Segment>) {
    let (Some(first), Some(last)) = (slices.first().copied(), slices.last().copied()) else {
        return;
    };
    out.push(Segment::Move(first.right()));
    cap(first.reversed(), out);
    side(slices, out);
    cap(last, out);
    slices.reverse();
    slices
        .iter_mut()
        .for_each(|slice| *slice = slice.reversed());
    side(slices, out);
    out.push(Segment::Close);
}

/// Half a circle from the left to the right: four quadratics, an eighth of a circle each, whose
/// controls are the corners of the octagon around it. They are off by 0.3 % of the radius.
fn cap(end: Slice, out: &mut Vec<Segment>) {
    /// tan 22.5°
    const CORNER: f64 = 0.414_213_562_373_095_03;
    /// sin 45°
    const DIAGONAL: f64 = core::f64::consts::FRAC_1_SQRT_2;
    let place =
        |ahead: f64, left: f64| end.at + (end.ahead * ahead + end.ahead.left() * left) * end.radius;
    out.push(Segment::Quad(place(CORNER, 1.0), place(DIAGONAL, DIAGONAL)));
    out.push(Segment::Quad(place(1.0, CORNER), place(1.0, 0.0)));
    out.push(Segment::Quad(
        place(1.0, -CORNER),
        place(DIAGONAL, -DIAGONAL),
    ));
    out.push(Segment::Quad(place(CORNER, -1.0), end.right()));
}

/// The left side, from the first slice's left, where the path is, to the last slice's left.
fn side(slices: &[Slice], out: &mut Vec<Segment>) {
    let mut rest = slices;
    while let Some(back) = rest.windows(2).position(turns_back) {
        let (chain, after) = rest.split_at(back + 1);
        smooth(chain, out);
        out.extend(chain.last().map(|slice| Segment::Line(slice.at)));
        out.extend(after.first().map(|slice| Segment::Line(slice.left())));
        rest = after;
    }
    smooth(rest, out);
}

/// Whether the left side would go backwards from the first to the second.
fn turns_back(pair: &[Slice]) -> bool {
    matches!(pair, [before, slice] if (slice.left() - before.left()).dot(slice.at - before.at) <= 0.0)
}

/// A smooth line pulled by the left sides between the first, where the path is already, and the last.
fn smooth(chain: &[Slice], out: &mut Vec<Segment>) {
    if let [_, end] = chain {
        out.push(Segment::Line(end.left()));
    }
    let last = chain.len().saturating_sub(3);
    for (i, triple) in chain.windows(3).enumerate() {
        let [_, pull, next] = triple else { continue };
        let (pull, next) = (pull.left(), next.left());
        let to = if i == last { next } else { pull.mid(next) };
        out.push(Segment::Quad(pull, to));
    }
}
