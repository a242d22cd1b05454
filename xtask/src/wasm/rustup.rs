//! `rustup target add` and `rustup component add`, with an end to its patience.
//!
//! On a closed network rustup hangs rather than fails. It is ended when it has made no progress for a while, and that
//! outcome is remembered, so that no later run waits again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::shell;

/// How long rustup may show no sign of life. A slow line still moves a few bytes in this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often to look.
const GLANCE: Duration = Duration::from_millis(200);

/// Lets rustup add something. False where there is no rustup, or its server is out of reach.
pub(super) fn add(client_target: &Path, what: [&str; 3]) -> Result<bool> {
    let remembered = client_target.join("rustup-was-out-of-reach");
    if shell::which("rustup").is_none() || remembered.exists() {
        return Ok(false);
    }
    let added = shell::step(&format!("Fetching: rustup {}", what.join(" ")), || {
        let mut command = Command::new("rustup");
        command.args(what).env("RUSTUP_MAX_RETRIES", "1");
        Ok(command
            .spawn()
            .is_ok_and(|child| watch(child, &downloads(), PATIENCE)))
    })?;
    if !added {
        eprintln!(
            "  rustup could not add it; remembered in {}",
            remembered.display()
        );
        std::fs::create_dir_all(client_target)?;
        std::fs::write(&remembered, "Delete this file to ask rustup again.\n")?;
    }
    Ok(added)
}

/// Waits for rustup while it makes progress; true when it succeeded.
fn watch(mut child: Child, downloads: &Path, patience: Duration) -> bool {
    let (mut progress, mut seen) = (size_of(downloads), Instant::now());
    while seen.elapsed() < patience {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(GLANCE),
            Err(_) => break,
        }
        let now = size_of(downloads);
        if now != progress {
            (progress, seen) = (now, Instant::now());
        }
    }
    // It may have ended just now; either way nothing is left to wait for.
    child.kill().is_ok_and(|()| false) || child.wait().is_ok_and(|status| status.success())
}

/// Where rustup puts what it has fetched so far.
fn downloads() -> PathBuf {
    let home = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".rustup")));
    home.unwrap_or_default().join("downloads")
}

/// The bytes in a flat folder.
fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .into_iter()
        .filter_map(|entry| entry.metadata().ok())
        .map(|meta| meta.len())
        .sum()
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn watched(script: &str, patience: Duration) -> bool {
        let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        watch(child, Path::new("/nowhere"), patience)
    }

    #[test]
    fn its_own_outcome_counts() {
        assert!(watched("exit 0", PATIENCE));
        assert!(!watched("exit 1", PATIENCE));
    }

    #[test]
    fn one_that_hangs_is_ended() {
        assert!(!watched("exec sleep 3600", GLANCE));
    }
}
