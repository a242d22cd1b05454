//! The page for what cannot be shown: what happened, and what to do now. Calm, with the way home.

use alloc::format;
use alloc::string::String;

use leptos::prelude::*;

use super::{Assets, document, render, wordmark};
use crate::handle::Theme;

/// What the page of a trouble shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubleView {
    /// Where its assets are.
    pub assets: Assets,
    /// The chosen theme.
    pub theme: Theme,
    /// What is wrong.
    pub trouble: Trouble,
}

/// Why a page cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No board has that id.
    NoBoard,
    /// No page has that address.
    NoPage,
    /// What was pasted is neither a link to a board here nor a code.
    BadLink,
    /// A form was not as the page made it.
    BadForm,
    /// Too many requests, or too many people.
    TooMuch,
    /// The server is going down, or its store is away.
    Away,
    /// Something broke.
    Broken,
}

impl Trouble {
    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::NoBoard | Self::NoPage => 404,
            Self::BadLink | Self::BadForm => 400,
            Self::TooMuch => 429,
            Self::Away => 503,
            Self::Broken => 500,
        }
    }

    /// What happened, and what to do.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoBoard => (
                "No such board",
                "The link may be incomplete. Ask for it again, or make a new board.",
            ),
            Self::NoPage => ("Nothing here", "This address leads nowhere."),
            Self::BadLink => (
                "That is no link to a board",
                "Copy the whole address from the other browser, and try again.",
            ),
            Self::BadForm => (
                "That did not work",
                "The form was not complete. Go back and try again.",
            ),
            Self::TooMuch => (
                "Very busy",
                "There is too much to do at the moment. Try again in a minute.",
            ),
            Self::Away => (
                "Back in a moment",
                "The boards cannot be reached at the moment. Nothing that was saved is lost. Try again soon.",
            ),
            Self::Broken => (
                "Something broke",
                "It is not your fault, and your drawings are safe. Try again in a minute.",
            ),
        }
    }
}

/// The page of a trouble.
#[must_use]
pub fn trouble(view: &TroubleView) -> String {
    let (title, advice) = view.trouble.words();
    let body = view! {
        <body class="desk">
            <main class="trouble">
                {wordmark()} <h1>{title}</h1> <p>{advice}</p> <a class="button primary" href="/">
                    "Go home"
                </a>
            </main>
        </body>
    };
    render(|| {
        document(
            &view.assets,
            view.theme,
            format!("{title} · Inkroom"),
            (),
            body,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_says_what_to_do_and_leads_home() {
        use Trouble::{Away, BadForm, BadLink, Broken, NoBoard, NoPage, TooMuch};
        for trouble in [NoBoard, NoPage, BadLink, BadForm, TooMuch, Away, Broken] {
            let html = super::trouble(&TroubleView {
                assets: Assets::default(),
                theme: Theme::System,
                trouble,
            });
            let (title, advice) = trouble.words();
            assert!(
                html.contains(title) && html.contains(advice) && html.contains(r#"href="/""#),
                "{html}"
            );
            assert!(!html.contains("<script") && !html.contains("style="));
            assert!((400..600).contains(&trouble.status()));
        }
    }
}
