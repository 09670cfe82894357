//! Runs the vectors of addresses.

use std::path::Path;

use xmpp::jid::{Jid, JidError};

pub(crate) fn check(when: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/jid.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let mut count = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<String> = line.split('\t').map(unescape).collect();
        let [applies, input, expected] = &columns[..] else { panic!("not three columns: {line}") };
        if !when.contains(&applies.as_str()) {
            continue;
        }
        let result = match Jid::new(input) {
            Ok(jid) => jid.to_string(),
            Err(JidError::Local) => "!local".into(),
            Err(JidError::Domain) => "!domain".into(),
            Err(JidError::Resource) => "!resource".into(),
            Err(error) => format!("!{error:?}"),
        };
        assert_eq!(&result, expected, "{line}");
        count += 1;
    }
    assert!(count > 50);
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
