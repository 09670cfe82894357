//! JID preparation by the browser's own Unicode tables, so that none are in the module. The client only compares; the server enforces.

use js_sys::JsString;
use xmpp::jid::{Prep, install_prep};

/// Called once for the page; further calls change nothing.
pub(crate) fn install() {
    install_prep(Prep { local: lower, domain: lower, resource: composed });
}

/// RFC 7622 §3.3: case mapped and NFC. Stringprep's NFKC differs only for characters that no server lets into an account's name.
fn lower(part: &str) -> Option<String> {
    JsString::from(part).to_lower_case().normalize("NFC").as_string()
}

/// RFC 7622 §3.4: NFC, case kept.
fn composed(part: &str) -> Option<String> {
    JsString::from(part).normalize("NFC").as_string()
}
