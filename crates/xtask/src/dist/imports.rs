//! Short names for what the module imports from its script.
//!
//! wasm-bindgen calls each import by what it does and a hash of sixteen digits, once in the module and once in the script, and
//! digits of a hash don't compress: six kilobytes for two hundred imports. Nobody else sees these names.

use anyhow::{Context as _, anyhow};
use wasm_encoder as wasm;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasmparser::{Parser, Payload};

type Fault = Error<std::convert::Infallible>;

/// Where the script begins to name what it offers.
const OFFERS: &str = "function __wbg_get_imports() {";

/// The module and its script with `a`, `b`, `c` … for the names between them.
///
/// # Errors
/// When the module can't be read, or the script does not look as wasm-bindgen writes it.
pub(super) fn shorten(module: &[u8], script: &str) -> anyhow::Result<(Vec<u8>, String)> {
    let mut encoded = wasm::Module::new();
    Shorten { next: 0 }
        .parse_core_module(&mut encoded, Parser::new(0), module)
        .map_err(|error| anyhow!("{error}"))
        .context("the module can't be written with other names")?;
    let at = script.find(OFFERS).context("the script of wasm-bindgen offers its functions in a new way")?;
    let (before, offers) = script.split_at(at);
    let mut offers = offers.to_owned();
    for (index, name) in imports(module)?.iter().enumerate() {
        let key = format!("\n        {name}: ");
        let start = offers.find(&key).with_context(|| format!("the script does not offer {name}"))?;
        offers.replace_range(start..start + key.len(), &format!("\n        {}: ", short(index)));
    }
    Ok((encoded.finish(), [before, &offers].concat()))
}

/// The names in their order.
fn imports(module: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                names.push(import?.name.to_owned());
            }
        }
    }
    Ok(names)
}

/// `a` to `z`, `ba` to `zz`, `baa` and so on.
fn short(index: usize) -> String {
    const LETTERS: usize = 26;
    let last = char::from(b'a' + (index % LETTERS) as u8);
    let mut name = if index < LETTERS { String::new() } else { short(index / LETTERS) };
    name.push(last);
    name
}

struct Shorten {
    next: usize,
}

impl Reencode for Shorten {
    type Error = std::convert::Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut wasm::ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Fault> {
        for import in section.into_imports() {
            let name = short(self.next);
            self.next += 1;
            utils::parse_import(self, imports, wasmparser::Import { name: &name, ..import? })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_on_both_sides_alike_and_nowhere_else() {
        let module = module_of(&["__wbg_log_0123456789abcdef", "__wbg_log_00"]);
        let script = "let a = wasm.__wbg_log_00;\nfunction __wbg_get_imports() {\n    const import0 = {\n        \
                      __wbg_log_00: function() { log(); },\n        __wbg_log_0123456789abcdef: function() {},\n";
        let (module, script) = shorten(&module, script).unwrap();
        assert_eq!(imports(&module).unwrap(), ["a", "b"]);
        assert_eq!(
            script,
            "let a = wasm.__wbg_log_00;\nfunction __wbg_get_imports() {\n    const import0 = {\n        \
             b: function() { log(); },\n        a: function() {},\n"
        );
        assert!(shorten(&module_of(&["gone"]), &script).is_err());
    }

    fn module_of(names: &[&str]) -> Vec<u8> {
        let mut module = wasm::Module::new();
        let mut types = wasm::TypeSection::new();
        types.ty().function([], []);
        let mut section = wasm::ImportSection::new();
        for name in names {
            section.import("./x.js", name, wasm::EntityType::Function(0));
        }
        module.section(&types).section(&section);
        module.finish()
    }

    #[test]
    fn every_name_is_another() {
        let names: std::collections::BTreeSet<String> = (0..2000).map(short).collect();
        assert_eq!(names.len(), 2000);
        assert_eq!([short(0), short(25), short(26), short(702)], ["a", "z", "ba", "bba"]);
    }
}
