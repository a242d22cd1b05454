//! Runs the tests: the board with its simulation, the server, the workshop itself, and the browser.
//!
//! Every suite runs even after another one failed, so that one run tells everything; the last line sums up all of them.

use std::io::{BufRead, BufReader, IsTerminal};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::args::Suite;
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{playwright, server, servers, shell};

/// Runs all suites, or `only` one, and prints the totals on the last line of stdout.
pub(crate) fn run(
    workspace: &Workspace,
    only: Option<Suite>,
    filter: Option<&str>,
) -> Result<ExitCode> {
    let mut total = Tally::default();
    for suite in Suite::ALL
        .into_iter()
        .filter(|suite| only.is_none_or(|only| only == *suite))
    {
        let tally = one(workspace, suite, filter).unwrap_or_else(|error| {
            eprintln!("\nthe {} tests could not run: {error:#}\n", suite.name());
            Tally::BROKEN
        });
        total.add(tally);
    }
    println!("{total}");
    Ok(if total.failed == 0 && total.passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn one(workspace: &Workspace, suite: Suite, filter: Option<&str>) -> Result<Tally> {
    if matches!(suite, Suite::Server | Suite::Browser) {
        servers::install()?;
    }
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--no-fail-fast"]);
    match suite {
        // Thousands of seeds: optimised, but with every assertion.
        Suite::Board => cargo.args([
            "--package",
            "inkroom-board",
            "--features",
            "sim",
            "--profile",
            "sim",
        ]),
        // Alone, so that its dependencies keep the features they had when xtask was built.
        Suite::Workshop => cargo.args(["--package", "xtask"]),
        Suite::Server => cargo.args([
            "--workspace",
            "--exclude",
            "inkroom-board",
            "--exclude",
            "inkroom-frontend",
            "--exclude",
            "xtask",
        ]),
        Suite::Browser => return browser(workspace, filter),
    };
    shell::step(&format!("Testing: {}", suite.name()), || {
        count(cargo.args(filter))
    })
}

/// The browser drives the same server and client that `cargo xtask run` gives.
fn browser(workspace: &Workspace, filter: Option<&str>) -> Result<Tally> {
    let server = server::build(workspace, false)?;
    playwright::run(workspace, &server, filter)
}

/// Runs cargo with its output live on the terminal, and counts.
fn count(cargo: &mut Command) -> Result<Tally> {
    if std::io::stdout().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo could not be started")?;
    let mut tally = Tally::default();
    for line in BufReader::new(child.stdout.take().context("cargo has no stdout")?).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.add(Tally::of_cargo_line(&line).unwrap_or_default());
    }
    Ok(tally.given(child.wait()?.success()))
}
