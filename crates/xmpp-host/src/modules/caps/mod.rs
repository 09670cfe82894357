//! XEP-0115 §6.3: the host's capabilities as a stream feature, so that clients need not ask at every sign-in.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use xmpp::ns;
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
        let c = Element::new("c", ns::CAPS)
            .with_attr("hash", "sha-1")
            .with_attr("node", NODE)
            .with_attr("ver", verification(registry, config));
        vec![c]
    }
}

/// §5.1, for one identity without a language and no extended information.
fn verification(registry: &Registry, config: &HostConfig) -> String {
    let (category, type_) = disco::identity(At::Domain);
    let mut text = format!("{category}/{type_}//{}<", config.software_name);
    for feature in registry.features(At::Domain) {
        text.push_str(feature);
        text.push('<');
    }
    STANDARD.encode(Sha1::digest(text))
}
