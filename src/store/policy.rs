//! When a snapshot is due, and what may be pruned. Pure: a store brings the numbers and does what is said.
//!
//! The log is always replayable from a snapshot at its floor to its head, so that losing any newer snapshot
//! loses nothing; that is why the floor moves from snapshot to snapshot and never in between.

use std::collections::BTreeSet;

use inkroom_board::{Chain, Seq};

/// A snapshot is due after so many ops, so that a join replays at most that many …
pub const SNAPSHOT_OPS: u64 = 1_000;
/// … or so many bytes of them, so that it reads at most that much …
pub const SNAPSHOT_BYTES: usize = 512 * 1024;
/// … or when nothing was drawn for so long, so that a board at rest opens from its snapshot alone.
pub const SNAPSHOT_IDLE_MS: u64 = 30_000;
/// Outside of test builds one snapshot in so many is compared with a replay: enough to notice a bug in a busy
/// week, too few to notice the cost.
pub const CHECK_ONE_IN: u64 = 100;
/// So many ops are kept whatever their age: whoever was away for less resumes without a snapshot.
pub const KEEP_OPS: u64 = 10_000;
/// Younger ops are kept whatever their number, in ms: a day offline resumes without a snapshot.
pub const KEEP_OPS_MS: u64 = 24 * 60 * 60 * 1_000;
/// So many verified snapshots are newer than any floor: if the newest is damaged the one before it serves.
pub const KEEP_SNAPSHOTS: usize = 2;
/// Between the floor and the newest, one snapshot is kept in so many ops, for the floor to move to.
pub const SNAPSHOT_SPACING: u64 = 10_000;
/// A silent client is known for so long, in ms: three times as long as a browser keeps a queue.
pub const KEEP_CLIENTS_MS: u64 = 90 * 24 * 60 * 60 * 1_000;

/// Whether a board at `head` should get a snapshot, when its newest is at `snapshot`, `bytes_since` bytes of ops
/// were stored after that and the last of them is `idle_ms` old.
#[must_use]
pub fn snapshot_due(head: Seq, snapshot: Seq, bytes_since: usize, idle_ms: u64) -> bool {
    let ops = head.saturating_sub(snapshot);
    ops >= SNAPSHOT_OPS
        || (ops > 0 && (bytes_since > SNAPSHOT_BYTES || idle_ms >= SNAPSHOT_IDLE_MS))
}

/// Whether the snapshot with this chain is to be compared with a replay: by chance, but always the same.
#[must_use]
pub fn is_to_check(chain: Chain) -> bool {
    cfg!(debug_assertions) || u64::from_be_bytes(chain.0).is_multiple_of(CHECK_ONE_IN)
}

/// The highest floor that leaves enough of the log, whatever the age of its ops: at or before the second newest
/// verified snapshot, and [`KEEP_OPS`] before the head. `verified` are the seqs of verified snapshots.
#[must_use]
pub fn highest_floor(head: Seq, verified: &BTreeSet<Seq>) -> Seq {
    let second = verified
        .iter()
        .rev()
        .nth(KEEP_SNAPSHOTS - 1)
        .copied()
        .unwrap_or(0);
    second.min(head.saturating_sub(KEEP_OPS))
}

/// The snapshot that the floor moves to, when it may be at most `highest`.
#[must_use]
pub fn floor(current: Seq, highest: Seq, verified: &BTreeSet<Seq>) -> Seq {
    verified
        .range(..=highest)
        .next_back()
        .copied()
        .unwrap_or(0)
        .max(current)
}

/// The snapshots that nothing needs any more: neither the newest ones, nor the one at the floor, nor the first
/// of its [`SNAPSHOT_SPACING`] ops, for the next floor. `all` includes those that were not verified.
#[must_use]
pub fn superfluous(all: &BTreeSet<Seq>, verified: &BTreeSet<Seq>, floor: Seq) -> Vec<Seq> {
    let oldest_kept = verified
        .iter()
        .rev()
        .nth(KEEP_SNAPSHOTS - 1)
        .copied()
        .unwrap_or(0);
    let mut stretches = BTreeSet::new();
    let is_needed = |seq: &Seq| {
        let is_first = *seq >= floor && stretches.insert(seq / SNAPSHOT_SPACING);
        is_first || *seq == floor || *seq >= oldest_kept
    };
    let needed: BTreeSet<_> = all.iter().copied().filter(is_needed).collect();
    all.difference(&needed).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(seqs: &[Seq]) -> BTreeSet<Seq> {
        seqs.iter().copied().collect()
    }

    #[test]
    fn a_snapshot_is_due_by_ops_bytes_or_rest_but_never_without_news() {
        assert!(!snapshot_due(999, 0, 0, 0));
        assert!(snapshot_due(1_000, 0, 0, 0));
        assert!(!snapshot_due(1_999, 1_000, SNAPSHOT_BYTES, 29_999));
        assert!(snapshot_due(1_001, 1_000, SNAPSHOT_BYTES + 1, 0));
        assert!(snapshot_due(1_001, 1_000, 1, 30_000));
        assert!(!snapshot_due(1_000, 1_000, SNAPSHOT_BYTES + 1, 3_600_000));
    }

    #[test]
    fn the_floor_stays_behind_the_second_newest_snapshot_and_ten_thousand_ops() {
        assert_eq!(highest_floor(50_000, &set(&[0, 30_000, 49_000])), 30_000);
        assert_eq!(highest_floor(35_000, &set(&[0, 30_000, 34_000])), 25_000);
        assert_eq!(highest_floor(50_000, &set(&[49_000])), 0);
        assert_eq!(highest_floor(9_000, &set(&[0, 5_000, 8_000])), 0);
    }

    #[test]
    fn the_floor_is_always_at_a_snapshot_and_never_goes_back() {
        assert_eq!(floor(0, 25_000, &set(&[0, 10_000, 20_000, 30_000])), 20_000);
        assert_eq!(floor(20_000, 15_000, &set(&[0, 10_000, 20_000])), 20_000);
        assert_eq!(floor(0, 9_999, &set(&[0, 10_000])), 0);
    }

    #[test]
    fn thinning_keeps_the_newest_the_floor_and_steps_between() {
        let all = set(&[0, 1_000, 2_000, 10_500, 11_000, 12_000, 13_000]);
        assert_eq!(superfluous(&all, &all, 0), [1_000, 2_000, 11_000]);
        assert_eq!(superfluous(&all, &all, 10_500), [0, 1_000, 2_000, 11_000]);
    }

    #[test]
    fn a_damaged_snapshot_does_not_count_as_one_of_the_newest() {
        let all = set(&[0, 1_000, 2_000, 3_000]);
        assert_eq!(
            superfluous(&all, &set(&[0, 1_000, 2_000]), 0),
            Vec::<Seq>::new()
        );
        assert_eq!(highest_floor(50_000, &set(&[0, 1_000, 2_000])), 1_000);
    }

    #[test]
    fn floors_go_on_moving_however_snapshots_were_thinned() {
        let (mut all, mut current) = (set(&[0]), 0);
        for head in (1_000..=200_000).step_by(1_000) {
            all.insert(head);
            current = floor(current, highest_floor(head, &all), &all);
            for seq in superfluous(&all, &all, current) {
                all.remove(&seq);
            }
            assert!(all.contains(&current));
            assert!(all.len() <= 6, "{all:?}");
            assert!(
                head - current <= KEEP_OPS + 2 * SNAPSHOT_SPACING,
                "{head} {current}"
            );
        }
        assert!(current >= 170_000);
    }
}
