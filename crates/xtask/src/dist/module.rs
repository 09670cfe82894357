//! First stage: the browser's module, from Rust sources to `web-component/pkg/`.

use std::fs;

use anyhow::Context as _;

use super::stamp::{Digest, Stamp};
use crate::process::{announce, command, find, run};
use crate::workspace::Workspace;

/// What the module is compiled from.
const SOURCES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "crates/xmpp",
    "crates/xmpp-stream",
    "crates/xmpp-client",
    "crates/chat-ui",
    "web-component/Cargo.toml",
    "web-component/src",
    "web-component/package-lock.json",
];

const WASM_PACK: &[&str] = &[
    "build",
    "web-component",
    "--target",
    "web",
    "--no-pack",
    "--no-opt",
    "--profile",
    "wasm-release",
    "--out-dir",
    "pkg",
    "--out-name",
    "converse_chat",
];

/// The WebAssembly features that Rust's wasm32 target assumes, all in browsers since 2022; and what can be dropped.
const WASM_OPT: &[&str] = &[
    "-Oz",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--strip-debug",
    "--strip-dwarf",
    "--strip-producers",
    "--strip-target-features",
];

/// Builds the module when its sources changed; whether it did.
///
/// # Errors
/// When it does not compile or a tool fails.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<bool> {
    let pkg = workspace.path("web-component/pkg");
    let module = pkg.join("converse_chat_bg.wasm");
    let mut digest = Digest::new(&[WASM_PACK, WASM_OPT].concat());
    for source in SOURCES {
        digest.add(&workspace.path(source))?;
    }
    let digest = digest.finish();
    let stamp = Stamp::new(&workspace.dist(), "module");
    if stamp.is(&digest, &[&module]) {
        return Ok(false);
    }
    stamp.clear();
    let wasm_pack = find("wasm-pack").context("wasm-pack is missing")?;
    announce("Building the browser's module (the first time takes some minutes)");
    run(command(wasm_pack, workspace.root()).args(WASM_PACK).args(["--", "--locked"]))?;
    announce("Shrinking the module");
    let wasm_opt = workspace.path("web-component/node_modules/.bin/wasm-opt");
    let small = pkg.join("small.wasm");
    run(command(wasm_opt, workspace.root()).args(WASM_OPT).arg(&module).arg("-o").arg(&small))?;
    fs::rename(&small, &module).with_context(|| format!("can't replace {}", module.display()))?;
    stamp.set(&digest)?;
    Ok(true)
}
