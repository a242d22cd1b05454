//! The board's snapshot, fetched from its immutable address; the page preloads the first one.

use inkroom_board::{BoardId, Document};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use crate::browser;

/// The board as it was at a place in its history.
pub(crate) async fn fetch(board: BoardId, epoch: u64, seq: u64) -> Result<Document, JsValue> {
    let mut address = String::from("/b/");
    address.push_str(&board.to_string());
    address.push_str("/snapshot/");
    address.push_str(&epoch.to_string());
    address.push('-');
    address.push_str(&seq.to_string());
    fetch_at(&address).await
}

/// The board that is found at an address.
pub(crate) async fn fetch_at(address: &str) -> Result<Document, JsValue> {
    let window = browser::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str(address))
        .await?
        .unchecked_into();
    if !response.ok() {
        return Err(f64::from(response.status()).into());
    }
    let body = JsFuture::from(response.array_buffer()?).await?;
    let bytes = Uint8Array::new(&body).to_vec();
    Document::from_snapshot(&bytes).map_err(|_| JsValue::from_str("a damaged snapshot"))
}
