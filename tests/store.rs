//! Every store keeps the same promises: one suite of cases, run on each kind of store, and what is particular to
//! one of them beside it. Names quote the invariants (I1 … I13) of the sync contract that a case checks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "store/contract.rs"]
#[macro_use]
mod contract;
#[path = "store/fixture.rs"]
mod fixture;
#[path = "store/gate.rs"]
mod gate;
#[path = "store/postgres.rs"]
mod postgres;
#[path = "store/rig.rs"]
mod rig;
#[path = "store/sqlite.rs"]
mod sqlite;
#[path = "store/writer.rs"]
mod writer;
