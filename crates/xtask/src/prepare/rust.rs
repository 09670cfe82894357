//! The toolchain: the browser's target and wasm-pack.

use std::path::Path;

use anyhow::Context as _;

use crate::process::{self, announce, command};
use crate::workspace::Workspace;

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Adds the standard library for the browser's target when it is missing.
///
/// # Errors
/// When it is missing and `rustup` can't add it.
pub(crate) fn wasm_target(workspace: &Workspace) -> anyhow::Result<()> {
    let libraries =
        process::read(command("rustc", workspace.root()).args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    let rustup = process::find("rustup").with_context(|| {
        format!("the Rust target {WASM_TARGET} is missing and there is no rustup to add it: install Rust with rustup")
    })?;
    announce(&format!("Preparing: the Rust target {WASM_TARGET}"));
    process::run(command(rustup, workspace.root()).args(["target", "add", WASM_TARGET]))
}

/// Adds the sources of the standard library, which is compiled into the browser's module for size.
///
/// # Errors
/// When they are missing and `rustup` can't add them.
pub(crate) fn library_sources(workspace: &Workspace) -> anyhow::Result<()> {
    let sysroot = process::read(command("rustc", workspace.root()).args(["--print", "sysroot"]))?;
    if Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file() {
        return Ok(());
    }
    let rustup = process::find("rustup")
        .context("the sources of Rust's standard library are missing and there is no rustup to add them")?;
    announce("Preparing: the sources of Rust's standard library");
    process::run(command(rustup, workspace.root()).args(["component", "add", "rust-src"]))
}

/// Builds wasm-pack from source when it is missing.
///
/// # Errors
/// When `cargo install` fails.
pub(crate) fn wasm_pack(workspace: &Workspace) -> anyhow::Result<()> {
    if process::find("wasm-pack").is_some() {
        return Ok(());
    }
    announce("Preparing: wasm-pack, compiled from source; about 4 minutes on two cores, once per machine");
    // In its own target folder, or cargo would compile it again after every interruption.
    let target = workspace.target().join("tools");
    process::run(
        command(process::cargo(), workspace.root())
            .args(["install", "wasm-pack", "--locked"])
            .arg("--target-dir")
            .arg(target),
    )
}
