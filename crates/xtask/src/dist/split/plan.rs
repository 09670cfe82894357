//! Where each function goes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Module;

/// The first part and the rest.
pub(crate) struct Plan {
    rest: BTreeSet<u32>,
    /// Functions of the rest that the first part mentions, with their place in the table, in this order.
    stubs: BTreeMap<u32, u32>,
    /// Functions of the first part (or imports) that the rest calls.
    shared: BTreeSet<u32>,
}

impl Plan {
    /// What the list names comes first; so does what has no name, since nothing is known about it.
    ///
    /// # Errors
    /// When the module says no names, or nothing is left for the rest.
    pub(crate) fn new(module: &Module, list: &str) -> anyhow::Result<Self> {
        let listed: HashSet<&str> = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        let comes_first = |function: u32| {
            let name = module.name(function);
            name.is_empty() || listed.contains(name)
        };
        let rest: BTreeSet<u32> = module.defined().filter(|&function| !comes_first(function)).collect();
        anyhow::ensure!(!rest.is_empty(), "every function would come first: does the module hold names?");

        let mut mentioned: BTreeSet<u32> = module.roots.clone();
        let mut shared = BTreeSet::new();
        for function in module.defined() {
            let mentions = &module.body(function).mentions;
            if rest.contains(&function) {
                shared.extend(mentions.iter().filter(|other| !rest.contains(other)));
            } else {
                mentioned.extend(mentions);
            }
        }
        let stubs = mentioned.intersection(&rest).copied().zip(0..).collect();
        Ok(Self { rest, stubs, shared })
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

    /// How many functions have their bodies in the first part; for the message.
    pub(crate) fn first_count(&self) -> String {
        format!("all but {}", self.rest.len())
    }
}
