//! Who makes boards in a store and passes with its key, since the doors of a running server are guarded against exactly
//! such crowds as benches bring.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use inkroom::access::Keys;
use inkroom::store::Store;
use inkroom::{Config, random};
use inkroom_board::ledger::Genesis;
use inkroom_board::{Access, BoardId, Mode};

use crate::common::Guest;

/// A store and its key.
pub struct Keeper {
    store: Arc<dyn Store>,
    keys: Keys,
}

impl Keeper {
    /// Of the store that servers with this configuration use.
    pub async fn of(config: &Config, store: Arc<dyn Store>) -> Self {
        let keys = Keys::of(config, &*store).await.unwrap();
        Self { store, keys }
    }

    /// So many new, empty boards on which everybody may draw.
    pub async fn boards(&self, many: usize) -> Vec<BoardId> {
        let boards: Vec<_> = (0..many).map(|_| random::board()).collect();
        for board in &boards {
            let genesis = Genesis {
                board: *board,
                title: String::new(),
                access: Access::new(random::person(), Mode::Everyone),
            };
            self.store.create(&genesis, now_ms()).await.unwrap();
        }
        boards
    }

    /// Somebody new.
    pub fn guest(&self) -> Guest {
        let person = random::person();
        let token = self.keys.pass(person, now_ms());
        Guest { person, token }
    }

    /// Lets go of the store; no board can be made after it.
    pub async fn leave(&self) {
        self.store.close().await;
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
