//! Programs that tests start: found where distributions put them, and ended with the value that stands for them.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts `command` without any terminal.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(
            quiet
                .spawn()
                .unwrap_or_else(|error| panic!("{:?}: {error}", quiet.get_program())),
        )
    }

    /// Whether it has not ended by itself.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The file of a program: in `PATH`, or where Debian keeps Postgres, newest first.
///
/// # Panics
/// When it is nowhere: says how it gets here.
#[must_use]
pub fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let postgres = std::fs::read_dir("/usr/lib/postgresql");
    let mut versions: Vec<_> = postgres.into_iter().flatten().flatten().collect();
    versions.sort_by_key(|entry| {
        let version = entry.file_name().to_string_lossy().parse::<u32>();
        std::cmp::Reverse(version.unwrap_or(0))
    });
    std::env::split_paths(&path)
        .chain(versions.iter().map(|entry| entry.path().join("bin")))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{program} is missing: `cargo xtask test` installs it, or says how")
        })
}
