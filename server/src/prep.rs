//! String preparation for JIDs and passwords: the full tables, which only the server carries.
//!
//! The profiles are those that XMPP servers run: Nodeprep and Resourceprep (RFC 6122 appendices A and B), IDNA for the
//! domain (RFC 7622 §3.2), SASLprep for passwords (RFC 4013).

use std::borrow::Cow;
use std::sync::Once;

/// Installs the tables for all JIDs and passwords of this process. Call it before the first JID is made; more calls do nothing.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let prep = xmpp::jid::Prep { local: local_part, domain: domain_part, resource: resource_part };
        let first = xmpp::jid::install_prep(prep) && xmpp_stream::sasl::saslprep::install(password);
        if !first {
            tracing::warn!("other string preparation was installed before; addresses may compare differently");
        }
    });
}

fn local_part(text: &str) -> Option<String> {
    by_assigned_runs(text, |run| stringprep::nodeprep(run).ok())
}

fn resource_part(text: &str) -> Option<String> {
    by_assigned_runs(text, |run| stringprep::resourceprep(run).ok())
}

/// The domain with U-labels, as RFC 7622 §3.2 wants it compared.
fn domain_part(text: &str) -> Option<String> {
    let (unicode, valid) = idna::domain_to_unicode(text);
    valid.ok().map(|()| unicode)
}

/// A password as SASL compares it (RFC 4013). `None`: it is empty or holds characters that nobody may use.
pub fn password(text: &str) -> Option<String> {
    by_assigned_runs(text, |run| stringprep::saslprep(run).ok()).filter(|prepared| !prepared.is_empty())
}

/// The profiles know Unicode 3.2 and refuse everything later, emoji among it. Browsers and servers let that pass (RFC 3454 §7), so
/// it stands as it is between the runs that are prepared.
fn by_assigned_runs<'a>(text: &'a str, prep: impl Fn(&'a str) -> Option<Cow<'a, str>>) -> Option<String> {
    let unassigned = stringprep::tables::unassigned_code_point;
    let mut out = String::new();
    for piece in text.split_inclusive(unassigned) {
        let run = piece.trim_end_matches(unassigned);
        out.push_str(&prep(run)?);
        out.push_str(&piece[run.len()..]);
    }
    Some(out)
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
        // Later than Unicode 3.2.
        assert_eq!(password("I\u{ad}X 🦀 \u{aa}").as_deref(), Some("IX 🦀 a"));
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
