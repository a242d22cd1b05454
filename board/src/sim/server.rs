//! One simulated server: a room, a queue of ops for the store, hints from other servers.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::Report;
use super::client::Client;
use super::random::Random;
use super::store::Store;
use crate::id::{MemberId, NodeId};
use crate::ledger::{Entry, Logged, Verdict};
use crate::room::{Answer, Effect, Murmur, Room, Settings};
use crate::wire::{ClientMessage, Format, Profile, Refusal, ServerMessage, Start};

#[derive(Debug)]
pub(super) struct Server {
    pub(super) room: Room,
    queue: VecDeque<Entry>,
    /// What it just committed, to be told to the others.
    pub(super) hint: Option<Vec<Logged>>,
    /// What others committed, on its way here.
    pub(super) hints: VecDeque<Vec<Logged>>,
    pub(super) node: NodeId,
    /// What it tells other servers, not sent yet.
    pub(super) murmurs: Vec<Murmur>,
    /// What others told, on its way here.
    pub(super) overheard: VecDeque<(NodeId, Murmur)>,
}

impl Server {
    pub(super) fn new(node: NodeId, store: &Store, random: &mut Random) -> Self {
        // Every second server lets nobody draw as fast as people do here, so that they are refused and wait.
        let is_strict = node.0.last().is_some_and(|last| last % 2 == 0);
        let (ops_per_second, ops_burst) = if is_strict { (3.0, 6.0) } else { (1e6, 1e6) };
        let settings = Settings {
            ops_per_second,
            ops_burst,
            ..Settings::default()
        };
        let room = Room::new(store.open(random.index(60)), random.client(), settings);
        Self {
            room,
            queue: VecDeque::new(),
            hint: None,
            hints: VecDeque::new(),
            node,
            murmurs: Vec::new(),
            overheard: VecDeque::new(),
        }
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn receive(
        &mut self,
        member: MemberId,
        message: &ClientMessage,
        profile: Profile,
        store: &Store,
        now_ms: u64,
        report: &mut Report,
    ) -> Vec<Effect> {
        let bytes = Format::Binary.encode(message);
        let Ok(message) = Format::Binary.decode(&bytes) else {
            return Vec::new();
        };
        let ClientMessage::Hello { client, resume } = message else {
            return self.room.receive(member, message, now_ms);
        };
        let effects = self
            .room
            .join(member, profile, store.client(client), resume, now_ms);
        for effect in &effects {
            if let Effect::Send {
                message: ServerMessage::Start(start),
                ..
            } = effect
            {
                report.tails += u64::from(matches!(start, Start::Tail { .. }));
                report.snapshots += u64::from(matches!(start, Start::Snapshot(_)));
            }
        }
        effects
    }

    pub(super) fn refuse_all(&mut self, now_ms: u64) -> Vec<Effect> {
        let ids: Vec<_> = self.queue.drain(..).map(|entry| entry.id).collect();
        self.room.refused(&ids, 100, now_ms)
    }

    pub(super) fn commit(
        &mut self,
        store: &mut Store,
        most: usize,
        now_ms: u64,
        report: &mut Report,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for entry in self.queue.drain(..most.min(self.queue.len())) {
            let (id, verdict, logged) = store.commit(entry);
            let answer = match verdict {
                Verdict::Fresh(_) => {
                    let fresh: Vec<_> = logged.into_iter().collect();
                    self.hint
                        .get_or_insert_default()
                        .extend(fresh.iter().cloned());
                    effects.extend(self.room.committed(fresh));
                    continue;
                }
                Verdict::Known => Answer::Known(store.seq_of(id)),
                Verdict::Gap(expected) => Answer::Refused(Refusal::Gap(expected)),
                Verdict::Forbidden => Answer::Refused(Refusal::Forbidden),
                Verdict::NotYours => Answer::NotYours,
            };
            report.known += u64::from(matches!(answer, Answer::Known(_)));
            effects.extend(self.room.answered(id, answer, now_ms));
        }
        effects
    }

    /// Does what the room asked for; returns what that led to.
    pub(super) fn carry_out(
        &mut self,
        effect: Effect,
        index: usize,
        clients: &mut [Client],
        store: &Store,
    ) -> Vec<Effect> {
        match effect {
            Effect::Send { to, message } => {
                deliver(clients, index, &message, |member| member == to)
            }
            Effect::Cast { except, message } => {
                deliver(clients, index, &message, |member| Some(member) != except)
            }
            Effect::Submit(entries) => self.queue.extend(entries),
            Effect::Close { member, .. } => {
                let closed = clients
                    .iter_mut()
                    .filter(|client| client.is_member(index, member));
                closed.for_each(|client| drop(client.disconnect()));
                return self.room.left(member, 0);
            }
            Effect::CatchUp(from) => return self.room.committed(store.tail(from.seq)),
            Effect::Reload => return self.room.replace(store.open(10)),
            Effect::SaveProfile(_) => {}
            Effect::Murmur(murmur) => self.murmurs.push(murmur),
        }
        Vec::new()
    }
}

fn deliver(
    clients: &mut [Client],
    server: usize,
    message: &ServerMessage,
    to: impl Fn(MemberId) -> bool,
) {
    for client in clients.iter_mut() {
        if let Some(link) = &mut client.link
            && link.server == server
            && link.said_hello
            && to(link.member)
        {
            link.to_client.push_back(message.clone());
        }
    }
}
