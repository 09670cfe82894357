//! Other XMPP servers: which domains are reached through this one, and how a connection to them is made.
//!
//! What travels on it is not known here; the session that relays a browser's stream is in [`crate::session`].

mod connect;
mod srv;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName, pem};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use crate::config::{self, Config, HostPort, UpstreamTls};
pub(crate) use connect::ConnectError;

/// XEP-0368 §3.
const ALPN: &[u8] = b"xmpp-client";

/// Why the configured servers cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The domain is nothing that a certificate could be good for.
    #[error("upstream.domain: {0} cannot be the name in a certificate: {1}")]
    Name(String, InvalidDnsNameError),
    /// The file of authorities.
    #[error("upstream.ca_file: {0} holds no usable certificates: {1}")]
    Authorities(PathBuf, pem::Error),
    /// One of the authorities.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The system does not say which DNS server to ask.
    #[error("SRV records cannot be looked up: {0}; set upstream.address or upstream.dns_server")]
    Resolver(String),
}

/// The servers by their domain. No other domain is ever connected to.
#[derive(Default)]
pub struct Upstreams(HashMap<String, Arc<Upstream>>);

/// One of them.
pub(crate) struct Upstream {
    /// In its normal form.
    pub(crate) domain: String,
    name: ServerName<'static>,
    address: Option<HostPort>,
    tls: UpstreamTls,
    connector: TlsConnector,
    resolver: Option<srv::Resolver>,
}

impl Upstreams {
    /// Prepares what the configuration names. Nothing is connected yet.
    ///
    /// # Errors
    /// When a server can never be reached as it is configured.
    pub fn open(config: &Config) -> Result<Self, UpstreamError> {
        let all = config.upstream.iter().filter_map(|upstream| {
            let domain = upstream.domain.as_ref()?.0.clone();
            Some(Upstream::open(&domain, upstream).map(|upstream| (domain, Arc::new(upstream))))
        });
        all.collect::<Result<_, _>>().map(Self)
    }

    /// The server of this domain, as a client wrote it.
    pub(crate) fn find(&self, domain: &str) -> Option<&Arc<Upstream>> {
        if self.0.is_empty() {
            return None;
        }
        let domain = xmpp::BareJid::new(domain.trim()).ok().filter(|jid| jid.local().is_none())?;
        self.0.get(domain.domain())
    }

    /// Every domain.
    pub(crate) fn domains(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}

impl Upstream {
    fn open(domain: &str, config: &config::Upstream) -> Result<Self, UpstreamError> {
        // Certificates hold names as they stand in the DNS.
        let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
        let name =
            ServerName::try_from(ascii.clone()).map_err(|error| UpstreamError::Name(domain.to_owned(), error))?;
        let resolver = match &config.address {
            Some(_) => None,
            None => Some(srv::Resolver::new(&ascii, config.dns_server)?),
        };
        Ok(Self {
            domain: domain.to_owned(),
            name,
            address: config.address.clone(),
            tls: config.tls,
            connector: connector(config)?,
            resolver,
        })
    }
}

fn connector(config: &config::Upstream) -> Result<TlsConnector, UpstreamError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    if system.certs.is_empty() && config.ca_file.is_none() {
        let reason = system.errors.first().map_or_else(|| io::ErrorKind::NotFound.to_string(), ToString::to_string);
        tracing::warn!(
            reason,
            "the system knows no authorities that vouch for certificates; install ca-certificates or set upstream.ca_file"
        );
    }
    roots.add_parsable_certificates(system.certs);
    if let Some(file) = &config.ca_file {
        let wrong = |error| UpstreamError::Authorities(file.clone(), error);
        let certificates =
            CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(wrong)?;
        if certificates.is_empty() {
            return Err(wrong(pem::Error::NoItemsFound));
        }
        for certificate in certificates {
            roots.add(certificate)?;
        }
    }
    let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if config.tls == UpstreamTls::Direct {
        tls.alpn_protocols = vec![ALPN.to_vec()];
    }
    Ok(TlsConnector::from(Arc::new(tls)))
}
