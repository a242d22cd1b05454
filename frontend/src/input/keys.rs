//! Which keys mean what. Pure; whether somebody is typing is asked before.

use inkroom_app::tool::Tool;

/// A key that went down, as the browser tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    /// What it writes.
    pub(crate) key: &'a str,
    /// Where it is, for digits: layouts disagree about what they write.
    pub(crate) code: &'a str,
    /// Ctrl, or ⌘.
    pub(crate) command: bool,
    pub(crate) shift: bool,
    pub(crate) alt: bool,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Tool(Tool),
    /// One of the ten, from 0.
    Colour(usize),
    Thinner,
    Thicker,
    Undo,
    Redo,
    ZoomIn,
    ZoomOut,
    ZoomReset,
    ZoomFit,
    Escape,
}

/// What the key means, if anything.
pub(crate) fn wish(key: Key<'_>) -> Option<Wish> {
    match (key.command, key.alt) {
        (true, false) => commanded(key),
        (false, false) => plain(key),
        _ => None,
    }
}

fn commanded(key: Key<'_>) -> Option<Wish> {
    Some(match key.key {
        "z" if !key.shift => Wish::Undo,
        "z" | "Z" | "y" => Wish::Redo,
        "=" | "+" => Wish::ZoomIn,
        "-" | "_" => Wish::ZoomOut,
        "0" => Wish::ZoomReset,
        _ => return None,
    })
}

fn plain(key: Key<'_>) -> Option<Wish> {
    if let Some(digit) = key.code.strip_prefix("Digit") {
        return number(digit, key.shift);
    }
    Some(match key.key {
        "D" => Wish::Tool(Tool::Highlighter),
        "h" | "H" => Wish::Tool(Tool::Hand),
        "p" | "P" | "x" | "X" | "d" => Wish::Tool(Tool::Pen),
        "e" | "E" => Wish::Tool(Tool::Eraser),
        "r" | "R" => Wish::Tool(Tool::Rectangle),
        "o" | "O" => Wish::Tool(Tool::Ellipse),
        "l" | "L" => Wish::Tool(Tool::Line),
        "a" | "A" => Wish::Tool(Tool::Arrow),
        "[" => Wish::Thinner,
        "]" => Wish::Thicker,
        "Escape" => Wish::Escape,
        _ => return None,
    })
}

fn number(digit: &str, shift: bool) -> Option<Wish> {
    let digit: usize = digit.parse().ok()?;
    match (digit, shift) {
        (1, true) => Some(Wish::ZoomFit),
        (_, true) => None,
        (digit, false) => Some(Wish::Colour((digit + 9) % 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Key<'static> = Key {
        key: "",
        code: "",
        command: false,
        shift: false,
        alt: false,
    };

    #[test]
    fn every_tool_answers_to_the_key_its_tooltip_shows() {
        for tool in Tool::ALL {
            let shown = tool.key();
            let key = match shown.strip_prefix("Shift+") {
                Some(letter) => Key {
                    key: letter,
                    shift: true,
                    ..PLAIN
                },
                None => Key {
                    key: &shown.to_lowercase(),
                    ..PLAIN
                },
            };
            assert_eq!(wish(key), Some(Wish::Tool(tool)), "{shown}");
        }
    }

    #[test]
    fn undo_and_redo() {
        let command = Key {
            command: true,
            ..PLAIN
        };
        assert_eq!(
            wish(Key {
                key: "z",
                ..command
            }),
            Some(Wish::Undo)
        );
        assert_eq!(
            wish(Key {
                key: "Z",
                shift: true,
                ..command
            }),
            Some(Wish::Redo)
        );
        assert_eq!(
            wish(Key {
                key: "y",
                ..command
            }),
            Some(Wish::Redo)
        );
        assert_eq!(wish(Key { key: "z", ..PLAIN }), None);
    }

    #[test]
    fn digits_are_colours_and_shift_1_fits() {
        assert_eq!(
            wish(Key {
                key: "1",
                code: "Digit1",
                ..PLAIN
            }),
            Some(Wish::Colour(0))
        );
        assert_eq!(
            wish(Key {
                key: "0",
                code: "Digit0",
                ..PLAIN
            }),
            Some(Wish::Colour(9))
        );
        assert_eq!(
            wish(Key {
                key: "!",
                code: "Digit1",
                shift: true,
                ..PLAIN
            }),
            Some(Wish::ZoomFit)
        );
        assert_eq!(
            wish(Key {
                key: "0",
                code: "Digit0",
                command: true,
                ..PLAIN
            }),
            Some(Wish::ZoomReset)
        );
    }

    #[test]
    fn the_browsers_own_keys_stay_its_own() {
        for key in ["r", "p", "l", "d", "a", "h"] {
            assert_eq!(
                wish(Key {
                    key,
                    command: true,
                    ..PLAIN
                }),
                None
            );
        }
        assert_eq!(
            wish(Key {
                key: "d",
                alt: true,
                ..PLAIN
            }),
            None
        );
    }
}
