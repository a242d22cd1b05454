//! Gauge: how much is in a queue, in ops and in bytes, and how much may be. Permits give back when dropped, so
//! whatever path an op leaves by, its place is free again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct Gauge {
    most_ops: usize,
    most_bytes: usize,
    /// Held for a moment, never across an await.
    level: Mutex<Level>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    ops: usize,
    bytes: usize,
}

/// One op's place.
#[derive(Debug)]
pub(super) struct Permit {
    gauge: Arc<Gauge>,
    bytes: usize,
}

impl Gauge {
    pub(super) fn new(most_ops: usize, most_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            most_ops,
            most_bytes,
            level: Mutex::default(),
        })
    }

    /// A permit for each of these ops, or none if they do not all fit.
    pub(super) fn try_take(self: &Arc<Self>, sizes: &[usize]) -> Option<Vec<Permit>> {
        let mut level = self.level();
        let ops = level.ops + sizes.len();
        let bytes = level.bytes + sizes.iter().sum::<usize>();
        if ops > self.most_ops || bytes > self.most_bytes {
            return None;
        }
        *level = Level { ops, bytes };
        Some(
            sizes
                .iter()
                .map(|bytes| Permit {
                    gauge: Arc::clone(self),
                    bytes: *bytes,
                })
                .collect(),
        )
    }

    pub(super) fn ops(&self) -> usize {
        self.level().ops
    }

    pub(super) fn bytes(&self) -> usize {
        self.level().bytes
    }

    fn level(&self) -> MutexGuard<'_, Level> {
        self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut level = self.gauge.level();
        level.ops -= 1;
        level.bytes -= self.bytes;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_bounds_ops_and_bytes_and_takes_all_or_none() {
        let gauge = Gauge::new(3, 100);
        let held = gauge.try_take(&[10, 80]).unwrap();
        assert!(gauge.try_take(&[11]).is_none());
        assert!(gauge.try_take(&[1, 1]).is_none());
        assert_eq!(gauge.ops(), 2);
        let more = gauge.try_take(&[10]).unwrap();
        assert!(gauge.try_take(&[0]).is_none());
        drop(held);
        assert_eq!(gauge.ops(), 1);
        drop(more);
        assert!(gauge.try_take(&[50, 25, 25]).is_some());
        assert_eq!(gauge.ops(), 0);
    }
}
