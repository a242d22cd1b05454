//! What the page says of itself: connection, saved, notices.
//!
//! Three statuses, since they are news to different ears: whether the line is up, what is committed, and
//! what just happened to this person. The words are in [`crate::words`].

use leptos::prelude::*;

use super::icon;
use crate::handle::{BoardHandle, Command, Link};
use crate::words;

/// How the line to the server is.
#[island]
pub fn Connection() -> impl IntoView {
    let handle = BoardHandle::here();
    let link = handle.link.clone();
    view! {
        <div class="connection" role="status" aria-label="Connection" data-link=move || link_class(link.get())>
            <span>{move || words::connection(handle.link.get(), handle.pending.get(), handle.keeping.get())}</span>
        </div>
    }
}

fn link_class(link: Link) -> &'static str {
    match link {
        Link::Connecting => "connecting",
        Link::Live => "live",
        Link::Waiting => "waiting",
        Link::Reconnecting => "reconnecting",
        Link::Offline => "offline",
    }
}

/// Up to where the drawing is committed. Its text ends in `#SEQ`.
#[island]
pub fn Saved() -> impl IntoView {
    let BoardState {
        role,
        pending,
        word,
        seq,
    } = BoardState::here();
    view! {
        <div
            class="saved"
            role="status"
            aria-label="Saved"
            class:quiet=move || !role.get().draws()
            class:busy=move || pending.get() != 0
        >
            {icon("#i-check")}
            <span>{move || words::saving(word.get())}<b>"#"{move || seq.get()}</b></span>
        </div>
    }
}

/// The signals of [`Saved`].
struct BoardState {
    role: ArcRwSignal<inkroom_board::Role>,
    pending: ArcRwSignal<u32>,
    word: ArcRwSignal<u32>,
    seq: ArcRwSignal<u64>,
}

impl BoardState {
    fn here() -> Self {
        let handle = BoardHandle::here();
        Self {
            role: handle.role.clone(),
            pending: handle.pending.clone(),
            word: handle.pending.clone(),
            seq: handle.saved.clone(),
        }
    }
}

/// A short message, for as long as the engine leaves it.
#[island]
pub fn Notice() -> impl IntoView {
    let handle = BoardHandle::here();
    let hides = handle.clone();
    view! {
        <div role="status" aria-label="Notice">
            <p class="notice" hidden=move || hides.notice.get().is_empty()>
                {move || handle.notice.get()}
            </p>
        </div>
    }
}

/// The button that puts the board's link on the clipboard.
#[island]
pub fn CopyLink() -> impl IntoView {
    let handle = BoardHandle::here();
    view! {
        <button type="button" class="button" on:click=move |_| handle.send(Command::CopyLink)>
            {icon("#i-copy")}
            "Copy"
        </button>
    }
}
