//! Names that must not be named: libraries of another layer, unfinished work, places on somebody's machine.

use super::{Finding, Tree, tree::File};

/// This folder spells what it forbids.
const OURSELVES: &str = "crates/xtask/src/tidy/";

/// Names, whether they are forbidden in a file, and why.
type Boundary = (&'static [&'static str], fn(&File) -> bool, &'static str);

/// Invariants 1 and 3 of the design.
const LAYERS: &[Boundary] = &[
    (
        &["tokio", "web_sys", "web-sys", "js_sys", "js-sys", "wasm_bindgen", "wasm-bindgen"],
        |file| file.below("crates/") && !file.below("crates/chat-ui/") && !file.below("crates/xtask/"),
        "machines do no IO: only the shells and chat-ui know this library",
    ),
    (
        &["quick_xml", "quick-xml"],
        |file| {
            !file.below("crates/xmpp/src/xml/") && file.path != "crates/xmpp/Cargo.toml" && file.path != "Cargo.toml"
        },
        "only crates/xmpp/src/xml/ knows the XML library",
    ),
    (&["JsValue"], |file| !file.below("web-component/"), "only web-component handles JavaScript values"),
];

const UNFINISHED_RUST: &[&str] = &["todo!", "unimplemented!", "#[ignore"];
const UNFINISHED_SCRIPT: &[&str] = &[".skip(", ".only(", ".fixme(", ".todo("];

/// Libraries outside their layer.
pub(crate) fn layers(tree: &Tree, findings: &mut Vec<Finding>) {
    let ours = |file: &&File| {
        (file.is("rs") || file.name() == "Cargo.toml") && !file.below("crates/xtask/") && file.path != "Cargo.toml"
    };
    for file in tree.files().filter(ours) {
        for (words, applies, reason) in LAYERS {
            if !applies(file) {
                continue;
            }
            for (number, line) in file.code() {
                if let Some(word) = words.iter().find(|word| holds_word(line, word)) {
                    findings.push(Finding::at(&file.path, number, format!("names {word}: {reason}")));
                }
            }
        }
    }
}

/// Work that is left for later and tests that don't run.
pub(crate) fn unfinished(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files().filter(|file| !file.below(OURSELVES)) {
        let words = match () {
            () if file.is("rs") => UNFINISHED_RUST,
            () if file.is("ts") || file.is("mjs") || file.is("js") => UNFINISHED_SCRIPT,
            () => continue,
        };
        for (number, line) in file.code() {
            if let Some(word) = words.iter().find(|word| line.contains(**word)) {
                findings.push(Finding::at(
                    &file.path,
                    number,
                    format!("`{word}`: nothing unfinished, no test left out"),
                ));
            }
        }
    }
}

/// Absolute paths of one machine.
pub(crate) fn machine_paths(tree: &Tree, findings: &mut Vec<Finding>) {
    for file in tree.files().filter(|file| !file.below(OURSELVES)) {
        for (number, line) in file.lines() {
            for place in ["/root/", "/home/", "/work/", "/Users/"] {
                if holds_path(line, place) {
                    findings.push(Finding::at(&file.path, number, format!("names {place}…, a place on one machine")));
                }
            }
        }
    }
}

/// Whether `word` stands in `line` with no letter, digit, `_` or `-` on either side.
fn holds_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

/// Whether an absolute path begins with `place`; a folder of the same name inside another path does not count.
fn holds_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')' | '*'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings;

    #[test]
    fn io_in_a_machine_is_found() {
        let files = [
            ("crates/xmpp-client/src/client.rs", "use tokio::net::TcpStream;\n"),
            ("crates/xmpp-host/Cargo.toml", "web-sys.workspace = true\n"),
            ("crates/chat-ui/src/app.rs", "use web_sys::Element;\n"),
            ("crates/xmpp/src/lib.rs", "// unlike tokio, this\nlet tokio_like = 1;\n"),
            ("server/src/main.rs", "use tokio::net::TcpStream;\n"),
        ];
        let found = findings(layers, &files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].path, "crates/xmpp-client/src/client.rs");
        assert_eq!(found[1].path, "crates/xmpp-host/Cargo.toml");
    }

    #[test]
    fn the_xml_library_is_named_in_one_folder() {
        let files = [
            ("crates/xmpp/src/xml/reader.rs", "use quick_xml::Reader;\n"),
            ("crates/xmpp/src/stanza/iq.rs", "use quick_xml::Reader;\n"),
            ("server/Cargo.toml", "quick-xml.workspace = true\n"),
        ];
        let found = findings(layers, &files);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn javascript_values_stay_in_the_shell() {
        let files = [
            ("web-component/src/lib.rs", "use wasm_bindgen::JsValue;\n"),
            ("crates/chat-ui/src/app.rs", "fn f(v: JsValue) {}\n"),
        ];
        let found = findings(layers, &files);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/chat-ui/src/app.rs");
    }

    #[test]
    fn unfinished_work_is_found() {
        let files = [
            ("crates/xmpp/src/lib.rs", "fn f() { todo!() }\n#[test]\n#[ignore = \"slow\"]\nfn t() {}\n"),
            ("e2e/tests/chat.spec.ts", "test.only('x', () => {});\ntest('y', () => {});\n"),
            ("server/src/main.rs", "// todo! would be wrong here\n"),
        ];
        assert_eq!(findings(unfinished, &files).len(), 3);
    }

    #[test]
    fn machine_paths_are_found() {
        let files = [
            ("README.md", "see /home/anna/chat\n"),
            ("docs.md", "https://example.org/home/ and ./work/ and network/work/\n"),
        ];
        let found = findings(machine_paths, &files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, "README.md");
    }
}
