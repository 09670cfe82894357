//! JavaScript packages, exactly as the lock file of a folder names them.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context as _, bail};

use crate::process::{self, announce, command};
use crate::workspace::Workspace;

const OLDEST_NODE: u32 = 20;

/// Installs the packages of `folder` when they are missing or older than its lock file.
///
/// # Errors
/// When Node.js is missing or too old, or `npm ci` fails.
pub(crate) fn packages(workspace: &Workspace, folder: &str) -> anyhow::Result<()> {
    node(workspace)?;
    let path = workspace.path(folder);
    if installed(&path) {
        return Ok(());
    }
    announce(&format!("Preparing: npm packages of {folder}/"));
    process::run(command("npm", &path).args(["ci", "--no-audit", "--no-fund"]))
}

fn node(workspace: &Workspace) -> anyhow::Result<()> {
    process::find("npm").context("npm is missing: install Node.js 20 or newer, with npm")?;
    let version =
        process::read(command("node", workspace.root()).arg("--version")).context("Node.js 20 or newer is needed")?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        bail!("Node.js {OLDEST_NODE} or newer is needed, this is {}", version.trim());
    }
    Ok(())
}

/// npm writes `node_modules/.package-lock.json` at the end of an installation.
fn installed(folder: &Path) -> bool {
    let done = modified(&folder.join("node_modules/.package-lock.json"));
    let lock = modified(&folder.join("package-lock.json"));
    matches!((done, lock), (Some(done), Some(lock)) if done >= lock)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("nonsense"), None);
    }
}
