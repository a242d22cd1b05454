//! What the relay's keys and channels are called.
//!
//! All begin with `ink:`, so that an ACL can be written, and go on with the name of the installation where several
//! share one Redis. A board's are in one hash slot. Every key has a TTL: whatever happens, nothing stays.

use inkroom_board::{BoardId, MemberId, NodeId, PersonId, Position};

/// How long a room's state is kept after the last commit, in seconds.
pub(super) const ROOM_TTL: u64 = 24 * 60 * 60;
/// How long somebody counts as here after they were last said to be, in seconds.
pub(super) const USERS_TTL: u64 = 5 * 60;
/// How long a snapshot is kept, in seconds.
pub(super) const SNAPSHOT_TTL: u64 = 60 * 60;
/// How long a server counts as alive after its last beat, in seconds.
pub(super) const NODE_TTL: u64 = 15;

/// Two channels for each board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Hints.
    Durable,
    /// Murmurs.
    Ephemeral,
}

impl Lane {
    const ALL: [Self; 2] = [Self::Durable, Self::Ephemeral];

    fn letter(self) -> &'static str {
        match self {
            Self::Durable => "d",
            Self::Ephemeral => "e",
        }
    }
}

/// Names within one installation.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    /// `name` is the installation's, if it needs one; nothing if it is no name: a letter or digit and up to 31 more,
    /// or `-` or `_`.
    pub(super) fn of(name: Option<&str>) -> Option<Self> {
        let Some(name) = name else {
            return Some(Self {
                prefix: "ink:".into(),
            });
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric();
        let is_name = name.len() <= 32
            && name.starts_with(is_plain)
            && name.chars().all(|c| is_plain(c) || c == '-' || c == '_');
        is_name.then(|| Self {
            prefix: format!("ink:{name}:"),
        })
    }

    fn board(&self, board: BoardId, what: &str) -> String {
        format!("{}{{{board}}}:{what}", self.prefix)
    }

    pub(super) fn channel(&self, board: BoardId, lane: Lane) -> String {
        self.board(board, lane.letter())
    }

    pub(super) fn channels(&self, board: BoardId) -> [String; 2] {
        Lane::ALL.map(|lane| self.channel(board, lane))
    }

    /// Which channel it is, if it is one of these.
    pub(super) fn read_channel(&self, channel: &[u8]) -> Option<(BoardId, Lane)> {
        let channel = std::str::from_utf8(channel).ok()?;
        let rest = channel.strip_prefix(&self.prefix)?.strip_prefix('{')?;
        let (board, letter) = rest.split_once("}:")?;
        let lane = Lane::ALL.into_iter().find(|lane| lane.letter() == letter)?;
        Some((board.parse().ok()?, lane))
    }

    pub(super) fn room(&self, board: BoardId) -> String {
        self.board(board, "room")
    }

    pub(super) fn users(&self, board: BoardId) -> String {
        self.board(board, "users")
    }

    /// `sid` is a member's, see [`sid`].
    pub(super) fn cursor(&self, board: BoardId, sid: &str) -> String {
        self.board(board, &format!("cur:{sid}"))
    }

    pub(super) fn snapshot(&self, board: BoardId, at: Position) -> String {
        self.board(board, &format!("snap:{}:{}", at.epoch, at.seq))
    }

    pub(super) fn node(&self, node: NodeId) -> String {
        format!("{}node:{node}", self.prefix)
    }

    /// How often somebody did something in a window, which is a number.
    pub(super) fn tally(&self, what: &str, person: PersonId, window: u64) -> String {
        format!("{}rl:{what}:{person}:{window}", self.prefix)
    }

    /// Which servers there are: a set of ids, each with its expiry.
    pub(super) fn nodes(&self) -> String {
        format!("{}nodes", self.prefix)
    }
}

/// What a member is called among those of all servers.
pub(super) fn sid(node: NodeId, member: MemberId) -> String {
    format!("{node}:{}", member.0)
}

/// Which member of which server it is, if one is called that.
pub(super) fn read_sid(sid: &str) -> Option<(NodeId, MemberId)> {
    let (node, member) = sid.split_once(':')?;
    let member = MemberId(member.parse().ok()?);
    Some((node.parse().ok()?, member)).filter(|(_, member)| !member.is_elsewhere())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_read_as_it_was_written() {
        let board = BoardId([7; 16]);
        let [all, one] = [None, Some("one")].map(Keys::of);
        for keys in [&all, &one].into_iter().flatten() {
            for lane in Lane::ALL {
                let channel = keys.channel(board, lane);
                assert!(channel.starts_with("ink:"));
                assert_eq!(keys.read_channel(channel.as_bytes()), Some((board, lane)));
            }
        }
        let foreign = one.map(|one| one.channel(board, Lane::Durable));
        let foreign = foreign.unwrap_or_default();
        for channel in [foreign.as_bytes(), b"ink:{\xff}:d", b"ink:{}:d"] {
            let read = all.as_ref().map(|all| all.read_channel(channel));
            assert_eq!(read, Some(None), "{channel:?}");
        }
    }

    #[test]
    fn a_member_is_read_as_it_was_written_and_no_other() {
        let (node, member) = (NodeId([7; 8]), MemberId::of_this_server(9));
        assert_eq!(read_sid(&sid(node, member)), Some((node, member)));
        let elsewhere = sid(node, MemberId::of_another_server(9));
        for odd in [
            "",
            ":",
            "x:2",
            ":2",
            &format!("{node}:"),
            &format!("{node}:-2"),
            &elsewhere,
        ] {
            assert_eq!(read_sid(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_name_cannot_change_what_a_key_means() {
        for name in ["", "-", "a:b", "{a}", "a*", "a b", "ä", &"a".repeat(33)] {
            assert!(Keys::of(Some(name)).is_none(), "{name}");
        }
    }
}
