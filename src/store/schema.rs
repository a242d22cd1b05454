//! Schema: brought up to date, step by step. Each store has its own steps, with the same numbers; one that was
//! released is never changed.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Database, Pool, SqlSafeStr};

use super::{StoreError, Unfit};

/// A number, a name and statements: what `migrations/STORE/NUMBER_NAME.sql` holds.
pub(super) type Step = (i64, &'static str, &'static str);

/// Takes the steps that were not taken yet. Where the engine can, servers that start together do it once.
pub(super) async fn upgrade<DB: Database>(
    pool: &Pool<DB>,
    steps: &'static [Step],
) -> Result<(), StoreError>
where
    DB::Connection: Migrate,
{
    let migrations = steps.iter().map(|(version, name, sql)| {
        Migration::new(
            *version,
            (*name).into(),
            MigrationType::Simple,
            (*sql).into_sql_str(),
            false,
        )
    });
    match Migrator::with_migrations(migrations.collect())
        .run(pool)
        .await
    {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) => {
            let known = steps.last().map_or(0, |(version, ..)| *version);
            Err(Unfit::Newer { found, known }.into())
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            Err(error.into())
        }
        Err(error) => Err(Unfit::Schema(error).into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::{postgres, sqlite};

    fn files(store: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(store);
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        files
    }

    fn named(steps: &[Step]) -> Vec<String> {
        let names = steps
            .iter()
            .map(|(version, name, _)| format!("{version:04}_{name}.sql"));
        names.collect()
    }

    #[test]
    fn every_step_of_each_schema_is_in_the_program_in_order() {
        assert_eq!(files("sqlite"), named(&sqlite::STEPS));
        assert_eq!(files("postgres"), named(&postgres::STEPS));
        assert_eq!(named(&sqlite::STEPS), named(&postgres::STEPS));
    }
}
