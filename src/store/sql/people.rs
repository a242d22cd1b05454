//! The rows of people.

use async_trait::async_trait;
use inkroom_board::wire::Profile;
use inkroom_board::{Ink, PersonId};

use super::Value::{Blob, Int, Text};
use super::{Cells, Link, Result};

#[async_trait]
pub(in crate::store) trait People: Link {
    async fn person(&mut self, id: PersonId) -> Result<Option<Profile>> {
        let statement = "SELECT name, colour FROM people WHERE id = $1";
        let found = self.row(statement, &[Blob(&id.0)]).await?;
        found.map(|row| profile(&*row, id)).transpose()
    }

    async fn put_person(&mut self, profile: &Profile, at_ms: u64) -> Result<()> {
        let statement = "INSERT INTO people (id, name, colour, created_at, seen_at) VALUES ($1, $2, $3, $4, $4) \
                         ON CONFLICT (id) DO UPDATE SET name = $2, colour = $3, \
                         seen_at = CASE WHEN people.seen_at < $4 THEN $4 ELSE people.seen_at END";
        let values = [
            Blob(&profile.person.0),
            Text(&profile.name),
            Text(profile.colour.name()),
            Int(at_ms),
        ];
        self.run(statement, &values).await.map(drop)
    }

    async fn touch_person(&mut self, id: PersonId, at_ms: u64) -> Result<()> {
        let statement = "UPDATE people SET seen_at = $1 WHERE id = $2 AND seen_at < $1";
        let values = [Int(at_ms), Blob(&id.0)];
        self.run(statement, &values).await.map(drop)
    }
}

impl<T: Link> People for T {}

fn profile(row: &dyn Cells, person: PersonId) -> Result<Profile> {
    let colour = row.text("colour")?;
    Ok(Profile {
        person,
        name: row.text("name")?.to_owned(),
        // A colour that a later version knew: the first of the palette will do.
        colour: Ink::ALL
            .into_iter()
            .find(|ink| ink.name() == colour)
            .unwrap_or(Ink::Ink),
    })
}
