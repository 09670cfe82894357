//! First stage: the browser's module, from Rust sources to the two parts in `web-component/pkg/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::stamp::{Digest, Stamp};
use super::{imports, split};
use crate::process::{announce, command, find, run};
use crate::workspace::Workspace;

/// What the module is compiled from.
const SOURCES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
    "crates/xmpp",
    "crates/xmpp-stream",
    "crates/xmpp-client",
    "crates/chat-ui",
    "crates/view-macro",
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

/// What cargo is told beside that.
///
/// The standard library is compiled along, for size and without the texts of panics, which nobody sees in a page: a tenth of
/// all that a visitor loads. These are flags that stable Rust has but does not promise, hence `RUSTC_BOOTSTRAP`; names in the
/// new mangling tell generic functions apart, which the splitting needs.
const CARGO: &[&str] = &[
    "--locked",
    "--config",
    "target.wasm32-unknown-unknown.rustflags=['-Csymbol-mangling-version=v0','-Zunstable-options','-Cpanic=immediate-abort',\
     '-Zlocation-detail=none','-Zfmt-debug=none']",
    "-Zbuild-std=std,panic_abort",
    "-Zbuild-std-features=optimize_for_size",
];

/// The WebAssembly features that Rust's wasm32 target assumes, all in browsers since 2022. Names stay for the splitting.
const WASM_OPT: &[&str] = &[
    "-Oz",
    "--converge",
    // Rust keeps the first kilobyte for the far end of the stack: no pointer with an offset wraps around into it.
    "--low-memory-unused",
    // Rust checks before it divides or converts; a load never traps in a program that is right.
    "--ignore-implicit-traps",
    // Like stands by like, which compresses better than what is called most first.
    "--reorder-functions-by-name",
    "-g",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The functions that draw the sign-in form, and those that a session runs while nothing special happens.
pub(crate) const LISTS: [&str; 2] = ["web-component/first-part.txt", "web-component/second-part.txt"];
/// The files of the three parts in `web-component/pkg/`.
const PARTS: [&str; 3] = ["converse_chat_bg.wasm", "converse_chat_rest.wasm", "converse_chat_rare.wasm"];

/// Builds the module when its sources changed; whether it did.
///
/// # Errors
/// When it does not compile or a tool fails.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<bool> {
    let pkg = workspace.path("web-component/pkg");
    let compiled = compile(workspace, &pkg)?;
    let named = named(workspace);
    let mut digest = Digest::new(&["cut"]);
    digest.add(&named)?;
    digest.add(&workspace.path("crates/xtask/src/dist/split"))?;
    for list in LISTS {
        digest.add(&workspace.path(list))?;
    }
    let digest = digest.finish();
    let stamp = Stamp::new(&workspace.dist(), "cut");
    let outputs = PARTS.map(|part| pkg.join(part));
    let [first, rest, rare] = &outputs;
    if !compiled && stamp.is(&digest, &[first, rest, rare]) {
        return Ok(false);
    }
    stamp.clear();
    let [first_list, rest_list] = LISTS.map(|list| read(&workspace.path(list)));
    let whole = fs::read(&named).with_context(|| format!("can't read {}", named.display()))?;
    let (first_bytes, later) = split::cut(&whole, &first_list?, true)?;
    let (rest_bytes, rare_bytes) = split::cut(&later, &rest_list?, false)?;
    let script = split::patch(&read(&script_as_written(workspace))?)?;
    write(first, &first_bytes)?;
    write(rest, &rest_bytes)?;
    write(rare, &rare_bytes)?;
    write(&pkg.join("converse_chat.js"), script.as_bytes())?;
    stamp.set(&digest)?;
    Ok(true)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()))
}

/// The whole module with the names of its functions.
pub(crate) fn named(workspace: &Workspace) -> PathBuf {
    workspace.dist().join("named.wasm")
}

/// The script as wasm-bindgen wrote it.
pub(super) fn script_as_written(workspace: &Workspace) -> PathBuf {
    workspace.dist().join("named.js")
}

fn compile(workspace: &Workspace, pkg: &Path) -> anyhow::Result<bool> {
    let named = named(workspace);
    let mut digest = Digest::new(&[WASM_PACK, CARGO, WASM_OPT].concat());
    for source in SOURCES {
        digest.add(&workspace.path(source))?;
    }
    let digest = digest.finish();
    let stamp = Stamp::new(&workspace.dist(), "module");
    if stamp.is(&digest, &[&named]) {
        return Ok(false);
    }
    stamp.clear();
    let wasm_pack = find("wasm-pack").context("wasm-pack is missing")?;
    announce("Building the browser's module (the first time takes some minutes, and compiles wasm-bindgen too)");
    run(command(wasm_pack, workspace.root()).env("RUSTC_BOOTSTRAP", "1").args(WASM_PACK).arg("--").args(CARGO))?;
    announce("Shrinking the module");
    let wasm_opt = workspace.path("web-component/node_modules/.bin/wasm-opt");
    let module = pkg.join("converse_chat_bg.wasm");
    fs::create_dir_all(workspace.dist()).with_context(|| format!("can't make {}", workspace.dist().display()))?;
    run(command(wasm_opt, workspace.root()).args(WASM_OPT).arg(&module).arg("-o").arg(&named))?;
    shorten_imports(&named, &pkg.join("converse_chat.js"), &script_as_written(workspace))?;
    stamp.set(&digest)?;
    Ok(true)
}

fn shorten_imports(module: &Path, script: &Path, short_script: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(module).with_context(|| format!("can't read {}", module.display()))?;
    let text = fs::read_to_string(script).with_context(|| format!("can't read {}", script.display()))?;
    let (bytes, text) = imports::shorten(&bytes, &text)?;
    fs::write(module, bytes).with_context(|| format!("can't write {}", module.display()))?;
    fs::write(short_script, text).with_context(|| format!("can't write {}", short_script.display()))
}
