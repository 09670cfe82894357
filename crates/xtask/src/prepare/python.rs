//! Python packages, exactly as a list names them, in an environment of their own.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::process::{self, announce, command};
use crate::workspace::Workspace;

/// The packages of the native clients that the server is tested against.
const LIST: &str = "server/tests/clients/requirements.txt";

/// Makes `target/tools/python` when it is missing or was made from another list.
///
/// # Errors
/// When Python is missing or the packages cannot be had.
pub(crate) fn packages(workspace: &Workspace) -> anyhow::Result<()> {
    let (folder, list) = (workspace.target().join("tools/python"), workspace.path(LIST));
    let wanted = fs::read(&list).with_context(|| format!("can't read {}", list.display()))?;
    let done = folder.join("made-from.txt");
    if fs::read(&done).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    announce(&format!("Preparing: Python packages of {LIST}"));
    let python = ["/usr/bin/python3", "/usr/local/bin/python3"].map(Path::new).into_iter().find(|path| path.is_file());
    let python = python.map(Path::to_path_buf).or_else(|| process::find("python3"));
    let python = python.context("python3 is missing: install Python 3.11 or newer with its module venv")?;
    process::run(command(python, workspace.root()).args(["-m", "venv", "--clear"]).arg(&folder))?;
    process::run(
        command(folder.join("bin/pip"), workspace.root())
            .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
            .arg(&list),
    )?;
    fs::write(&done, wanted).with_context(|| format!("can't write {}", done.display()))
}
