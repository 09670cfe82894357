//! Every Rust file says what it is; every payload file names its specification.

use super::{Finding, Tree};

/// The first line of code-like text is a `//!` that says something.
pub(crate) fn modules(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust().filter(|file| !file.is_test()) {
        let header = file.text.lines().find(|line| !line.trim().is_empty());
        let says = header.and_then(|line| line.strip_prefix("//!")).map(str::trim);
        match says {
            None => findings.push(Finding::at(&file.path, 1, "starts without a `//!` header")),
            Some(text) if text.is_empty() || text.starts_with("TODO") => {
                findings.push(Finding::at(&file.path, 1, "its `//!` header says nothing"));
            }
            Some(_) => {}
        }
    }
}

/// `//! XEP-0444: Message Reactions`, or the RFC for what an RFC defines.
pub(crate) fn xeps(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.rust() {
        if !file.below("crates/xmpp/src/xep/") || file.name() == "mod.rs" || file.is_test() {
            continue;
        }
        let header = file.text.lines().next().unwrap_or_default();
        if !names_specification(header) {
            let message =
                "the first line must name the specification: `//! XEP-0444: Message Reactions` or `//! RFC 6121: …`";
            findings.push(Finding::at(&file.path, 1, message));
        }
    }
}

fn names_specification(header: &str) -> bool {
    let Some(text) = header.strip_prefix("//! ") else {
        return false;
    };
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
    if let Some(rest) = text.strip_prefix("XEP-") {
        return number(rest) == 4 && rest[4..].starts_with(": ") && rest.len() > 6;
    }
    text.strip_prefix("RFC ").is_some_and(|rest| number(rest) == 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings;

    #[test]
    fn a_missing_or_empty_header_is_found() {
        let files = [
            ("a.rs", "//! Says something.\n"),
            ("b.rs", "use std::fmt;\n"),
            ("c.rs", "//!\n"),
            ("d.rs", "//! TODO header\n"),
            ("e.ts", "export {}\n"),
        ];
        let found = findings(modules, &files);
        let paths: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["b.rs", "c.rs", "d.rs"]);
    }

    #[test]
    fn a_payload_without_its_specification_is_found() {
        let files = [
            ("crates/xmpp/src/xep/mod.rs", "//! Payloads.\n"),
            ("crates/xmpp/src/xep/reactions.rs", "//! XEP-0444: Message Reactions (0.2)\n"),
            ("crates/xmpp/src/xep/roster.rs", "//! RFC 6121 §2: roster\n"),
            ("crates/xmpp/src/xep/mam.rs", "//! Message archive\n"),
            ("crates/xmpp/src/xep/sm.rs", "//! XEP-198: Stream Management\n"),
        ];
        let found = findings(xeps, &files);
        let paths: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["crates/xmpp/src/xep/mam.rs", "crates/xmpp/src/xep/sm.rs"]);
    }
}
