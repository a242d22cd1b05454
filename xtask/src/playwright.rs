//! The browser tests: sets up Node's packages and a Chromium, then lets Playwright run `end2end/`.
//!
//! Playwright's own browser download is out of reach on many networks; Debian's Chromium is not, and it is what most
//! hosts would have.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::hashed::Stamp;
use crate::tally::Tally;
use crate::workspace::{Mode, Workspace};
use crate::{apt, shell};

/// What Chromium is called, Debian's first.
const CHROMIUMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Runs the browser tests against the server in the file `server`.
pub(crate) fn run(workspace: &Workspace, server: &Path, filter: Option<&str>) -> Result<Tally> {
    let folder = workspace.root.join("end2end");
    let npm = npm()?;
    let chromium = chromium()?;
    install(&npm, &folder)?;
    let report = workspace.target.join("end2end.json");
    if report.exists() {
        std::fs::remove_file(&report)?;
    }
    let mut command = Command::new(folder.join("node_modules/.bin/playwright"));
    command
        .args(["test", "--reporter=list,json"])
        .current_dir(&folder);
    command.args(filter.into_iter().flat_map(|filter| ["--grep", filter]));
    command
        .env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report)
        .env("INKROOM_CHROMIUM", chromium);
    command
        .env("INKROOM_BIN", server)
        .env("INKROOM_SITE", workspace.site(Mode::Dev));
    let status = shell::step("Testing: browser", || {
        command.status().context("Playwright could not be started")
    })?;
    Ok(Tally::of_playwright(&report)?.given(status.success()))
}

fn npm() -> Result<PathBuf> {
    if shell::which("npm").is_none() || shell::which("node").is_none() {
        apt::install("Node.js with npm", &["nodejs", "npm"])?;
    }
    shell::which("npm").context("npm is still missing: install Node.js, then try again")
}

fn chromium() -> Result<PathBuf> {
    let find = || CHROMIUMS.into_iter().find_map(shell::which);
    if let Some(given) = std::env::var_os("INKROOM_CHROMIUM") {
        return Ok(PathBuf::from(given));
    }
    if find().is_none() {
        apt::install("Chromium", &["chromium"])?;
    }
    find().context("Chromium is still missing: install it, or name its file in INKROOM_CHROMIUM")
}

/// Just what the lock file says, and only when it says something new.
fn install(npm: &Path, folder: &Path) -> Result<()> {
    let lock = std::fs::read(folder.join("package-lock.json"))
        .context("end2end/package-lock.json is missing")?;
    let (stamp, modules) = (Stamp::of(&[&lock]), folder.join("node_modules"));
    if stamp.is_at(&modules) {
        return Ok(());
    }
    shell::step("Fetching the browser tests' packages", || {
        let mut command = Command::new(npm);
        command
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder);
        shell::run(command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
    })?;
    stamp.leave_at(&modules)
}
