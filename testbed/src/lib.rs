//! What tests run against: real servers that each test starts for itself, and a network that breaks when told to.
//!
//! Everything listens on loopback alone and ends with the value that stands for it. Not here: anything of Inkroom; and
//! nothing of this goes into the server. A test that cannot get what it needs panics and says how to get it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "it is all test code: a panic is how it reports"
)]

pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;

pub use postgres::Postgres;
pub use proxy::Proxy;
