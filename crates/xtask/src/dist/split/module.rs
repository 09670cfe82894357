//! What has to be known about a module before it is split.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use wasmparser::{ElementItems, ExternalKind, Name, Operator, Parser, Payload, TypeRef};

/// A parsed module; function indices count the imports first.
#[derive(Default)]
pub(crate) struct Module {
    /// How many functions are imported.
    pub(crate) imported: u32,
    /// The type index of each function, imports first.
    pub(crate) types: Vec<u32>,
    /// Parameters of each type, by type index.
    pub(crate) parameters: Vec<u32>,
    /// What each defined function mentions.
    pub(crate) bodies: Vec<Body>,
    /// The names of functions, demangled, where the module says them.
    pub(crate) names: Vec<String>,
    /// Functions that exports, tables and the start mention.
    pub(crate) roots: BTreeSet<u32>,
    /// How many tables, globals and memories there are.
    pub(crate) tables: Vec<wasmparser::TableType>,
    pub(crate) globals: Vec<wasmparser::GlobalType>,
    pub(crate) memories: Vec<wasmparser::MemoryType>,
}

/// One defined function.
#[derive(Default)]
pub(crate) struct Body {
    /// Functions it calls or takes a reference of.
    pub(crate) mentions: BTreeSet<u32>,
    /// Its length in bytes.
    pub(crate) size: usize,
}

impl Module {
    /// Reads what is needed.
    ///
    /// # Errors
    /// When the bytes are no module, or it uses what the splitting does not know.
    pub(crate) fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut module = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            module.read(payload.context("the module can't be parsed")?)?;
        }
        module.names.resize(module.types.len(), String::new());
        Ok(module)
    }

    /// The name of a function, empty when the module does not say.
    pub(crate) fn name(&self, function: u32) -> &str {
        self.names.get(function as usize).map_or("", String::as_str)
    }

    /// The indices of the functions that have bodies here.
    pub(crate) fn defined(&self) -> std::ops::Range<u32> {
        self.imported..self.types.len() as u32
    }

    /// The body of a defined function.
    pub(crate) fn body(&self, function: u32) -> &Body {
        &self.bodies[(function - self.imported) as usize]
    }

    fn read(&mut self, payload: Payload<'_>) -> anyhow::Result<()> {
        match payload {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    self.parameters.push(ty?.params().len() as u32);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        TypeRef::Func(ty) => self.types.push(ty),
                        TypeRef::Global(ty) => self.globals.push(ty),
                        TypeRef::Table(ty) => self.tables.push(ty),
                        TypeRef::Memory(ty) => self.memories.push(ty),
                        _ => bail!("an import that the splitting does not know"),
                    }
                }
                self.imported = self.types.len() as u32;
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    self.types.push(ty?);
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.tables.push(table?.ty);
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memories.push(memory?);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    self.globals.push(global?.ty);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.roots.insert(export.index);
                    }
                }
            }
            Payload::StartSection { func, .. } => {
                self.roots.insert(func);
            }
            Payload::ElementSection(section) => {
                for element in section {
                    self.read_element(element?.items)?;
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut mentions = BTreeSet::new();
                let mut operators = body.get_operators_reader()?;
                while !operators.eof() {
                    match operators.read()? {
                        Operator::Call { function_index }
                        | Operator::ReturnCall { function_index }
                        | Operator::RefFunc { function_index } => {
                            mentions.insert(function_index);
                        }
                        Operator::MemoryInit { .. } | Operator::DataDrop { .. } | Operator::TableInit { .. } => {
                            bail!("passive segments can't be shared between parts");
                        }
                        _ => {}
                    }
                }
                self.bodies.push(Body { mentions, size: (body.range().end - body.range().start) as usize });
            }
            Payload::CustomSection(section) => {
                if let wasmparser::KnownCustom::Name(names) = section.as_known() {
                    self.read_names(names)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn read_element(&mut self, items: ElementItems<'_>) -> anyhow::Result<()> {
        match items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.roots.insert(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    for operator in expression?.get_operators_reader() {
                        if let Operator::RefFunc { function_index } = operator? {
                            self.roots.insert(function_index);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn read_names(&mut self, names: wasmparser::NameSectionReader<'_>) -> anyhow::Result<()> {
        for subsection in names {
            let Name::Function(functions) = subsection? else { continue };
            for naming in functions {
                let naming = naming?;
                let index = naming.index as usize;
                if self.names.len() <= index {
                    self.names.resize(index + 1, String::new());
                }
                self.names[index] = plain(naming.name);
            }
        }
        Ok(())
    }
}

/// A name without what changes from build to build: `[hash]` of crates and `::h0123456789abcdef` of functions.
fn plain(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        text.push_str(before);
        let digits = from[1..].bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits >= 8 && from[1 + digits..].starts_with(']') {
            rest = &from[digits + 2..];
        } else {
            text.push('[');
            rest = &from[1..];
        }
    }
    text.push_str(rest);
    if let Some(at) = text.rfind("::h")
        && text.len() - at >= 19
        && text[at + 3..at + 19].bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        text.truncate(at);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_changes_from_build_to_build() {
        assert_eq!(plain("<core[c5930c85a12de8aa]::fmt::Formatter>::pad"), "<core::fmt::Formatter>::pad");
        assert_eq!(plain("xmpp::jid::Jid::new::h98dcf06352524df7"), "xmpp::jid::Jid::new");
        assert_eq!(plain("alloc::rc::Rc<[T]>::new"), "alloc::rc::Rc<[T]>::new");
    }
}
