//! The WASM client. The page's start script calls [`hydrate`] once, then wakes each island by its export.
//!
//! On a board's page it also starts the engine, which turns pointers into ops and ops into pixels. Only this crate
//! knows the browser. Nothing here panics on purpose: a step that fails says so on the console, and the rest goes on.

use inkroom_app::handle::{BoardHandle, Start};
use inkroom_app::tool::Tool;
use leptos::prelude::{Effect, Get, provide_context};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;

mod browser;
mod engine;
mod frame;
mod input;
mod link;
mod outbox;
mod paint;
mod probe;
mod snapshot;

/// Wakes the page: called once by the start script, before any island.
#[wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        browser::complain("a panic", &panic.to_string().into())
    }));
    leptos::mount::hydrate_islands();
    let Some((surface, start)) = board() else {
        return;
    };
    let handle = BoardHandle::new(&start);
    provide_context(handle.clone());
    show_tool(surface.clone(), handle.clone());
    spawn_local(open(surface, handle, start));
}

/// The style sheet chooses the mouse's cursor by the tool.
fn show_tool(surface: HtmlElement, handle: BoardHandle) {
    Effect::new(move || {
        let name = if handle.tool.get() == Tool::Hand {
            "hand"
        } else {
            "draw"
        };
        browser::tolerate("an attribute", surface.set_attribute("data-tool", name));
    });
}

/// The drawing surface of the page and what it says about its board, if this is a board's page.
fn board() -> Option<(HtmlElement, Start)> {
    let surface = browser::document()?
        .query_selector("[data-testid=surface]")
        .ok()??;
    let theme = browser::root().and_then(|root| root.get_attribute("data-theme"));
    let attribute = |name: &str| {
        if name == "data-theme" {
            theme.clone()
        } else {
            surface.get_attribute(name)
        }
    };
    let start = Start::read(attribute)?;
    Some((surface.dyn_into().ok()?, start))
}

/// Fetches what the page shows, and starts the engine on it.
async fn open(surface: HtmlElement, handle: BoardHandle, start: Start) {
    let address = start.snapshot();
    let document = browser::tolerate("fetching the board", snapshot::fetch_at(&address).await);
    let started = engine::start(surface.clone(), handle.clone(), start, document);
    if browser::tolerate("starting", started).is_some() {
        input::attach(&surface);
        probe::place();
        handle
            .commands
            .set_waker(|| engine::with(engine::Engine::obey));
    }
}
