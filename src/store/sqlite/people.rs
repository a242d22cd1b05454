//! People: the names and colours that guests chose.

use inkroom_board::wire::Profile;
use inkroom_board::{Ink, PersonId};
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::rows;
use crate::store::StoreError;

pub(super) async fn get(
    readers: &SqlitePool,
    person: PersonId,
) -> Result<Option<Profile>, StoreError> {
    let found =
        sqlx::query("SELECT name, colour FROM people WHERE id = ?").bind(person.0.as_slice());
    let Some(row) = found.fetch_optional(readers).await? else {
        return Ok(None);
    };
    let colour: &str = row.try_get("colour")?;
    // A colour that a later version knew: the first of the palette will do.
    let colour = Ink::ALL
        .into_iter()
        .find(|ink| ink.name() == colour)
        .unwrap_or(Ink::Ink);
    Ok(Some(Profile {
        person,
        name: row.try_get("name")?,
        colour,
    }))
}

pub(super) async fn put(
    link: &mut SqliteConnection,
    profile: &Profile,
    at_ms: u64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO people (id, name, colour, created_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?4) \
         ON CONFLICT (id) DO UPDATE SET name = ?2, colour = ?3, seen_at = max(seen_at, ?4)",
    )
    .bind(profile.person.0.as_slice())
    .bind(&profile.name)
    .bind(profile.colour.name())
    .bind(rows::int(at_ms))
    .execute(link)
    .await?;
    Ok(())
}

pub(super) async fn touch(
    link: &mut SqliteConnection,
    person: PersonId,
    at_ms: u64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE people SET seen_at = max(seen_at, ?) WHERE id = ?")
        .bind(rows::int(at_ms))
        .bind(person.0.as_slice())
        .execute(link)
        .await?;
    Ok(())
}
