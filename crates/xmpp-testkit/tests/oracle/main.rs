//! The oracle: our wire vocabulary against `xmpp-parsers` and `jid`, which know nothing of ours.
//!
//! A [`Pair`](pair::Pair) is a type of ours and the type of theirs for the same element, with a function from each to what
//! the element means. What we write they must read with that meaning, and what they write we must read with that meaning:
//! for generated values, for values of theirs, and for the examples of the XEPs (`crates/xmpp/tests/vectors`).
//! [`coverage`] says which payloads have no pair and why; a new payload without either fails. [`jids`] compares addresses.
//! Where they are wrong or poorer, the pair leaves that out and says so; `differences` in each module pin it down, so that
//! a note here cannot outlive its reason.
//!
//! Start reading in [`pair`], then [`account`].

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod archive;
mod chat;
mod coverage;
mod discovery;
mod jids;
mod pair;
mod services;
mod sign_in;
mod stanzas;
mod streams;
mod values;
mod vectors;

use pair::Agree;

/// Every pair, by the file of `crates/xmpp/src/xep` its payload stands in.
fn pairs() -> Vec<Box<dyn Agree>> {
    [
        account::pairs(),
        archive::pairs(),
        chat::pairs(),
        discovery::pairs(),
        services::pairs(),
        streams::pairs(),
        sign_in::pairs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn generated_payloads_mean_the_same_to_both() {
    report(pairs().iter().chain(&stanzas::pairs()).map(|pair| pair.check_values()));
}

#[test]
fn payloads_of_theirs_mean_the_same_to_both() {
    report(pairs().iter().chain(&stanzas::pairs()).map(|pair| pair.check_rows()));
}

/// All that failed, not only the first.
#[track_caller]
fn report(results: impl Iterator<Item = Result<(), String>>) {
    let failures: Vec<String> = results.filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
