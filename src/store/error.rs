//! What can go wrong in a store, sorted by what the caller does about it.

use inkroom_board::{BoardId, Seq};

use crate::telemetry::Tag;

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such board.
    #[error("there is no such board")]
    NotFound,
    /// There is a board with this id.
    #[error("there is a board with this id")]
    Exists,
    /// What is stored is not what was written.
    #[error("board {} is damaged in the database", Tag(.board))]
    Damaged {
        /// Which.
        board: BoardId,
    },
    /// The log does not go back that far.
    #[error("the log begins after op {floor}")]
    Pruned {
        /// The last op that is gone.
        floor: Seq,
    },
    /// A snapshot of another history than the board's.
    #[error("the snapshot is of another history")]
    Diverged,
    /// The database refuses what it was given: the same again fails again.
    #[error("the database refuses an op: {0}")]
    Data(#[source] sqlx::Error),
    /// The database cannot do it now, for lack of space, a lock, a disk or a network: the same again may work.
    /// It may even have worked.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] Outage),
    /// The database cannot be used at all.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Why the database cannot do anything now. Never says a password.
#[derive(Debug, thiserror::Error)]
pub enum Outage {
    /// There is no connection to it, and why, in words for the host.
    #[error("{0}")]
    Shut(String),
    /// It does not answer.
    #[error("it does not answer in time")]
    Silent,
    /// It failed.
    #[error(transparent)]
    Failed(sqlx::Error),
}

/// Why a server does not start on a database. Written for the host who reads it in the terminal.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// A setting that saved ink depends on did not take.
    #[error(
        "the database runs with {setting}={found} instead of {wanted}, so a power cut could lose saved ink: {advice}"
    )]
    NotDurable {
        /// Its name in the database.
        setting: &'static str,
        /// What it has to be.
        wanted: &'static str,
        /// What it is.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// Not the URL of a database. What is said does not repeat it: it may hold a password.
    #[error(
        "the database's URL cannot be used: {0}; it looks like postgres://USER:PASSWORD@HOST/NAME"
    )]
    Url(String),
    /// Written by a later version of this program.
    #[error(
        "the database was written by a newer Inkroom (its schema is {found}, this program knows up to {known}); \
         install that version again, or restore a back-up from before the upgrade"
    )]
    Newer {
        /// The database's schema.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// A schema this program did not write.
    #[error("the database's schema could not be brought up to date: {0}")]
    Schema(#[source] sqlx::migrate::MigrateError),
    /// A restore or a check is running.
    #[error("the data folder is in use by a restore or a check; start again when that is done")]
    Locked,
    /// The folder or a file in it.
    #[error("the data folder {folder} cannot be used: {source}")]
    Folder {
        /// Its path.
        folder: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_about_data(&error) {
            Self::Data(error)
        } else {
            Self::Unavailable(Outage::Failed(error))
        }
    }
}

/// Whether the database refuses what it was given, rather than being unable to take anything.
fn is_about_data(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.as_deref().unwrap_or_default();
    if code.len() == SQLSTATE {
        // The classes "data exception" and "integrity constraint violation".
        return code.starts_with("22") || code.starts_with("23");
    }
    // SQLite: too big, constraint, mismatch; the low byte of an extended code says which.
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 18..=20))
}

/// The length of Postgres's error codes; SQLite's are numbers of at most four digits.
const SQLSTATE: usize = 5;
