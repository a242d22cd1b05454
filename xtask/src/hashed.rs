//! Content hashes: in file names, so that a browser may keep a file for ever, and in stamps, so that no step is done twice.

use std::path::Path;

use anyhow::Result;
use sha2::{Digest, Sha256};

/// Hex digits in a file name: 64 bits, so no two contents of one asset ever share a name.
const DIGITS: usize = 16;

/// The hash of `content` as it stands in a file name.
pub(crate) fn short(content: &[u8]) -> String {
    let mut hex: String = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    hex.truncate(DIGITS);
    hex
}

/// `fonts/inter.woff2` with its hash: `fonts/inter-0123456789abcdef.woff2`.
pub(crate) fn name(logical: &str, content: &[u8]) -> String {
    let hash = short(content);
    match logical.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{logical}-{hash}"),
    }
}

/// What a folder was made from.
#[derive(Debug)]
pub(crate) struct Stamp(String);

impl Stamp {
    /// The stamp of these inputs, and of this xtask: another one may make something else of them.
    pub(crate) fn of(inputs: &[&[u8]]) -> Self {
        let mut all = Sha256::new();
        all.update(Sha256::digest(edition()));
        for input in inputs {
            // Each by its own hash, so that bytes cannot move from one input to the next unnoticed.
            all.update(Sha256::digest(input));
        }
        Self(short(&all.finalize()))
    }

    /// Whether `folder` was made from the same inputs.
    pub(crate) fn is_at(&self, folder: &Path) -> bool {
        std::fs::read_to_string(folder.join(".stamp")).is_ok_and(|stamp| stamp == self.0)
    }

    /// Marks `folder` as made from these inputs. Last, so that a broken run leaves no mark.
    pub(crate) fn leave_at(&self, folder: &Path) -> Result<()> {
        Ok(std::fs::write(folder.join(".stamp"), &self.0)?)
    }
}

/// Tells one build of xtask from the next. Not its content's hash: it is large, and every command would pay for it.
fn edition() -> String {
    let about = std::env::current_exe().and_then(std::fs::metadata);
    let built = about.and_then(|about| Ok((about.len(), about.modified()?)));
    format!("{built:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_with_its_content_and_keeps_its_place() {
        let (one, other) = (
            name("fonts/inter.woff2", b"one"),
            name("fonts/inter.woff2", b"other"),
        );
        assert_ne!(one, other);
        assert!(
            one.starts_with("fonts/inter-") && one.ends_with(".woff2"),
            "{one}"
        );
        assert_eq!(one.len(), "fonts/inter-.woff2".len() + DIGITS);
    }

    #[test]
    fn a_stamp_keeps_its_inputs_apart() {
        assert_ne!(Stamp::of(&[b"ab", b"c"]).0, Stamp::of(&[b"a", b"bc"]).0);
        assert_eq!(Stamp::of(&[b"ab"]).0, Stamp::of(&[b"ab"]).0);
    }
}
