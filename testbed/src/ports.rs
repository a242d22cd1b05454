//! Ports that are free.

use std::net::TcpListener;

/// A port of loopback that nobody listens on. Somebody else may take it before it is used: whoever starts a server
/// on it looks whether that worked, and asks for another.
#[must_use]
pub fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
