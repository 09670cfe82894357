//! String preparation for JIDs and passwords: the full tables, which only the server carries.
//!
//! The profiles are those that XMPP servers run: Nodeprep and Resourceprep (RFC 6122 appendices A and B), IDNA for the
//! domain (RFC 7622 §3.2), SASLprep for passwords (RFC 4013).

use std::sync::Once;

/// Installs the tables for all JIDs of this process. Call it before the first JID is made; more calls do nothing.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        xmpp::jid::install_prep(xmpp::jid::Prep { local: local_part, domain: domain_part, resource: resource_part });
    });
}

fn local_part(text: &str) -> Option<String> {
    stringprep::nodeprep(text).ok().map(Into::into)
}

fn resource_part(text: &str) -> Option<String> {
    stringprep::resourceprep(text).ok().map(Into::into)
}

/// The domain with U-labels, as RFC 7622 §3.2 wants it compared.
fn domain_part(text: &str) -> Option<String> {
    let (unicode, valid) = idna::domain_to_unicode(text);
    valid.ok().map(|()| unicode)
}

/// A password as SASL compares it (RFC 4013). `None`: it holds characters that nobody may use.
pub fn password(text: &str) -> Option<String> {
    stringprep::saslprep(text).ok().map(Into::into).filter(|prepared: &String| !prepared.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saslprep_examples_of_the_rfc() {
        // RFC 4013 §3.
        assert_eq!(password("I\u{ad}X").as_deref(), Some("IX"));
        assert_eq!(password("user").as_deref(), Some("user"));
        assert_eq!(password("USER").as_deref(), Some("USER"));
        assert_eq!(password("\u{aa}").as_deref(), Some("a"));
        assert_eq!(password("\u{2168}").as_deref(), Some("IX"));
        assert_eq!(password("\u{7}"), None);
        assert_eq!(password("\u{627}1"), None);
        assert_eq!(password(""), None);
    }

    #[test]
    fn parts_reach_their_normal_form() {
        assert_eq!(local_part("Ünï").as_deref(), Some("ünï"));
        assert_eq!(local_part("a\u{1680}b"), None);
        assert_eq!(domain_part("xn--bcher-kva.example").as_deref(), Some("bücher.example"));
        assert_eq!(domain_part("BÜCHER.example").as_deref(), Some("bücher.example"));
        assert_eq!(resource_part("Bàlcony").as_deref(), Some("Bàlcony"));
    }
}
