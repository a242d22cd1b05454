//! Pens: the people who were passed one.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::PersonId;

/// People, each once, by id: at most [`crate::limits::PENS`], so a sorted list does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<PersonId>")]
pub struct Pens(Vec<PersonId>);

impl From<Vec<PersonId>> for Pens {
    fn from(mut people: Vec<PersonId>) -> Self {
        people.sort_unstable();
        people.dedup();
        Self(people)
    }
}

impl Pens {
    /// By id.
    pub fn iter(&self) -> impl Iterator<Item = &PersonId> {
        self.0.iter()
    }

    /// How many people have one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody has one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this person has one.
    #[must_use]
    pub fn contains(&self, person: &PersonId) -> bool {
        self.0.binary_search(person).is_ok()
    }

    /// Passes one; whether that is news.
    pub fn insert(&mut self, person: PersonId) -> bool {
        let place = self.0.binary_search(&person);
        if let Err(index) = place {
            self.0.insert(index, person);
        }
        place.is_err()
    }

    /// Takes one back; whether there was one.
    pub fn remove(&mut self, person: &PersonId) -> bool {
        let place = self.0.binary_search(person);
        if let Ok(index) = place {
            self.0.remove(index);
        }
        place.is_ok()
    }
}
