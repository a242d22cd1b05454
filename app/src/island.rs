//! The islands: the parts of a board's page that change while it is open.
//!
//! They read and write the [`BoardHandle`] and send it commands; they touch no canvas, no socket, no
//! clock. Small things that several of them show are here. Those are functions of plain values rather than
//! components, and of one type each, since every other type is another copy in the client.

use leptos::prelude::*;

pub mod bar;
pub mod concerns;
pub mod people;
pub mod status;
pub mod styles;
pub mod theme;
pub mod title;

pub use bar::Bar;
pub use concerns::Concerns;
#[cfg(feature = "ssr")]
pub(crate) use people::mode_label;
pub use people::{PeopleButton, PeopleList};
pub use status::{Connection, CopyLink, Notice, Saved};
pub use theme::{ThemeButton, ThemeChoice};
pub use title::{ClearItem, TitleField, TitleText};

use crate::handle::{BoardHandle, Command};

/// A symbol of the page's sprite.
pub(crate) fn icon(symbol: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use_ href=symbol></use_>
        </svg>
    }
}

/// What `aria-pressed` and its kin say.
fn flag(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

/// A button with an icon that sends a command. Where it has nothing to do it says so but keeps the focus.
fn action(
    handle: &BoardHandle,
    (name, key, symbol): (&'static str, &'static str, &'static str),
    command: Command,
    enabled: Option<ArcRwSignal<bool>>,
) -> impl IntoView + use<> {
    let handle = handle.clone();
    view! {
        <button
            type="button"
            class="tool"
            aria-label=name
            data-key=(!key.is_empty()).then_some(key)
            data-tip=key.is_empty().then_some(name)
            aria-disabled=move || flag(enabled.as_ref().is_some_and(|enabled| !enabled.get()))
            on:click=move |_| handle.send(command.clone())
        >
            {icon(symbol)}
        </button>
    }
}
