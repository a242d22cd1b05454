//! Logs and traces: where they go and what may be in them. Not metrics ([`crate::metrics`]).
//!
//! A log line or a span may name a board or a person only by a [`Tag`]: whoever knows a board's whole id may open it.
//! Payloads, names, titles, cookies and tokens are never logged.

mod traces;

use std::fmt;
use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};

use traces::Traces;

/// So many letters of an id tell boards apart in a log, and open none.
const TAG_LETTERS: usize = 6;

/// The beginning of an id, for logs.
#[derive(Debug, Clone, Copy)]
pub struct Tag<T>(pub T);

impl<T: fmt::Display> fmt::Display for Tag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.to_string();
        whole
            .chars()
            .take(TAG_LETTERS)
            .try_for_each(|letter| fmt::Write::write_char(f, letter))
    }
}

/// What has to be ended with the process.
#[derive(Debug)]
#[must_use = "traces that are not ended are lost"]
pub struct Telemetry {
    traces: Option<Traces>,
}

impl Telemetry {
    /// Sends the last traces, as far as they can be sent within a moment.
    pub async fn end(self) {
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}

/// Starts logging to standard error, and tracing if there is a collector, for the whole process.
///
/// # Errors
/// When the levels cannot be read, or logging was started before.
pub fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let levels: Targets = config.log.parse()?;
    // Spans are for traces: lines say in full what they are about.
    let events = filter_fn(|about| about.is_event()).with_max_level_hint(LevelFilter::TRACE);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let traces = config.otlp.as_ref().map(Traces::to).transpose()?;
    tracing_subscriber::registry()
        .with(lines.with_filter(levels.and(events)))
        .with(traces.as_ref().map(Traces::layer))
        .try_init()?;
    Ok(Telemetry { traces })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_beginning_only() {
        let board = inkroom_board::BoardId([7; 16]);
        assert_eq!(Tag(board).to_string().len(), TAG_LETTERS);
        assert!(board.to_string().starts_with(&Tag(board).to_string()));
    }
}
