//! What a board's page tells the client before the first word on the socket.
//!
//! It travels as plain `data-` attributes of the surface and not as JSON, so the client carries no JSON
//! reader. Writing and reading stand side by side here, so that they cannot disagree.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use inkroom_board::wire::Profile;
use inkroom_board::{BoardId, Ink, Mode, PersonId, Role, Seq};

/// Light or dark, or as the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the device says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All three, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// What cookie `theme` and attribute `data-theme` say.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What the menu says.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// The theme of that name; anything else is [`Theme::System`].
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.name() == name)
            .unwrap_or_default()
    }
}

/// A board as its page was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Which board.
    pub board: BoardId,
    /// Which history of it.
    pub epoch: u64,
    /// Up to which op the page shows it.
    pub seq: Seq,
    /// Its title; may be empty.
    pub title: String,
    /// Who draws.
    pub mode: Mode,
    /// What this person may do.
    pub role: Role,
    /// Who the server knows this browser's person as.
    pub me: Profile,
    /// The chosen theme. It is the page's, not the surface's: attribute `data-theme` of the root.
    pub theme: Theme,
}

impl Default for Start {
    /// An untitled, empty board that can only be watched.
    fn default() -> Self {
        Self {
            board: BoardId::default(),
            epoch: 0,
            seq: 0,
            title: String::new(),
            mode: Mode::Presenters,
            role: Role::Viewer,
            me: Profile {
                person: PersonId::default(),
                name: String::new(),
                colour: Ink::Blue,
            },
            theme: Theme::System,
        }
    }
}

impl Start {
    /// The names of the attributes that [`Start::read`] asks for, and their values.
    #[must_use]
    pub fn attributes(&self) -> [(&'static str, String); 9] {
        [
            ("data-board", self.board.to_string()),
            ("data-epoch", self.epoch.to_string()),
            ("data-seq", self.seq.to_string()),
            ("data-title", self.title.clone()),
            ("data-mode", mode_name(self.mode).to_owned()),
            ("data-role", role_name(self.role).to_owned()),
            ("data-person", self.me.person.to_string()),
            ("data-name", self.me.name.clone()),
            ("data-colour", self.me.colour.name().to_owned()),
        ]
    }

    /// Reads what [`Start::attributes`] wrote, and the theme from `data-theme`. Nothing if the board, its
    /// place or the person cannot be read; the rest has a careful default.
    pub fn read(attribute: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let colour = attribute("data-colour").unwrap_or_default();
        Some(Self {
            board: attribute("data-board")?.parse().ok()?,
            epoch: attribute("data-epoch")?.parse().ok()?,
            seq: attribute("data-seq")?.parse().ok()?,
            title: attribute("data-title").unwrap_or_default(),
            mode: mode_named(&attribute("data-mode").unwrap_or_default()),
            role: role_named(&attribute("data-role").unwrap_or_default()),
            me: Profile {
                person: attribute("data-person")?.parse().ok()?,
                name: attribute("data-name").unwrap_or_default(),
                colour: ink_named(&colour),
            },
            theme: Theme::named(&attribute("data-theme").unwrap_or_default()),
        })
    }

    /// The address of the snapshot that the page shows.
    #[must_use]
    pub fn snapshot(&self) -> String {
        format!("/b/{}/snapshot/{}-{}", self.board, self.epoch, self.seq)
    }
}

/// The word for a mode in forms and attributes.
#[must_use]
pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Everyone => "everyone",
        Mode::Presenters => "presenters",
    }
}

fn mode_named(name: &str) -> Mode {
    if name == "everyone" {
        Mode::Everyone
    } else {
        Mode::Presenters
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Presenter => "presenter",
        Role::Viewer => "viewer",
    }
}

fn role_named(name: &str) -> Role {
    match name {
        "owner" => Role::Owner,
        "presenter" => Role::Presenter,
        _ => Role::Viewer,
    }
}

fn ink_named(name: &str) -> Ink {
    Ink::ALL
        .into_iter()
        .find(|ink| ink.name() == name)
        .unwrap_or(Ink::Blue)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn start() -> Start {
        Start {
            board: BoardId([7; 16]),
            epoch: 3,
            seq: 128,
            title: "Sketch \"1\" <b>".into(),
            mode: Mode::Everyone,
            role: Role::Owner,
            me: Profile {
                person: PersonId([9; 16]),
                name: "Ada".into(),
                colour: Ink::Teal,
            },
            theme: Theme::Dark,
        }
    }

    fn read(start: &Start, without: &str) -> Option<Start> {
        let attributes = start.attributes();
        Start::read(|name| match name {
            "data-theme" => Some(start.theme.name().into()),
            name if name == without => None,
            name => attributes
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone()),
        })
    }

    #[test]
    fn what_the_server_writes_the_client_reads() {
        for role in [Role::Owner, Role::Presenter, Role::Viewer] {
            for mode in [Mode::Everyone, Mode::Presenters] {
                let start = Start {
                    role,
                    mode,
                    ..start()
                };
                assert_eq!(read(&start, ""), Some(start));
            }
        }
    }

    #[test]
    fn without_board_or_person_there_is_no_start_and_without_a_role_one_watches() {
        assert_eq!(read(&start(), "data-board"), None);
        assert_eq!(read(&start(), "data-person"), None);
        assert_eq!(read(&start(), "data-role").unwrap().role, Role::Viewer);
    }

    #[test]
    fn the_snapshot_has_an_address_of_its_own() {
        let start = start();
        assert_eq!(
            start.snapshot(),
            format!("/b/{}/snapshot/3-128", start.board)
        );
    }
}
