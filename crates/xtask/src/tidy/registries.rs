//! One XEP, one name, one file or folder per layer, one registry line: nothing lies in a feature folder unregistered.

use std::collections::BTreeSet;

use super::{Finding, Tree, tree::File};

/// The folder of a layer and whether being declared (`mod name;`) is all, or a registry line must name it too.
const LAYERS: &[(&str, bool)] = &[
    ("crates/xmpp/src/xep/", false),
    ("crates/xmpp-client/src/features/", true),
    ("crates/xmpp-host/src/modules/", true),
    ("crates/chat-ui/src/features/", true),
];

pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for (folder, registered) in LAYERS {
        let names = plugins(tree, folder);
        if names.is_empty() {
            continue;
        }
        let path = format!("{folder}mod.rs");
        let Some(registry) = tree.file(&path) else {
            findings.push(Finding::in_file(&path, "is missing: the registry of this layer"));
            continue;
        };
        for name in names {
            if !declared(registry, &name) {
                findings.push(Finding::in_file(&path, format!("does not declare `mod {name}`")));
            } else if *registered && !mentioned(registry, &name) {
                findings.push(Finding::in_file(&path, format!("has no registry line for {name}")));
            }
        }
    }
}

/// Every payload has examples: `tests/vectors/<name>/*.xml` beside `src/xep/<name>.rs`.
pub(crate) fn vectors(tree: &Tree, findings: &mut Vec<Finding>) {
    for name in plugins(tree, "crates/xmpp/src/xep/") {
        let folder = format!("crates/xmpp/tests/vectors/{name}/");
        if !tree.files().any(|file| file.below(&folder) && file.is("xml")) {
            let path = format!("crates/xmpp/src/xep/{name}.rs");
            findings.push(Finding::in_file(&path, format!("has no vectors in {folder}")));
        }
    }
}

/// The names of the files and folders directly in `folder`.
fn plugins(tree: &Tree, folder: &str) -> BTreeSet<String> {
    tree.rust()
        .filter_map(|file| file.path.strip_prefix(folder))
        .filter_map(|path| match path.split_once('/') {
            Some((name, _)) => Some(name),
            None => path.strip_suffix(".rs"),
        })
        .filter(|name| !matches!(*name, "mod" | "tests"))
        .map(str::to_owned)
        .collect()
}

fn declared(registry: &File, name: &str) -> bool {
    let line = format!("mod {name};");
    registry.code().any(|(_, code)| code.trim().ends_with(&line))
}

fn mentioned(registry: &File, name: &str) -> bool {
    let path = format!("{name}::");
    registry.code().any(|(_, code)| {
        code.match_indices(&path).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings;

    const REGISTRY: &str = "//! Features.\nmod ping;\npub mod mam;\nconst ALL: &[F] = &[ping::new];\n";

    #[test]
    fn an_unregistered_feature_is_found() {
        let files = [
            ("crates/xmpp-client/src/features/mod.rs", REGISTRY),
            ("crates/xmpp-client/src/features/ping/mod.rs", ""),
            ("crates/xmpp-client/src/features/mam/mod.rs", ""),
            ("crates/xmpp-client/src/features/roster.rs", ""),
        ];
        let found = findings(check, &files);
        let messages: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["has no registry line for mam", "does not declare `mod roster`"]);
    }

    #[test]
    fn a_layer_without_registry_is_found() {
        let found = findings(check, &[("crates/xmpp-host/src/modules/ping/mod.rs", "")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/xmpp-host/src/modules/mod.rs");
    }

    #[test]
    fn payloads_are_only_declared() {
        let files = [
            ("crates/xmpp/src/xep/mod.rs", "pub mod ping;\n"),
            ("crates/xmpp/src/xep/ping.rs", ""),
            ("crates/xmpp/src/xep/mam.rs", ""),
        ];
        let found = findings(check, &files);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "does not declare `mod mam`");
    }

    #[test]
    fn a_payload_without_vectors_is_found() {
        let files = [
            ("crates/xmpp/src/xep/ping.rs", ""),
            ("crates/xmpp/src/xep/mam.rs", ""),
            ("crates/xmpp/tests/vectors/ping/ping.xml", "<ping/>"),
        ];
        let found = findings(vectors, &files);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/xmpp/src/xep/mam.rs");
    }
}
