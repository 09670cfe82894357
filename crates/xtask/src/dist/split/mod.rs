//! Splits the browser's module: what draws the sign-in form comes first, the rest while the person types.
//!
//! Both parts share one memory and one set of tables, so the program is what it was. A function of the rest that the first
//! part mentions is there as a stub: it calls through a table that the rest fills when it is joined; if it is called
//! before that, the page is asked to fetch the rest at once.
//!
//! [`plan`] decides where each function goes, [`first`] and [`rest`] write the two modules, [`glue`] adds the joining to
//! the script that wasm-bindgen wrote. The list of functions the form needs is `web-component/first-part.txt`, written by
//! `cargo xtask profile` from what a real browser ran.

mod first;
mod glue;
pub(crate) mod instrument;
mod module;
mod plan;
mod rest;

use std::fs;
use std::path::Path;

use anyhow::Context as _;

pub(crate) use module::Module;
pub(crate) use plan::Plan;

/// The name under which the rest imports what the first part exports; short, since every import repeats it.
const FIRST: &str = "m";
/// The module of the first part's one additional import.
const PARTS: &str = "./parts.js";

/// Splits `module` in place; the rest goes to `rest`. `script` is patched so that it can join the two.
///
/// # Errors
/// When the module uses what this does not know, or a file can't be read or written.
pub(crate) fn split(module: &Path, rest: &Path, script: &Path, list: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(module).with_context(|| format!("can't read {}", module.display()))?;
    let list = fs::read_to_string(list).with_context(|| format!("can't read {}", list.display()))?;
    let glue = fs::read_to_string(script).with_context(|| format!("can't read {}", script.display()))?;
    let parsed = Module::parse(&bytes)?;
    let plan = Plan::new(&parsed, &list)?;
    println!("  {} of {} functions come first, {} stubs", plan.first_count(), parsed.bodies.len(), plan.stubs().len());
    let write =
        |path: &Path, bytes: Vec<u8>| fs::write(path, bytes).with_context(|| format!("can't write {}", path.display()));
    write(module, first::encode(&bytes, &parsed, &plan)?)?;
    write(rest, rest::encode(&bytes, &parsed, &plan)?)?;
    write(script, glue::patch(&glue)?.into_bytes())
}
