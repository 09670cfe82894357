use super::*;

#[test]
fn parts_are_found_as_rfc_7622_says() {
    let jid = Jid::new("juliet@example.com/foo@bar/baz").unwrap();
    assert_eq!((jid.local(), jid.domain(), jid.resource()), (Some("juliet"), "example.com", Some("foo@bar/baz")));
    let jid = Jid::new("example.com/@").unwrap();
    assert_eq!((jid.local(), jid.domain(), jid.resource()), (None, "example.com", Some("@")));
}

#[test]
fn bare_and_full_convert() {
    let full = FullJid::new("A@B.example/C").unwrap();
    assert_eq!(full.to_bare().as_str(), "a@b.example");
    assert_eq!(full.to_bare().with_resource("C").unwrap(), full);
    assert!(full.as_jid().has_bare(&full.to_bare()));
    assert!(!Jid::new("ab@b.example").unwrap().has_bare(&full.to_bare()));
    assert_eq!(BareJid::new("a@b/c"), Err(JidError::NotBare));
    assert_eq!(FullJid::new("a@b"), Err(JidError::NotFull));
    assert_eq!(full.to_bare().to_domain().as_str(), "b.example");
}

#[test]
fn each_part_may_have_1023_bytes() {
    let max = "x".repeat(1023);
    assert!(Jid::new(&["é@example.com/", &max].concat()).is_ok());
    assert_eq!(Jid::new(&["a@example.com/x", &max].concat()), Err(JidError::TooLong));
    assert_eq!(Jid::new(&["x", &max, "@example.com"].concat()), Err(JidError::TooLong));
}
