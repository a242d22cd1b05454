//! Debian's packages: installed where the user is root on Debian or Ubuntu, named in a message everywhere else.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// Whether this is Debian or one of its children.
pub(crate) fn is_here() -> bool {
    Path::new("/etc/debian_version").exists() && shell::which("apt-get").is_some()
}

/// Whether packages can be installed without asking anyone.
pub(crate) fn may_install() -> bool {
    is_here() && shell::ask(Command::new("id").arg("-u")).as_deref() == Some("0")
}

/// The command that installs `packages`, for a person to run.
pub(crate) fn command_for(packages: &[&str]) -> String {
    format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    )
}

/// Installs `packages`, or says with which command it can be done.
///
/// `what` names the thing that is missing. Fails where it may not install, or where apt cannot.
pub(crate) fn install(what: &str, packages: &[&str]) -> Result<()> {
    if !is_here() {
        bail!("{what} is missing: please install it, then try again");
    }
    if !may_install() {
        bail!(
            "{what} is missing: run `sudo {}`, then try again",
            command_for(packages)
        );
    }
    shell::step(
        &format!("Installing {what} with apt-get ({})", packages.join(", ")),
        || {
            if shell::run(&mut get(packages)).is_ok() {
                return Ok(());
            }
            // The usual reason on a fresh machine: it has no package lists, or old ones.
            shell::run(Command::new("apt-get").args(["update", "-q"]))?;
            shell::run(&mut get(packages))
        },
    )
}

fn get(packages: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["install", "-q", "-y", "--no-install-recommends"])
        .args(packages);
    // At runlevel 1 a package does not start the service it brings: only the program is wanted.
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1");
    command
}

/// The version of `package` that apt would install, or has.
pub(crate) fn candidate(package: &str) -> Option<String> {
    let policy = shell::ask(Command::new("apt-cache").args(["policy", package]))?;
    let line = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    Some(line.to_owned()).filter(|version| version != "(none)")
}

/// Refreshes the package lists where this machine has none, as in a fresh container.
pub(crate) fn refresh_if_empty() -> Result<()> {
    let lists = std::fs::read_dir("/var/lib/apt/lists")
        .into_iter()
        .flatten()
        .flatten();
    let known = lists
        .into_iter()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"));
    if known || !may_install() {
        return Ok(());
    }
    shell::step("Fetching the package lists", || {
        shell::run(Command::new("apt-get").args(["update", "-q"]))
    })
}
