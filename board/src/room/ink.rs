//! Ink in a room: strokes and shapes that are being drawn.
//!
//! Kept for two reasons: whoever joins sees them too, and an author who vanishes in the middle of a stroke
//! loses nothing of what already came here (D5). Only points that no op has stored are kept.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Answer, Effect, InFlight, Room, cast};
use crate::element::{Brush, Element, Shape, Stroke, Style};
use crate::id::{ClientId, ElementId, MemberId, OpId};
use crate::ledger::Entry;
use crate::limits;
use crate::op::Op;
use crate::points::Points;
use crate::wire::{Profile, ServerMessage, Sketch};

/// Most points kept of one ink: the client stores them at least every [`limits::SEGMENT_POINTS`].
const KEPT_POINTS: usize = 4 * limits::SEGMENT_POINTS;

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

#[derive(Debug, Default)]
pub(super) struct Inks(BTreeMap<(MemberId, ElementId), Ink>);

impl Inks {
    /// Everything that is being drawn, for a newcomer.
    pub(super) fn all(&self) -> impl Iterator<Item = ServerMessage> {
        self.0.iter().flat_map(|((member, id), ink)| {
            let member = *member;
            ink.sketches(*id)
                .map(move |sketch| ServerMessage::Ink { member, sketch })
        })
    }

    fn count(&self, member: MemberId) -> usize {
        self.of(member).count()
    }

    fn of(&self, member: MemberId) -> impl Iterator<Item = (&(MemberId, ElementId), &Ink)> {
        let (first, last) = (ElementId([0; 8]), ElementId([255; 8]));
        self.0.range((member, first)..=(member, last))
    }

    fn follow(&mut self, member: MemberId, sketch: &Sketch) {
        let key = (member, sketch.id());
        match sketch {
            Sketch::Gone { .. } => {}
            Sketch::Shape { shape, .. } => drop(self.0.insert(key, Ink::Shape(*shape))),
            Sketch::Stroke {
                brush,
                style,
                from,
                points,
                ..
            } => {
                let from = usize::try_from(*from).unwrap_or(usize::MAX);
                let fresh = || Growing {
                    brush: *brush,
                    style: *style,
                    from,
                    points: Points::default(),
                };
                let ink = self.0.entry(key).or_insert_with(|| Ink::Stroke(fresh()));
                match ink {
                    Ink::Stroke(growing) => growing.follow(from, points),
                    Ink::Shape(_) => {}
                }
            }
        }
    }

    /// The element is in the log; a done one is no longer being drawn.
    pub(super) fn settled(&mut self, id: ElementId, element: &Element) {
        match element {
            Element::Stroke(stroke) => self.grown(id, stroke.points.len(), stroke.done),
            Element::Shape(_) => self.0.retain(|(_, ink), _| *ink != id),
        }
    }

    /// The stroke is in the log up to `end`.
    pub(super) fn grown(&mut self, id: ElementId, end: usize, done: bool) {
        if done {
            self.0.retain(|(_, ink), _| *ink != id);
            return;
        }
        for ((_, ink), growing) in &mut self.0 {
            if let Ink::Stroke(growing) = growing
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

    fn drop_one(&mut self, key: (MemberId, ElementId)) -> Effect {
        self.0.remove(&key);
        let (member, id) = key;
        cast(
            None,
            ServerMessage::Ink {
                member,
                sketch: Sketch::Gone { id },
            },
        )
    }
}

impl Ink {
    fn sketches(&self, id: ElementId) -> impl Iterator<Item = Sketch> + '_ {
        let (growing, shape) = match self {
            Self::Stroke(growing) => (Some(growing), None),
            Self::Shape(shape) => (None, Some(Sketch::Shape { id, shape: *shape })),
        };
        growing
            .into_iter()
            .flat_map(move |growing| growing.sketches(id))
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

    fn sketches(&self, id: ElementId) -> impl Iterator<Item = Sketch> + '_ {
        let chunks = self.points.0.chunks(limits::POINTS_PER_INK).enumerate();
        chunks.map(move |(index, chunk)| Sketch::Stroke {
            id,
            brush: self.brush,
            style: self.style,
            from: u32::try_from(self.from + index * limits::POINTS_PER_INK).unwrap_or(u32::MAX),
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
            let known = self.inks.0.contains_key(&(member, id));
            return if known {
                Vec::from([self.inks.drop_one((member, id))])
            } else {
                Vec::new()
            };
        }
        let full = self.inks.count(member) >= limits::INKS_PER_MEMBER
            && !self.inks.0.contains_key(&(member, sketch.id()));
        if self.read_only || full || !self.draws(member) || !is_fine(&sketch) {
            return Vec::new();
        }
        self.inks.follow(member, &sketch);
        Vec::from([cast(Some(member), ServerMessage::Ink { member, sketch })])
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
            .map(|(key, ink)| (*key, ink.clone()))
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
        self.in_flight.insert(
            id,
            InFlight {
                member: None,
                element,
            },
        );
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
        let orphans = self
            .inks
            .0
            .keys()
            .filter(|(member, _)| !self.members.contains_key(member));
        let orphans: Vec<_> = orphans.copied().collect();
        orphans
            .into_iter()
            .map(|key| self.inks.drop_one(key))
            .collect()
    }

    /// A stroke stored on behalf of its author is not being drawn any more.
    pub(super) fn drop_ink_of(&mut self, op: &Op) -> Vec<Effect> {
        let (Op::Add { id, .. } | Op::Extend { id, .. }) = op else {
            return Vec::new();
        };
        let gone = self
            .inks
            .0
            .keys()
            .filter(|(member, ink)| ink == id && !self.members.contains_key(member));
        let gone: Vec<_> = gone.copied().collect();
        gone.into_iter()
            .map(|key| self.inks.drop_one(key))
            .collect()
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
