//! The table at the end, and the last line that other programs read.

use std::fmt;
use std::time::Duration;

use crate::test::counts::Counts;

/// What each step came to.
#[derive(Default)]
pub(crate) struct Summary {
    rows: Vec<(&'static str, Counts, Duration)>,
}

impl Summary {
    /// Adds a finished step.
    pub(crate) fn add(&mut self, name: &'static str, counts: Counts, time: Duration) {
        self.rows.push((name, counts, time));
    }

    /// Whether no step ran.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many checks failed in all steps.
    pub(crate) fn failed(&self) -> u64 {
        self.rows.iter().map(|(_, counts, _)| counts.failed).sum()
    }

    fn passed(&self) -> u64 {
        self.rows.iter().map(|(_, counts, _)| counts.passed).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        writeln!(f, "\n== summary ==")?;
        for (name, counts, time) in &self.rows {
            let verdict = if counts.failed == 0 { "ok" } else { "FAILED" };
            writeln!(
                f,
                "{name:width$}  {:>5} passed  {:>3} failed  {:>7}  {verdict}",
                counts.passed,
                counts.failed,
                clock(*time)
            )?;
        }
        let total = self.rows.iter().map(|(.., time)| *time).sum();
        writeln!(f, "{:width$}  {:>32}", "in all", clock(total))?;
        writeln!(f, "{} passed, {} failed", self.passed(), self.failed())
    }
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_sum() {
        let mut summary = Summary::default();
        summary.add("format", Counts::success(), Duration::from_secs(3));
        summary.add("cargo test", Counts { passed: 40, failed: 2 }, Duration::from_secs(75));
        let text = summary.to_string();
        assert_eq!(text.lines().last(), Some("41 passed, 2 failed"));
        assert!(text.contains("1:15"));
        assert!(text.contains("FAILED"));
    }
}
