//! The server as its users meet it: a real one on port 0, real sockets, and clients that run a real replica. Tests wait for
//! facts with a deadline and never sleep. Names beginning with `row_` are the rows of the table of bad inputs, by number.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs
)]

mod common;
#[path = "../store/gate.rs"]
#[allow(dead_code, reason = "the tests of the store use the rest")]
mod gate;

mod bots;
mod damage;
mod deploy;
mod drain;
mod draw;
mod guests;
mod health;
mod limits;
mod logs;
mod metrics;
mod outage;
mod pages;
mod pen;
mod people;
mod readme;
mod relay;
mod resume;
mod rows_http;
mod rows_ops;
mod rows_socket;
mod slow;
mod traces;
