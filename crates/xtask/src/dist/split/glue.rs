//! Teaches the script that wasm-bindgen wrote to join the parts.

use anyhow::Context as _;

use super::{FIRST, PARTS, READY};

/// Where the script hands over its imports.
const IMPORTS: &str = "    return {\n        __proto__: null,\n";

/// The script with two functions more: `join(part, module)` and `onMissing(callback)`.
///
/// # Errors
/// When the script does not look as wasm-bindgen writes it.
pub(crate) fn patch(script: &str) -> anyhow::Result<String> {
    let at = script.rfind(IMPORTS).context("the script of wasm-bindgen hands over its imports in a new way")?
        + IMPORTS.len();
    let (before, after) = script.split_at(at);
    Ok(format!(
        "{before}        \"{PARTS}\": parts,\n{after}{}",
        JOINING.replace("FIRST", FIRST).replace("PARTS", PARTS).replace("READY", READY)
    ))
}

const JOINING: &str = r#"
let missing = (part) => {
    throw new Error(`part ${part + 2} of the program is not there`);
};
/** What each part after the first one exports. */
const joined = [];
const before = (part) => (part === 0 ? wasm : joined[part - 1]);
/** At once and without a pause in between, so that no part is ever joined twice. */
const joinModule = (part, module) => {
    if (joined[part]) return;
    const imports = { FIRST: before(part), "PARTS": { load: () => joinModule(part + 1, missing(part + 1)) } };
    joined[part] = new WebAssembly.Instance(module, imports).exports;
    before(part).READY.value = 1;
};
const parts = { __proto__: null, load: () => joinModule(0, missing(0)) };

/**
 * Gives the program its second part (0) or its third (1), in this order.
 * @param {number} part
 * @param {WebAssembly.Module} module
 */
export function join(part, module) {
    joinModule(part, module);
}

/**
 * Says how to get a part at once, when it is needed before it was joined.
 * @param {(part: number) => WebAssembly.Module} callback
 */
export function onMissing(callback) {
    missing = callback;
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_import_is_handed_over() {
        let script =
            "function f() {\n    return {\n        __proto__: null,\n        \"./x.js\": import0,\n    };\n}\n";
        let patched = patch(script).unwrap();
        assert!(patched.contains("__proto__: null,\n        \"./parts.js\": parts,\n        \"./x.js\": import0,"));
        assert!(patched.contains("{ m: before(part)"));
        assert!(patch("something else").is_err());
    }
}
