#![allow(clippy::unwrap_used)]

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
