//! Who is here, where they point, whose hand is up.
//!
//! It travels as differences (D21): a joiner gets the list once, others hear of one member. Past
//! [`LISTED`] members, further ones are only counted, and the count is told at most once a second.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Effect, Room, cast, close, send};
use crate::element::Ink;
use crate::geom::Pos;
use crate::id::{MemberId, PersonId};
use crate::ledger::Role;
use crate::limits;
use crate::op::check_text;
use crate::wire::{CloseCode, Present, Profile, ServerMessage};

/// The colours of people: the eight of the palette that are neither grey nor yellow.
pub const PERSON_COLOURS: [Ink; 8] = [
    Ink::Ink,
    Ink::Red,
    Ink::Orange,
    Ink::Green,
    Ink::Teal,
    Ink::Blue,
    Ink::Violet,
    Ink::Pink,
];

/// Most members that are listed by name; a longer list nobody reads, and it would grow with the square
/// of the audience.
const LISTED: usize = 50;
/// The count of an audience is told at most this often.
const COUNT_EVERY_MS: u64 = 1_000;

#[derive(Debug)]
struct Someone {
    profile: Profile,
    hand: Option<u32>,
    listed: bool,
}

#[derive(Debug, Default)]
struct Cursor {
    told_ms: u64,
    /// Where it is by now, if that was not told yet.
    waiting: Option<Option<Pos>>,
}

#[derive(Debug, Default)]
pub(super) struct Presence {
    members: BTreeMap<MemberId, Someone>,
    listed: usize,
    next_hand: u32,
    cursors: BTreeMap<MemberId, Cursor>,
    /// Whether the count changed since it was told.
    uncounted: bool,
    counted_ms: u64,
}

impl Presence {
    pub(super) fn join(&mut self, member: MemberId, profile: Profile) -> Vec<Effect> {
        let listed = self.listed < LISTED;
        self.listed += usize::from(listed);
        self.members.insert(
            member,
            Someone {
                profile,
                hand: None,
                listed,
            },
        );
        if listed {
            return self.tell(member, ServerMessage::Joined);
        }
        self.uncounted = true;
        Vec::new()
    }

    pub(super) fn leave(&mut self, member: MemberId) -> Vec<Effect> {
        self.cursors.remove(&member);
        let Some(gone) = self.members.remove(&member) else {
            return Vec::new();
        };
        if gone.listed {
            self.listed -= 1;
            return Vec::from([cast(None, ServerMessage::Left(member))]);
        }
        self.uncounted = true;
        Vec::new()
    }

    pub(super) fn people(&self) -> ServerMessage {
        let listed = self.members.iter().filter(|(_, who)| who.listed);
        ServerMessage::People {
            here: self.here(),
            listed: listed.map(|(id, who)| who.present(*id)).collect(),
        }
    }

    fn here(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX)
    }

    /// Tells all others of a listed member.
    fn tell(&self, member: MemberId, message: fn(Present) -> ServerMessage) -> Vec<Effect> {
        let present = self
            .members
            .get(&member)
            .filter(|who| who.listed)
            .map(|who| who.present(member));
        present
            .map(|present| cast(None, message(present)))
            .into_iter()
            .collect()
    }

    /// Raises or lowers a hand; a raised one puts its member on the list, so that it is seen.
    pub(super) fn hand(&mut self, member: MemberId, up: bool) -> Vec<Effect> {
        let ticket = self.next_hand;
        let Some(who) = self
            .members
            .get_mut(&member)
            .filter(|who| who.hand.is_some() != up)
        else {
            return Vec::new();
        };
        who.hand = up.then_some(ticket);
        self.next_hand = self.next_hand.wrapping_add(u32::from(up));
        if who.listed {
            return self.tell(member, ServerMessage::Changed);
        }
        who.listed = true;
        self.listed += 1;
        self.tell(member, ServerMessage::Joined)
    }

    fn rename(&mut self, profile: &Profile) -> Vec<Effect> {
        let mine = self
            .members
            .iter_mut()
            .filter(|(_, who)| who.profile.person == profile.person);
        let mine: Vec<_> = mine
            .map(|(id, who)| {
                who.profile = profile.clone();
                *id
            })
            .collect();
        mine.into_iter()
            .flat_map(|member| self.tell(member, ServerMessage::Changed))
            .collect()
    }

    /// Whoever holds the pen by now need not ask for it any more.
    pub(super) fn lower_hands(&mut self, of: &impl Fn(PersonId) -> Role) -> Vec<Effect> {
        let drawing = self
            .members
            .iter()
            .filter(|(_, who)| who.hand.is_some() && of(who.profile.person).draws());
        let drawing: Vec<_> = drawing.map(|(id, _)| *id).collect();
        drawing
            .into_iter()
            .flat_map(|member| self.hand(member, false))
            .collect()
    }

    fn point(&mut self, member: MemberId, at: Option<Pos>, now_ms: u64) -> Vec<Effect> {
        let cursor = self.cursors.entry(member).or_default();
        if now_ms.saturating_sub(cursor.told_ms) < limits::CURSOR_EVERY_MS {
            cursor.waiting = Some(at);
            return Vec::new();
        }
        *cursor = Cursor {
            told_ms: now_ms,
            waiting: None,
        };
        Vec::from([cast(Some(member), ServerMessage::Cursor { member, at })])
    }

    pub(super) fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        let due = self
            .cursors
            .iter()
            .filter(|(_, cursor)| now_ms.saturating_sub(cursor.told_ms) >= limits::CURSOR_EVERY_MS);
        let due: Vec<_> = due
            .filter_map(|(id, cursor)| cursor.waiting.map(|at| (*id, at)))
            .collect();
        let mut effects: Vec<_> = due
            .into_iter()
            .flat_map(|(id, at)| self.point(id, at, now_ms))
            .collect();
        if self.uncounted && now_ms.saturating_sub(self.counted_ms) >= COUNT_EVERY_MS {
            self.uncounted = false;
            self.counted_ms = now_ms;
            effects.push(cast(None, ServerMessage::Here(self.here())));
        }
        effects
    }

    pub(super) fn wants_tick(&self) -> bool {
        self.uncounted || self.cursors.values().any(|cursor| cursor.waiting.is_some())
    }
}

impl Someone {
    fn present(&self, member: MemberId) -> Present {
        Present {
            member,
            profile: self.profile.clone(),
            hand: self.hand,
        }
    }
}

impl Room {
    /// Takes from the member's allowance of what is not durable; closes whoever is far beyond it.
    pub(super) fn spend(&mut self, member: MemberId, now_ms: u64) -> Result<(), Vec<Effect>> {
        match self
            .members
            .get_mut(&member)
            .map(|who| who.ephemeral.take(now_ms))
        {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(close(member, CloseCode::Policy)),
            None => Err(Vec::new()),
        }
    }

    /// A viewer's cursor is shown to nobody, nor is anybody's in an audience.
    pub(super) fn receive_cursor(
        &mut self,
        member: MemberId,
        at: Option<Pos>,
        now_ms: u64,
    ) -> Vec<Effect> {
        if let Err(effects) = self.spend(member, now_ms) {
            return effects;
        }
        let crowd = self.members.len() > LISTED;
        if at.is_some_and(|at| !at.is_on_board())
            || !self.draws(member)
            || (crowd && !self.presents(member))
        {
            return Vec::new();
        }
        self.presence.point(member, at, now_ms)
    }

    /// Whether the member was given the pen by name (or owns the board), not just by everyone drawing.
    fn presents(&self, member: MemberId) -> bool {
        let access = self.document.access();
        self.members.get(&member).is_some_and(|who| {
            who.profile.person == access.owner || access.pens.contains(&who.profile.person)
        })
    }

    pub(super) fn receive_hand(&mut self, member: MemberId, up: bool, now_ms: u64) -> Vec<Effect> {
        match self.spend(member, now_ms) {
            Ok(()) if up && self.draws(member) => Vec::new(),
            Ok(()) => self.presence.hand(member, up),
            Err(effects) => effects,
        }
    }

    pub(super) fn receive_profile(
        &mut self,
        member: MemberId,
        name: &str,
        colour: Ink,
        now_ms: u64,
    ) -> Vec<Effect> {
        if let Err(effects) = self.spend(member, now_ms) {
            return effects;
        }
        let name = name.trim();
        let fine = !name.is_empty()
            && check_text(name, limits::NAME_CHARS).is_ok()
            && PERSON_COLOURS.contains(&colour);
        let Some(who) = self.members.get(&member).filter(|_| fine) else {
            return Vec::new();
        };
        let profile = Profile {
            person: who.profile.person,
            name: name.into(),
            colour,
        };
        for who in self
            .members
            .values_mut()
            .filter(|who| who.profile.person == profile.person)
        {
            who.profile = profile.clone();
        }
        let mut effects = self.presence.rename(&profile);
        effects.push(Effect::SaveProfile(profile));
        effects
    }

    pub(super) fn draws(&self, member: MemberId) -> bool {
        self.members
            .get(&member)
            .is_some_and(|who| self.document.access().role(who.profile.person).draws())
    }

    /// Mode or pens changed: hands of those who draw now go down, ink of those who don't disappears.
    pub(super) fn follow_access(&mut self) -> Vec<Effect> {
        let access = self.document.access().clone();
        let mut effects = self.presence.lower_hands(&|person| access.role(person));
        let lost: Vec<_> = self
            .members
            .keys()
            .copied()
            .filter(|member| !self.draws(*member))
            .collect();
        effects.extend(
            lost.into_iter()
                .flat_map(|member| self.inks.drop_of(member)),
        );
        effects
    }

    /// Sends the member what only it needs to hear.
    #[must_use]
    pub fn bye(&self, member: MemberId, retry_ms: u32) -> Effect {
        send(member, ServerMessage::Bye { retry_ms })
    }
}
