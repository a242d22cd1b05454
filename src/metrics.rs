//! Metrics: what one server counts and times while it works, and how it is written for whoever collects such numbers.
//!
//! One value for each server, since several may run in one process. What is counted here is an atomic (a histogram, a
//! lock held for a few instructions); labels are looked up when the server starts or a connection ends, never for a
//! message, and nothing is kept for each member. Levels are not mirrored here: they are [`Figures`], read from their
//! owners when somebody asks. Not here: who may ask ([`crate::web`]), logs and traces ([`crate::telemetry`]).

mod figures;
mod journeys;
mod nacks;
mod store;

use std::fmt;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use inkroom_board::wire::ServerMessage;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tokio::time::Instant;

pub use figures::{Figures, Value};
pub(crate) use journeys::Journeys;
pub use store::MeasuredStore;

use nacks::Nacks;

/// The names of all numbers begin with it.
const PREFIX: &str = "inkroom";
/// Latencies from a quarter of a millisecond …
const FASTEST: f64 = 0.000_25;
/// … each twice the one before, up to four seconds.
const LATENCIES: u16 = 15;
/// Batches of one op, two, four … up to the most that the writer gathers.
const BATCHES: u16 = 10;

/// Frames that went out to members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Said {
    frames: u64,
    bytes: u64,
}

impl Said {
    pub(crate) fn of(frames: &[Bytes]) -> Self {
        Self {
            frames: count(frames.len()),
            bytes: frames.iter().map(|frame| count(frame.len())).sum(),
        }
    }
}

impl AddAssign for Said {
    fn add_assign(&mut self, other: Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
    }
}

/// What one server counts.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    since: Instant,
    /// When all heads were seen last, in ms after `since`.
    heads_seen_ms: AtomicU64,
    closes: Family<Closed, Counter>,
    nacks: Nacks,
    /// A room and its store differed about the history of a board, and the room began anew. Must stay 0.
    pub(crate) chain_mismatch: Counter,
    /// Saved ops that were looked for again …
    pub(crate) acked_reread: Counter,
    /// … and were not in the log any more. Must stay 0.
    pub(crate) acked_then_missing: Counter,
    /// A room heard of ops without those before them.
    pub(crate) gap_detected: Counter,
    /// Readings of the log that brought a room what it had missed.
    pub(crate) sql_heal: Counter,
    /// Ops that the store had already, sent again by their clients.
    dup_answered: Counter,
    /// Slow readers who lost their queue and were brought to the head.
    pub(crate) lane_resync: Counter,
    /// Commits that failed and were tried again.
    commit_failed: Counter,
    /// From an op's submission by its room until its acknowledgement is with its author's writer.
    pub(crate) ack_latency: Histogram,
    /// One commit of the store, tried once.
    commit_latency: Histogram,
    /// Ops in one commit.
    batch_size: Histogram,
    /// From ink decoded at its author's socket until it is with the writers of all members on this server: the wait
    /// for the room, the room's work and the encoding; neither the writers' tick nor the network.
    pub(crate) ink_latency: Histogram,
    /// Opening connections that the gates let through.
    reconnects_admitted: Counter,
    /// Opening connections that were asked to come back.
    reconnects_deferred: Counter,
    /// Messages from members …
    frames_in: Counter,
    /// … and their bytes, without the WebSocket's own.
    bytes_in: Counter,
    /// Messages to members …
    frames_out: Counter,
    /// … and their bytes, without the WebSocket's own.
    bytes_out: Counter,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    /// The close code; 0 if the other side just went away.
    code: u32,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let of = &mut registry;
        let closes = Family::default();
        of.register(
            "closes",
            "Connections ended, by close code (0: the other side went away)",
            closes.clone(),
        );
        Self {
            since: Instant::now(),
            heads_seen_ms: AtomicU64::new(0),
            closes,
            nacks: Nacks::registered(of),
            chain_mismatch: counter(
                of,
                "chain_mismatch",
                "Rooms that differed from the store about a board's history: must stay 0",
            ),
            acked_reread: counter(of, "acked_reread", "Saved ops looked for in the log again"),
            acked_then_missing: counter(
                of,
                "acked_then_missing",
                "Saved ops that were not in the log any more: must stay 0",
            ),
            gap_detected: counter(of, "gap_detected", "Ops heard of without those before them"),
            sql_heal: counter(of, "sql_heal", "Readings of the log that filled a gap"),
            dup_answered: counter(of, "dup_answered", "Ops sent again that were in the log"),
            lane_resync: counter(of, "lane_resync", "Slow readers brought to the head anew"),
            commit_failed: counter(of, "commit_failed", "Commits that failed"),
            ack_latency: latency(
                of,
                "ack_latency",
                "From a room's submission of an op to its acknowledgement at the author's writer",
            ),
            commit_latency: latency(of, "commit_latency", "One commit of the store"),
            batch_size: batch_size(of),
            ink_latency: latency(
                of,
                "ink_latency",
                "From ink decoded at the socket to its arrival at the members' writers",
            ),
            reconnects_admitted: counter(of, "reconnects_admitted", "Connections let through"),
            reconnects_deferred: counter(
                of,
                "reconnects_deferred",
                "Connections asked to come back later",
            ),
            frames_in: counter(of, "frames_in", "Messages from members"),
            bytes_in: counter(of, "bytes_in", "Bytes of messages from members"),
            frames_out: counter(of, "frames_out", "Messages to members"),
            bytes_out: counter(of, "bytes_out", "Bytes of messages to members"),
            registry,
        }
    }
}

fn count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let counter = Counter::default();
    registry.register(name, help, counter.clone());
    counter
}

fn latency(registry: &mut Registry, name: &str, help: &str) -> Histogram {
    let histogram = Histogram::new(exponential_buckets(FASTEST, 2.0, LATENCIES));
    registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    histogram
}

fn batch_size(registry: &mut Registry) -> Histogram {
    let histogram = Histogram::new(exponential_buckets(1.0, 2.0, BATCHES));
    registry.register("batch_size", "Ops in one commit", histogram.clone());
    histogram
}

impl Metrics {
    /// An answer to one member is on its way: what became of an op is counted.
    pub(crate) fn answered(&self, message: &ServerMessage) {
        match message {
            ServerMessage::Nack { reason, .. } => drop(self.nacks.of(reason).inc()),
            ServerMessage::Ack { .. } => drop(self.dup_answered.inc()),
            _ => {}
        }
    }

    /// A connection ended; nothing if the other side went away.
    pub(crate) fn closed(&self, code: Option<u16>) {
        let code = code.unwrap_or_default().into();
        self.closes.get_or_create(&Closed { code }).inc();
    }

    /// A member sent something of so many bytes.
    pub(crate) fn heard(&self, bytes: usize) {
        self.frames_in.inc();
        self.bytes_in.inc_by(count(bytes));
    }

    /// These went out to members.
    pub(crate) fn said(&self, said: Said) {
        if said.frames > 0 {
            self.frames_out.inc_by(said.frames);
            self.bytes_out.inc_by(said.bytes);
        }
    }

    /// Whoever opens a connection was let through, or asked to come back.
    pub(crate) fn handshake(&self, is_admitted: bool) {
        let counter = if is_admitted {
            &self.reconnects_admitted
        } else {
            &self.reconnects_deferred
        };
        counter.inc();
    }

    /// The store said where the logs of all open boards end.
    pub(crate) fn heads_seen(&self) {
        let ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heads_seen_ms.store(ms, Ordering::Relaxed);
    }

    /// How long ago that was.
    #[must_use]
    pub fn head_poll_lag(&self) -> Duration {
        let seen = Duration::from_millis(self.heads_seen_ms.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(seen)
    }

    /// How long the server runs.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.since.elapsed()
    }

    /// Everything counted and these figures, as OpenMetrics text.
    ///
    /// # Errors
    /// None that a string could give.
    pub fn text(&self, figures: Figures) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let mut levels = Registry::with_prefix(PREFIX);
        figures.register(&mut levels);
        text::encode_registry(&mut text, &self.registry)?;
        text::encode_registry(&mut text, &levels)?;
        text::encode_eof(&mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_in_one_process_count_for_themselves() {
        let (one, two) = (Metrics::default(), Metrics::default());
        one.lane_resync.inc();
        let line = |metrics: &Metrics, n: u32| {
            let text = metrics.text(Figures::default()).unwrap();
            text.contains(&format!("\ninkroom_lane_resync_total {n}\n"))
        };
        assert!(line(&one, 1));
        assert!(line(&two, 0));
    }

    #[test]
    fn everything_is_there_from_the_start_and_the_text_ends_as_it_should() {
        let metrics = Metrics::default();
        metrics.closed(Some(1012));
        metrics.answered(&ServerMessage::Nack {
            id: inkroom_board::OpId {
                client: inkroom_board::ClientId::default(),
                n: 1,
            },
            reason: inkroom_board::wire::Refusal::Forbidden,
        });
        let mut figures = Figures::default();
        figures.level("rooms", "Open boards", 3);
        let text = metrics.text(figures).unwrap();
        for line in [
            "# UNIT inkroom_ack_latency_seconds seconds",
            "inkroom_chain_mismatch_total 0",
            "inkroom_closes_total{code=\"1012\"} 1",
            "inkroom_nack_total{reason=\"forbidden\"} 1",
            "inkroom_nack_total{reason=\"busy\"} 0",
            "inkroom_rooms 3",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
