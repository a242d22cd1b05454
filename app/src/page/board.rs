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
#[allow(clippy::unwrap_used)]
mod tests {
    use inkroom_board::wire::Profile;
    use inkroom_board::{BoardId, Ink, PersonId};

    use super::*;
    use crate::handle::Theme;

    const INK: &str = r#"<svg class="paint"><path class="c-red" d="M0 0"/></svg>"#;

    fn start(role: Role, mode: Mode) -> Start {
        let me = Profile {
            person: PersonId([9; 16]),
            name: "Ada \"the\" <pen>".into(),
            colour: Ink::Teal,
        };
        let board = BoardId([7; 16]);
        Start {
            board,
            epoch: 2,
            seq: 128,
            title: "A <b> & \"c\"".into(),
            mode,
            role,
            me,
            theme: Theme::Light,
        }
    }

    fn view(start: Start, drawing: Drawing) -> BoardView {
        let assets = Assets {
            boot: "/assets/boot.js".into(),
            wasm: "/assets/i.wasm".into(),
            ..Assets::default()
        };
        BoardView {
            assets,
            start,
            link: "https://ink.example.org/b/x?a=1&b".into(),
            drawing,
        }
    }

    fn owners_page() -> String {
        board(&view(
            start(Role::Owner, Mode::Everyone),
            Drawing::Inline(INK.into()),
        ))
    }

    fn viewers_page() -> String {
        board(&view(
            start(Role::Viewer, Mode::Presenters),
            Drawing::Inline(INK.into()),
        ))
    }

    /// The opening tag that has this in it.
    fn tag<'a>(html: &'a str, part: &str) -> &'a str {
        let at = html
            .find(part)
            .unwrap_or_else(|| panic!("no {part} in {html}"));
        let from = html.get(..at).unwrap().rfind('<').unwrap();
        html.get(from..)
            .unwrap()
            .split_inclusive('>')
            .next()
            .unwrap()
    }

    #[test]
    fn every_control_has_its_name() {
        let html = owners_page();
        let named = [
            "Undo",
            "Redo",
            "Clear board",
            "Zoom in",
            "Zoom out",
            "Show everything",
            "Colour and width",
        ];
        for name in Tool::ALL.map(Tool::name).into_iter().chain(named) {
            assert!(
                tag(&html, &format!(r#"aria-label="{name}""#)).starts_with("<button"),
                "{name}"
            );
        }
        assert!(tag(&html, r#"aria-label="Share""#).starts_with("<button"));
        let people = html.split_once(r#"popovertarget="people""#).unwrap().1;
        assert!(
            people
                .split_once("</button>")
                .unwrap()
                .0
                .contains(r#"<span class="hidden">People</span>"#)
        );
    }

    #[test]
    fn toolbar_and_statuses_are_what_they_are_called() {
        let html = owners_page();
        assert!(tag(&html, r#"aria-label="Tools""#).contains(r#"role="toolbar""#));
        assert!(tag(&html, r#"aria-label="Connection""#).contains(r#"role="status""#));
        assert!(tag(&html, r#"aria-label="Saved""#).contains(r#"role="status""#));
        assert!(html.contains("Connecting…"));
    }

    #[test]
    fn the_pen_is_chosen_and_nothing_can_be_undone_at_first() {
        let html = owners_page();
        assert!(tag(&html, r#"aria-label="Pen""#).contains(r#"aria-pressed="true""#));
        assert!(tag(&html, r#"aria-label="Hand""#).contains(r#"aria-pressed="false""#));
        assert!(tag(&html, r#"aria-label="Undo""#).contains(r#"aria-disabled="true""#));
        assert!(tag(&html, r#"aria-label="Clear board""#).contains(r#"aria-disabled="false""#));
    }

    #[test]
    fn the_saved_status_ends_in_the_seq() {
        let html = owners_page();
        let status = html
            .split_once(r#"aria-label="Saved""#)
            .unwrap()
            .1
            .split_once("</div>")
            .unwrap()
            .0;
        let text: String = status
            .split('>')
            .filter_map(|piece| piece.split('<').next())
            .collect();
        assert!(text.ends_with("Saved #128"), "{text}");
    }

    #[test]
    fn there_is_one_surface_and_it_holds_the_drawing_and_the_start() {
        let (html, start) = (owners_page(), start(Role::Owner, Mode::Everyone));
        assert_eq!(html.matches(r#"data-testid="surface""#).count(), 1);
        let surface = tag(&html, r#"data-testid="surface""#);
        for (name, value) in start.attributes() {
            assert!(surface.contains(&format!("{name}=\"")), "{name}");
            let plain = !value.contains(['"', '<', '&']);
            assert!(
                !plain || surface.contains(&format!("{name}=\"{value}\"")),
                "{name} in {surface}"
            );
        }
        assert!(surface.contains(&format!(
            r#"data-snapshot="/b/{}/snapshot/2-128""#,
            start.board
        )));
        assert!(html.contains(INK));
        assert!(!surface.contains("data-empty"));
    }

    #[test]
    fn an_empty_board_is_marked_so_that_the_hint_shows() {
        let html = board(&view(start(Role::Owner, Mode::Everyone), Drawing::Empty));
        assert!(tag(&html, r#"data-testid="surface""#).contains("data-empty"));
        assert!(html.contains("Draw. Everyone with the link sees it."));
    }

    #[test]
    fn a_large_drawing_is_a_picture() {
        let html = board(&view(
            start(Role::Owner, Mode::Everyone),
            Drawing::Picture("/b/x/128.svg".into()),
        ));
        assert!(tag(&html, r#"src="/b/x/128.svg""#).starts_with("<img"));
    }

    #[test]
    fn titles_and_names_are_text() {
        let html = owners_page();
        assert!(
            html.contains("<title>A &lt;b&gt; &amp; \"c\" · Inkroom</title>"),
            "{html}"
        );
        assert!(!html.contains("A <b>") && !html.contains("<pen>") && !html.contains("\"the\""));
    }

    #[test]
    fn nothing_is_inline_but_drawings() {
        for html in [owners_page(), viewers_page()] {
            assert!(!html.contains("style=") && !html.contains("<style"));
            assert!(!html.contains(" onclick") && !html.contains("javascript:"));
            assert_eq!(html.matches("<script").count(), 1);
            assert!(html.contains(r#"<script type="module" src="/assets/boot.js"></script>"#));
        }
    }

    #[test]
    fn client_and_snapshot_are_fetched_ahead() {
        let html = owners_page();
        assert!(tag(&html, "/assets/i.wasm").contains(r#"rel="preload""#));
        assert!(tag(&html, r#"snapshot/2-128" as="fetch""#).contains(r#"rel="preload""#));
    }

    #[test]
    fn a_viewer_sees_a_hand_to_raise_and_no_palette() {
        for (html, draws) in [(viewers_page(), false), (owners_page(), true)] {
            let parts: Vec<_> = html.split(r#"class="part""#).collect();
            let [before, palette, watching] = parts.as_slice() else {
                panic!("two parts");
            };
            assert_eq!(before.ends_with("<div hidden "), !draws);
            assert_eq!(palette.ends_with("<div hidden "), draws);
            for name in ["Tools", "Undo", "Clear board", "Colour and width"] {
                let label = format!(r#"aria-label="{name}""#);
                assert!(
                    palette.contains(&label) && !before.contains(&label),
                    "{name}"
                );
            }
            assert!(watching.contains("Raise hand") && !palette.contains("Raise hand"));
            assert!(before.contains(r#"aria-label="Zoom in""#));
        }
    }

    #[test]
    fn only_the_owner_can_rename() {
        assert!(owners_page().contains("title-field"));
        assert!(!viewers_page().contains("title-field"));
    }

    #[test]
    fn islands_are_marked_for_the_client_and_take_no_props() {
        let html = owners_page();
        for island in [
            "TitleText",
            "Connection",
            "PeopleButton",
            "PeopleList",
            "Bar",
            "Saved",
            "Notice",
            "Concerns",
            "CopyLink",
        ] {
            let tag = tag(&html, &format!("data-component=\"{island}_"));
            assert!(
                tag.starts_with("<leptos-island") && !tag.contains("data-props"),
                "{tag}"
            );
        }
    }

    #[test]
    fn dialogs_open_without_a_script_and_can_be_closed() {
        let html = owners_page();
        for id in ["menu", "people", "share", "styles"] {
            let dialog = tag(&html, &format!(" id=\"{id}\""));
            assert!(
                dialog.starts_with("<dialog") && dialog.contains(r#"popover="auto""#),
                "{dialog}"
            );
            assert!(html.contains(&format!("popovertarget=\"{id}\"")), "{id}");
        }
    }

    #[test]
    fn the_share_dialog_has_link_and_code() {
        let html = owners_page();
        assert!(html.contains(r#"value="https://ink.example.org/b/x?a=1&amp;b""#));
        assert!(tag(&html, r#"aria-label="The link as a QR code""#).starts_with("<svg"));
    }

    #[test]
    fn without_scripts_it_says_that_this_is_the_drawing() {
        assert!(owners_page().contains("<noscript>"));
    }
}
