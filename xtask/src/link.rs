//! The linker of a release's client: the real one, told to keep less.
//!
//! What a dependency exports to JavaScript is kept by every linker, with all it calls, though no page may ever call it.
//! Only the command line of the linker says what is exported, and only the compiler writes it: so for a release xtask
//! stands in between. The compiler starts it like any other linker, so nothing but the environment tells it apart.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Names the real linker.
pub(crate) const REAL: &str = "INKROOM_LINKER";

/// Parts of the names of exports that no page calls: streams for server functions, of which there are none.
const UNUSED: [&str; 1] = ["intounderlying"];

/// Does what the compiler asks of its linker, without those exports.
pub(crate) fn run(real: &OsStr) -> Result<ExitCode> {
    let args = used(std::env::args_os().skip(1));
    let status = Command::new(real).args(args).status();
    let status = status.with_context(|| format!("{} could not be started", real.display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Every `--export NAME` but those that are not used.
fn used(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    for arg in args {
        let is_unused = UNUSED
            .iter()
            .any(|part| arg.to_string_lossy().contains(part));
        if is_unused && kept.last().is_some_and(|last| last == "--export") {
            kept.pop();
        } else {
            kept.push(arg);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_that_no_page_calls_are_not_asked_for() {
        let args = [
            "-flavor",
            "wasm",
            "--export",
            "hydrate",
            "--export",
            "__wbindgen_describe_intounderlyingsink_write_00",
            "--export",
            "memory",
            "intounderlying.o",
        ];
        let kept = used(args.into_iter().map(OsString::from));
        let expected = [
            "-flavor",
            "wasm",
            "--export",
            "hydrate",
            "--export",
            "memory",
            "intounderlying.o",
        ];
        assert_eq!(kept, expected);
    }
}
