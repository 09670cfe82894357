//! XEP-0115 §6.3: the host's capabilities as a stream feature, so that clients need not ask at every sign-in.

pub(crate) mod interests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::xep::caps::{self, verification_string};
use xmpp::xml::Element;

use crate::config::HostConfig;
use crate::modules::{At, Module, Registry, disco};

pub(crate) const NAME: &str = "caps";

/// What names the software (§4): an address, never fetched.
const NODE: &str = "urn:converse:server";

pub(crate) struct Caps;

impl Module for Caps {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::CAPS],
            At::Account => &[],
        }
    }

    fn stream_features(&self, registry: &Registry, config: &HostConfig) -> Vec<Element> {
        let info = disco::info(At::Domain, false, registry, config);
        // No hash, if the name of the software forbids one (§5.4).
        let Some(text) = verification_string(&info) else { return Vec::new() };
        let ver = STANDARD.encode(Sha1::digest(text));
        vec![caps::Caps { hash: Some("sha-1".to_owned()), node: NODE.to_owned(), ver, ext: None }.write()]
    }
}
