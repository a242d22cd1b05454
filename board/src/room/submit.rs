//! What becomes of the ops that members send: each is taken on, passed over, or refused with a reason.
//!
//! An op that is refused holds back the later ones of its queue that were on their way already; they
//! could not get into the log before it, so they need no answer of their own. Whether an op makes sense is
//! [`super::vet`]'s business, whether it gets into the log the store's.

use alloc::vec::Vec;

use super::flights::Flight;
use super::{Effect, Room, close, send};
use crate::id::{ClientId, MemberId, OpId};
use crate::ledger::Entry;
use crate::op::Op;
use crate::wire::{CloseCode, Queued, Refusal, ServerMessage};

/// Most queues that one member may send from: its own, those that refused ops ended, and what earlier
/// tabs left behind.
const SENDERS: usize = 256;

/// A queue that a member sends from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    pub(super) by: MemberId,
    /// The n of its latest op in the log, as far as this room saw it.
    pub(super) logged: u32,
    /// A refused op: what comes after it is passed over until it is sent again, or seen in the log.
    pub(super) held: Option<u32>,
}

enum Taken {
    On(Entry),
    PassedOver,
    Known,
    Abuse,
    Refused(Refusal),
}

impl Room {
    pub(super) fn receive_ops(
        &mut self,
        member: MemberId,
        client: ClientId,
        again: bool,
        ops: Vec<Queued>,
        now_ms: u64,
    ) -> Vec<Effect> {
        self.begin(member, client, again);
        let mut effects = Vec::new();
        let mut taken = Vec::new();
        for Queued { n, op } in ops {
            let id = OpId { client, n };
            match self.take(member, id, op, now_ms) {
                Taken::On(entry) => taken.push(entry),
                Taken::PassedOver => {}
                Taken::Known => effects.push(send(
                    member,
                    ServerMessage::Ack {
                        id,
                        seq: self.recent.seq_of(id),
                    },
                )),
                Taken::Abuse => return close(member, CloseCode::Policy),
                Taken::Refused(reason) => effects.extend(self.blame(member, id, reason, now_ms)),
            }
        }
        if !taken.is_empty() {
            effects.push(Effect::Submit(taken));
        }
        effects
    }

    fn take(&mut self, member: MemberId, id: OpId, op: Op, now_ms: u64) -> Taken {
        let Some(sender) = self.sender(member, id.client) else {
            return Taken::Abuse;
        };
        match sender.held {
            Some(held) if id.n > held => return Taken::PassedOver,
            Some(held) if id.n == held => sender.held = None,
            _ => {}
        }
        if self.flights.claim(id, member) {
            return Taken::PassedOver;
        }
        if self.is_logged(id) {
            return Taken::Known;
        }
        let bytes = op.to_stored().len();
        if let Err(reason) = self.vet(member, &op, bytes, now_ms) {
            return Taken::Refused(reason);
        }
        let author = self
            .members
            .get(&member)
            .map(|who| who.profile.person)
            .unwrap_or_default();
        let element = self.staged.stage(&self.document, author, &op);
        let flight = Flight {
            member: Some(member),
            element,
            bytes,
        };
        self.flights.depart(id, flight);
        Taken::On(Entry {
            id,
            author,
            at_ms: now_ms,
            op,
        })
    }

    /// The queue as a member sends from it; none if it sends from too many. What the log has of it is
    /// looked up first: a client that was on another server knows, and must not be held back by a
    /// refusal of what is there already.
    fn sender(&mut self, by: MemberId, client: ClientId) -> Option<&mut Sender> {
        if !self.senders.contains_key(&client) {
            let many = self
                .senders
                .values()
                .filter(|sender| sender.by == by)
                .count()
                >= SENDERS;
            if many {
                return None;
            }
            let logged = self.recent.last_n(client);
            self.senders.insert(
                client,
                Sender {
                    by,
                    logged,
                    held: None,
                },
            );
        }
        let sender = self.senders.get_mut(&client)?;
        if sender.by != by {
            *sender = Sender {
                by,
                logged: sender.logged,
                held: None,
            };
        }
        Some(sender)
    }

    /// A queue that begins again is held back no more.
    fn begin(&mut self, member: MemberId, client: ClientId, again: bool) {
        if let Some(sender) = self.sender(member, client).filter(|_| again) {
            sender.held = None;
        }
    }

    /// Refuses an op. Later ones of the same client need no answer of their own.
    pub(super) fn nack(&mut self, member: MemberId, id: OpId, reason: Refusal) -> Vec<Effect> {
        let sender = self
            .senders
            .get_mut(&id.client)
            .filter(|sender| sender.by == member);
        let Some(sender) = sender else {
            return Vec::new();
        };
        let reason = match reason {
            Refusal::Gap(expected) => Refusal::Gap(expected.max(sender.logged + 1)),
            other => other,
        };
        sender.held = Some(if let Refusal::Gap(expected) = reason {
            expected
        } else {
            id.n
        });
        Vec::from([send(member, ServerMessage::Nack { id, reason })])
    }

    /// Whether the op is in the log, as far as this room saw it. A retry of it is not vetted: what its author
    /// may do by now says nothing about then.
    fn is_logged(&self, id: OpId) -> bool {
        self.senders
            .get(&id.client)
            .is_some_and(|sender| (1..=sender.logged).contains(&id.n))
    }

    pub(super) fn needs_no_answer(&self, id: OpId) -> bool {
        let is_held = |sender: &Sender| sender.held.is_some_and(|held| held < id.n);
        self.is_logged(id) || self.senders.get(&id.client).is_none_or(is_held)
    }

    /// Asks a member to wait.
    pub(super) fn slow(&mut self, member: MemberId, id: OpId, ms: u32, now_ms: u64) -> Vec<Effect> {
        if let Some(who) = self.members.get_mut(&member) {
            who.wait_until_ms = who.wait_until_ms.max(now_ms + u64::from(ms));
        }
        self.nack(member, id, Refusal::Busy(ms))
    }

    /// Refuses what a member should not have sent; one that goes on and on is closed. Who is asked to wait and waits
    /// did nothing wrong.
    pub(super) fn blame(
        &mut self,
        member: MemberId,
        id: OpId,
        reason: Refusal,
        now_ms: u64,
    ) -> Vec<Effect> {
        if self.needs_no_answer(id) {
            return Vec::new();
        }
        let Some(who) = self.members.get_mut(&member) else {
            return Vec::new();
        };
        let is_patient = now_ms >= who.wait_until_ms;
        let (allowance, code) = match reason {
            Refusal::Busy(ms) if is_patient => return self.slow(member, id, ms, now_ms),
            Refusal::Gap(_) => (&mut who.gaps, CloseCode::Protocol),
            _ => (&mut who.patience, CloseCode::Policy),
        };
        if allowance.take(now_ms).is_err() {
            return close(member, code);
        }
        self.nack(member, id, reason)
    }
}
