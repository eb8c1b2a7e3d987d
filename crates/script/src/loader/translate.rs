//! From the text of a module to JavaScript: TypeScript is stripped of its types, imports are found.
//!
//! The only place that names the parser, so that another could take its place.

use std::path::Path;

use oxc::{
    allocator::Allocator,
    codegen::{Codegen, CodegenOptions},
    parser::{ParseOptions, Parser},
    semantic::SemanticBuilder,
    span::SourceType,
    syntax::module_record::{ExportImportName, ImportImportName, ModuleRecord},
    transformer::{TransformOptions, Transformer},
};
use url::Url;

use super::{Kind, Wanted, positions::Positions};

/// One `import` or `export .. from`.
pub(super) struct Import {
    pub(super) specifier: String,
    /// `None`: all names.
    name: Option<String>,
    /// Byte offset of the specifier in the JavaScript.
    offset: u32,
}

impl Import {
    /// Adds what this import takes to what others do.
    pub(super) fn note(&self, wanted: &mut Wanted) {
        match &self.name {
            Some(name) => drop(wanted.names.insert(name.clone())),
            None => wanted.all = true,
        }
    }
}

pub(super) struct Translated {
    pub(super) kind: Kind,
    pub(super) code: String,
    pub(super) positions: Option<Positions>,
    pub(super) imports: Vec<Import>,
    pub(super) uses_import_meta: bool,
}

/// Translates the module at `url`.
pub(super) fn translate(url: &Url, bytes: &[u8]) -> Result<Translated, String> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| format!("{url} is not UTF-8: {error}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let path = Path::new(url.path());
    let typescript = path.extension().is_some_and(|extension| {
        ["ts", "mts", "cts"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    });
    if typescript { from_typescript(url, path, text) } else { Ok(from_javascript(text)) }
}

fn from_javascript(text: &str) -> Translated {
    let allocator = Allocator::default();
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    let parsed =
        Parser::new(&allocator, text, SourceType::unambiguous()).with_options(options).parse();
    // Syntax errors are the JavaScript engine's to report.
    let record = &parsed.module_record;
    Translated {
        kind: if record.has_module_syntax { Kind::EcmaScript } else { Kind::CommonJs },
        code: text.to_string(),
        positions: None,
        imports: imports(record),
        uses_import_meta: !record.import_metas.is_empty(),
    }
}

fn from_typescript(url: &Url, path: &Path, text: &str) -> Result<Translated, String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::ts()).parse();
    if let Some(error) = parsed.diagnostics.first() {
        return Err(syntax_error(url, text, error));
    }
    let mut program = parsed.program;
    let semantic =
        SemanticBuilder::new().with_excess_capacity(2.0).with_enum_eval(true).build(&program);
    if let Some(error) = semantic.diagnostics.first() {
        return Err(syntax_error(url, text, error));
    }
    let options = TransformOptions::default();
    let transformed = Transformer::new(&allocator, path, &options)
        .build_with_scoping(semantic.semantic.into_scoping(), &mut program);
    if let Some(error) = transformed.diagnostics.first() {
        return Err(syntax_error(url, text, error));
    }
    let options =
        CodegenOptions { source_map_path: Some(path.to_path_buf()), ..CodegenOptions::default() };
    let generated = Codegen::new().with_options(options).with_source_text(text).build(&program);
    let positions = generated.map.as_ref().map(|map| {
        Positions::new(map.get_tokens().map(|token| {
            (token.get_dst_line(), token.get_dst_col(), token.get_src_line(), token.get_src_col())
        }))
    });
    // Imports of types only are gone from the result, so look at that.
    let plain = from_javascript(&generated.code);
    let kind = if parsed.module_record.has_module_syntax { Kind::EcmaScript } else { plain.kind };
    Ok(Translated { positions, kind, ..plain })
}

fn syntax_error(url: &Url, text: &str, error: &oxc::diagnostics::OxcDiagnostic) -> String {
    let offset = error.labels.first().map(|label| label.offset()).unwrap_or_default();
    let (line, column) = place_of(text, offset);
    format!("SyntaxError: {url}:{line}:{column}: {}", error.message)
}

/// Line and column, counted from 1, of a byte offset.
fn place_of(text: &str, offset: u32) -> (u32, u32) {
    let before = text.get(..offset as usize).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line as u32, column as u32)
}

impl Translated {
    /// The specifiers of all imports with their places in the JavaScript.
    pub(super) fn places(&self) -> Vec<(String, (u32, u32))> {
        let place =
            |import: &Import| (import.specifier.clone(), place_of(&self.code, import.offset));
        self.imports.iter().map(place).collect()
    }
}

fn imports(record: &ModuleRecord<'_>) -> Vec<Import> {
    let mut imports = Vec::new();
    for entry in record.import_entries.iter().filter(|entry| !entry.is_type) {
        let name = match &entry.import_name {
            ImportImportName::Name(name) => Some(name.name.to_string()),
            ImportImportName::Default(_) => Some("default".to_string()),
            ImportImportName::NamespaceObject => None,
        };
        imports.push(Import {
            specifier: entry.module_request.name.to_string(),
            name,
            offset: entry.module_request.span.start,
        });
    }
    for entry in record.indirect_export_entries.iter().chain(&record.star_export_entries) {
        let Some(request) = &entry.module_request else { continue };
        let name = match &entry.import_name {
            ExportImportName::Name(name) => Some(name.name.to_string()),
            _ => None,
        };
        imports.push(Import {
            specifier: request.name.to_string(),
            name,
            offset: request.span.start,
        });
    }
    // `import './x.js'` takes no name but has to be there.
    for (specifier, requests) in &record.requested_modules {
        if !imports.iter().any(|import| import.specifier == specifier.as_str()) {
            imports.push(Import {
                specifier: specifier.to_string(),
                name: Some("default".to_string()),
                offset: requests.first().map_or(0, |request| request.span.start),
            });
        }
    }
    imports
}
