//! The site inside a release: a table of hashed names, written by `cargo xtask build --release`.

use axum::body::Bytes;

use super::Found;
use super::encoding::{Accepted, Encoding};

/// One file of the site.
#[derive(Debug)]
struct EmbeddedFile {
    /// The name that pages use.
    logical: &'static str,
    /// The name with the content's hash in it.
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// A few dozen files: a walk through them costs less than the table that would avoid it.
static FILES: &[EmbeddedFile] = include!(concat!(
    env!(
        "INKROOM_SITE",
        "build a release with `cargo xtask build --release`"
    ),
    "/embed.rs"
));

/// The site inside this program.
#[derive(Clone, Debug, Default)]
pub(super) struct Site;

impl Site {
    /// It is never far.
    pub(super) fn find() -> Self {
        Self
    }

    /// The hashed name of the file that pages know as `logical`.
    #[allow(
        clippy::unused_self,
        reason = "the site of a development build has a folder to ask"
    )]
    pub(super) fn name_of<'a>(&self, logical: &'a str) -> &'a str {
        FILES
            .iter()
            .find(|file| file.logical == logical)
            .map_or(logical, |file| file.name)
    }

    /// The file with this hashed name, in the smallest form that the browser takes.
    #[allow(
        clippy::unused_self,
        reason = "the site of a development build has a folder to ask"
    )]
    pub(super) fn read(&self, name: &str, accepted: Accepted) -> Option<Found> {
        FILES
            .iter()
            .find(|file| file.name == name)
            .map(|file| file.found(accepted))
    }
}

impl EmbeddedFile {
    fn found(&self, accepted: Accepted) -> Found {
        let brotli = self
            .brotli
            .filter(|_| accepted.brotli)
            .map(|body| (body, Encoding::Brotli));
        let packed = brotli.or(self
            .gzip
            .filter(|_| accepted.gzip)
            .map(|body| (body, Encoding::Gzip)));
        let body = packed.map_or(self.plain, |(body, _)| body);
        let encoding = packed.map(|(_, encoding)| encoding);
        // Each form is a content of its own, so it has an etag of its own.
        let etag = format!(
            "\"{}.{}\"",
            self.name,
            encoding.map_or("plain", Encoding::token)
        );
        Found {
            body: Bytes::from_static(body),
            encoding,
            etag,
            hashed: true,
        }
    }
}
