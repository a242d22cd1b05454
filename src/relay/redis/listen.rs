//! The listening task: one connection on which everything that this server wants to hear is subscribed.
//!
//! It never gives up: whatever goes wrong, the connection is thrown away, a new one made, and every room told that it
//! may have missed something. What arrives goes from the connection straight into the inboxes, which are bounded, so
//! that nothing gathers in between.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use inkroom_board::BoardId;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, PushInfo, PushKind, Value};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::access::{self, Fault};
use super::health::Half;
use super::keys::Lane;
use crate::random;
use crate::relay::News;
use crate::relay::codec::{self, Poison};
use crate::relay::counters::{add, count};

/// Boards that are subscribed with one command.
const BATCH: usize = 256;

/// Listens until told to stop.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let listen = async {
        loop {
            let Err(why) = listen(&shared).await;
            shared.health.down(Half::News, why);
            shared.listeners.restart();
            pause(shared.link.pace.retry).await;
        }
    };
    stop.run_until_cancelled(listen).await;
}

/// Servers that lost Redis together do not come back together.
pub(super) async fn pause(most: Duration) {
    tokio::time::sleep(most.mul_f64(0.1 + 0.9 * random::fraction())).await;
}

async fn listen(shared: &Arc<Shared>) -> Result<Infallible, Fault> {
    let pace = shared.link.pace;
    let broken = Arc::new(Notify::new());
    let mut connection = shared
        .link
        .connect(Some(pushes(Arc::clone(shared), Arc::clone(&broken))))
        .await?;
    let mut subscribed = HashSet::new();
    shared.listeners.restart();
    follow(shared, &mut connection, &mut subscribed).await?;
    shared.health.up(Half::News);
    let mut pings = tokio::time::interval(pace.ping);
    pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = broken.notified() => return Err(Fault("the connection ended".into())),
            _ = pings.tick() => ping(pace.deadline, &mut connection).await?,
            () = shared.listeners.changed() => {
                follow(shared, &mut connection, &mut subscribed).await?;
            }
        }
    }
}

/// Any answer shows that it is alive; Redis refuses even a ping when it cannot write its file.
async fn ping(deadline: Duration, connection: &mut MultiplexedConnection) -> Result<(), Fault> {
    let mut ping = Pipeline::new();
    ping.cmd("PING");
    let _: Value = access::all(deadline, connection, &mut ping).await?;
    Ok(())
}

/// Subscribes what is wanted and unsubscribes what is not, and waits until Redis confirms it.
async fn follow(
    shared: &Shared,
    connection: &mut MultiplexedConnection,
    subscribed: &mut HashSet<BoardId>,
) -> Result<(), Fault> {
    let deadline = shared.link.pace.deadline;
    let channels = |boards: &[BoardId]| {
        let channels = boards.iter().flat_map(|board| shared.keys.channels(*board));
        channels.collect::<Vec<_>>()
    };
    loop {
        let changes = shared.listeners.changes(BATCH, subscribed);
        if changes.is_empty() && !shared.listeners.has_changes() {
            return Ok(());
        }
        if !changes.unwanted.is_empty() {
            let gone = connection.unsubscribe(channels(&changes.unwanted));
            access::within(deadline, gone).await?;
            changes.unwanted.iter().for_each(|board| {
                subscribed.remove(board);
            });
        }
        if !changes.wanted.is_empty() {
            let come = connection.subscribe(channels(&changes.wanted));
            access::within(deadline, come).await?;
            subscribed.extend(&changes.wanted);
            shared.listeners.confirm(&changes.wanted);
        }
    }
}

/// What is done with everything that arrives unasked.
fn pushes(
    shared: Arc<Shared>,
    broken: Arc<Notify>,
) -> impl Fn(PushInfo) -> Result<(), Infallible> + Send + Sync + 'static {
    move |push| {
        match (push.kind, push.data.as_slice()) {
            (PushKind::Message, [Value::BulkString(channel), Value::BulkString(message), ..]) => {
                shared.hear(channel, message)
            }
            (PushKind::Disconnection, _) => broken.notify_one(),
            _ => {}
        }
        Ok(())
    }
}

impl Shared {
    /// A message from whoever may publish, so anybody.
    fn hear(&self, channel: &[u8], message: &[u8]) {
        let Some((board, lane)) = self.keys.read_channel(channel) else {
            return;
        };
        if !self.listeners.wants(board) {
            return;
        }
        let taken = match codec::sender(message) {
            Ok(node) if node == self.node => return,
            Ok(_) if lane == Lane::Durable => self.hear_hint(board, message),
            Ok(_) => self.hear_murmurs(board, message),
            Err(poison) => Err(poison),
        };
        match taken {
            Ok(()) => count(&self.counters.received),
            Err(Poison) => count(&self.counters.undecodable),
        }
    }

    fn hear_hint(&self, board: BoardId, message: &[u8]) -> Result<(), Poison> {
        let news = codec::read_hint(message)?;
        self.listeners.tell(board, &news, message.len());
        Ok(())
    }

    fn hear_murmurs(&self, board: BoardId, message: &[u8]) -> Result<(), Poison> {
        let node = codec::sender(message)?;
        let (murmurs, undecodable) = codec::read_murmurs(message)?;
        add(&self.counters.undecodable, undecodable);
        let bytes = message.len() / murmurs.len().max(1);
        for murmur in murmurs {
            self.listeners
                .tell(board, &News::Murmur(node, murmur), bytes);
        }
        Ok(())
    }
}
