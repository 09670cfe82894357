//! A thousand runs with everything that can go wrong, and proof that the judge finds planted defects in the same runs.
//!
//! `SEED=17 cargo test -p xmpp-testkit --test simulation no_message -- --nocapture` replays one run and prints its log.

use xmpp_testkit::sim::{Planted, run};

const SEEDS: u64 = 1_000;

#[test]
fn no_message_is_lost_doubled_or_out_of_order() {
    if let Some(seed) = chosen_seed() {
        let (verdict, report) = match run(seed, None) {
            Ok(report) => (Ok(()), report),
            Err((what, report)) => (Err(what), report),
        };
        println!("{}", report.log.join("\n"));
        assert_eq!(verdict, Ok(()), "seed {seed}");
        return;
    }
    let (mut sent, mut resumed, mut bound) = (0, 0, 0);
    let (mut by_token, mut resumed_inline, mut refused, mut asked) = (0, 0, 0, 0);
    let mut failures = Vec::new();
    for seed in 0..SEEDS {
        match run(seed, None) {
            Ok(report) => {
                sent += report.sent;
                resumed += report.resumed;
                bound += report.bound;
                by_token += report.by_token;
                resumed_inline += report.resumed_inline;
                refused += report.tokens_refused;
                asked += report.asked;
            }
            Err((what, _)) => failures.push(format!("seed {seed}: {what}")),
        }
    }
    assert!(failures.is_empty(), "{} of {SEEDS} runs failed:\n{}", failures.len(), failures.join("\n"));
    // The runs are worth something only if they do what they are for.
    assert!(
        sent > 10_000 && resumed > 200 && bound > 2 * SEEDS as usize,
        "{sent} sent, {resumed} resumed, {bound} bound"
    );
    assert!(
        by_token > 2 * SEEDS as usize && resumed_inline > 200 && refused > 100 && asked > 100,
        "{by_token} by token, {resumed_inline} resumed inline, {refused} tokens refused, {asked} passwords asked"
    );
}

#[test]
fn forgotten_deduplication_is_found() {
    assert!(found(Planted::NoDeduplication) > 0);
}

#[test]
fn a_lost_outbox_is_found() {
    assert!(found(Planted::NoOutbox) > 0);
}

#[test]
fn a_wrong_h_is_found() {
    assert!(found(Planted::WrongH) > 0);
}

#[test]
fn a_resumption_without_resending_is_found() {
    assert!(found(Planted::NoResend) > 0);
}

fn found(planted: Planted) -> usize {
    (0..SEEDS).filter(|seed| run(*seed, Some(planted)).is_err()).count()
}

fn chosen_seed() -> Option<u64> {
    let seed = std::env::var_os("SEED")?;
    Some(seed.to_str().and_then(|seed| seed.parse().ok()).expect("SEED is a number"))
}
