//! The relay within a process.

use std::sync::Arc;

use async_trait::async_trait;
use inkroom::relay::{LocalRelay, Relay};

use crate::fixture::{Rig, node};

struct Local(LocalRelay);

#[async_trait]
impl Rig for Local {
    async fn node(&self, n: u8) -> Arc<dyn Relay> {
        Arc::new(self.0.node(node(n)))
    }

    async fn check(&self) {}
}

crate::contract::contract!(Local(LocalRelay::default()));
