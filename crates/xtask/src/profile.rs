//! `cargo xtask profile`: which functions of the module a browser runs until the sign-in form is drawn.
//!
//! Writes `web-component/first-part.txt`, by which `dist` splits the module. To be run when `e2e/tests/size` says that the
//! second part was needed before the form, or when the form loads more than it should.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};

use crate::dist::split::{Module, instrument};
use crate::process::{announce, cargo, command, run as run_program};
use crate::workspace::Workspace;
use crate::{dist, prepare};

const HEADER: &str =
    "# The functions that draw the sign-in form; written by `cargo xtask profile`, read by `cargo xtask dist`.\n";

/// Builds, measures in a browser and writes the list.
///
/// # Errors
/// When something does not build or the browser does not get to the form.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    prepare::for_test(workspace)?;
    let list = workspace.path("web-component/first-part.txt");
    if !list.exists() {
        fs::write(&list, HEADER).context("the list can't be written")?;
    }
    dist::run(workspace)?;
    run_program(command(cargo(), workspace.root()).args(["build", "--package", "converse-server", "--locked"]))?;

    announce("Measuring in the browser");
    let bytes = fs::read(dist::module::named(workspace)).context("the module can't be read")?;
    let module = Module::parse(&bytes)?;
    let folder = workspace.target().join("profile");
    lay_out(&workspace.dist().join("element"), &folder.join("element"), &instrument::encode(&bytes, &module)?)?;
    let ran = folder.join("ran.txt");
    run_program(
        command("npx", &workspace.path("e2e"))
            .env("CONVERSE_SERVER", workspace.target().join("debug/converse-server"))
            .env("CONVERSE_DIST", &folder)
            .env("CONVERSE_PROFILE", &ran)
            .args(["playwright", "test", "--config", "profile.config.ts"]),
    )?;

    let text = fs::read_to_string(&ran).context("the browser wrote nothing down")?;
    let names: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.parse().ok())
        .map(|index| module.name(index))
        .filter(|name| !name.is_empty())
        .collect();
    ensure!(!names.is_empty(), "no function ran");
    let mut lines = HEADER.to_owned();
    for name in &names {
        lines.push_str(name);
        lines.push('\n');
    }
    fs::write(&list, lines).context("the list can't be written")?;
    println!("{} of {} functions draw the form", names.len(), module.bodies.len());
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
