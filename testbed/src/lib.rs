//! The testbed: what tests need around the server. Real databases and relays, each in a folder and on a port of its
//! own, gone when dropped; and a network in between that breaks on demand. It ships with nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

pub mod ports;
pub mod postgres;
pub mod process;

pub use postgres::Postgres;
