//! Where each function goes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Module;

/// The size up to which a function is not worth its stub, in bytes, at the first cut and the second. What gave the smallest sum
/// of the first two parts: of the last one nothing comes early, since its bytes come when nobody waits any more.
const STUB: [usize; 2] = [80, 0];

/// The first part and the rest.
pub(crate) struct Plan {
    rest: BTreeSet<u32>,
    /// Functions of the rest that the first part mentions, with their place in the table, in this order.
    stubs: BTreeMap<u32, u32>,
    /// Functions of the first part (or imports) that the rest calls.
    shared: BTreeSet<u32>,
}

impl Plan {
    /// What the list names comes first; so does what has no name, since nothing is known about it. `again`: what comes later
    /// will be cut, too.
    ///
    /// # Errors
    /// When the module says no names, or nothing is left for the rest.
    pub(crate) fn new(module: &Module, list: &str, again: bool) -> anyhow::Result<Self> {
        let stub = STUB[usize::from(!again)];
        let listed: HashSet<&str> = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let comes_first = |function: u32| {
            let name = module.name(function);
            name.is_empty() || listed.contains(name)
        };
        let rest: BTreeSet<u32> = module.defined().filter(|&function| !comes_first(function)).collect();
        anyhow::ensure!(!rest.is_empty(), "every function would come first: does the module hold names?");

        let mut rest = rest;
        let mut stubs = stubs_for(module, &rest);
        // A stub costs some bytes as well: what is hardly longer comes first itself, as long as that needs no further stub.
        loop {
            let small: Vec<u32> = stubs
                .iter()
                .copied()
                .filter(|&function| {
                    let body = module.body(function);
                    body.size <= stub
                        && body.mentions.iter().all(|other| !rest.contains(other) || stubs.contains(other))
                })
                .collect();
            if small.is_empty() {
                break;
            }
            for function in small {
                rest.remove(&function);
            }
            stubs = stubs_for(module, &rest);
        }
        let shared = rest
            .iter()
            .flat_map(|&function| &module.body(function).mentions)
            .copied()
            .filter(|other| !rest.contains(other))
            .collect();
        Ok(Self { rest, stubs: stubs.into_iter().zip(0..).collect(), shared })
    }

    /// Whether a function's body is in the rest.
    pub(crate) fn is_rest(&self, function: u32) -> bool {
        self.rest.contains(&function)
    }

    /// The functions whose bodies are in the rest, in order.
    pub(crate) fn rest(&self) -> impl Iterator<Item = u32> {
        self.rest.iter().copied()
    }

    /// Functions of the rest that the first part mentions, and their places in the table.
    pub(crate) fn stubs(&self) -> &BTreeMap<u32, u32> {
        &self.stubs
    }

    /// Functions that the rest imports, in order.
    pub(crate) fn shared(&self) -> impl Iterator<Item = u32> {
        self.shared.iter().copied()
    }

    /// The name under which the first part exports a shared function.
    pub(crate) fn export_name(index: usize) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut name = String::new();
        let mut rest = index;
        loop {
            name.push(char::from(DIGITS[rest % 36]));
            rest /= 36;
            if rest == 0 {
                // No name of wasm-bindgen begins like this.
                return format!("${name}");
            }
        }
    }
}

/// The functions of the rest that the first part, tables or exports mention.
fn stubs_for(module: &Module, rest: &BTreeSet<u32>) -> BTreeSet<u32> {
    let first = module.defined().filter(|function| !rest.contains(function));
    let mentioned = first.flat_map(|function| &module.body(function).mentions).chain(&module.roots);
    mentioned.copied().filter(|function| rest.contains(function)).collect()
}
