//! Makes sure that cargo can build for `wasm32-unknown-unknown`, on any machine.
//!
//! Three ways, in this order: the target is there; rustup adds it; the distribution's own compiler brings the
//! library's source along and cargo builds std from it. The last one exists because rustup's download server is out of
//! reach on many closed networks, while a distribution's mirror is not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{apt, link, shell};

mod rustup;
mod small;

pub(crate) use small::small;

/// The one target of the client.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Set to `distribution` to build std from the distribution's source even where the target is there: that is how this
/// way is tried on a machine that does not need it.
const WAY: &str = "INKROOM_WASM_STD";

/// Where cargo reads which linker to use for [`TARGET`].
const LINKER: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";

/// How cargo must be called to build for [`TARGET`].
#[derive(Debug, Default)]
pub(crate) struct Toolchain {
    env: Vec<(&'static str, OsString)>,
    args: Vec<&'static str>,
    /// The compiler and std come from the distribution, not from rustup.
    pub(crate) of_distribution: bool,
}

impl Toolchain {
    /// The same, with cargo building std: unstable, which stable compilers take by `RUSTC_BOOTSTRAP`.
    fn with_std_from_source(mut self) -> Self {
        self.env.push(("RUSTC_BOOTSTRAP", "1".into()));
        self.args.extend(["-Z", "build-std=std,panic_abort"]);
        self
    }

    /// The same, linking by way of [`link`].
    fn linking_less(mut self) -> Self {
        let given = self.env.iter().position(|(name, _)| *name == LINKER);
        let real = given.map(|index| self.env.remove(index).1);
        let real = real.or_else(|| rust_lld().map(Into::into));
        if let (Some(real), Ok(own)) = (real, std::env::current_exe()) {
            self.env.push((LINKER, own.into()));
            self.env.push((link::REAL, real));
        }
        self
    }

    /// Gives `cargo` what this toolchain needs.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]).args(&self.args);
        for (name, value) in &self.env {
            cargo.env(name, value);
        }
    }
}

/// Finds the way that works here, and sets it up if need be.
///
/// Fails with one sentence that says what is missing and which command installs it.
pub(crate) fn toolchain(workspace: &Workspace) -> Result<Toolchain> {
    if std::env::var(WAY).is_ok_and(|way| way == "distribution") {
        return distribution();
    }
    if std_is_there() {
        return Ok(Toolchain::default());
    }
    // Where the distribution's way is already set up, rustup has been tried before: ask nobody, wait for nothing.
    if let Some(ready) = distribution_as_it_is() {
        return Ok(ready);
    }
    let target = ["target", "add", TARGET];
    if rustup::add(&workspace.client_target(), target)? && std_is_there() {
        return Ok(Toolchain::default());
    }
    distribution()
}

/// Whether the compiler in use has a std for the target. The folder alone proves nothing: it may be empty.
fn std_is_there() -> bool {
    let mut asking = Command::new(rustc());
    let Some(folder) = shell::ask(asking.args(["--print", "target-libdir", "--target", TARGET]))
    else {
        return false;
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .into_iter()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

/// The distribution's compiler with the source of the same version, set up now if they are missing.
fn distribution() -> Result<Toolchain> {
    if let Some(ready) = distribution_as_it_is() {
        return Ok(ready);
    }
    if !apt::is_here() {
        bail!(
            "the compiler cannot build for {TARGET}: run `rustup target add {TARGET}`, then try again"
        );
    }
    apt::refresh_if_empty()?;
    let Some([compiler, source, _]) = packages() else {
        bail!(
            "the compiler cannot build for {TARGET}, and this release has no compiler of {MINIMUM} or later: \
             run `rustup target add {TARGET}`, then try again"
        );
    };
    apt::install(&format!("a compiler for {TARGET}"), &[compiler, source])?;
    if rust_lld().is_none() && wasm_ld().is_none() {
        let package = format!("lld-{}", llvm_version()?);
        apt::install("a linker for wasm", &[&package])?;
    }
    distribution_as_it_is().with_context(|| {
        format!("{COMPILER} is there, but not the std source of its version: is `rustup target add {TARGET}` possible?")
    })
}

/// Debian's and Ubuntu's compiler; rustup's never lies here.
const COMPILER: &str = "/usr/bin/rustc";

/// Comes with it.
const DOCUMENTER: &str = "/usr/bin/rustdoc";

/// The oldest compiler that builds Inkroom.
const MINIMUM: &str = env!("CARGO_PKG_RUST_VERSION");

/// A compiler, its std's source, and its clippy.
const PACKAGES: [[&str; 3]; 2] = [
    ["rustc-web", "rust-web-src", "rust-web-clippy"],
    ["rustc", "rust-src", "rust-clippy"],
];

/// Debian's stable releases carry a fresh compiler under another name, for their browsers' sake.
fn packages() -> Option<[&'static str; 3]> {
    PACKAGES
        .into_iter()
        .find(|[compiler, ..]| apt::candidate(compiler).is_some_and(|version| is_enough(&version)))
}

fn is_enough(version: &str) -> bool {
    numbers(version) >= numbers(MINIMUM)
}

/// The first two numbers of a version: `1.96.0+dfsg1-1~deb12u2` is (1, 96). An epoch (`2:1.96`) is left out.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The package with the clippy of the distribution's compiler.
pub(crate) fn clippy_package() -> Option<&'static str> {
    packages().map(|[_, _, clippy]| clippy)
}

/// The distribution's way, if nothing is missing for it.
fn distribution_as_it_is() -> Option<Toolchain> {
    let release = verbose_version("release")?;
    if !is_enough(&release) || !source_of(&release) {
        return None;
    }
    let linker = rust_lld().or_else(wasm_ld)?;
    let env = vec![
        ("RUSTC", COMPILER.into()),
        ("RUSTDOC", DOCUMENTER.into()),
        (LINKER, linker.into()),
    ];
    let toolchain = Toolchain {
        env,
        of_distribution: true,
        ..Toolchain::default()
    };
    Some(toolchain.with_std_from_source())
}

/// A line of `rustc -vV` of the distribution's compiler.
fn verbose_version(key: &str) -> Option<String> {
    let text = shell::ask(Command::new(COMPILER).arg("-vV"))?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))?;
    Some(value.to_owned())
}

/// Whether std's source of just this version is there: the source of one version does not build with the compiler of
/// another.
fn source_of(release: &str) -> bool {
    let Some(sysroot) = shell::ask(Command::new(COMPILER).args(["--print", "sysroot"])) else {
        return false;
    };
    let version = Path::new(&sysroot).join("lib/rustlib/src/rust/src/version");
    let version = std::fs::read_to_string(version);
    has_source(&sysroot) && version.is_ok_and(|version| version.trim() == release)
}

/// Whether std's source lies in this sysroot.
fn has_source(sysroot: &str) -> bool {
    let source = Path::new(sysroot).join("lib/rustlib/src/rust/library");
    source.join("std/Cargo.toml").exists()
}

/// The linker inside rustup's toolchain.
fn rust_lld() -> Option<PathBuf> {
    let sysroot = shell::ask(Command::new(rustc()).args(["--print", "sysroot"]))?;
    let host = shell::ask(Command::new(rustc()).args(["--print", "host-tuple"]))?;
    let linker = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-lld");
    linker.exists().then_some(linker)
}

/// The distribution's linker, of the same LLVM as its compiler.
fn wasm_ld() -> Option<PathBuf> {
    shell::which(&format!("wasm-ld-{}", llvm_version().ok()?))
}

fn llvm_version() -> Result<u32> {
    let version = verbose_version("LLVM version").and_then(|version| numbers(&version));
    version
        .map(|(major, _)| major)
        .with_context(|| format!("{COMPILER} does not say which LLVM it has"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(numbers("1.96.0+dfsg1-1~deb12u2"), Some((1, 96)));
        assert_eq!(numbers("1:22.1.8-1~deb12u1"), Some((22, 1)));
        assert!(numbers("1.100.0") > numbers("1.99.0"));
        assert_eq!(numbers("nothing"), None);
        assert!(is_enough(MINIMUM));
        assert!(!is_enough("1.63.0+dfsg1-2"));
    }
}
