//! Where things are: the workspace's root, its target folder, and the two sites built in it.
//!
//! The client has a target folder of its own: where the distribution's compiler builds it, server and client would
//! otherwise invalidate each other's work.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell;

/// The folders of one checkout.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever the user has it.
    pub(crate) target: PathBuf,
}

/// The two ways the client is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Builds fast, draws smoothly; plain file names, read from disk.
    Dev,
    /// Small; hashed names, compressed beside, embedded in the server.
    Release,
}

impl Workspace {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and a user's own configuration count.
    pub(crate) fn find() -> Result<Self> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here
            .parent()
            .context("xtask lies in a folder of the workspace")?
            .to_owned();
        let mut asking = cargo_in(&root);
        let answer = shell::ask(asking.args(["metadata", "--no-deps", "--format-version", "1"]));
        let answer = answer.context(
            "cargo cannot read the workspace: run `cargo metadata --no-deps` to see why",
        )?;
        let metadata: serde_json::Value = serde_json::from_str(&answer)?;
        let target = metadata
            .get("target_directory")
            .and_then(serde_json::Value::as_str);
        let target =
            PathBuf::from(target.context("cargo does not say where its target folder is")?);
        Ok(Self { root, target })
    }

    /// Cargo, at the root.
    pub(crate) fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// Where cargo builds the client.
    pub(crate) fn client_target(&self) -> PathBuf {
        self.target.join("client")
    }

    /// Where the assembled assets lie.
    pub(crate) fn site(&self, mode: Mode) -> PathBuf {
        self.target.join(match mode {
            Mode::Dev => "site",
            Mode::Release => "site-release",
        })
    }
}

/// The very cargo that started xtask, without what it set for xtask alone.
fn cargo_in(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if ours {
            command.env_remove(name);
        }
    }
    command.current_dir(root);
    command
}
