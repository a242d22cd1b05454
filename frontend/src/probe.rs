//! `window.inkroom`, for tests from outside: only where the address has `?probe`.

use inkroom_board::digest::digest;
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use crate::browser::{self, tolerate};
use crate::engine::{self, Engine};

/// Puts the probe into the page, if it is asked for.
pub(crate) fn place() {
    let Some(window) = browser::window() else {
        return;
    };
    let search = window.location().search().unwrap_or_default();
    if !search
        .trim_start_matches('?')
        .split('&')
        .any(|part| part == "probe" || part.starts_with("probe="))
    {
        return;
    }
    let probe = Object::new();
    answer(&probe, "digest", |engine| {
        digest(&engine.replica().confirmed()).into()
    });
    answer(&probe, "seq", |engine| {
        number(engine.replica().position().seq)
    });
    answer(&probe, "pending", |engine| {
        number(engine.replica().pending())
    });
    answer(&probe, "elements", |engine| number(engine.document().len()));
    answer(&probe, "members", |engine| engine.members().into());
    tolerate(
        "the probe",
        Reflect::set(&window, &"inkroom".into(), &probe),
    );
}

fn answer(probe: &Object, name: &str, ask: impl Fn(&Engine) -> JsValue + 'static) {
    let closure = Closure::<dyn Fn() -> JsValue>::new(move || {
        engine::ask(|engine| ask(engine)).unwrap_or(JsValue::NULL)
    });
    tolerate(
        "the probe",
        Reflect::set(probe, &name.into(), &closure.into_js_value()),
    );
}

/// As JavaScript counts.
fn number(value: impl TryInto<u32>) -> JsValue {
    value.try_into().unwrap_or(u32::MAX).into()
}
