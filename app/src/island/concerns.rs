//! What the page asks about the changes that are only on this device.
//!
//! Not a dialog: it takes neither the focus nor the board, and waits for as long as it is not answered. What there is to say
//! is the engine's, the words are in [`crate::words`].

use leptos::prelude::*;

use crate::handle::{Answer, BoardHandle, Command, Concern};
use crate::words;

/// Most answers that a concern has.
const ANSWERS: usize = 4;

/// A concern and its answers, if there is one.
#[island]
pub fn Concerns() -> impl IntoView {
    let handle = BoardHandle::here();
    let [hides, name, text] = [(); 3].map(|()| handle.concern.clone());
    view! {
        <section class="float panel concern" aria-label="This device" hidden=move || hides.get().is_none()>
            <div role="status">
                <h2>{move || name.get().map(|concern| words::concern(concern).0)}</h2>
                <p class="soft">{move || text.get().map(|concern| words::concern(concern).1)}</p>
            </div>
            <div class="answers">{core::array::from_fn::<_, ANSWERS, _>(|nth| button(&handle, nth))}</div>
        </section>
    }
}

/// The button of one answer; hidden where there are not so many.
fn button(handle: &BoardHandle, nth: usize) -> impl IntoView + use<> {
    let [hides, is_harm, says] = [(); 3].map(|()| handle.concern.clone());
    let handle = handle.clone();
    view! {
        <button
            type="button"
            class="button"
            class:primary=nth == 0
            class:harm=move || nth_of(is_harm.get(), nth).is_some_and(harms)
            hidden=move || nth_of(hides.get(), nth).is_none()
            on:click=move |_| {
                if let Some(answer) = nth_of(handle.concern.get_untracked(), nth) {
                    handle.send(Command::Answer(answer));
                }
            }
        >
            {move || nth_of(says.get(), nth).map(words::answer)}
        </button>
    }
}

fn nth_of(concern: Option<Concern>, nth: usize) -> Option<Answer> {
    concern?.answers().get(nth).copied()
}

fn harms(answer: Answer) -> bool {
    matches!(answer, Answer::Delete | Answer::DeleteForGood)
}
