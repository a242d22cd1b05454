//! Takes out of a release's bindings what only people read: comments, indentation, and the long names under which the
//! wasm imports functions from its JavaScript.
//!
//! Not a JavaScript minifier: wasm-bindgen's output is one statement a line, and brotli does the rest. The names are worth
//! it because each ends in a hash, which no compression makes smaller, and stands in both files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use walrus::{Import, Module};

use super::unused::without_unused;

/// No identifier of wasm-bindgen's starts with it; alone it opens a placeholder in a template.
const PREFIX: &str = "$";

/// How the exports' names begin by which JavaScript calls closures; each has the hash of a crate in it, several times.
const CLOSURE: &str = "wasm_bindgen_";

/// Rewrites both files in their places.
pub(super) fn make_plain(wasm: &Path, js: &Path) -> Result<()> {
    let mut module = Module::from_file(wasm)?;
    let text = without_unused(&std::fs::read_to_string(js)?);
    let taken = |word: &str| {
        word.strip_prefix(PREFIX)
            .is_some_and(|rest| !rest.is_empty())
    };
    if identifiers(&text).any(taken) {
        bail!("the bindings use names that start with {PREFIX}");
    }
    let names = shorten(&mut module);
    std::fs::write(js, without_comments(&renamed(&text, &names)))?;
    module.emit_wasm_file(wasm)
}

/// Gives every import that wasm-bindgen made a short name, and every export to call a closure; returns which one.
fn shorten(module: &mut Module) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let generated = |import: &&mut Import| import.name.starts_with("__wb");
    for import in module.imports.iter_mut().filter(generated) {
        let next = format!("{PREFIX}{}", names.len());
        let short = names.entry(import.name.clone()).or_insert(next);
        import.name.clone_from(short);
    }
    for export in module.exports.iter_mut() {
        if export.name.starts_with(CLOSURE) {
            let next = format!("{PREFIX}{}", names.len());
            names.insert(export.name.clone(), next);
        }
        // A name that is imported too stands for two things in the JavaScript.
        if let Some(short) = names.get(&export.name) {
            export.name.clone_from(short);
        }
    }
    names
}

fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    identifiers(text)
        .map(|word| names.get(word).map_or(word, String::as_str))
        .collect()
}

/// Splits `text` into words of identifiers' characters and what is between them.
pub(super) fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_word = rest.starts_with(belongs);
        let end = rest.find(|c| belongs(c) != is_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// Lines that are comments go, and so does the space around the others. A template over several lines would suffer, so
/// a text that has one stays as it is.
fn without_comments(text: &str) -> String {
    if text.lines().any(|line| line.matches('`').count() % 2 != 0) {
        return text.to_owned();
    }
    let comment = |line: &&str| {
        ["//", "/**", "* ", "*/"]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && *line != "*" && !comment(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_replaced() {
        let names = BTreeMap::from([("__wbg_x_1f".to_owned(), "$0".to_owned())]);
        assert_eq!(
            renamed("a = { __wbg_x_1f: function() { __wbg_x_1f2(); } };", &names),
            "a = { $0: function() { __wbg_x_1f2(); } };"
        );
    }

    #[test]
    fn comments_and_indentation_go_and_code_stays() {
        let text = "/**\n * @param {x} a\n */\nf(a) {\n    // why\n    return `${a} // kept`;\n}\n";
        assert_eq!(without_comments(text), "f(a) {\nreturn `${a} // kept`;\n}");
        let template = "a = `one\n    two`;\n// three\n";
        assert_eq!(without_comments(template), template);
    }

    #[test]
    fn imports_get_short_names_and_what_is_exported_under_the_same_follows() {
        let mut module = Module::default();
        let signature = module.types.add(&[], &[]);
        let (function, _) = module.add_import_func("./a.js", "__wbg_a_00", signature);
        module.add_import_func("./a.js", "__wbg_b_00", signature);
        module.exports.add("__wbg_b_00", function);
        module.exports.add("kept", function);
        module.exports.add("wasm_bindgen_00_invoke", function);
        let names = shorten(&mut module);
        assert_eq!(names.get("__wbg_b_00").map(String::as_str), Some("$1"));
        let found: Vec<_> = module.imports.iter().map(|i| i.name.as_str()).collect();
        assert_eq!(found, ["$0", "$1"]);
        let mut found: Vec<_> = module.exports.iter().map(|e| e.name.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, ["$1", "$2", "kept"]);
    }
}
