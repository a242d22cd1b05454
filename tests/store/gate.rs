//! A store whose commits wait at a gate and fail on demand, and whose log cannot be read while it is away; everything
//! else is the real one's.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use inkroom::store::{BoardBatch, Outcome, Reach, Store, StoreError};
use inkroom_board::ledger::Logged;
use inkroom_board::{BoardId, Seq};
use tokio::sync::{Semaphore, watch};

/// How a commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Before anything is stored.
    Before,
    /// After everything is stored, so that nobody hears of it.
    After,
}

/// What a commit was asked to do: how many ops of which boards.
pub(crate) type Asked = Vec<(BoardId, usize)>;

#[derive(Debug)]
pub(crate) struct Gate {
    store: Arc<dyn Store>,
    open: Semaphore,
    /// The boards whose commits fail for as long as they are in here.
    blocked: Mutex<BTreeSet<BoardId>>,
    is_away: AtomicBool,
    reach: Reach,
    faults: Mutex<VecDeque<Fault>>,
    asked: watch::Sender<Vec<Asked>>,
}

impl Gate {
    /// Shut: no commit passes.
    pub(crate) fn shut(store: Arc<dyn Store>) -> Arc<Self> {
        let reach = store.reach();
        Self::reaching(store, reach)
    }

    /// Shut, with commits that overlap as a store on a network would have them.
    pub(crate) fn reaching(store: Arc<dyn Store>, reach: Reach) -> Arc<Self> {
        let asked = watch::Sender::new(Vec::new());
        Arc::new(Self {
            store,
            open: Semaphore::new(0),
            blocked: Mutex::default(),
            is_away: AtomicBool::new(false),
            reach,
            faults: Mutex::default(),
            asked,
        })
    }

    /// Open from the start.
    pub(crate) fn open(store: Arc<dyn Store>) -> Arc<Self> {
        let gate = Self::shut(store);
        gate.let_all_pass();
        gate
    }

    pub(crate) fn let_pass(&self, commits: usize) {
        self.open.add_permits(commits);
    }

    pub(crate) fn let_all_pass(&self) {
        self.let_pass(Semaphore::MAX_PERMITS / 2);
    }

    /// The next commits fail like this, one after the other.
    pub(crate) fn fail(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// Commits of this board fail until [`Self::unblock`].
    pub(crate) fn block(&self, board: BoardId) {
        self.blocked.lock().unwrap().insert(board);
    }

    pub(crate) fn unblock(&self, board: BoardId) {
        self.blocked.lock().unwrap().remove(&board);
    }

    /// From now on no log can be read, or every one again.
    #[allow(dead_code, reason = "the tests of the store use it")]
    pub(crate) fn be_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::Relaxed);
    }

    /// From now on every commit panics, as only a bug would make it.
    #[allow(dead_code, reason = "the tests of the server use it")]
    pub(crate) fn break_down(&self) {
        self.open.close();
    }

    /// What the first `commits` commits were asked, once there were so many.
    pub(crate) async fn asked(&self, commits: usize) -> Vec<Asked> {
        let mut asked = self.asked.subscribe();
        asked
            .wait_for(|asked| asked.len() >= commits)
            .await
            .unwrap()
            .clone()
    }
}

fn unavailable<T>() -> Result<T, StoreError> {
    Err(StoreError::from(sqlx::Error::PoolTimedOut))
}

#[async_trait]
impl Store for Gate {
    fn below(&self) -> &dyn Store {
        &*self.store
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    async fn commit(&self, batch: &[BoardBatch]) -> Result<Vec<Vec<Outcome>>, StoreError> {
        self.asked.send_modify(|asked| {
            asked.push(
                batch
                    .iter()
                    .map(|part| (part.board, part.ops.len()))
                    .collect(),
            )
        });
        self.open.acquire().await.unwrap().forget();
        let fault = self.faults.lock().unwrap().pop_front();
        let is_blocked = {
            let blocked = self.blocked.lock().unwrap();
            batch.iter().any(|part| blocked.contains(&part.board))
        };
        if fault == Some(Fault::Before) || is_blocked {
            return unavailable();
        }
        let outcomes = self.store.commit(batch).await?;
        if fault == Some(Fault::After) {
            unavailable()
        } else {
            Ok(outcomes)
        }
    }

    async fn tail(
        &self,
        board: BoardId,
        after: Seq,
        most: usize,
    ) -> Result<Vec<Logged>, StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            return unavailable();
        }
        self.store.tail(board, after, most).await
    }
}
