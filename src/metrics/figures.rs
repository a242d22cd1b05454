//! Figures: numbers that somebody else keeps, read when they are asked for. Plain data, for text and for JSON.

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// What owners of numbers are asked to fill in.
#[derive(Debug, Default)]
pub struct Figures(Vec<Figure>);

#[derive(Debug)]
struct Figure {
    name: &'static str,
    help: &'static str,
    value: Value,
}

/// A number and what it may do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// How many so far: it only grows.
    Count(u64),
    /// How many seconds so far: they only grow.
    Spent(f64),
    /// How many at the moment.
    Level(u64),
    /// How many seconds at the moment.
    Seconds(f64),
}

impl Figures {
    /// Adds how many of something there were so far; `_total` is added to the name.
    pub fn count(&mut self, name: &'static str, help: &'static str, count: u64) {
        self.push(name, help, Value::Count(count));
    }

    /// Adds how many seconds were spent so far; `_total` is added to the name.
    pub fn spent(&mut self, name: &'static str, help: &'static str, seconds: f64) {
        self.push(name, help, Value::Spent(seconds));
    }

    /// Adds how many of something there are.
    pub fn level(&mut self, name: &'static str, help: &'static str, level: impl TryInto<u64>) {
        self.push(
            name,
            help,
            Value::Level(level.try_into().unwrap_or(u64::MAX)),
        );
    }

    /// Adds how many seconds something takes or is old.
    pub fn seconds(&mut self, name: &'static str, help: &'static str, seconds: f64) {
        self.push(name, help, Value::Seconds(seconds));
    }

    fn push(&mut self, name: &'static str, help: &'static str, value: Value) {
        self.0.push(Figure { name, help, value });
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.0.iter().map(|figure| (figure.name, figure.value))
    }

    pub(super) fn register(self, registry: &mut Registry) {
        for Figure { name, help, value } in self.0 {
            match value {
                Value::Count(count) => registry.register(name, help, ConstCounter::new(count)),
                Value::Spent(seconds) => registry.register(name, help, ConstCounter::new(seconds)),
                Value::Level(level) => registry.register(name, help, ConstGauge::new(level)),
                Value::Seconds(seconds) => registry.register(name, help, ConstGauge::new(seconds)),
            }
        }
    }
}
