//! How people are called and shown: as they say, and the same in all their tabs on a board, on whichever server.
//!
//! Not here: who is listed, and who is told ([`super::presence`]).

use alloc::vec::Vec;

use super::murmur::Murmur;
use super::{Effect, Member, Room};
use crate::element::Ink;
use crate::id::MemberId;
use crate::limits;
use crate::op::check_text;
use crate::wire::Profile;

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

/// Whether people may be called and shown like that.
fn is_fit(name: &str, colour: Ink) -> bool {
    let is_name = !name.trim().is_empty() && check_text(name, limits::NAME_CHARS).is_ok();
    is_name && PERSON_COLOURS.contains(&colour)
}

impl Room {
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
        let known = self.members.get(&member);
        let Some(who) = known.filter(|_| is_fit(name, colour)) else {
            return Vec::new();
        };
        let profile = Profile {
            person: who.profile.person,
            name: name.into(),
            colour,
        };
        let mut effects = self.rename(&profile);
        effects.extend(self.peers.murmur(|| Murmur::Renamed(profile.clone())));
        effects.push(Effect::SaveProfile(profile));
        effects
    }

    /// A person's members here are called and shown like this.
    fn rename(&mut self, profile: &Profile) -> Vec<Effect> {
        let mine = |who: &&mut Member| who.profile.person == profile.person;
        for who in self.members.values_mut().filter(mine) {
            who.profile = profile.clone();
        }
        self.presence.rename(profile)
    }

    /// Somebody who may have members here, too, has another name. It is not told on: whoever said it told everybody.
    pub(super) fn hear_name(&mut self, profile: &Profile) -> Vec<Effect> {
        if !is_fit(&profile.name, profile.colour) {
            return Vec::new();
        }
        let effects = self.rename(profile);
        self.spread(effects)
    }
}
