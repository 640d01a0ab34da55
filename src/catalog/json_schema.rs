//! Checks written in JSON Schema, all drafts from 4 to 2020-12.
//!
//! A `$ref` may lead to other files of the product's folder, by relative path or by their `$id`; nothing is ever fetched
//! from a network, and nothing outside the folder is read. Payloads with a duplicate key are refused, because a
//! consumer might read the value that was not checked.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    error::Error,
    fs,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use json_schema::{Draft, Lowered, Options, uri};
use jsonschema::{ReferencingError, Registry, Retrieve, Uri, ValidationError, error::ValidationErrorKind};
use serde_json::{Value, value::RawValue};
use vet::{Checked, Verdict};

use super::{
    Check, Glance, Rejection, Violation,
    payload::{self, Unreadable},
    problem::{Place, Problem},
};

/// The folder in addresses; it stands for no place on the machine.
const BASE: &str = "folder:///";

/// A schema file, compiled, with the files that it refers to.
pub(super) struct JsonSchema {
    /// The compiled check.
    pub(super) check: Compiled,
    /// The schema as JSON.
    pub(super) root: Value,
    /// The text of the schema file.
    pub(super) text: Bytes,
    /// The files that it refers to, by their path in the folder.
    pub(super) references: BTreeMap<String, Bytes>,
}

/// The check of payloads by a schema.
pub(super) struct Compiled {
    validator: jsonschema::Validator,
    /// Accepts most payloads in one pass; what it does not accept, the validator judges and words.
    lowered: Lowered,
}

impl JsonSchema {
    /// Compiles a schema file of a folder. `key` is the path of the field that gives the record's key.
    pub(super) fn load(folder: &Path, file: &Path, key: Option<&[String]>) -> Result<Self, Vec<Problem>> {
        if !file.strip_prefix(folder).is_ok_and(is_inside) {
            return Err(vec![Problem::new(Place::whole(file), "leads out of the product's folder")]);
        }
        let (text, root) = read(file).map_err(|problem| vec![problem])?;
        let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy();
        let base = name.split('/').map(super::path_segment).collect::<Vec<_>>().join("/");
        let id = root.get("$id").or(root.get("id")).and_then(Value::as_str).map(directory);
        let files =
            Arc::new(Files { folder: folder.to_owned(), id, read: Mutex::default(), problems: Mutex::default() });
        let built = jsonschema::options()
            .with_base_uri(format!("{BASE}{base}"))
            .with_retriever(Confined(Arc::clone(&files)))
            .build(&root);
        let read_files = std::mem::take(&mut *files.read.lock().unwrap_or_else(PoisonError::into_inner));
        let mut problems = std::mem::take(&mut *files.problems.lock().unwrap_or_else(PoisonError::into_inner));
        for (name, (text, schema)) in &read_files {
            problems.extend(against_meta_schema(&folder.join(name), text, schema));
        }
        if let Err(error) = &built {
            problems.extend(against_meta_schema(file, &text, &root));
            if problems.is_empty() {
                problems.push(unbuildable(error, file, &text));
            }
        }
        match built {
            Ok(validator) if problems.is_empty() => Ok(Self {
                check: Compiled { validator, lowered: lower(&root, &format!("{BASE}{base}"), &files, key) },
                root,
                text: text.into(),
                references: read_files.into_iter().map(|(name, (text, _))| (name, text.into())).collect(),
            }),
            _ => Err(problems),
        }
    }

    /// Whether a payload can have a field at this path, as far as `properties`, closed objects and references inside the
    /// file tell. `None` if they do not decide it.
    pub(super) fn has_field(&self, path: &[String]) -> Option<bool> {
        let mut schema = &self.root;
        for name in path {
            schema = self.follow(schema)?;
            let closed = ["additionalProperties", "unevaluatedProperties"]
                .iter()
                .any(|key| schema.get(key) == Some(&Value::Bool(false)));
            let combined = ["allOf", "anyOf", "oneOf", "if", "patternProperties", "dependentSchemas"]
                .iter()
                .any(|key| schema.get(key).is_some());
            match schema.get("properties").and_then(|properties| properties.get(name)) {
                Some(inner) => schema = inner,
                None if closed && !combined => return Some(false),
                None => return None,
            }
        }
        Some(true)
    }

    fn follow<'a>(&'a self, mut schema: &'a Value) -> Option<&'a Value> {
        // As many steps as there can be without going round in a circle.
        for _ in 0..64 {
            match schema.get("$ref").and_then(Value::as_str) {
                Some(reference) => schema = self.root.pointer(reference.strip_prefix('#')?)?,
                None => return Some(schema),
            }
        }
        None
    }
}

impl Check for Compiled {
    fn glance(&self, payload: &[u8], limits: vet::Limits) -> Glance {
        let Checked { verdict, captured: [key, ..] } = self.lowered.program.check_capturing(payload, limits);
        // The validator is quick enough to find and word all that is wrong.
        if verdict == Verdict::Accept { Glance::Accepted { key } } else { Glance::Undecided }
    }

    fn check(&self, payload: &[u8]) -> Result<(), Rejection> {
        let value = payload::parse(payload).map_err(unreadable)?;
        if self.validator.is_valid(&value) {
            return Ok(());
        }
        Err(Rejection::Invalid(self.validator.iter_errors(&value).flat_map(violations).collect()))
    }

    fn interpreted(&self) -> Vec<String> {
        self.lowered.residuals.iter().map(ToString::to_string).collect()
    }
}

/// Compiles a schema that is known to be valid to a program; its references have been read once.
fn lower(root: &Value, address: &str, files: &Arc<Files>, key: Option<&[String]>) -> Lowered {
    let options = Options { captures: key.map(<[String]>::to_vec).into_iter().collect(), ..Options::default() };
    let registry = Registry::new().retriever(Confined(Arc::clone(files))).add(address, root);
    let prepared = registry.and_then(|registry| registry.prepare());
    let lowered = prepared.and_then(|registry| {
        let draft = Draft::default().detect(root);
        Ok(json_schema::program(&registry, uri::from_str(address)?, draft, &options))
    });
    lowered.unwrap_or_else(|error| Lowered::island(&error.to_string()))
}

fn unreadable(Unreadable { message, offset, number }: Unreadable) -> Rejection {
    match number {
        Some(pointer) => {
            let (path, rule) = (path_of(&pointer), "number-range".to_owned());
            Rejection::Invalid(vec![Violation { pointer, path, rule, message }])
        }
        None => Rejection::Malformed { message, offset },
    }
}

/// What one error of the validator says; several unknown or missing fields in one error become one violation each.
fn violations(error: ValidationError<'_>) -> Vec<Violation> {
    let at = error.instance_path().as_str();
    let rule = error.kind().keyword();
    let violation = |pointer: String, message: String| Violation {
        path: path_of(&pointer),
        pointer,
        rule: rule.to_owned(),
        message,
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let message = |name: &str| format!("additional property {name:?} is not allowed");
            unexpected.iter().map(|name| violation(inside(at, name), message(name))).collect()
        }
        ValidationErrorKind::Required { property } => {
            vec![violation(inside(at, property.as_str().unwrap_or_default()), error.to_string())]
        }
        _ => vec![violation(at.to_owned(), error.to_string())],
    }
}

/// The pointer of a field of the value at `at`.
fn inside(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The pointer as a path with dots, as people write it.
fn path_of(pointer: &str) -> String {
    let parts: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    parts.join(".")
}

/// The files of the folder that were asked for.
struct Files {
    folder: PathBuf,
    /// The schema's own `$id` up to the last `/`: files beside the schema have the addresses beside that.
    id: Option<String>,
    read: Mutex<BTreeMap<String, (String, Value)>>,
    problems: Mutex<Vec<Problem>>,
}

struct Confined(Arc<Files>);

impl Retrieve for Confined {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let files = &self.0;
        let relative = match uri.as_str().strip_prefix(BASE) {
            Some(path) => Some(path.to_owned()),
            None => files.with_id(uri.as_str()).or_else(|| files.beside_id(uri.as_str())),
        };
        let decoded = relative.map(|path| percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned());
        let path = decoded.filter(|path| is_inside(Path::new(path)) && files.folder.join(path).is_file());
        let path = path
            .ok_or("no file of the product's folder has this name or \"$id\", and nothing is fetched from a network")?;
        match read(&files.folder.join(&path)) {
            Ok((text, schema)) => {
                files.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path, (text, schema.clone()));
                Ok(schema)
            }
            Err(problem) => {
                let message = problem.message.clone();
                files.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
                Err(message.into())
            }
        }
    }
}

impl Files {
    /// The file beside the schema that has this `$id`.
    fn with_id(&self, uri: &str) -> Option<String> {
        let entries = fs::read_dir(&self.folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
        let mut named = entries.filter(|path| path.extension().is_some_and(|ending| ending == "json")).filter(|path| {
            let schema = read(path).ok().map(|(_, schema)| schema);
            let id = schema.as_ref().and_then(|schema| schema.get("$id").or(schema.get("id"))).and_then(Value::as_str);
            id.is_some_and(|id| id.trim_end_matches('#') == uri)
        });
        named.next().map(|path| super::folder::name(&path))
    }

    fn beside_id(&self, uri: &str) -> Option<String> {
        uri.strip_prefix(self.id.as_deref()?).map(str::to_owned)
    }
}

/// Whether a relative path does not lead out of its folder.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// An address up to its last `/`.
fn directory(uri: &str) -> String {
    uri[..uri.rfind('/').map_or(0, |slash| slash + 1)].to_owned()
}

fn read(path: &Path) -> Result<(String, Value), Problem> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new(Place::whole(path), "no such file"),
        _ => Problem::new(Place::whole(path), format!("can't be read: {error}")),
    })?;
    match payload::parse(text.as_bytes()) {
        Ok(value) => Ok((text, value)),
        Err(Unreadable { message, offset, .. }) => Err(Problem::new(Place::in_text(path, &text, offset), message)),
    }
}

/// What keeps a file from being a schema of its draft, each mistake once: the parts of a meta-schema repeat one another.
fn against_meta_schema(path: &Path, text: &str, schema: &Value) -> Vec<Problem> {
    let meta = match jsonschema::meta::validator_for(schema) {
        Ok(meta) => meta,
        Err(error) => return vec![unbuildable(&error, path, text)],
    };
    let mut problems = Vec::new();
    for error in meta.iter_errors(schema) {
        let problem = unbuildable(&error, path, text);
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// A schema that is none, or that refers to nothing, at the place of the mistake.
fn unbuildable(error: &ValidationError<'_>, path: &Path, text: &str) -> Problem {
    let message = match error.kind() {
        ValidationErrorKind::Referencing(reference) => {
            let place = reference_place(&reference.to_string(), path, text);
            return Problem::new(place, reference_message(reference));
        }
        _ => error.to_string(),
    };
    let pointer = error.instance_path().as_str();
    let place = locate(text, pointer).map_or_else(|| Place::whole(path), |at| Place::in_text(path, text, at));
    let at = if pointer.is_empty() { String::new() } else { format!("{}: ", path_of(pointer)) };
    Problem::new(place, format!("{at}invalid JSON Schema: {message}"))
}

fn reference_message(error: &ReferencingError) -> String {
    match error {
        ReferencingError::Unretrievable { uri, source } => {
            format!("reference to {:?} can't be followed: {source}", uri.strip_prefix(BASE).unwrap_or(uri))
        }
        other => format!("reference can't be followed: {}", other.to_string().replace(BASE, "")),
    }
}

/// The first `$ref` that the message of a reference error speaks of, or else the file as a whole.
fn reference_place(message: &str, path: &Path, text: &str) -> Place {
    let mut references = text.match_indices("\"$ref\"").filter_map(|(at, key)| {
        let value = text[at + key.len()..].trim_start().strip_prefix(':')?.trim_start();
        let reference: String = serde_json::Deserializer::from_str(value).into_iter().next()?.ok()?;
        let (file, fragment) = reference.split_once('#').unwrap_or((&reference, ""));
        let named = if file.is_empty() { fragment } else { file.trim_start_matches(['.', '/']) };
        (!named.is_empty() && message.contains(named)).then(|| text.len() - value.len())
    });
    references.next().map_or_else(|| Place::whole(path), |at| Place::in_text(path, text, at))
}

/// The byte offset of the value that a JSON Pointer names.
fn locate(text: &str, pointer: &str) -> Option<usize> {
    let mut at: &RawValue = serde_json::from_str(text).ok()?;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        at = match at.get().as_bytes().first() {
            Some(b'{') => serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(at.get()).ok()?.remove(&*name)?,
            _ => serde_json::from_str::<Vec<&RawValue>>(at.get()).ok()?.get(name.parse::<usize>().ok()?).copied()?,
        };
    }
    Some(at.get().as_ptr() as usize - text.as_ptr() as usize)
}
