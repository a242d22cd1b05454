//! Where the window is over the board, and where it is when the page opens.
//!
//! Pure arithmetic in CSS pixels; who moves it and what is painted through it is the frontend's.
//!
//! The server draws the first picture and does not know the window, so the rule of the first look has
//! to be one that a style sheet can follow: the SVG is [`View`]'s size in CSS pixels, shrinks to the
//! window if it is larger (`max-width: 100%; max-height: 100%`, by whichever is tighter), and is
//! centred (`inset: 0; margin: auto`). [`first_camera_on`] says the same in numbers, so the canvas
//! takes over without a jump.

use crate::geom::{Pos, Rect, UNITS_PER_PX, px, units};

/// The window's upper left corner on the board, and how large things are in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// In board pixels.
    pub x: f64,
    /// In board pixels.
    pub y: f64,
    /// CSS pixels a board pixel; 1.0 is 100 %.
    pub zoom: f64,
}

/// What the first look shows: a rectangle in whole board pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// More than 0.
    pub width: i32,
    /// More than 0.
    pub height: i32,
}

/// The smallest and largest zoom that hands can reach; a first look or a fit may be below, to show
/// everything.
pub const ZOOM: core::ops::RangeInclusive<f64> = 0.1..=10.0;
/// Room left free around the content, in board pixels.
const MARGIN: i32 = 24;
/// The paper of an empty board: small enough not to be shrunk on a phone.
const BLANK: View = View {
    x: -160,
    y: -100,
    width: 320,
    height: 200,
};

impl View {
    /// The content with a margin; of an empty board, a small paper around the origin.
    #[must_use]
    pub fn of(content: Option<Rect>) -> Self {
        let Some(content) = content else { return BLANK };
        let around = content.grown(MARGIN * UNITS_PER_PX);
        let (x, y) = (
            around.min.x.div_euclid(UNITS_PER_PX),
            around.min.y.div_euclid(UNITS_PER_PX),
        );
        Self {
            x,
            y,
            width: last_px(around.max.x) - x,
            height: last_px(around.max.y) - y,
        }
    }
}

/// The whole pixel at or behind a coordinate.
fn last_px(units: i32) -> i32 {
    -units.saturating_neg().div_euclid(UNITS_PER_PX)
}

/// The camera of the first look at a board in a window of so many CSS pixels: all content, centred,
/// never magnified. Of an empty board, the origin in the middle at 100 %.
#[must_use]
pub fn first_camera(content: Option<Rect>, window_w: f64, window_h: f64) -> Camera {
    Camera::showing(View::of(content), window_w, window_h, 1.0)
}

/// The same on a screen with `ratio` device pixels a CSS pixel (`devicePixelRatio`), where browsers
/// put the SVG on whole device pixels: in a window of odd width it is half a pixel right of the
/// middle.
#[must_use]
pub fn first_camera_on(content: Option<Rect>, window_w: f64, window_h: f64, ratio: f64) -> Camera {
    let view = View::of(content);
    let camera = first_camera(content, window_w, window_h);
    let (right, down) = (
        off_middle(window_w, view.width, ratio),
        off_middle(window_h, view.height, ratio),
    );
    camera.panned(right, down)
}

/// How far a box of this size (or the window's, if that is smaller) is from the middle of the window.
fn off_middle(window: f64, size: i32, ratio: f64) -> f64 {
    let middle = (window - f64::from(size).min(window)) / 2.0;
    let snapped = (middle * ratio + 0.5).floor() / ratio;
    if snapped.is_finite() {
        snapped - middle
    } else {
        0.0
    }
}

impl Camera {
    /// All of the content, centred, as large as it gets within the zooms that hands can reach.
    #[must_use]
    pub fn fit(content: Option<Rect>, window_w: f64, window_h: f64) -> Self {
        Self::showing(View::of(content), window_w, window_h, *ZOOM.end())
    }

    fn showing(view: View, window_w: f64, window_h: f64, most: f64) -> Self {
        let (width, height) = (f64::from(view.width), f64::from(view.height));
        let zoom = (window_w / width).min(window_h / height).min(most);
        // A window that is not laid out yet has no size.
        let zoom = if zoom > 0.0 { zoom } else { most.min(1.0) };
        let left = f64::from(view.x) + width / 2.0 - window_w / zoom / 2.0;
        let top = f64::from(view.y) + height / 2.0 - window_h / zoom / 2.0;
        Self {
            x: left,
            y: top,
            zoom,
        }
    }

    /// Where on the board a place in the window is.
    #[must_use]
    pub fn to_board(self, x: f64, y: f64) -> Pos {
        Pos {
            x: units(self.x + x / self.zoom),
            y: units(self.y + y / self.zoom),
        }
    }

    /// Where in the window a place on the board is, in CSS pixels.
    #[must_use]
    pub fn to_window(self, at: Pos) -> (f64, f64) {
        (
            (px(at.x) - self.x) * self.zoom,
            (px(at.y) - self.y) * self.zoom,
        )
    }

    /// The part of the board that a window of so many CSS pixels shows.
    #[must_use]
    pub fn sees(self, window_w: f64, window_h: f64) -> Rect {
        Rect::spanning(self.to_board(0.0, 0.0), self.to_board(window_w, window_h))
    }

    /// Moved so that what was at a place in the window is so many CSS pixels further right and down.
    #[must_use]
    pub fn panned(self, dx: f64, dy: f64) -> Self {
        Self {
            x: self.x - dx / self.zoom,
            y: self.y - dy / self.zoom,
            ..self
        }
    }

    /// With another zoom, held to [`ZOOM`], while the place under `x`, `y` in the window stays there.
    #[must_use]
    pub fn zoomed(self, x: f64, y: f64, zoom: f64) -> Self {
        let zoom = zoom.clamp(*ZOOM.start(), *ZOOM.end());
        let change = 1.0 / self.zoom - 1.0 / zoom;
        Self {
            x: self.x + x * change,
            y: self.y + y * change,
            zoom,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rect(x: i32, y: i32, width: i32, height: i32) -> Rect {
        let at = |x, y| Pos {
            x: x * UNITS_PER_PX,
            y: y * UNITS_PER_PX,
        };
        Rect::spanning(at(x, y), at(x + width, y + height))
    }

    #[test]
    fn an_empty_board_has_its_origin_in_the_middle() {
        assert_eq!(
            first_camera(None, 1000.0, 600.0),
            Camera {
                x: -500.0,
                y: -300.0,
                zoom: 1.0
            }
        );
    }

    #[test]
    fn a_small_drawing_is_centred_and_not_magnified() {
        let camera = first_camera(Some(rect(100, 100, 50, 20)), 1000.0, 600.0);
        assert_eq!(
            camera,
            Camera {
                x: 125.0 - 500.0,
                y: 110.0 - 300.0,
                zoom: 1.0
            }
        );
    }

    #[test]
    fn a_large_drawing_is_shrunk_by_the_tighter_side() {
        let camera = first_camera(Some(rect(0, 0, 2000 - 2 * MARGIN, 100)), 1000.0, 600.0);
        assert!((camera.zoom - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_first_look_is_on_whole_device_pixels() {
        // 98 px wide with its margin, so its left edge would be at 451.5 px.
        let content = Some(rect(0, 0, 98 - 2 * MARGIN, 40));
        let left = |ratio| {
            first_camera_on(content, 1001.0, 600.0, ratio)
                .to_window(Pos::default())
                .0
        };
        let margin = f64::from(MARGIN);
        assert!((left(1.0) - 452.0 - margin).abs() < 1e-9);
        assert!((left(2.0) - 451.5 - margin).abs() < 1e-9);
        assert_eq!(
            first_camera_on(content, 1000.0, 600.0, 1.0),
            first_camera(content, 1000.0, 600.0)
        );
        assert_eq!(
            first_camera_on(content, 50.0, 20.0, 1.0),
            first_camera(content, 50.0, 20.0)
        );
    }

    #[test]
    fn a_window_without_size_gives_a_usable_camera() {
        assert!((first_camera(Some(rect(0, 0, 9, 9)), 0.0, 0.0).zoom - 1.0).abs() < 1e-12);
    }

    #[test]
    fn fitting_magnifies_a_small_drawing() {
        let camera = Camera::fit(Some(rect(0, 0, 52, 52)), 1000.0, 600.0);
        assert!((camera.zoom - 6.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn a_view_holds_the_content(x in -5000..5000_i32, y in -5000..5000_i32, w in 0..9000_i32, h in 0..9000_i32) {
            let content = Rect::spanning(Pos { x, y }, Pos { x: x + w, y: y + h });
            let view = View::of(Some(content));
            prop_assert!(view.x * UNITS_PER_PX <= x && view.y * UNITS_PER_PX <= y);
            prop_assert!((view.x + view.width) * UNITS_PER_PX >= x + w);
            prop_assert!((view.y + view.height) * UNITS_PER_PX >= y + h);
        }

        #[test]
        fn a_zoom_keeps_the_place_under_the_pointer(x in 0.0..1000.0, y in 0.0..1000.0, zoom in 0.01..50.0) {
            let camera = Camera { x: 30.0, y: -70.0, zoom: 0.8 };
            let zoomed = camera.zoomed(x, y, zoom);
            let (before, after) = (camera.to_board(x, y), zoomed.to_board(x, y));
            prop_assert!((before.x - after.x).abs() <= 1 && (before.y - after.y).abs() <= 1);
            prop_assert!(ZOOM.contains(&zoomed.zoom));
        }

        #[test]
        fn board_and_window_are_inverse(x in -99_999..99_999_i32, y in -99_999..99_999_i32, zoom in 0.1..10.0) {
            let camera = Camera { x: 12.5, y: 7.25, zoom };
            let (across, down) = camera.to_window(Pos { x, y });
            prop_assert_eq!(camera.to_board(across, down), Pos { x, y });
        }
    }
}
