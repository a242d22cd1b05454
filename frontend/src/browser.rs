//! The few things of the browser that everything here needs: clocks, randomness, listeners, complaints.
//!
//! Listeners live as long as the page, on purpose: a board page has one engine from load to unload.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{AddEventListenerOptions, Document, Element, EventTarget, Window};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(what: &str, error: &JsValue);
}

pub(crate) fn window() -> Option<Window> {
    web_sys::window()
}

pub(crate) fn document() -> Option<Document> {
    window()?.document()
}

/// `<html>`.
pub(crate) fn root() -> Option<Element> {
    document()?.document_element()
}

/// Milliseconds since the page began, by the clock of event time stamps.
pub(crate) fn now_ms() -> f64 {
    window()
        .and_then(|window| window.performance())
        .map_or(0.0, |clock| clock.now())
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    whole_ms(js_sys::Date::now())
}

/// Whole milliseconds; never negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts saturate"
)]
pub(crate) fn whole_ms(ms: f64) -> u64 {
    ms as u64
}

/// From 0 to 1.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}

/// Random enough for ids that nobody can guess.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let filled = window()
        .and_then(|window| window.crypto().ok())
        .map(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if !matches!(filled, Some(Ok(_))) {
        complain("randomness", &JsValue::NULL);
    }
    bytes
}

/// Whether the page is in the background.
pub(crate) fn is_hidden() -> bool {
    document().is_some_and(|document| document.hidden())
}

/// Whether the device believes that it has a network.
pub(crate) fn is_online() -> bool {
    window().is_none_or(|window| window.navigator().on_line())
}

thread_local! {
    static SAID: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Says on the console that a step failed: once for each kind of step, since it may fail in every frame.
pub(crate) fn complain(step: &'static str, error: &JsValue) {
    if SAID.with(|said| {
        said.try_borrow_mut()
            .is_ok_and(|mut said| is_new(&mut said, step))
    }) {
        console_error(step, error);
    }
}

fn is_new(said: &mut Vec<&'static str>, step: &'static str) -> bool {
    let is_new = !said.contains(&step);
    if is_new {
        said.push(step);
    }
    is_new
}

/// Goes on without what failed, and says so.
pub(crate) fn tolerate<T>(step: &'static str, result: Result<T, JsValue>) -> Option<T> {
    result.map_err(|error| complain(step, &error)).ok()
}

/// Calls `act` at every event of that name. Only a listener that is not passive can prevent what the browser
/// would do.
pub(crate) fn listen<E: JsCast + 'static>(
    target: &EventTarget,
    name: &str,
    passive: bool,
    mut act: impl FnMut(E) + 'static,
) {
    let closure =
        Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| act(event.unchecked_into()));
    let options = AddEventListenerOptions::new();
    options.set_passive(passive);
    let function = closure.as_ref().unchecked_ref();
    let listening = target
        .add_event_listener_with_callback_and_add_event_listener_options(name, function, &options);
    tolerate("listening", listening);
    closure.forget();
}

/// Device pixels in a CSS pixel, within what a canvas can follow.
pub(crate) fn device_pixel_ratio() -> f64 {
    let ratio = window().map_or(1.0, |window| window.device_pixel_ratio());
    ratio.clamp(0.5, 4.0)
}
