//! Several real servers, each a process, on one database and one Redis, over lines that break when told to: whatever
//! fails, nothing that was called saved is lost, nothing is there twice, and in the end everybody sees the same.
//!
//! Every scenario ends in [`cluster::Cluster::agree`]: it waits until all is saved, reads the log from SQL, asks every
//! server for the board anew, and gives everything that was seen to one checker ([`history`]). Names beginning with
//! `row_` are the rows of the failure matrix, by number. Those that are not here, and why:
//!
//! - 1 (a tab dies), 31 (one queue in two tabs): the queue outlives its page in a browser: `end2end/`, and the
//!   simulation in `board/` for what is then sent again.
//! - 11 (a Redis that fails over): for a client it is 6 and 7, and nothing in Redis is believed.
//! - 14, 28 (full disk, damaged snapshot): one process and its store: `tests/store/`. 15 (Postgres without disk)
//!   ends Postgres, which is 12.
//! - 16, 25 (a replica that was behind is promoted, a back-up is restored): what a client hears whose place is not in
//!   the log any more is in `tests/server/resume.rs`; that a room notices is here, by a forged run.
//! - 17, 18 (power cut): a process that is killed leaves its writes to the system, so this cannot tell what
//!   reaches the disk; that stores refuse settings that do not flush is in `tests/store/`.
//! - 19 (clocks): nothing is ordered by a clock, and no process can set this machine's.
//! - 21, 23, 29, 30 (slow readers, storms, memory, idle lines): one server each: `tests/server/`.
//! - 26 (two versions): there is one so far.
//!
//! `INKROOM_CHAOS_ROUNDS` multiplies what is done in rounds, and how long outages last, up to a release's gate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs
)]

#[path = "server/common/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the tests of one server use the rest"
)]
mod common;

#[path = "cluster/artist.rs"]
mod artist;
#[path = "cluster/cluster.rs"]
mod cluster;
#[path = "cluster/history.rs"]
mod history;
#[path = "cluster/node.rs"]
mod node;

#[path = "cluster/crash.rs"]
mod crash;
#[path = "cluster/database.rs"]
mod database;
#[path = "cluster/forged.rs"]
mod forged;
#[path = "cluster/lines.rs"]
mod lines;
#[path = "cluster/people.rs"]
mod people;
#[path = "cluster/redis.rs"]
mod redis;
#[path = "cluster/restart.rs"]
mod restart;
#[path = "cluster/warm.rs"]
mod warm;
