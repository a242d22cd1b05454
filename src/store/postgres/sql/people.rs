//! The rows of people.

use async_trait::async_trait;
use inkroom_board::wire::Profile;
use sqlx::PgConnection;

use crate::store::sql::Value::{Blob, Int, Text};
use crate::store::sql::{Link, People, Result};

#[async_trait]
impl People for PgConnection {
    async fn put_person(&mut self, profile: &Profile, at_ms: u64) -> Result<()> {
        let statement = "INSERT INTO people (id, name, colour, created_at, seen_at) VALUES ($1, $2, $3, $4, $4) \
                         ON CONFLICT (id) DO UPDATE SET name = $2, colour = $3, seen_at = greatest(people.seen_at, $4)";
        let values = [
            Blob(&profile.person.0),
            Text(&profile.name),
            Text(profile.colour.name()),
            Int(at_ms),
        ];
        self.run(statement, &values).await.map(drop)
    }
}
