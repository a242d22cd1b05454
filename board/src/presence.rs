//! What a client knows of the others: who is here, where they point, what they are drawing.
//!
//! Pure: messages and time go in, the picture to paint comes out. All of it is ephemeral and may be lost on the
//! way, so nothing here may stay for ever by itself: a cursor that is silent is forgotten, and ink goes when its stroke
//! is done in the log, when it is said to be gone, or when its member is silent and the log holds what was seen
//! of it (or the member left). Not here: what is in the log ([`crate::Replica`]), one's own ink.

use alloc::vec::Vec;

use crate::document::Document;
use crate::element::{Brush, Element, Shape, Stroke, Style};
use crate::geom::{Point, Pos};
use crate::id::{ElementId, MemberId};
use crate::limits;
use crate::points::Points;
use crate::wire::{Present, Profile, ServerMessage, Sketch};

/// Ink of a silent member is doubted after so many milliseconds.
pub const INK_SILENCE_MS: u64 = 3_000;
/// The name at a cursor fades once it has rested for so many milliseconds.
pub const NAME_REST_MS: u64 = 3_000;
/// A cursor that rests is said again after so many milliseconds, so that it is not forgotten …
pub const CURSOR_AGAIN_MS: u64 = 1_000;
/// … but no longer than so many: then its person is doing something else.
pub const CURSOR_IDLE_MS: u64 = 60_000;
/// Most inks held at all, whatever a server sends.
const INKS: usize = 4_096;

/// The others on a board, as far as they are known. Plain lists: a few dozen at most, since a room lists no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presence {
    me: Option<MemberId>,
    here: u32,
    listed: Vec<Present>,
    cursors: Vec<Cursor>,
    inks: Vec<LiveInk>,
}

/// Where a member points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    member: MemberId,
    at: Pos,
    heard_ms: u64,
    moved_ms: u64,
}

/// Something that somebody is drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveInk {
    id: ElementId,
    member: MemberId,
    heard_ms: u64,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Stroke {
        brush: Brush,
        style: Style,
        from: usize,
        end: usize,
        points: Vec<Point>,
    },
    Shape(Shape),
}

/// A cursor to paint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointing<'a> {
    /// Whose.
    pub profile: &'a Profile,
    /// Where.
    pub at: Pos,
    /// For how many milliseconds it has not moved.
    pub rested_ms: u64,
}

/// What a message changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "what changed must be shown"]
pub struct News {
    /// The list of people is different.
    pub people: bool,
    /// A cursor is different.
    pub cursors: bool,
    /// These inks grew, came or went.
    pub inks: Vec<ElementId>,
}

impl News {
    fn people() -> Self {
        Self {
            people: true,
            cursors: true,
            ..Self::default()
        }
    }

    fn cursors() -> Self {
        Self {
            cursors: true,
            ..Self::default()
        }
    }

    fn inks(inks: Vec<ElementId>) -> Self {
        Self {
            inks,
            ..Self::default()
        }
    }
}

impl Presence {
    /// How many members there are, listed or not.
    #[must_use]
    pub fn here(&self) -> u32 {
        self.here
    }

    /// The members that are listed by name, this one included.
    pub fn listed(&self) -> impl Iterator<Item = &Present> {
        self.listed.iter()
    }

    fn present(&self, member: MemberId) -> Option<&Present> {
        self.listed.iter().find(|present| present.member == member)
    }

    /// The member that this client is.
    #[must_use]
    pub fn me(&self) -> Option<MemberId> {
        self.me
    }

    /// How the room calls and shows this client's person, if it is listed.
    #[must_use]
    pub fn my_profile(&self) -> Option<&Profile> {
        self.present(self.me?).map(|present| &present.profile)
    }

    /// The place of this client's raised hand, from 1; none if it is not raised.
    #[must_use]
    pub fn my_hand(&self) -> Option<u32> {
        let mine = self.present(self.me?)?.hand?;
        let before = self
            .listed
            .iter()
            .filter(|present| present.hand.is_some_and(|hand| hand < mine))
            .count();
        Some(u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// The cursors to paint now: of members that are known by name.
    pub fn cursors(&self, now_ms: u64) -> impl Iterator<Item = Pointing<'_>> {
        self.cursors.iter().filter_map(move |cursor| {
            let profile = &self.present(cursor.member)?.profile;
            Some(Pointing {
                profile,
                at: cursor.at,
                rested_ms: now_ms.saturating_sub(cursor.moved_ms),
            })
        })
    }

    /// Whether any cursor is shown.
    #[must_use]
    pub fn has_cursors(&self) -> bool {
        !self.cursors.is_empty()
    }

    /// What is being drawn by others.
    pub fn inks(&self) -> impl Iterator<Item = (ElementId, &LiveInk)> {
        self.inks.iter().map(|ink| (ink.id, ink))
    }

    /// What somebody else is drawing under this id.
    #[must_use]
    pub fn ink(&self, id: ElementId) -> Option<&LiveInk> {
        self.inks.iter().find(|ink| ink.id == id)
    }

    /// Whether somebody else is drawing this element.
    #[must_use]
    pub fn is_live(&self, id: ElementId) -> bool {
        self.ink(id).is_some()
    }

    /// Something came from the server. `document` is the board as it is by now: ink of what is done there is
    /// late and passed over.
    pub fn receive(&mut self, message: &ServerMessage, document: &Document, now_ms: u64) -> News {
        match message {
            ServerMessage::Welcome { member, .. } => self.welcomed(*member),
            ServerMessage::Start(_) => self.forget_ink(),
            ServerMessage::People { here, listed } => self.meet(*here, listed),
            ServerMessage::Joined(present) => self.joined(present),
            ServerMessage::Changed(present) => self.changed(present),
            ServerMessage::Left(member) => self.left(*member),
            ServerMessage::Here(here) => self.counted(*here),
            ServerMessage::Cursor { member, at } => self.pointed(*member, *at, now_ms),
            ServerMessage::Ink { member, sketch } => {
                self.sketched(*member, sketch, document, now_ms)
            }
            _ => News::default(),
        }
    }

    /// The connection is gone, and with it everything that is heard only through it. The list stays: people
    /// do not leave because one's own line is bad.
    pub fn disconnected(&mut self) -> News {
        self.cursors.clear();
        News {
            cursors: true,
            ..self.forget_ink()
        }
    }

    /// These elements are different in the document: ink of what is done or removed there is over.
    pub fn settle(&mut self, touched: &[ElementId], document: &Document) -> News {
        let over = touched
            .iter()
            .copied()
            .filter(|id| self.is_live(*id) && document.is_over(*id));
        let over: Vec<_> = over.collect();
        self.inks.retain(|ink| !over.contains(&ink.id));
        News::inks(over)
    }

    /// Time went on: forgets what was silent for too long.
    pub fn expire(&mut self, document: &Document, now_ms: u64) -> News {
        let before = self.cursors.len();
        self.cursors
            .retain(|cursor| now_ms.saturating_sub(cursor.heard_ms) < limits::CURSOR_KEEP_MS);
        let stale = self
            .inks
            .iter()
            .filter(|ink| self.is_stale(ink, document, now_ms));
        let stale: Vec<_> = stale.map(|ink| ink.id).collect();
        self.inks.retain(|ink| !stale.contains(&ink.id));
        News {
            cursors: self.cursors.len() != before,
            ..News::inks(stale)
        }
    }

    /// Silence alone is no reason while its member is here: a hand may rest. But what the log holds need not
    /// be held here too.
    fn is_stale(&self, ink: &LiveInk, document: &Document, now_ms: u64) -> bool {
        let silent = now_ms.saturating_sub(ink.heard_ms) >= INK_SILENCE_MS;
        silent && (self.present(ink.member).is_none() || ink.is_known(document))
    }

    /// In how many milliseconds [`Self::expire`] or the fading of a name has something to do.
    #[must_use]
    pub fn next_expiry(&self, now_ms: u64) -> Option<u64> {
        let cursors = self
            .cursors
            .iter()
            .map(|cursor| cursor.heard_ms + limits::CURSOR_KEEP_MS);
        let inks = self.inks.iter().map(|ink| {
            // Ink that is kept beyond its silence is looked at again once a while.
            let due = ink.heard_ms + INK_SILENCE_MS;
            if due > now_ms {
                due
            } else {
                now_ms + INK_SILENCE_MS
            }
        });
        cursors
            .chain(inks)
            .min()
            .map(|due| due.saturating_sub(now_ms))
    }

    fn welcomed(&mut self, member: MemberId) -> News {
        self.me = Some(member);
        News::people()
    }

    /// After a start everything that is being drawn is told anew.
    fn forget_ink(&mut self) -> News {
        let all = core::mem::take(&mut self.inks)
            .into_iter()
            .map(|ink| ink.id)
            .collect();
        News::inks(all)
    }

    fn meet(&mut self, here: u32, listed: &[Present]) -> News {
        self.here = here;
        self.listed = listed.to_vec();
        self.cursors
            .retain(|cursor| listed.iter().any(|present| present.member == cursor.member));
        News::people()
    }

    /// The count follows the list where both are exact; else `Here` says it.
    fn joined(&mut self, present: &Present) -> News {
        let is_new = self.list(present);
        let listed = u32::try_from(self.listed.len()).unwrap_or(u32::MAX);
        self.here = if is_new {
            self.here.saturating_add(1).max(listed)
        } else {
            self.here
        };
        News::people()
    }

    fn changed(&mut self, present: &Present) -> News {
        self.list(present);
        News::people()
    }

    /// Puts a member on the list, or replaces what it says of them; whether they are new there.
    fn list(&mut self, present: &Present) -> bool {
        let known = self
            .listed
            .iter_mut()
            .find(|known| known.member == present.member);
        let is_new = known.is_none();
        match known {
            Some(known) => *known = present.clone(),
            None => self.listed.push(present.clone()),
        }
        is_new
    }

    fn left(&mut self, member: MemberId) -> News {
        self.cursors.retain(|cursor| cursor.member != member);
        if self.present(member).is_some() {
            self.listed.retain(|present| present.member != member);
            self.here = self.here.saturating_sub(1);
        }
        News::people()
    }

    fn counted(&mut self, here: u32) -> News {
        self.here = here;
        News {
            people: true,
            ..News::default()
        }
    }

    fn pointed(&mut self, member: MemberId, at: Option<Pos>, now_ms: u64) -> News {
        if self.me == Some(member) {
            return News::default();
        }
        let before = self
            .cursors
            .iter()
            .find(|cursor| cursor.member == member)
            .copied();
        self.cursors.retain(|cursor| cursor.member != member);
        if let Some(at) = at {
            let moved_ms = before
                .filter(|before| before.at == at)
                .map_or(now_ms, |before| before.moved_ms);
            self.cursors.push(Cursor {
                member,
                at,
                heard_ms: now_ms,
                moved_ms,
            });
        }
        if before.map(|before| before.at) == at {
            News::default()
        } else {
            News::cursors()
        }
    }

    fn sketched(
        &mut self,
        member: MemberId,
        sketch: &Sketch,
        document: &Document,
        now_ms: u64,
    ) -> News {
        let id = sketch.id();
        let place = self.inks.iter().position(|ink| ink.id == id);
        let known = place.map(|place| self.inks.remove(place));
        if known.as_ref().is_some_and(|known| known.member != member) {
            self.inks.extend(known);
            return News::default();
        }
        let Some(fresh) = LiveInk::begin(member, sketch) else {
            return News::inks(known.map(|_| id).into_iter().collect());
        };
        if document.is_over(id) || (known.is_none() && self.inks.len() >= INKS) {
            return News::default();
        }
        let mut ink = known.unwrap_or(fresh);
        ink.heard_ms = now_ms;
        ink.follow(sketch);
        self.inks.push(ink);
        News::inks(Vec::from([id]))
    }
}

impl LiveInk {
    fn begin(member: MemberId, sketch: &Sketch) -> Option<Self> {
        let what = match sketch {
            Sketch::Gone { .. } => return None,
            Sketch::Shape { shape, .. } => What::Shape(*shape),
            Sketch::Stroke {
                brush, style, from, ..
            } => {
                let from = usize::try_from(*from).unwrap_or(usize::MAX);
                What::Stroke {
                    brush: *brush,
                    style: *style,
                    from,
                    end: from,
                    points: Vec::new(),
                }
            }
        };
        Some(Self {
            id: sketch.id(),
            member,
            heard_ms: 0,
            what,
        })
    }

    fn follow(&mut self, sketch: &Sketch) {
        match (&mut self.what, sketch) {
            (What::Shape(shape), Sketch::Shape { shape: now, .. }) => *shape = *now,
            (
                What::Stroke { end, points, .. },
                Sketch::Stroke {
                    from, points: more, ..
                },
            ) => {
                let from = usize::try_from(*from).unwrap_or(usize::MAX);
                // Known points are skipped; over a hole the line simply goes straight.
                let known = end.saturating_sub(from);
                let new = more.0.get(known..).unwrap_or_default();
                let space = limits::POINTS_PER_STROKE.saturating_sub(points.len());
                points.extend(new.iter().take(space));
                *end = (*end).max(from.saturating_add(more.len()));
            }
            _ => {}
        }
    }

    /// Whether the document holds all that was seen of it.
    fn is_known(&self, document: &Document) -> bool {
        match (&self.what, stroke_of(document, self.id)) {
            (What::Stroke { end, .. }, Some(stroke)) => stroke.points.len() >= *end,
            _ => false,
        }
    }

    /// The member whose ink it is.
    #[must_use]
    pub fn member(&self) -> MemberId {
        self.member
    }

    /// The element as it is by now: what the document holds of a stroke, then what was heard of it.
    #[must_use]
    pub fn element(&self, document: &Document) -> Element {
        match &self.what {
            What::Shape(shape) => Element::Shape(*shape),
            What::Stroke {
                brush,
                style,
                from,
                end,
                points,
            } => {
                let stored = stroke_of(document, self.id)
                    .map_or(&[][..], |stroke| stroke.points.0.as_slice());
                let points = if stored.len() >= *end {
                    stored.to_vec()
                } else {
                    joined(stored, *from, points)
                };
                Element::Stroke(Stroke {
                    brush: *brush,
                    style: *style,
                    points: Points(points),
                    done: false,
                })
            }
        }
    }
}

fn joined(stored: &[Point], from: usize, live: &[Point]) -> Vec<Point> {
    let before = stored.get(..from).unwrap_or(stored);
    before.iter().chain(live).copied().collect()
}

fn stroke_of(document: &Document, id: ElementId) -> Option<&Stroke> {
    match &document.shown(id)?.1.element {
        Element::Stroke(stroke) => Some(stroke),
        Element::Shape(_) => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
