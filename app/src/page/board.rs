//! A board's page: the drawing first, and what floats over it.
//!
//! The drawing is in the document, so it is there before any script; the engine paints its canvases over it
//! with the same camera and then takes it away. The dialogs are popovers: the browser opens, closes and
//! gives back the focus by itself. What changes while the page is open is in the islands.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use inkroom_board::{Mode, Role};
use leptos::either::Either;
use leptos::prelude::*;

use super::{Assets, document, hint, qr, render, sprite};
use crate::handle::{BoardHandle, Start};
use crate::island::{
    Bar, ClearItem, Concerns, Connection, CopyLink, Notice, PeopleButton, PeopleList, Saved,
    ThemeButton, ThemeChoice, TitleField, TitleText, icon,
};
use crate::tool::Tool;
use crate::words;

/// What a board's page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardView {
    /// Where its assets are.
    pub assets: Assets,
    /// What the client is told before the socket says more.
    pub start: Start,
    /// The board's address, whole, to be shared.
    pub link: String,
    /// The drawing at `start.seq`.
    pub drawing: Drawing,
}

/// A drawing as the page holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawing {
    /// Nothing was drawn yet: a hint is shown.
    Empty,
    /// An `<svg>` element, as the board's own code writes it: it is put into the page as it is.
    Inline(String),
    /// The address of a picture, for drawings that are too large to be in the page.
    Picture(String),
}

/// A board's page.
#[must_use]
pub fn board(view: &BoardView) -> String {
    with_handle(view, &BoardHandle::new(&view.start))
}

fn with_handle(view: &BoardView, handle: &BoardHandle) -> String {
    let title = format!("{} · Inkroom", words::title(&view.start.title));
    render(|| {
        provide_context(handle.clone());
        document(
            &view.assets,
            view.start.theme,
            title,
            head(view),
            body(view),
        )
    })
}

fn head(view: &BoardView) -> impl IntoView + use<> {
    let assets = view.assets.clone();
    view! {
        <link rel="modulepreload" href=assets.js />
        <link rel="preload" href=assets.wasm r#as="fetch" type="application/wasm" crossorigin="anonymous" />
        <link rel="preload" href=view.start.snapshot() r#as="fetch" crossorigin="anonymous" />
        <meta name="robots" content="noindex" />
        <script type="module" src=assets.boot></script>
    }
}

fn body(view: &BoardView) -> impl IntoView + use<> {
    view! {
        <body class="board">
            {sprite::board()} <main>{surface(view)}</main>
            <header class="top">
                <div class="float">
                    <h1>{menu_button()}</h1>
                    <Connection />
                </div>
                <div class="float">
                    <ThemeButton />
                    <PeopleButton />
                    {share_button()}
                </div>
            </header>
            <Notice />
            <Concerns />
            {without_client()}
            <footer class="bottom">
                <Bar />
                <Saved />
            </footer>
            {menu(view)}
            {people()}
            {share(view)}
        </body>
    }
}

fn surface(view: &BoardView) -> impl IntoView + use<> {
    let start = &view.start;
    let [board, epoch, seq, title, mode, role, person, name, colour] =
        start.attributes().map(|(_, value)| value);
    view! {
        <div
            id="surface"
            data-testid="surface"
            role="application"
            aria-label="Drawing"
            tabindex="0"
            data-board=board
            data-epoch=epoch
            data-seq=seq
            data-title=title
            data-mode=mode
            data-role=role
            data-person=person
            data-name=name
            data-colour=colour
            data-snapshot=start.snapshot()
            data-empty=(view.drawing == Drawing::Empty).then_some("")
        >
            {drawing(&view.drawing)}
        </div>
        <div id="hint">{hint::hint()}</div>
    }
}

fn drawing(drawing: &Drawing) -> impl IntoView + use<> {
    let svg = if let Drawing::Inline(svg) = drawing {
        svg.clone()
    } else {
        String::new()
    };
    let picture = if let Drawing::Picture(src) = drawing {
        Some(src.clone())
    } else {
        None
    };
    match picture {
        Some(src) => Either::Left(view! {
            <div class="first-paint">
                <img class="paint" src=src alt="The drawing so far" />
            </div>
        }),
        None => Either::Right(view! { <div class="first-paint" inner_html=svg></div> }),
    }
}

fn menu_button() -> impl IntoView {
    view! {
        <button type="button" class="tool menu" popovertarget="menu">
            {icon("#i-menu")}
            <span class="hidden">"Menu: "</span>
            <TitleText />
            {icon("#i-down")}
        </button>
    }
}

fn share_button() -> impl IntoView {
    view! {
        <button type="button" class="tool primary" aria-label="Share" popovertarget="share">
            {icon("#i-share")}
            <span>"Share"</span>
        </button>
    }
}

/// What is said where the client does not run: no scripts, or it could not start.
fn without_client() -> impl IntoView {
    view! {
        <noscript>
            <p class="notice">"This is the drawing as it is now. To draw on it, allow scripts."</p>
        </noscript>
        <p class="notice failed">"The tools could not start. Reload the page to draw."</p>
    }
}

/// A dialog that the button of the same id opens.
fn dialog(id: &'static str, title: &'static str, content: impl IntoView) -> impl IntoView {
    let title_id = format!("{id}-title");
    let labelled = title_id.clone();
    view! {
        <dialog id=id class="float panel" popover="auto" aria-labelledby=labelled>
            <div class="panel-head">
                <h2 id=title_id>{title}</h2>
                <button
                    type="button"
                    class="tool close"
                    aria-label="Close"
                    popovertarget=id
                    popovertargetaction="hide"
                >
                    {icon("#i-close")}
                </button>
            </div>
            {content}
        </dialog>
    }
}

fn menu(view: &BoardView) -> impl IntoView + use<> {
    let owner = view.start.role == Role::Owner;
    let picture = format!("/b/{}.svg", view.start.board);
    let content = view! {
        {owner.then(|| view! { <TitleField /> })}
        <a class="item" href="/">
            {icon("#i-home")}
            "All boards"
        </a>
        <a class="item" href=picture download="">
            {icon("#i-save")}
            "Save as SVG"
        </a>
        <ClearItem />
        <ThemeChoice />
        {keys()}
    };
    dialog("menu", "Board", content)
}

/// The keys that the tools listen to, for those who look for them.
fn keys() -> impl IntoView {
    let others = [
        ("Undo, redo", "Ctrl Z, Ctrl Shift Z"),
        ("Zoom", "Ctrl +, Ctrl −, Ctrl 0"),
        ("Show everything", "Shift 1"),
        ("Move the paper", "Space and drag"),
        ("Width", "[ and ]"),
    ];
    let tools = Tool::ALL.map(|tool| (tool.name(), tool.key()));
    let rows: Vec<_> = tools.into_iter().chain(others).collect();
    view! {
        <details class="keys">
            <summary>"Keys"</summary>
            <dl>
                {rows
                    .into_iter()
                    .map(|(name, key)| {
                        view! {
                            <div>
                                <dt>{name}</dt>
                                <dd>{key}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
        </details>
    }
}

fn people() -> impl IntoView {
    dialog("people", "People", view! { <PeopleList /> })
}

fn share(view: &BoardView) -> impl IntoView + use<> {
    let meaning = match view.start.mode {
        Mode::Everyone => "Everyone with this link sees the board and draws on it.",
        Mode::Presenters => "Everyone with this link sees the board. Whoever has the pen draws.",
    };
    let content = view! {
        <p class="soft">{meaning}</p>
        <div class="field">
            <label for="share-link">"Link"</label>
            <div class="with-button">
                <input id="share-link" readonly=true value=view.link.clone() />
                <CopyLink />
            </div>
        </div>
        {code(&view.link)}
    };
    dialog("share", "Share", content)
}

fn code(link: &str) -> impl IntoView + use<> {
    qr::path(link).map(|(span, path)| {
        view! {
            <svg class="qr" viewBox=span role="img" aria-label="The link as a QR code">
                <path d=path />
            </svg>
        }
    })
}

#[cfg(test)]
mod tests;
