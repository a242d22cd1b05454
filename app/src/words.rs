//! What the pages say where it depends on numbers: plain, short, no exclamation.
//!
//! Every sentence that a state turns into is here, so that they can be read and tested in one place.
//! Built by pushing strings, not by formatting: the formatting machinery would be most of the client's text.

use alloc::string::{String, ToString};

use crate::handle::{Answer, Concern, Hand, Keeping, Link};

/// What a board without a title is called.
pub const UNTITLED: &str = "Untitled";

/// The title, or [`UNTITLED`].
#[must_use]
pub fn title(title: &str) -> &str {
    if title.trim().is_empty() {
        UNTITLED
    } else {
        title
    }
}

/// How the line to the server is, and what becomes of what is drawn meanwhile.
#[must_use]
pub fn connection(link: Link, pending: u32, keeping: Keeping) -> String {
    match link {
        Link::Connecting => "Connecting…".into(),
        Link::Live => "Live".into(),
        Link::Waiting => join(&[&changes(pending), wait(pending), meanwhile(keeping)]),
        Link::Reconnecting => join(&["Reconnecting… ", meanwhile(keeping)]),
        Link::Offline if pending == 0 => "Offline. Your drawing goes on.".into(),
        Link::Offline => join(&["Offline: ", &changes(pending), whereabouts(keeping)]),
    }
}

fn wait(n: u32) -> &'static str {
    if n == 1 {
        " waits to be saved; "
    } else {
        " wait to be saved; "
    }
}

fn meanwhile(keeping: Keeping) -> &'static str {
    match keeping {
        Keeping::Here => "your drawing goes on.",
        Keeping::Tab => "keep this tab open.",
        Keeping::Full => "drawing waits.",
    }
}

fn whereabouts(keeping: Keeping) -> &'static str {
    match keeping {
        Keeping::Here => " on this device.",
        Keeping::Tab => ". Keep this tab open.",
        Keeping::Full => " here. Drawing waits.",
    }
}

/// So many changes.
fn changes(n: u32) -> String {
    join(&[&n.to_string(), unit(n)])
}

fn unit(n: u32) -> &'static str {
    if n == 1 { " change" } else { " changes" }
}

/// What is said when there is not much room left.
pub const SCARCE: &str = "There is little room left on this device.";

/// What a concern is called, and what it is.
#[must_use]
pub fn concern(concern: Concern) -> (String, &'static str) {
    match concern {
        Concern::Full(n) => (
            join(&[&changes(n), " wait here"]),
            "This device keeps no more until the server has taken some, so drawing waits. You can draw on without \
             saving here: closing this tab would lose what is new.",
        ),
        Concern::Old(n) => (
            join(&[&n.to_string(), " old", unit(n), " on this device"]),
            "More than 30 days old, and never confirmed by the server. The board may have moved on since.",
        ),
        Concern::Deleting(n) => (
            join(&["Delete ", &changes(n), "?"]),
            "Whatever of them the server does not have would be gone for good.",
        ),
        Concern::Aside(n) => (
            join(&[&changes(n), " on this device cannot be read"]),
            "Set aside here, not deleted. Everything else goes on.",
        ),
        Concern::Tab => (
            "This browser keeps no changes now".into(),
            "What you draw is in this tab only until it is saved. Keep the tab open while you are offline.",
        ),
    }
}

/// What the button of an answer says.
#[must_use]
pub fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Wait => "Wait",
        Answer::GoOn => "Draw on without saving here",
        Answer::Copy => "Download a copy",
        Answer::Send => "Send them",
        Answer::Later => "Not now",
        Answer::Delete => "Delete…",
        Answer::DeleteForGood => "Delete for good",
        Answer::Keep => "Keep them",
        Answer::Fine => "OK",
    }
}

/// What is said before the seq in the *Saved* status.
#[must_use]
pub fn saving(pending: u32) -> &'static str {
    if pending == 0 { "Saved " } else { "Saving " }
}

/// What a raised hand is answered.
#[must_use]
pub fn hand(hand: Hand) -> String {
    match hand {
        Hand::Down => String::new(),
        Hand::Up(None) => "Your hand is up.".into(),
        Hand::Up(Some(place)) => join(&["Your hand is up: ", &ordinal(place), "."]),
    }
}

/// How many people are here.
#[must_use]
pub fn here(people: u32) -> String {
    match people {
        0 => "Nobody here now".into(),
        1 => "1 here now".into(),
        n => join(&[&n.to_string(), " here now"]),
    }
}

/// 1st, 2nd, 3rd, 4th …
#[must_use]
pub fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    join(&[&n.to_string(), ending])
}

/// How long ago something was, in words.
#[must_use]
pub fn ago(secs: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match secs {
        0..MINUTE => "just now".into(),
        MINUTE..HOUR => units(secs / MINUTE, "minute"),
        HOUR..DAY => units(secs / HOUR, "hour"),
        _ if secs < 2 * DAY => "yesterday".into(),
        _ if secs < 30 * DAY => units(secs / DAY, "day"),
        _ if secs < 365 * DAY => units(secs / (30 * DAY), "month"),
        _ => units(secs / (365 * DAY), "year"),
    }
}

fn units(n: u64, unit: &str) -> String {
    join(&[
        &n.to_string(),
        " ",
        unit,
        if n == 1 { " ago" } else { "s ago" },
    ])
}

/// The first letter of a name, for a small round picture.
#[must_use]
pub fn initial(name: &str) -> String {
    name.trim()
        .chars()
        .next()
        .map_or_else(|| "?".into(), |first| first.to_uppercase().to_string())
}

/// Puts pieces together.
pub(crate) fn join(pieces: &[&str]) -> String {
    pieces.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_says_live_reconnecting_and_offline() {
        let say = |link, pending| connection(link, pending, Keeping::Here);
        assert_eq!(say(Link::Live, 3), "Live");
        assert_eq!(
            say(Link::Waiting, 2),
            "2 changes wait to be saved; your drawing goes on."
        );
        assert!(say(Link::Waiting, 1).starts_with("1 change waits"));
        assert!(say(Link::Reconnecting, 0).starts_with("Reconnecting"));
        assert_eq!(
            say(Link::Offline, 12),
            "Offline: 12 changes on this device."
        );
        assert_eq!(say(Link::Offline, 1), "Offline: 1 change on this device.");
        assert_eq!(say(Link::Offline, 0), "Offline. Your drawing goes on.");
    }

    #[test]
    fn nothing_is_said_to_be_on_this_device_that_is_not() {
        for keeping in [Keeping::Tab, Keeping::Full] {
            let reconnecting = connection(Link::Reconnecting, 3, keeping);
            assert!(!reconnecting.contains("goes on"), "{reconnecting}");
        }
        assert_eq!(
            connection(Link::Offline, 2, Keeping::Tab),
            "Offline: 2 changes. Keep this tab open."
        );
        assert_eq!(
            connection(Link::Offline, 2, Keeping::Full),
            "Offline: 2 changes here. Drawing waits."
        );
    }

    #[test]
    fn a_concern_counts_its_changes() {
        assert_eq!(concern(Concern::Deleting(1)).0, "Delete 1 change?");
        assert_eq!(concern(Concern::Old(2)).0, "2 old changes on this device");
        assert_eq!(
            concern(Concern::Aside(3)).0,
            "3 changes on this device cannot be read"
        );
    }

    #[test]
    fn ordinals_know_their_teens() {
        let all: Vec<String> = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111]
            .map(ordinal)
            .into();
        assert_eq!(
            all,
            [
                "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st",
                "111th"
            ]
        );
    }

    #[test]
    fn a_raised_hand_knows_its_place() {
        assert_eq!(hand(Hand::Up(Some(2))), "Your hand is up: 2nd.");
        assert_eq!(hand(Hand::Up(None)), "Your hand is up.");
        assert_eq!(hand(Hand::Down), "");
    }

    #[test]
    fn ago_is_said_in_the_largest_unit() {
        let day = 86_400;
        let all: Vec<String> = [0, 59, 60, 3_599, 3_600, day, 2 * day, 45 * day, 800 * day]
            .map(ago)
            .into();
        assert_eq!(
            all,
            [
                "just now",
                "just now",
                "1 minute ago",
                "59 minutes ago",
                "1 hour ago",
                "yesterday",
                "2 days ago",
                "1 month ago",
                "2 years ago"
            ]
        );
    }

    #[test]
    fn initials_are_whole_letters() {
        assert_eq!(initial("émile"), "É");
        assert_eq!(initial("  "), "?");
        assert_eq!(title("  "), UNTITLED);
    }
}
