//! The digest of a document: 16 hexadecimal letters that are equal when two copies of a board are.
//!
//! For tests and for the curious; the protocol itself compares [`crate::Position`]s.

use alloc::format;
use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::Document;

/// The first 8 bytes of the SHA-256 of the document's snapshot, in hexadecimal.
#[must_use]
pub fn digest(document: &Document) -> String {
    hex(&Sha256::digest(document.to_snapshot()), 8)
}

fn hex(bytes: &[u8], most: usize) -> String {
    bytes
        .iter()
        .take(most)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
