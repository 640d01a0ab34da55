//! A schema object while it is put together.
//!
//! Keys that may occur once stand beside each other; a key that occurs again starts a further object, and several
//! objects become an `allOf`.

use super::super::tree::Json;
use super::format;
use super::structural::Core;

/// Keys in the order of output; those that are not listed follow, sorted by name.
const KEY_ORDER: [&str; 18] = [
    "description",
    "type",
    "format",
    "required",
    "properties",
    "minProperties",
    "maxProperties",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "items",
    "enum",
    "default",
];

type Entries = Vec<(String, Json)>;

/// A schema object in the making.
#[derive(Default)]
pub(super) struct Builder<'c> {
    /// The type of the whole value, if it has one.
    pub(super) kind: Option<&'static str>,
    pub(super) format: Option<&'static str>,
    /// What the schema around an alternative says already.
    pub(super) outer: Option<(Option<&'static str>, Option<&'static str>)>,
    pub(super) deprecated: bool,
    /// Of an alternative: what is said of its place already.
    core: Option<&'c Core>,
    /// What is said of the place of the schema.
    own_core: Option<&'c Core>,
    single: Entries,
    parts: Vec<Entries>,
    /// Which part takes further keys.
    current: Option<usize>,
}

impl<'c> Builder<'c> {
    /// An alternative inside another schema.
    pub(super) fn alternative(outer: &Self) -> Self {
        let says = outer.outer.unwrap_or((outer.kind, outer.format));
        let core = outer.core.or(outer.own_core);
        Self { kind: outer.kind, format: outer.format, outer: Some(says), core, ..Self::default() }
    }

    /// A schema that begins with what is said of its place.
    pub(super) fn of_core(core: &'c Core) -> Self {
        Self { format: core.format, own_core: Some(core), ..Self::default() }
    }

    /// A part of an alternative of whose place all is said that is the same in each.
    pub(super) fn within(core: &'c Core) -> Self {
        Self { outer: Some((None, core.format)), core: Some(core), ..Self::default() }
    }

    /// Of an alternative: what is said of its place already.
    pub(super) fn core(&self) -> Option<&'c Core> {
        self.core
    }

    /// Whether it is an alternative inside another schema.
    pub(super) fn is_alternative(&self) -> bool {
        self.outer.is_some()
    }

    /// Sets the type unless it is known.
    pub(super) fn set_kind(&mut self, kind: &'static str) {
        self.kind = self.kind.or(Some(kind));
    }

    /// Sets the type of bytes, unless a type is known.
    pub(super) fn set_encoded(&mut self) {
        if self.kind.is_none() {
            (self.kind, self.format) = (Some("string"), Some("byte"));
        }
    }

    /// Sets a key that the schema has once.
    pub(super) fn set_single(&mut self, key: &str, value: Json) {
        put(&mut self.single, key, value);
    }

    /// Sets a property.
    pub(super) fn set_property(&mut self, name: &str, schema: Json) {
        match self.single.iter_mut().find(|(key, _)| key == "properties") {
            Some((_, Json::Object(properties))) => put(properties, name, schema),
            _ => self.set_single("properties", object(name, schema)),
        }
    }

    /// Sets a key; if it is taken, in a further object.
    pub(super) fn set(&mut self, key: &str, value: Json) {
        let free = self.current.filter(|at| self.parts[*at].iter().all(|(name, _)| name != key));
        let at = free.unwrap_or_else(|| {
            self.parts.push(Entries::new());
            self.parts.len() - 1
        });
        self.current = Some(at);
        self.parts[at].push((key.to_owned(), value));
    }

    /// Adds a whole object that must hold too.
    pub(super) fn add(&mut self, object: Json) {
        if let Json::Object(entries) = object {
            self.parts.push(entries);
        }
    }

    /// The finished object of a whole value, without the bounds that its format stands for.
    pub(super) fn finish_whole(self) -> Json {
        let format = self.format;
        match (self.finish(), format) {
            (Json::Object(mut entries), Some(format)) => {
                entries.retain(|(key, bound)| !format::implies(format, key, bound));
                Json::Object(entries)
            }
            (schema, _) => schema,
        }
    }

    /// The finished object.
    pub(super) fn finish(mut self) -> Json {
        let mut entries = std::mem::take(&mut self.single);
        let is_reference = |part: &Entries| part.iter().any(|(key, _)| key == "$ref");
        match self.parts.as_slice() {
            [] => {}
            [part] if !is_reference(part) || entries.is_empty() => entries.extend(part.clone()),
            parts => {
                let objects = parts.iter().cloned().map(Json::Object).collect();
                entries.push(("allOf".into(), Json::Array(objects)));
            }
        }
        if self.deprecated {
            put(&mut entries, "deprecated", Json::Bool(true));
        }
        let (outer_kind, outer_format) = self.outer.unwrap_or_default();
        let says_kind = self.outer.is_none() || (self.core.is_none() && outer_kind != self.kind);
        if let Some(kind) = self.kind.filter(|_| says_kind)
            && entries.iter().all(|(key, _)| key != "type")
        {
            entries.push(("type".into(), kind.into()));
        }
        if let Some(format) = self.format.filter(|format| self.outer.is_none() || outer_format != Some(format)) {
            put(&mut entries, "format", format.into());
        }
        Json::Object(sorted(entries))
    }
}

fn put(entries: &mut Entries, key: &str, value: Json) {
    match entries.iter_mut().find(|(name, _)| name == key) {
        Some(entry) => entry.1 = value,
        None => entries.push((key.to_owned(), value)),
    }
}

/// The entries of a schema object in the order of output.
fn sorted(mut entries: Entries) -> Entries {
    let rank = |key: &str| KEY_ORDER.iter().position(|known| *known == key).unwrap_or(KEY_ORDER.len());
    entries.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    entries
}

/// An object with one key.
pub(super) fn object(key: &str, value: Json) -> Json {
    Json::Object(vec![(key.to_owned(), value)])
}
