//! What the page has to say about the changes that are only on this device, and what can be answered.
//!
//! One thing at a time, and none of them decides by itself: what was drawn is deleted by nobody but its person.

/// How well this device keeps what is drawn now, until the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keeping {
    /// It would survive the tab.
    #[default]
    Here,
    /// It is in this tab only.
    Tab,
    /// There is no room for more: drawing waits.
    Full,
}

/// Something about the changes on this device that the person is to know or decide; with how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// As many wait for the server as may.
    Full(u32),
    /// So many are of long ago, and are not sent without asking.
    Old(u32),
    /// The old ones are about to be deleted.
    Deleting(u32),
    /// So many cannot be read, and were set aside.
    Aside(u32),
    /// The browser keeps none.
    Tab,
}

/// What can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Draw on when the server has some of it.
    Wait,
    /// Draw on, in this tab only.
    GoOn,
    /// Save the board as it is here as a file; or what cannot be read.
    Copy,
    /// Send the old ones.
    Send,
    /// Ask again the next time.
    Later,
    /// Delete the old ones: asks once more.
    Delete,
    /// Do delete them.
    DeleteForGood,
    /// Do not.
    Keep,
    /// I know.
    Fine,
}

impl Concern {
    /// What can be answered to it; the first is the harmless one.
    #[must_use]
    pub fn answers(self) -> &'static [Answer] {
        match self {
            Self::Full(_) => &[Answer::Wait, Answer::Copy, Answer::GoOn],
            Self::Old(_) => &[Answer::Send, Answer::Later, Answer::Copy, Answer::Delete],
            Self::Deleting(_) => &[Answer::Keep, Answer::DeleteForGood],
            Self::Aside(_) => &[Answer::Fine, Answer::Copy],
            Self::Tab => &[Answer::Fine],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_deleted_by_one_click() {
        let all = [
            Concern::Full(1),
            Concern::Old(1),
            Concern::Aside(1),
            Concern::Tab,
        ];
        assert!(
            all.iter()
                .all(|concern| !concern.answers().contains(&Answer::DeleteForGood))
        );
    }
}
