//! Every relay keeps the same promises: one suite of cases, run on each kind, and what is particular to Redis beside
//! it: its outages, what others may write into it, and what is left in it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "relay/contract.rs"]
#[macro_use]
mod contract;
#[path = "relay/codec.rs"]
mod codec;
#[path = "relay/fixture.rs"]
mod fixture;
#[path = "relay/local.rs"]
mod local;
#[path = "relay/outage.rs"]
mod outage;
#[path = "relay/redis.rs"]
mod redis;
#[path = "relay/untrusted.rs"]
mod untrusted;
#[path = "relay/warm.rs"]
mod warm;
