//! The site of a development build, read from disk on every request, so that a rebuilt client needs no new server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::Found;
use super::encoding::Accepted;

/// The table of the site, in its folder.
const MANIFEST: &str = "manifest.json";

/// The folder that `cargo xtask build` assembles, if there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct Site {
    folder: Option<PathBuf>,
    /// Where cargo-leptos puts the client while it watches; all else stays in `folder`.
    watched: Option<PathBuf>,
}

impl Site {
    /// Looks in `INKROOM_SITE`, else in the target folder that the program lies in: `site` beside `debug` and `release`.
    pub(super) fn find() -> Self {
        let named = std::env::var_os("INKROOM_SITE").map(PathBuf::from);
        let folder = named.or_else(|| {
            let program = std::env::current_exe().ok()?;
            let around = program
                .ancestors()
                .skip(1)
                .map(|folder| folder.join("site"));
            around
                .into_iter()
                .find(|site| site.join(MANIFEST).is_file())
        });
        let watched =
            std::env::var_os("LEPTOS_SITE_ROOT").map(|root| PathBuf::from(root).join("pkg"));
        Self { folder, watched }
    }

    /// The site in `folder`.
    #[cfg(test)]
    pub(super) fn at(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            watched: None,
        }
    }

    /// Files keep the names that pages use.
    #[allow(
        clippy::unused_self,
        reason = "the site inside a release has a table to ask"
    )]
    pub(super) fn name_of<'a>(&self, logical: &'a str) -> &'a str {
        logical
    }

    /// The asset of this name, if the manifest lists it; never compressed.
    ///
    /// Blocks for a small file: that is fine for one developer, and a release never comes here.
    pub(super) fn read(&self, name: &str, _: Accepted) -> Option<Found> {
        let body = std::fs::read(self.watched_file(name).or_else(|| self.file(name))?).ok()?;
        let etag = format!("\"{:x}\"", u64_of(&body));
        Some(Found {
            body: body.into(),
            encoding: None,
            etag,
            hashed: false,
        })
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let manifest = std::fs::read(folder.join(MANIFEST)).ok()?;
        let table: BTreeMap<String, String> = serde_json::from_slice(&manifest).ok()?;
        Some(folder.join(table.get(name)?))
    }

    /// cargo-leptos drops the `_bg` that wasm-bindgen writes.
    fn watched_file(&self, name: &str) -> Option<PathBuf> {
        let file = match name {
            "inkroom.js" => "inkroom.js",
            "inkroom_bg.wasm" => "inkroom.wasm",
            _ => return None,
        };
        Some(self.watched.as_ref()?.join(file))
    }
}

fn u64_of(body: &[u8]) -> u64 {
    let digest = Sha256::digest(body);
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_client_comes_from_cargo_leptos_and_styles_from_the_site() {
        let (site, watched) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(
            site.path().join(MANIFEST),
            r#"{"inkroom.css": "inkroom.css"}"#,
        )
        .unwrap();
        std::fs::write(site.path().join("inkroom.css"), "a{}").unwrap();
        std::fs::write(watched.path().join("inkroom.wasm"), "wasm").unwrap();
        let site = Site {
            folder: Some(site.path().to_owned()),
            watched: Some(watched.path().to_owned()),
        };
        let read = |name| site.read(name, Accepted::default()).map(|found| found.body);
        assert_eq!(read("inkroom_bg.wasm").unwrap(), "wasm");
        assert_eq!(read("inkroom.css").unwrap(), "a{}");
        assert!(read("inkroom.wasm").is_none());
    }
}
