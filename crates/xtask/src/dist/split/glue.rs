//! Teaches the script that wasm-bindgen wrote to join the two parts.

use anyhow::Context as _;

use super::{FIRST, PARTS};

/// Where the script hands over its imports.
const IMPORTS: &str = "    return {\n        __proto__: null,\n";

/// The script with two functions more: `join(answer)` and `onMissing(callback)`.
///
/// # Errors
/// When the script does not look as wasm-bindgen writes it.
pub(crate) fn patch(script: &str) -> anyhow::Result<String> {
    let at = script.rfind(IMPORTS).context("the script of wasm-bindgen hands over its imports in a new way")?
        + IMPORTS.len();
    let (before, after) = script.split_at(at);
    Ok(format!("{before}        \"{PARTS}\": parts,\n{after}{}", JOINING.replace("FIRST", FIRST)))
}

const JOINING: &str = r#"
let missing = () => {
    throw new Error("the second part of the program is not there");
};
const parts = {
    __proto__: null,
    load: () => {
        new WebAssembly.Instance(missing(), { FIRST: wasm });
        wasm.$ready.value = 1;
    },
};

/**
 * Gives the program its second part. Joining it twice changes nothing.
 * @param {Response | PromiseLike<Response>} answer
 */
export async function join(answer) {
    await __wbg_load(await answer, { FIRST: wasm });
    wasm.$ready.value = 1;
}

/**
 * Says how to get the second part at once, when it is needed before it was joined.
 * @param {() => WebAssembly.Module} callback
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
        assert!(patched.contains("{ m: wasm }"));
        assert!(patch("something else").is_err());
    }
}
