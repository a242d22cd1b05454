//! A number for each of a few clients: a queue has its own client's ops, and those of the pages that it took over.

use alloc::vec::Vec;

use crate::id::ClientId;

/// Those that are not 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(Vec<(ClientId, u32)>);

impl Counts {
    pub(super) fn get(&self, client: ClientId) -> u32 {
        let known = self.0.iter().find(|(known, _)| *known == client);
        known.map_or(0, |(_, count)| *count)
    }

    pub(super) fn set(&mut self, client: ClientId, count: u32) {
        let known = self.0.iter().position(|(known, _)| *known == client);
        match known {
            Some(index) if count == 0 => drop(self.0.swap_remove(index)),
            Some(index) => self
                .0
                .get_mut(index)
                .into_iter()
                .for_each(|of| of.1 = count),
            None if count == 0 => {}
            None => self.0.push((client, count)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_count() {
        let [a, b] = [1, 2].map(|n| ClientId([n; 16]));
        let mut counts = Counts::default();
        counts.set(a, 3);
        counts.set(b, 5);
        counts.set(a, 4);
        assert_eq!((counts.get(a), counts.get(b)), (4, 5));
        counts.set(a, 0);
        assert_eq!((counts.get(a), counts.get(b), counts.0.len()), (0, 5, 1));
    }
}
