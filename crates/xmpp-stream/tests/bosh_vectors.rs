//! The examples of XEP-0124 and XEP-0206: every `<body/>` is read, written and read again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use xmpp::xml::Limits;
use xmpp_stream::transport::bosh_body::Body;

#[test]
fn every_body_comes_back() {
    let mut count = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/bosh");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let body = Body::read_request(&text, &Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(Body::read_response(&body.to_xml(), &Limits::default()), Ok(body), "{}", path.display());
        count += 1;
    }
    assert!(count > 35);
}
