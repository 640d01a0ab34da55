//! OpenAPI as CUE, as the reference translates it: the schemas under `components` become definitions, and `info` stays.

use super::json_schema::{self, Version};
use crate::syntax::{
    SyntaxError,
    ast::{self, BinaryOp, CommentGroup, CommentGroups, Comments, Decl, Expr, Label, UnaryOp},
    literal::{self, Text},
    made::{field, structure},
    pos::Pos,
};

/// How a document is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The package clause of the file; none without a name.
    pub package: Option<String>,
    /// Whether keywords that are unknown are errors. In version 3.0 they always are.
    pub strict_keywords: bool,
    /// Whether keywords that have no counterpart are errors.
    pub strict_features: bool,
}

/// The CUE file for a document, which was read as JSON or YAML.
///
/// # Errors
/// What is no such document, and as [`json_schema::extract`].
pub fn extract(document: &Expr, options: &Options) -> Result<ast::File, Vec<SyntaxError>> {
    let fail = |message: String| vec![SyntaxError::new(Pos::NONE, message)];
    let version = entry(document, "openapi")
        .ok_or_else(|| fail("openapi field is required but not found".to_owned()))
        .map(|version| text(version).unwrap_or_default())?;
    let is_first = version.starts_with("3.0.");
    if !is_first && !version.starts_with("3.1.") {
        return Err(fail(format!("unknown OpenAPI version {version:?}")));
    }
    let info = entry(document, "info");
    let schemas = json_schema::Options {
        package: options.package.clone(),
        version: if is_first { Version::OpenApi } else { Version::Draft2020 },
        root: Some("/components/schemas".to_owned()),
        strict_keywords: is_first || options.strict_keywords,
        strict_features: options.strict_features,
        is_open_api: true,
        ..json_schema::Options::default()
    };
    let mut file = json_schema::extract(document, &schemas)?;
    if let Some(doc) = info.and_then(description) {
        match &mut file.package {
            Some(package) => package.comments.before.push(doc),
            None => {
                let groups =
                    CommentGroups { before: vec![CommentGroup { doc: false, ..doc }], ..CommentGroups::default() };
                file.decls.insert(0, Decl::Comments(Comments::from(groups)));
            }
        }
    }
    if let Some(Expr::Struct(lit)) = info {
        let decls = lit.decls.iter().map(of_info).collect();
        let label = Label::Ident(ast::Ident { pos: Pos::NONE, name: "info".to_owned() });
        let at = usize::from(matches!(file.decls.first(), Some(Decl::Comments(_))));
        file.decls.insert(at, Decl::Field(field(label, ast::Constraint::None, structure(decls))));
    }
    Ok(file)
}

/// The value of a key.
fn entry<'a>(object: &'a Expr, key: &str) -> Option<&'a Expr> {
    let Expr::Struct(lit) = object else { return None };
    lit.decls.iter().find_map(|decl| match decl {
        Decl::Field(field) if name_of(&field.label).as_deref() == Some(key) => Some(&field.value),
        _ => None,
    })
}

fn name_of(label: &Label) -> Option<String> {
    match label {
        Label::Ident(ident) => Some(ident.name.clone()),
        Label::String(lit) => decoded(&lit.raw),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(lit) if lit.kind == ast::LitKind::String => decoded(&lit.raw),
        _ => None,
    }
}

fn decoded(raw: &str) -> Option<String> {
    match literal::decode_text(raw) {
        Ok(Text::String(text)) => Some(text),
        _ => None,
    }
}

/// Title and description as a comment.
fn description(info: &Expr) -> Option<CommentGroup> {
    let part = |key: &str| entry(info, key).and_then(text).unwrap_or_default();
    let (title, more) = (part("title"), part("description"));
    let both = if more.is_empty() { title } else { format!("{title}\n\n{more}") };
    let line = |line: &str| if line.is_empty() { "//".to_owned() } else { format!("// {line}") };
    let lines: Vec<String> = both.trim().lines().map(line).collect();
    (!lines.is_empty()).then_some(CommentGroup { pos: Pos::NONE, doc: true, slot: 0, lines })
}

/// An entry of `info`: title and version are defaults.
fn of_info(decl: &Decl) -> Decl {
    let Decl::Field(entry) = decl else { return decl.clone() };
    let mut entry = entry.clone();
    let name = name_of(&entry.label);
    if let Some(name) = name.as_ref().filter(|name| literal::is_identifier(name)) {
        entry.label = Label::Ident(ast::Ident { pos: entry.label.pos(), name: name.clone() });
    }
    if matches!(name.as_deref(), Some("title" | "version")) {
        let default = Expr::Unary { pos: Pos::NONE, op: UnaryOp::Default, operand: Box::new(entry.value) };
        let any = Expr::Ident(ast::Ident { pos: Pos::NONE, name: "string".to_owned() });
        entry.value = Expr::Binary { pos: Pos::NONE, op: BinaryOp::Or, left: Box::new(default), right: Box::new(any) };
    }
    Decl::Field(entry)
}
