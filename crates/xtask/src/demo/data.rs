//! What the demo keeps between runs: the database, the accounts in it, the secret that signs visitor tokens.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Local part and name of everyone who can sign in.
pub(crate) const ACCOUNTS: &[(&str, &str)] =
    &[("alice", "Alice Archer"), ("bob", "Bob Baker"), ("carol", "Carol Cooper")];
/// Known to everyone on purpose: the demo listens on the loopback address only.
pub(crate) const PASSWORD: &str = "wonderland";

/// `converse-server user add`: the account is there already.
const ACCOUNT_EXISTS: i32 = 3;

pub(crate) struct Data {
    server: PathBuf,
    folder: PathBuf,
    domain: &'static str,
}

impl Data {
    /// Makes the folder and the secret on the first run. The server hosts `domain`.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub(crate) fn open(server: &Path, folder: &Path, domain: &'static str) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        let data = Self { server: server.to_path_buf(), folder: folder.to_path_buf(), domain };
        make_secret(&data.secret_file())?;
        Ok(data)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn domain(&self) -> &'static str {
        self.domain
    }

    pub(crate) fn secret_file(&self) -> PathBuf {
        self.folder.join("prebind.secret")
    }

    /// `converse-server` with the settings that every one of its commands needs here.
    pub(crate) fn server(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.server);
        command.args(arguments).args(["--domain", self.domain, "--data-dir"]).arg(&self.folder);
        command
    }

    /// Adds the accounts that are not there yet and makes them contacts of those that are: a list without anybody in it shows
    /// little.
    ///
    /// # Errors
    /// When the server can't write its database.
    pub(crate) fn add_accounts(&self) -> anyhow::Result<()> {
        for (index, (account, name)) in ACCOUNTS.iter().enumerate() {
            if self.user(&["add", account, "--name", name, "--password-file", "-"])? == Did::Done {
                println!("  added {account}@{}", self.domain);
                for (other, _) in &ACCOUNTS[..index] {
                    self.user(&["connect", account, other])?;
                }
            }
        }
        Ok(())
    }

    /// One `converse-server user` command; the password is on its standard input.
    fn user(&self, arguments: &[&str]) -> anyhow::Result<Did> {
        let what = arguments[..2].join(" ");
        let mut child = self
            .server(&[&["user"], arguments].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", self.server.display()))?;
        if let Some(mut input) = child.stdin.take() {
            // A server that stops before it reads says why below.
            let _ = input.write_all(PASSWORD.as_bytes());
        }
        let output = child.wait_with_output().context("lost track of converse-server")?;
        match output.status.code() {
            Some(0) => Ok(Did::Done),
            Some(ACCOUNT_EXISTS) => Ok(Did::Nothing),
            _ => {
                let complaint = String::from_utf8_lossy(&output.stderr);
                bail!("converse-server user {what}: {}", complaint.trim())
            }
        }
    }
}

/// What came of a command.
#[derive(PartialEq, Eq)]
enum Did {
    Done,
    /// It was so already.
    Nothing,
}

fn make_secret(file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    let mut bytes = [0u8; 32];
    fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .context("no randomness for the demo's secret")?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut secret| secret.write_all(text.as_bytes()))
        .with_context(|| format!("can't write {}", file.display()))
}
