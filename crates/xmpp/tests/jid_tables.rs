//! `tests/vectors/jid.tsv` with the Unicode tables that a server installs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod jid;

use xmpp::jid::{Prep, install_prep};

#[test]
fn jids_have_their_normal_forms_with_tables() {
    assert!(install_prep(Prep { local, domain, resource }));
    assert!(!install_prep(Prep { local, domain, resource }), "the first call counts");
    jid::check(&["both", "tables"]);
}

fn local(text: &str) -> Option<String> {
    by_assigned_runs(text, |run| stringprep::nodeprep(run).ok().map(Into::into))
}

fn resource(text: &str) -> Option<String> {
    by_assigned_runs(text, |run| stringprep::resourceprep(run).ok().map(Into::into))
}

fn domain(text: &str) -> Option<String> {
    let (domain, result) = idna::domain_to_unicode(text);
    result.is_ok().then_some(domain)
}

/// The profiles refuse what Unicode 3.2 did not assign, emoji among it. Servers let it pass (RFC 3454 §7), so it stands
/// as it is between the runs that are prepared.
fn by_assigned_runs(text: &str, prep: impl Fn(&str) -> Option<String>) -> Option<String> {
    let unassigned = stringprep::tables::unassigned_code_point;
    let mut out = String::new();
    for piece in text.split_inclusive(unassigned) {
        let run = piece.trim_end_matches(unassigned);
        out.push_str(&prep(run)?);
        out.push_str(&piece[run.len()..]);
    }
    Some(out)
}
