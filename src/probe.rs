//! Probe: asks a server on this machine whether it is ready, for containers, which have no other program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Whoever needs longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);
const QUESTION: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
const READY: &[u8] = b"HTTP/1.1 200 ";

/// Asks the server that listens at `listen`.
///
/// # Errors
/// When it does not say that it is ready.
pub async fn ready(listen: SocketAddr) -> anyhow::Result<()> {
    let asked = timeout(PATIENCE, ask(reachable(listen))).await;
    let is_ready = asked.context("no answer in time")?.context("no answer")?;
    ensure!(is_ready, "not ready");
    Ok(())
}

/// Who listens on all addresses is reached on this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(server: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(QUESTION).await?;
    let mut beginning = [0; READY.len()];
    stream.read_exact(&mut beginning).await?;
    Ok(beginning == READY)
}
