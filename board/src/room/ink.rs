//! Ink in a room: strokes and shapes that are being drawn.
//!
//! Kept for two reasons: whoever joins sees them too, and an author who vanishes in the middle of a stroke
//! loses nothing of what already came here (D5). Only points that no op has stored are kept. An audience is told at
//! its own pace: what was drawn in between goes out as one message.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::flights::Flight;
use super::murmur::Murmur;
use super::{Answer, Effect, Room, cast};
use crate::element::{Brush, Element, Shape, Stroke, Style};
use crate::id::{ClientId, ElementId, MemberId, OpId};
use crate::ledger::Entry;
use crate::limits;
use crate::op::Op;
use crate::points::Points;
use crate::wire::{Profile, ServerMessage, Sketch};

/// Most points kept of one ink: the client stores them at least every [`limits::SEGMENT_POINTS`].
const KEPT_POINTS: usize = 4 * limits::SEGMENT_POINTS;
/// Ink of another server that was silent for so long is let go, in ms: its end may have been lost on the way. What an
/// author who merely rests has drawn is in the log by then ([`limits::SEGMENT_MS`]).
const KEEP_SILENT_MS: u64 = 10_000;
/// An audience is told of ink every so many µs for each of its members: 80,000 deliveries a second, about half of what
/// two cores carry (`BENCHMARKS.md`) …
const PACE_US: u64 = 12;
/// … at most this often however small it is, in ms: one frame of a screen …
const PACE_LEAST_MS: u64 = 16;
/// … and at least this often however large.
const PACE_MOST_MS: u64 = 250;

/// The part of a stroke that no op has stored.
#[derive(Debug, Clone)]
struct Growing {
    brush: Brush,
    style: Style,
    from: usize,
    points: Points,
}

#[derive(Debug, Clone)]
enum Ink {
    Stroke(Growing),
    Shape(Shape),
}

#[derive(Debug)]
struct Live {
    ink: Ink,
    heard_ms: u64,
    /// What members know of it: points of the stroke, or nothing of a shape that changed.
    told: usize,
}

#[derive(Debug, Default)]
pub(super) struct Inks {
    live: BTreeMap<(MemberId, ElementId), Live>,
    /// Those of which members do not know the newest.
    waiting: BTreeSet<(MemberId, ElementId)>,
    told_ms: u64,
}

impl Inks {
    /// Everything that is being drawn, for a newcomer.
    pub(super) fn all(&self) -> impl Iterator<Item = (MemberId, Sketch)> {
        self.live.iter().flat_map(|((member, id), live)| {
            let member = *member;
            live.ink
                .sketches(*id, 0)
                .map(move |sketch| (member, sketch))
        })
    }

    /// Who draws, perhaps several times.
    pub(super) fn members(&self) -> impl Iterator<Item = MemberId> {
        self.live.keys().map(|(member, _)| *member)
    }

    /// Whether this member draws that.
    pub(super) fn has(&self, member: MemberId, id: ElementId) -> bool {
        self.live.contains_key(&(member, id))
    }

    fn has_place(&self, member: MemberId, id: ElementId) -> bool {
        self.has(member, id) || self.of(member).count() < limits::INKS_PER_MEMBER
    }

    fn of(&self, member: MemberId) -> impl Iterator<Item = (&(MemberId, ElementId), &Live)> {
        let (first, last) = (ElementId([0; 8]), ElementId([255; 8]));
        self.live.range((member, first)..=(member, last))
    }

    fn follow(&mut self, member: MemberId, sketch: &Sketch, now_ms: u64) {
        let fresh = match sketch {
            Sketch::Gone { .. } => return,
            Sketch::Shape { shape, .. } => Ink::Shape(*shape),
            Sketch::Stroke {
                brush, style, from, ..
            } => Ink::Stroke(Growing {
                brush: *brush,
                style: *style,
                from: index(*from),
                points: Points::default(),
            }),
        };
        let live = self
            .live
            .entry((member, sketch.id()))
            .or_insert_with(|| Live {
                told: fresh.end(),
                ink: fresh,
                heard_ms: now_ms,
            });
        live.heard_ms = now_ms;
        live.ink.follow(sketch);
    }

    /// Tells all others of the newest of an ink: at once, or when an audience's next moment has come.
    fn tell(&mut self, key: (MemberId, ElementId), audience: u32, now_ms: u64) -> Vec<Effect> {
        self.waiting.insert(key);
        self.tick(audience, now_ms)
    }

    /// Tells what waits, if it is time.
    pub(super) fn tick(&mut self, audience: u32, now_ms: u64) -> Vec<Effect> {
        if now_ms.saturating_sub(self.told_ms) < pace_ms(audience) {
            return Vec::new();
        }
        let waiting = core::mem::take(&mut self.waiting);
        self.told_ms = if waiting.is_empty() {
            self.told_ms
        } else {
            now_ms
        };
        waiting.into_iter().flat_map(|key| self.news(key)).collect()
    }

    pub(super) fn wants_tick(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn news(&mut self, (member, id): (MemberId, ElementId)) -> Vec<Effect> {
        let Some(live) = self.live.get_mut(&(member, id)) else {
            return Vec::new();
        };
        let sketches: Vec<_> = live.ink.sketches(id, live.told).collect();
        live.told = live.ink.end();
        let message = |sketch| cast(Some(member), ServerMessage::Ink { member, sketch });
        sketches.into_iter().map(message).collect()
    }

    /// The element is in the log; a done one is no longer being drawn.
    pub(super) fn settled(&mut self, id: ElementId, element: &Element) {
        match element {
            Element::Stroke(stroke) => self.grown(id, stroke.points.len(), stroke.done),
            Element::Shape(_) => self.live.retain(|(_, ink), _| *ink != id),
        }
    }

    /// The stroke is in the log up to `end`.
    pub(super) fn grown(&mut self, id: ElementId, end: usize, done: bool) {
        if done {
            self.live.retain(|(_, ink), _| *ink != id);
            return;
        }
        for ((_, ink), live) in &mut self.live {
            if let Ink::Stroke(growing) = &mut live.ink
                && *ink == id
            {
                growing.stored(end);
            }
        }
    }

    /// The member no longer draws.
    pub(super) fn drop_of(&mut self, member: MemberId) -> Vec<Effect> {
        let ids: Vec<_> = self.of(member).map(|(key, _)| *key).collect();
        ids.into_iter().map(|key| self.drop_one(key)).collect()
    }

    pub(super) fn drop_one(&mut self, key: (MemberId, ElementId)) -> Effect {
        self.live.remove(&key);
        self.waiting.remove(&key);
        let (member, id) = key;
        cast(
            None,
            ServerMessage::Ink {
                member,
                sketch: Sketch::Gone { id },
            },
        )
    }

    /// Those of other servers that went on for too long without a word.
    pub(super) fn drop_silent(&mut self, now_ms: u64) -> Vec<Effect> {
        let is_silent = |live: &Live| now_ms.saturating_sub(live.heard_ms) > KEEP_SILENT_MS;
        self.drop_where(|member, _, live| member.is_elsewhere() && is_silent(live))
    }

    /// The ink of that element, whoever of another server draws it.
    pub(super) fn drop_elsewhere(&mut self, id: ElementId) -> Vec<Effect> {
        self.drop_where(|member, ink, _| member.is_elsewhere() && ink == id)
    }

    fn drop_where(&mut self, is_over: impl Fn(MemberId, ElementId, &Live) -> bool) -> Vec<Effect> {
        let over = self
            .live
            .iter()
            .filter(|((member, id), live)| is_over(*member, *id, live));
        let over: Vec<_> = over.map(|(key, _)| *key).collect();
        over.into_iter().map(|key| self.drop_one(key)).collect()
    }
}

/// How long an audience of so many waits between two messages of one ink, in ms; 0 while it is no audience.
fn pace_ms(audience: u32) -> u64 {
    if audience == 0 {
        return 0;
    }
    (u64::from(audience) * PACE_US / 1_000).clamp(PACE_LEAST_MS, PACE_MOST_MS)
}

fn index(from: u32) -> usize {
    usize::try_from(from).unwrap_or(usize::MAX)
}

impl Ink {
    fn follow(&mut self, sketch: &Sketch) {
        match (self, sketch) {
            (Self::Shape(shape), Sketch::Shape { shape: newer, .. }) => *shape = *newer,
            (Self::Stroke(growing), Sketch::Stroke { from, points, .. }) => {
                growing.follow(index(*from), points);
            }
            _ => {}
        }
    }

    /// Up to where it is known here.
    fn end(&self) -> usize {
        match self {
            Self::Stroke(growing) => growing.from.saturating_add(growing.points.len()),
            Self::Shape(_) => 0,
        }
    }

    /// It as it is, of a stroke what comes after its first `told` points.
    fn sketches(&self, id: ElementId, told: usize) -> impl Iterator<Item = Sketch> + '_ {
        let (growing, shape) = match self {
            Self::Stroke(growing) => (Some(growing), None),
            Self::Shape(shape) => (None, Some(Sketch::Shape { id, shape: *shape })),
        };
        growing
            .into_iter()
            .flat_map(move |growing| growing.sketches(id, told))
            .chain(shape)
    }
}

impl Growing {
    fn follow(&mut self, from: usize, points: &Points) {
        if from > self.from + self.points.len() || from < self.from {
            self.from = from;
            self.points = Points::default();
        }
        let _ = self.points.extend_from(from - self.from, points);
        self.stored((self.from + self.points.len()).saturating_sub(KEPT_POINTS));
    }

    /// Lets go of the points before `end`.
    fn stored(&mut self, end: usize) {
        let cut = end.saturating_sub(self.from).min(self.points.len());
        self.points.0.drain(..cut);
        self.from += cut;
    }

    fn sketches(&self, id: ElementId, told: usize) -> impl Iterator<Item = Sketch> + '_ {
        let known = told.saturating_sub(self.from).min(self.points.len());
        let fresh = self.points.0.get(known..).unwrap_or_default();
        let from = self.from + known;
        let chunks = fresh.chunks(limits::POINTS_PER_INK).enumerate();
        chunks.map(move |(index, chunk)| Sketch::Stroke {
            id,
            brush: self.brush,
            style: self.style,
            from: u32::try_from(from + index * limits::POINTS_PER_INK).unwrap_or(u32::MAX),
            points: Points(chunk.to_vec()),
        })
    }

    /// The ops that store what no op has stored, where `stored` points are in the log or on their way.
    fn ops(mut self, id: ElementId, stored: Option<usize>) -> Vec<Op> {
        self.stored(stored.unwrap_or(0));
        if self.points.is_empty() || self.from > stored.unwrap_or(0) {
            return Vec::new();
        }
        let chunks = self.points.0.chunks(limits::SEGMENT_POINTS).enumerate();
        let op = |(index, chunk): (usize, &[crate::Point])| {
            let from = self.from + index * limits::SEGMENT_POINTS;
            let points = Points(chunk.to_vec());
            if from == 0 {
                let stroke = Stroke {
                    brush: self.brush,
                    style: self.style,
                    points,
                    done: false,
                };
                Op::Add {
                    id,
                    element: Element::Stroke(stroke),
                }
            } else {
                Op::Extend {
                    id,
                    from: u32::try_from(from).unwrap_or(u32::MAX),
                    points,
                    done: false,
                }
            }
        };
        chunks.map(op).collect()
    }
}

impl Room {
    /// Relays ink of a member who may draw; other people's ink is passed over.
    pub(super) fn receive_ink(
        &mut self,
        member: MemberId,
        sketch: Sketch,
        now_ms: u64,
    ) -> Vec<Effect> {
        if let Err(effects) = self.spend(member, now_ms) {
            return effects;
        }
        if let Sketch::Gone { id } = sketch {
            return if self.inks.has(member, id) {
                Vec::from([self.inks.drop_one((member, id))])
            } else {
                Vec::new()
            };
        }
        if self.read_only || !self.draws(member) {
            return Vec::new();
        }
        let id = sketch.id();
        let mut effects = self.follow_ink(member, &sketch, now_ms);
        if self.inks.has(member, id) {
            effects.extend(
                self.peers
                    .murmur(|| Murmur::Told(ServerMessage::Ink { member, sketch })),
            );
        }
        effects
    }

    /// Takes in ink of a member, of this server or another, and tells the members here.
    pub(super) fn follow_ink(
        &mut self,
        member: MemberId,
        sketch: &Sketch,
        now_ms: u64,
    ) -> Vec<Effect> {
        let key = (member, sketch.id());
        if !self.inks.has_place(member, sketch.id()) || !is_fine(sketch) {
            return Vec::new();
        }
        self.inks.follow(member, sketch, now_ms);
        self.inks.tell(key, self.audience(), now_ms)
    }

    /// The member is gone: what it was drawing is stored as far as it got here, or disappears.
    pub(super) fn commit_on_behalf(
        &mut self,
        member: MemberId,
        profile: &Profile,
        now_ms: u64,
    ) -> Vec<Effect> {
        let inks: Vec<_> = self
            .inks
            .of(member)
            .map(|(key, live)| (*key, live.ink.clone()))
            .collect();
        let mut effects = Vec::new();
        let mut entries = Vec::new();
        for (key, ink) in inks {
            let Ink::Stroke(growing) = ink else {
                effects.push(self.inks.drop_one(key));
                continue;
            };
            let stored = self.staged.len(&self.document, key.1);
            let ops = if self.read_only {
                Vec::new()
            } else {
                growing.ops(key.1, stored)
            };
            if ops.is_empty() {
                effects.push(self.inks.drop_one(key));
            }
            entries.extend(
                ops.into_iter()
                    .map(|op| self.own_entry(profile, op, now_ms)),
            );
        }
        if !entries.is_empty() {
            effects.push(Effect::Submit(entries));
        }
        effects
    }

    fn own_entry(&mut self, profile: &Profile, op: Op, now_ms: u64) -> Entry {
        self.own_n += 1;
        let id = OpId {
            client: self.own_client,
            n: self.own_n,
        };
        let element = self.staged.stage(&self.document, profile.person, &op);
        let flight = Flight {
            member: None,
            element,
            bytes: op.to_stored().len(),
        };
        self.flights.depart(id, flight);
        Entry {
            id,
            author: profile.person,
            at_ms: now_ms,
            op,
        }
    }

    /// The store refused what the room submitted for somebody who left: the rest of that queue would be
    /// refused too, so the room goes on in another, and the ink that waited disappears.
    pub(super) fn give_up_own(&mut self, id: OpId, answer: Answer) -> Vec<Effect> {
        if id.client != self.own_client || matches!(answer, Answer::Known(_)) {
            return Vec::new();
        }
        self.own_client = ClientId(
            u128::from_be_bytes(self.own_client.0)
                .wrapping_add(1)
                .to_be_bytes(),
        );
        self.own_n = 0;
        self.drop_orphans(|_| true)
    }

    /// A stroke stored on behalf of its author is not being drawn any more.
    pub(super) fn drop_ink_of(&mut self, op: &Op) -> Vec<Effect> {
        match op {
            Op::Add { id, .. } | Op::Extend { id, .. } => self.drop_orphans(|ink| ink == *id),
            _ => Vec::new(),
        }
    }

    /// Ink of members of this server who left.
    fn drop_orphans(&mut self, which: impl Fn(ElementId) -> bool) -> Vec<Effect> {
        let (inks, members) = (&mut self.inks, &self.members);
        inks.drop_where(|member, ink, _| {
            !member.is_elsewhere() && !members.contains_key(&member) && which(ink)
        })
    }
}

fn is_fine(sketch: &Sketch) -> bool {
    match sketch {
        Sketch::Gone { .. } => true,
        Sketch::Shape { shape, .. } => Element::Shape(*shape).check().is_ok(),
        Sketch::Stroke {
            brush,
            style,
            from,
            points,
            ..
        } => {
            let within = usize::try_from(*from)
                .is_ok_and(|from| from + points.len() <= limits::POINTS_PER_STROKE);
            let stroke = Stroke {
                brush: *brush,
                style: *style,
                points: points.clone(),
                done: false,
            };
            within && Element::Stroke(stroke).check().is_ok()
        }
    }
}
