//! The publishing task: one connection for everything that this server tells Redis or asks it.
//!
//! What gathers while one pipeline is on its way goes with the next, so a busy server sends few and large ones. Once a
//! second it looks whether Redis is alive, and writes what is to be remembered: rooms, seats, cursors, its own beat. Those
//! may fail (as when Redis's memory is full) without any harm; only what cannot be published makes the relay degraded.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Value};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::access::{self, Fault};
use super::commands::Clock;
use super::health::Half;
use super::keys::Lane;
use super::listen::pause;
use super::outbox::{Batch, Durable};
use crate::relay::codec;

/// No sender of pushes: nothing is subscribed here.
type NoPushes = fn(redis::PushInfo) -> Result<(), std::convert::Infallible>;

/// Publishes until told to stop, and says goodbye then.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let Err(why) = Publisher::serve(&shared, &stop).await else {
            return;
        };
        shared.commands.clear();
        shared.outbox.shut(Batch::default());
        shared.health.down(Half::Commands, why);
        let wait = pause(shared.link.pace.retry);
        if stop.run_until_cancelled(wait).await.is_none() {
            return;
        }
    }
}

/// At work on one connection.
struct Publisher<'a> {
    shared: &'a Shared,
    connection: MultiplexedConnection,
    clock: Clock,
}

impl<'a> Publisher<'a> {
    /// Until told to stop, or until the connection fails.
    async fn serve(shared: &'a Shared, stop: &CancellationToken) -> Result<(), Fault> {
        let Some(publisher) = stop.run_until_cancelled(Self::connect(shared)).await else {
            return Ok(());
        };
        publisher?.work(stop).await
    }

    async fn connect(shared: &'a Shared) -> Result<Self, Fault> {
        let mut connection = shared.link.connect(None::<NoPushes>).await?;
        let clock = time(shared, &mut connection).await?;
        shared.seats.tell_all_again();
        shared.cursors.clear();
        shared.beats().say_again();
        Ok(Self {
            shared,
            connection,
            clock,
        })
    }

    async fn work(mut self, stop: &CancellationToken) -> Result<(), Fault> {
        let shared = self.shared;
        self.upkeep().await?;
        shared.outbox.open();
        shared.health.up(Half::Commands);
        let mut seconds = interval(shared.link.pace.ping);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.say_goodbye().await,
                _ = seconds.tick() => self.upkeep().await?,
                batch = shared.outbox.next() => self.publish(batch).await?,
            }
        }
    }

    async fn publish(&mut self, batch: Batch) -> Result<(), Fault> {
        let published = self.try_publish(&batch).await;
        if published.is_err() {
            self.shared.outbox.shut(batch);
        }
        published
    }

    async fn try_publish(&mut self, batch: &Batch) -> Result<(), Fault> {
        let Shared { node, keys, .. } = self.shared;
        let mut pipeline = Pipeline::new();
        let mut publish = |board, lane, message: Vec<u8>| {
            let to = pipeline.cmd("PUBLISH");
            to.arg(keys.channel(board, lane)).arg(message);
        };
        for durable in &batch.durable {
            let message = match durable {
                Durable::Run(hint) => codec::hint(*node, hint),
                Durable::Head(_, head) => codec::head(*node, *head),
            };
            publish(durable.board(), Lane::Durable, message);
        }
        for (board, murmurs) in &batch.murmurs {
            publish(*board, Lane::Ephemeral, codec::murmurs(*node, murmurs));
        }
        for answer in self.all(pipeline).await? {
            answer.extract_error()?;
            self.shared.outbox.count_published();
        }
        Ok(())
    }

    async fn all(&mut self, mut pipeline: Pipeline) -> Result<Vec<Value>, Fault> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let deadline = self.shared.link.pace.deadline;
        access::all(deadline, &mut self.connection, &mut pipeline).await
    }

    /// Once a second: the ping, and what is to be remembered.
    async fn upkeep(&mut self) -> Result<(), Fault> {
        self.clock = time(self.shared, &mut self.connection).await?;
        self.shared.commands.set(&self.connection, self.clock);
        let (shared, now_ms) = (self.shared, self.clock.now_ms());
        let mut pipeline = Pipeline::new();
        shared.rooms.write(&shared.keys, &mut pipeline);
        for change in shared.seats.changes() {
            change.write(&shared.keys, shared.node, now_ms, &mut pipeline);
        }
        shared
            .cursors
            .write(&shared.keys, shared.node, &mut pipeline);
        shared.beat(now_ms, &mut pipeline);
        self.all(pipeline).await?;
        Ok(())
    }

    /// What waits is sent, and what was said about this server taken back.
    async fn say_goodbye(mut self) -> Result<(), Fault> {
        let shared = self.shared;
        loop {
            let batch = shared.outbox.take();
            if batch.is_empty() {
                break;
            }
            self.publish(batch).await?;
        }
        shared.outbox.shut(Batch::default());
        shared.commands.clear();
        let mut pipeline = Pipeline::new();
        shared.rooms.write(&shared.keys, &mut pipeline);
        shared.seats.clear();
        for change in shared.seats.changes() {
            change.write(&shared.keys, shared.node, 0, &mut pipeline);
        }
        shared.take_back_beat(&mut pipeline);
        self.all(pipeline).await?;
        Ok(())
    }
}

/// Redis's clock, which is also the ping: it is refused by nothing but an ACL.
async fn time(shared: &Shared, connection: &mut MultiplexedConnection) -> Result<Clock, Fault> {
    let asked = Instant::now();
    let time = redis::cmd("TIME");
    let answer = time.query_async(connection);
    let clock = access::within(shared.link.pace.deadline, answer).await?;
    let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
    shared.counters.ping_us.store(micros, Ordering::Relaxed);
    Ok(Clock::of(clock))
}
