//! The toolchain of a release, which makes the client as small as it gets.
//!
//! The ready-made std is compiled for speed, and every panic in it carries its words and the code that writes them. So a
//! release builds std from its source, with the client's own profile. It takes a minute or two more, which is why
//! development does without. A panic then stops the client with a bare trap, named on the console by the browser, not by
//! the client's hook: nothing in the client panics on purpose.

use anyhow::Result;

use super::{Toolchain, distribution, has_source, rustup, toolchain};
use crate::shell;
use crate::workspace::Workspace;

/// Flags that every compiler takes.
///
/// SHA-256 in a loop rather than unrolled: the client hashes a snapshot once and a few bytes for each change.
const FLAGS: [&str; 2] = ["--cfg", "sha2_backend_soft=\"compact\""];

/// Flags that only make sense, or only exist, where std is built too: no words for panics, no places, no `Debug`, and no
/// inlining before LLVM's own, which knows what gets smaller by it.
const FLAGS_WITH_STD: [&str; 5] = [
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Zlocation-detail=none",
    "-Zfmt-debug=none",
    "-Zinline-mir=no",
];

/// Finds the way that works here to build a small client, and sets it up if need be.
///
/// Where std's source cannot be had the client gets larger, not worse, so that is said and the build goes on.
pub(crate) fn small(workspace: &Workspace) -> Result<Toolchain> {
    Ok(with_small_std(workspace)?.linking_less())
}

fn with_small_std(workspace: &Workspace) -> Result<Toolchain> {
    let ready = toolchain(workspace)?;
    if ready.of_distribution {
        return Ok(ready.shrinking_std());
    }
    if source_is_there(workspace)? {
        return Ok(ready.with_std_from_source().shrinking_std());
    }
    Ok(match distribution() {
        Ok(toolchain) => toolchain.shrinking_std(),
        Err(error) => {
            eprintln!(
                "  std's source is missing, so the client gets larger by a good tenth than it could be: \
                 run `rustup component add rust-src` ({error:#})"
            );
            ready.with_flags(&FLAGS)
        }
    })
}

/// Whether the compiler in use has std's source, fetched now if it has not.
fn source_is_there(workspace: &Workspace) -> Result<bool> {
    let is_there = || sysroot().is_some_and(|sysroot| has_source(&sysroot));
    let component = ["component", "add", "rust-src"];
    Ok(is_there() || (rustup::add(&workspace.client_target(), component)? && is_there()))
}

fn sysroot() -> Option<String> {
    let mut asking = std::process::Command::new(super::rustc());
    shell::ask(asking.args(["--print", "sysroot"]))
}

impl Toolchain {
    fn shrinking_std(mut self) -> Self {
        self.args
            .extend(["-Z", "build-std-features=optimize_for_size"]);
        self.with_flags(&[FLAGS.as_slice(), &FLAGS_WITH_STD].concat())
    }

    /// In the variable that goes before all others, so that a release is the same whatever the user has set.
    fn with_flags(mut self, flags: &[&str]) -> Self {
        let flags = flags.join("\u{1f}");
        self.env.push(("CARGO_ENCODED_RUSTFLAGS", flags.into()));
        self
    }
}
