//! Takes out of a release's bindings what nothing there calls: classes that no page makes, the other ways to start.
//!
//! wasm-bindgen writes each definition of a module from the first column on, so lines are all that this has to know of
//! JavaScript. A statement that is no definition belongs to the one before it.

use std::collections::BTreeSet;

use super::plain::identifiers;

/// A way to start that pages do not use: they start with the module's default.
const OTHER_START: &str = "initSync, ";

struct Item<'a> {
    /// What it defines; nothing for what is kept in any case, such as functions that pages call.
    name: Option<&'a str>,
    text: &'a str,
}

/// `js` without definitions that are of no use.
pub(super) fn without_unused(js: &str) -> String {
    let js = js.replacen(OTHER_START, "", 1);
    let items = items(&js);
    let mut used = BTreeSet::new();
    let mut found: Vec<_> = items.iter().filter(|item| item.name.is_none()).collect();
    while let Some(item) = found.pop() {
        let fresh: Vec<_> = identifiers(item.text)
            .filter(|word| used.insert(*word))
            .collect();
        let named = |item: &&Item<'_>| item.name.is_some_and(|name| fresh.contains(&name));
        found.extend(items.iter().filter(named));
    }
    let is_used = |item: &&Item<'_>| item.name.is_none_or(|name| used.contains(name));
    items.iter().filter(is_used).map(|item| item.text).collect()
}

fn items(js: &str) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let (mut start, mut name) = (0, None);
    let mut at = 0;
    for line in js.split_inclusive('\n') {
        if let Some(next) = definition(line) {
            items.push(Item {
                name,
                text: js.get(start..at).unwrap_or_default(),
            });
            (start, name) = (at, next);
        }
        at += line.len();
    }
    items.push(Item {
        name,
        text: js.get(start..).unwrap_or_default(),
    });
    items
}

/// Whether a definition starts here, and whose.
fn definition(line: &str) -> Option<Option<&str>> {
    // Variables may be several in one line, and their statements set them up.
    let kept = ["export function ", "export {", "let "];
    if kept.iter().any(|keyword| line.starts_with(keyword)) {
        return Some(None);
    }
    let keywords = ["export class ", "async function ", "function ", "const "];
    let rest = keywords
        .iter()
        .find_map(|keyword| line.strip_prefix(keyword))?;
    Some(identifiers(rest).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_exported_function_reaches_goes() {
        let used = "export function wake() {\n    helper();\n}\nlet state = 0;\nfunction helper() {\n    deeper();\n}\n";
        let unused = "export class Stream {\n    free() { own(); }\n}\nif (x) Stream.y = 1;\nfunction own() {\n}\n";
        let rest = "const deeper = (a)\n    ? b\n    : c;\nasync function init() {\n}\n";
        let start = "function initSync() {\n}\n";
        let kept = "let promise;\n";
        let js =
            format!("{used}{unused}{rest}{start}{kept}export {{ initSync, init as default }};\n");
        let expected = format!("{used}{rest}{kept}export {{ init as default }};\n");
        assert_eq!(without_unused(&js), expected);
    }
}
