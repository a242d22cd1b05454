//! Light or dark: a button at the top, and the same as a choice in the menu for narrow pages.
//!
//! The engine puts the theme on and remembers it in a cookie, so that the server's next page has it from
//! its first byte.

use leptos::prelude::*;

use super::{flag, icon};
use crate::handle::{BoardHandle, Command, Theme};

/// Goes round the themes.
#[island]
pub fn ThemeButton() -> impl IntoView {
    let handle = BoardHandle::here();
    let (theme, tip) = (handle.theme.clone(), handle.theme.clone());
    view! {
        <button
            type="button"
            class="tool theme"
            aria-label=move || label(theme.get())
            data-tip=move || label(tip.get())
            on:click=move |_| put_on(&handle, next(handle.theme.get_untracked()))
        >
            {icon("#i-theme")}
        </button>
    }
}

/// The three themes side by side.
#[island]
pub fn ThemeChoice() -> impl IntoView {
    let handle = BoardHandle::here();
    view! {
        <div class="segments" role="group" aria-label="Theme">
            {Theme::ALL.map(|theme| segment(&handle, theme))}
        </div>
    }
}

fn segment(handle: &BoardHandle, theme: Theme) -> impl IntoView + use<> {
    let (chosen, handle) = (handle.theme.clone(), handle.clone());
    view! {
        <button
            type="button"
            aria-pressed=move || flag(chosen.get() == theme)
            on:click=move |_| put_on(&handle, theme)
        >
            {theme.label()}
        </button>
    }
}

fn put_on(handle: &BoardHandle, theme: Theme) {
    handle.theme.set(theme);
    handle.send(Command::SetTheme(theme));
}

fn next(theme: Theme) -> Theme {
    match theme {
        Theme::System => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::System,
    }
}

fn label(theme: Theme) -> &'static str {
    match theme {
        Theme::System => "Theme: system",
        Theme::Light => "Theme: light",
        Theme::Dark => "Theme: dark",
    }
}
