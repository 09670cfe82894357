//! `tests/vectors/jid.tsv` without Unicode tables. Tables are installed for a whole process: see `jid_tables.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod jid;

#[test]
fn jids_have_their_normal_forms_without_tables() {
    jid::check(&["both", "plain"]);
}
