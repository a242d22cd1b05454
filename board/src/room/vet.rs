//! What a room refuses before it reaches the store: malformed, forbidden, too much, too fast, or not
//! where the stroke ends.
//!
//! Where a stroke ends must count ops that are still on their way to the store: [`Staged`] knows. The
//! last word about who may draw is the store's, at commit.

use alloc::collections::BTreeMap;

use super::Room;
use crate::document::Document;
use crate::element::{Element, Flaw};
use crate::id::{ElementId, MemberId, PersonId};
use crate::limits;
use crate::op::Op;
use crate::wire::Refusal;

/// In so many ms a member that has its share of the way to the log finds places again: a few commits.
const PLACE_MS: u32 = 50;

/// The end of a stroke, as it will be.
#[derive(Debug, Clone, Copy)]
struct End {
    author: PersonId,
    len: usize,
    done: bool,
    on_the_way: usize,
}

/// Strokes with ops on their way to the store.
#[derive(Debug, Default)]
pub(super) struct Staged(BTreeMap<ElementId, End>);

impl Staged {
    /// Follows an op that goes to the store; returns the element to be named in [`Self::landed`].
    pub(super) fn stage(
        &mut self,
        document: &Document,
        author: PersonId,
        op: &Op,
    ) -> Option<ElementId> {
        let (id, end, done) = match op {
            Op::Add {
                id,
                element: Element::Stroke(stroke),
            } => (*id, stroke.points.len(), stroke.done),
            Op::Extend {
                id,
                from,
                points,
                done,
            } => (*id, end(*from, points.len()), *done),
            _ => return None,
        };
        let known = self.end(document, id).unwrap_or(End {
            author,
            len: 0,
            done: false,
            on_the_way: 0,
        });
        let on_the_way = known.on_the_way + 1;
        let end = if known.done || known.author != author {
            End {
                on_the_way,
                ..known
            }
        } else {
            End {
                author,
                len: known.len.max(end),
                done,
                on_the_way,
            }
        };
        self.0.insert(id, end);
        Some(id)
    }

    /// One op of the element is no longer on its way.
    pub(super) fn landed(&mut self, id: ElementId) {
        if let Some(end) = self.0.get_mut(&id) {
            end.on_the_way -= 1;
            if end.on_the_way == 0 {
                self.0.remove(&id);
            }
        }
    }

    fn end(&self, document: &Document, id: ElementId) -> Option<End> {
        self.0.get(&id).copied().or_else(|| {
            let (_, item) = document.get(id)?;
            let Element::Stroke(stroke) = &item.element else {
                return None;
            };
            Some(End {
                author: item.author,
                len: stroke.points.len(),
                done: stroke.done,
                on_the_way: 0,
            })
        })
    }

    /// How many points of the stroke are stored or on their way.
    pub(super) fn len(&self, document: &Document, id: ElementId) -> Option<usize> {
        self.end(document, id).map(|end| end.len)
    }
}

fn end(from: u32, len: usize) -> usize {
    usize::try_from(from)
        .unwrap_or(usize::MAX)
        .saturating_add(len)
}

impl Room {
    /// Whether an op may go to the store.
    pub(super) fn vet(
        &mut self,
        member: MemberId,
        op: &Op,
        bytes: usize,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        if self.read_only {
            return Err(Refusal::ReadOnly);
        }
        op.check().map_err(Refusal::Invalid)?;
        if bytes > limits::OP_BYTES {
            return Err(Refusal::Invalid(Flaw::TooLong));
        }
        if !self.flights.has_place_for(member) {
            return Err(Refusal::Busy(PLACE_MS));
        }
        self.vet_rate(member, op, now_ms)?;
        let author = self
            .members
            .get(&member)
            .map(|who| who.profile.person)
            .unwrap_or_default();
        if !self.document.access().permits(author, op) {
            return Err(Refusal::Forbidden);
        }
        match op {
            Op::Add { .. } => self.vet_space(),
            Op::Extend {
                id, from, points, ..
            } => {
                self.vet_space()?;
                self.vet_end(author, *id, *from, points.len())
            }
            _ => Ok(()),
        }
    }

    fn vet_rate(&mut self, member: MemberId, op: &Op, now_ms: u64) -> Result<(), Refusal> {
        let Some(who) = self.members.get_mut(&member) else {
            return Err(Refusal::Forbidden);
        };
        self.allowances
            .take(who.profile.person, &self.settings, now_ms)
            .map_err(Refusal::Busy)?;
        if *op == Op::Clear {
            who.sweeps.take(now_ms).map_err(Refusal::Busy)?;
        }
        Ok(())
    }

    /// Full is when even forgetting what was removed would make no room.
    fn vet_space(&self) -> Result<(), Refusal> {
        let full = self.document.held() >= self.settings.board_elements
            || self.document.cost() >= self.settings.board_bytes;
        if full && self.document.held() == self.document.len() {
            Err(Refusal::BoardFull)
        } else {
            Ok(())
        }
    }

    fn vet_end(
        &self,
        author: PersonId,
        id: ElementId,
        from: u32,
        len: usize,
    ) -> Result<(), Refusal> {
        let known = self
            .staged
            .end(&self.document, id)
            .ok_or(Refusal::NoSuchEnd)?;
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let end = from.saturating_add(len);
        let beyond =
            from > known.len || (known.done && end > known.len) || end > limits::POINTS_PER_STROKE;
        if known.author != author {
            Err(Refusal::Forbidden)
        } else if beyond {
            Err(Refusal::NoSuchEnd)
        } else {
            Ok(())
        }
    }
}
