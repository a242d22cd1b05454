//! What the README says about flags is what the program takes.

use std::collections::BTreeMap;
use std::process::Command;

use clap::Args;

const README: &str = include_str!("../../README.md");

/// Of each flag: its variable and its default, where it has a plain one.
type Flags = BTreeMap<String, (String, Option<String>)>;

/// Rows as `| `--flag VALUE` | `VARIABLE` | default | … |`.
fn documented() -> Flags {
    let rows = README.lines().filter_map(|line| line.strip_prefix("| `--"));
    rows.map(|row| {
        let mut cells = row.split('|').map(|cell| cell.trim().trim_matches('`'));
        let flag = cells.next().unwrap().split(' ').next().unwrap();
        let (variable, default) = (cells.next().unwrap(), cells.next().unwrap());
        (flag.into(), (variable.into(), Some(default.into())))
    })
    .collect()
}

fn defined() -> Flags {
    let command = inkroom::Config::augment_args(clap::Command::new("serve"));
    let flags = command.get_arguments().map(|flag| {
        let variable = flag.get_env().unwrap().to_str().unwrap();
        let takes_value = flag.get_action().takes_values();
        let default = flag.get_default_values().first().filter(|_| takes_value);
        let default = default.map(|default| default.to_str().unwrap().to_owned());
        (
            flag.get_long().unwrap().to_owned(),
            (variable.to_owned(), default),
        )
    });
    flags.collect()
}

#[test]
fn the_readme_has_every_flag_with_its_variable_and_default_and_no_other() {
    let mut documented = documented();
    let defined = defined();
    for (flag, (_, default)) in &defined {
        // What has none is explained in words.
        if default.is_none()
            && let Some((_, said)) = documented.get_mut(flag)
        {
            *said = None;
        }
    }
    assert_eq!(documented, defined);
}

#[test]
fn the_program_s_help_has_every_flag_of_the_readme_and_no_other() {
    let output = Command::new(env!("CARGO_BIN_EXE_inkroom"))
        .args(["serve", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let lines = help.lines().map(str::trim_start);
    let mut shown: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("-h, ").unwrap_or(line).strip_prefix("--"))
        .map(|line| line.split([' ', '=']).next().unwrap())
        .filter(|flag| *flag != "help")
        .collect();
    shown.sort_unstable();
    assert_eq!(shown, documented().keys().collect::<Vec<_>>());
}
