//! The colours of paper and ink in the theme that is on.

use std::borrow::Cow;

use inkroom_board::{Colour, Ink, svg};

use crate::browser;

/// Light or dark, with the paper's colour as the page's style sheet has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Theme {
    pub(crate) is_dark: bool,
    pub(crate) paper: String,
}

impl Theme {
    /// What is on now: the page's own choice, else the device's.
    pub(crate) fn now() -> Self {
        let chosen = browser::root().and_then(|root| root.get_attribute("data-theme"));
        let is_dark = match chosen.as_deref() {
            Some("dark") => true,
            Some("light") => false,
            _ => device_is_dark(),
        };
        Self {
            is_dark,
            paper: paper()
                .unwrap_or_else(|| String::from(if is_dark { svg::PAPER.1 } else { svg::PAPER.0 })),
        }
    }

    /// How highlighters mix with the paper.
    pub(crate) fn blend(&self) -> &'static str {
        if self.is_dark { "screen" } else { "multiply" }
    }

    /// A named ink as it is in this theme.
    pub(crate) fn ink(&self, ink: Ink) -> &'static str {
        if self.is_dark {
            ink.dark()
        } else {
            ink.light()
        }
    }

    /// What words on this ink are written in.
    pub(crate) fn words_on(&self, ink: Ink) -> &str {
        if self.is_dark {
            &self.paper
        } else {
            ink.words_on_light()
        }
    }

    /// A colour as style sheets write it.
    pub(crate) fn colour(&self, colour: Colour) -> Cow<'static, str> {
        match colour {
            Colour::Named(ink) => Cow::Borrowed(self.ink(ink)),
            Colour::Free(rgb) => Cow::Owned(hex(rgb)),
        }
    }
}

fn hex(rgb: [u8; 3]) -> String {
    let mut out = String::from("#");
    for nibble in rgb.into_iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        out.extend(char::from_digit(u32::from(nibble), 16));
    }
    out
}

fn device_is_dark() -> bool {
    let query = browser::window().and_then(|window| {
        window
            .match_media("(prefers-color-scheme: dark)")
            .ok()
            .flatten()
    });
    query.is_some_and(|query| query.matches())
}

fn paper() -> Option<String> {
    let style = browser::window()?
        .get_computed_style(&browser::root()?)
        .ok()
        .flatten()?;
    let paper = style.get_property_value("--paper").ok()?;
    let paper = paper.trim();
    (!paper.is_empty()).then(|| String::from(paper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_colours_are_written_in_six_digits() {
        let theme = Theme {
            is_dark: true,
            paper: String::new(),
        };
        assert_eq!(theme.colour(Colour::Free([0, 10, 255])), "#000aff");
        assert_eq!(theme.colour(Colour::Named(Ink::Red)), Ink::Red.dark());
    }
}
