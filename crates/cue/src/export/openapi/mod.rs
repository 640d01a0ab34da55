//! The definitions of a package as an OpenAPI document.
//!
//! The document is the one that the reference derives (its first generator), as far as that has one. Where it gives up,
//! because a rule has no counterpart in OpenAPI (guards, bounds between fields, other patterns than `[string]`), the rule
//! is left out and noted: the document then allows all that the package allows, and possibly more. Who wants no such
//! document finds what the reference says in [`Document::refusal`].

mod builder;
mod context;
mod covers;
mod format;
mod keywords;
mod schema;
mod structural;
mod written;

#[cfg(test)]
mod tests;

use super::tree::Json;
use crate::{
    Constraint,
    error::{Code, Error, Errors, PathPart, Rule},
    regexp::Regexp,
    syntax::literal::quoted,
    value::{FieldOptions, Shape, Value, instance::Instance},
};

use context::{Context, Described};

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
    /// Keys that schemas leave out, each matched behind `Schema/`. Only those that restrict a value can be left out, such
    /// as `minimum`.
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
    /// What the reference says instead of giving a document, if it gives none.
    pub refusal: Option<Errors>,
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
    let mut context = Context::new(options);
    let (mut info, mut version, mut unsupported) = (None, None, Vec::new());
    let all = FieldOptions { optional: true, definitions: true, hidden: false };
    for field in root.fields(all).into_iter().filter(|field| field.constraint != Constraint::Optional) {
        let name = match &field.label {
            PathPart::Special(name) => {
                if schema::is_exported(name) {
                    context.add_definition(name, &field.value);
                }
                continue;
            }
            label => top_level_name(label, &field.value),
        };
        match name.as_str() {
            "-" => {}
            "info" if matches!(field.value.shape(), Shape::Struct(_)) => info = schema::concrete(&field.value),
            "info" => unsupported.push(refusal("info must be a struct", &field.value)),
            "$version" => version = schema::concrete(&field.value),
            name => {
                context.note(field.label.to_string(), "field is no definition and has no schema");
                let message = format!("openapi: unsupported top-level field {}", quoted(name));
                unsupported.push(refusal(&message, &field.value));
            }
        }
    }
    context.add_external();
    if let Some(place) = context.circle() {
        let reason = "cyclic structures not allowed when reference expansion is requested";
        let message = format!("cycle in reference at {place}: {reason}");
        return Err(Error::new(Code::Eval, Rule::Other, message).into());
    }
    let Described { schemas, notes, refused_rule, refused_document } = context.finish();
    let refused_fields = (!unsupported.is_empty()).then(|| Errors::new(unsupported));
    let refusal = refused_rule.map(Errors::from).or(refused_fields).or(refused_document.map(Errors::from));
    let info = with_title_and_version(info, instance.doc(), version);
    Ok(Document { version: options.version, info, schemas, notes, refusal })
}

fn refusal(message: &str, value: &Value) -> Error {
    Error { primary: value.written_at(), ..Error::new(Code::Eval, Rule::Other, message) }
}

/// What a field at the top stands for: its name, or what the attribute `@openapi` says instead.
fn top_level_name(label: &PathPart, value: &Value) -> String {
    let attributes = value.attributes();
    let bodies = attributes.iter().filter_map(|text| text.strip_prefix("@openapi(")?.strip_suffix(')'));
    let first = |body: &str| body.split(',').next().unwrap_or_default().trim().trim_matches('"').to_owned();
    let own = || match label {
        PathPart::Field(name) => name.to_string(),
        label => label.to_string(),
    };
    bodies.map(first).find(|name| !name.is_empty()).unwrap_or_else(own)
}

/// What `info` says, with title and version from comments and `$version` where it has none.
fn with_title_and_version(info: Option<Json>, title: Option<String>, version: Option<Json>) -> Json {
    let mut info = info.unwrap_or(Json::Object(Vec::new()));
    let title = Json::String(title.unwrap_or_else(|| "Generated by cue.".into()));
    let version = version.filter(|version| matches!(version, Json::String(_)));
    let version = version.unwrap_or_else(|| "no version".into());
    if let Json::Object(entries) = &mut info {
        for (key, value) in [("title", title), ("version", version)] {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, Json::String(_))) => {}
                Some((_, entry)) => *entry = value,
                None => entries.push((key.into(), value)),
            }
        }
    }
    info
}
