//! The workshop: `cargo xtask run | build | test | size | lint`, each with the set-up it needs.
//!
//! It is not part of what ships. It exists so that a newcomer needs nothing but cargo: the wasm target, the bindings,
//! the assets and, for tests, the browser are found or fetched by the command that needs them, and by no other.

mod apt;
mod args;
mod client;
mod css;
mod hashed;
mod link;
mod lint;
mod playwright;
mod server;
mod servers;
mod shell;
mod site;
mod size;
mod suites;
mod tally;
mod wasm;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Task;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    match perform() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform() -> Result<ExitCode> {
    if let Some(linker) = std::env::var_os(link::REAL) {
        return link::run(&linker);
    }
    let task = args::parse(std::env::args().skip(1))?;
    if matches!(task, Task::Help) {
        println!("{}", args::HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::find()?;
    match task {
        Task::Help => Ok(ExitCode::SUCCESS),
        Task::Run { serve } => server::run(&workspace, &serve),
        Task::Build { release } => server::build(&workspace, release).map(|_| ExitCode::SUCCESS),
        Task::Test { only, filter } => suites::run(&workspace, only, filter.as_deref()),
        Task::Size => size::check(&workspace).map(|()| ExitCode::SUCCESS),
        Task::Lint => lint::run(&workspace).map(|()| ExitCode::SUCCESS),
    }
}
