//! Debian's Prosody: its configuration, its accounts as its file storage keeps them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::DOMAIN;
use crate::demo::data::{ACCOUNTS, PASSWORD};

/// Everything that it reads, by the path in its folder. What it has changed since stays where it keeps it.
pub(super) fn files(folder: &Path, port: u16) -> Vec<(PathBuf, String)> {
    let mut files = vec![(PathBuf::from("prosody.cfg.lua"), configuration(folder, port))];
    let data = PathBuf::from("data").join(DOMAIN);
    for (account, _) in ACCOUNTS {
        let keys = data.join("accounts").join(format!("{account}.dat"));
        if folder.join(&keys).exists() {
            continue;
        }
        let contacts: String = ACCOUNTS
            .iter()
            .filter(|(other, _)| other != account)
            .map(|(other, name)| {
                format!("\t[\"{other}@{DOMAIN}\"] = {{ [\"subscription\"] = \"both\"; [\"groups\"] = {{}}; [\"name\"] = \"{name}\"; }};\n")
            })
            .collect();
        let roster = format!("return {{\n\t[false] = {{ [\"version\"] = 1; }};\n{contacts}}};\n");
        files.push((keys, format!("return {{\n\t[\"password\"] = \"{PASSWORD}\";\n}};\n")));
        files.push((data.join("roster").join(format!("{account}.dat")), roster));
    }
    files
}

/// In the foreground.
pub(super) fn command(folder: &Path) -> Command {
    let mut command = Command::new("prosody");
    command.args(["-F", "--config"]).arg(folder.join("prosody.cfg.lua"));
    command
}

fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        r#"run_as_root = true
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ info = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}
s2s_ports = {{ }}
s2s_direct_tls_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{
  "roster", "saslauth", "tls", "disco", "ping", "carbons", "mam", "smacks", "vcard_legacy", "pep", "private", "blocklist", "time",
  "version",
}}
modules_disabled = {{ "s2s", "offline" }}
authentication = "internal_hashed"
storage = "internal"
c2s_require_encryption = true
ssl = {{ key = "{folder}/key.pem"; certificate = "{folder}/certificate.pem" }}

VirtualHost "{DOMAIN}"
"#
    )
}
