//! `cargo xtask tidy`: the rules of the house that a machine can keep.
//!
//! A rule looks at a [`Tree`] of texts and pushes [`Finding`]s; it does no IO, so that each has a test that shows it a
//! violation. [`layers`] alone asks cargo first. To add a rule, write a file and add a line to [`RULES`].

mod elements;
mod headers;
mod layers;
mod names;
mod project;
mod registries;
mod sizes;
mod tree;
mod views;

use std::fmt;
use std::process::ExitCode;

use crate::test::Counts;
use crate::workspace::Workspace;
pub(crate) use tree::Tree;

type Rule = fn(&Tree, &mut Vec<Finding>);

const RULES: &[(&str, Rule)] = &[
    ("file sizes", sizes::check),
    ("module headers", headers::modules),
    ("XEP headers", headers::xeps),
    ("forbidden names", names::layers),
    ("unfinished work", names::unfinished),
    ("machine paths", names::machine_paths),
    ("markup from strings", elements::check),
    ("macros and hooks of views", views::check),
    ("registries", registries::check),
    ("vectors", registries::vectors),
    ("project files", project::check),
];

/// Something that a rule found.
#[derive(Debug)]
pub(crate) struct Finding {
    path: String,
    line: Option<usize>,
    message: String,
    /// A warning is printed and fails nothing.
    warning: bool,
}

impl Finding {
    fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), message: message.into(), warning: false }
    }

    fn in_file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into(), warning: false }
    }

    fn into_warning(mut self) -> Self {
        self.warning = true;
        self
    }
}

/// What every rule found.
pub(crate) struct Report {
    rules: Vec<(&'static str, Vec<Finding>)>,
}

impl Report {
    /// Each rule is one check.
    pub(crate) fn counts(&self) -> Counts {
        let failed = self.rules.iter().filter(|(_, findings)| broken(findings)).count() as u64;
        Counts { passed: self.rules.len() as u64 - failed, failed }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rule, findings) in &self.rules {
            for finding in findings {
                let kind = if finding.warning { "warning" } else { "error" };
                write!(f, "{kind}: {}", finding.path)?;
                if let Some(line) = finding.line {
                    write!(f, ":{line}")?;
                }
                writeln!(f, ": {} [{rule}]", finding.message)?;
            }
        }
        let counts = self.counts();
        writeln!(f, "tidy: {} rules kept, {} broken", counts.passed, counts.failed)
    }
}

/// Checks every rule on the working copy.
///
/// # Errors
/// When the working copy can't be read or cargo can't list the dependencies.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Report> {
    let tree = Tree::read(workspace.root())?;
    let mut rules = Vec::new();
    for (name, rule) in RULES {
        let mut findings = Vec::new();
        rule(&tree, &mut findings);
        rules.push((*name, findings));
    }
    rules.push(("layers", layers::check(workspace)?));
    Ok(Report { rules })
}

/// The command: prints what was found.
///
/// # Errors
/// As [`check`].
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let report = check(workspace)?;
    print!("{report}");
    Ok(if report.counts().failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn broken(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| !finding.warning)
}

/// Runs one rule on a small tree; for the tests of the rules.
#[cfg(test)]
fn findings(rule: Rule, files: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    rule(&Tree::of(files), &mut findings);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_breaks_no_rule() {
        let warning = Finding::at("a.rs", 1, "long").into_warning();
        let error = Finding::in_file("b.rs", "too long");
        let report = Report { rules: vec![("one", vec![warning]), ("two", vec![error])] };
        assert_eq!(report.counts(), Counts { passed: 1, failed: 1 });
        let text = report.to_string();
        assert!(text.contains("warning: a.rs:1: long [one]"));
        assert!(text.contains("error: b.rs: too long [two]"));
    }
}
