//! What a visitor's browser fetches before a board is alive: the client and the styles, as they travel.
//!
//! `cargo xtask size` fails above [`LIMIT`], so that nothing grows unnoticed; a release only says the figures.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::site;
use crate::workspace::{Mode, Workspace};

/// The most bytes of all [`FILES`] together. Lower it whenever they shrink for good.
const LIMIT: u64 = 152_000;

/// What every board's page needs, by the names that pages use.
const FILES: [&str; 4] = ["inkroom_bg.wasm", "inkroom.js", "boot.js", "inkroom.css"];

/// Builds a release's site, and fails where it is larger than it may be.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let total = report(&site::build(workspace, Mode::Release)?)?;
    if total > LIMIT {
        bail!("the client has {total} bytes, and {LIMIT} are allowed");
    }
    Ok(())
}

/// Prints the sizes in the site of a release, and returns their sum.
pub(crate) fn report(site: &Path) -> Result<u64> {
    let manifest = std::fs::read(site.join("manifest.json"))?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest)?;
    let mut total = 0;
    for file in FILES {
        let name = manifest.get(file).and_then(serde_json::Value::as_str);
        let name = name.with_context(|| format!("the site has no {file}"))?;
        let size = travels(site, name)?;
        eprintln!("  {size:>9}  {file}");
        total += size;
    }
    eprintln!("  {total:>9}  bytes of brotli in all");
    Ok(total)
}

/// A file too small to be compressed travels as it is.
fn travels(site: &Path, name: &str) -> Result<u64> {
    let packed = std::fs::metadata(site.join(format!("{name}.br")));
    let sent = packed.or_else(|_| std::fs::metadata(site.join(name)));
    Ok(sent
        .with_context(|| format!("{name} is not in the site"))?
        .len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_as_it_travels() {
        let site = std::env::temp_dir().join(format!("inkroom-size-{}", std::process::id()));
        std::fs::create_dir_all(&site).unwrap();
        std::fs::write(site.join("a-1.css"), [0; 9]).unwrap();
        assert_eq!(travels(&site, "a-1.css").unwrap(), 9);
        std::fs::write(site.join("a-1.css.br"), [0; 4]).unwrap();
        assert_eq!(travels(&site, "a-1.css").unwrap(), 4);
        assert!(travels(&site, "b.css").is_err());
        std::fs::remove_dir_all(&site).unwrap();
    }
}
