//! Somebody else's XMPP server behind ours: the demo with `--upstream`.
//!
//! The other server has the demo's accounts and takes native clients on a free port of this machine, with STARTTLS. Ours relays the
//! page to it and hosts another domain by itself. [`prosody`] and [`ejabberd`] know how each is configured and started.

mod ejabberd;
mod prosody;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::process;

/// The domain of the other server's accounts.
pub(super) const DOMAIN: &str = "localhost";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server stands behind ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Prosody,
    Ejabberd,
}

impl Kind {
    /// Its package in Debian, and what it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prosody => "prosody",
            Self::Ejabberd => "ejabberd",
        }
    }
}

/// The other server, ready to be started.
pub(crate) struct Other {
    kind: Kind,
    folder: PathBuf,
    port: u16,
}

impl Other {
    /// Writes its configuration and, on the first run, its certificate and accounts.
    ///
    /// # Errors
    /// When the folder can't be written or there is no `openssl`.
    pub(crate) fn prepare(kind: Kind, folder: &Path) -> anyhow::Result<Self> {
        let other = Self { kind, folder: folder.join(kind.name()), port: free_port()? };
        fs::create_dir_all(&other.folder).with_context(|| format!("can't make {}", other.folder.display()))?;
        make_certificate(&other.folder)?;
        let files = match kind {
            Kind::Prosody => prosody::files(&other.folder, other.port),
            Kind::Ejabberd => ejabberd::files(&other.folder, other.port),
        };
        for (file, text) in files {
            write(&other.folder.join(file), &text)?;
        }
        Ok(other)
    }

    /// The file that tells our server about it.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn config_file(&self) -> anyhow::Result<PathBuf> {
        let file = self.folder.join("converse-server.toml");
        let certificate = self.folder.join("certificate.pem");
        let text = format!(
            "[[upstream]]\ndomain = {DOMAIN:?}\naddress = \"127.0.0.1:{}\"\ntls = \"starttls\"\nca_file = {certificate:?}\n",
            self.port
        );
        write(&file, &text)?;
        Ok(file)
    }

    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// When it does not come up; its log is in its folder.
    pub(crate) fn start(&self) -> anyhow::Result<Child> {
        let log = self.folder.join("log");
        let output = fs::File::create(&log).with_context(|| format!("can't write {}", log.display()))?;
        let errors = output.try_clone().context("can't share the log")?;
        let mut command: Command = match self.kind {
            Kind::Prosody => prosody::command(&self.folder),
            Kind::Ejabberd => ejabberd::command(&self.folder)?,
        };
        let mut child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .with_context(|| format!("can't start {}", self.kind.name()))?;
        let start = Instant::now();
        while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).is_err() {
            if child.try_wait()?.is_some() || start.elapsed() > PATIENCE {
                // It may have ended by itself.
                let _ = child.kill();
                bail!("{} does not come up; see {}", self.kind.name(), log.display());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(child)
    }
}

/// A certificate for which nobody vouches, so that it is its own authority.
fn make_certificate(folder: &Path) -> anyhow::Result<()> {
    if folder.join("certificate.pem").exists() {
        return Ok(());
    }
    let names = format!("subjectAltName=DNS:{DOMAIN}");
    process::read(
        process::command("openssl", folder)
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"])
            .args([
                "-subj",
                &format!("/CN={DOMAIN}"),
                "-addext",
                &names,
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"]),
    )
    .context("no certificate for the other server")
    .map(drop)
}

fn free_port() -> anyhow::Result<u16> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(probe.local_addr().context("no free port")?.port())
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
}
