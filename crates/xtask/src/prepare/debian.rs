//! Programs that the checks drive and that come from Debian's archive: a browser, other XMPP servers, native clients.
//!
//! Daemons are installed without being started and without being enabled: the tests start them themselves, with their own
//! configuration, on free ports.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::process::{self, announce, command};

struct Package {
    name: &'static str,
    /// A file that is there when the package is.
    file: &'static str,
    /// The systemd unit that must not run afterwards.
    unit: Option<&'static str>,
    reason: &'static str,
}

const PACKAGES: &[Package] = &[
    Package { name: "chromium", file: "/usr/bin/chromium", unit: None, reason: "the browser tests" },
    Package {
        name: "prosody",
        file: "/usr/bin/prosody",
        unit: Some("prosody.service"),
        reason: "the tests against another XMPP server",
    },
    Package {
        name: "ejabberd",
        file: "/usr/sbin/ejabberdctl",
        unit: Some("ejabberd.service"),
        reason: "the tests against another XMPP server",
    },
    Package { name: "profanity", file: "/usr/bin/profanity", unit: None, reason: "the tests with a native client" },
    Package {
        name: "python3-venv",
        file: "/usr/share/doc/python3-venv/copyright",
        unit: None,
        reason: "the tests with native clients in Python",
    },
    Package {
        name: "fonts-dejavu-core",
        file: "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        unit: None,
        reason: "text that the browser can draw",
    },
];

/// Where Debian's init scripts ask whether a daemon may be started.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs what is missing.
///
/// # Errors
/// When something is missing and this is not root on Debian, or apt fails.
pub(crate) fn packages() -> anyhow::Result<()> {
    ensure(|_| true)
}

/// Installs one of them, if it is missing.
///
/// # Errors
/// As [`packages`].
pub(crate) fn package(name: &str) -> anyhow::Result<()> {
    ensure(|package| package.name == name)
}

fn ensure(wanted: impl Fn(&Package) -> bool) -> anyhow::Result<()> {
    let wanted = PACKAGES.iter().filter(|package| wanted(package));
    let missing: Vec<&Package> = wanted.filter(|package| !Path::new(package.file).exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !root_on_debian() {
        bail!("{}", instructions(&missing));
    }
    for package in &missing {
        announce(&format!("Preparing: Debian's {} for {}", package.name, package.reason));
    }
    let held = HeldDaemons::hold()?;
    let done = install(&missing);
    held.release()?;
    done?;
    disable(&missing)
}

fn install(missing: &[&Package]) -> anyhow::Result<()> {
    let root = Path::new("/");
    process::run(command("apt-get", root).args(["update", "-q"]))?;
    process::run(
        command("apt-get", root)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .args(missing.iter().map(|package| package.name)),
    )
}

fn disable(missing: &[&Package]) -> anyhow::Result<()> {
    // The package enables its unit for the next start of the machine even where nothing runs now.
    if process::find("systemctl").is_none() {
        return Ok(());
    }
    for unit in missing.iter().filter_map(|package| package.unit) {
        process::run(command("systemctl", Path::new("/")).args(["disable", unit]))?;
    }
    Ok(())
}

fn root_on_debian() -> bool {
    let root = process::read(command("id", Path::new("/")).arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && Path::new("/etc/debian_version").exists() && process::find("apt-get").is_some()
}

fn instructions(missing: &[&Package]) -> String {
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let mut text =
        format!("missing programs; as root on Debian: apt-get install --no-install-recommends {}", names.join(" "));
    for package in missing {
        text.push_str(&format!("\n  {} ({}): {}", package.name, package.file, package.reason));
    }
    text
}

/// Keeps daemons from being started by their packages; puts back what was there.
struct HeldDaemons {
    /// Whether the policy file is ours to remove: one that was there before stays and decides.
    ours: bool,
}

impl HeldDaemons {
    fn hold() -> anyhow::Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self { ours: false });
        }
        fs::write(POLICY, "#!/bin/sh\nexit 101\n").with_context(|| format!("can't write {POLICY}"))?;
        fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("can't make {POLICY} executable"))?;
        Ok(Self { ours: true })
    }

    fn release(self) -> anyhow::Result<()> {
        if self.ours {
            fs::remove_file(POLICY).with_context(|| format!("can't remove {POLICY}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_name_package_file_and_reason() {
        let missing: Vec<&Package> = PACKAGES.iter().take(1).collect();
        let text = instructions(&missing);
        assert!(text.contains("apt-get install --no-install-recommends chromium"));
        assert!(text.contains("/usr/bin/chromium"));
        assert!(text.contains("the browser tests"));
    }
}
