//! Murmur: what rooms of one board on several servers tell each other about their members.
//!
//! It is in the words of the wire, since it is what a room's own members hear, without everything that is in the log.
//! Not here: what is made of it ([`super::peers`]), how it travels.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::wire::{Present, Profile, ServerMessage, Sketch};

/// What rooms of one board tell each other; members are the sender's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Murmur {
    /// All that the sender has: replaces what it told before.
    People {
        /// How many members.
        here: u32,
        /// Those that it lists.
        listed: Vec<Present>,
        /// Whether it wants to know the same of others.
        asks: bool,
    },
    /// What members are told of one of the sender's, in the same words, or how many it has. Messages about anything
    /// else are passed over.
    Told(ServerMessage),
    /// Somebody here is called and shown like this from now on, wherever they are. Said by the server they told, once.
    Renamed(Profile),
    /// The sender has no members any more.
    Bye,
}

impl Murmur {
    /// What a message about a member of this server is to other servers.
    pub(super) fn of(message: &ServerMessage) -> Option<Self> {
        let member = match message {
            ServerMessage::Joined(present) | ServerMessage::Changed(present) => present.member,
            ServerMessage::Left(member) | ServerMessage::Cursor { member, .. } => *member,
            // Ink that goes on is told as it came: a room's members may hear of it later and in larger pieces.
            ServerMessage::Ink {
                member,
                sketch: Sketch::Gone { .. },
            } => *member,
            _ => return None,
        };
        (!member.is_elsewhere()).then(|| Self::Told(message.clone()))
    }
}
