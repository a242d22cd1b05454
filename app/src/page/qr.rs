//! A board's link as a QR code: one SVG path, made by the server, so that the client need not carry it.

use alloc::string::String;
use core::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// White modules around the code, which readers need to find it.
const QUIET: i32 = 2;

/// The view box and the path of the code for `text`; nothing if the text is too long for any code.
pub(super) fn path(text: &str) -> Option<(String, String)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for (x, length) in runs(&code, y) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
        }
    }
    let span = size + 2 * QUIET;
    Some((alloc::format!("-{QUIET} -{QUIET} {span} {span}"), path))
}

/// The dark runs of a row: where each begins and how long it is.
fn runs(code: &QrCode, y: i32) -> alloc::vec::Vec<(i32, i32)> {
    let mut runs = alloc::vec::Vec::new();
    for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == x => *length += 1,
            _ => runs.push((x, 1)),
        }
    }
    runs
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_path_paints_exactly_the_dark_modules() {
        let code = QrCode::encode_text("http://localhost:3000/b/abc", QrCodeEcc::Medium).unwrap();
        let dark = |y| (0..code.size()).filter(|x| code.get_module(*x, y)).count();
        for y in 0..code.size() {
            let painted: i32 = runs(&code, y).iter().map(|(_, length)| length).sum();
            assert_eq!(painted as usize, dark(y));
            assert!(
                runs(&code, y)
                    .iter()
                    .all(|(x, length)| (*x..x + length).all(|x| code.get_module(x, y)))
            );
        }
    }

    #[test]
    fn a_link_too_long_for_any_code_has_none() {
        assert!(path(&"x".repeat(4_000)).is_none());
        assert!(
            path("http://localhost:3000/b/abc")
                .unwrap()
                .1
                .starts_with("M0 0h7")
        );
    }
}
