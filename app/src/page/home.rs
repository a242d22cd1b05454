//! Home: make a board, go to one by its link, see the ones this browser knows.
//!
//! It carries no script at all: two forms and a list of links whose pictures are the boards' own SVG.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use inkroom_board::limits::TITLE_CHARS;
use inkroom_board::{BoardId, Mode, Seq};
use leptos::prelude::*;

use super::{Assets, document, render, sprite, wordmark};
use crate::handle::{Theme, mode_name};
use crate::island::{icon, mode_label};
use crate::words;

/// What the home page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HomeView {
    /// Where its assets are.
    pub assets: Assets,
    /// The chosen theme.
    pub theme: Theme,
    /// The boards that this browser knows, the last touched first.
    pub cards: Vec<Card>,
    /// What was wrong with the link or form that led here, as a sentence.
    pub problem: Option<String>,
}

/// A board that this browser knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Which.
    pub id: BoardId,
    /// Its title; may be empty.
    pub title: String,
    /// How many ops it has: the picture's address changes with it.
    pub seq: Seq,
    /// How long ago anything changed, in seconds.
    pub touched_secs_ago: u64,
    /// How many people are there now.
    pub here: u32,
}

/// The home page.
#[must_use]
pub fn home(view: &HomeView) -> String {
    render(|| document(&view.assets, view.theme, "Inkroom".into(), (), body(view)))
}

fn body(view: &HomeView) -> impl IntoView + use<> {
    view! {
        <body class="desk">
            {sprite::home()}
            <main class="home">
                <h1>{wordmark()} "Inkroom"</h1>
                {view.problem.clone().map(|problem| view! { <p class="problem" role="alert">{problem}</p> })}
                <div class="begin">{new_board()} {join()}</div>
                {boards(&view.cards)}
            </main>
        </body>
    }
}

fn new_board() -> impl IntoView {
    view! {
        <form class="sheet new-board" method="post" action="/boards">
            <label for="title" class="hidden">
                "Title"
            </label>
            <input id="title" name="title" placeholder="Title, if you like" autocomplete="off" maxlength=TITLE_CHARS />
            <fieldset class="choice">
                <legend class="hidden">"Who draws"</legend>
                {mode_radio(Mode::Everyone, "Whoever has the link")}
                {mode_radio(Mode::Presenters, "The others watch, until you pass the pen")}
            </fieldset>
            <button class="button primary">{icon("#i-plus")} "New board"</button>
        </form>
    }
}

fn mode_radio(mode: Mode, meaning: &'static str) -> impl IntoView {
    let (name, first) = (mode_name(mode), mode == Mode::Everyone);
    let described = format!("{name}-means");
    view! {
        <div class="option">
            <input type="radio" name="mode" value=name id=name checked=first aria-describedby=described.clone() />
            <label for=name>{mode_label(mode)}</label>
            <span class="soft" id=described>{meaning}</span>
        </div>
    }
}

fn join() -> impl IntoView {
    view! {
        <form class="join" method="get" action="/join">
            <label for="link">"Paste a link or code"</label>
            <div class="with-button">
                <input id="link" name="link" required=true autocomplete="off" spellcheck="false" inputmode="url" />
                <button class="button">"Go there"</button>
            </div>
        </form>
    }
}

fn boards(cards: &[Card]) -> impl IntoView + use<> {
    let known = !cards.is_empty();
    known.then(|| {
        view! {
            <section aria-labelledby="known">
                <h2 id="known">"Your boards"</h2>
                <ul class="cards">{cards.iter().map(card).collect_view()}</ul>
            </section>
        }
    })
}

fn card(card: &Card) -> impl IntoView + use<> {
    let address = format!("/b/{}", card.id);
    let picture = format!("/b/{}.svg?{}", card.id, card.seq);
    view! {
        <li>
            <a class="card" href=address>
                <span class="paper">
                    <img src=picture alt="" loading="lazy" decoding="async" width="320" height="200" />
                </span>
                <span class="name">{String::from(words::title(&card.title))}</span>
                <span class="soft">
                    {words::ago(card.touched_secs_ago)}
                    {(card.here > 0).then(|| view! { <span class="here">{words::here(card.here)}</span> })}
                </span>
            </a>
        </li>
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn page(cards: Vec<Card>) -> String {
        home(&HomeView {
            cards,
            ..HomeView::default()
        })
    }

    fn known(title: &str, here: u32) -> Card {
        Card {
            id: BoardId([3; 16]),
            title: title.into(),
            seq: 9,
            touched_secs_ago: 7_300,
            here,
        }
    }

    #[test]
    fn a_board_is_made_by_a_plain_form() {
        let html = page(Vec::new());
        assert!(html.contains(r#"method="post" action="/boards""#), "{html}");
        assert!(html.contains(r#"name="title""#));
        assert!(html.contains(r#"type="radio" name="mode" value="everyone""#));
        assert!(html.contains(r#"type="radio" name="mode" value="presenters""#));
        assert!(html.contains(">Everyone draws</label>") && html.contains(">I present</label>"));
        assert!(html.contains("New board"));
    }

    #[test]
    fn a_link_is_followed_by_a_plain_form() {
        let html = page(Vec::new());
        assert!(html.contains(r#"method="get" action="/join""#) && html.contains(r#"name="link""#));
    }

    #[test]
    fn it_has_no_script() {
        let html = page(alloc::vec![known("A", 1)]);
        assert!(!html.contains("<script") && !html.contains("style=") && !html.contains("<style"));
    }

    #[test]
    fn a_card_has_picture_title_time_and_people() {
        let html = page(alloc::vec![known("Plan <b>", 3)]);
        let id = BoardId([3; 16]);
        assert!(html.contains(&format!(r#"href="/b/{id}""#)));
        assert!(
            html.contains(&format!(r#"src="/b/{id}.svg?9""#)) && html.contains(r#"loading="lazy""#)
        );
        assert!(html.contains("Plan &lt;b&gt;") && !html.contains("<b>"));
        assert!(html.contains("2 hours ago") && html.contains("3 here now"));
    }

    #[test]
    fn an_untitled_board_where_nobody_is_says_so_quietly() {
        let html = page(alloc::vec![known("", 0)]);
        assert!(html.contains("Untitled") && !html.contains("here now"));
    }

    #[test]
    fn a_chosen_theme_is_there_from_the_first_byte() {
        let html = home(&HomeView {
            theme: Theme::Dark,
            ..HomeView::default()
        });
        assert!(
            html.starts_with(r#"<!DOCTYPE html><html lang="en" data-theme="dark""#),
            "{html}"
        );
        assert!(!page(Vec::new()).contains("data-theme"));
    }
}
