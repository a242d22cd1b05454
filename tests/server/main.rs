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

mod bots;
mod crash;
mod drain;
mod draw;
mod guests;
mod limits;
mod logs;
mod pages;
mod pen;
mod people;
mod relay;
mod resume;
mod rows_http;
mod rows_ops;
mod rows_socket;
mod slow;
