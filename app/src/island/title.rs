//! The board's title, where it is shown and where its owner changes it; and the menu's last item.

use alloc::borrow::ToOwned;

use inkroom_board::limits::TITLE_CHARS;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;

use super::icon;
use crate::handle::{BoardHandle, Command};
use crate::words;

/// The title as it is now.
#[island]
pub fn TitleText() -> impl IntoView {
    let handle = BoardHandle::here();
    view! { <span class="name">{move || words::title(&handle.title.get()).to_owned()}</span> }
}

/// Where the owner writes the title.
#[island]
pub fn TitleField() -> impl IntoView {
    let handle = BoardHandle::here();
    let (title, input) = (handle.title.clone(), NodeRef::<Input>::new());
    let rename = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(input) = input.get_untracked() {
            handle.send(Command::SetTitle(input.value().trim().to_owned()));
        }
    };
    view! {
        <form class="field" on:submit=rename>
            <label for="title-field">"Title"</label>
            <div class="with-button">
                <input
                    id="title-field"
                    node_ref=input
                    autocomplete="off"
                    placeholder=words::UNTITLED
                    maxlength=TITLE_CHARS
                    value=title.get_untracked()
                    prop:value=move || title.get()
                />
                <button class="button">"Rename"</button>
            </div>
        </form>
    }
}

/// *Clear board* in the menu, where the page is too narrow to have it beside undo.
#[island]
pub fn ClearItem() -> impl IntoView {
    let handle = BoardHandle::here();
    let role = handle.role.clone();
    view! {
        <button
            type="button"
            class="item narrow"
            hidden=move || !role.get().draws()
            popovertarget="menu"
            popovertargetaction="hide"
            on:click=move |_| handle.send(Command::Clear)
        >
            {icon("#i-trash")}
            "Clear board"
        </button>
    }
}
