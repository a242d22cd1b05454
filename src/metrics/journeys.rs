//! Journeys: when ops set out for the log, so that their way there and back can be timed.

use std::collections::VecDeque;

use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

/// Of the ops of one room that are on their way, when each set out: they come back in the same order. As many as the
/// room's lane has places, at most.
#[derive(Debug, Default)]
pub(crate) struct Journeys(VecDeque<Instant>);

impl Journeys {
    /// That many ops were submitted.
    pub(crate) fn set_out(&mut self, ops: usize) {
        self.0.extend(std::iter::repeat_n(Instant::now(), ops));
    }

    /// That many came back.
    pub(crate) fn came_back(&mut self, ops: usize, latency: &Histogram) {
        for since in self.0.drain(..ops.min(self.0.len())) {
            latency.observe(since.elapsed().as_secs_f64());
        }
    }
}
