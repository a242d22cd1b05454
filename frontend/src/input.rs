//! Listens to pointers, wheel, keys and window, and tells the engine in its own words.
//!
//! Nothing is decided here but what an event is; what it means is [`mod@pointers`]' and [`keys`]' business. Listeners on the
//! surface that prevent what the browser would do are not passive, all others are.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Element, Event, EventTarget, HtmlElement, KeyboardEvent, PointerEvent, ResizeObserver,
    ResizeObserverBoxOptions, ResizeObserverOptions, WheelEvent,
};

use crate::browser::{self, listen, tolerate};
use crate::engine::{self, Engine, Place, Touch};

pub(crate) mod keys;
pub(crate) mod pointers;

use keys::Key;
use pointers::{Down, Kind};

/// A line of text, and a page of it, in CSS pixels: what some wheels count in.
const LINE: f64 = 16.0;
const PAGE: f64 = 600.0;

#[wasm_bindgen]
extern "C" {
    /// A pointer event with what the bindings do not offer.
    #[wasm_bindgen(extends = PointerEvent)]
    type Predicting;
    #[wasm_bindgen(method, catch, js_name = getPredictedEvents)]
    fn predicted(this: &Predicting) -> Result<js_sys::Array, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getCoalescedEvents)]
    fn coalesced(this: &Predicting) -> Result<js_sys::Array, JsValue>;
}

/// Begins to listen.
pub(crate) fn attach(surface: &HtmlElement) {
    pointers(surface);
    wheel(surface);
    keyboard();
    page(surface);
}

fn pointers(surface: &HtmlElement) {
    let kept = surface.clone();
    listen(surface, "pointerdown", false, move |event: PointerEvent| {
        // Not "focus": a click on the paper still takes the keyboard away from fields and menus.
        tolerate(
            "keeping the pointer",
            kept.set_pointer_capture(event.pointer_id()),
        );
        engine::with(|engine| engine.pointer_down(down(&event), &touch(&event)));
    });
    listen(surface, "pointermove", true, |event: PointerEvent| {
        engine::with(|engine| engine.pointer_moved(&path(&event)))
    });
    listen(surface, "pointerup", true, |event: PointerEvent| {
        engine::with(|engine| engine.pointer_up(&touch(&event)))
    });
    listen(surface, "pointercancel", true, |event: PointerEvent| {
        engine::with(|engine| engine.pointer_cancelled(&touch(&event)))
    });
    listen(surface, "pointerleave", true, |event: PointerEvent| {
        engine::with(|engine| engine.pointer_left(event.time_stamp()))
    });
    listen(surface, "contextmenu", false, |event: Event| {
        event.prevent_default()
    });
    // Safari zooms the page by gestures of its own.
    listen(surface, "gesturestart", false, |event: Event| {
        event.prevent_default()
    });
}

fn down(event: &PointerEvent) -> Down {
    let Place { x, y } = place(event);
    Down {
        id: event.pointer_id(),
        kind: kind(event),
        button: event.button(),
        x,
        y,
        ms: event.time_stamp(),
    }
}

fn kind(event: &PointerEvent) -> Kind {
    match event.pointer_type().as_str() {
        "pen" => Kind::Pen,
        "touch" => Kind::Touch,
        _ => Kind::Mouse,
    }
}

/// The surface fills the window, so its pixels are the window's.
fn place(event: &PointerEvent) -> Place {
    Place {
        x: f64::from(event.client_x()),
        y: f64::from(event.client_y()),
    }
}

/// The pointer as it is, without its path.
fn touch(event: &PointerEvent) -> Touch {
    let samples = Vec::from([sample(event)]);
    Touch {
        id: event.pointer_id(),
        at: place(event),
        samples,
        predicted: Vec::new(),
        shift: event.shift_key(),
        ms: event.time_stamp(),
    }
}

/// The pointer with every place that the browser gathered since the last event, and those it foresees.
fn path(event: &PointerEvent) -> Touch {
    let mut touch = touch(event);
    if event.buttons() != 0 {
        let event: &Predicting = event.unchecked_ref();
        let gathered = samples(event.coalesced());
        if !gathered.is_empty() {
            touch.samples = gathered;
        }
        touch.predicted = samples(event.predicted());
    }
    touch
}

fn samples(events: Result<js_sys::Array, JsValue>) -> Vec<(Place, u8, f64)> {
    let events = events.map(|events| {
        events
            .iter()
            .map(|event| sample(event.unchecked_ref()))
            .collect()
    });
    events.unwrap_or_default()
}

fn sample(event: &PointerEvent) -> (Place, u8, f64) {
    (place(event), pressure(event), event.time_stamp())
}

/// 1 to 255 for a pen; 0 for what does not tell.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped"
)]
fn pressure(event: &PointerEvent) -> u8 {
    match kind(event) {
        Kind::Pen => (f64::from(event.pressure()) * 255.0)
            .round()
            .clamp(1.0, 255.0) as u8,
        Kind::Mouse | Kind::Touch => 0,
    }
}

fn wheel(surface: &HtmlElement) {
    listen(surface, "wheel", false, |event: WheelEvent| {
        event.prevent_default();
        let unit = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => LINE,
            WheelEvent::DOM_DELTA_PAGE => PAGE,
            _ => 1.0,
        };
        let (dx, dy) = (event.delta_x() * unit, event.delta_y() * unit);
        let (dx, dy) = if event.shift_key() && dx == 0.0 {
            (dy, 0.0)
        } else {
            (dx, dy)
        };
        let at = Place {
            x: f64::from(event.client_x()),
            y: f64::from(event.client_y()),
        };
        engine::with(|engine| engine.wheel(at, dx, dy, event.ctrl_key() || event.meta_key()));
    });
}

fn keyboard() {
    let Some(window) = browser::window() else {
        return;
    };
    listen(&window, "keydown", false, |event: KeyboardEvent| {
        if !is_elsewhere(&event) {
            engine::with(|engine| key_down(engine, &event));
        }
    });
    listen(&window, "keyup", true, |event: KeyboardEvent| {
        match event.key().as_str() {
            " " => engine::with(|engine| engine.space(false)),
            "Shift" => engine::with(|engine| engine.shift(false)),
            _ => {}
        }
    });
    listen(&window, "blur", true, |_: Event| {
        engine::with(Engine::blurred)
    });
}

fn key_down(engine: &mut Engine, event: &KeyboardEvent) {
    let text = event.key();
    match text.as_str() {
        "Shift" => engine.shift(true),
        " " => {
            event.prevent_default();
            engine.space(true);
        }
        _ => {
            let command = event.ctrl_key() || event.meta_key();
            let key = Key {
                key: &text,
                code: &event.code(),
                command,
                shift: event.shift_key(),
                alt: event.alt_key(),
            };
            if keys::wish(key).is_some_and(|wish| engine.wish(wish)) {
                event.prevent_default();
            }
        }
    }
}

/// Whether somebody is typing, or uses a menu or a button by the keyboard.
fn is_elsewhere(event: &KeyboardEvent) -> bool {
    if event.default_prevented() || event.is_composing() {
        return true;
    }
    let Some(target) = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
    else {
        return false;
    };
    let within = |selector: &str| target.closest(selector).ok().flatten().is_some();
    let is_text = "input:not([type=radio]):not([type=checkbox]):not([type=range]):not([type=color]), textarea, select, [contenteditable]";
    within(is_text)
        || within("[popover], dialog")
        || (event.key() == " " && within("button, a, input, [role=button], summary"))
}

fn page(surface: &HtmlElement) {
    let (Some(window), Some(document)) = (browser::window(), browser::document()) else {
        return;
    };
    listen(&window, "online", true, |_: Event| {
        engine::with(Engine::hasten)
    });
    // The page says at once that the device has no network.
    listen(&window, "offline", true, |_: Event| engine::with(|_| {}));
    listen(&document, "visibilitychange", true, |_: Event| {
        engine::with(Engine::hasten)
    });
    listen(&window, "beforeunload", false, |event: Event| {
        if engine::ask(Engine::would_lose).unwrap_or(false) {
            event.prevent_default();
        }
    });
    listen(&window, "resize", true, |_: Event| {
        engine::with(Engine::resized)
    });
    if let Some(query) = tolerate(
        "a media query",
        window.match_media("(prefers-color-scheme: dark)"),
    )
    .flatten()
    {
        listen(
            query.unchecked_ref::<EventTarget>(),
            "change",
            true,
            |_: Event| engine::with(Engine::dress),
        );
    }
    observe(surface);
}

fn observe(surface: &HtmlElement) {
    let resized = Closure::<dyn FnMut()>::new(|| engine::with(Engine::resized));
    if let Some(observer) = tolerate(
        "watching the size",
        ResizeObserver::new(resized.as_ref().unchecked_ref()),
    ) {
        // In device pixels it also tells of another screen; not every browser can.
        let options = ResizeObserverOptions::new();
        options.set_box(ResizeObserverBoxOptions::DevicePixelContentBox);
        observer.observe(surface);
        observer.observe_with_options(surface, &options);
        resized.forget();
    }
}
