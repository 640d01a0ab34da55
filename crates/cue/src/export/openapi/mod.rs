//! The definitions of a package as an OpenAPI document.
//!
//! The document is the one that the reference derives (its first generator), as far as that has one. Where it gives up,
//! because a rule has no counterpart in OpenAPI (guards, bounds between fields, other patterns than `[string]`), the rule
//! is left out and noted: the document then allows all that the package allows, and possibly more.

mod builder;
mod format;
mod schema;

#[cfg(test)]
mod tests;

use crate::{
    error::{Code, Error, Errors, PathPart, Rule, path_text},
    instance::Instance,
    regexp::Regexp,
    value::{FieldOptions, Value},
};

use super::tree::Json;

/// The version of the OpenAPI specification that a document follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 3.0.0: exclusive bounds are flags.
    #[default]
    V3_0,
    /// 3.1.0: exclusive bounds are numbers.
    V3_1,
}

impl Version {
    /// As the document names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V3_0 => "3.0.0",
            Self::V3_1 => "3.1.0",
        }
    }
}

/// Names the schema of a definition by the definition's path.
pub type Naming = dyn Fn(&[PathPart]) -> Option<String>;

/// How a document is derived.
#[derive(Clone, Default)]
pub struct Options<'a> {
    /// The version of the specification.
    pub version: Version,
    /// Whether references are replaced by what they refer to.
    pub expand_references: bool,
    /// The name of a definition's schema, by the definition's path; none leaves the schema out, and references to it are
    /// replaced by it. Without such a function names are paths without `#`.
    pub name: Option<&'a Naming>,
    /// Keys that schemas leave out. Only those that restrict a value can be left out, such as `minimum`.
    pub omit: Option<Regexp>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { version, expand_references, name, omit } = self;
        let mut out = out.debug_struct("Options");
        out.field("version", version).field("expand_references", expand_references);
        out.field("name", &name.is_some()).field("omit", omit).finish()
    }
}

/// An OpenAPI document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The version of the specification.
    pub version: Version,
    /// The object under `info`.
    pub info: Json,
    /// Names and schemas under `components.schemas`, sorted by name.
    pub schemas: Vec<(String, Json)>,
    /// What could not be expressed.
    pub notes: Vec<Note>,
}

/// A rule that OpenAPI has no words for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where the rule stands, such as `#Order.total`.
    pub path: String,
    /// Which rule, as a sentence without a capital and a period.
    pub message: String,
}

impl Document {
    /// The whole document, keys in the order of the reference.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let entry = |key: &str, value: Json| (key.to_owned(), value);
        Json::Object(vec![
            entry("openapi", self.version.name().into()),
            entry("info", self.info.clone()),
            entry("paths", Json::Object(Vec::new())),
            entry("components", Json::Object(vec![entry("schemas", Json::Object(self.schemas.clone()))])),
        ])
    }
}

/// Derives the document of a package: a schema for each definition, also for those inside of others.
///
/// # Errors
/// If the package contradicts itself.
pub fn generate(instance: &Instance, version: Version) -> Result<Document, Errors> {
    generate_with(instance, &Options { version, ..Options::default() })
}

/// Derives the document of a package in another form than the usual one.
///
/// # Errors
/// If the package contradicts itself, or if references that are to be replaced go in a circle.
pub fn generate_with(instance: &Instance, options: &Options<'_>) -> Result<Document, Errors> {
    let root = instance.root();
    root.validate(crate::value::Validation::default())?;
    let mut context = schema::Context::new(options);
    for field in root.fields(FieldOptions { definitions: true, ..FieldOptions::default() }) {
        match &field.label {
            PathPart::Special(name) if schema::is_exported(name) => context.add_definition(name, &field.value),
            PathPart::Special(_) => {}
            PathPart::Field(name) if matches!(&**name, "info" | "$version") => {}
            other => context.note(path_text(std::slice::from_ref(other)), "field is no definition and has no schema"),
        }
    }
    context.add_builtins();
    if let Some(path) = context.circle() {
        let message = format!("cycle in reference at {}", path_text(path));
        return Err(Error::new(Code::Eval, Rule::Other, message).into());
    }
    let (schemas, notes) = context.finish();
    Ok(Document { version: options.version, info: info(instance, &root), schemas, notes })
}

/// What `info` says: the field of that name, with title and version from comments and `$version` where it has none.
fn info(instance: &Instance, root: &Value) -> Json {
    let field = |name: &str| root.get(&PathPart::Field(name.into()));
    let mut info = field("info").and_then(|info| schema::concrete(&info)).unwrap_or(Json::Object(Vec::new()));
    let version = field("$version").and_then(|version| schema::concrete(&version));
    let title = instance.doc().unwrap_or_else(|| "Generated by cue.".into());
    if let Json::Object(entries) = &mut info {
        let has = |entries: &[(String, Json)], key: &str| entries.iter().any(|(name, _)| name == key);
        if !has(entries, "title") {
            entries.push(("title".into(), Json::String(title)));
        }
        if !has(entries, "version") {
            let text = version.filter(|version| matches!(version, Json::String(_)));
            entries.push(("version".into(), text.unwrap_or("no version".into())));
        }
    }
    info
}
