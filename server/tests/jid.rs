//! The vectors of addresses with the tables that this server installs.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use xmpp::jid::{Jid, JidError};

#[test]
fn addresses_have_their_normal_forms() {
    converse_server::prep::install();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/xmpp/tests/vectors/jid.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let mut count = 0;
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.starts_with("plain")) {
        let columns: Vec<_> = line.split('\t').map(unescape).collect();
        let [_, input, expected] = &columns[..] else { panic!("not three columns: {line}") };
        let found = match Jid::new(input) {
            Ok(jid) => jid.to_string(),
            Err(JidError::Local) => "!local".to_owned(),
            Err(JidError::Domain) => "!domain".to_owned(),
            Err(JidError::Resource) => "!resource".to_owned(),
            Err(error) => panic!("{line}: {error}"),
        };
        assert_eq!(found, *expected, "{line}");
        count += 1;
    }
    assert!(count > 60, "{count}");
}

/// `\u{..}` is a character.
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\u{");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}
