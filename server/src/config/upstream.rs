//! `[[upstream]]`: domains of other XMPP servers that browsers reach through this one. A table for each; there may be none.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::load::Problem;
use super::schema::{BadValue, Section, settings};
use super::value::{Domain, HostPort, UpstreamTls};

settings! {
    /// One domain of another XMPP server.
    pub struct Upstream {
        /// The domain: what stands after the @ of its accounts.
        domain: Option<Domain> = None;
        /// Where its server takes clients. Unset: what the domain's SRV records say (_xmpp-client or _xmpps-client), else port 5222 of the domain.
        address: Option<HostPort> = None;
        /// "starttls", as on port 5222, or "direct" for TLS from the start (XEP-0368), as on port 5223. There is no connection without TLS, and
        /// none to a server whose certificate is not good for the domain.
        tls: UpstreamTls = UpstreamTls::StartTls;
        /// A file with more authorities (PEM) that may vouch for the certificate, beside those of the system.
        ca_file: Option<PathBuf> = None;
        /// The DNS server to ask for SRV records instead of the system's.
        dns_server: Option<SocketAddr> = None;
    }
}

/// Reads the list of tables; what is wrong goes to `problems`.
pub(super) fn read(place: &str, value: &toml::Value, problems: &mut Vec<Problem>) -> Vec<Upstream> {
    let mut complain = |key: String, what: String| problems.push(Problem { place: place.to_owned(), key, what });
    let tables = value.as_array().map(|all| all.iter().map(toml::Value::as_table).collect::<Option<Vec<_>>>());
    let Some(Some(tables)) = tables else {
        complain("upstream".to_owned(), "must be tables; write [[upstream]] with two brackets above each".to_owned());
        return Vec::new();
    };
    let mut upstreams = Vec::new();
    for table in tables {
        let mut upstream = Upstream::default();
        for (key, value) in table {
            match upstream.set(key, value) {
                Some(Ok(())) => {}
                Some(Err(BadValue { problem })) => complain(format!("upstream.{key}"), problem),
                None => {
                    let known: Vec<_> = Upstream::keys().into_iter().map(|key| key.name).collect();
                    complain(
                        format!("upstream.{key}"),
                        format!("there is no such setting; there are: {}", known.join(", ")),
                    );
                }
            }
        }
        upstreams.push(upstream);
    }
    upstreams
}

/// What single values do not show: `own` is the domain that is hosted here.
pub(super) fn check(upstreams: &[Upstream], own: &Domain, mut complain: impl FnMut(&str, &str)) {
    for (at, upstream) in upstreams.iter().enumerate() {
        match &upstream.domain {
            None => complain("upstream.domain", "is missing: name the domain of each [[upstream]]"),
            Some(domain) if domain == own => complain(
                "upstream.domain",
                &format!(
                    "{} is hosted by this server itself (domain); choose another domain for one of the two",
                    own.0
                ),
            ),
            Some(domain) if upstreams[..at].iter().any(|other| other.domain.as_ref() == Some(domain)) => {
                complain("upstream.domain", &format!("{} stands in two tables", domain.0));
            }
            Some(_) => {}
        }
        if let Some(file) = &upstream.ca_file
            && !file.is_file()
        {
            complain("upstream.ca_file", &format!("{} is not a file; correct the path", file.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Domain, UpstreamTls};

    fn problems(text: &str) -> (Config, Vec<String>) {
        let (mut config, mut problems) = (Config::default(), Vec::new());
        config.read_text("test.toml", text, &mut problems);
        if problems.is_empty() {
            config.check("test.toml", &mut problems);
        }
        (config, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn each_table_is_a_domain() {
        let (config, wrong) = problems(
            "[[upstream]]\ndomain = 'example.com'\naddress = 'xmpp.example.com:5222'\n\
             [[upstream]]\ndomain = 'Example.org'\ntls = 'direct'\n",
        );
        assert!(wrong.is_empty(), "{wrong:?}");
        let [first, second] = &config.upstream[..] else { panic!("{:?}", config.upstream) };
        assert_eq!(first.domain, Some(Domain("example.com".into())));
        assert_eq!(
            first.address.as_ref().map(|address| (address.host.as_str(), address.port)),
            Some(("xmpp.example.com", 5222))
        );
        assert_eq!((&second.domain, second.tls), (&Some(Domain("example.org".into())), UpstreamTls::Direct));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("[upstream]\ndomain = 'a.example'\n", "[[upstream]]"),
            ("[[upstream]]\n", "upstream.domain: is missing"),
            ("[[upstream]]\ndomain = 'localhost'\n", "hosted by this server itself"),
            ("[[upstream]]\ndomain = 'a'\n[[upstream]]\ndomain = 'A'\n", "two tables"),
            ("[[upstream]]\ndomain = 'a'\ntls = 'none'\n", "upstream.tls"),
            ("[[upstream]]\ndomain = 'a'\naddress = 'a'\n", "upstream.address"),
            ("[[upstream]]\ndomain = 'a'\nadress = 'a:1'\n", "there is no such setting"),
            ("[[upstream]]\ndomain = 'a'\nca_file = 'absent.pem'\n", "is not a file"),
        ] {
            let (_, wrong) = problems(text);
            assert!(wrong.len() == 1 && wrong[0].contains(expected), "{text}: {wrong:?}");
        }
    }
}
