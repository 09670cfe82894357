//! The certificate that native clients see: from files, read again when they change, or made on the first run.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use crate::config::Config;

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file is not there or not readable.
    #[error("{0}: cannot be read: {1}; correct tcp.certificate and tcp.key")]
    Read(PathBuf, io::Error),
    /// A file is not what it should be.
    #[error("{0}: is not PEM, or holds no {1}: {2}")]
    Pem(PathBuf, &'static str, pem::Error),
    /// The two do not belong together, or are of a kind that TLS does not know.
    #[error("the certificate in {0} cannot be used with the key in {1}: {2}")]
    Unusable(PathBuf, PathBuf, rustls::Error),
    /// None is configured, and none could be made.
    #[error("no self-signed certificate could be made for {0}: {1}; set tcp.certificate and tcp.key")]
    SelfSigned(String, rcgen::Error),
    /// None is configured, and the one that was made could not be kept.
    #[error("{0}: cannot be written: {1}")]
    Write(PathBuf, io::Error),
}

/// The certificate in use. TLS asks for it at every handshake.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// The state of the files when they were last looked at.
    seen: Mutex<[Option<Stamp>; 2]>,
}

/// What changes when a file is written.
type Stamp = (SystemTime, u64);

impl Certificate {
    /// Reads the configured files, or makes a self-signed certificate in the data directory if there are none.
    ///
    /// # Errors
    /// When it cannot be read, made or used.
    pub fn open(config: &Config) -> Result<Arc<Self>, CertificateError> {
        match (&config.tcp.certificate, &config.tcp.key) {
            (Some(chain), Some(key)) => Self::load(chain.clone(), key.clone()),
            _ => {
                let (chain, key) =
                    (config.top.data_dir.join("tcp-certificate.pem"), config.top.data_dir.join("tcp-key.pem"));
                let domain = &config.top.domain.0;
                if !chain.exists() || !key.exists() {
                    make_self_signed(domain, &chain, &key)?;
                }
                let certificate = Self::load(chain, key)?;
                tracing::warn!(
                    domain,
                    file = %certificate.chain.display(),
                    sha256 = certificate.fingerprint(),
                    "native clients see a self-signed certificate, which is good for development only; for anything else set tcp.certificate and tcp.key"
                );
                Ok(certificate)
            }
        }
    }

    fn load(chain: PathBuf, key: PathBuf) -> Result<Arc<Self>, CertificateError> {
        let seen = [stamp(&chain), stamp(&key)];
        let current = read(&chain, &key)?;
        Ok(Arc::new(Self { chain, key, current: RwLock::new(Arc::new(current)), seen: Mutex::new(seen) }))
    }

    /// Reads the files again if one of them has changed. What cannot be used is logged, and the certificate before it stays.
    pub fn refresh(&self) {
        let now = [stamp(&self.chain), stamp(&self.key)];
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return;
        }
        *seen = now;
        drop(seen);
        self.reload();
    }

    /// Reads the files again, as [`Certificate::refresh`] does when they have changed.
    pub fn reload(&self) {
        match read(&self.chain, &self.key) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!(file = %self.chain.display(), sha256 = self.fingerprint(), "the certificate was read again");
            }
            // Between the writing of one file and the other they do not fit.
            Err(error) => tracing::error!(%error, "the new certificate is not used"),
        }
    }

    fn now(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The SHA-256 of the certificate, by which clients let people compare it.
    fn fingerprint(&self) -> String {
        let der = self.now().cert.first().map(Sha256::digest).unwrap_or_default();
        der.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let meta = fs::metadata(file).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn read(chain: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let bytes = |file: &Path| fs::read(file).map_err(|error| CertificateError::Read(file.to_owned(), error));
    let certificates = CertificateDer::pem_slice_iter(&bytes(chain)?)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|all| if all.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(all) })
        .map_err(|error| CertificateError::Pem(chain.to_owned(), "certificate", error))?;
    let private = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|error| CertificateError::Pem(key.to_owned(), "private key", error))?;
    CertifiedKey::from_der(certificates, private, &ring::default_provider())
        .map_err(|error| CertificateError::Unusable(chain.to_owned(), key.to_owned(), error))
}

fn make_self_signed(domain: &str, chain: &Path, key: &Path) -> Result<(), CertificateError> {
    // Certificates hold names as they stand in the DNS.
    let name = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
    let (certificate, private) =
        self_signed(name).map_err(|error| CertificateError::SelfSigned(domain.to_owned(), error))?;
    write_private(key, &private.serialize_pem()).map_err(|error| CertificateError::Write(key.to_owned(), error))?;
    fs::write(chain, certificate.pem()).map_err(|error| CertificateError::Write(chain.to_owned(), error))
}

fn self_signed(name: String) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let mut params = CertificateParams::new([name.clone()])?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    // Some programs cannot count to the years that stand for "always".
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let year = 1970 + i32::try_from(since_1970.as_secs() / 31_557_600).unwrap_or_default();
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + 10, 1, 1);
    let key = KeyPair::generate()?;
    Ok((params.self_signed(&key)?, key))
}

/// Writes a file that nobody else may read.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Domain;

    fn config(dir: &Path) -> Config {
        let mut config = Config::default();
        config.top.data_dir = dir.to_owned();
        config.top.domain = Domain("chat.example".to_owned());
        config
    }

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = Certificate::open(&config(dir.path())).unwrap().fingerprint();
        assert_eq!(first, Certificate::open(&config(dir.path())).unwrap().fingerprint());
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(dir.path().join("tcp-key.pem")).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn new_files_are_taken_when_they_fit_and_only_then() {
        let dir = tempfile::tempdir().unwrap();
        let certificate = Certificate::open(&config(dir.path())).unwrap();
        let before = certificate.fingerprint();
        let other = tempfile::tempdir().unwrap();
        let next = Certificate::open(&config(other.path())).unwrap();
        fs::copy(&next.chain, &certificate.chain).unwrap();
        certificate.refresh();
        assert_eq!(certificate.fingerprint(), before, "the key does not fit yet");
        fs::copy(&next.key, &certificate.key).unwrap();
        certificate.refresh();
        assert_eq!(certificate.fingerprint(), next.fingerprint());
        fs::write(&certificate.chain, "nonsense").unwrap();
        certificate.refresh();
        assert_eq!(certificate.fingerprint(), next.fingerprint());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path());
        config.tcp.certificate = Some(dir.path().join("absent.pem"));
        config.tcp.key = Some(dir.path().join("absent.key"));
        let error = Certificate::open(&config).unwrap_err().to_string();
        assert!(error.contains("absent.pem") && error.contains("tcp.certificate"), "{error}");
        fs::write(dir.path().join("absent.pem"), "").unwrap();
        let error = Certificate::open(&config).unwrap_err().to_string();
        assert!(error.contains("no certificate"), "{error}");
    }
}
