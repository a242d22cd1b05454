//! The handle of an open board: the only thing that islands and canvas share.
//!
//! Low-rate state as signals (the engine writes what is, islands write what the person chose) and a
//! queue of commands from islands to the engine. Points, cursors and frames never pass through here.
//! The server makes one per page from the same [`Start`] that the browser reads out of the page, so an
//! island's first state is the same on both sides and nothing jumps when it wakes.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;

use inkroom_board::wire::Profile;
use inkroom_board::{Colour, Ink, Mode, Role, Seq, Width};
use leptos::prelude::*;

mod command;
mod concern;
mod roster;
mod start;

pub use command::{COMMANDS, Command, Commands};
pub use concern::{Answer, Concern, Keeping};
pub use roster::{Person, roster};
pub use start::{Start, Theme, mode_name};

use crate::tool::Tool;

/// Free colours that are remembered in the styles, newest first.
pub const RECENT_COLOURS: usize = 5;

/// What islands and the engine share about one open board. Clones are the same board.
#[derive(Debug, Clone)]
pub struct BoardHandle(Arc<State>);

/// The signals of a [`BoardHandle`], with who writes each.
#[derive(Debug)]
pub struct State {
    /// The chosen tool. Islands and the engine's keys write it.
    pub tool: ArcRwSignal<Tool>,
    /// The colour of the next element. Islands write it.
    pub colour: ArcRwSignal<Colour>,
    /// The width of the next element. Islands and the engine's keys write it.
    pub width: ArcRwSignal<Width>,
    /// Free colours chosen lately, newest first; at most [`RECENT_COLOURS`]. Islands write it.
    pub recents: ArcRwSignal<Vec<[u8; 3]>>,
    /// The zoom, in percent. The engine writes it.
    pub zoom: ArcRwSignal<u32>,
    /// Who I am. The engine writes it, from welcome and after a rename.
    pub me: ArcRwSignal<Profile>,
    /// What I may do. The engine writes it.
    pub role: ArcRwSignal<Role>,
    /// Who draws. The engine writes it.
    pub mode: ArcRwSignal<Mode>,
    /// The people that are listed by name, as [`roster()`] puts them. The engine writes it.
    pub people: ArcRwSignal<Vec<Person>>,
    /// How many are here, listed or not. The engine writes it.
    pub here: ArcRwSignal<u32>,
    /// My raised hand. The engine writes it.
    pub hand: ArcRwSignal<Hand>,
    /// How the line to the server is. The engine writes it.
    pub link: ArcRwSignal<Link>,
    /// The highest seq that is known to be committed. The engine writes it.
    pub saved: ArcRwSignal<Seq>,
    /// How many of my changes are not committed yet. The engine writes it.
    pub pending: ArcRwSignal<u32>,
    /// How well this device keeps what is drawn now. The engine writes it.
    pub keeping: ArcRwSignal<Keeping>,
    /// What the person is to know or decide about the changes on this device. The engine writes it; islands answer it by
    /// [`Command::Answer`].
    pub concern: ArcRwSignal<Option<Concern>>,
    /// Whether there is something of mine to undo. The engine writes it.
    pub can_undo: ArcRwSignal<bool>,
    /// Whether there is something of mine to redo. The engine writes it.
    pub can_redo: ArcRwSignal<bool>,
    /// The board's title; may be empty. The engine writes it.
    pub title: ArcRwSignal<String>,
    /// A short calm message, or nothing. The engine writes and clears it.
    pub notice: ArcRwSignal<String>,
    /// The chosen theme. Islands write it and send [`Command::SetTheme`].
    pub theme: ArcRwSignal<Theme>,
    /// What people asked for by buttons and dialogs.
    pub commands: Commands,
}

/// How the line to the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// Not heard from the server yet.
    #[default]
    Connecting,
    /// In touch.
    Live,
    /// In touch, but the server cannot save for a while.
    Waiting,
    /// Lost, and being sought.
    Reconnecting,
    /// Lost for long, or the device says that it is offline.
    Offline,
}

/// My raised hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hand {
    /// Not raised.
    #[default]
    Down,
    /// Raised; the place in the queue from 1, where it is known.
    Up(Option<u32>),
}

impl Deref for BoardHandle {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl BoardHandle {
    /// The handle of a board whose page says `start`.
    #[must_use]
    pub fn new(start: &Start) -> Self {
        Self(Arc::new(State {
            tool: ArcRwSignal::new(Tool::Pen),
            colour: ArcRwSignal::new(Colour::Named(Ink::Ink)),
            width: ArcRwSignal::new(Width(256)),
            recents: ArcRwSignal::new(Vec::new()),
            zoom: ArcRwSignal::new(100),
            me: ArcRwSignal::new(start.me.clone()),
            role: ArcRwSignal::new(start.role),
            mode: ArcRwSignal::new(start.mode),
            people: ArcRwSignal::new(Vec::new()),
            here: ArcRwSignal::new(1),
            hand: ArcRwSignal::new(Hand::Down),
            link: ArcRwSignal::new(Link::Connecting),
            saved: ArcRwSignal::new(start.seq),
            pending: ArcRwSignal::new(0),
            keeping: ArcRwSignal::new(Keeping::Here),
            concern: ArcRwSignal::new(None),
            can_undo: ArcRwSignal::new(false),
            can_redo: ArcRwSignal::new(false),
            title: ArcRwSignal::new(start.title.clone()),
            notice: ArcRwSignal::new(String::new()),
            theme: ArcRwSignal::new(start.theme),
            commands: Commands::default(),
        }))
    }

    /// Asks the engine for something.
    pub fn send(&self, command: Command) {
        self.commands.push(command);
    }

    /// Chooses a colour; a free one is remembered.
    pub fn choose_colour(&self, colour: Colour) {
        if let Colour::Free(rgb) = colour {
            self.recents.update(|recents| {
                recents.retain(|known| *known != rgb);
                recents.insert(0, rgb);
                recents.truncate(RECENT_COLOURS);
            });
        }
        self.colour.set(colour);
    }

    /// The handle that the page provides; without one (an island outside a board page), that of a board
    /// that can only be watched.
    #[must_use]
    pub fn here() -> Self {
        use_context().unwrap_or_else(|| Self::new(&Start::default()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn recent_colours_are_few_distinct_and_newest_first() {
        let handle = BoardHandle::new(&Start::default());
        for n in [1, 2, 1, 3, 4, 5, 6] {
            handle.choose_colour(Colour::Free([n, 0, 0]));
        }
        let firsts: Vec<u8> = handle
            .recents
            .get_untracked()
            .iter()
            .map(|rgb| rgb[0])
            .collect();
        assert_eq!(firsts, [6, 5, 4, 3, 1]);
        assert_eq!(handle.colour.get_untracked(), Colour::Free([6, 0, 0]));
    }

    #[test]
    fn a_named_colour_is_not_remembered() {
        let handle = BoardHandle::new(&Start::default());
        handle.choose_colour(Colour::Named(Ink::Red));
        assert!(handle.recents.get_untracked().is_empty());
    }

    #[test]
    fn clones_are_the_same_board() {
        let handle = BoardHandle::new(&Start::default());
        handle.clone().saved.set(7);
        assert_eq!(handle.saved.get_untracked(), 7);
    }
}
