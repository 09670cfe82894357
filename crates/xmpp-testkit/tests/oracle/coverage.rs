//! Which payloads the oracle does not cover, and why. All others have a pair.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// File, type, reason.
const NOT_COVERED: &[(&str, &str, &str)] = &[
    ("bind2", "Inline", "they have no type of its own for it; it passes through theirs in Bind"),
    ("data_forms", "Reported", "they have no reports of several items (XEP-0004 §3.4)"),
    ("data_forms", "Item", "they have no reports of several items (XEP-0004 §3.4)"),
    ("framing", "Close", "they have only the <open/> of RFC 7395"),
    ("hints", "Hint", "they have no XEP-0334"),
    ("last", "LastActivity", "they have no XEP-0012"),
    ("pubsub", "EventConfiguration", "they have no type of its own for it; it passes through theirs in Event"),
    ("pubsub", "EventDelete", "they have no type of its own for it; it passes through theirs in Event"),
    ("pubsub", "EventItems", "they have no type of its own for it; it passes through theirs in Event"),
    ("pubsub", "EventPurge", "they have no type of its own for it; it passes through theirs in Event"),
    ("pubsub", "EventRedirect", "they have no type of its own for it; it passes through theirs in Event"),
    ("pubsub", "OwnerConfigure", "they have no type of its own for it; it passes through theirs in Owner"),
    ("pubsub", "OwnerDefault", "they have no type of its own for it; it passes through theirs in Owner"),
    ("pubsub", "OwnerDelete", "they have no type of its own for it; it passes through theirs in Owner"),
    ("pubsub", "OwnerPurge", "they have no type of its own for it; it passes through theirs in Owner"),
    ("register", "RegisterFeature", "they have no type for the feature (XEP-0077 §8)"),
    ("roster", "RosterVersioning", "they have no type for the feature; it passes through theirs in stream_features"),
    ("roster", "PreApproval", "they have no type for the feature; it passes through theirs in stream_features"),
    ("sasl2", "Abort", "they read its text from an element of another name"),
    ("sasl2", "Authentication", "they know two of its inline features by type, and insist on these types"),
    ("sasl2", "Continue", "they insist on additional data, which XEP-0388 §2.6.3 leaves out"),
    ("sasl2", "Failure", "they take any element for its condition: see differences"),
    ("sasl2", "Inline", "they know two of its features by type, and insist on these types"),
    ("sasl2", "Tasks", "they have no type of its own for it"),
    ("sasl2", "UserAgent", "they insist on an id, and read its texts from elements of other names"),
    ("session", "Session", "they have no RFC 3921; it passes through theirs in stream_features"),
];

#[test]
fn every_payload_is_compared_or_excused() {
    let payloads = payloads();
    assert!(payloads.len() > 50, "the sources are not read as they are written: {payloads:?}");
    let compared: BTreeSet<(String, String)> =
        crate::pairs().iter().map(|pair| (pair.file().into(), pair.ours().into())).collect();
    let excused: BTreeSet<(String, String)> =
        NOT_COVERED.iter().map(|(file, payload, _)| ((*file).into(), (*payload).into())).collect();
    for payload in &payloads {
        let (is_compared, is_excused) = (compared.contains(payload), excused.contains(payload));
        assert!(is_compared || is_excused, "{payload:?} has neither a pair nor a line in NOT_COVERED with a reason");
        assert!(!(is_compared && is_excused), "{payload:?} has a pair and needs no excuse");
    }
    assert_eq!(compared.difference(&payloads).next(), None, "a pair for no payload");
    assert_eq!(excused.difference(&payloads).next(), None, "an excuse for no payload");
}

/// File and type of every payload, from the sources. A file without any counts as a payload of its own name.
fn payloads() -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for path in entries(&xmpp_crate().join("src/xep")) {
        // A payload of several files is a folder.
        let sources = if path.is_dir() { entries(&path) } else { vec![path.clone()] };
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if file == "mod" {
            continue;
        }
        let text: String = sources.iter().map(|source| fs::read_to_string(source).unwrap()).collect();
        let names: Vec<&str> = text.lines().filter_map(payload_declared).collect();
        all.extend(names.iter().map(|name| (file.clone(), (*name).to_owned())));
        if names.is_empty() {
            all.insert((file.clone(), file));
        }
    }
    all
}

/// `pub struct Name("element", …` in `payload!`, or `impl Payload for Name`.
fn payload_declared(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let by_macro = line.strip_prefix("pub struct ").and_then(|rest| rest.split_once("(\"")).map(|(name, _)| name);
    let by_hand = line.strip_prefix("impl Payload for ").and_then(|rest| rest.split_whitespace().next());
    by_macro.or(by_hand)
}

pub(crate) fn xmpp_crate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../xmpp")
}

pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
