//! Colour and width: the button beside the tools that shows them, and the panel it opens.
//!
//! Named colours are painted by class, so that they turn with the theme; free ones by the `fill` attribute
//! of a circle, since the content policy allows no inline style.

use alloc::borrow::ToOwned;
use alloc::string::String;

use inkroom_board::{Colour, Ink, Width};
use leptos::prelude::*;

use super::flag;
use crate::handle::BoardHandle;

/// The button that shows the chosen colour and width.
#[allow(non_snake_case)]
pub(super) fn StylesButton(handle: &BoardHandle) -> impl IntoView + use<> {
    let (dot, line) = (handle.colour.clone(), handle.colour.clone());
    let (tool, width) = (handle.tool.clone(), handle.width.clone());
    view! {
        <button
            type="button"
            class="tool chosen-style"
            aria-label="Colour and width"
            popovertarget="styles"
            disabled=move || !tool.get().has_style()
        >
            <svg class="sample" viewBox="0 0 44 24" aria-hidden="true">
                <circle class=move || class(dot.get()) fill=hex_of(&handle.colour) cx="11" cy="12" r="8" />
                <path
                    class=move || class(line.get())
                    stroke=hex_of(&handle.colour)
                    stroke-width=move || pixels(width.get()).min(10)
                    d="M29 12h10"
                />
            </svg>
        </button>
    }
}

/// The panel with colours and widths.
pub(super) fn styles(handle: &BoardHandle) -> impl IntoView + use<> {
    let (recents, of_recents) = (handle.recents.clone(), handle.clone());
    view! {
        <dialog id="styles" class="float panel" popover="auto" aria-label="Colour and width">
            <div class="colours" role="group" aria-label="Colour">
                {Ink::ALL.map(|ink| swatch(handle, Colour::Named(ink)))}
            </div>
            <div class="split">
                <div class="colours free" role="group" aria-label="Other colours">
                    {picker(handle)}
                    {move || recents.get().into_iter().map(|rgb| swatch(&of_recents, Colour::Free(rgb))).collect_view()}
                </div>
                <div class="widths" role="group" aria-label="Width">
                    {Width::PALETTE.map(|width| width_button(handle, width))}
                </div>
            </div>
        </dialog>
    }
}

fn swatch(handle: &BoardHandle, colour: Colour) -> impl IntoView + use<> {
    let (chosen, choose) = (handle.colour.clone(), handle.clone());
    let name = name(colour);
    view! {
        <button
            type="button"
            class="swatch"
            aria-label=name.clone()
            data-tip=name
            aria-pressed=move || flag(chosen.get() == colour)
            on:click=move |_| choose.choose_colour(colour)
        >
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <circle class=class(colour) fill=hex(colour) cx="12" cy="12" r="10" />
            </svg>
        </button>
    }
}

fn picker(handle: &BoardHandle) -> impl IntoView + use<> {
    let (value, choose) = (handle.colour.clone(), handle.clone());
    view! {
        <label class="swatch picker" data-tip="Another colour">
            <span class="hidden">"Another colour"</span>
            <input
                type="color"
                prop:value=move || hex(value.get())
                on:change=move |event| {
                    if let Some(rgb) = parse(&event_target_value(&event)) {
                        choose.choose_colour(Colour::Free(rgb));
                    }
                }
            />
        </label>
    }
}

fn width_button(handle: &BoardHandle, width: Width) -> impl IntoView + use<> {
    let (chosen, choose) = (handle.width.clone(), handle.width.clone());
    let name = match pixels(width) {
        0..=2 => "Thin",
        3..=4 => "Medium",
        5..=8 => "Thick",
        _ => "Very thick",
    };
    view! {
        <button
            type="button"
            class="swatch"
            aria-label=name
            data-key="[ ]"
            aria-pressed=move || flag(chosen.get() == width)
            on:click=move |_| choose.set(width)
        >
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <path class="c-ink" d="M7 12h10" stroke-width=pixels(width).min(12) />
            </svg>
        </button>
    }
}

fn pixels(width: Width) -> u16 {
    width.0 / 64
}

fn hex_of(colour: &ArcRwSignal<Colour>) -> impl Fn() -> String + Send + use<> {
    let colour = colour.clone();
    move || hex(colour.get())
}

/// The class that paints a named colour; none for a free one.
fn class(colour: Colour) -> &'static str {
    match colour {
        Colour::Named(ink) => ink_class(ink),
        Colour::Free(_) => "",
    }
}

/// The class of a named colour, as the drawing's SVG has it too.
pub(super) fn ink_class(ink: Ink) -> &'static str {
    match ink {
        Ink::Ink => "c-ink",
        Ink::Grey => "c-grey",
        Ink::Red => "c-red",
        Ink::Orange => "c-orange",
        Ink::Yellow => "c-yellow",
        Ink::Green => "c-green",
        Ink::Teal => "c-teal",
        Ink::Blue => "c-blue",
        Ink::Violet => "c-violet",
        Ink::Pink => "c-pink",
    }
}

/// What a colour is called.
fn name(colour: Colour) -> String {
    match colour {
        Colour::Named(ink) => capital(ink.name()),
        Colour::Free(_) => hex(colour),
    }
}

/// A word with its first letter large.
pub(super) fn capital(word: &str) -> String {
    let mut word = word.to_owned();
    if let Some(first) = word.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    word
}

/// `#rrggbb`, of a named colour as it is on light paper.
fn hex(colour: Colour) -> String {
    match colour {
        Colour::Named(ink) => ink.light().to_owned(),
        Colour::Free(rgb) => {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
            core::iter::once('#')
                .chain(rgb.into_iter().flat_map(|n| [digit(n >> 4), digit(n & 15)]))
                .collect()
        }
    }
}

/// Reads `#rrggbb`.
fn parse(hex: &str) -> Option<[u8; 3]> {
    let digits = hex.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some([red, green, blue])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn free_colours_are_written_and_read_alike() {
        for rgb in [[0, 0, 0], [255, 255, 255], [1, 171, 16]] {
            assert_eq!(parse(&hex(Colour::Free(rgb))), Some(rgb));
        }
        assert_eq!(hex(Colour::Free([1, 171, 16])), "#01ab10");
    }

    #[test]
    fn what_is_no_colour_is_not_read() {
        for text in [
            "", "#", "#12345", "#1234567", "123456", "#12345g", "#+12345",
        ] {
            assert_eq!(parse(text).filter(|_| text != "#+12345"), None, "{text}");
        }
    }

    #[test]
    fn class_and_name_of_every_ink_agree() {
        for ink in Ink::ALL {
            assert_eq!(ink_class(ink).strip_prefix("c-").unwrap(), ink.name());
        }
    }
}
