//! Who is here: the small round pictures at the top, and the list they open.
//!
//! In presenter mode the list is also where the owner says who draws. It shows persons as
//! [`roster`](crate::handle::roster) puts them; it decides nothing about who may do what: the server does.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use inkroom_board::limits::NAME_CHARS;
use inkroom_board::room::PERSON_COLOURS;
use inkroom_board::{Ink, Mode, Role};
use leptos::prelude::*;

use super::styles::{capital, ink_class};
use super::{flag, icon};
use crate::handle::{BoardHandle, Command, Person};
use crate::words;

/// Pictures on the button; the rest is a number.
const PICTURES: usize = 3;

/// Opens the list of people.
#[island]
pub fn PeopleButton() -> impl IntoView {
    let handle = BoardHandle::here();
    view! {
        <button type="button" class="tool people" popovertarget="people">
            <span class="hidden">"People"</span>
            <span class="pictures" aria-hidden="true" data-tip="People">
                {move || {
                    let people = shown(&handle);
                    let mode = handle.mode.get();
                    let more = (handle.here.get() as usize).saturating_sub(people.len());
                    let pictures = people.iter().map(|person| picture(person, mode)).collect_view();
                    (pictures, (more > 0).then(|| view! { <span class="more">"+" {more}</span> }))
                }}
            </span>
        </button>
    }
}

/// The people on the button: those that are listed or, until anyone is, me.
fn shown(handle: &BoardHandle) -> Vec<Person> {
    let mut people = handle.people.get();
    people.truncate(PICTURES);
    if people.is_empty() {
        people.push(myself(handle));
    }
    people
}

fn myself(handle: &BoardHandle) -> Person {
    let me = handle.me.get();
    let role = handle.role.get();
    Person {
        id: me.person,
        name: me.name,
        colour: me.colour,
        role,
        pen: false,
        hand: None,
        me: true,
    }
}

fn picture(person: &Person, mode: Mode) -> impl IntoView + use<> {
    view! {
        <span class="picture" class:draws=person.marked(mode) data-colour=person.colour.name() aria-hidden="true">
            {words::initial(&person.name)}
        </span>
    }
}

/// The people by name, my own name and colour, and who draws.
#[island]
pub fn PeopleList() -> impl IntoView {
    let handle = BoardHandle::here();
    let (list, here) = (handle.clone(), handle.here.clone());
    view! {
        <p class="soft">{move || words::here(here.get())}</p>
        {myself_fields(&handle)}
        {mode_choice(&handle)}
        <ul class="people-list">
            {move || {
                let mode = list.mode.get();
                list.people.get().iter().map(|person| row(&list, person, mode)).collect_view()
            }}
        </ul>
    }
}

fn myself_fields(handle: &BoardHandle) -> impl IntoView + use<> {
    let (shown, rename) = (handle.me.clone(), handle.clone());
    view! {
        <div class="field">
            <label for="my-name">"Your name"</label>
            <input
                id="my-name"
                autocomplete="off"
                maxlength=NAME_CHARS
                value=shown.get_untracked().name
                prop:value=move || shown.get().name
                on:change=move |event| {
                    let name = event_target_value(&event).trim().to_owned();
                    let me = rename.me.get_untracked();
                    if name.is_empty() {
                        rename.me.set(me);
                    } else {
                        rename.send(Command::Rename { name, colour: me.colour });
                    }
                }
            />
        </div>
        <div class="colours mine" role="group" aria-label="Your colour">
            {PERSON_COLOURS.map(|ink| my_colour(handle, ink))}
        </div>
    }
}

fn my_colour(handle: &BoardHandle, ink: Ink) -> impl IntoView + use<> {
    let (mine, handle) = (handle.me.clone(), handle.clone());
    view! {
        <button
            type="button"
            class="swatch"
            aria-label=capital(ink.name())
            aria-pressed=move || flag(mine.get().colour == ink)
            on:click=move |_| {
                let name = handle.me.get_untracked().name;
                handle.send(Command::Rename { name, colour: ink });
            }
        >
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <circle class=ink_class(ink) cx="12" cy="12" r="10" />
            </svg>
        </button>
    }
}

/// For the owner, the choice of who draws; for others, what it is.
fn mode_choice(handle: &BoardHandle) -> impl IntoView + use<> {
    let (owner, told) = (handle.role.clone(), handle.clone());
    let not_owner = owner.clone();
    view! {
        <div class="segments" role="group" aria-label="Who draws" hidden=move || owner.get() != Role::Owner>
            {[Mode::Everyone, Mode::Presenters].map(|mode| mode_button(handle, mode))}
        </div>
        <p class="soft" hidden=move || not_owner.get() == Role::Owner>
            {move || who_draws(told.mode.get(), told.role.get())}
        </p>
    }
}

fn who_draws(mode: Mode, role: Role) -> &'static str {
    match (mode, role) {
        (Mode::Everyone, _) => "Everyone draws.",
        (Mode::Presenters, Role::Viewer) => "Only the presenter draws now.",
        (Mode::Presenters, _) => "You have the pen.",
    }
}

fn mode_button(handle: &BoardHandle, mode: Mode) -> impl IntoView + use<> {
    let (chosen, handle) = (handle.mode.clone(), handle.clone());
    view! {
        <button
            type="button"
            aria-pressed=move || flag(chosen.get() == mode)
            on:click=move |_| handle.send(Command::SetMode(mode))
        >
            {mode_label(mode)}
        </button>
    }
}

/// What a mode is called where its owner chooses it.
pub(crate) fn mode_label(mode: Mode) -> &'static str {
    match mode {
        Mode::Everyone => "Everyone draws",
        Mode::Presenters => "I present",
    }
}

fn row(handle: &BoardHandle, person: &Person, mode: Mode) -> impl IntoView + use<> {
    let hand = person.hand.map(words::ordinal).unwrap_or_default();
    let remark = remark(person, mode);
    let plain = remark.is_empty() && person.hand.is_none();
    view! {
        <li>
            {picture(person, mode)}
            <div class="who">
                <div class="name">{person.name.clone()}</div>
                <div class="soft" hidden=plain>
                    <span class="hand" hidden=person.hand.is_none()>
                        {icon("#i-hand")}
                        <span class="hidden">"Hand up: "</span>
                        {hand}
                    </span>
                    {remark}
                </div>
            </div>
            {pen_button(handle, person, mode)}
        </li>
    }
}

fn remark(person: &Person, mode: Mode) -> String {
    let marks = [
        (person.me, "you"),
        (person.role == Role::Owner, "owner"),
        (person.marked(mode), "has the pen"),
    ];
    let marks: Vec<&str> = marks
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, mark)| mark)
        .collect();
    marks.join(", ")
}

/// What may be done about this person's pen by me, if anything.
fn pen_button(handle: &BoardHandle, person: &Person, mode: Mode) -> impl IntoView + use<> {
    let (id, holds) = (person.id, person.pen);
    let label = pen_label(person, mode, handle.role.get());
    let handle = handle.clone();
    view! {
        <button
            type="button"
            class="button small"
            hidden=label.is_none()
            on:click=move |_| {
                handle.send(if holds { Command::TakePen(id) } else { Command::PassPen(id) });
            }
        >
            {label}
        </button>
    }
}

fn pen_label(person: &Person, mode: Mode, role: Role) -> Option<&'static str> {
    let passable = mode == Mode::Presenters && person.role != Role::Owner;
    match (passable, person.me, person.pen, role) {
        (true, true, true, _) => Some("Lay it down"),
        (true, _, false, Role::Owner) => Some("Pass the pen"),
        (true, _, true, Role::Owner) => Some("Take it back"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use inkroom_board::PersonId;

    use super::*;

    fn person(role: Role, pen: bool, me: bool) -> Person {
        Person {
            id: PersonId([1; 16]),
            name: "Bo".into(),
            colour: Ink::Red,
            role,
            pen,
            hand: None,
            me,
        }
    }

    #[test]
    fn only_the_owner_passes_and_takes_pens_and_only_in_presenter_mode() {
        let viewer = person(Role::Viewer, false, false);
        let holder = person(Role::Presenter, true, false);
        assert_eq!(
            pen_label(&viewer, Mode::Presenters, Role::Owner),
            Some("Pass the pen")
        );
        assert_eq!(
            pen_label(&holder, Mode::Presenters, Role::Owner),
            Some("Take it back")
        );
        assert_eq!(pen_label(&viewer, Mode::Presenters, Role::Presenter), None);
        assert_eq!(pen_label(&holder, Mode::Presenters, Role::Viewer), None);
        assert_eq!(pen_label(&holder, Mode::Everyone, Role::Owner), None);
    }

    #[test]
    fn whoever_has_the_pen_may_lay_it_down_but_the_owner_always_has_one() {
        let me = person(Role::Presenter, true, true);
        assert_eq!(
            pen_label(&me, Mode::Presenters, Role::Presenter),
            Some("Lay it down")
        );
        let owner = person(Role::Owner, false, true);
        assert_eq!(pen_label(&owner, Mode::Presenters, Role::Owner), None);
    }

    #[test]
    fn a_person_is_remarked_on_in_words() {
        assert_eq!(
            remark(&person(Role::Owner, false, true), Mode::Presenters),
            "you, owner, has the pen"
        );
        assert_eq!(
            remark(&person(Role::Viewer, false, false), Mode::Presenters),
            ""
        );
    }
}
