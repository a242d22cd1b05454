//! Builds the server, and runs it.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::workspace::{Mode, Workspace};
use crate::{shell, site, size};

/// Builds the client, the site and the server; returns the server's file.
pub(crate) fn build(workspace: &Workspace, release: bool) -> Result<PathBuf> {
    let mode = if release { Mode::Release } else { Mode::Dev };
    let site = site::build(workspace, mode)?;
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "inkroom", "--bin", "inkroom"]);
    if release {
        cargo
            .args(["--release", "--features", "embed"])
            .env("INKROOM_SITE", &site);
    }
    shell::step("Building the server", || shell::run(&mut cargo))?;
    let folder = workspace
        .target
        .join(if release { "release" } else { "debug" });
    let file = folder
        .join("inkroom")
        .with_extension(std::env::consts::EXE_EXTENSION);
    if release {
        size::report(&site)?;
        eprintln!("▸ {} is the whole of Inkroom in one file", file.display());
    }
    Ok(file)
}

/// Builds what changed and serves it in the place of this process.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<ExitCode> {
    let server = build(workspace, false)?;
    let mut command = Command::new(server);
    command
        .arg("serve")
        .args(args)
        .env("INKROOM_SITE", workspace.site(Mode::Dev));
    become_it(&mut command)
}

/// Ctrl-C and SIGTERM go straight to the server, which drains and ends with its own exit code.
#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(anyhow::Error::new(error).context("the server could not be started"))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    let status = command.status()?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
