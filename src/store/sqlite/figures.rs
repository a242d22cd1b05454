//! What the store can tell of itself without asking the database: the files it lives in.

use std::path::Path;

use super::connect::FILE;
use crate::metrics::Figures;

pub(super) fn tell(folder: &Path, figures: &mut Figures) {
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    figures.level("store_bytes", "Size of the database file", size(FILE));
    figures.level(
        "store_wal_bytes",
        "Size of the database's write-ahead log",
        size(&format!("{FILE}-wal")),
    );
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        figures.level(
            "store_free_bytes",
            "Free space for the database",
            disk.f_bavail.saturating_mul(disk.f_frsize),
        );
    }
}
