//! Formatting, clippy and documentation, with warnings as errors.
//!
//! The client is checked for the target it runs on: natively `web-sys` is only a stand-in. Clippy must be of the same
//! version as std, so where the distribution's compiler builds the client, the distribution's clippy checks it.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{apt, shell, wasm};

/// Denied here and in CI only: in the midst of work a warning is no reason to stop.
const DENIED: &str = "-Dwarnings";

/// Runs all lints; stops at the end, so that one run shows every complaint.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let results = [
        shell::step("Checking the formatting", || formatting(workspace)),
        shell::step("Checking the server side with clippy", || native(workspace)),
        shell::step("Checking the client with clippy", || client(workspace)),
        shell::step("Checking the documentation", || documentation(workspace)),
        shell::step("Checking the client's documentation", || {
            client_documentation(workspace)
        }),
    ];
    let complaints = results
        .into_iter()
        .filter_map(Result::err)
        .map(|error| format!("{error:#}"))
        .collect::<Vec<_>>();
    if !complaints.is_empty() {
        bail!("not all lints are content:\n  {}", complaints.join("\n  "));
    }
    Ok(())
}

fn formatting(workspace: &Workspace) -> Result<()> {
    shell::run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn native(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args([
        "clippy",
        "--workspace",
        "--exclude",
        "inkroom-frontend",
        "--all-targets",
    ]);
    shell::run(cargo.args(["--features", "inkroom-board/sim", "--", DENIED]))
}

fn client(workspace: &Workspace) -> Result<()> {
    let toolchain = wasm::toolchain(workspace)?;
    let mut cargo = if toolchain.of_distribution {
        distribution_clippy(workspace)?
    } else {
        workspace.cargo()
    };
    cargo.args([
        "clippy",
        "--package",
        "inkroom-frontend",
        "--profile",
        "client-dev",
    ]);
    toolchain.apply(&mut cargo);
    shell::run(
        cargo
            .arg("--target-dir")
            .arg(workspace.client_target())
            .args(["--", DENIED]),
    )
}

/// `cargo-clippy` takes the `clippy-driver` beside itself, which makes it the distribution's.
fn distribution_clippy(workspace: &Workspace) -> Result<Command> {
    const PROGRAM: &str = "/usr/bin/cargo-clippy";
    if !std::path::Path::new(PROGRAM).exists() {
        let package =
            wasm::clippy_package().context("the distribution has no clippy for its compiler")?;
        apt::install("clippy for wasm", &[package])?;
    }
    let mut command = Command::new(PROGRAM);
    command.current_dir(&workspace.root);
    Ok(command)
}

fn documentation(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["doc", "--workspace", "--exclude", "inkroom-frontend"]);
    shell::run(documenting(&mut cargo))
}

fn client_documentation(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args([
        "doc",
        "--package",
        "inkroom-frontend",
        "--profile",
        "client-dev",
    ]);
    wasm::toolchain(workspace)?.apply(&mut cargo);
    cargo.arg("--target-dir").arg(workspace.client_target());
    shell::run(documenting(&mut cargo))
}

fn documenting(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", DENIED)
}
