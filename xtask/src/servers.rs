//! The programs that tests of the server, and those in browsers, start for themselves. They must be here, and nothing of them may run:
//! each test has its own, in a folder and on a port of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{apt, shell};

/// A server that tests start.
struct Needed {
    name: &'static str,
    program: &'static str,
    package: &'static str,
}

const NEEDED: [Needed; 2] = [
    Needed {
        name: "Postgres",
        program: "postgres",
        package: "postgresql",
    },
    Needed {
        name: "Redis",
        program: "redis-server",
        package: "redis-server",
    },
];

/// Where Debian's packages look before they make a cluster and start it.
const CLUSTERS: &str = "/etc/postgresql-common/createcluster.conf";

/// Installs those that are missing, or says how.
pub(crate) fn install() -> Result<()> {
    for needed in NEEDED.iter().filter(|needed| !is_here(needed.program)) {
        if apt::may_install() {
            make_no_cluster().with_context(|| format!("could not write {CLUSTERS}"))?;
        }
        apt::install(needed.name, &[needed.package])?;
    }
    Ok(())
}

/// In PATH, or where Debian keeps the programs of each version of Postgres.
fn is_here(program: &str) -> bool {
    shell::which(program).is_some() || debian().any(|folder| folder.join(program).is_file())
}

fn debian() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
}

/// Only the programs are wanted. Somebody's own settings are left as they are.
fn make_no_cluster() -> std::io::Result<()> {
    let settings = Path::new(CLUSTERS);
    if settings.exists() {
        return Ok(());
    }
    if let Some(folder) = settings.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(settings, "create_main_cluster = false\n")
}
