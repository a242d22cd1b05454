//! Random choices of a run: splitmix64 (Steele, Lea, Flood 2014), small and the same everywhere.

use crate::id::{ClientId, ElementId, PersonId};

#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// At least `low`, below `high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low).max(1)
    }

    pub(super) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(len.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    pub(super) fn pick<'a, T>(&mut self, some: &'a [T]) -> Option<&'a T> {
        some.get(self.index(some.len()))
    }

    /// True once in `n`.
    pub(super) fn chance(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    pub(super) fn coordinate(&mut self) -> i32 {
        i32::try_from(self.next() % 64_000).unwrap_or(0)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.chunks_mut(8).for_each(|chunk| {
            chunk.copy_from_slice(self.next().to_be_bytes().get(..chunk.len()).unwrap_or(&[]))
        });
        bytes
    }

    pub(super) fn person(&mut self) -> PersonId {
        PersonId(self.bytes())
    }

    pub(super) fn client(&mut self) -> ClientId {
        ClientId(self.bytes())
    }

    pub(super) fn element(&mut self) -> ElementId {
        ElementId(self.bytes())
    }
}
