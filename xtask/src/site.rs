//! Assembles the site: what a browser fetches besides the pages.
//!
//! The client, one stylesheet out of `style/*.css`, and everything in `public/`. In development the files keep their names
//! and are read from disk; for a release they get hashed names, are compressed beside, and `embed.rs` lists them for
//! the server to take in. `manifest.json` maps the names that pages use to the names of the files.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::hashed::{self, Stamp};
use crate::workspace::{Mode, Workspace};
use crate::{client, css, shell};

mod references;

/// A site's files by the names that pages use.
type Files = BTreeMap<String, Vec<u8>>;

/// Builds the client, assembles the site around it and returns its folder.
pub(crate) fn build(workspace: &Workspace, mode: Mode) -> Result<PathBuf> {
    let bindings = client::build(workspace, mode)?;
    let files = gather(workspace, &bindings, mode)?;
    let site = workspace.site(mode);
    let stamp = stamp(&files);
    if !stamp.is_at(&site) {
        shell::step("Assembling styles and assets", || {
            write(&files, &site, mode)
        })?;
        stamp.leave_at(&site)?;
    }
    Ok(site)
}

fn stamp(files: &Files) -> Stamp {
    let parts = files
        .iter()
        .flat_map(|(name, content)| [name.as_bytes(), content.as_slice()]);
    Stamp::of(&parts.collect::<Vec<_>>())
}

fn gather(workspace: &Workspace, bindings: &Path, mode: Mode) -> Result<Files> {
    let mut files = Files::new();
    collect(&workspace.root.join("public"), "", &mut files)?;
    files.insert(
        "inkroom.css".to_owned(),
        stylesheet(&workspace.root.join("style"), mode)?,
    );
    files.insert(
        "boot.js".to_owned(),
        read(&workspace.root.join("frontend/boot.js"))?,
    );
    for name in ["inkroom.js", "inkroom_bg.wasm"] {
        files.insert(name.to_owned(), read(&bindings.join(name))?);
    }
    Ok(files)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// Everything in `folder`, hidden files aside, under `prefix`. A folder that is not there holds nothing.
fn collect(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    for entry in entries(folder)? {
        let name = entry
            .file_name()
            .into_string()
            .ok()
            .context("a file name in public/ is not UTF-8")?;
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), files)?;
        } else {
            files.insert(format!("{prefix}{name}"), read(&entry.path())?);
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<std::fs::DirEntry>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    Ok(entries)
}

/// One stylesheet out of the folder's `.css` files, in the order of their names.
fn stylesheet(folder: &Path, mode: Mode) -> Result<Vec<u8>> {
    let mut sheet = String::new();
    for entry in entries(folder)? {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "css")
        {
            sheet.push_str(&String::from_utf8(read(&entry.path())?)?);
            sheet.push('\n');
        }
    }
    Ok(match mode {
        Mode::Dev => sheet.into_bytes(),
        Mode::Release => css::strip(&sheet).into_bytes(),
    })
}

fn write(files: &Files, site: &Path, mode: Mode) -> Result<()> {
    if site.exists() {
        std::fs::remove_dir_all(site)?;
    }
    std::fs::create_dir_all(site)?;
    let manifest = match mode {
        Mode::Dev => write_plain(files, site)?,
        Mode::Release => write_hashed(files, site)?,
    };
    Ok(std::fs::write(
        site.join("manifest.json"),
        serde_json::to_vec_pretty(&manifest)?,
    )?)
}

/// The logical name of each file, and the name it has.
type Manifest = BTreeMap<String, String>;

fn write_plain(files: &Files, site: &Path) -> Result<Manifest> {
    for (name, content) in files {
        put(site, name, content)?;
    }
    Ok(files
        .keys()
        .map(|name| (name.clone(), name.clone()))
        .collect())
}

fn write_hashed(files: &Files, site: &Path) -> Result<Manifest> {
    let mut manifest = Manifest::new();
    let mut table = String::from("&[\n");
    for (logical, content) in references::in_order(files) {
        let content = references::rewrite(logical, content, &manifest);
        let name = hashed::name(logical, &content);
        put(site, &name, &content)?;
        let brotli = beside(site, &name, "br", &content, &brotli(&content)?)?;
        let gzip = beside(site, &name, "gz", &content, &gzip(&content)?)?;
        table.push_str(&format!(
            "    EmbeddedFile {{ logical: {logical:?}, name: {name:?}, plain: include_bytes!({name:?}), \
             brotli: {brotli}, gzip: {gzip} }},\n"
        ));
        manifest.insert(logical.to_owned(), name);
    }
    table.push_str("]\n");
    std::fs::write(site.join("embed.rs"), table)?;
    Ok(manifest)
}

fn put(site: &Path, name: &str, content: &[u8]) -> Result<()> {
    let file = site.join(name);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(file, content)?)
}

/// Keeps the compressed form where it is worth having, and returns it as Rust for `embed.rs`.
fn beside(site: &Path, name: &str, extension: &str, plain: &[u8], packed: &[u8]) -> Result<String> {
    // Pictures and fonts are compressed already: a second time only costs the reader's time.
    if packed.len() >= plain.len() / 10 * 9 {
        return Ok("None".to_owned());
    }
    let name = format!("{name}.{extension}");
    put(site, &name, packed)?;
    Ok(format!("Some(include_bytes!({name:?}))"))
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut packed, &params)?;
    Ok(packed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}
