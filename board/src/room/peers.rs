//! Peers: the rooms of the same board on other servers, and what is known of their members.
//!
//! Rooms murmur to each other: who is here, where they point, what they draw. A murmur may be lost, doubled or late,
//! so nothing relies on one: who is here is told whole from time to time, ink ends with the log, and a server that is
//! not heard any more is forgotten with its people. Not here: how murmurs travel, and the log, which never depends on
//! them. A reader may question that members of other servers get numbers of this room's own: a number is then as
//! short as any, and nobody can speak for a member that is not theirs. What can be said of any is its person's name.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::murmur::Murmur;
use super::presence::LISTED;
use super::{Effect, Room};
use crate::geom::Pos;
use crate::id::{MemberId, NodeId, PersonId};
use crate::wire::{Present, ServerMessage, Sketch};

/// Who is here is told whole this often, and what is being drawn, in ms: a sign of life, and the cure of everything
/// that was lost.
const TELL_EVERY_MS: u64 = 3_000;
/// A server is forgotten when it was silent for so long, in ms: three times the above.
const FORGET_MS: u64 = 9_000;
/// A server that somebody seems to have moved on from is forgotten when it does not answer for so long, in ms: until
/// then they are counted twice. One that lives answers at once.
const DOUBT_MS: u64 = 1_000;
/// Most other servers that a room listens to.
const PEERS: usize = 64;
/// Most members of one other server that are known by number: those it lists and those that draw.
const KNOWN: usize = 1_000;

#[derive(Debug)]
struct Peer {
    heard_ms: u64,
    /// Since when it is asked whether it lives.
    doubted_ms: Option<u64>,
    here: u32,
    /// Its members' numbers there and here.
    members: BTreeMap<MemberId, MemberId>,
}

impl Peer {
    fn hear(&mut self, now_ms: u64) {
        self.heard_ms = now_ms;
        self.doubted_ms = None;
    }

    fn is_silent(&self, now_ms: u64) -> bool {
        let is_past = |since: u64, patience| now_ms.saturating_sub(since) > patience;
        let is_doubted = self
            .doubted_ms
            .is_some_and(|since| is_past(since, DOUBT_MS));
        is_doubted || is_past(self.heard_ms, FORGET_MS)
    }
}

#[derive(Debug, Default)]
pub(super) struct Peers {
    known: BTreeMap<NodeId, Peer>,
    next_member: u64,
    told_ms: u64,
    told_here: u32,
}

impl Peers {
    /// The murmur as an effect, if there is anybody to hear it.
    pub(super) fn murmur(&self, murmur: impl FnOnce() -> Murmur) -> Option<Effect> {
        (!self.known.is_empty()).then(|| Effect::Murmur(murmur()))
    }

    fn here(&self) -> u32 {
        self.known
            .values()
            .fold(0, |sum, peer| sum.saturating_add(peer.here))
    }

    /// Notes that a server was heard; nothing if there are too many. Whether it is a new one.
    fn hear(&mut self, node: NodeId, now_ms: u64) -> Option<bool> {
        let is_new = !self.known.contains_key(&node);
        if is_new && self.known.len() >= PEERS {
            return None;
        }
        let peer = self.known.entry(node).or_insert_with(|| Peer {
            heard_ms: now_ms,
            doubted_ms: None,
            here: 0,
            members: BTreeMap::new(),
        });
        peer.hear(now_ms);
        Some(is_new)
    }

    /// A member's number here.
    fn number(&self, node: NodeId, member: MemberId) -> Option<MemberId> {
        self.known.get(&node)?.members.get(&member).copied()
    }

    /// A member's number here, a new one if it has none yet; nothing if too many have one.
    fn number_or_new(&mut self, node: NodeId, member: MemberId) -> Option<MemberId> {
        let peer = self.known.get_mut(&node)?;
        if !peer.members.contains_key(&member) && peer.members.len() >= KNOWN {
            return None;
        }
        Some(*peer.members.entry(member).or_insert_with(|| {
            self.next_member += 1;
            MemberId::of_another_server(self.next_member)
        }))
    }

    fn forget_member(&mut self, node: NodeId, member: MemberId) -> Option<MemberId> {
        self.known.get_mut(&node)?.members.remove(&member)
    }

    fn forgive(&mut self, now_ms: u64) {
        for peer in self.known.values_mut() {
            peer.hear(now_ms);
        }
    }

    fn silent(&self, now_ms: u64) -> Vec<NodeId> {
        let silent = self.known.iter().filter(|(_, peer)| peer.is_silent(now_ms));
        silent.map(|(node, _)| *node).collect()
    }
}

impl Room {
    /// The room of this board on another server says something.
    pub fn overhear(&mut self, node: NodeId, murmur: Murmur, now_ms: u64) -> Vec<Effect> {
        if murmur == Murmur::Bye {
            return self.forget(node);
        }
        let Some(is_new) = self.peers.hear(node, now_ms) else {
            return Vec::new();
        };
        let mut effects = match murmur {
            Murmur::People { here, listed, asks } => self.meet(node, here, listed, asks, now_ms),
            Murmur::Told(message) => self.hear_told(node, message, now_ms),
            Murmur::Renamed(profile) => self.hear_name(&profile),
            Murmur::Bye => Vec::new(),
        };
        if is_new && !self.members.is_empty() {
            // Whoever is new here may not know this room either.
            effects.push(self.tell_people(true, now_ms));
        }
        effects
    }

    fn hear_told(&mut self, node: NodeId, message: ServerMessage, now_ms: u64) -> Vec<Effect> {
        match message {
            ServerMessage::Joined(present) => self.arrived(node, present, now_ms),
            ServerMessage::Changed(present) => self.changed(node, present),
            ServerMessage::Left(member) => self.departed(node, member),
            ServerMessage::Here(here) => self.counted(node, here),
            ServerMessage::Cursor { member, at } => self.pointed(node, member, at, now_ms),
            ServerMessage::Ink { member, sketch } => self.sketched(node, member, &sketch, now_ms),
            _ => Vec::new(),
        }
    }

    /// To be called about every second: signs of life, and the end of those who give none. While this server hears
    /// nothing of any other (`is_deaf`), silence says nothing about them.
    pub fn keep(&mut self, now_ms: u64, is_deaf: bool) -> Vec<Effect> {
        if is_deaf {
            self.peers.forgive(now_ms);
        }
        let silent = self.peers.silent(now_ms);
        let mut effects: Vec<_> = silent
            .into_iter()
            .flat_map(|node| self.forget(node))
            .collect();
        effects.extend(self.inks.drop_silent(now_ms));
        if self.members.is_empty() {
            return effects;
        }
        let here = self.presence.here();
        if now_ms.saturating_sub(self.peers.told_ms) >= TELL_EVERY_MS {
            effects.push(self.tell_people(false, now_ms));
            effects.extend(self.all_ink_here());
        } else if self.peers.told_here != here {
            self.peers.told_here = here;
            effects.extend(
                self.peers
                    .murmur(|| Murmur::Told(ServerMessage::Here(here))),
            );
        }
        effects
    }

    /// Murmurs may have been lost: asks everybody who is there, and tells who is here.
    pub fn ask_around(&mut self, now_ms: u64) -> Vec<Effect> {
        if self.members.is_empty() {
            return Vec::new();
        }
        Vec::from([self.tell_people(true, now_ms)])
    }

    /// Whether more are here than a list of people can show: how many, or 0.
    pub(super) fn audience(&self) -> u32 {
        let count = self.presence.count();
        if usize::try_from(count).is_ok_and(|count| count > LISTED) {
            count
        } else {
            0
        }
    }

    /// Whether this is an audience rather than a group.
    #[must_use]
    pub fn is_audience(&self) -> bool {
        self.audience() > 0
    }

    /// Lets other servers hear what members hear of members of this one.
    pub(super) fn spread(&self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut all = Vec::with_capacity(effects.len());
        for effect in effects {
            let murmur = match &effect {
                Effect::Cast { message, .. } => Murmur::of(message),
                _ => None,
            };
            all.push(effect);
            all.extend(murmur.and_then(|murmur| self.peers.murmur(|| murmur)));
        }
        all
    }

    /// A member is here. If it is the first, other servers should know, and say who is there.
    pub(super) fn greet_peers(&mut self, person: PersonId, now_ms: u64) -> Option<Effect> {
        let is_moving = self.doubt_where(person, None, now_ms);
        (is_moving || self.members.len() == 1).then(|| self.tell_people(true, now_ms))
    }

    /// Somebody came, here or `to` another server. If they were elsewhere already, they have two tabs, or the server
    /// they were on died: whether there is one to be asked. Which of a person's tabs came cannot be told: nobody says
    /// which client a member is.
    fn doubt_where(&mut self, person: PersonId, to: Option<NodeId>, now_ms: u64) -> bool {
        let presence = &self.presence;
        let others = self.peers.known.iter_mut();
        let mut doubtful: Vec<_> = others
            .filter(|(node, peer)| Some(**node) != to && peer.doubted_ms.is_none())
            .map(|(_, peer)| peer)
            .filter(|peer| peer.members.values().any(|it| presence.is(*it, person)))
            .collect();
        for peer in &mut doubtful {
            peer.doubted_ms = Some(now_ms);
        }
        !doubtful.is_empty()
    }

    /// The last member is gone: other servers need to tell this one nothing any more.
    pub(super) fn leave_peers(&self) -> Option<Effect> {
        self.members
            .is_empty()
            .then_some(Effect::Murmur(Murmur::Bye))
    }

    fn tell_people(&mut self, asks: bool, now_ms: u64) -> Effect {
        let here = self.presence.here();
        self.peers.told_ms = now_ms;
        self.peers.told_here = here;
        Effect::Murmur(Murmur::People {
            here,
            listed: self.presence.listed_here().collect(),
            asks,
        })
    }

    fn meet(
        &mut self,
        node: NodeId,
        here: u32,
        listed: Vec<Present>,
        asks: bool,
        now_ms: u64,
    ) -> Vec<Effect> {
        let mut effects = self.miss(node, &listed);
        for present in listed {
            effects.extend(self.changed(node, present));
        }
        effects.extend(self.counted(node, here));
        if asks && !self.members.is_empty() {
            effects.push(self.tell_people(false, now_ms));
            effects.extend(self.all_ink_here());
        }
        effects
    }

    /// Those whom the server does not list any more are gone, unless it never did: then they drew.
    fn miss(&mut self, node: NodeId, listed: &[Present]) -> Vec<Effect> {
        let Some(peer) = self.peers.known.get(&node) else {
            return Vec::new();
        };
        let is_missing = |(there, here): &(&MemberId, &MemberId)| {
            self.presence.present(**here).is_some()
                && listed.iter().all(|present| present.member != **there)
        };
        let missing: Vec<_> = peer.members.iter().filter(is_missing).collect();
        let missing: Vec<_> = missing.into_iter().map(|(there, _)| *there).collect();
        missing
            .into_iter()
            .flat_map(|member| self.departed(node, member))
            .collect()
    }

    /// What is drawn here and not in the log: also what waits for a store that is away.
    fn all_ink_here(&self) -> Vec<Effect> {
        if self.peers.known.is_empty() {
            return Vec::new();
        }
        let here = self.inks.all().filter(|(member, _)| !member.is_elsewhere());
        here.map(|(member, sketch)| ServerMessage::Ink { member, sketch })
            .map(|ink| Effect::Murmur(Murmur::Told(ink)))
            .collect()
    }

    fn arrived(&mut self, node: NodeId, present: Present, now_ms: u64) -> Vec<Effect> {
        let before = self.peers.known.get(&node).map_or(0, |peer| peer.here);
        let is_new = self.peers.number(node, present.member).is_none();
        let is_moving = is_new && self.doubt_where(present.profile.person, Some(node), now_ms);
        let mut effects = self.changed(node, present);
        effects.extend(self.counted(node, before.saturating_add(u32::from(is_new))));
        if is_moving {
            effects.extend(self.ask_around(now_ms));
        }
        effects
    }

    fn changed(&mut self, node: NodeId, present: Present) -> Vec<Effect> {
        let Some(member) = self.peers.number_or_new(node, present.member) else {
            return Vec::new();
        };
        let present = Present { member, ..present };
        match self.presence.present(member) {
            None => self.presence.join(present),
            Some(known) if known == present => Vec::new(),
            Some(_) => self.presence.change(present),
        }
    }

    fn departed(&mut self, node: NodeId, member: MemberId) -> Vec<Effect> {
        let Some(number) = self.peers.forget_member(node, member) else {
            return Vec::new();
        };
        let here = self.peers.known.get(&node).map_or(0, |peer| peer.here);
        let mut effects = self.presence.leave(number);
        effects.extend(self.counted(node, here.saturating_sub(1)));
        effects
    }

    fn counted(&mut self, node: NodeId, here: u32) -> Vec<Effect> {
        if let Some(peer) = self.peers.known.get_mut(&node) {
            peer.here = here;
        }
        self.presence.set_elsewhere(self.peers.here());
        Vec::new()
    }

    fn pointed(
        &mut self,
        node: NodeId,
        member: MemberId,
        at: Option<Pos>,
        now_ms: u64,
    ) -> Vec<Effect> {
        if at.is_some_and(|at| !at.is_on_board()) {
            return Vec::new();
        }
        let number = self.peers.number_or_new(node, member);
        let follow = |number| self.presence.follow_cursor(number, at, now_ms);
        number.map(follow).into_iter().collect()
    }

    fn sketched(
        &mut self,
        node: NodeId,
        member: MemberId,
        sketch: &Sketch,
        now_ms: u64,
    ) -> Vec<Effect> {
        if let Sketch::Gone { id } = sketch {
            // Its author may have left before it, and have no number any more.
            return self.inks.drop_elsewhere(*id);
        }
        match self.peers.number_or_new(node, member) {
            Some(number) if !self.document.is_over(sketch.id()) => {
                self.follow_ink(number, sketch, now_ms)
            }
            _ => Vec::new(),
        }
    }

    /// A server is gone, and with it what its members were doing.
    fn forget(&mut self, node: NodeId) -> Vec<Effect> {
        let Some(gone) = self.peers.known.remove(&node) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        for member in gone.members.into_values() {
            effects.extend(self.inks.drop_of(member));
            effects.extend(self.presence.leave(member));
        }
        self.presence.set_elsewhere(self.peers.here());
        effects
    }
}
