//! The people of a board as the page lists them: persons, not connections.
//!
//! A person with three tabs is one line. Not here: who is present at all (the room says it) and who may
//! draw (the board's access says it); this only puts the two together, in a steady order.

use alloc::string::String;
use alloc::vec::Vec;

use inkroom_board::wire::Present;
use inkroom_board::{Access, Ink, Mode, PersonId, Role};

/// Somebody who is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their colour.
    pub colour: Ink,
    /// What they may do.
    pub role: Role,
    /// Whether they were passed the pen (in any mode; it matters in presenter mode).
    pub pen: bool,
    /// Their place among the raised hands, from 1.
    pub hand: Option<u32>,
    /// Whether it is me.
    pub me: bool,
}

impl Person {
    /// Whether this person is marked with a pen: only where not everyone has one.
    #[must_use]
    pub fn marked(&self, mode: Mode) -> bool {
        mode == Mode::Presenters && self.role.draws()
    }
}

/// The listed members as persons: me first, then raised hands in order, then who draws, then by name.
#[must_use]
pub fn roster(listed: &[Present], access: &Access, me: PersonId) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for present in listed {
        match people
            .iter_mut()
            .find(|known| known.id == present.profile.person)
        {
            Some(known) => known.hand = earlier(known.hand, present.hand),
            None => people.push(person(present, access, me)),
        }
    }
    place_hands(&mut people);
    people.sort_by_key(|person| {
        let hand = person.hand.unwrap_or(u32::MAX);
        (!person.me, hand, person.role, person.name.clone())
    });
    people
}

fn person(present: &Present, access: &Access, me: PersonId) -> Person {
    let id = present.profile.person;
    Person {
        id,
        name: present.profile.name.clone(),
        colour: present.profile.colour,
        role: access.role(id),
        pen: access.pens.contains(&id),
        hand: present.hand,
        me: id == me,
    }
}

fn earlier(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    a.into_iter().chain(b).min()
}

/// Turns the order of the room, which has gaps, into places 1, 2, 3.
fn place_hands(people: &mut [Person]) {
    let mut raised: Vec<&mut Option<u32>> = people
        .iter_mut()
        .map(|person| &mut person.hand)
        .filter(|hand| hand.is_some())
        .collect();
    raised.sort();
    for (place, hand) in (1..).zip(raised) {
        *hand = Some(place);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use inkroom_board::MemberId;
    use inkroom_board::wire::Profile;

    use super::*;

    fn id(n: u8) -> PersonId {
        PersonId([n; 16])
    }

    fn present(member: u64, person: u8, name: &str, hand: Option<u32>) -> Present {
        let profile = Profile {
            person: id(person),
            name: name.into(),
            colour: Ink::Red,
        };
        Present {
            member: MemberId(member),
            profile,
            hand,
        }
    }

    #[test]
    fn two_tabs_are_one_person_with_the_earlier_hand() {
        let access = Access::new(id(1), Mode::Everyone);
        let listed = [
            present(1, 2, "Bo", Some(9)),
            present(2, 2, "Bo", Some(4)),
            present(3, 3, "Cy", Some(6)),
        ];
        let people = roster(&listed, &access, id(1));
        assert_eq!(people.len(), 2);
        assert_eq!((people[0].id, people[0].hand), (id(2), Some(1)));
        assert_eq!((people[1].id, people[1].hand), (id(3), Some(2)));
    }

    #[test]
    fn i_am_first_then_hands_then_who_draws_then_names() {
        let mut access = Access::new(id(1), Mode::Presenters);
        access.pens.insert(id(5));
        let listed = [
            present(1, 2, "Zed", None),
            present(2, 3, "Ann", None),
            present(3, 4, "Hal", Some(3)),
            present(4, 5, "Pia", None),
            present(5, 1, "Olga", None),
            present(6, 6, "Me", None),
        ];
        let names: Vec<String> = roster(&listed, &access, id(6))
            .into_iter()
            .map(|p| p.name)
            .collect();
        assert_eq!(names, ["Me", "Hal", "Olga", "Pia", "Ann", "Zed"]);
    }

    #[test]
    fn only_in_presenter_mode_is_anyone_marked() {
        let access = Access::new(id(1), Mode::Presenters);
        let people = roster(
            &[present(1, 1, "O", None), present(2, 2, "V", None)],
            &access,
            id(2),
        );
        let owner = people.iter().find(|p| p.id == id(1)).unwrap();
        let viewer = people.iter().find(|p| p.id == id(2)).unwrap();
        assert!(owner.marked(Mode::Presenters) && !owner.marked(Mode::Everyone));
        assert!(!viewer.marked(Mode::Presenters));
    }
}
