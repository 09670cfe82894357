//! Brings a fresh machine to where the commands can work, and says what it does.
//!
//! Nothing here asks questions: what can be installed without a person is installed, for the rest the error names the
//! package and the reason. [`rust`] knows the toolchain, [`npm`] the JavaScript packages,
//! [`python`] those of native clients, [`debian`] browser, daemons and other people's clients.

mod debian;
mod npm;
mod python;
mod rust;

use anyhow::Context as _;

use crate::process;
use crate::workspace::Workspace;

/// What building the element and the server needs.
///
/// # Errors
/// When something is missing that can't be installed from here; the message says what and why.
pub(crate) fn for_dist(workspace: &Workspace) -> anyhow::Result<()> {
    c_compiler()?;
    rust::wasm_target(workspace)?;
    rust::library_sources(workspace)?;
    rust::wasm_pack(workspace)?;
    npm::packages(workspace, "web-component")
}

/// What the checks need on top of that: a browser, other people's XMPP servers and clients, Playwright.
///
/// # Errors
/// As [`for_dist`].
pub(crate) fn for_test(workspace: &Workspace) -> anyhow::Result<()> {
    let packages = debian::packages();
    let built = for_dist(workspace);
    let npm = npm::packages(workspace, "e2e");
    let python = python::packages(workspace);
    // All of them are tried before the first error ends it, so that one run tells everything that is missing.
    packages.and(built).and(npm).and(python)
}

/// What the demo needs to put another XMPP server, by the name of its package, behind ours.
///
/// # Errors
/// As [`for_dist`].
pub(crate) fn for_upstream(package: &str) -> anyhow::Result<()> {
    debian::package(package)
}

/// SQLite is compiled from its C source.
fn c_compiler() -> anyhow::Result<()> {
    process::find("cc")
        .or_else(|| process::find("gcc"))
        .or_else(|| process::find("clang"))
        .map(|_| ())
        .context("a C compiler is needed to build SQLite: on Debian `apt-get install gcc libc6-dev`")
}
