//! The bottom of the board: zoom, the tools, undo and redo; for a viewer, the hand to raise instead.
//!
//! Which of the two is shown follows the role at once, without a reload: a pen that is passed on shows as a
//! palette here. Both are on every page and one is hidden, since a client that could make either of them anew would be a
//! twentieth larger. The tools' keys belong to the engine; here they are only written on the tooltips.

use leptos::prelude::*;

use super::styles::{StylesButton, styles};
use super::{action, flag, icon};
use crate::handle::{BoardHandle, Command, Hand};
use crate::tool::Tool;
use crate::words;

/// Everything at the bottom of the board.
#[island]
pub fn Bar() -> impl IntoView {
    let handle = BoardHandle::here();
    let (draws, watches) = (handle.role.clone(), handle.role.clone());
    view! {
        <div class="bar">
            {zoom(&handle)}
            <div class="part" hidden=move || !draws.get().draws()>
                {palette(&handle)}
            </div>
            <div class="part" hidden=move || watches.get().draws()>
                {watching(&handle)}
            </div>
        </div>
    }
}

fn zoom(handle: &BoardHandle) -> impl IntoView + use<> {
    let (percent, reset) = (handle.zoom.clone(), handle.clone());
    view! {
        <div class="float zoom" role="group" aria-label="Zoom">
            {action(handle, ("Zoom out", "Ctrl −", "#i-minus"), Command::ZoomOut, None)}
            <button
                type="button"
                class="tool percent"
                data-tip="Back to 100 %"
                data-key="Ctrl 0"
                on:click=move |_| reset.send(Command::ZoomReset)
            >
                {move || percent.get()}
                " %"
            </button>
            {action(handle, ("Zoom in", "Ctrl +", "#i-plus"), Command::ZoomIn, None)}
            {action(handle, ("Show everything", "Shift 1", "#i-fit"), Command::ZoomFit, None)}
        </div>
    }
}

fn palette(handle: &BoardHandle) -> impl IntoView + use<> {
    view! {
        <div class="float tools" role="toolbar" aria-label="Tools">
            <div class="row">{Tool::ALL.map(|tool| tool_button(handle, tool))}</div>
            {StylesButton(handle)}
        </div>
        {styles(handle)}
        <div class="float history" role="group" aria-label="History">
            {action(handle, ("Undo", "Ctrl Z", "#i-undo"), Command::Undo, Some(handle.can_undo.clone()))}
            {action(handle, ("Redo", "Ctrl Shift Z", "#i-redo"), Command::Redo, Some(handle.can_redo.clone()))}
            {action(handle, ("Clear board", "", "#i-trash"), Command::Clear, None)}
        </div>
    }
}

fn tool_button(handle: &BoardHandle, tool: Tool) -> impl IntoView + use<> {
    let (chosen, choose) = (handle.tool.clone(), handle.tool.clone());
    view! {
        <button
            type="button"
            class="tool"
            aria-label=tool.name()
            aria-keyshortcuts=tool.key()
            data-key=tool.key()
            aria-pressed=move || flag(chosen.get() == tool)
            on:click=move |_| choose.set(tool)
        >
            {icon(tool.icon())}
        </button>
    }
}

fn watching(handle: &BoardHandle) -> impl IntoView + use<> {
    let (raised, said, click) = (handle.hand.clone(), handle.hand.clone(), handle.clone());
    let silent = handle.hand.clone();
    view! {
        <div class="float watching">
            <span role="status" aria-label="Your hand">
                <span class="said" hidden=move || silent.get() == Hand::Down>
                    {move || words::hand(said.get())}
                </span>
            </span>
            <button
                type="button"
                class="tool wide"
                on:click=move |_| {
                    let down = click.hand.get_untracked() == Hand::Down;
                    click.send(Command::RaiseHand(down));
                }
            >
                {icon("#i-hand")}
                <span>{move || if raised.get() == Hand::Down { "Raise hand" } else { "Lower hand" }}</span>
            </button>
        </div>
    }
}
