//! The command line of the workshop. Not clap: xtask must build in seconds, and there are five commands.

use anyhow::{Context, Result, bail};

/// What `cargo xtask help` prints.
pub(crate) const HELP: &str = "\
Inkroom's workshop

  cargo xtask run [-- ARGS]         build what changed, then `inkroom serve ARGS` at http://localhost:3000
  cargo xtask build [--release]     build; with --release one file with everything in it, target/release/inkroom
  cargo xtask test [--only SUITE] [FILTER]
                                    set up and run all tests, or one of: board, server, workshop, browser;
                                    FILTER is a part of a test's name
  cargo xtask size                  build a release's client and say what it weighs; too much is an error
  cargo xtask lint                  formatting, clippy (native and wasm), documentation; warnings are errors";

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Run {
        serve: Vec<String>,
    },
    Build {
        release: bool,
    },
    Test {
        only: Option<Suite>,
        filter: Option<String>,
    },
    Size,
    Lint,
}

/// A part of the tests that can run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    Board,
    Server,
    Workshop,
    Browser,
}

impl Suite {
    /// All of them, the quickest first.
    pub(crate) const ALL: [Self; 4] = [Self::Board, Self::Workshop, Self::Server, Self::Browser];

    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Server => "server",
            Self::Workshop => "workshop",
            Self::Browser => "browser",
        }
    }
}

/// Reads the command line, without the program's own name.
pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Task> {
    let mut args = args.peekable();
    let command = args.next().unwrap_or_else(|| "help".to_owned());
    match command.as_str() {
        "help" | "--help" | "-h" => Ok(Task::Help),
        "run" => {
            args.next_if(|arg| arg == "--");
            Ok(Task::Run {
                serve: args.collect(),
            })
        }
        "build" => build(args),
        "test" => test(args),
        "size" => nothing_more(args).map(|()| Task::Size),
        "lint" => nothing_more(args).map(|()| Task::Lint),
        other => bail!("there is no command `{other}`; `cargo xtask help` lists them"),
    }
}

fn build(mut args: impl Iterator<Item = String>) -> Result<Task> {
    match args.next().as_deref() {
        None => Ok(Task::Build { release: false }),
        Some("--release") => nothing_more(args).map(|()| Task::Build { release: true }),
        Some(other) => bail!("`build` knows only --release, not `{other}`"),
    }
}

fn test(mut args: impl Iterator<Item = String>) -> Result<Task> {
    let (mut only, mut filter) = (None, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--only" => only = Some(suite(args.next().as_deref())?),
            word if word.starts_with('-') => bail!("`test` does not know `{word}`"),
            _ if filter.is_some() => bail!("`test` takes one FILTER"),
            _ => filter = Some(arg),
        }
    }
    Ok(Task::Test { only, filter })
}

fn suite(name: Option<&str>) -> Result<Suite> {
    let named = Suite::ALL
        .into_iter()
        .find(|suite| Some(suite.name()) == name);
    named.context("--only takes board, server, workshop or browser")
}

fn nothing_more(mut args: impl Iterator<Item = String>) -> Result<()> {
    match args.next() {
        None => Ok(()),
        Some(arg) => bail!("`{arg}` is one word too many"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Task> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn run_passes_everything_after_the_dashes_to_the_server() {
        let serve = vec!["--listen".to_owned(), "127.0.0.1:0".to_owned()];
        assert_eq!(
            read("run -- --listen 127.0.0.1:0").unwrap(),
            Task::Run {
                serve: serve.clone()
            }
        );
        assert_eq!(
            read("run --listen 127.0.0.1:0").unwrap(),
            Task::Run { serve }
        );
    }

    #[test]
    fn test_takes_a_suite_and_a_filter() {
        let task = Task::Test {
            only: Some(Suite::Board),
            filter: Some("undo".to_owned()),
        };
        assert_eq!(read("test --only board undo").unwrap(), task);
        assert_eq!(
            read("test").unwrap(),
            Task::Test {
                only: None,
                filter: None
            }
        );
    }

    #[test]
    fn unknown_words_are_refused() {
        for line in [
            "paint",
            "build --fast",
            "build --release now",
            "test --only moon",
            "test a b",
            "lint x",
            "size x",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
