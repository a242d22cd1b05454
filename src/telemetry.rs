//! Logs: where they go and what may be in them. Not metrics.
//!
//! A log line may name a board or a person only by a [`Tag`]: whoever knows a board's whole id may open it.
//! Payloads, names, titles, cookies and tokens are never logged.

use std::fmt;
use std::io::IsTerminal;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};

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

/// Starts logging to standard error, for the whole process.
///
/// # Errors
/// When the levels cannot be read, or logging was started before.
pub fn start(config: &Config) -> anyhow::Result<()> {
    let levels: Targets = config.log.parse()?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(levels))
        .try_init()?;
    Ok(())
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
