//! Debian's ejabberd, in an Erlang machine without distribution, which would leave a daemon of its own behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::DOMAIN;
use crate::demo::data::{ACCOUNTS, PASSWORD};

/// Everything that it reads, by the path in its folder.
pub(super) fn files(folder: &Path, port: u16) -> Vec<(PathBuf, String)> {
    vec![(PathBuf::from("ejabberd.yml"), configuration(folder, port))]
}

/// In the foreground. Accounts and contacts are there already from the second run on, and stay as they are.
pub(super) fn command(folder: &Path) -> anyhow::Result<Command> {
    let mut steps: Vec<String> = ACCOUNTS
        .iter()
        .map(|(account, _)| {
            format!("ejabberd_auth:try_register({}, {}, {})", text(account), text(DOMAIN), text(PASSWORD))
        })
        .collect();
    for (account, _) in ACCOUNTS {
        for (other, name) in ACCOUNTS.iter().filter(|(other, _)| other != account) {
            let (account, other, name, domain) = (text(account), text(other), text(name), text(DOMAIN));
            steps.push(format!(
                "mod_admin_extra:add_rosteritem({account}, {domain}, {other}, {domain}, {name}, <<>>, <<\"both\">>)"
            ));
        }
    }
    let mut command = Command::new("erl");
    // Ctrl-c ends it, too, instead of opening its menu.
    command
        .args(["+Bd", "-noinput", "-mnesia", "dir", &format!("{:?}", folder.join("db"))])
        .args(["-s", "ejabberd", "-eval", &format!("{}.", steps.join(", "))])
        .current_dir(folder)
        .env("ERL_LIBS", libraries()?)
        .env("EJABBERD_CONFIG_PATH", folder.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", folder.join("ejabberd.log"))
        .env("HOME", folder);
    Ok(command)
}

/// As Erlang writes it. Names and passwords of the demo are plain ASCII.
fn text(text: &str) -> String {
    format!("<<{text:?}>>")
}

/// Where the package has put its modules: `/usr/lib/<machine>`.
fn libraries() -> anyhow::Result<PathBuf> {
    let inside = |folder: &Path| fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    inside(Path::new("/usr/lib"))
        .map(|entry| entry.path())
        .find(|folder| inside(folder).any(|entry| entry.file_name().to_string_lossy().starts_with("ejabberd-")))
        .context("ejabberd's modules are not below /usr/lib, where Debian has them")
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        r#"hosts: ["{DOMAIN}"]
loglevel: 4
certfiles: ["{folder}/certificate.pem", "{folder}/key.pem"]
ca_file: "{folder}/certificate.pem"
acme: {{auto: false}}
auth_method: internal
auth_password_format: scram
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls_required: true}}
modules:
  mod_admin_extra: {{}}
  mod_blocking: {{}}
  mod_carboncopy: {{}}
  mod_disco: {{}}
  mod_last: {{}}
  mod_mam: {{default: always}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_roster: {{}}
  mod_stream_mgmt: {{}}
  mod_time: {{}}
  mod_vcard: {{}}
  mod_version: {{}}
"#
    )
}
