//! Files of one idea: 500 lines warn, 800 fail. Tests are not counted.

use super::{Finding, Tree, tree::File};

const WARN: usize = 500;
const FAIL: usize = 800;
const KINDS: &[&str] = &["rs", "ts", "mjs", "js", "css"];

pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files() {
        if file.is_test() || !KINDS.iter().any(|kind| file.is(kind)) {
            continue;
        }
        let lines = counted(file);
        if lines > FAIL {
            findings.push(Finding::in_file(&file.path, format!("{lines} lines, {FAIL} is the cap: split it by idea")));
        } else if lines > WARN {
            let message = format!("{lines} lines: think of splitting it");
            findings.push(Finding::in_file(&file.path, message).into_warning());
        }
    }
}

/// The lines before the tests, which come last in a file.
fn counted(file: &File) -> usize {
    let mut lines = file.text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let next_is_module = lines.peek().is_some_and(|(_, next)| next.starts_with("mod "));
        if line == "#[cfg(test)]" && next_is_module {
            return index;
        }
    }
    file.text.lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings;

    #[test]
    fn long_files_warn_and_longer_ones_fail() {
        let long = "x\n".repeat(501);
        let too_long = "x\n".repeat(801);
        let found = findings(check, &[("a.rs", &long), ("b.rs", &too_long), ("c.rs", "x\n")]);
        assert_eq!(found.len(), 2);
        assert!(found[0].warning);
        assert!(!found[1].warning && found[1].path == "b.rs");
    }

    #[test]
    fn tests_are_not_counted() {
        let text = format!("x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(900));
        let long = "x\n".repeat(900);
        let found = findings(check, &[("a.rs", &text), ("crates/xmpp/tests/b.rs", &long)]);
        assert!(found.is_empty(), "{found:?}");
    }
}
