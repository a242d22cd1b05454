//! Counts what every test runner says of itself, for one last line about all of them.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// A runner that could not even run its tests.
    pub(crate) const BROKEN: Self = Self {
        passed: 0,
        failed: 1,
    };

    /// Both together.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// This, or one failure where the runner ended badly without naming any: it could not compile, or it crashed.
    pub(crate) fn given(self, success: bool) -> Self {
        match (success, self.failed) {
            (false, 0) => Self { failed: 1, ..self },
            _ => self,
        }
    }

    /// Reads one line of cargo's: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn of_cargo_line(line: &str) -> Option<Self> {
        let (_, counts) = line
            .trim()
            .strip_prefix("test result: ")?
            .split_once(". ")?;
        Some(Self {
            passed: count(counts, "passed")?,
            failed: count(counts, "failed")?,
        })
    }

    /// Reads Playwright's JSON report. A test that passed only when tried again has passed.
    pub(crate) fn of_playwright(report: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(report).context("Playwright left no report")?;
        let report: Value =
            serde_json::from_str(&text).context("Playwright's report is not JSON")?;
        let count = |name| {
            report
                .pointer(&format!("/stats/{name}"))
                .and_then(Value::as_u64)
        };
        let (expected, flaky, unexpected) =
            (count("expected"), count("flaky"), count("unexpected"));
        let passed = expected
            .zip(flaky)
            .map(|(expected, flaky)| expected + flaky);
        let (passed, failed) = passed
            .zip(unexpected)
            .context("Playwright's report has no totals")?;
        Ok(Self { passed, failed })
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn count(counts: &str, what: &str) -> Option<u64> {
    let part = counts
        .split(';')
        .find_map(|part| part.trim().strip_suffix(what))?;
    part.trim().parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cargos_lines_are_counted_and_no_others() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s";
        assert_eq!(
            Tally::of_cargo_line(line),
            Some(Tally {
                passed: 12,
                failed: 3
            })
        );
        assert_eq!(Tally::of_cargo_line("test wire::round_trip ... ok"), None);
        assert_eq!(Tally::of_cargo_line("test result: of another kind"), None);
    }

    #[test]
    fn a_bad_end_is_never_a_pass() {
        let clean = Tally {
            passed: 5,
            failed: 0,
        };
        assert_eq!(clean.given(true), clean);
        assert_eq!(
            clean.given(false),
            Tally {
                passed: 5,
                failed: 1
            }
        );
        assert_eq!(
            Tally {
                passed: 5,
                failed: 2
            }
            .given(false),
            Tally {
                passed: 5,
                failed: 2
            }
        );
    }

    #[test]
    fn playwrights_report_is_counted_and_a_strange_one_refused() {
        let file = std::env::temp_dir().join(format!("inkroom-tally-{}.json", std::process::id()));
        std::fs::write(
            &file,
            r#"{"stats": {"expected": 4, "unexpected": 1, "flaky": 2, "skipped": 3}}"#,
        )
        .unwrap();
        assert_eq!(
            Tally::of_playwright(&file).unwrap(),
            Tally {
                passed: 6,
                failed: 1
            }
        );
        std::fs::write(&file, r#"{"stats": {}}"#).unwrap();
        assert!(Tally::of_playwright(&file).is_err());
        std::fs::remove_file(&file).unwrap();
        assert!(Tally::of_playwright(&file).is_err());
    }

    #[test]
    fn the_last_line_is_plain() {
        assert_eq!(
            Tally {
                passed: 7,
                failed: 0
            }
            .to_string(),
            "7 passed, 0 failed"
        );
    }
}
