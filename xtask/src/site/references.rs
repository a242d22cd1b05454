//! Puts hashed names where one asset names another.
//!
//! A file's hash must cover the hashes of what it names, so the named come first: pictures and fonts, then styles, then
//! the bindings, then the script that starts them.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// `files` so that each one comes after those it may name.
pub(super) fn in_order(files: &BTreeMap<String, Vec<u8>>) -> Vec<(&str, &[u8])> {
    let mut ordered: Vec<_> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()))
        .collect();
    ordered.sort_by_key(|(name, _)| rank(name));
    ordered
}

fn rank(name: &str) -> u8 {
    match name {
        "boot.js" => 4,
        "inkroom.js" => 3,
        _ if name.ends_with(".js") => 2,
        _ if name.ends_with(".css") || name.ends_with(".webmanifest") => 1,
        _ => 0,
    }
}

/// `content` of `name` with the hashed names of `manifest` in place of the logical ones.
pub(super) fn rewrite<'a>(
    name: &str,
    content: &'a [u8],
    manifest: &BTreeMap<String, String>,
) -> Cow<'a, [u8]> {
    let text = std::str::from_utf8(content).ok().filter(|_| rank(name) > 0);
    let Some(text) = text else {
        return Cow::Borrowed(content);
    };
    let mut text = Cow::Borrowed(text);
    for (logical, hashed) in manifest
        .iter()
        .filter(|(logical, _)| text_names(content, logical))
    {
        text = Cow::Owned(replace(&text, logical, hashed));
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn text_names(content: &[u8], logical: &str) -> bool {
    content
        .windows(logical.len())
        .any(|window| window == logical.as_bytes())
}

/// Replaces `logical` where it stands as a whole name: `"./a.js"` and `url(a.js)`, but not `data.js`.
fn replace(text: &str, logical: &str, hashed: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(logical) {
        let (before, from) = rest.split_at(at);
        let (named, after) = from.split_at(logical.len());
        let opens = before.is_empty() || before.ends_with(['"', '\'', '(', '/', '`']);
        let closes = after.is_empty() || after.starts_with(['"', '\'', ')', '?', '#', '`']);
        out.push_str(before);
        out.push_str(if opens && closes { hashed } else { named });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> BTreeMap<String, String> {
        BTreeMap::from([
            ("a.js".to_owned(), "a-1.js".to_owned()),
            ("fonts/f.woff2".to_owned(), "fonts/f-2.woff2".to_owned()),
        ])
    }

    #[test]
    fn whole_names_are_replaced_and_parts_of_names_are_not() {
        let text = br#"import "./a.js"; import './data.js'; url(fonts/f.woff2) a.json "a.js?x""#;
        let out = rewrite("boot.js", text, &manifest());
        let expected =
            r#"import "./a-1.js"; import './data.js'; url(fonts/f-2.woff2) a.json "a-1.js?x""#;
        assert_eq!(std::str::from_utf8(&out), Ok(expected));
    }

    #[test]
    fn what_is_not_text_stays_as_it_is() {
        assert_eq!(
            &*rewrite("picture.png", b"\"a.js\"", &manifest()),
            b"\"a.js\""
        );
        assert_eq!(
            &*rewrite("boot.js", b"\"a.js\" \xff", &manifest()),
            b"\"a.js\" \xff"
        );
    }

    #[test]
    fn the_named_come_before_those_that_name_them() {
        let names = [
            "boot.js",
            "font.woff2",
            "inkroom.css",
            "inkroom.js",
            "inkroom_bg.wasm",
        ];
        let files = names.map(|name| (name.to_owned(), Vec::new())).into();
        let order: Vec<_> = in_order(&files).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            order,
            [
                "font.woff2",
                "inkroom_bg.wasm",
                "inkroom.css",
                "inkroom.js",
                "boot.js"
            ]
        );
    }
}
