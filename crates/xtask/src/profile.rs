//! `cargo xtask profile`: which functions of the module a browser runs until the sign-in form is drawn, and in a session.
//!
//! Writes `web-component/first-part.txt` and `second-part.txt`, by which `dist` divides the module. To be run when `e2e/tests/size`
//! says that a part was needed too early, or when a page loads more than it should. A browser does not go every way in every run:
//! what an earlier run found stays, if the module still has it. Delete a list to begin it anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};

use crate::dist::split::{Module, instrument};
use crate::process::{announce, cargo, command, run as run_program};
use crate::workspace::Workspace;
use crate::{dist, prepare};

/// What stands at the top of each list, and the file in which the browser says which functions it ran.
const LISTS: [(&str, &str); 2] =
    [("The functions that draw the sign-in form", "form.txt"), ("The functions of an ordinary session", "session.txt")];

/// Builds, measures in a browser and writes the lists.
///
/// # Errors
/// When something does not build or the browser does not get to its end.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    prepare::for_test(workspace)?;
    dist::run(workspace)?;
    run_program(command(cargo(), workspace.root()).args(["build", "--package", "converse-server", "--locked"]))?;

    announce("Measuring in the browser");
    let bytes = fs::read(dist::module::named(workspace)).context("the module can't be read")?;
    let module = Module::parse(&bytes)?;
    let folder = workspace.target().join("profile");
    lay_out(&workspace.dist().join("element"), &folder.join("element"), &instrument::encode(&bytes, &module)?)?;
    run_program(
        command("npx", &workspace.path("e2e"))
            .env("CONVERSE_SERVER", workspace.target().join("debug/converse-server"))
            .env("CONVERSE_DIST", &folder)
            .env("CONVERSE_PROFILE", &folder)
            .args(["playwright", "test", "--config", "profile.config.ts"]),
    )?;
    for ((what, file), list) in LISTS.into_iter().zip(dist::module::LISTS) {
        let text = fs::read_to_string(folder.join(file)).with_context(|| format!("the browser wrote no {file}"))?;
        let indices = text.lines().filter_map(|line| line.parse().ok());
        let mut names: BTreeSet<&str> =
            indices.map(|index| module.name(index)).filter(|name| !name.is_empty()).collect();
        ensure!(!names.is_empty(), "no function ran");
        let before = fs::read_to_string(workspace.path(list)).unwrap_or_default();
        let before: BTreeSet<&str> = before.lines().collect();
        names.extend(module.defined().map(|index| module.name(index)).filter(|name| before.contains(name)));
        let mut lines = format!("# {what}; written by `cargo xtask profile`, read by `cargo xtask dist`.\n");
        for name in &names {
            lines.push_str(name);
            lines.push('\n');
        }
        fs::write(workspace.path(list), lines).with_context(|| format!("can't write {list}"))?;
        println!("{what}: {} of {}", names.len(), module.bodies.len());
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies the element and puts the instrumented module, undivided, in the place of its first part.
fn lay_out(from: &Path, to: &Path, module: &[u8]) -> anyhow::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("can't remove {}", to.display()))?;
    }
    for file in dist::files_below(from)? {
        let relative = file.strip_prefix(from).context("a file below a folder has its path")?;
        let name = relative.to_string_lossy();
        if name.ends_with(".br") || name.ends_with(".gz") {
            continue;
        }
        let copy = to.join(relative);
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        }
        if name.starts_with("converse_chat-") && name.ends_with(".wasm") {
            fs::write(&copy, module).with_context(|| format!("can't write {}", copy.display()))?;
        } else {
            fs::copy(&file, &copy).with_context(|| format!("can't write {}", copy.display()))?;
        }
    }
    Ok(())
}
