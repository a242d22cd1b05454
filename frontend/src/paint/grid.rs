//! Where tiles are: arithmetic between the board, the tiles of one zoom and the device's pixels. Pure.
//!
//! A grid is made for one scale and one place of the camera, to the fraction of a device pixel. Afterwards a camera of
//! the same scale moves tiles by whole pixels only, so they are copied and never resampled.

use inkroom_board::camera::Camera;
use inkroom_board::geom::{px, units};
use inkroom_board::{Pos, Rect};

/// Width and height of a tile, in device pixels.
pub(crate) const TILE: i32 = 512;

/// A tile's column and row.
pub(crate) type Key = (i32, i32);

/// A rectangle of whole device pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) w: i32,
    pub(crate) h: i32,
}

/// Which tiles: all columns and rows between two corners, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) min: Key,
    pub(crate) max: Key,
}

/// The tiles of one scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Grid {
    /// Device pixels a board pixel.
    pub(crate) scale: f64,
    /// Where the board's origin is in tile (0, 0), in device pixels.
    pub(crate) origin: (f64, f64),
}

/// How the tiles of a grid are laid over the window: tile pixels times `ratio` plus `shift` are window pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lay {
    pub(crate) ratio: f64,
    pub(crate) shift: (f64, f64),
}

impl Area {
    pub(crate) fn is_empty(self) -> bool {
        self.w <= 0 || self.h <= 0
    }

    pub(crate) fn union(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (
            (self.x + self.w).max(other.x + other.w),
            (self.y + self.h).max(other.y + other.h),
        );
        Self {
            x,
            y,
            w: right - x,
            h: bottom - y,
        }
    }

    pub(crate) fn meet(self, other: Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (
            (self.x + self.w).min(other.x + other.w),
            (self.y + self.h).min(other.y + other.h),
        );
        Self {
            x,
            y,
            w: right - x,
            h: bottom - y,
        }
    }
}

impl Span {
    /// With so many tiles more on every side.
    pub(crate) fn grown(self, by: i32) -> Self {
        Self {
            min: (self.min.0 - by, self.min.1 - by),
            max: (self.max.0 + by, self.max.1 + by),
        }
    }

    pub(crate) fn holds(self, (i, j): Key) -> bool {
        (self.min.0..=self.max.0).contains(&i) && (self.min.1..=self.max.1).contains(&j)
    }

    pub(crate) fn tiles(self) -> impl Iterator<Item = Key> {
        (self.min.1..=self.max.1).flat_map(move |j| (self.min.0..=self.max.0).map(move |i| (i, j)))
    }

    /// The tiles, those in the middle first.
    pub(crate) fn nearest_first(self) -> Vec<Key> {
        let mut tiles: Vec<_> = self.tiles().collect();
        let (cx, cy) = (self.min.0 + self.max.0, self.min.1 + self.max.1);
        tiles.sort_unstable_by_key(|(i, j)| (2 * i - cx).pow(2) + (2 * j - cy).pow(2));
        tiles
    }
}

impl Grid {
    /// The grid for a camera on a screen with so many device pixels a CSS pixel.
    pub(crate) fn new(camera: Camera, dpr: f64) -> Self {
        let scale = camera.zoom * dpr;
        Self {
            scale,
            origin: (-camera.x * scale, -camera.y * scale),
        }
    }

    /// Whether its tiles are as sharp for this camera as new ones would be.
    pub(crate) fn fits(&self, camera: Camera, dpr: f64) -> bool {
        (camera.zoom * dpr / self.scale - 1.0).abs() < 1e-9
    }

    /// How its tiles lie in the window of a camera.
    pub(crate) fn lay(&self, camera: Camera, dpr: f64) -> Lay {
        let scale = camera.zoom * dpr;
        if self.fits(camera, dpr) {
            let shift = |at: f64, origin: f64| (-at * scale - origin).round();
            return Lay {
                ratio: 1.0,
                shift: (
                    shift(camera.x, self.origin.0),
                    shift(camera.y, self.origin.1),
                ),
            };
        }
        let ratio = scale / self.scale;
        Lay {
            ratio,
            shift: (
                -camera.x * scale - self.origin.0 * ratio,
                -camera.y * scale - self.origin.1 * ratio,
            ),
        }
    }

    /// The part of the board that a tile shows, with a pixel more on every side.
    pub(crate) fn board(&self, (i, j): Key) -> Rect {
        let at = |tile: i32, more: i32, origin: f64| {
            units((f64::from(tile) * f64::from(TILE) + f64::from(more) - origin) / self.scale)
        };
        Rect {
            min: Pos {
                x: at(i, -1, self.origin.0),
                y: at(j, -1, self.origin.1),
            },
            max: Pos {
                x: at(i, TILE + 1, self.origin.0),
                y: at(j, TILE + 1, self.origin.1),
            },
        }
    }

    /// The tiles that show a part of the board.
    pub(crate) fn over(&self, part: Rect) -> Span {
        let tile = |at: i32, origin: f64, by: f64| {
            floor((px(at) * self.scale + origin + by) / f64::from(TILE))
        };
        Span {
            min: (
                tile(part.min.x, self.origin.0, -1.0),
                tile(part.min.y, self.origin.1, -1.0),
            ),
            max: (
                tile(part.max.x, self.origin.0, 1.0),
                tile(part.max.y, self.origin.1, 1.0),
            ),
        }
    }

    /// The pixels of a tile that show a part of the board, with one more on every side; may be empty.
    pub(crate) fn pixels(&self, part: Rect, (i, j): Key) -> Area {
        let x = |at: i32| px(at) * self.scale + self.origin.0 - f64::from(i) * f64::from(TILE);
        let y = |at: i32| px(at) * self.scale + self.origin.1 - f64::from(j) * f64::from(TILE);
        let (left, top) = (floor(x(part.min.x)) - 1, floor(y(part.min.y)) - 1);
        let (right, bottom) = (floor(x(part.max.x)) + 2, floor(y(part.max.y)) + 2);
        let whole = Area {
            x: 0,
            y: 0,
            w: TILE,
            h: TILE,
        };
        whole.meet(Area {
            x: left,
            y: top,
            w: right.saturating_sub(left),
            h: bottom.saturating_sub(top),
        })
    }

    /// The part of the board under some pixels of a tile, with a pixel more on every side.
    pub(crate) fn part(&self, area: Area, (i, j): Key) -> Rect {
        let at = |tile: i32, pixel: i32, origin: f64| {
            units((f64::from(tile) * f64::from(TILE) + f64::from(pixel) - origin) / self.scale)
        };
        Rect {
            min: Pos {
                x: at(i, area.x - 1, self.origin.0),
                y: at(j, area.y - 1, self.origin.1),
            },
            max: Pos {
                x: at(i, area.x + area.w + 1, self.origin.0),
                y: at(j, area.y + area.h + 1, self.origin.1),
            },
        }
    }

    /// What to add to board pixels times the scale to get pixels of a tile.
    pub(crate) fn offset(&self, (i, j): Key) -> (f64, f64) {
        (
            self.origin.0 - f64::from(i) * f64::from(TILE),
            self.origin.1 - f64::from(j) * f64::from(TILE),
        )
    }
}

impl Lay {
    /// The tiles that a window of so many device pixels shows.
    pub(crate) fn shown(&self, w: f64, h: f64) -> Span {
        let tile = |at: f64, shift: f64| floor((at - shift) / self.ratio / f64::from(TILE));
        Span {
            min: (tile(0.0, self.shift.0), tile(0.0, self.shift.1)),
            max: (tile(w - 1.0, self.shift.0), tile(h - 1.0, self.shift.1)),
        }
    }

    /// Where a tile is in the window; neighbours meet without a seam.
    pub(crate) fn place(&self, (i, j): Key) -> Area {
        let at = |tile: i32, shift: f64| {
            floor(f64::from(tile) * f64::from(TILE) * self.ratio + shift + 0.5)
        };
        let (x, y) = (at(i, self.shift.0), at(j, self.shift.1));
        Area {
            x,
            y,
            w: at(i + 1, self.shift.0) - x,
            h: at(j + 1, self.shift.1) - y,
        }
    }

    /// Where some pixels of a tile are in the window, rounded outwards.
    pub(crate) fn window(&self, area: Area, (i, j): Key) -> Area {
        let x = (f64::from(i) * f64::from(TILE) + f64::from(area.x)) * self.ratio + self.shift.0;
        let y = (f64::from(j) * f64::from(TILE) + f64::from(area.y)) * self.ratio + self.shift.1;
        let (w, h) = (
            f64::from(area.w) * self.ratio,
            f64::from(area.h) * self.ratio,
        );
        let (left, top) = (floor(x), floor(y));
        Area {
            x: left,
            y: top,
            w: floor(x + w) + 1 - left,
            h: floor(y + h) + 1 - top,
        }
    }
}

/// The whole number at or below; casts saturate, and NaN is 0.
#[expect(clippy::cast_possible_truncation, reason = "casts saturate")]
pub(crate) fn floor(value: f64) -> i32 {
    value.floor() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: Camera = Camera {
        x: -100.3,
        y: 20.7,
        zoom: 1.5,
    };

    fn grid() -> Grid {
        Grid::new(CAMERA, 2.0)
    }

    #[test]
    fn a_new_grid_is_where_its_camera_is_to_the_fraction() {
        let lay = grid().lay(CAMERA, 2.0);
        assert_eq!(
            lay,
            Lay {
                ratio: 1.0,
                shift: (0.0, 0.0)
            }
        );
        let (x, y) = grid().offset((0, 0));
        assert!((x - 300.9).abs() < 1e-9 && (y + 62.1).abs() < 1e-9);
    }

    #[test]
    fn panning_moves_tiles_by_whole_pixels() {
        let lay = grid().lay(CAMERA.panned(10.3, -7.9), 2.0);
        assert_eq!(
            lay,
            Lay {
                ratio: 1.0,
                shift: (21.0, -16.0)
            }
        );
        assert_eq!(
            lay.place((0, 0)),
            Area {
                x: 21,
                y: -16,
                w: TILE,
                h: TILE
            }
        );
    }

    #[test]
    fn the_window_is_covered_and_little_more() {
        let lay = grid().lay(CAMERA.panned(-1_000.0, 333.0), 2.0);
        let span = lay.shown(1_440.0, 900.0);
        let (first, last) = (lay.place(span.min), lay.place(span.max));
        assert!(first.x <= 0 && first.y <= 0 && first.x + first.w > 0 && first.y + first.h > 0);
        assert!(
            last.x < 1_440 && last.x + last.w >= 1_440 && last.y < 900 && last.y + last.h >= 900
        );
    }

    #[test]
    fn scaled_tiles_have_no_seams() {
        let lay = grid().lay(
            Camera {
                zoom: 1.93,
                ..CAMERA
            },
            2.0,
        );
        for i in -3..3 {
            let (here, next) = (lay.place((i, 0)), lay.place((i + 1, 0)));
            assert_eq!(here.x + here.w, next.x);
        }
    }

    #[test]
    fn tiles_over_a_part_show_it() {
        let part = Rect {
            min: Pos { x: -70_000, y: 5 },
            max: Pos {
                x: 90_000,
                y: 40_000,
            },
        };
        let span = grid().over(part);
        assert!(span.tiles().all(|key| grid().board(key).meets(part)));
        let around = span.grown(1);
        let outside = around.tiles().filter(|key| !span.holds(*key));
        assert!(
            outside
                .into_iter()
                .all(|key| grid().pixels(part, key).is_empty()
                    || !grid().board(key).meets(part)
                    || grid().pixels(part, key).w <= 2
                    || grid().pixels(part, key).h <= 2)
        );
    }

    #[test]
    fn pixels_of_a_part_are_within_the_tile_and_hold_it() {
        let part = Rect {
            min: Pos { x: 0, y: 0 },
            max: Pos { x: 640, y: 640 },
        };
        let area = grid().pixels(part, (0, 0));
        assert_eq!(
            (area.x, area.w),
            (299, 33),
            "300.9 to 330.9 and one more each"
        );
        assert_eq!(area.y, 0, "cut at the tile's edge");
    }

    #[test]
    fn the_middle_is_painted_first() {
        let span = Span {
            min: (0, 0),
            max: (4, 2),
        };
        let order = span.nearest_first();
        assert_eq!(order.first(), Some(&(2, 1)));
        assert_eq!(order.len(), 15);
    }
}
