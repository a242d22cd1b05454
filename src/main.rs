//! The program: reads its flags, starts a [`Server`], and ends it when it is told to; or asks how another one is.

use std::net::SocketAddr;

use anyhow::Context;
use clap::{Parser, Subcommand};
use inkroom::{Config, Server, config, probe, telemetry};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Inkroom: a self-hosted, real-time collaborative whiteboard
#[derive(Debug, Parser)]
#[command(version, about)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve boards until SIGTERM or SIGINT; a second signal ends it at once
    Serve(Box<Config>),
    /// Ask the server on this machine whether it is ready; exits with 0 if it is
    Health {
        /// Where it listens
        #[arg(long, env = "INKROOM_LISTEN", value_name = "ADDR:PORT", default_value_t = config::LISTEN)]
        listen: SocketAddr,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Line::parse().command {
        Command::Serve(config) => {
            let telemetry = telemetry::start(&config)?;
            let served = serve(*config).await;
            telemetry.end().await;
            served
        }
        Command::Health { listen } => probe::ready(listen).await,
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let mut server = Server::new(config).await?;
    let address = server.listen().await?;
    println!("listening on http://{address}");
    let served = server.serve_until(signals.next()).await;
    tokio::select! {
        () = server.shutdown() => {}
        () = signals.next() => anyhow::bail!("ended at once by a second signal"),
    }
    Ok(served?)
}

/// What asks a server to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
