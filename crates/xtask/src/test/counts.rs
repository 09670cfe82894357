//! How many checks passed and failed, read from what test runners print.

use std::ops::AddAssign;

use crate::process::Outcome;

/// Passed and failed checks of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Counts {
    /// One check that passed.
    pub(crate) fn success() -> Self {
        Self { passed: 1, failed: 0 }
    }

    /// One check that failed.
    pub(crate) fn failure() -> Self {
        Self { passed: 0, failed: 1 }
    }

    /// A program that is one check by itself.
    pub(crate) fn of_program(outcome: &Outcome) -> Self {
        if outcome.success { Self::success() } else { Self::failure() }
    }

    /// Sums the `test result:` lines of `cargo test`. An ignored test counts as failed: nothing may be skipped silently.
    pub(crate) fn of_cargo_test(outcome: &Outcome) -> Self {
        let mut counts = Self::default();
        for line in outcome.output.lines() {
            if let Some(result) = line.strip_prefix("test result: ") {
                counts.passed += number_before(result, " passed");
                counts.failed += number_before(result, " failed") + number_before(result, " ignored");
            }
        }
        counts.checked_against(outcome.success)
    }

    /// Sums the closing lines of Playwright (`  3 passed (4.2s)`). A flaky, skipped or interrupted test counts as failed.
    pub(crate) fn of_playwright(outcome: &Outcome) -> Self {
        let mut counts = Self::default();
        for line in outcome.output.lines() {
            let mut words = line.split_whitespace();
            let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<u64>), words.next()) else {
                continue;
            };
            // Only the closing lines are two words, with at most a time behind them.
            if words.next().is_some_and(|rest| !rest.starts_with('(') && word != "did") {
                continue;
            }
            match word {
                "passed" => counts.passed += number,
                "failed" | "flaky" | "skipped" | "interrupted" | "did" => counts.failed += number,
                _ => {}
            }
        }
        counts.checked_against(outcome.success)
    }

    /// A runner that ended badly without naming a failure (it did not compile, it crashed) has failed once, and so has one
    /// that ran nothing.
    fn checked_against(mut self, success: bool) -> Self {
        if self.failed == 0 && (!success || self.passed == 0) {
            self.failed = 1;
        }
        self
    }
}

fn number_before(text: &str, word: &str) -> u64 {
    text.split(word)
        .next()
        .filter(|before| before.len() < text.len())
        .and_then(|before| before.rsplit(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(success: bool, output: &str) -> Outcome {
        Outcome { success, output: output.to_owned() }
    }

    #[test]
    fn cargo_results_are_summed() {
        let text = "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
                    test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        let counts = Counts::of_cargo_test(&outcome(false, text));
        assert_eq!(counts, Counts { passed: 15, failed: 3 });
    }

    #[test]
    fn what_does_not_compile_has_failed() {
        let counts = Counts::of_cargo_test(&outcome(false, "error: could not compile"));
        assert_eq!(counts, Counts::failure());
    }

    #[test]
    fn a_run_without_tests_has_failed() {
        let text = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(Counts::of_cargo_test(&outcome(true, text)), Counts::failure());
        assert_eq!(Counts::of_playwright(&outcome(true, "")), Counts::failure());
    }

    #[test]
    fn playwright_results_are_summed() {
        let text = "  ✓  1 [chromium] › chat.spec.ts:3:1 › two people chat (2.1s)\n  2 failed\n    [chromium] › a.spec.ts\n  \
                    1 skipped\n  1 did not run\n  30 passed (1.2m)\n";
        let counts = Counts::of_playwright(&outcome(false, text));
        assert_eq!(counts, Counts { passed: 30, failed: 4 });
    }
}
