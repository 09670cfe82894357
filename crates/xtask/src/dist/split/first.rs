//! Writes the first part: the module as it was, with stubs in place of what comes later.

use std::collections::HashMap;

use anyhow::{Context as _, anyhow};
use wasm_encoder as wasm;
use wasm_encoder::reencode::{Error, Reencode, utils};

use super::{Module, PARTS, Plan};

type Fault = Error<std::convert::Infallible>;

/// The first part's bytes.
///
/// # Errors
/// When the module can't be written again.
pub(crate) fn encode(bytes: &[u8], module: &Module, plan: &Plan) -> anyhow::Result<Vec<u8>> {
    let mut writer = First::new(module, plan);
    let mut out = wasm::Module::new();
    writer
        .parse_core_module(&mut out, wasmparser::Parser::new(0), bytes)
        .map_err(|error| anyhow!("{error}"))
        .context("the first part can't be written")?;
    Ok(out.finish())
}

struct First<'a> {
    module: &'a Module,
    plan: &'a Plan,
    /// New indices of the functions that are still there.
    indices: HashMap<u32, u32>,
    /// The type without parameters and results.
    nothing: u32,
    /// The function that is being written.
    next: u32,
}

impl<'a> First<'a> {
    fn new(module: &'a Module, plan: &'a Plan) -> Self {
        // One import more stands before the functions that are defined.
        let imports = (0..module.imported).map(|index| (index, index));
        let defined = module.defined().filter(|function| stays(plan, *function)).zip(module.imported + 1..);
        let indices = imports.chain(defined).collect();
        Self { module, plan, indices, nothing: 0, next: module.imported }
    }

    /// `load`, the import that fetches the rest at once.
    fn load(&self) -> u32 {
        self.module.imported
    }

    /// Calls `load` unless the rest is there.
    fn ensure(&self) -> u32 {
        self.indices.len() as u32 + 1
    }

    fn table(&self) -> u32 {
        self.module.tables.len() as u32
    }

    fn ready(&self) -> u32 {
        self.module.globals.len() as u32
    }

    fn stub(&self, function: u32, place: u32) -> wasm::Function {
        let ty = self.module.types[function as usize];
        let mut stub = wasm::Function::new([]);
        stub.instruction(&wasm::Instruction::Call(self.ensure()));
        for parameter in 0..self.module.parameters[ty as usize] {
            stub.instruction(&wasm::Instruction::LocalGet(parameter));
        }
        stub.instruction(&wasm::Instruction::I32Const(place as i32));
        stub.instruction(&wasm::Instruction::CallIndirect { type_index: ty, table_index: self.table() });
        stub.instruction(&wasm::Instruction::End);
        stub
    }
}

/// Whether a function has an index in the first part, as itself or as a stub.
fn stays(plan: &Plan, function: u32) -> bool {
    !plan.is_rest(function) || plan.stubs().contains_key(&function)
}

impl Reencode for First<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Fault> {
        Ok(self.indices[&function])
    }

    fn parse_type_section(
        &mut self,
        types: &mut wasm::TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_type_section(self, types, section)?;
        self.nothing = types.len();
        types.ty().function([], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut wasm::ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_import_section(self, imports, section)?;
        imports.import(PARTS, "load", wasm::EntityType::Function(self.nothing));
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut wasm::FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Fault> {
        for (function, ty) in self.module.defined().zip(section) {
            let ty = self.type_index(ty?)?;
            if stays(self.plan, function) {
                functions.function(ty);
            }
        }
        functions.function(self.nothing);
        Ok(())
    }

    fn parse_table_section(
        &mut self,
        tables: &mut wasm::TableSection,
        section: wasmparser::TableSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_table_section(self, tables, section)?;
        let places = self.plan.stubs().len() as u64;
        tables.table(wasm::TableType {
            element_type: wasm::RefType::FUNCREF,
            table64: false,
            minimum: places,
            maximum: Some(places),
            shared: false,
        });
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut wasm::GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_global_section(self, globals, section)?;
        super::add_ready(globals, false);
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut wasm::ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(super::READY, wasm::ExportKind::Global, self.ready());
        for (index, function) in self.plan.shared().enumerate() {
            exports.export(&Plan::export_name(index), wasm::ExportKind::Func, self.indices[&function]);
        }
        for (kind, letter, count) in [
            (wasm::ExportKind::Table, 'T', self.table() + 1),
            (wasm::ExportKind::Global, 'G', self.ready()),
            (wasm::ExportKind::Memory, 'M', self.module.memories.len() as u32),
        ] {
            for index in 0..count {
                exports.export(&format!("${letter}{index}"), kind, index);
            }
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut wasm::CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Result<(), Fault> {
        let function = self.next;
        self.next += 1;
        if !self.plan.is_rest(function) {
            utils::parse_function_body(self, code, body)?;
        } else if let Some(place) = self.plan.stubs().get(&function) {
            code.function(&self.stub(function, *place));
        }
        if self.next as usize == self.module.types.len() {
            let mut ensure = wasm::Function::new([]);
            ensure.instruction(&wasm::Instruction::GlobalGet(self.ready()));
            ensure.instruction(&wasm::Instruction::I32Eqz);
            ensure.instruction(&wasm::Instruction::If(wasm::BlockType::Empty));
            ensure.instruction(&wasm::Instruction::Call(self.load()));
            ensure.instruction(&wasm::Instruction::End);
            ensure.instruction(&wasm::Instruction::End);
            code.function(&ensure);
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut wasm::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), Fault> {
        // Names have done their work; a page does not load them.
        Ok(())
    }
}
