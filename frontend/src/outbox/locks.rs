//! Which page holds which queue: a lock for each client id, held for as long as its page lives.
//!
//! Browsers have locks only where the connection is private. Without them every queue counts as free: two pages may
//! then send the same ops, which the server knows apart by their identity.

use inkroom_board::ClientId;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::browser;

#[wasm_bindgen]
extern "C" {
    type Locks;
    #[wasm_bindgen(method)]
    fn request(this: &Locks, name: &str, options: &JsValue, act: &JsValue) -> Promise;
}

/// Holds a client's lock until the page is gone.
pub(crate) fn hold(client: ClientId) {
    let Some(locks) = locks() else { return };
    let held = Closure::once_into_js(|_lock: JsValue| never());
    let _ = locks.request(&name(client), &Object::new(), &held);
}

/// Takes a client's lock if nobody has it; whether the queue is now this page's.
pub(crate) async fn take(client: ClientId) -> bool {
    let Some(locks) = locks() else { return true };
    let promise = Promise::new(&mut |resolve: Function, _reject: Function| {
        let act = Closure::once_into_js(move |lock: JsValue| {
            let is_mine = !lock.is_null();
            let _ = resolve.call1(&JsValue::NULL, &is_mine.into());
            if is_mine { never() } else { JsValue::UNDEFINED }
        });
        let options = Object::new();
        let _ = Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE);
        let _ = locks.request(&name(client), &options, &act);
    });
    JsFuture::from(promise)
        .await
        .is_ok_and(|is_mine| is_mine.is_truthy())
}

fn locks() -> Option<Locks> {
    let navigator = browser::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}

fn name(client: ClientId) -> String {
    let mut name = String::from("inkroom/");
    name.push_str(&client.to_string());
    name
}

/// A promise that is never kept: its lock is never given back.
fn never() -> JsValue {
    Promise::new(&mut |_, _| {}).into()
}
