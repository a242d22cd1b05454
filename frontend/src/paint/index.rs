//! Which elements are where: so that painting costs what is on screen, not what is on the board.
//!
//! A loose grid of several levels: an element is in one cell, that of its middle, on the level whose cells are about its own size.
//! It may reach half a cell beyond, so a search looks half a cell further. No tree to balance, one place per
//! element, and a cell list is a plain list. Pure; what the elements look like is not known here.

use std::collections::BTreeMap;

use inkroom_board::{ElementId, Pos, Rect};

/// Cells of the finest level are 2¹² units wide: 64 px.
const FINEST: u32 = 12;
/// Boards are 2²⁷ units wide.
const COARSEST: u32 = 28;

type Cells = BTreeMap<(i32, i32), Vec<ElementId>>;

/// An element as it was painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Later ones are painted over earlier ones.
    pub(crate) z: u64,
    /// Everything it paints.
    pub(crate) bounds: Rect,
    /// Tells two states of the element apart: a stroke only ever grows.
    pub(crate) size: usize,
}

/// Where everything is.
#[derive(Debug, Default)]
pub(crate) struct Index {
    levels: BTreeMap<u32, Cells>,
    known: BTreeMap<ElementId, Known>,
}

impl Index {
    pub(crate) fn get(&self, id: ElementId) -> Option<Known> {
        self.known.get(&id).copied()
    }

    pub(crate) fn clear(&mut self) {
        self.levels.clear();
        self.known.clear();
    }

    /// Puts an element in its place, or in another one than before.
    pub(crate) fn put(&mut self, id: ElementId, known: Known) {
        let place = place(known.bounds);
        match self.known.insert(id, known) {
            Some(before) if self::place(before.bounds) == place => return,
            Some(before) => self.unlist(id, before.bounds),
            None => {}
        }
        self.levels.entry(place.0).or_default().entry(place.1).or_default().push(id);
    }

    pub(crate) fn remove(&mut self, id: ElementId) {
        if let Some(known) = self.known.remove(&id) {
            self.unlist(id, known.bounds);
        }
    }

    fn unlist(&mut self, id: ElementId, bounds: Rect) {
        let (level, cell) = place(bounds);
        let Some(cells) = self.levels.get_mut(&level) else { return };
        if let Some(ids) = cells.get_mut(&cell) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                cells.remove(&cell);
            }
        }
    }

    /// The elements that may paint within the area, lowest first.
    pub(crate) fn within(&self, area: Rect) -> Vec<(u64, ElementId)> {
        let mut found = Vec::new();
        for (level, cells) in &self.levels {
            self.search(*level, cells, area, &mut found);
        }
        found.sort_unstable();
        found
    }

    fn search(&self, level: u32, cells: &Cells, area: Rect, found: &mut Vec<(u64, ElementId)>) {
        let loose = area.grown(1 << (level - 1));
        let (min, max) = (cell(loose.min, level), cell(loose.max, level));
        let columns = usize::try_from(i64::from(max.0) - i64::from(min.0) + 1).unwrap_or(usize::MAX);
        // A wide view over fine cells has more columns than there are cells with anything in them.
        if columns > cells.len() {
            cells.values().for_each(|ids| self.collect(ids, area, found));
            return;
        }
        for x in min.0..=max.0 {
            cells.range((x, min.1)..=(x, max.1)).for_each(|(_, ids)| self.collect(ids, area, found));
        }
    }

    fn collect(&self, ids: &[ElementId], area: Rect, found: &mut Vec<(u64, ElementId)>) {
        for id in ids {
            if let Some(known) = self.known.get(id).filter(|known| known.bounds.meets(area)) {
                found.push((known.z, *id));
            }
        }
    }
}

/// The level and the cell of an element.
fn place(bounds: Rect) -> (u32, (i32, i32)) {
    let extent = (i64::from(bounds.max.x) - i64::from(bounds.min.x)).max(i64::from(bounds.max.y) - i64::from(bounds.min.y));
    let bits = 64 - extent.max(1).leading_zeros();
    let level = bits.clamp(FINEST, COARSEST);
    let middle = Pos {
        x: i32::midpoint(bounds.min.x, bounds.max.x),
        y: i32::midpoint(bounds.min.y, bounds.max.y),
    };
    (level, cell(middle, level))
}

fn cell(at: Pos, level: u32) -> (i32, i32) {
    (at.x >> level, at.y >> level)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::*;

    fn id(n: u64) -> ElementId {
        ElementId(n.to_be_bytes())
    }

    fn rect(x: i32, y: i32, w: i32, h: i32) -> Rect {
        Rect { min: Pos { x, y }, max: Pos { x: x + w, y: y + h } }
    }

    /// A plain generator, so that the test is the same every time.
    fn next(seed: &mut u64) -> i32 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 40) as i32
    }

    #[test]
    fn a_search_finds_what_a_plain_list_finds() {
        let (mut index, mut list, mut seed) = (Index::default(), Vec::new(), 7);
        for n in 0..2_000 {
            let size = 1 << (next(&mut seed) % 22);
            let bounds = rect(next(&mut seed) - 8_000_000, next(&mut seed) - 8_000_000, size, size / 3);
            index.put(id(n), Known { z: n, bounds, size: 1 });
            list.push(bounds);
        }
        let mut total = 0;
        for n in 0..300 {
            let size = 1 << (n % 24);
            let area = rect(next(&mut seed) - 8_000_000, next(&mut seed) - 8_000_000, size, size);
            let expected: Vec<_> = (0..).zip(&list).filter(|(_, bounds)| bounds.meets(area)).map(|(z, _)| (z, id(z))).collect();
            total += expected.len();
            assert_eq!(index.within(area), expected);
        }
        assert!(total > 1_000, "the searches found something");
    }

    #[test]
    fn an_element_that_grew_is_found_where_it_is_now() {
        let mut index = Index::default();
        index.put(id(1), Known { z: 3, bounds: rect(0, 0, 10, 10), size: 1 });
        index.put(id(1), Known { z: 4, bounds: rect(0, 0, 900_000, 10), size: 2 });
        assert_eq!(index.within(rect(800_000, 0, 10, 10)), [(4, id(1))]);
        assert_eq!(index.within(rect(-9, -9, 99, 99)).len(), 1);
    }

    #[test]
    fn what_is_removed_is_not_found() {
        let mut index = Index::default();
        index.put(id(1), Known { z: 3, bounds: rect(0, 0, 10, 10), size: 1 });
        index.remove(id(1));
        assert_eq!(index.within(rect(-100, -100, 1_000, 1_000)), []);
        assert_eq!(index.get(id(1)), None);
    }
}
