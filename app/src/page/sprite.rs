//! The icons, as symbols that a page carries once and islands refer to.
//!
//! From Lucide 1.62 (<https://lucide.dev>), ISC licence: copyright (c) 2026 Lucide Icons and Contributors; parts of
//! it derive from Feather (MIT licence), copyright (c) 2013-2023 Cole Bemis. The licences' text is
//! `public/licences.txt`. Size, colour and stroke are the style sheet's.

use leptos::prelude::*;

/// An icon: the name of its symbol and what is in it.
type Icon = (&'static str, &'static str);

const HOME: &[Icon] = &[
    (
        "i-link",
        r#"<path d="M10 13a5 5 0 0 0 7.54.54l3-3a5 5 0 0 0-7.07-7.07l-1.72 1.71"/><path d="M14 11a5 5 0 0 0-7.54-.54l-3 3a5 5 0 0 0 7.07 7.07l1.71-1.71"/>"#,
    ),
    ("i-plus", r#"<path d="M5 12h14"/><path d="M12 5v14"/>"#),
];

const BOARD: &[Icon] = &[
    (
        "i-menu",
        r#"<path d="M4 5h16"/><path d="M4 12h16"/><path d="M4 19h16"/>"#,
    ),
    ("i-down", r#"<path d="m6 9 6 6 6-6"/>"#),
    (
        "i-hand",
        r#"<path d="M18 11V6a2 2 0 0 0-2-2a2 2 0 0 0-2 2"/><path d="M14 10V4a2 2 0 0 0-2-2a2 2 0 0 0-2 2v2"/><path d="M10 10.5V6a2 2 0 0 0-2-2a2 2 0 0 0-2 2v8"/><path d="M18 8a2 2 0 1 1 4 0v6a8 8 0 0 1-8 8h-2c-2.8 0-4.5-.86-5.99-2.34l-3.6-3.6a2 2 0 0 1 2.83-2.82L7 15"/>"#,
    ),
    (
        "i-pencil",
        r#"<path d="M21.174 6.812a1 1 0 0 0-3.986-3.987L3.842 16.174a2 2 0 0 0-.5.83l-1.321 4.352a.5.5 0 0 0 .623.622l4.353-1.32a2 2 0 0 0 .83-.497z"/><path d="m15 5 4 4"/>"#,
    ),
    (
        "i-highlighter",
        r#"<path d="m9 11-6 6v3h9l3-3"/><path d="m22 12-4.6 4.6a2 2 0 0 1-2.8 0l-5.2-5.2a2 2 0 0 1 0-2.8L14 4"/>"#,
    ),
    (
        "i-eraser",
        r#"<path d="M21 21H8a2 2 0 0 1-1.42-.587l-3.994-3.999a2 2 0 0 1 0-2.828l10-10a2 2 0 0 1 2.829 0l5.999 6a2 2 0 0 1 0 2.828L12.834 21"/><path d="m5.082 11.09 8.828 8.828"/>"#,
    ),
    (
        "i-square",
        r#"<rect width="18" height="18" x="3" y="3" rx="2"/>"#,
    ),
    ("i-circle", r#"<circle cx="12" cy="12" r="10"/>"#),
    ("i-slash", r#"<path d="M22 2 2 22"/>"#),
    (
        "i-arrow",
        r#"<path d="M13 5H19V11"/><path d="M19 5L5 19"/>"#,
    ),
    (
        "i-undo",
        r#"<path d="M9 14 4 9l5-5"/><path d="M4 9h10.5a5.5 5.5 0 0 1 5.5 5.5a5.5 5.5 0 0 1-5.5 5.5H11"/>"#,
    ),
    (
        "i-redo",
        r#"<path d="m15 14 5-5-5-5"/><path d="M20 9H9.5A5.5 5.5 0 0 0 4 14.5A5.5 5.5 0 0 0 9.5 20H13"/>"#,
    ),
    (
        "i-trash",
        r#"<path d="M10 11v6"/><path d="M14 11v6"/><path d="M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6"/><path d="M3 6h18"/><path d="M8 6V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2"/>"#,
    ),
    ("i-minus", r#"<path d="M5 12h14"/>"#),
    ("i-plus", r#"<path d="M5 12h14"/><path d="M12 5v14"/>"#),
    (
        "i-fit",
        r#"<path d="M8 3H5a2 2 0 0 0-2 2v3"/><path d="M21 8V5a2 2 0 0 0-2-2h-3"/><path d="M3 16v3a2 2 0 0 0 2 2h3"/><path d="M16 21h3a2 2 0 0 0 2-2v-3"/>"#,
    ),
    (
        "i-share",
        r#"<circle cx="18" cy="5" r="3"/><circle cx="6" cy="12" r="3"/><circle cx="18" cy="19" r="3"/><path d="m8.59 13.51 6.83 3.98"/><path d="m15.41 6.51-6.82 3.98"/>"#,
    ),
    ("i-check", r#"<path d="M20 6 9 17l-5-5"/>"#),
    (
        "i-theme",
        r#"<circle cx="12" cy="12" r="10"/><path d="M12 18a6 6 0 0 0 0-12v12z"/>"#,
    ),
    (
        "i-copy",
        r#"<rect width="14" height="14" x="8" y="8" rx="2" ry="2"/><path d="M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2"/>"#,
    ),
    (
        "i-home",
        r#"<path d="M15 21v-8a1 1 0 0 0-1-1h-4a1 1 0 0 0-1 1v8"/><path d="M3 10a2 2 0 0 1 .709-1.528l7-6a2 2 0 0 1 2.582 0l7 6A2 2 0 0 1 21 10v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z"/>"#,
    ),
    (
        "i-save",
        r#"<path d="M12 15V3"/><path d="M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4"/><path d="m7 10 5 5 5-5"/>"#,
    ),
    ("i-close", r#"<path d="M18 6 6 18"/><path d="m6 6 12 12"/>"#),
];

/// The icons of the home page.
pub(super) fn home() -> impl IntoView {
    sprite(HOME)
}

/// The icons of a board's page.
pub(super) fn board() -> impl IntoView {
    sprite(BOARD)
}

fn sprite(icons: &[Icon]) -> impl IntoView + use<> {
    let symbol = |(name, paths): &Icon| {
        view! { <symbol id=*name viewBox="0 0 24 24" inner_html=*paths></symbol> }
    };
    view! { <svg class="sprite" aria-hidden="true">{icons.iter().map(symbol).collect_view()}</svg> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Tool;

    #[test]
    fn every_tool_has_its_icon() {
        for tool in Tool::ALL {
            assert!(
                BOARD
                    .iter()
                    .any(|(name, _)| tool.icon().strip_prefix('#') == Some(name)),
                "{tool:?}"
            );
        }
    }
}
