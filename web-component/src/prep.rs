//! JID and password preparation by the browser's own Unicode tables, so that none are in the module. The client only compares; the server enforces.

use std::borrow::Cow;

use js_sys::JsString;
use xmpp::jid::{Prep, install_prep};
use xmpp_stream::sasl::saslprep;

/// Called once for the page; further calls change nothing.
pub(crate) fn install() {
    install_prep(Prep { local: lower, domain: lower, resource: composed });
    saslprep::install(|password| saslprep::prepare_with(password, compatible));
}

/// RFC 7622 §3.3: case mapped and NFC. Stringprep's NFKC differs only for characters that no server lets into an account's name.
fn lower(part: &str) -> Option<String> {
    JsString::from(part).to_lower_case().normalize("NFC").as_string()
}

/// RFC 7622 §3.4: NFC, case kept.
fn composed(part: &str) -> Option<String> {
    JsString::from(part).normalize("NFC").as_string()
}

/// RFC 4013 §2.2: NFKC.
fn compatible(text: &str) -> Cow<'_, str> {
    JsString::from(text).normalize("NFKC").as_string().map_or(Cow::Borrowed(text), Cow::Owned)
}
