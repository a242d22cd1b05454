//! Who is here, where they point, whose hand is up.
//!
//! It travels as differences (D21): a joiner gets the list once, others hear of one member. Past
//! [`LISTED`] members, further ones are only counted, and the count is told at most once a second.
//! Members of other servers are on the same list; how they get there is told in [`super::peers`].

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::cursors::Cursors;
use super::{Effect, Room, cast, close, send};
use crate::geom::Pos;
use crate::id::{MemberId, PersonId};
use crate::ledger::Role;
use crate::limits;
use crate::wire::{CloseCode, Present, Profile, ServerMessage};

/// Most members that are listed by name; a longer list nobody reads, and it would grow with the square
/// of the audience.
pub(super) const LISTED: usize = 50;
/// Most members on the list with those who raised a hand: as many as fit into one message.
const LISTED_MOST: usize = 200;
/// The count of an audience is told at most this often.
const COUNT_EVERY_MS: u64 = 1_000;

#[derive(Debug)]
struct Someone {
    profile: Profile,
    hand: Option<u32>,
    listed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Those of this server, and those whom other servers list.
    members: BTreeMap<MemberId, Someone>,
    /// How many of them are this server's …
    here: u32,
    /// … and how many there are on other servers, listed or not.
    elsewhere: u32,
    listed: usize,
    next_hand: u32,
    cursors: Cursors,
    /// What members take the count to be.
    told: u32,
    told_ms: u64,
}

impl Presence {
    pub(super) fn join(&mut self, present: Present) -> Vec<Effect> {
        let Present {
            member,
            profile,
            hand,
        } = present;
        let listed = self.has_place(hand.is_some());
        self.here += u32::from(!member.is_elsewhere());
        self.listed += usize::from(listed);
        self.see(hand);
        self.members.insert(
            member,
            Someone {
                profile,
                hand,
                listed,
            },
        );
        if listed {
            self.introduce(member)
        } else {
            Vec::new()
        }
    }

    fn has_place(&self, hand: bool) -> bool {
        self.listed < if hand { LISTED_MOST } else { LISTED }
    }

    pub(super) fn leave(&mut self, member: MemberId) -> Vec<Effect> {
        self.cursors.forget(member);
        let Some(gone) = self.members.remove(&member) else {
            return Vec::new();
        };
        self.here -= u32::from(!member.is_elsewhere());
        if !gone.listed {
            return Vec::new();
        }
        self.listed -= 1;
        self.told = self.told.saturating_sub(1);
        Vec::from([cast(None, ServerMessage::Left(member))])
    }

    /// How many other servers have by now.
    pub(super) fn set_elsewhere(&mut self, elsewhere: u32) {
        self.elsewhere = elsewhere;
    }

    /// The list, with the count that all others know: so a difference means the same to everybody.
    pub(super) fn people(&self) -> ServerMessage {
        ServerMessage::People {
            here: self.told,
            listed: self.listed().collect(),
        }
    }

    fn listed(&self) -> impl Iterator<Item = Present> + '_ {
        let listed = self.members.iter().filter(|(_, who)| who.listed);
        listed.map(|(id, who)| who.present(*id))
    }

    /// This server's part of the list.
    pub(super) fn listed_here(&self) -> impl Iterator<Item = Present> + '_ {
        self.listed()
            .filter(|present| !present.member.is_elsewhere())
    }

    /// How many members this server has.
    pub(super) fn here(&self) -> u32 {
        self.here
    }

    /// How many members all servers have.
    pub(super) fn count(&self) -> u32 {
        self.here.saturating_add(self.elsewhere)
    }

    /// How a member is shown, listed or not.
    pub(super) fn present(&self, member: MemberId) -> Option<Present> {
        self.members.get(&member).map(|who| who.present(member))
    }

    /// Whether that is who the member is.
    pub(super) fn is(&self, member: MemberId, person: PersonId) -> bool {
        let who = self.members.get(&member);
        who.is_some_and(|who| who.profile.person == person)
    }

    /// Tells all of a member that is new on the list; they count it too.
    fn introduce(&mut self, member: MemberId) -> Vec<Effect> {
        self.told = self.told.saturating_add(1);
        self.tell(member, ServerMessage::Joined)
    }

    /// Tells all of a listed member.
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

    /// Raises or lowers a hand; a raised one puts its member on the list, so that it is seen. Where the list has no
    /// place for it, the hand stays down.
    pub(super) fn hand(&mut self, member: MemberId, up: bool) -> Vec<Effect> {
        let ticket = self.next_hand;
        let Some(who) = self
            .members
            .get(&member)
            .filter(|who| who.hand.is_some() != up && (who.listed || self.has_place(up)))
        else {
            return Vec::new();
        };
        let present = Present {
            hand: up.then_some(ticket),
            ..who.present(member)
        };
        self.change(present)
    }

    /// A member's hand, name or colour is different.
    pub(super) fn change(&mut self, present: Present) -> Vec<Effect> {
        let member = present.member;
        self.see(present.hand);
        let Some(who) = self.members.get_mut(&member) else {
            return Vec::new();
        };
        who.profile = present.profile;
        who.hand = present.hand;
        if who.listed || who.hand.is_none() {
            return self.tell(member, ServerMessage::Changed);
        }
        who.listed = true;
        self.listed += 1;
        self.introduce(member)
    }

    /// Hands go up behind those that are up, wherever that was.
    fn see(&mut self, hand: Option<u32>) {
        if let Some(ticket) = hand {
            self.next_hand = self.next_hand.max(ticket.saturating_add(1));
        }
    }

    pub(super) fn rename(&mut self, profile: &Profile) -> Vec<Effect> {
        let mine = self.members.iter().filter(|(id, who)| {
            let is_theirs = who.profile.person == profile.person;
            is_theirs && !id.is_elsewhere() && who.profile != *profile
        });
        let renamed: Vec<_> = mine
            .map(|(id, who)| Present {
                profile: profile.clone(),
                ..who.present(*id)
            })
            .collect();
        renamed
            .into_iter()
            .flat_map(|present| self.change(present))
            .collect()
    }

    /// Whoever holds the pen by now need not ask for it any more.
    pub(super) fn lower_hands(&mut self, of: &impl Fn(PersonId) -> Role) -> Vec<Effect> {
        let drawing = self
            .members
            .iter()
            .filter(|(id, _)| !id.is_elsewhere())
            .filter(|(_, who)| who.hand.is_some() && of(who.profile.person).draws());
        let drawing: Vec<_> = drawing.map(|(id, _)| *id).collect();
        drawing
            .into_iter()
            .flat_map(|member| self.hand(member, false))
            .collect()
    }

    fn point(&mut self, member: MemberId, at: Option<Pos>, now_ms: u64) -> Vec<Effect> {
        if self.cursors.point((member, at), now_ms) {
            Vec::from([show(member, at)])
        } else {
            Vec::new()
        }
    }

    /// A member of another server points there.
    pub(super) fn follow_cursor(
        &mut self,
        member: MemberId,
        at: Option<Pos>,
        now_ms: u64,
    ) -> Effect {
        self.cursors.follow((member, at), now_ms);
        show(member, at)
    }

    /// Where others point as far as it would still be shown, for a newcomer.
    pub(super) fn cursors(&self, newcomer: MemberId, now_ms: u64) -> Vec<Effect> {
        let shown = self.cursors.within(limits::CURSOR_KEEP_MS, now_ms);
        let others = shown.filter(|(member, _)| *member != newcomer);
        let cursor = |(member, at)| ServerMessage::Cursor {
            member,
            at: Some(at),
        };
        let cursors = others.map(|pointing| send(newcomer, cursor(pointing)));
        cursors.take(LISTED_MOST).collect()
    }

    /// Where members of this server pointed within so many ms.
    pub(super) fn cursors_here(
        &self,
        ms: u64,
        now_ms: u64,
    ) -> impl Iterator<Item = (MemberId, Pos)> {
        let recent = self.cursors.within(ms, now_ms);
        recent.filter(|(member, _)| !member.is_elsewhere())
    }

    pub(super) fn tick(&mut self, now_ms: u64) -> Vec<Effect> {
        let due = self.cursors.due(now_ms).into_iter();
        let mut effects: Vec<_> = due.map(|(member, at)| show(member, at)).collect();
        if self.told != self.count() && now_ms.saturating_sub(self.told_ms) >= COUNT_EVERY_MS {
            self.told = self.count();
            self.told_ms = now_ms;
            effects.push(cast(None, ServerMessage::Here(self.told)));
        }
        effects
    }

    pub(super) fn wants_tick(&self) -> bool {
        self.told != self.count() || self.cursors.is_waiting()
    }
}

/// Tells all others where a member points.
fn show(member: MemberId, at: Option<Pos>) -> Effect {
    cast(Some(member), ServerMessage::Cursor { member, at })
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
        if at.is_some_and(|at| !at.is_on_board())
            || !self.draws(member)
            || (self.is_audience() && !self.presents(member))
        {
            return Vec::new();
        }
        self.presence.point(member, at, now_ms)
    }

    /// Where members of this server pointed within so many ms; nowhere, as far as others need to know, in an audience.
    pub fn pointing(&self, ms: u64, now_ms: u64) -> impl Iterator<Item = (MemberId, Pos)> {
        let shown = !self.is_audience();
        let here = self.presence.cursors_here(ms, now_ms);
        here.filter(move |_| shown)
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

    pub(super) fn draws(&self, member: MemberId) -> bool {
        self.members
            .get(&member)
            .is_some_and(|who| self.document.access().role(who.profile.person).draws())
    }

    /// Mode or pens changed: hands of those who draw now go down, ink of those who don't disappears.
    pub(super) fn follow_access(&mut self) -> Vec<Effect> {
        let access = self.document.access().clone();
        let mut effects = self.presence.lower_hands(&|person| access.role(person));
        let draws = |member| {
            let present = self.presence.present(member);
            present.is_none_or(|present| access.role(present.profile.person).draws())
        };
        let lost: Vec<_> = self.inks.members().filter(|id| !draws(*id)).collect();
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
