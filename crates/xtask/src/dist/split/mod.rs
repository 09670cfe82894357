//! Divides the browser's module: what draws the sign-in form comes first, what talks while the person types, and what most
//! visits never need when all is quiet.
//!
//! All parts share one memory and one set of tables, so the program is what it was. A function of a later part that an
//! earlier one mentions is there as a stub: it calls through a table that the later part fills when it is joined; if it is
//! called before that, the page is asked to fetch the part at once.
//!
//! [`plan`] decides where each function goes, [`first`] and [`rest`] write the two halves of one cut, [`glue`] adds the
//! joining to the script that wasm-bindgen wrote. The lists of functions are written by `cargo xtask profile` from what a
//! real browser ran.

mod first;
mod glue;
pub(crate) mod instrument;
mod module;
mod plan;
mod rest;

pub(crate) use module::Module;
pub(crate) use plan::Plan;

/// The name under which the rest imports what the first part exports; short, since every import repeats it.
const FIRST: &str = "m";
/// The module of the first part's one additional import.
const PARTS: &str = "./parts.js";

/// The exported global that the script sets once the next part is joined.
const READY: &str = "$ready";

/// Adds the global behind [`READY`]; whether the next part is there from the start.
fn add_ready(globals: &mut wasm_encoder::GlobalSection, already: bool) {
    let ty = wasm_encoder::GlobalType { val_type: wasm_encoder::ValType::I32, mutable: true, shared: false };
    globals.global(ty, &wasm_encoder::ConstExpr::i32_const(already.into()));
}

/// Cuts `whole` in two and answers the halves: first what the list names, and the rest, which imports it. `again`: the
/// rest keeps its names, since it will be cut itself.
///
/// # Errors
/// When the module uses what this does not know.
pub(crate) fn cut(whole: &[u8], list: &str, again: bool) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let module = Module::parse(whole)?;
    let plan = Plan::new(&module, list, again)?;
    println!(
        "  {} functions, {} of them later, {} stubs",
        module.bodies.len(),
        plan.rest().count(),
        plan.stubs().len()
    );
    Ok((first::encode(whole, &module, &plan)?, rest::encode(whole, &module, &plan, again)?))
}

pub(crate) use glue::patch;
