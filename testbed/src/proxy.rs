//! A TCP proxy that breaks when told to: what lies between a server and its Redis or Postgres.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// No limit on the bytes that pass.
const ENDLESS: u64 = u64::MAX;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Everything passes, this much later.
    Open(Duration),
    /// Connections are taken and nothing passes.
    Frozen,
    /// Connections are reset.
    Cut,
}

/// Words at which the line is cut, and whether they pass first.
#[derive(Debug)]
struct Trap {
    words: &'static [u8],
    pass: bool,
}

/// The line and what may still pass on it, shared by all connections.
#[derive(Debug, Clone)]
struct Shared {
    line: watch::Sender<Line>,
    budget: Arc<AtomicU64>,
    trap: Arc<Mutex<Option<Trap>>>,
}

/// A proxy. Dropping it ends its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Proxy {
    /// In front of `target`.
    ///
    /// # Panics
    /// When there is no port left.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let shared = Shared {
            line: watch::Sender::new(Line::Open(Duration::ZERO)),
            budget: Arc::new(AtomicU64::new(ENDLESS)),
            trap: Arc::default(),
        };
        Self {
            address: listener.local_addr().expect("an address"),
            task: tokio::spawn(serve(listener, target, shared.clone())),
            shared,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Resets all connections, and every new one.
    pub fn cut(&self) {
        self.shared.line.send_replace(Line::Cut);
    }

    /// A black hole: connections are taken and kept, nothing passes.
    pub fn freeze(&self) {
        self.shared.line.send_replace(Line::Frozen);
    }

    /// Everything that passes takes so much longer, each way.
    pub fn delay(&self, by: Duration) {
        self.shared.line.send_replace(Line::Open(by));
    }

    /// Everything passes again; what waited while it was frozen comes now.
    pub fn heal(&self) {
        self.shared.budget.store(ENDLESS, Ordering::SeqCst);
        self.shared.set_trap(None);
        self.delay(Duration::ZERO);
    }

    /// After `bytes` more, counted both ways, it is cut: in the middle of a message if need be.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.budget.store(bytes, Ordering::SeqCst);
    }

    /// It is cut when these words are next said, by either side: before they pass, or right after. Words that come in
    /// two pieces are not noticed; short ones that are sent at once do not.
    pub fn cut_at(&self, words: &'static [u8], pass: bool) {
        self.shared.set_trap(Some(Trap { words, pass }));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((near, _)) = listener.accept() => {
                connections.spawn(carry(near, target, shared.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One connection, until either side ends it or the line is cut.
async fn carry(mut near: TcpStream, target: SocketAddr, shared: Shared) {
    let mut line = shared.line.subscribe();
    let both = async {
        passes(&mut shared.line.subscribe()).await;
        let mut far = TcpStream::connect(target).await?;
        far.set_nodelay(true)?;
        near.set_nodelay(true)?;
        reset_on_drop(&far);
        let (mut near_in, mut near_out) = near.split();
        let (mut far_in, mut far_out) = far.split();
        tokio::select! {
            done = pump(&mut near_in, &mut far_out, &shared) => done,
            done = pump(&mut far_in, &mut near_out, &shared) => done,
        }
    };
    let is_cut = tokio::select! {
        _ = both => false,
        _ = line.wait_for(|line| *line == Line::Cut) => true,
    };
    if is_cut {
        reset_on_drop(&near);
    }
}

/// What is sent to the other side then is a reset, not a goodbye.
fn reset_on_drop(stream: &TcpStream) {
    // A socket that is closed already needs none.
    let _ = stream.set_zero_linger();
}

/// Waits until something may pass; says how late.
async fn passes(line: &mut watch::Receiver<Line>) -> Duration {
    loop {
        if let Line::Open(delay) = *line.borrow_and_update() {
            return delay;
        }
        if line.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
) -> std::io::Result<()> {
    let mut line = shared.line.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let delay = passes(&mut line).await;
        tokio::time::sleep(delay).await;
        passes(&mut line).await;
        let trapped = shared.trapped(&buffer[..read]);
        let wanted = if trapped == Some(false) { 0 } else { read };
        let allowed = shared.spend(wanted);
        to.write_all(&buffer[..allowed]).await?;
        to.flush().await?;
        if allowed < read || trapped.is_some() {
            shared.line.send_replace(Line::Cut);
        }
    }
}

impl Shared {
    fn set_trap(&self, trap: Option<Trap>) {
        *self.trap.lock().unwrap() = trap;
    }

    /// Whether the line is to be cut at this, and if so, whether it passes first.
    fn trapped(&self, said: &[u8]) -> Option<bool> {
        let mut trap = self.trap.lock().unwrap();
        let hit = |trap: &mut Trap| {
            said.windows(trap.words.len())
                .any(|some| some == trap.words)
        };
        trap.take_if(hit).map(|trap| trap.pass)
    }

    /// How many of `wanted` bytes may pass.
    fn spend(&self, wanted: usize) -> usize {
        let wanted = wanted as u64;
        let spent = |left: u64| (left != ENDLESS).then(|| left.saturating_sub(wanted));
        let before = self
            .budget
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, spent);
        let allowed = before.map_or(wanted, |before| before.min(wanted));
        usize::try_from(allowed).unwrap_or(usize::MAX)
    }
}
