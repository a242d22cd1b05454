//! Makes a release's client small with `wasm-opt`, and mends what an old one breaks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use walrus::{Export, ExportItem, Module, RefType};

use crate::{apt, shell};

/// What rustc uses by default, and every browser since 2022 has.
///
/// Not `--all-features`: with it, binaryen 108 (Debian 12) writes types in a form of its day that no browser reads.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What makes the compressed client smaller.
///
/// Not `-Oz`: its inlining and its dropping of parameters make the file itself 10 % smaller, and the same file after
/// brotli, which is what travels, 6 % larger.
const PASSES: [&str; 12] = [
    "--duplicate-function-elimination",
    "--memory-packing",
    "--once-reduction",
    "--dce",
    "--remove-unused-names",
    "--remove-unused-brs",
    "--merge-blocks",
    "--optimize-instructions",
    "--precompute",
    "--vacuum",
    "--remove-unused-module-elements",
    "--reorder-locals",
];

/// The table in which wasm-bindgen keeps JavaScript's objects.
const OBJECTS: &str = "__wbindgen_externrefs";

/// Finds `wasm-opt`. Missing it costs bytes, not function, so a build goes on without.
pub(super) fn optimiser() -> Result<Option<PathBuf>> {
    if shell::which("wasm-opt").is_none() && apt::may_install() {
        apt::install("wasm-opt", &["binaryen"])?;
    }
    let found = shell::which("wasm-opt");
    if found.is_none() {
        eprintln!(
            "  wasm-opt is missing, so the client stays a little larger than it could be: install binaryen"
        );
    }
    Ok(found)
}

/// Puts a small client in the place of `wasm`.
pub(super) fn shrink(wasm_opt: &Path, wasm: &Path) -> Result<()> {
    let small = wasm.with_extension("small");
    let mut command = Command::new(wasm_opt);
    command
        .args(PASSES)
        .args(FEATURES)
        .arg(wasm)
        .arg("-o")
        .arg(&small);
    shell::run(&mut command)?;
    mend(&small)?;
    std::fs::rename(&small, wasm).context("the optimised client could not take its place")
}

/// Exports the right table: binaryen 108 writes every table's export as that of the first table, which is the one of
/// functions.
fn mend(wasm: &Path) -> Result<()> {
    let mut module = Module::from_file(wasm)?;
    let Some(objects) = module
        .tables
        .iter()
        .find(|table| table.element_ty == RefType::EXTERNREF)
    else {
        return Ok(());
    };
    let right = objects.id();
    let wrong = |export: &Export| {
        export.name == OBJECTS && matches!(export.item, ExportItem::Table(table) if table != right)
    };
    let Some(wrong) = module
        .exports
        .iter()
        .find(|export| wrong(export))
        .map(Export::id)
    else {
        return Ok(());
    };
    module.exports.get_mut(wrong).item = ExportItem::Table(right);
    module.emit_wasm_file(wasm)
}
