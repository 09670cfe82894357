//! Addresses: ours with the server's tables against the crate `jid`.
//!
//! Both prepare local parts and resources with the same stringprep; how an address falls into parts, what is asked of a
//! domain and what is checked besides is each one's own.

use proptest::prelude::*;
use stringprep::tables::unassigned_code_point;
use xmpp::jid::Jid;
use xmpp_parsers::jid as theirs;

use crate::coverage::xmpp_crate;

/// The tables as the server installs them, not a copy of them.
#[path = "../../../../server/src/prep.rs"]
#[allow(dead_code, unreachable_pub, reason = "a module of another crate")]
mod prep;

/// Addresses that the two see differently: the address, what ours makes of it, what theirs makes of it (`!` is a refusal),
/// and why ours is as it is. The first are of `tests/vectors/jid.tsv`.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    (
        "juliet@example.com.",
        "juliet@example.com",
        "juliet@example.com.",
        "RFC 7622 §3.2: a final dot is stripped before anything else",
    ),
    (
        "juliet@[2001:DB8::1]/x",
        "juliet@[2001:db8::1]/x",
        "juliet@[2001:DB8::1]/x",
        "RFC 7622 §3.2.1: hexadecimal digits are compared without case, and RFC 5952 §4.3 writes them small",
    ),
    (
        "juliet@example.com/\u{1F600}",
        "juliet@example.com/\u{1F600}",
        "!",
        "RFC 3454 §7: code points that Unicode 3.2 did not assign may pass, and servers let them; RFC 7622 §3.4 has emoji",
    ),
    (
        "juliet@xn--bcher-kva.example",
        "juliet@b\u{FC}cher.example",
        "juliet@xn--bcher-kva.example",
        "RFC 7622 §3.2.1: A-labels become U-labels, or one domain would have two addresses",
    ),
    (
        "juliet@XN--BCHER-KVA.example",
        "juliet@b\u{FC}cher.example",
        "juliet@xn--bcher-kva.example",
        "RFC 7622 §3.2.1: A-labels become U-labels, or one domain would have two addresses",
    ),
    (
        "juliet@example\u{3002}com",
        "juliet@example.com",
        "juliet@example\u{3002}com",
        "UTS 46 §4: the ideographic full stop is a dot",
    ),
    (
        "juliet@stra\u{DF}e.example",
        "juliet@stra\u{DF}e.example",
        "juliet@strasse.example",
        "RFC 5892 §2.6: IDNA 2008, which RFC 7622 §3.2 asks for, has sharp s as a letter of its own",
    ),
    (
        "juliet@\u{3B2}\u{3CC}\u{3BB}\u{3BF}\u{3C2}.example",
        "juliet@\u{3B2}\u{3CC}\u{3BB}\u{3BF}\u{3C2}.example",
        "juliet@\u{3B2}\u{3CC}\u{3BB}\u{3BF}\u{3C3}.example",
        "RFC 5892 §2.6: IDNA 2008, which RFC 7622 §3.2 asks for, has final sigma as a letter of its own",
    ),
    (
        "juliet@ab--c.example",
        "juliet@ab--c.example",
        "!",
        "UTS 46 §4.1, CheckHyphens: such names are reserved (RFC 5890 §2.3.1), but hosts have them and DNS finds them",
    ),
    ("juliet@a+b.example", "!", "juliet@a+b.example", "RFC 7622 §3.2: labels have letters, digits and hyphens"),
    (
        "juliet@\u{5D0}.b\u{FC}cher.example",
        "juliet@\u{5D0}.b\u{FC}cher.example",
        "!",
        "RFC 5893 §2: each label has a direction of its own; they prepare the labels as one text",
    ),
    (
        "juliet@a\u{2062}b.example",
        "juliet@ab.example",
        "!",
        "UTS 46 §4: ignored characters are taken out before anything is judged",
    ),
];

#[test]
fn vectors_have_the_same_normal_form_to_both() {
    prep::install();
    let table = std::fs::read_to_string(xmpp_crate().join("tests/vectors/jid.tsv")).unwrap();
    let (mut count, mut failures) = (0, Vec::new());
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.starts_with("plain")) {
        let columns: Vec<String> = line.split('\t').map(unescape).collect();
        let [_, input, expected] = &columns[..] else { panic!("not three columns: {line}") };
        let expected = if expected.starts_with('!') { "!" } else { expected };
        count += 1;
        if ours(input) != expected {
            failures.push(format!("{input:?}: {:?} with the server's tables, not {expected:?}", ours(input)));
        }
        let of_theirs = of_theirs(input);
        let is_listed = DIFFERENCES.iter().any(|(address, ..)| address == input);
        if of_theirs != expected && !is_listed {
            failures.push(format!("{input:?}: {of_theirs:?} with theirs, not {expected:?}, and not in DIFFERENCES"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count > 70);
}

#[test]
fn differences_are_as_listed() {
    prep::install();
    for (address, by_us, by_them, reason) in DIFFERENCES {
        assert_eq!((ours(address).as_str(), of_theirs(address).as_str()), (*by_us, *by_them), "{address}: {reason}");
        assert_ne!(by_us, by_them, "{address} is no difference");
        assert!(reason.contains('§'), "{address}: the reason names no section");
    }
}

/// Everything that the tables of Unicode 3.2 say something about, and the code points around it.
fn characters() -> impl Iterator<Item = char> {
    let ranges = [0..0x3400, 0x4DB0..0x4E10, 0xA000..0xAC80, 0xF900..0x1_0500, 0x1_D000..0x1_D800, 0xE_0000..0xE_0200];
    ranges.into_iter().flatten().filter_map(char::from_u32)
}

#[test]
fn every_character_counts_alike_before_and_after_the_domain() {
    prep::install();
    for c in characters() {
        let [local, resource] = [format!("a{c}b@example.com"), format!("example.com/a{c}b")];
        for text in [local, resource] {
            let by_us = ours(&text);
            if unassigned_code_point(c) {
                // RFC 3454 §7 again: as it is, or not at all.
                assert!(by_us == text || by_us == "!", "{:X}: {by_us:?}", u32::from(c));
            } else {
                assert_eq!(by_us, of_theirs(&text), "{:X}", u32::from(c));
            }
        }
    }
}

/// RFC 7622 §3.2 has IDNA 2008, they have nameprep (IDNA 2003): the U-labels differ, but the A-labels, which DNS would be
/// asked for, must be the same.
#[test]
fn every_character_in_a_domain_names_the_same_host() {
    prep::install();
    for c in characters().filter(|c| !unassigned_code_point(*c)) {
        let text = format!("a{c}b.example");
        let (by_us, by_them) = (ours(&text), of_theirs(&text));
        let code = u32::from(c);
        match (by_us.as_str(), by_them.as_str()) {
            // Listed: letters of their own in IDNA 2008; and U+1806, which nameprep drops.
            _ if matches!(c, '\u{DF}' | '\u{3C2}' | '\u{1806}') => assert_ne!(by_us, by_them, "{code:X}"),
            ("!", "!") => {}
            // Listed: not a letter, digit or hyphen.
            ("!", theirs) => {
                assert!(theirs.contains(|c: char| c.is_ascii_punctuation() && c != '.'), "{code:X}: {theirs}")
            }
            // Listed: ignored.
            (ours, "!") => assert_eq!(ours, "ab.example", "{code:X}"),
            (ours, theirs) => {
                let [ours, theirs] = [ours, theirs].map(|domain| idna::domain_to_ascii(domain).unwrap());
                assert_eq!(ours, theirs, "{code:X}");
            }
        }
    }
}

#[test]
fn lengths() {
    prep::install();
    let part = "x".repeat(1023);
    for text in [format!("{part}@b"), format!("b/{part}"), format!("x{part}@b"), format!("b/x{part}")] {
        assert_eq!(ours(&text), of_theirs(&text));
    }
    // Ours looks at the length before and after preparing, so that nobody makes it prepare megabytes.
    let shrinks = format!("b/{part}\u{AD}");
    assert_eq!((ours(&shrinks).as_str(), of_theirs(&shrinks)), ("!", format!("b/{part}")));
    let label = "x".repeat(63);
    for text in [label.clone(), format!("x{label}"), format!("{label}.{label}.{label}")] {
        assert_eq!(ours(&text), of_theirs(&text));
    }
    // RFC 7622 §3.2 has 1023 bytes for a domain; they have the 253 of DNS (RFC 1035 §2.3.4).
    let long = [label.as_str(); 4].join(".");
    assert_eq!((ours(&long), of_theirs(&long).as_str()), (long.clone(), "!"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    /// Where the parts are, their order and their preparation as a whole (normalisation, direction).
    #[test]
    fn any_address_is_the_same_to_both(text in addresses()) {
        prep::install();
        prop_assert_eq!(ours(&text), of_theirs(&text), "{:?}", text);
    }
}

/// Parts of all kinds around domains without a listed difference, and what is hardly an address.
fn addresses() -> impl Strategy<Value = String> {
    let text = || "[aZ9 '.&\u{0}\u{AD}\u{DF}é\u{301}ﬁΣς²\u{5D0}\u{627}\u{661}\u{200D}\u{2028}\u{FEFF}Ａ：]{0,6}";
    let domain = prop_oneof![4 => "[aB][a1-]{0,3}(\\.[b-d]{1,3}){0,2}", 1 => "[aü.\u{3C3}-]{0,5}"];
    let before = prop_oneof![1 => Just(String::new()), 9 => text().prop_map(|text| text + "@")];
    let after = prop_oneof![1 => Just(String::new()), 9 => (text(), "[@/]?", text()).prop_map(|(a, b, c)| format!("/{a}{b}{c}"))];
    let whole = (before, domain, after).prop_map(|(before, domain, after)| [before, domain, after].concat());
    prop_oneof![2 => whole, 1 => "[aB.@/-]{0,8}"].prop_filter("a listed difference", |text| {
        let before = text.split('/').next().unwrap();
        !before.ends_with('.') && !before.contains("--")
    })
}

/// The normal form, or `!`.
fn ours(text: &str) -> String {
    Jid::new(text).map_or_else(|_| "!".into(), |jid| jid.to_string())
}

fn of_theirs(text: &str) -> String {
    theirs::Jid::new(text).map_or_else(|_| "!".into(), |jid| jid.to_string())
}

/// `\u{..}` is a character.
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut out = String::from(parts.next().unwrap());
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}
