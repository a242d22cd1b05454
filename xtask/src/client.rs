//! Builds the client: cargo makes the wasm, wasm-bindgen its JavaScript, and for a release wasm-opt makes it small.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::hashed::Stamp;
use crate::workspace::{Mode, Workspace};
use crate::{shell, wasm};

mod plain;
mod shrink;
mod unused;

/// The name that pages know the client by.
const NAME: &str = "inkroom";

/// Fewer bytes than this is a client without its islands: their exports vanish when nothing uses `app`.
const SMALLEST_CREDIBLE: usize = 30_000;

/// Code is only copied to where it is called if that hardly makes it larger: the client's size profile allows more, and
/// pays for it. The number is the one of 0, 8, 16 and 30 with the smallest client after brotli. Given to the last crate
/// alone, which is where all of it is optimised.
const INLINE_LITTLE: &str = "-Cllvm-args=-inline-threshold=8";

/// Builds the client and returns the folder with `inkroom.js` and `inkroom_bg.wasm`.
pub(crate) fn build(workspace: &Workspace, mode: Mode) -> Result<PathBuf> {
    let toolchain = match mode {
        Mode::Dev => wasm::toolchain(workspace)?,
        Mode::Release => wasm::small(workspace)?,
    };
    let compiled = shell::step("Building the client", || {
        compile(workspace, mode, &toolchain)
    })?;
    let bindings = workspace.client_target().join(match mode {
        Mode::Dev => "bindings-dev",
        Mode::Release => "bindings-release",
    });
    let optimiser = match mode {
        Mode::Dev => None,
        Mode::Release => shrink::optimiser()?,
    };
    let stamp = Stamp::of(&[
        &std::fs::read(&compiled)?,
        format!("{optimiser:?}").as_bytes(),
    ]);
    if !stamp.is_at(&bindings) {
        shell::step("Writing the client's bindings", || {
            bind(&compiled, &bindings, mode)
        })?;
        if mode == Mode::Release {
            plain::make_plain(&wasm_in(&bindings), &bindings.join(format!("{NAME}.js")))?;
        }
        if let Some(wasm_opt) = optimiser {
            shell::step("Making the client small", || {
                shrink::shrink(&wasm_opt, &wasm_in(&bindings))
            })?;
        }
        credible(&wasm_in(&bindings))?;
        stamp.leave_at(&bindings)?;
    }
    Ok(bindings)
}

fn profile(mode: Mode) -> &'static str {
    match mode {
        Mode::Dev => "client-dev",
        Mode::Release => "client",
    }
}

fn compile(workspace: &Workspace, mode: Mode, toolchain: &wasm::Toolchain) -> Result<PathBuf> {
    let (target, profile) = (workspace.client_target(), profile(mode));
    let mut cargo = workspace.cargo();
    cargo.args(["rustc", "--package", "inkroom-frontend", "--lib"]);
    cargo.args(["--crate-type", "cdylib", "--profile", profile]);
    toolchain.apply(&mut cargo);
    cargo.arg("--target-dir").arg(&target);
    if mode == Mode::Release {
        cargo.args(["--", INLINE_LITTLE]);
    }
    shell::run(&mut cargo)?;
    Ok(target
        .join(wasm::TARGET)
        .join(profile)
        .join("inkroom_frontend.wasm"))
}

fn bind(compiled: &Path, bindings: &Path, mode: Mode) -> Result<()> {
    if bindings.exists() {
        std::fs::remove_dir_all(bindings)?;
    }
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name(NAME)
        .web(true)?
        .typescript(false);
    bindgen
        .remove_name_section(mode == Mode::Release)
        .remove_producers_section(mode == Mode::Release);
    bindgen.generate(bindings)?;
    if bindings.join("snippets").exists() {
        bail!(
            "a dependency of the client brings JavaScript files of its own, which the site has no place for"
        );
    }
    Ok(())
}

/// An empty client, or one that no browser reads, must not get as far as a browser.
fn credible(wasm: &Path) -> Result<()> {
    let wasm = std::fs::read(wasm)?;
    if wasm.len() < SMALLEST_CREDIBLE {
        bail!(
            "the client has only {} bytes: does `frontend` still use `inkroom_app`?",
            wasm.len()
        );
    }
    let valid = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::WASM2)
        .validate_all(&wasm);
    valid
        .map(drop)
        .context("the client is not a wasm that every browser reads")
}

fn wasm_in(bindings: &Path) -> PathBuf {
    bindings.join(format!("{NAME}_bg.wasm"))
}
