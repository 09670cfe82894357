//! Compressed twins (`.br`, `.gz`) beside what a browser loads, so that the server never compresses while it serves.

use std::path::Path;

use crate::process::{command, run};
use crate::workspace::Workspace;

/// Compresses every file below `folder` that text compression helps, as strongly as the formats can.
///
/// # Errors
/// When Node.js fails.
pub(crate) fn files(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let script = workspace.path("crates/xtask/src/dist/compress.mjs");
    run(command("node", workspace.root()).arg(script).arg(folder))
}
