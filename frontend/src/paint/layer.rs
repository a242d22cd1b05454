//! A canvas with its context: the windows' layers and the tiles are made of these.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use super::grid::Area;
use crate::browser::{self, tolerate};

/// A canvas to draw on, sized in device pixels.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) canvas: HtmlCanvasElement,
    pub(crate) ink: CanvasRenderingContext2d,
}

impl Layer {
    /// A canvas that is not in the page.
    pub(crate) fn new(w: i32, h: i32) -> Result<Self, JsValue> {
        let document = browser::document().ok_or(JsValue::NULL)?;
        let canvas: HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
        size(&canvas, w, h);
        let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
        Ok(Self {
            canvas,
            ink: context.unchecked_into(),
        })
    }

    /// Whether it is seen; hidden ones are painted all the same.
    pub(crate) fn show(&self, is_shown: bool) {
        let style = self.canvas.unchecked_ref::<HtmlElement>().style();
        tolerate(
            "showing",
            style.set_property("visibility", if is_shown { "visible" } else { "hidden" }),
        );
    }

    /// Changes its size; it is blank then.
    pub(crate) fn resize(&self, w: i32, h: i32) {
        size(&self.canvas, w, h);
    }

    /// Takes everything off a part of it.
    pub(crate) fn wipe(&self, area: Area) {
        self.plain();
        self.ink.clear_rect(
            f64::from(area.x),
            f64::from(area.y),
            f64::from(area.w),
            f64::from(area.h),
        );
    }

    /// From now on, coordinates are device pixels.
    pub(crate) fn plain(&self) {
        self.place(1.0, (0.0, 0.0));
    }

    /// From now on, coordinates are multiplied and then moved.
    pub(crate) fn place(&self, scale: f64, (x, y): (f64, f64)) {
        let placed = self.ink.set_transform(scale, 0.0, 0.0, scale, x, y);
        tolerate("placing", placed);
    }

    /// From now on, until [`Self::unclip`], only this part can be painted.
    pub(crate) fn clip(&self, area: Area) {
        self.plain();
        self.ink.save();
        self.ink.begin_path();
        self.ink.rect(
            f64::from(area.x),
            f64::from(area.y),
            f64::from(area.w),
            f64::from(area.h),
        );
        self.ink.clip();
    }

    pub(crate) fn unclip(&self) {
        self.ink.restore();
    }

    /// Copies another layer here, pixel by pixel or to another size.
    pub(crate) fn copy(&self, from: &Layer, to: Area) {
        let (x, y) = (f64::from(to.x), f64::from(to.y));
        let (w, h) = (f64::from(to.w), f64::from(to.h));
        let copied =
            self.ink
                .draw_image_with_html_canvas_element_and_dw_and_dh(&from.canvas, x, y, w, h);
        tolerate("copying a tile", copied);
    }

    /// Fills a part with one colour.
    pub(crate) fn fill(&self, colour: &str, area: Area) {
        self.ink.set_fill_style_str(colour);
        self.ink.fill_rect(
            f64::from(area.x),
            f64::from(area.y),
            f64::from(area.w),
            f64::from(area.h),
        );
    }
}

fn size(canvas: &HtmlCanvasElement, w: i32, h: i32) {
    canvas.set_width(u32::try_from(w.max(1)).unwrap_or(1));
    canvas.set_height(u32::try_from(h.max(1)).unwrap_or(1));
}
