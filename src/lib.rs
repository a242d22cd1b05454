//! The server of Inkroom: pages, sockets, rooms, relay, store.
//!
//! [`Server`] is the whole thing, started by `main` and by tests alike. How a stroke travels through it: [`web`]
//! takes its messages from the socket, [`hub`] has the room they go to, [`store`] commits them, [`relay`] tells other
//! servers. What a board is and what is allowed on it is in [`inkroom_board`], what pages say in [`inkroom_app`].

pub mod access;
pub mod clock;
pub mod config;
pub mod error;
pub mod hub;
pub mod metrics;
pub mod probe;
pub mod random;
pub mod relay;
pub mod store;
pub mod telemetry;
pub mod web;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::Config;

use access::Keys;
use clock::Clock;
use hub::{Hub, Surroundings, Views};
use metrics::{MeasuredStore, Metrics};
use relay::{LocalRelay, RedisRelay, Relay};
use store::warm::Bodies;
use store::{PgStore, SqliteStore, Store, WarmStore, WitnessStore, Writer};
use web::App;

/// When everything else is done, connections that are still being answered get so long.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// What was said about Redis cannot be used.
    #[error(transparent)]
    Redis(#[from] relay::redis::BadAccess),
    /// The certificates to trust for Redis cannot be read.
    #[error("the certificates for Redis: {0}")]
    Certificates(std::io::Error),
    /// The secret key can neither be read nor made.
    #[error("the secret key in the data folder: {0}")]
    Key(std::io::Error),
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The server goes on without its writer, so it saves nothing any more: start another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("saving broke down; see the log, and start again")]
pub struct WriterEnded;

/// One server.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    writer: Writer,
    /// The end of HTTP, after the end of the rooms.
    closing: CancellationToken,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// With the store and the relay that the host chose.
    ///
    /// # Errors
    /// Why it cannot start.
    pub async fn new(config: Config) -> Result<Self, StartError> {
        let store: Arc<dyn Store> = match &config.database {
            Some(url) => Arc::new(PgStore::open(url.as_str()).await?),
            None => Arc::new(SqliteStore::open(&config.data).await?),
        };
        let Some(access) = config.redis_access().map_err(StartError::Certificates)? else {
            let relay = LocalRelay::default().node(random::node());
            return Self::with(config, store, Arc::new(relay)).await;
        };
        let relay = Arc::new(RedisRelay::with(&access, random::node())?);
        let bodies: Arc<dyn Bodies> = relay.clone();
        Self::with(config, Arc::new(WarmStore::new(store, bodies)), relay).await
    }

    /// With any store and relay.
    ///
    /// # Errors
    /// Why it cannot start.
    pub async fn with(
        config: Config,
        store: Arc<dyn Store>,
        relay: Arc<dyn Relay>,
    ) -> Result<Self, StartError> {
        let keys = Keys::of(&config, &*store).await?;
        let metrics = Arc::new(Metrics::default());
        let store = Arc::new(MeasuredStore::new(store, Arc::clone(&metrics)));
        let witness = Arc::new(WitnessStore::new(store, Arc::clone(&metrics)));
        let stopping = CancellationToken::new();
        let watch = Arc::clone(&witness).watch(config.timing.reread);
        tokio::spawn(stopping.clone().run_until_cancelled_owned(watch));
        let store: Arc<dyn Store> = witness;
        let (writer, clock) = (Writer::start(Arc::clone(&store)), Clock::start());
        let hub = Hub::new(Surroundings {
            store: Arc::clone(&store),
            writer: writer.clone(),
            relay,
            metrics: Arc::clone(&metrics),
            clock: clock.clone(),
            settings: config.room_settings(),
            timing: config.timing.clone(),
        });
        let app = Arc::new(App {
            views: Views::new(hub.clone(), Arc::clone(&store)),
            gates: web::gates::Gates::new(&config.limits),
            places: Arc::new(Semaphore::new(config.limits.members)),
            config,
            clock,
            store,
            writer: writer.clone(),
            hub,
            metrics,
            keys,
            assets: web::assets::Assets::new(),
            sockets: TaskTracker::new(),
            stopping,
        });
        Ok(Self {
            app,
            writer,
            closing: CancellationToken::new(),
            listening: None,
        })
    }

    /// Takes connections from now on, at the address that is returned.
    ///
    /// # Errors
    /// [`StartError::Listen`].
    pub async fn listen(&mut self) -> Result<SocketAddr, StartError> {
        let address = self.app.config.listen;
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let router = web::router(Arc::clone(&self.app));
        let (head, closing) = (self.app.config.timing.head, self.closing.clone());
        self.listening = Some(tokio::spawn(web::listen::serve(
            listener, router, head, closing,
        )));
        tracing::info!(%bound, "listening");
        Ok(bound)
    }

    /// How many are on boards of this server.
    #[must_use]
    pub fn members(&self) -> usize {
        self.app.hub.members()
    }

    /// Serves until it is asked to end, or has to; either way [`Self::shutdown`] comes next.
    ///
    /// # Errors
    /// When it has to.
    pub async fn serve_until(&self, asked: impl Future<Output = ()>) -> Result<(), WriterEnded> {
        tokio::select! {
            () = asked => Ok(()),
            () = self.writer.ended() => {
                tracing::error!("saving broke down: the server ends");
                Err(WriterEnded)
            }
        }
    }

    /// Ends in order: says that it stops, takes no new sockets, commits what it has, sends everybody away with a time to
    /// come back, closes the store. Whatever happens, it is over within the deadline.
    pub async fn shutdown(mut self) {
        self.app.stopping.cancel();
        tracing::info!(members = self.members(), "draining");
        tokio::time::sleep(Duration::from_secs(self.app.config.drain_lead)).await;
        let deadline = Duration::from_secs(self.app.config.drain_deadline);
        let listening = self.listening.take();
        if tokio::time::timeout(deadline, self.drain(listening))
            .await
            .is_err()
        {
            tracing::warn!("not everybody let themselves be sent away in time");
        }
        let left = self.writer.shutdown(LAST_ANSWERS).await;
        if left > 0 {
            tracing::warn!(
                ops = left,
                "ops were not committed; nobody was told that they were"
            );
        }
        self.app.hub.relay().close().await;
        self.app.store.close().await;
        tracing::info!("stopped");
    }

    async fn drain(&self, listening: Option<JoinHandle<()>>) {
        self.app.hub.drain().await;
        self.app.sockets.close();
        self.app.sockets.wait().await;
        self.closing.cancel();
        if let Some(listening) = listening {
            // Whoever still reads an answer by then reads too slowly.
            let _ = tokio::time::timeout(LAST_ANSWERS, listening).await;
        }
    }
}
