//! A server, clients that mirror its boards, and plain HTTP.

pub mod client;
mod http;
mod ink;
mod process;
mod server;

pub use client::{Client, Raw, close_code, hello};
pub use http::{Answer, Ask};
pub use ink::{big_stroke, element, sketch, stroke, text_of};
pub use process::Process;
pub use server::{Guest, TestServer};

use std::future::Future;
use std::time::Duration;

/// Nothing takes longer, even on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for something that has to happen.
pub async fn soon<T>(what: &str, happening: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, happening)
        .await
        .unwrap_or_else(|_| panic!("did not happen: {what}"))
}

/// Looks again and again until it is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    soon(what, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
