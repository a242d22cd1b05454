//! What islands ask of the engine, and the queue it travels in.
//!
//! A queue and not a signal: a command is done once, in order, and two equal ones are two. The engine
//! registers a waker and drains the queue when it is woken; nothing is done inside the click.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use inkroom_board::{Ink, Mode, PersonId};

use super::concern::Answer;
use super::start::Theme;

/// Most commands that wait for the engine. It drains the queue at every wake, so only clicks before the
/// engine is ready gather; beyond this many the oldest is not worth doing any more.
pub const COMMANDS: usize = 64;

/// Something a person asked for with a button or a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take back my last change.
    Undo,
    /// Do again what I took back.
    Redo,
    /// Take everything off the board.
    Clear,
    /// One step closer.
    ZoomIn,
    /// One step back.
    ZoomOut,
    /// To 100 %.
    ZoomReset,
    /// Show the whole drawing.
    ZoomFit,
    /// Choose who draws.
    SetMode(Mode),
    /// Pass the pen to a person.
    PassPen(PersonId),
    /// Take the pen back from a person, or lay down my own.
    TakePen(PersonId),
    /// Raise or lower my hand.
    RaiseHand(bool),
    /// Change how I am called and shown.
    Rename {
        /// Trimmed, not empty.
        name: String,
        /// One of the colours of people.
        colour: Ink,
    },
    /// Name the board; trimmed, may be empty.
    SetTitle(String),
    /// Put on the theme and remember it.
    SetTheme(Theme),
    /// Put the board's link on the clipboard.
    CopyLink,
    /// Answer what the page asks about the changes on this device.
    Answer(Answer),
}

type Waker = Box<dyn Fn() + Send + Sync>;

/// The queue of commands. Clones are the same queue.
#[derive(Clone, Default)]
pub struct Commands(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Command>,
    waker: Option<Arc<Waker>>,
}

impl Commands {
    /// Registers what is called after each push, once at once if commands wait already. It must not
    /// block; it may take commands.
    pub fn set_waker(&self, waker: impl Fn() + Send + Sync + 'static) {
        let waker: Arc<Waker> = Arc::new(Box::new(waker));
        let waiting = self.with(|queue| {
            queue.waker = Some(waker.clone());
            !queue.waiting.is_empty()
        });
        if waiting {
            waker();
        }
    }

    /// Takes the oldest command.
    #[must_use]
    pub fn take(&self) -> Option<Command> {
        self.with(|queue| queue.waiting.pop_front())
    }

    /// Adds a command and wakes the engine; over [`COMMANDS`], the oldest is dropped.
    pub fn push(&self, command: Command) {
        let waker = self.with(|queue| {
            if queue.waiting.len() == COMMANDS {
                queue.waiting.pop_front();
            }
            queue.waiting.push_back(command);
            queue.waker.clone()
        });
        // Outside the lock: the waker may take.
        if let Some(waker) = waker {
            waker();
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Queue) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|queue| f.debug_tuple("Commands").field(&queue.waiting).finish())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn commands_come_out_in_order() {
        let commands = Commands::default();
        commands.push(Command::Undo);
        commands.push(Command::Undo);
        commands.push(Command::Clear);
        let out: Vec<Command> = core::iter::from_fn(|| commands.take()).collect();
        assert_eq!(out, [Command::Undo, Command::Undo, Command::Clear]);
    }

    #[test]
    fn the_engine_is_woken_for_every_push_and_for_what_waits() {
        let (commands, woken) = (Commands::default(), Arc::new(AtomicUsize::new(0)));
        commands.push(Command::Undo);
        let count = woken.clone();
        commands.set_waker(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        commands.push(Command::Redo);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_waker_may_take() {
        let commands = Commands::default();
        let same = commands.clone();
        commands.set_waker(move || while same.take().is_some() {});
        commands.push(Command::Undo);
        assert_eq!(commands.take(), None);
    }

    #[test]
    fn a_full_queue_drops_the_oldest() {
        let commands = Commands::default();
        commands.push(Command::Clear);
        (0..COMMANDS).for_each(|_| commands.push(Command::Undo));
        assert_eq!(core::iter::from_fn(|| commands.take()).count(), COMMANDS);
        assert_eq!(commands.take(), None);
    }
}
