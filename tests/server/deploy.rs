//! What the deploy folder says about flags and variables is what the program takes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

/// Variables of the deploy folder's own: for Caddy and compose.
const OWN: [&str; 3] = ["INKROOM_HOST", "INKROOM_IMAGE", "INKROOM_UPSTREAMS"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        // Somebody's own secrets, not the repository's.
        .filter(|path| !path.ends_with(".env"))
        .collect()
}

/// Everything that is read by people or machines when a server is set up.
fn texts() -> Vec<String> {
    let mut all = files(&root().join("deploy"));
    all.extend(files(&root().join(".github")));
    all.push(root().join("docs/deploy.md"));
    all.iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// The words of `text` that begin with `prefix` and go on with what `is_part` takes.
fn words(text: &str, prefix: &str, is_part: impl Fn(char) -> bool) -> Vec<String> {
    let after = text.split(prefix).skip(1);
    after
        .map(|rest| {
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            format!("{prefix}{}", &rest[..end])
        })
        .collect()
}

fn defined() -> clap::Command {
    inkroom::Config::augment_args(clap::Command::new("serve"))
}

#[test]
fn every_variable_that_the_deploy_folder_sets_is_one_of_the_program() {
    let defined: BTreeSet<_> = defined()
        .get_arguments()
        .map(|flag| flag.get_env().unwrap().to_str().unwrap().to_owned())
        .collect();
    let is_part = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let named: BTreeSet<_> = texts()
        .iter()
        .flat_map(|text| words(text, "INKROOM_", is_part))
        .filter(|name| !OWN.contains(&name.as_str()))
        .collect();
    assert!(named.contains("INKROOM_SECRET"), "something was read");
    let unknown: Vec<_> = named.difference(&defined).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_flag_that_the_deploy_folder_gives_to_the_program_is_one_of_it() {
    let defined: BTreeSet<_> = defined()
        .get_arguments()
        .map(|flag| format!("--{}", flag.get_long().unwrap()))
        .collect();
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '-';
    let mut named = BTreeSet::new();
    for text in texts() {
        let text = text.replace("\\\n", " ");
        // Of other programs' flags nothing is known here: only those in a command that serves, and those in backticks.
        for line in text.lines().filter(|line| line.contains("inkroom serve")) {
            named.extend(words(line, "--", is_part));
        }
        named.extend(
            words(&text, "`--", is_part)
                .into_iter()
                .map(|name| name[1..].to_owned()),
        );
    }
    assert!(named.contains("--listen"), "something was read");
    let unknown: Vec<_> = named.difference(&defined).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
