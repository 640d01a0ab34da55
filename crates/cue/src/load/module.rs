//! `cue.mod/module.cue`: what the module is called and which version of the language it is written in.
//!
//! The file is data; its shape is that of the reference for all language versions that it knows.

use std::sync::Arc;

use super::{Source, failure, path::ImportPath};
use crate::{
    error::{Code, Error, Errors, PathPart, Position, Rule},
    limits::Limits,
    syntax::{
        self,
        ast::{self, Decl, Expr, Label, StructLit, UnaryOp},
        experiment::Version,
        pos::{FileId, Pos, SourceFile},
    },
    value::{FieldOptions, Schema, Shape, Validation, Value, VetOptions, instance::Instance},
};

/// Where the module is described.
pub(super) const MODULE_FILE: &str = "cue.mod/module.cue";

/// What holds for one checkout only.
const LOCAL_FILE: &str = "cue.mod/local-module.cue";

/// The first language version with module files of this shape.
const EARLIEST: Version = Version::new(0, 8, 0);

/// What a module file may say.
const SHAPE: &str = r##"
_#ModuleFile: {
	module?: string
	language?: version?: =~"."
	source?: kind!: "self" | "git"
	description?: string
	deps?: [string]: {
		v?:           =~"." | null
		default?:     bool
		replaceWith?: string
	}
	custom?: [string]: [_]: _
}
"##;

/// A module, as its file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The path that imports of its packages begin with, such as `acme.example/fleet`.
    pub path: String,
    /// The major version, such as `v0`.
    pub major: String,
    /// The language version of its files.
    pub language: Version,
    /// The modules that it depends on, with the versions that are asked for.
    pub dependencies: Vec<(String, Option<String>)>,
    /// The folders that stand for modules, by their path and major version.
    pub replacements: Vec<(String, String)>,
}

impl Module {
    /// Path and major version.
    pub(super) fn qualified(&self) -> String {
        format!("{}@{}", self.path, self.major)
    }

    /// The import path of a folder, as errors tell it.
    pub(super) fn import_path(&self, folder: &str) -> String {
        let slash = if folder.is_empty() { "" } else { "/" };
        format!("{}{slash}{folder}@{}", self.path, self.major)
    }

    /// The folder of a package, if the package would be one of this module.
    pub(super) fn folder_of<'a>(&self, path: &'a str, version: &str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.path)?;
        let folder = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
        (version.is_empty() || version == self.major).then_some(folder)
    }

    /// The folder of a module that is replaced and that of a package in it.
    pub(super) fn replacement_of(&self, path: &ImportPath) -> Option<(String, String)> {
        self.replacements.iter().find_map(|(name, module)| {
            let (name, major) = name.split_once('@').unwrap_or((name, ""));
            let rest = path.path.strip_prefix(name)?;
            let same_version = path.version.is_empty() || major.is_empty() || path.version == major;
            ((rest.is_empty() || rest.starts_with('/')) && same_version)
                .then(|| (module.clone(), format!("{module}{rest}")))
        })
    }
}

/// Reads the module of a source.
pub(super) fn read(source: &dyn Source, limits: &Limits) -> Result<Option<Module>, Errors> {
    let Some(bytes) = source.read(MODULE_FILE).map_err(failure)? else { return Ok(None) };
    let file = SourceFile::from_bytes(source.display(MODULE_FILE), &bytes);
    check_data(&file, limits).map_err(|errors| prefixed("invalid module file syntax", errors))?;
    let value = Instance::compile(vec![file.clone()], limits)?.root();
    value.validate(Validation { concrete: true }).map_err(|errors| prefixed("invalid module file value", errors))?;
    let language = language_version(&value)?;
    check_shape(&file, limits)?;
    let path = text_at(&value, &["module"]).unwrap_or_default();
    let invalid = |reason: String| failure(format!("invalid module file {}: {reason}", file.name));
    let (path, major) = split_path(&path).map_err(invalid)?;
    let mut replaced = replacements(&value);
    if let Some(bytes) = source.read(LOCAL_FILE).map_err(failure)? {
        let file = SourceFile::from_bytes(source.display(LOCAL_FILE), &bytes);
        check_data(&file, limits).map_err(|errors| prefixed("invalid module file syntax", errors))?;
        replaced.extend(replacements(&Instance::compile(vec![file], limits)?.root()));
    }
    Ok(Some(Module { path, major, language, dependencies: dependencies(&value), replacements: replaced }))
}

/// Judges a module file by what it may say.
fn check_shape(file: &Arc<SourceFile>, limits: &Limits) -> Result<(), Errors> {
    let shape = Instance::compile(vec![SourceFile::new("module-file-schema.cue", SHAPE)], limits)?;
    let schema = Schema::new(&shape, "_#ModuleFile", VetOptions::default())?;
    let options = crate::value::instance::parse_options(limits, Version::LATEST);
    let parsed = syntax::parse_file(file, schema.document_file(), &options)
        .map_err(|errors| crate::value::instance::syntax_errors(file, errors))?;
    let document = StructLit { pos: Pos::NONE, end: Pos::NONE, braces: true, decls: parsed.decls };
    schema.unify(file.clone(), Expr::Struct(document))?.validate(Validation { concrete: false })
}

fn prefixed(prefix: &str, errors: Errors) -> Errors {
    let add = |error: Error| Error { message: format!("{prefix}: {}", error.message), ..error };
    Errors::new(errors.into_iter().map(add).collect())
}

fn get(value: &Value, path: &[&str]) -> Option<Value> {
    path.iter().try_fold(value.clone(), |value, name| value.get(&PathPart::Field(Arc::from(*name))))
}

fn text_at(value: &Value, path: &[&str]) -> Option<String> {
    match get(value, path)?.shape() {
        Shape::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn language_version(value: &Value) -> Result<Version, Errors> {
    let Some(text) = text_at(value, &["language", "version"]) else {
        return Err(failure("no language version declared in module.cue; run 'cue mod fix'"));
    };
    let is_number = |part: &str| part == "0" || (!part.starts_with('0') && part.parse::<u32>().is_ok());
    let core = text.strip_prefix('v').map(|rest| rest.split(['-', '+']).next().unwrap_or_default());
    let numbers = core.filter(|core| core.split('.').count() <= 3 && core.split('.').all(is_number));
    let version = numbers
        .and_then(|_| Version::parse(&text))
        .ok_or_else(|| failure(format!("language version {text:?} in module.cue is not valid semantic version")))?;
    if version > Version::LATEST {
        let latest = Version::LATEST;
        let message = format!(
            "language version {text:?} declared in module.cue is too new for current language version \"{latest}\""
        );
        return Err(failure(message));
    }
    if version < EARLIEST {
        let message = format!("cannot find schema suitable for reading module file with language version {text:?}");
        return Err(failure(message));
    }
    Ok(version)
}

/// The folders that the file puts in the place of modules.
fn replacements(value: &Value) -> Vec<(String, String)> {
    let entries = get(value, &["deps"]).map(|deps| deps.fields(FieldOptions::default())).unwrap_or_default();
    let replaced = |field: crate::value::Field| {
        let folder = text_at(&field.value, &["replaceWith"])?;
        let folder = folder.strip_prefix("./")?.trim_end_matches('/').to_owned();
        match &field.label {
            PathPart::Field(name) => Some((name.to_string(), folder)),
            _ => None,
        }
    };
    entries.into_iter().filter_map(replaced).collect()
}

fn dependencies(value: &Value) -> Vec<(String, Option<String>)> {
    let deps = get(value, &["deps"]).map(|deps| deps.fields(FieldOptions::default())).unwrap_or_default();
    let name = |label: PathPart| match label {
        PathPart::Field(name) | PathPart::Special(name) => name.to_string(),
        PathPart::Index(index) => index.to_string(),
    };
    deps.into_iter().map(|dep| (name(dep.label), text_at(&dep.value, &["v"]))).collect()
}

/// Path and major version of a module, or what is wrong with it.
fn split_path(text: &str) -> Result<(String, String), String> {
    if text.is_empty() {
        return Err("empty module path".to_owned());
    }
    let (path, major) = text.split_once('@').unwrap_or((text, "v0"));
    let invalid = |reason: &str| Err(format!("module path {text:?} is not valid: {reason}"));
    if let Some(bad) = path.chars().find(|ch| !matches!(ch, 'a'..='z' | '0'..='9' | '-' | '.' | '_' | '/')) {
        return invalid(&format!("invalid char {bad:?}"));
    }
    if path.split('/').any(str::is_empty) {
        return invalid("empty path element");
    }
    if !path.split('/').next().is_some_and(|first| first.contains('.')) {
        return invalid("missing dot in first path element");
    }
    let is_major = major.strip_prefix('v').is_some_and(|digits| digits.parse::<u32>().is_ok());
    if is_major { Ok((path.to_owned(), major.to_owned())) } else { invalid(&format!("invalid version {major:?}")) }
}

/// Whether the file is plain data: fields with fixed names whose values are literals.
///
/// # Errors
/// What is no CUE, and each place of what is no data.
pub fn check_data(file: &Arc<SourceFile>, limits: &Limits) -> Result<(), Errors> {
    let options = crate::value::instance::parse_options(limits, Version::LATEST);
    let at = |pos: Pos, message: &str| Error {
        primary: Some(Position { file: file.clone(), pos }),
        ..Error::new(Code::Eval, Rule::Syntax, message)
    };
    let parsed = match syntax::parse_file(file, FileId(0), &options) {
        Ok(parsed) => parsed,
        Err(found) => return Err(Errors::new(found.iter().map(|error| at(error.pos, &error.message)).collect())),
    };
    let mut found: Vec<(Pos, &str)> =
        parsed.imports.iter().map(|import| (import.pos, "imports not allowed in data mode")).collect();
    parsed.decls.iter().for_each(|decl| check_decl(decl, &mut found));
    let errors: Vec<Error> = found.into_iter().map(|(pos, message)| at(pos, message)).collect();
    if errors.is_empty() { Ok(()) } else { Err(Errors::new(errors)) }
}

fn check_decl(decl: &Decl, found: &mut Vec<(Pos, &'static str)>) {
    match decl {
        Decl::Field(field) => {
            let is_definition = |name: &str| name.starts_with(['#', '_']);
            match &field.label {
                Label::Ident(ident) if is_definition(&ident.name) => {
                    found.push((field.pos, "definitions and hidden fields not allowed in data mode"));
                }
                Label::Ident(_) | Label::String(_) => {}
                _ => found.push((field.pos, "dynamic fields not allowed in data mode")),
            }
            if field.constraint != ast::Constraint::None {
                found.push((field.pos, "field constraint not allowed in data mode"));
            }
            check_expr(&field.value, found);
        }
        Decl::Attribute(_) | Decl::Comments(_) => {}
        Decl::Let(clause) => found.push((clause.pos, "let clauses not allowed in data mode")),
        Decl::Embed(embed) => check_expr(&embed.expr, found),
        Decl::Comprehension(one) => found.push((one.pos(), "comprehensions not allowed in data mode")),
        Decl::Ellipsis(ellipsis) => found.push((ellipsis.pos, "ellipsis not allowed in data mode")),
    }
}

fn check_expr(expr: &Expr, found: &mut Vec<(Pos, &'static str)>) {
    match expr {
        Expr::Lit(_) => {}
        Expr::Struct(lit) => lit.decls.iter().for_each(|decl| check_decl(decl, found)),
        Expr::List(lit) => lit.elements.iter().for_each(|element| check_expr(element, found)),
        Expr::Commented(inner, _) => check_expr(inner, found),
        Expr::Unary { op: UnaryOp::Plus | UnaryOp::Minus, operand, .. } => check_expr(operand, found),
        Expr::Ident(ident) => found.push((ident.pos, "references not allowed in data mode")),
        _ => found.push((expr.pos(), "expressions not allowed in data mode")),
    }
}
