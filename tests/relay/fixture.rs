//! What the cases tell each other: runs of made-up logs, and servers that wait for what they hear.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use inkroom::relay::{Hint, News, Relay, RelayHealth, RoomState, Subscription};
use inkroom_board::ledger::Logged;
use inkroom_board::room::Murmur;
use inkroom_board::wire::ServerMessage;
use inkroom_board::{BoardId, ClientId, Entry, NodeId, Op, OpId, PersonId, Position};

/// Everything that is waited for comes within this, or the case fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A relay that several servers use.
#[async_trait]
pub(crate) trait Rig: Send + Sync {
    /// The end of one more server.
    async fn node(&self, n: u8) -> Arc<dyn Relay>;
    /// What must be so after every case.
    async fn check(&self);
}

pub(crate) fn board(n: u8) -> BoardId {
    BoardId([n; 16])
}

pub(crate) fn node(n: u8) -> NodeId {
    NodeId([n; 8])
}

/// That a server has so many members.
pub(crate) fn here(n: u32) -> Murmur {
    Murmur::Told(ServerMessage::Here(n))
}

/// Waits for a fact; the case fails when it does not come true in time.
pub(crate) async fn soon<T>(fact: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, fact)
        .await
        .expect("it came true in time")
}

/// Asks until the answer is yes.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    soon(async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

pub(crate) async fn healthy(relay: &dyn Relay) {
    let mut health = relay.health();
    let is_healthy = health.wait_for(|health| *health == RelayHealth::Healthy);
    soon(is_healthy).await.unwrap();
}

pub(crate) async fn degraded(relay: &dyn Relay) {
    let mut health = relay.health();
    let is_degraded = health.wait_for(|health| matches!(health, RelayHealth::Degraded { .. }));
    soon(is_degraded).await.unwrap();
}

/// The log of a board, as a store would have it.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    board: BoardId,
    at: Position,
}

impl Log {
    pub(crate) fn of(board: BoardId) -> Self {
        Self {
            board,
            at: Position::start(1),
        }
    }

    pub(crate) fn position(&self) -> Position {
        self.at
    }

    /// The next `count` ops, each about so long.
    pub(crate) fn grow(&mut self, count: usize, bytes: usize) -> Hint {
        let before = self.at;
        let logged = (0..count).map(|_| self.one(bytes)).collect();
        Hint {
            board: self.board,
            before,
            logged,
        }
    }

    /// The next op.
    pub(crate) fn next(&mut self) -> Hint {
        self.grow(1, 10)
    }

    fn one(&mut self, bytes: usize) -> Logged {
        let entry = Entry {
            id: OpId {
                client: ClientId([1; 16]),
                n: u32::try_from(self.at.seq + 1).unwrap(),
            },
            author: PersonId([2; 16]),
            at_ms: 1_790_000_000_000,
            op: Op::SetTitle("x".repeat(bytes)),
        };
        let stored = entry.op.to_stored();
        self.at.seq += 1;
        self.at.chain = self.at.chain.next(entry.id, entry.author, &stored);
        Logged {
            seq: self.at.seq,
            chain: self.at.chain,
            entry,
            size: stored.len(),
        }
    }
}

/// A room of a board at one server.
pub(crate) struct Ear(pub(crate) Box<dyn Subscription>);

impl Ear {
    pub(crate) async fn of(relay: &dyn Relay, board: BoardId) -> Self {
        Self(soon(relay.subscribe(board)).await)
    }

    pub(crate) async fn next(&mut self) -> News {
        soon(self.0.next()).await
    }

    /// The next is exactly this run.
    pub(crate) async fn hears(&mut self, hint: &Hint) {
        match self.next().await {
            News::Committed(logged) => assert_eq!(logged, hint.logged),
            other => panic!("heard {other:?} instead of {:?}", hint.logged),
        }
    }

    /// The next is that the log ends here.
    pub(crate) async fn hears_head(&mut self, head: Position) {
        match self.next().await {
            News::Head(told) => assert_eq!(told, head),
            other => panic!("heard {other:?} instead of {head:?}"),
        }
    }

    pub(crate) async fn hears_murmur(&mut self, from: NodeId, murmur: &Murmur) {
        match self.next().await {
            News::Murmur(node, told) => assert_eq!((node, &told), (from, murmur)),
            other => panic!("heard {other:?} instead of {murmur:?}"),
        }
    }

    /// Passes over everything up to where something was missed.
    pub(crate) async fn misses(&mut self) {
        while !matches!(self.next().await, News::Missed) {}
    }

    /// Passes over everything up to this run, or a head that stands for it.
    pub(crate) async fn hears_at_last(&mut self, seq: u64) {
        loop {
            match self.next().await {
                News::Committed(logged) if logged.last().is_some_and(|last| last.seq >= seq) => {
                    return;
                }
                News::Head(head) if head.seq >= seq => return,
                _ => {}
            }
        }
    }
}

/// A board whose log ends there, and of which little else is known.
pub(crate) fn state(head: Position) -> RoomState {
    RoomState {
        head,
        snap_seq: None,
        role_version: 0,
    }
}

/// A room that opens now is told first that the log ends at `head`. Whoever remembers it may need a moment.
pub(crate) async fn opens_at(relay: &dyn Relay, board: BoardId, head: Position) {
    until(async || {
        let mut ear = Ear::of(relay, board).await;
        let first = tokio::time::timeout(Duration::from_millis(100), ear.0.next());
        matches!(first.await, Ok(News::Head(told)) if told == head)
    })
    .await;
}

/// Says one thing again and again until it arrives: what is said while a connection is being made may be lost.
pub(crate) async fn says_until_heard(speaker: &dyn Relay, log: &mut Log, ear: &mut Ear) {
    let first = log.position().seq + 1;
    let says = async {
        loop {
            speaker.publish(log.next());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = says => {}
        () = ear.hears_at_last(first) => {}
    }
}
