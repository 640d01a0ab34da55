//! One product as its owner describes it, read from CUE or from JSON Schema files.
//!
//! The shape of `product` and `events` is itself written in CUE (`description.cue`), so that mistakes in it are
//! reported like any other mistake in a description. What comes out has been checked on its own; what must hold between
//! products is checked where they are put together.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use cue::{FieldOptions, Instance, PathPart, Shape, SourceFile, Validation, Value};
use serde_json::json;

use super::{
    Document, Representation, Validator,
    attempt::Attempt,
    cue_schema::CueSchema,
    folder::{self, Unit},
    json_schema::JsonSchema,
    module, openapi,
    problem::{EMBEDDED, Place, Problem},
};
use crate::{channel::TopicSpec, config::duration};

/// A product whose parts hold by themselves.
pub(super) struct Described {
    pub(super) name: String,
    /// Where the name is given.
    pub(super) place: Place,
    pub(super) description: serde_json::Value,
    pub(super) events: Vec<DescribedEvent>,
    /// The components of its OpenAPI document.
    pub(super) openapi: openapi::Source,
    /// By the name that ends their address.
    pub(super) schemas: BTreeMap<Arc<str>, Document>,
}

/// An event type whose parts hold by themselves.
pub(super) struct DescribedEvent {
    pub(super) name: String,
    /// Where it is described.
    pub(super) place: Place,
    pub(super) topic: TopicSpec,
    /// Whether the owner names the topic.
    pub(super) topic_is_named: bool,
    pub(super) key: Option<Vec<String>>,
    pub(super) validator: Validator,
}

/// Reads the description of one product; all its mistakes are reported.
pub(super) fn read(unit: &Unit) -> Result<Described, Vec<Problem>> {
    if unit.cue.is_empty() { read_json(unit) } else { read_cue(unit) }
}

/// A product of JSON Schema files without a package that says more: each file is an event type.
fn read_json(unit: &Unit) -> Result<Described, Vec<Problem>> {
    let mut described = Described::new(unit, Place::whole(&unit.folder));
    let mut problems = Vec::new();
    for file in &unit.json {
        let name = folder::stem(file);
        let event = Event::bare(&name, Place::whole(file));
        match JsonSchema::load(&unit.folder, file, None) {
            Ok(schema) => described.add_json(event, schema),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(described) } else { Err(problems) }
}

/// A product of CUE files: a package with `product` and `events`, or definitions alone.
fn read_cue(unit: &Unit) -> Result<Described, Vec<Problem>> {
    let whole = Place::whole(&unit.folder);
    let files =
        unit.cue.iter().map(|path| source_file(path)).collect::<Result<Vec<_>, _>>().map_err(|one| vec![one])?;
    let mut attempt = Attempt::at(&unit.folder, files, &whole);
    let Some(instance) = attempt.instance.take() else { return Err(attempt.problems) };
    let package = Package { unit, instance, files: attempt.files.clone() };
    let (described, found) = match package.read(&whole) {
        Ok(described) => (Some(described), Vec::new()),
        Err(problems) => (None, problems),
    };
    let found = attempt.without_consequences(found);
    let mut problems = attempt.problems;
    add_new(&mut problems, found);
    problems.sort_by(|a, b| a.places.cmp(&b.places));
    described.filter(|_| problems.is_empty()).ok_or(problems)
}

struct Package<'a> {
    unit: &'a Unit,
    instance: Instance,
    files: Vec<Arc<SourceFile>>,
}

impl Package<'_> {
    /// Reads the package, or finds all that is wrong in it.
    fn read(&self, whole: &Place) -> Result<Described, Vec<Problem>> {
        let root = self.instance.root();
        let of_cue = |errors| Problem::of_cue(errors, whole);
        let found = root.validate(Validation { concrete: false }).err();
        let everywhere = found.map(|errors| of_cue(placed(errors, &root))).unwrap_or_default();
        let (described, shape) = match (field(&root, "product"), field(&root, "events")) {
            (None, None) => (self.read_definitions(&root), Vec::new()),
            (Some(product), None) => {
                let message = "describes a product without events: expected \"events\"";
                (Err(vec![Problem::new(self.place_of(&product), message)]), Vec::new())
            }
            _ => (self.read_events(&root), self.check_shape().map_err(of_cue).err().unwrap_or_default()),
        };
        if everywhere.is_empty() && shape.is_empty() {
            return described;
        }
        // Each finds some that the others don't: a file that is missing, a setting that there is not, a hidden field.
        let mut problems = described.err().unwrap_or_default();
        add_new(&mut problems, shape);
        add_new(&mut problems, everywhere);
        Err(problems)
    }

    /// Judges `product` and `events` by the embedded definition of what they may say.
    fn check_shape(&self) -> Result<(), cue::Errors> {
        let shape = SourceFile::new(format!("{EMBEDDED}description.cue"), include_str!("description.cue"));
        let files = self.files.iter().cloned().chain([shape]).collect();
        let root = module::compile(&self.unit.folder, files)?.root();
        let parts = ["product", "events"].into_iter().filter_map(|name| field(&root, name));
        let found = parts.filter_map(|part| part.validate(Validation { concrete: false }).err());
        let errors: Vec<cue::Error> = found.flatten().collect();
        if errors.is_empty() { Ok(()) } else { Err(cue::Errors::new(errors)) }
    }

    fn read_definitions(&self, root: &Value) -> Result<Described, Vec<Problem>> {
        let mut described = Described::new(self.unit, Place::whole(&self.unit.folder));
        let mut problems = Vec::new();
        for definition in root.fields(FieldOptions { definitions: true, ..FieldOptions::default() }) {
            let PathPart::Special(label) = &definition.label else { continue };
            let Some(name) = label.strip_prefix('#') else { continue };
            let event = Event::bare(name, self.place_of(&definition.value));
            match self.add_cue(&mut described, event, label) {
                Ok(()) => {}
                Err(more) => add_new(&mut problems, more),
            }
        }
        if described.events.is_empty() && problems.is_empty() {
            let message = "describes no event: expected definitions such as #Order, or \"product\" and \"events\"";
            problems.push(Problem::new(Place::whole(&self.unit.cue[0]), message));
        }
        self.finish(described, problems)
    }

    fn read_events(&self, root: &Value) -> Result<Described, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut described = Described::new(self.unit, Place::whole(&self.unit.folder));
        if let Some(product) = field(root, "product") {
            described.place = self.place_of(&product);
            match json_of(&product) {
                Ok(json) => described.describe(json),
                Err(errors) => problems.extend(Problem::of_cue(errors, &described.place)),
            }
        }
        let events = field(root, "events").map(|events| events.fields(FieldOptions::default())).unwrap_or_default();
        if events.is_empty() {
            problems.push(Problem::new(described.place.clone(), "events: describes no event"));
        }
        for event in events {
            if let Err(more) = self.read_event(&mut described, &event) {
                add_new(&mut problems, more);
            }
        }
        self.finish(described, problems)
    }

    fn read_event(&self, described: &mut Described, event: &cue::Field) -> Result<(), Vec<Problem>> {
        let PathPart::Field(name) = &event.label else { return Ok(()) };
        let place = self.place_of(&event.value);
        let settings =
            Event::read(name, place.clone(), &event.value).map_err(|errors| Problem::of_cue(errors, &place))?;
        let schema = field(&event.value, "schema")
            .ok_or_else(|| vec![Problem::new(place.clone(), format!("event type {name:?}: schema is missing"))])?;
        let lacks_key = settings.compacted && settings.key.is_none();
        let added = self.add_event(described, event, settings, &schema);
        if lacks_key {
            let message = format!("event type {name:?}: a compacted topic needs a key, as in key: \"id\"");
            let compacted = field(&event.value, "compacted").map_or(place, |setting| self.place_of(&setting));
            let mut problems = added.err().unwrap_or_default();
            problems.push(Problem::new(compacted, message));
            return Err(problems);
        }
        added
    }

    /// Adds an event type with the check of its payloads.
    fn add_event(
        &self,
        described: &mut Described,
        event: &cue::Field,
        settings: Event,
        schema: &Value,
    ) -> Result<(), Vec<Problem>> {
        match (schema.shape(), schema.reference()) {
            (Shape::String(file), _) => {
                let path = self.unit.folder.join(&*file);
                let loaded =
                    JsonSchema::load(&self.unit.folder, &path, settings.key.as_deref()).map_err(|problems| {
                        let place = schema.position().map_or(settings.place.clone(), |position| (&position).into());
                        problems.into_iter().map(|problem| problem.referred_from(place.clone())).collect::<Vec<_>>()
                    })?;
                if let Some(key) = settings.key.as_ref().filter(|key| loaded.has_field(key) == Some(false)) {
                    return Err(vec![missing_key(&settings.name, key, settings.key_place, Place::whole(&path))]);
                }
                described.add_json(settings, loaded);
                Ok(())
            }
            (_, Some(path)) => self.add_cue(described, settings, &cue::path_text(&path)),
            (_, None) => {
                let path = [PathPart::Field("events".into()), event.label.clone(), PathPart::Field("schema".into())];
                self.add_cue(described, settings, &cue::path_text(&path))
            }
        }
    }

    fn add_cue(&self, described: &mut Described, event: Event, expression: &str) -> Result<(), Vec<Problem>> {
        let schema = CueSchema::new(&self.instance, expression, event.key.as_deref())
            .map_err(|errors| Problem::of_cue(errors, &event.place))?;
        if let Some(key) = event.key.as_ref().filter(|key| schema.has_field(key) == Some(false)) {
            let declared = self.place_of(schema.value());
            return Err(vec![missing_key(&event.name, key, event.key_place.clone(), declared)]);
        }
        let declared_in = schema.value().position().map(|position| position.file);
        let source = declared_in.or_else(|| self.files.first().cloned());
        let text = source.map(|file| Representation { media_type: "text/x-cue", body: file.text.clone().into() });
        described.schemas.insert(event.name.as_str().into(), Document(text.into_iter().collect()));
        described.add(event, Validator::new(schema));
        Ok(())
    }

    fn finish(&self, mut described: Described, problems: Vec<Problem>) -> Result<Described, Vec<Problem>> {
        if !problems.is_empty() {
            return Err(problems);
        }
        described.openapi.add_package(&self.instance).map_err(|errors| Problem::of_cue(errors, &described.place))?;
        for file in &self.files {
            let name = folder::name(Path::new(&file.name));
            let source = Representation { media_type: "text/x-cue", body: file.text.clone().into() };
            described.schemas.entry(name.into()).or_insert(Document(vec![source]));
        }
        Ok(described)
    }

    fn place_of(&self, value: &Value) -> Place {
        value.position().map_or_else(|| Place::whole(&self.unit.folder), |position| Place::from(&position))
    }
}

/// Adds the problems that were not found before: a mistake in a package is met again with each of its event types, and
/// without a place where the package is judged as a whole.
fn add_new(problems: &mut Vec<Problem>, more: Vec<Problem>) {
    for problem in more {
        let line_column = |problem: &Problem| problem.places.first().and_then(|place| place.line_column);
        let is_same = |known: &Problem| {
            known.message == problem.message
                && (known.places.first() == problem.places.first() || line_column(&problem).is_none())
        };
        if !problems.iter().any(is_same) {
            problems.push(problem);
        }
    }
}

impl Described {
    fn new(unit: &Unit, place: Place) -> Self {
        Self {
            name: unit.name.clone(),
            place,
            description: json!({}),
            events: Vec::new(),
            openapi: openapi::Source::default(),
            schemas: BTreeMap::new(),
        }
    }

    fn describe(&mut self, product: serde_json::Value) {
        if let Some(name) = product.get("name").and_then(serde_json::Value::as_str) {
            self.name = name.to_owned();
        }
        self.description = product;
    }

    fn add_json(&mut self, event: Event, schema: JsonSchema) {
        let document = |body: Bytes| Document(vec![Representation { media_type: "application/schema+json", body }]);
        self.openapi.add_json_schema(&event.name, &schema.root);
        self.schemas.insert(event.name.as_str().into(), document(schema.text));
        for (name, text) in schema.references {
            self.schemas.entry(name.into()).or_insert(document(text));
        }
        self.add(event, Validator::new(schema.check));
    }

    fn add(&mut self, event: Event, validator: Validator) {
        let topic_is_named = event.topic.is_some();
        let topic = TopicSpec {
            name: event.topic.unwrap_or_else(|| default_topic(&event.name)).into(),
            partitions: event.partitions,
            replication: event.replication,
            compacted: event.compacted,
            retention: event.retention,
        };
        let Event { name, place, key, .. } = event;
        self.events.push(DescribedEvent { name, place, topic, topic_is_named, key, validator });
    }
}

/// The settings of an event type.
struct Event {
    name: String,
    place: Place,
    topic: Option<String>,
    key: Option<Vec<String>>,
    key_place: Place,
    partitions: i32,
    replication: Option<i32>,
    compacted: bool,
    retention: Option<Duration>,
}

impl Event {
    /// With nothing set.
    fn bare(name: &str, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            key_place: place.clone(),
            place,
            topic: None,
            key: None,
            partitions: 1,
            replication: None,
            compacted: false,
            retention: None,
        }
    }

    /// From the struct that the owner writes, whose shape is judged elsewhere.
    fn read(name: &str, place: Place, event: &Value) -> Result<Self, cue::Errors> {
        let bare = Self::bare(name, place);
        let retention: Option<String> = setting(event, "retention")?;
        Ok(Self {
            topic: setting(event, "topic")?,
            key: setting::<String>(event, "key")?.map(|path| path.split('.').map(str::to_owned).collect()),
            key_place: key_place(event, &bare.place),
            partitions: setting(event, "partitions")?.unwrap_or(bare.partitions),
            replication: setting(event, "replication")?,
            compacted: setting(event, "compacted")?.unwrap_or(bare.compacted),
            retention: retention.and_then(|text| duration::parse(&text).ok()),
            ..bare
        })
    }
}

/// The type's name, with `-` for each character that Kafka forbids, cut to the 249 that it takes.
fn default_topic(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let topic: String = name.chars().map(allowed).take(249).collect();
    if matches!(&*topic, "." | "..") { topic.replace('.', "-") } else { topic }
}

fn missing_key(event: &str, key: &[String], place: Place, schema: Place) -> Problem {
    let message = format!("event type {event:?}: the schema has no field {:?} that could be the key", key.join("."));
    Problem::new(place, message).and(schema)
}

fn key_place(event: &Value, fallback: &Place) -> Place {
    let position = field(event, "key").and_then(|key| key.position());
    position.map_or_else(|| fallback.clone(), |position| Place::from(&position))
}

/// Gives errors without a place that of the field of the package that they are in.
fn placed(errors: cue::Errors, root: &Value) -> cue::Errors {
    let place = |mut error: cue::Error| {
        if error.primary.is_none() && error.positions.is_empty() && error.rule != cue::Rule::Disjunction {
            error.primary = error.path.first().and_then(|part| root.get(part)?.position());
        }
        error
    };
    cue::Errors::new(errors.into_iter().map(place).collect())
}

fn field(value: &Value, name: &str) -> Option<Value> {
    value.get(&PathPart::Field(name.into()))
}

fn json_of(value: &Value) -> Result<serde_json::Value, cue::Errors> {
    let text = value.to_json()?;
    serde_json::from_str(&text).map_err(|error| {
        cue::Error::new(cue::Code::Eval, cue::Rule::Other, format!("can't be written as JSON: {error}")).into()
    })
}

/// A setting as a Rust value, if the owner gives it; `None` for one of another type, which the shape tells.
fn setting<T: serde::de::DeserializeOwned>(event: &Value, name: &str) -> Result<Option<T>, cue::Errors> {
    let Some(value) = field(event, name) else { return Ok(None) };
    Ok(serde_json::from_value(json_of(&value)?).ok())
}

fn source_file(path: &Path) -> Result<Arc<SourceFile>, Problem> {
    let read = fs::read(path).map_err(|error| error.to_string());
    let bytes = read.map_err(|error| Problem::new(Place::whole(path), format!("can't be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        Problem::new(Place::in_text(path, &before, valid), "can't be read: not UTF-8")
    })?;
    Ok(SourceFile::new(path.display().to_string(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_topics_are_names_that_kafka_takes() {
        assert_eq!(default_topic("com.acme.trip.reported.v1"), "com.acme.trip.reported.v1");
        assert_eq!(default_topic("MySource:newPerson"), "MySource-newPerson");
        assert_eq!(default_topic("a/b ü"), "a-b--");
        assert_eq!(default_topic(".."), "--");
        assert_eq!(default_topic(&"x".repeat(300)).len(), 249);
    }
}
