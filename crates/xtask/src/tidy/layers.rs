//! Dependencies point downwards: `xmpp ← xmpp-stream ← {xmpp-client, xmpp-host} ← {chat-ui, web-component, server}`.

use super::Finding;
use crate::process::{cargo, command, read};
use crate::workspace::Workspace;

/// Each crate of the workspace and which others of it may be used from its `src/`.
const ALLOWED: &[(&str, &[&str])] = &[
    ("xmpp", &[]),
    ("xmpp-stream", &["xmpp"]),
    ("xmpp-client", &["xmpp", "xmpp-stream"]),
    ("xmpp-host", &["xmpp", "xmpp-stream"]),
    ("xmpp-testkit", &["xmpp", "xmpp-stream", "xmpp-client", "xmpp-host"]),
    ("chat-ui", &["xmpp", "xmpp-client", "view-macro"]),
    ("view-macro", &[]),
    ("converse-chat", &["xmpp", "xmpp-stream", "xmpp-client", "chat-ui"]),
    ("converse-server", &["xmpp", "xmpp-stream", "xmpp-host"]),
    ("xtask", &[]),
];

/// Crates whose bytes every visitor of a page downloads.
const IN_THE_BROWSER: &[&str] = &["xmpp", "xmpp-stream", "xmpp-client", "chat-ui", "converse-chat"];
/// Each costs more than the whole XML layer; the page has its own (`Intl`, `URL`, `JSON`).
const TOO_HEAVY: &[&str] =
    &["regex", "chrono", "time", "serde_json", "url", "idna", "stringprep", "jid", "xmpp-parsers", "tokio"];

/// Asks cargo for the direct dependencies of each crate, tests aside, and checks them.
///
/// # Errors
/// When cargo can't answer.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let mut ask = command(cargo(), workspace.root());
    ask.args(["tree", "--workspace", "--depth", "1", "--edges", "normal,build", "--prefix", "depth"]);
    ask.args(["--target", "all", "--all-features", "--no-dedupe", "--format", "{p}"]);
    Ok(broken(&edges(&read(&mut ask)?)))
}

/// Reads lines like `0xmpp v0.1.0 (…)` and `1quick-xml v0.42.0`.
fn edges(listing: &str) -> Vec<(String, String)> {
    let mut edges = Vec::new();
    let mut from = String::new();
    for line in listing.lines() {
        let Some(name) = line.split_whitespace().next() else {
            continue;
        };
        if let Some(name) = name.strip_prefix('0') {
            from = name.to_owned();
            edges.push((from.clone(), String::new()));
        } else if let Some(name) = name.strip_prefix('1') {
            edges.push((from.clone(), name.to_owned()));
        }
    }
    edges
}

fn broken(edges: &[(String, String)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (from, to) in edges {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == from) else {
            if to.is_empty() {
                findings.push(Finding::in_file(
                    "Cargo.toml",
                    format!("the layer of the crate {from} is not known: say it in tidy"),
                ));
            }
            continue;
        };
        let ours = ALLOWED.iter().any(|(name, _)| name == to);
        if ours && !allowed.contains(&to.as_str()) {
            findings.push(Finding::in_file("Cargo.toml", format!("{from} must not depend on {to}")));
        }
        if IN_THE_BROWSER.contains(&from.as_str()) && TOO_HEAVY.contains(&to.as_str()) {
            findings
                .push(Finding::in_file("Cargo.toml", format!("{from} goes into the browser: {to} is too heavy there")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upward_dependencies_are_found() {
        let listing = "0xmpp v0.1.0 (/x)\n1quick-xml v0.42.0\n1xmpp-stream v0.1.0 (/x)\n\n0xmpp-host v0.1.0 (/x)\n1xmpp v0.1.0\n\
                       1xmpp-client v0.1.0\n\n0chat-ui v0.1.0 (/x)\n1regex v1.0.0\n";
        let messages: Vec<String> = broken(&edges(listing)).into_iter().map(|finding| finding.message).collect();
        assert_eq!(
            messages,
            [
                "xmpp must not depend on xmpp-stream",
                "xmpp-host must not depend on xmpp-client",
                "chat-ui goes into the browser: regex is too heavy there",
            ]
        );
    }

    #[test]
    fn a_new_crate_needs_a_layer() {
        let found = broken(&edges("0xmpp-extras v0.1.0 (/x)\n1xmpp v0.1.0\n"));
        assert_eq!(found.len(), 1);
    }
}
