//! The pages as the server writes them: plain data in, one HTML document out.
//!
//! Every page is whole before any script: forms are forms, links are links, dialogs are popovers that the
//! browser opens by itself. Not here: where the data comes from, and status codes other than a
//! [`Trouble`]'s. Nothing is inline but the drawing and the icons, which are SVG.

use alloc::string::String;
use alloc::sync::Arc;

use hydration_context::SsrSharedContext;
use leptos::prelude::*;

mod board;
mod hint;
mod home;
mod qr;
mod sprite;
mod trouble;

pub use board::{BoardView, Drawing, board};
pub use home::{Card, HomeView, home};
pub use trouble::{Trouble, TroubleView, trouble};

use crate::handle::Theme;

/// The addresses of what pages fetch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assets {
    /// The module that starts the client.
    pub boot: String,
    /// The client's bindings, which that module imports.
    pub js: String,
    /// The client.
    pub wasm: String,
    /// The styles.
    pub css: String,
    /// The icon, SVG.
    pub icon: String,
}

/// Renders one document in an owner of its own, which is gone when it is written.
fn render<V: IntoView>(page: impl FnOnce() -> V) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let mut html = String::from("<!DOCTYPE html>");
    owner.with(|| html.push_str(&page().to_html()));
    owner.unset_with_forced_cleanup();
    html
}

/// The document around a page's body.
fn document(
    assets: &Assets,
    theme: Theme,
    title: String,
    head: impl IntoView,
    body: impl IntoView,
) -> impl IntoView {
    let theme = (theme != Theme::System).then(|| theme.name());
    view! {
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <title>{title}</title>
                <link rel="stylesheet" href=assets.css.clone() />
                <link rel="icon" href=assets.icon.clone() type="image/svg+xml" />
                {head}
            </head>
            {body}
        </html>
    }
}

/// The name, as pages other than a board show it.
fn wordmark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M4 21c4.500-9 8-13 10.500-12s-3 9-0.500 10.500 6-7.500 8-6.500-2 6 0.500 6.500c1.800.4 3.500-1.500 5.500-4" />
        </svg>
    }
}
