//! Which elements are where: so that painting costs what is on screen, not what is on the board.
//!
//! A loose grid of several levels: an element is in one cell, that of its middle, on the level whose cells are about its own size.
//! It may reach half a cell beyond, so a search looks half a cell further. No tree to balance, one place per
//! element. Pure; what the elements look like is not known here.

use inkroom_board::{ElementId, Pos, Rect};

use super::quick::QuickMap;

/// Cells of the finest level are 2¹² units wide: 64 px.
const FINEST: u32 = 12;
/// Boards are 2²⁷ units wide.
const COARSEST: u32 = 28;
const LEVELS: usize = 17;

/// A level, a column and a row.
type Cell = (u32, i32, i32);

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
    cells: QuickMap<Cell, Vec<ElementId>>,
    /// How many cells of each level hold anything.
    used: [usize; LEVELS],
    known: QuickMap<ElementId, Known>,
}

impl Index {
    pub(crate) fn get(&self, id: ElementId) -> Option<Known> {
        self.known.get(&id).copied()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Puts an element in its place, or in another one than before.
    pub(crate) fn put(&mut self, id: ElementId, known: Known) {
        let place = place(known.bounds);
        match self
            .known
            .insert(id, known)
            .map(|before| self::place(before.bounds))
        {
            Some(before) if before == place => return,
            Some(before) => self.unlist(id, before),
            None => {}
        }
        let ids = self.cells.entry(place).or_default();
        ids.push(id);
        if let ([_], Some(used)) = (ids.as_slice(), self.used.get_mut(nth(place.0))) {
            *used += 1;
        }
    }

    pub(crate) fn remove(&mut self, id: ElementId) {
        if let Some(known) = self.known.remove(&id) {
            self.unlist(id, place(known.bounds));
        }
    }

    fn unlist(&mut self, id: ElementId, cell: Cell) {
        let Some(ids) = self.cells.get_mut(&cell) else {
            return;
        };
        ids.retain(|known| *known != id);
        if ids.is_empty() {
            self.cells.remove(&cell);
            if let Some(used) = self.used.get_mut(nth(cell.0)) {
                *used -= 1;
            }
        }
    }

    /// The elements that may paint within the area, lowest first.
    pub(crate) fn within(&self, area: Rect) -> Vec<(u64, ElementId)> {
        let (mut found, mut wide) = (Vec::new(), [false; LEVELS]);
        for ((level, used), wide) in (FINEST..).zip(self.used).zip(&mut wide) {
            let (min, max) = reach(area, level);
            let cells = i64::from(max.1 - min.1 + 1) * i64::from(max.2 - min.2 + 1);
            // A wide view over fine cells has more cells than there are with anything in them.
            *wide = i64::try_from(used).is_ok_and(|used| used > 0 && cells > used);
            if used > 0 && !*wide {
                self.search(min, max, area, &mut found);
            }
        }
        if wide.contains(&true) {
            let listed = self
                .cells
                .iter()
                .filter(|(cell, _)| wide.get(nth(cell.0)) == Some(&true));
            listed.for_each(|(_, ids)| self.collect(ids, area, &mut found));
        }
        found.sort_unstable();
        found
    }

    fn search(&self, min: Cell, max: Cell, area: Rect, found: &mut Vec<(u64, ElementId)>) {
        for x in min.1..=max.1 {
            for y in min.2..=max.2 {
                if let Some(ids) = self.cells.get(&(min.0, x, y)) {
                    self.collect(ids, area, found);
                }
            }
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

/// The first and the last cell of a level with anything that may be in the area.
fn reach(area: Rect, level: u32) -> (Cell, Cell) {
    let loose = area.grown(1 << (level - 1));
    (cell(loose.min, level), cell(loose.max, level))
}

/// A level's place among the levels.
fn nth(level: u32) -> usize {
    usize::try_from(level - FINEST).unwrap_or(LEVELS)
}

/// The level and the cell of an element.
fn place(bounds: Rect) -> Cell {
    let extent = (i64::from(bounds.max.x) - i64::from(bounds.min.x))
        .max(i64::from(bounds.max.y) - i64::from(bounds.min.y));
    let bits = 64 - extent.max(1).leading_zeros();
    let level = bits.clamp(FINEST, COARSEST);
    let middle = Pos {
        x: i32::midpoint(bounds.min.x, bounds.max.x),
        y: i32::midpoint(bounds.min.y, bounds.max.y),
    };
    cell(middle, level)
}

fn cell(at: Pos, level: u32) -> Cell {
    (level, at.x >> level, at.y >> level)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_possible_truncation)]
mod tests {
    use super::*;

    fn id(n: u64) -> ElementId {
        ElementId(n.to_be_bytes())
    }

    fn rect(x: i32, y: i32, w: i32, h: i32) -> Rect {
        Rect {
            min: Pos { x, y },
            max: Pos { x: x + w, y: y + h },
        }
    }

    /// A plain generator, so that the test is the same every time.
    fn next(seed: &mut u64) -> i32 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 40) as i32
    }

    #[test]
    fn a_search_finds_what_a_plain_list_finds() {
        let (mut index, mut list, mut seed) = (Index::default(), Vec::new(), 7);
        for n in 0..2_000 {
            let size = 1 << (next(&mut seed) % 22);
            let bounds = rect(
                next(&mut seed) - 8_000_000,
                next(&mut seed) - 8_000_000,
                size,
                size / 3,
            );
            index.put(
                id(n),
                Known {
                    z: n,
                    bounds,
                    size: 1,
                },
            );
            list.push(bounds);
        }
        let mut total = 0;
        for n in 0..300 {
            let size = 1 << (n % 24);
            let area = rect(
                next(&mut seed) - 8_000_000,
                next(&mut seed) - 8_000_000,
                size,
                size,
            );
            let expected: Vec<_> = (0..)
                .zip(&list)
                .filter(|(_, bounds)| bounds.meets(area))
                .map(|(z, _)| (z, id(z)))
                .collect();
            total += expected.len();
            assert_eq!(index.within(area), expected);
        }
        assert!(total > 1_000, "the searches found something");
    }

    #[test]
    fn an_element_that_grew_is_found_where_it_is_now() {
        let mut index = Index::default();
        index.put(
            id(1),
            Known {
                z: 3,
                bounds: rect(0, 0, 10, 10),
                size: 1,
            },
        );
        index.put(
            id(1),
            Known {
                z: 4,
                bounds: rect(0, 0, 900_000, 10),
                size: 2,
            },
        );
        assert_eq!(index.within(rect(800_000, 0, 10, 10)), [(4, id(1))]);
        assert_eq!(index.within(rect(-9, -9, 99, 99)).len(), 1);
    }

    #[test]
    fn what_is_removed_is_not_found() {
        let mut index = Index::default();
        index.put(
            id(1),
            Known {
                z: 3,
                bounds: rect(0, 0, 10, 10),
                size: 1,
            },
        );
        index.remove(id(1));
        assert_eq!(index.within(rect(-100, -100, 1_000, 1_000)), []);
        assert_eq!(index.get(id(1)), None);
    }
}
