//! Second and third stage: the npm package, packed and unpacked again, and the demo pages.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::compress;
use super::stamp::{Digest, Stamp, files_below};
use crate::process::{announce, command, read, run};
use crate::workspace::Workspace;

/// Bundles, packs and unpacks the element when anything in it changed; whether it did.
///
/// # Errors
/// When a tool fails or a file can't be written.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<bool> {
    let source = workspace.path("web-component");
    let dist = workspace.dist();
    let element = dist.join("element");
    let mut digest = Digest::new(&["npm run build", "npm pack"]);
    let mut inputs = Vec::new();
    for entry in fs::read_dir(&source).with_context(|| format!("can't read {}", source.display()))? {
        let entry = entry.with_context(|| format!("can't read {}", source.display()))?;
        if !matches!(entry.file_name().to_str(), Some("dist" | "src" | "node_modules")) {
            inputs.push(entry.path());
        }
    }
    inputs.sort();
    for input in &inputs {
        digest.add(input)?;
    }
    let digest = digest.finish();
    let stamp = Stamp::new(&dist, "package");
    if stamp.is(&digest, &[&element, &dist.join("package")]) {
        return Ok(false);
    }
    stamp.clear();
    announce("Packing the element");
    remove(&source.join("dist"))?;
    run(command("npm", &source).args(["run", "--silent", "build"]))?;
    fs::create_dir_all(&dist).with_context(|| format!("can't make {}", dist.display()))?;
    remove_tarballs(&dist)?;
    let answer = read(command("npm", &source).args(["pack", "--silent", "--pack-destination"]).arg(&dist))?;
    let tarball = dist.join(answer.trim());
    remove(&dist.join("package"))?;
    run(command("tar", &dist).arg("-xzf").arg(&tarball))?;
    replace(&dist.join("package/dist"), &element)?;
    compress::files(workspace, &element)?;
    stamp.set(&digest)?;
    Ok(true)
}

/// Copies the demo pages when they changed; whether it did.
///
/// # Errors
/// When a file can't be read or written.
pub(crate) fn site(workspace: &Workspace) -> anyhow::Result<bool> {
    let source = workspace.path("demo-site/public");
    let site = workspace.site();
    let mut digest = Digest::new(&["site"]);
    digest.add(&source)?;
    let digest = digest.finish();
    let stamp = Stamp::new(&workspace.dist(), "site");
    if stamp.is(&digest, &[&site]) {
        return Ok(false);
    }
    stamp.clear();
    replace(&source, &site)?;
    compress::files(workspace, &site)?;
    stamp.set(&digest)?;
    Ok(true)
}

/// Makes `to` a copy of the folder `from`.
fn replace(from: &Path, to: &Path) -> anyhow::Result<()> {
    remove(to)?;
    let files = files_below(from)?;
    anyhow::ensure!(!files.is_empty(), "there is nothing in {}", from.display());
    for file in files {
        let relative = file.strip_prefix(from).context("a file below a folder has its path")?;
        let copy: PathBuf = to.join(relative);
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        }
        fs::copy(&file, &copy).with_context(|| format!("can't write {}", copy.display()))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("can't remove {}", folder.display()))?;
    }
    Ok(())
}

fn remove_tarballs(folder: &Path) -> anyhow::Result<()> {
    for file in files_below(folder)? {
        if file.parent() == Some(folder) && file.extension().is_some_and(|extension| extension == "tgz") {
            fs::remove_file(&file).with_context(|| format!("can't remove {}", file.display()))?;
        }
    }
    Ok(())
}
