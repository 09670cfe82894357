//! Makes a module tell which of its functions ran.

use anyhow::{Context as _, anyhow};
use wasm_encoder as wasm;
use wasm_encoder::reencode::{Error, Reencode, utils};

use super::Module;

type Fault = Error<std::convert::Infallible>;

/// The module with a call of the import `profile.ran(index)` at the start of each function.
///
/// # Errors
/// When the module can't be written again.
pub(crate) fn encode(bytes: &[u8], module: &Module) -> anyhow::Result<Vec<u8>> {
    let mut writer =
        Instrument { imported: module.imported, ty: 0, next: module.imported, globals: module.globals.len() as u32 };
    let mut out = wasm::Module::new();
    writer
        .parse_core_module(&mut out, wasmparser::Parser::new(0), bytes)
        .map_err(|error| anyhow!("{error}"))
        .context("the instrumented module can't be written")?;
    Ok(out.finish())
}

struct Instrument {
    imported: u32,
    ty: u32,
    next: u32,
    globals: u32,
}

impl Reencode for Instrument {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Fault> {
        Ok(if function < self.imported { function } else { function + 1 })
    }

    fn parse_type_section(
        &mut self,
        types: &mut wasm::TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_type_section(self, types, section)?;
        self.ty = types.len();
        types.ty().function([wasm::ValType::I32], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut wasm::ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_import_section(self, imports, section)?;
        imports.import("profile", "ran", wasm::EntityType::Function(self.ty));
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut wasm::GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_global_section(self, globals, section)?;
        super::add_ready(globals, true);
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut wasm::ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Fault> {
        utils::parse_export_section(self, exports, section)?;
        // The script sets it after joining a part; here nothing is missing.
        exports.export(super::READY, wasm::ExportKind::Global, self.globals);
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut wasm::CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Result<(), Fault> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        function.instruction(&wasm::Instruction::I32Const(self.next as i32));
        function.instruction(&wasm::Instruction::Call(self.imported));
        self.next += 1;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            function.instruction(&self.parse_instruction(&mut operators)?);
        }
        code.function(&function);
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _: &mut wasm::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), Fault> {
        Ok(())
    }
}
