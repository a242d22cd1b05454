//! Free ports of this machine, for servers that must be told one.
//!
//! They are below the range from which the system picks ports for outgoing connections, so that a server which is
//! stopped for a while finds its port free again. Two processes may still pick the same one at the same time: whoever
//! starts a server tries again with another.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Linux gives outgoing connections ports from 32768 on (`ip_local_port_range`).
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on just now, another one at every call.
#[must_use]
pub fn free() -> u16 {
    // Test processes that run side by side begin far from each other.
    let offset = u16::try_from(std::process::id() % 400).unwrap_or(0) * 30;
    (0..COUNT)
        .map(|_| FIRST + (offset + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}
