//! The name and colour that a guest is given. Both follow from the person's random id, so a guest has the same
//! name everywhere before anything is stored for them, and visitors who never open a board cost no row.

use inkroom_board::PersonId;
use inkroom_board::room::PERSON_COLOURS;
use inkroom_board::wire::Profile;

/// Friendly, short, and said of anybody.
const ADJECTIVES: [&str; 32] = [
    "Amber", "Bold", "Brave", "Bright", "Calm", "Clever", "Cosy", "Curious", "Dapper", "Eager",
    "Early", "Fair", "Gentle", "Glad", "Happy", "Jolly", "Keen", "Kind", "Lively", "Lucky",
    "Mellow", "Merry", "Nimble", "Patient", "Polite", "Quick", "Quiet", "Sunny", "Swift", "Warm",
    "Wise", "Witty",
];

/// Animals that everybody likes.
const ANIMALS: [&str; 32] = [
    "Badger", "Bat", "Beaver", "Crane", "Deer", "Dolphin", "Duck", "Falcon", "Finch", "Fox",
    "Gecko", "Hare", "Hedgehog", "Heron", "Ibex", "Koala", "Lark", "Lynx", "Magpie", "Marten",
    "Mole", "Newt", "Otter", "Owl", "Panda", "Puffin", "Robin", "Seal", "Stork", "Swan", "Tapir",
    "Wren",
];

/// What this guest is called and shown as until they choose otherwise.
#[must_use]
pub(crate) fn profile(person: PersonId) -> Profile {
    let [first, second, third, ..] = person.0;
    let pick = |byte: u8, of: &'static [&'static str]| {
        of.get(usize::from(byte) % of.len())
            .copied()
            .unwrap_or("Guest")
    };
    let colour = PERSON_COLOURS.get(usize::from(third) % PERSON_COLOURS.len());
    Profile {
        person,
        name: format!("{} {}", pick(first, &ADJECTIVES), pick(second, &ANIMALS)),
        colour: colour.copied().unwrap_or(inkroom_board::Ink::Blue),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_many_stable_and_fit() {
        let person = |n: u16| PersonId((u128::from(n) << 112).to_be_bytes());
        let names: BTreeSet<_> = (0..=u16::MAX).map(|n| profile(person(n)).name).collect();
        assert_eq!(names.len(), ADJECTIVES.len() * ANIMALS.len());
        assert!(
            names
                .iter()
                .all(|name| inkroom_board::op::check_text(name, 24).is_ok())
        );
        assert_eq!(profile(person(77)), profile(person(77)));
    }
}
