//! Files that a stranger looks for first.

use super::{Finding, Tree};

const FILES: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "crates/ARCHITECTURE.md",
    "Cargo.lock",
    "web-component/package-lock.json",
    "e2e/package-lock.json",
];

pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for path in FILES {
        if tree.file(path).is_none_or(|file| file.text.trim().is_empty()) {
            findings.push(Finding::in_file(path, "is missing or empty"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings;

    #[test]
    fn missing_and_empty_files_are_found() {
        let mut files: Vec<(&str, &str)> = FILES.iter().map(|path| (*path, "text")).collect();
        assert!(findings(check, &files).is_empty());
        files[0].1 = " \n";
        files.pop();
        assert_eq!(findings(check, &files).len(), 2);
    }
}
