//! Debian's Prosody on free ports of the loopback address, with a certificate of an authority made for the test.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

const PROSODY: &str = "/usr/bin/prosody";

/// The domain that it serves; nothing else answers for it.
pub const DOMAIN: &str = "people.test";

/// A running Prosody with accounts alice and bob, whose passwords are their names with "-password". It is killed when dropped.
pub struct Prosody {
    pub dir: tempfile::TempDir,
    /// For STARTTLS.
    pub c2s: SocketAddr,
    /// For TLS from the start.
    pub direct: SocketAddr,
    child: Child,
}

impl Prosody {
    pub fn start() -> Self {
        assert!(
            Path::new(PROSODY).is_file(),
            "{PROSODY} is missing: install Debian's prosody, or run cargo xtask test --only prepare"
        );
        let dir = tempfile::tempdir().unwrap();
        let authority = authority("Test authority");
        let (certificate, key) = certificate(&authority, DOMAIN);
        for (name, text) in [("ca.pem", authority.pem()), ("cert.pem", certificate), ("key.pem", key)] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let accounts = dir.path().join("data/people%2etest/accounts");
        std::fs::create_dir_all(&accounts).unwrap();
        for user in ["alice", "bob"] {
            let text = format!("return {{\n\t[\"password\"] = \"{user}-password\";\n}};\n");
            std::fs::write(accounts.join(format!("{user}.dat")), text).unwrap();
        }
        let (c2s, direct) = (free_port(), free_port());
        let config = dir.path().join("prosody.cfg.lua");
        std::fs::write(&config, configuration(dir.path(), c2s.port(), direct.port())).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let child = Command::new(PROSODY)
            .args(["-F", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let prosody = Self { dir, c2s, direct, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while ![c2s, direct].iter().all(|address| std::net::TcpStream::connect(address).is_ok()) {
            assert!(Instant::now() < deadline, "prosody does not listen: {}", prosody.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        prosody
    }

    /// The authority that vouches for it.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority that nobody knows.
pub fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a domain with its key, both as PEM.
pub fn certificate(authority: &CertifiedIssuer<'static, KeyPair>, domain: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([domain.to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn configuration(dir: &Path, c2s: u16, direct: u16) -> String {
    let dir = dir.display();
    format!(
        r#"
run_as_root = true
daemonize = false
pidfile = "{dir}/prosody.pid"
data_path = "{dir}/data"
log = {{ info = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {c2s} }}
c2s_direct_tls_ports = {{ {direct} }}
s2s_ports = {{ }}
s2s_direct_tls_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "carbons", "mam", "smacks", "private", "time", "version" }}
modules_disabled = {{ "s2s", "offline" }}
authentication = "internal_hashed"
storage = "internal"
c2s_require_encryption = true
ssl = {{ key = "{dir}/key.pem"; certificate = "{dir}/cert.pem" }}

VirtualHost "{DOMAIN}"
"#
    )
}
