//! Randomness of this server: ids, and a little chance so that many do not do the same at once.
//!
//! The one place that asks the system for it. Where the system has none, ids would be guessable and boards open to
//! everybody, so the process ends rather than go on.

use inkroom_board::{BoardId, ClientId, NodeId, PersonId};

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gives no random numbers: cannot go on");
        std::process::abort();
    }
    bytes
}

/// An id for a new board.
#[must_use]
pub fn board() -> BoardId {
    BoardId(bytes())
}

/// An id for a new person.
#[must_use]
pub fn person() -> PersonId {
    PersonId(bytes())
}

/// An id for a new queue of ops.
#[must_use]
pub fn client() -> ClientId {
    ClientId(bytes())
}

/// An id for this server.
#[must_use]
pub fn node() -> NodeId {
    NodeId(bytes())
}

/// At least 0, less than 1.
#[must_use]
pub fn fraction() -> f64 {
    f64::from(u32::from_be_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}

/// At least `from`, less than `to`, in ms.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between two u32"
)]
pub fn between(from: u32, to: u32) -> u32 {
    from + (fraction() * f64::from(to.saturating_sub(from))) as u32
}
