//! Who may look inside a server: those beside it, on its own machine or a private network, and asking it directly.
//!
//! What a proxy passes on comes from anywhere, though the proxy itself is a neighbour: so whatever names a proxy in its
//! headers is refused. To everybody else these pages do not exist. Reader's question: why not a port of its own? One
//! port is one promise less to keep; a proxy that hides who asks must hide these pages too, as `deploy/` does.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

use super::App;
use crate::error::HttpError;

/// Proxies name themselves, or whom they speak for, in at least one of these.
const PASSED_ON: [HeaderName; 6] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// Somebody beside the server asks.
#[derive(Debug)]
pub(super) struct Neighbour;

impl FromRequestParts<Arc<App>> for Neighbour {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, HttpError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        peer.filter(|peer| is_private(peer.0.ip()) && !is_passed_on(&parts.headers))
            .map(|_| Self)
            .ok_or(HttpError::NoPage)
    }
}

fn is_passed_on(headers: &HeaderMap) -> bool {
    PASSED_ON.iter().any(|name| headers.contains_key(name))
}

/// RFC 1918, RFC 4193, link-local and loopback addresses.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_on_this_machine_or_a_private_network() {
        let near = [
            "127.0.0.1",
            "10.2.3.4",
            "172.16.0.1",
            "192.168.1.9",
            "169.254.1.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ];
        for address in near {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        let far = [
            "8.8.8.8",
            "172.32.0.1",
            "100.64.0.1",
            "192.0.2.1",
            "2001:db8::1",
            "2600::1",
            "::ffff:8.8.8.8",
        ];
        for address in far {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
