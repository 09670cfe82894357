//! Other people's XMPP servers, as Debian has them, on free ports of the loopback address, with a certificate of an authority made for the
//! test.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

const PROSODY: &str = "/usr/bin/prosody";
const EJABBERD: &str = "/usr/sbin/ejabberdctl";

/// The domain that they serve; nothing else answers for it.
pub const DOMAIN: &str = "people.test";

/// A running server with accounts alice and bob, whose passwords are their names with "-password". It is killed when dropped.
pub struct Other {
    pub dir: tempfile::TempDir,
    /// For STARTTLS.
    pub c2s: SocketAddr,
    /// For TLS from the start.
    pub direct: SocketAddr,
    child: Child,
}

impl Other {
    pub fn prosody() -> Self {
        let dir = prepare("prosody", PROSODY);
        let accounts = dir.path().join("data/people%2etest/accounts");
        std::fs::create_dir_all(&accounts).unwrap();
        for user in USERS {
            let text = format!("return {{\n\t[\"password\"] = \"{user}-password\";\n}};\n");
            std::fs::write(accounts.join(format!("{user}.dat")), text).unwrap();
        }
        let config = dir.path().join("prosody.cfg.lua");
        let mut command = Command::new(PROSODY);
        command.args(["-F", "--config"]).arg(&config);
        Self::run(dir, command, |dir, c2s, direct| std::fs::write(&config, prosody(dir, c2s, direct)).unwrap())
    }

    /// The Erlang machine runs without distribution, which would leave a daemon of its own behind.
    pub fn ejabberd() -> Self {
        let dir = prepare("ejabberd", EJABBERD);
        let config = dir.path().join("ejabberd.yml");
        let accounts: String = USERS
            .iter()
            .map(|user| {
                format!("ok = ejabberd_auth:try_register(<<\"{user}\">>, <<\"{DOMAIN}\">>, <<\"{user}-password\">>)")
            })
            .collect::<Vec<_>>()
            .join(", ");
        let mut command = Command::new("erl");
        command
            .args(["-noinput", "-mnesia", "dir", &format!("{:?}", dir.path().join("db"))])
            .args([
                "-s",
                "ejabberd",
                "-eval",
                &format!("{accounts}, file:write_file(\"{}\", <<>>).", dir.path().join("ready").display()),
            ])
            .current_dir(dir.path())
            .env("ERL_LIBS", erlang_libraries())
            .env("EJABBERD_CONFIG_PATH", &config)
            .env("EJABBERD_LOG_PATH", dir.path().join("ejabberd.log"))
            .env("HOME", dir.path());
        let other =
            Self::run(dir, command, |dir, c2s, direct| std::fs::write(&config, ejabberd(dir, c2s, direct)).unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        while !other.dir.path().join("ready").exists() {
            assert!(Instant::now() < deadline, "ejabberd has no accounts: {}", other.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        other
    }

    fn run(dir: tempfile::TempDir, mut command: Command, configure: impl FnOnce(&Path, u16, u16)) -> Self {
        let (c2s, direct) = (free_port(), free_port());
        configure(dir.path(), c2s.port(), direct.port());
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let other = Self { dir, c2s, direct, child };
        let deadline = Instant::now() + Duration::from_secs(40);
        while ![c2s, direct].iter().all(|address| std::net::TcpStream::connect(address).is_ok()) {
            assert!(Instant::now() < deadline, "the other server does not listen: {}", other.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        other
    }

    /// The authority that vouches for it.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

const USERS: [&str; 2] = ["alice", "bob"];

/// A folder with certificates, if the program is there.
fn prepare(package: &str, program: &str) -> tempfile::TempDir {
    assert!(
        Path::new(program).is_file(),
        "{program} is missing: install Debian's {package}, or run cargo xtask test --only prepare"
    );
    let dir = tempfile::tempdir().unwrap();
    let authority = authority("Test authority");
    let (certificate, key) = certificate(&authority, DOMAIN);
    for (name, text) in [("ca.pem", authority.pem()), ("cert.pem", certificate), ("key.pem", key)] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// Where the package has put ejabberd's modules: `/usr/lib/<machine>`.
fn erlang_libraries() -> PathBuf {
    let machines = std::fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let holds = |folder: &PathBuf| {
        let mut inside = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        inside.any(|entry| entry.file_name().to_string_lossy().starts_with("ejabberd-"))
    };
    machines.into_iter().find(holds).expect("Debian's ejabberd has a folder below /usr/lib")
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority that nobody knows.
pub fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = dated(CertificateParams::default());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a domain with its key, both as PEM.
pub fn certificate(authority: &CertifiedIssuer<'static, KeyPair>, domain: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = dated(CertificateParams::new([domain.to_owned()]).unwrap());
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

/// Good for some years from now: Erlang sets a timer for the end, and takes none for the end of time.
fn dated(mut params: CertificateParams) -> CertificateParams {
    let year = i32::try_from(super::unix_time() / 31_557_600).unwrap() + 1970;
    params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(year + 3, 1, 1);
    params
}

/// Below the range from which the system gives ports to those who ask for any, so that none of these takes it meanwhile.
fn free_port() -> SocketAddr {
    use std::hash::{BuildHasher as _, RandomState};

    let any = || 20_000 + u16::try_from(RandomState::new().hash_one(0) % 12_000).unwrap();
    let mut addresses = std::iter::repeat_with(|| SocketAddr::from(([127, 0, 0, 1], any())));
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}

fn prosody(dir: &Path, c2s: u16, direct: u16) -> String {
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

fn ejabberd(dir: &Path, c2s: u16, direct: u16) -> String {
    let dir = dir.display();
    format!(
        r#"
hosts: ["{DOMAIN}"]
loglevel: 4
certfiles: ["{dir}/cert.pem", "{dir}/key.pem"]
ca_file: "{dir}/ca.pem"
acme: {{auto: false}}
auth_method: internal
auth_password_format: scram
listen:
  - {{port: {c2s}, ip: "127.0.0.1", module: ejabberd_c2s, starttls_required: true}}
  - {{port: {direct}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true}}
modules:
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_mam: {{default: always}}
  mod_ping: {{}}
  mod_roster: {{}}
  mod_stream_mgmt: {{}}
"#
    )
}
