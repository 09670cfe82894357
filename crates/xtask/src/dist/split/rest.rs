//! Writes the rest: bodies only; memory, tables, globals and shared functions come from the first part.

use std::borrow::Cow;
use std::collections::HashMap;

use anyhow::{Context as _, anyhow};
use wasm_encoder as wasm;
use wasm_encoder::reencode::{Error, Reencode, utils};

use super::{FIRST, Module, Plan};

type Fault = Error<std::convert::Infallible>;

/// The rest's bytes, with the names of its functions if it is to be cut again.
///
/// # Errors
/// When the module can't be written again.
pub(crate) fn encode(bytes: &[u8], module: &Module, plan: &Plan, named: bool) -> anyhow::Result<Vec<u8>> {
    let mut next = 0;
    let indices: HashMap<u32, u32> = plan
        .shared()
        .chain(plan.rest())
        .map(|function| {
            next += 1;
            (function, next - 1)
        })
        .collect();
    let mut writer = Rest { indices };
    writer.write(bytes, module, plan, named).map_err(|error| anyhow!("{error}")).context("the rest can't be written")
}

struct Rest {
    /// Indices of shared and own functions.
    indices: HashMap<u32, u32>,
}

impl Rest {
    fn write(&mut self, bytes: &[u8], module: &Module, plan: &Plan, named: bool) -> Result<Vec<u8>, Fault> {
        let mut types = wasm::TypeSection::new();
        let mut code = wasm::CodeSection::new();
        let mut function = module.imported;
        for payload in wasmparser::Parser::new(0).parse_all(bytes) {
            match payload? {
                wasmparser::Payload::TypeSection(section) => self.parse_type_section(&mut types, section)?,
                wasmparser::Payload::CodeSectionEntry(body) => {
                    if plan.is_rest(function) {
                        self.parse_function_body(&mut code, body)?;
                    }
                    function += 1;
                }
                _ => {}
            }
        }
        let mut functions = wasm::FunctionSection::new();
        for function in plan.rest() {
            functions.function(module.types[function as usize]);
        }
        let mut out = wasm::Module::new();
        out.section(&types)
            .section(&self.imports(module, plan)?)
            .section(&functions)
            // Empty, but there: this part may be cut again, and then something is added to them.
            .section(&wasm::TableSection::new())
            .section(&wasm::GlobalSection::new())
            .section(&wasm::ExportSection::new())
            .section(&self.elements(module, plan))
            .section(&code);
        if named {
            out.section(&names(module, plan));
        }
        Ok(out.finish())
    }

    fn imports(&mut self, module: &Module, plan: &Plan) -> Result<wasm::ImportSection, Fault> {
        let mut imports = wasm::ImportSection::new();
        for (index, function) in plan.shared().enumerate() {
            let ty = wasm::EntityType::Function(module.types[function as usize]);
            imports.import(FIRST, &Plan::export_name(index), ty);
        }
        for (index, table) in module.tables.iter().enumerate() {
            let ty = wasm::EntityType::Table(utils::table_type(self, *table)?);
            imports.import(FIRST, &format!("$T{index}"), ty);
        }
        let places = plan.stubs().len() as u64;
        let table = wasm::TableType {
            element_type: wasm::RefType::FUNCREF,
            table64: false,
            minimum: places,
            maximum: Some(places),
            shared: false,
        };
        imports.import(FIRST, &format!("$T{}", module.tables.len()), wasm::EntityType::Table(table));
        for (index, memory) in module.memories.iter().enumerate() {
            let ty = wasm::EntityType::Memory(utils::memory_type(self, *memory));
            imports.import(FIRST, &format!("$M{index}"), ty);
        }
        for (index, global) in module.globals.iter().enumerate() {
            let ty = wasm::EntityType::Global(utils::global_type(self, *global)?);
            imports.import(FIRST, &format!("$G{index}"), ty);
        }
        Ok(imports)
    }

    /// Fills the table behind the stubs.
    fn elements(&self, module: &Module, plan: &Plan) -> wasm::ElementSection {
        let functions: Vec<u32> = plan.stubs().keys().map(|function| self.indices[function]).collect();
        let mut elements = wasm::ElementSection::new();
        elements.active(
            Some(module.tables.len() as u32),
            &wasm::ConstExpr::i32_const(0),
            wasm::Elements::Functions(Cow::from(functions)),
        );
        elements
    }
}

/// The names, by which this part is divided again.
fn names(module: &Module, plan: &Plan) -> wasm::NameSection {
    let mut functions = wasm::NameMap::new();
    for (index, function) in plan.shared().chain(plan.rest()).enumerate() {
        functions.append(index as u32, module.name(function));
    }
    let mut names = wasm::NameSection::new();
    names.functions(&functions);
    names
}

impl Reencode for Rest {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Fault> {
        Ok(self.indices[&function])
    }
}
