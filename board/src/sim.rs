//! A seeded simulation of the whole protocol: several people, two servers on one store, and a network
//! that loses, repeats and delays.
//!
//! Everything real but the sockets, the clock and SQL: replicas, rooms, the ledger and the wire format
//! are the ones that ship. One seed is one run, in one thread, the same every time. When the faults stop
//! and everything was delivered, [`run`] demands that all copies are equal, equal to a naive model of
//! the log, and that nothing that was called saved is missing. For tests only.

mod client;
mod naive;
mod random;
mod server;
mod store;

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::document::Document;
use crate::id::{MemberId, NodeId, OpId};
use crate::ledger::Mode;
use crate::op::Op;
use crate::room::{Effect, Murmur};

use client::Client;
use random::Random;
use server::Server;
use store::Store;

/// What a run did, so that a test can tell that it did something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Ops in the log at the end.
    pub ops: u64,
    /// Elements on the board at the end.
    pub elements: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Servers that were killed.
    pub crashes: u64,
    /// Pages that were loaded again.
    pub reloads: u64,
    /// Frames of ops that were sent twice.
    pub repeats: u64,
    /// Refusals for the moment, after which a client waits.
    pub waits: u64,
    /// Ops that got into the log under two identities: refused for good on one connection while an earlier one still
    /// brought them to the log.
    pub doubled: u64,
    /// Retries that the store answered from its log.
    pub known: u64,
    /// Ops refused for good.
    pub refused: u64,
    /// Changes of mode, and pens passed and taken back.
    pub roles: u64,
    /// Undos and redos that did something.
    pub undos: u64,
    /// Resumes that needed the log only.
    pub tails: u64,
    /// Resumes that needed a snapshot.
    pub snapshots: u64,
    /// Hints between servers that were lost.
    pub lost_hints: u64,
    /// Strokes committed for an author who left.
    pub on_behalf: u64,
    /// What servers told each other of who is there and what they draw.
    pub murmurs: u64,
    /// … and what of it was lost.
    pub lost_murmurs: u64,
}

impl core::ops::AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.ops += other.ops;
        self.elements += other.elements;
        self.cuts += other.cuts;
        self.crashes += other.crashes;
        self.reloads += other.reloads;
        self.repeats += other.repeats;
        self.waits += other.waits;
        self.doubled += other.doubled;
        self.known += other.known;
        self.refused += other.refused;
        self.roles += other.roles;
        self.undos += other.undos;
        self.tails += other.tails;
        self.snapshots += other.snapshots;
        self.lost_hints += other.lost_hints;
        self.on_behalf += other.on_behalf;
        self.murmurs += other.murmurs;
        self.lost_murmurs += other.lost_murmurs;
    }
}

/// Steps with faults before the run is brought to rest.
const STEPS: usize = 220;
/// Rounds in which everything must come to rest.
const CALM_ROUNDS: usize = 400;

struct World {
    random: Random,
    /// Chance of its own for what servers tell each other, so that it moves nothing else.
    chatter: Random,
    next_node: u64,
    now_ms: u64,
    next_member: u64,
    store: Store,
    servers: Vec<Server>,
    clients: Vec<Client>,
    report: Report,
}

/// Plays one seed.
///
/// # Errors
/// What was violated, in words.
pub fn run(seed: u64) -> Result<Report, String> {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step()?;
    }
    world.calm()?;
    world.check()?;
    Ok(world.report)
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let people: Vec<_> = (0..random.between(2, 5)).map(|_| random.person()).collect();
        let mode = if random.chance(3) {
            Mode::Presenters
        } else {
            Mode::Everyone
        };
        let store = Store::new(&people, mode);
        let servers = (0..2u64)
            .map(|node| Server::new(NodeId(node.to_be_bytes()), &store, &mut random))
            .collect();
        let clients = people
            .iter()
            .map(|person| Client::new(&store, *person, &mut random))
            .collect();
        Self {
            random,
            chatter: Random::new(!seed),
            next_node: 2,
            now_ms: 1,
            next_member: 1,
            store,
            servers,
            clients,
            report: Report::default(),
        }
    }

    fn step(&mut self) -> Result<(), String> {
        self.now_ms += self.random.between(1, 400);
        self.go_on();
        let who = self.random.index(self.clients.len());
        match self.random.between(0, 100) {
            0..=33 => self.act(who),
            34..=52 => self.deliver_to_server(who, 3),
            53..=73 => self.deliver_to_client(who, 4)?,
            74..=82 => self.commit(),
            83..=86 => self.connect(who),
            87..=89 => self.cut(who),
            90..=92 => self.repeat(who),
            93..=95 => self.deliver_hint(),
            96 => self.poll_heads(),
            97 => self.reload(who),
            98 => self.crash(),
            _ => self.store.save_snapshot(),
        }
        match self.chatter.between(0, 12) {
            0 => self.deliver_murmurs(4),
            1 => self.keep(),
            _ => {}
        }
        Ok(())
    }

    fn go_on(&mut self) {
        let now_ms = self.now_ms;
        self.clients
            .iter_mut()
            .for_each(|client| client.go_on(now_ms));
    }

    fn act(&mut self, who: usize) {
        let Some(client) = self.clients.get_mut(who) else {
            return;
        };
        client.act(&mut self.random, &self.store, self.now_ms, &mut self.report);
    }

    fn connect(&mut self, who: usize) {
        let server = self.random.index(self.servers.len());
        let Some(client) = self
            .clients
            .get_mut(who)
            .filter(|client| client.link.is_none())
        else {
            return;
        };
        client.connect(server, MemberId::of_this_server(self.next_member));
        self.next_member += 1;
    }

    fn cut(&mut self, who: usize) {
        let Some(client) = self.clients.get_mut(who) else {
            return;
        };
        let Some(link) = client.disconnect() else {
            return;
        };
        self.report.cuts += 1;
        if let Some(server) = self.servers.get_mut(link.server) {
            let effects = server.room.left(link.member, self.now_ms);
            self.report.on_behalf += u64::from(
                effects
                    .iter()
                    .any(|effect| matches!(effect, Effect::Submit(_))),
            );
            self.carry_out(link.server, effects);
        }
    }

    fn deliver_to_server(&mut self, who: usize, most: u64) {
        for _ in 0..self.random.between(1, most + 1) {
            let Some(client) = self.clients.get_mut(who) else {
                return;
            };
            let Some((server, member, message)) = client.next_sent() else {
                return;
            };
            let profile = client.profile();
            let Some(at) = self.servers.get_mut(server) else {
                return;
            };
            let effects = at.receive(
                member,
                &message,
                profile,
                &self.store,
                self.now_ms,
                &mut self.report,
            );
            self.carry_out(server, effects);
        }
    }

    fn deliver_to_client(&mut self, who: usize, most: u64) -> Result<(), String> {
        for _ in 0..self.random.between(1, most + 1) {
            let Some(client) = self.clients.get_mut(who) else {
                return Ok(());
            };
            let gone = client.receive_next(
                &mut self.random,
                &self.store,
                self.now_ms,
                &mut self.report,
            )?;
            if gone {
                self.cut(who);
            }
        }
        Ok(())
    }

    /// Lets the store commit some of what one server gave it, or tells that server that it is busy.
    fn commit(&mut self) {
        let index = self.random.index(self.servers.len());
        let most = self.random.index(8) + 1;
        let busy = self.random.chance(12);
        self.commit_at(index, most, busy);
    }

    fn commit_at(&mut self, index: usize, most: usize, busy: bool) {
        let Some(server) = self.servers.get_mut(index) else {
            return;
        };
        let effects = if busy {
            server.refuse_all(self.now_ms)
        } else {
            server.commit(&mut self.store, most, self.now_ms, &mut self.report)
        };
        self.carry_out(index, effects);
        if let Some(hint) = self
            .servers
            .get_mut(index)
            .and_then(|server| server.hint.take())
        {
            let others = self
                .servers
                .iter_mut()
                .enumerate()
                .filter(|(other, _)| *other != index);
            others.for_each(|(_, other)| other.hints.push_back(hint.clone()));
        }
    }

    /// Delivers, drops or reorders a hint from one server to another.
    fn deliver_hint(&mut self) {
        let index = self.random.index(self.servers.len());
        let (drop_it, reorder) = (self.random.chance(4), self.random.chance(4));
        let Some(server) = self.servers.get_mut(index) else {
            return;
        };
        let hint = if reorder {
            server.hints.pop_back()
        } else {
            server.hints.pop_front()
        };
        match hint {
            Some(_) if drop_it => self.report.lost_hints += 1,
            Some(hint) => {
                let effects = server.room.committed(hint);
                self.carry_out(index, effects);
            }
            None => {}
        }
    }

    /// Delivers murmurs between servers, drops them, doubles them, turns them round.
    fn deliver_murmurs(&mut self, faults: u64) {
        for index in 0..self.servers.len() {
            for (node, murmur) in self.murmurs_to(index) {
                if faults > 0 && self.chatter.chance(faults) {
                    self.report.lost_murmurs += 1;
                    continue;
                }
                let again = faults > 0 && self.chatter.chance(faults);
                for _ in 0..=u64::from(again) {
                    self.overhear(index, node, murmur.clone());
                }
                self.report.murmurs += 1;
            }
        }
    }

    fn murmurs_to(&mut self, index: usize) -> Vec<(NodeId, Murmur)> {
        let late = self.chatter.chance(4);
        let Some(server) = self.servers.get_mut(index) else {
            return Vec::new();
        };
        let mut murmurs: Vec<_> = server.overheard.drain(..).collect();
        if late {
            murmurs.reverse();
        }
        murmurs
    }

    fn overhear(&mut self, index: usize, node: NodeId, murmur: Murmur) {
        if let Some(server) = self.servers.get_mut(index) {
            let effects = server.room.overhear(node, murmur, self.now_ms);
            self.carry_out(index, effects);
        }
    }

    fn send_murmurs(&mut self, index: usize) {
        let Some(server) = self.servers.get_mut(index) else {
            return;
        };
        let (node, murmurs) = (server.node, core::mem::take(&mut server.murmurs));
        let others = self
            .servers
            .iter_mut()
            .enumerate()
            .filter(|(other, _)| *other != index);
        for (_, other) in others {
            other
                .overheard
                .extend(murmurs.iter().map(|murmur| (node, murmur.clone())));
        }
    }

    /// What a server does every second.
    fn keep(&mut self) {
        for index in 0..self.servers.len() {
            let Some(server) = self.servers.get_mut(index) else {
                continue;
            };
            let mut effects = server.room.keep(self.now_ms, false);
            effects.extend(server.room.tick(self.now_ms));
            self.carry_out(index, effects);
        }
    }

    fn poll_heads(&mut self) {
        for index in 0..self.servers.len() {
            let Some(server) = self.servers.get_mut(index) else {
                continue;
            };
            let missed = self.store.tail(server.room.document().position().seq);
            let effects = server.room.committed(missed);
            self.carry_out(index, effects);
        }
    }

    fn repeat(&mut self, who: usize) {
        if let Some(client) = self.clients.get_mut(who) {
            self.report.repeats += u64::from(client.repeat());
        }
    }

    fn reload(&mut self, who: usize) {
        self.cut(who);
        if let Some(client) = self.clients.get_mut(who) {
            client.reload(&self.store, &mut self.random);
            self.report.reloads += 1;
        }
    }

    /// A server dies with everything in its memory; another starts in its place.
    fn crash(&mut self) {
        let index = self.random.index(self.servers.len());
        self.report.crashes += 1;
        let cut_off = self.clients.iter_mut().filter(|client| client.is_on(index));
        cut_off.for_each(|client| drop(client.disconnect()));
        let node = NodeId(self.next_node.to_be_bytes());
        self.next_node += 1;
        if let Some(server) = self.servers.get_mut(index) {
            *server = Server::new(node, &self.store, &mut self.random);
        }
    }

    fn carry_out(&mut self, index: usize, effects: Vec<Effect>) {
        let mut todo = alloc::collections::VecDeque::from(effects);
        while let Some(effect) = todo.pop_front() {
            let Some(server) = self.servers.get_mut(index) else {
                return;
            };
            todo.extend(server.carry_out(effect, index, &mut self.clients, &self.store));
        }
        self.send_murmurs(index);
    }

    /// No more faults: everybody connects and everything is delivered, until nothing moves.
    fn calm(&mut self) -> Result<(), String> {
        self.clients
            .iter_mut()
            .for_each(|client| client.lift_pen(self.now_ms));
        for _ in 0..CALM_ROUNDS {
            self.now_ms += 1_000;
            self.go_on();
            for who in 0..self.clients.len() {
                self.connect(who);
                self.deliver_to_server(who, 50);
                self.deliver_to_client(who, 50)?;
            }
            for index in 0..self.servers.len() {
                self.commit_at(index, 1_000, false);
            }
            self.poll_heads();
            self.keep();
            self.deliver_murmurs(0);
            if self.is_at_rest() {
                return Ok(());
            }
        }
        let states: Vec<_> = self.clients.iter().map(Client::state).collect();
        Err(format!(
            "never came to rest; head {:?}, clients {states:#?}",
            self.store.head.position
        ))
    }

    fn is_at_rest(&self) -> bool {
        let head = self.store.head.position;
        self.servers.iter().all(Server::is_at_rest)
            && self
                .servers
                .iter()
                .all(|server| server.room.document().position() == head)
            && self.clients.iter().all(|client| client.is_at_rest(head))
            && self.clients.iter().all(Client::ink_is_gone)
            && self.does_everybody_see_everybody()
    }

    /// Whoever is on a server is on the list of people of all servers, once, and nobody else is.
    fn does_everybody_see_everybody(&self) -> bool {
        let mut all: Vec<_> = self.clients.iter().map(Client::person).collect();
        all.sort_unstable();
        self.clients.iter().all(|client| client.sees() == all)
    }

    fn check(&mut self) -> Result<(), String> {
        let model = self.store.replay();
        let digest = crate::digest::digest(&model);
        naive::check(&self.store, &model)?;
        for (who, client) in self.clients.iter().enumerate() {
            let confirmed = client.replica.confirmed();
            demand(crate::digest::digest(&confirmed) == digest, || {
                format!("client {who} differs from the log")
            })?;
            demand(confirmed == *client.replica.document(), || {
                format!("client {who} shows what is not in the log")
            })?;
            demand(client.impatient.is_none(), || {
                let sent = client.impatient;
                format!("client {who} sent {sent:?} again while it might have been answered")
            })?;
            demand(client.ink_is_gone(), || {
                format!("client {who} sees stuck ink: {}", client.stuck(&model))
            })?;
        }
        for (index, server) in self.servers.iter().enumerate() {
            let differs = || format!("server {index} differs from the log");
            demand(
                crate::digest::digest(server.room.document()) == digest,
                differs,
            )?;
        }
        self.check_log()?;
        Self::check_snapshot(&model)?;
        self.report.ops = self.store.head.position.seq;
        self.report.elements = u64::try_from(model.len()).unwrap_or(0);
        Ok(())
    }

    /// Dense, each identity once, each client in its own order, and everything that was called saved.
    fn check_log(&mut self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let mut last = alloc::collections::BTreeMap::new();
        for (index, logged) in self.store.log.iter().enumerate() {
            let id = logged.entry.id;
            demand(
                usize::try_from(logged.seq).is_ok_and(|seq| seq == index + 1),
                || format!("hole at {}", logged.seq),
            )?;
            demand(seen.insert(id), || format!("{id:?} is in the log twice"))?;
            let before = last.insert(id.client, id.n).unwrap_or(0);
            demand(id.n == before + 1, || {
                format!("{id:?} is out of its client's order")
            })?;
        }
        let mut added = alloc::collections::BTreeMap::new();
        for entry in self.store.log.iter().map(|logged| &logged.entry) {
            if let Op::Add { id, .. } = &entry.op
                && self.clients.iter().any(|client| client.owns(entry.id))
            {
                let first = added.insert(*id, entry.id);
                self.report.doubled += u64::from(first.is_some());
            }
        }
        let saved: Vec<OpId> = self
            .clients
            .iter()
            .flat_map(|client| client.saved.iter().copied())
            .collect();
        let missing = saved.iter().find(|id| !seen.contains(id));
        demand(missing.is_none(), || {
            format!("{missing:?} was called saved and is not in the log")
        })
    }

    fn check_snapshot(model: &Document) -> Result<(), String> {
        let bytes = model.to_snapshot();
        let again =
            Document::from_snapshot(&bytes).map_err(|error| format!("snapshot: {error}"))?;
        demand(again == *model && again.to_snapshot() == bytes, || {
            "snapshot is not the document".into()
        })
    }
}

fn demand(holds: bool, violated: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(violated()) }
}
