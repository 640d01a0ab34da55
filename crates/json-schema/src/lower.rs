//! Schemas and their references.

use std::collections::HashMap;

use referencing::{Draft, Registry, Resolver, Uri};
use serde_json::{Map, Value};
use vet::{Builder, Kind, NumberForm, NumberRule, Rule};

use crate::{Lowered, Options, Residual};

/// Schemas inside each other that are followed; references count.
const DEPTH_MAX: usize = 200;

/// A schema and where it stands.
#[derive(Clone)]
pub(crate) struct Place<'r> {
    pub(crate) resolver: Resolver<'r>,
    pub(crate) draft: Draft,
}

/// A lowering in progress.
pub(crate) struct Lowering<'o> {
    pub(crate) builder: Builder,
    pub(crate) options: &'o Options,
    /// Rules of the targets of references, by the target and the address that its own references start from.
    targets: HashMap<(*const Value, String), Rule>,
    pointer: Vec<String>,
    residuals: Vec<Residual>,
    depth: usize,
}

/// See [`crate::program`].
pub(crate) fn program(registry: &Registry<'_>, address: Uri<String>, draft: Draft, options: &Options) -> Lowered {
    let mut lowering = Lowering {
        builder: Builder::new(),
        options,
        targets: HashMap::new(),
        pointer: Vec::new(),
        residuals: Vec::new(),
        depth: 0,
    };
    for path in &options.captures {
        lowering.builder.capture(path.iter().map(String::as_str));
    }
    let place = Place { resolver: registry.resolver(address), draft };
    let rule = lowering.reference("#", &place);
    let Lowering { builder, residuals, .. } = lowering;
    match builder.finish(rule) {
        Ok(program) => Lowered { program, residuals },
        Err(error) => Lowered::island(&error.to_string()),
    }
}

impl Lowering<'_> {
    /// A rule for what the program leaves to others.
    pub(crate) fn island(&mut self, reason: &str) -> Rule {
        let escaped = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        let residual = Residual { pointer: self.pointer.iter().map(escaped).collect(), reason: reason.into() };
        if !self.residuals.contains(&residual) {
            self.residuals.push(residual);
        }
        self.builder.island(reason)
    }

    /// The rule of the schema that stands at these steps inside the one that is being lowered.
    pub(crate) fn inside(&mut self, steps: &[&str], schema: &Value, place: &Place<'_>) -> Rule {
        self.pointer.extend(steps.iter().map(|step| (*step).to_owned()));
        let rule = self.schema(schema, place);
        self.pointer.truncate(self.pointer.len() - steps.len());
        rule
    }

    fn schema(&mut self, schema: &Value, place: &Place<'_>) -> Rule {
        if self.depth >= DEPTH_MAX {
            return self.island("schemas nest too deeply");
        }
        self.depth += 1;
        let rule = match schema {
            Value::Bool(true) => self.builder.any(),
            Value::Bool(false) => self.builder.never(),
            Value::Object(keywords) => match place.enter(schema) {
                Some(place) => self.keywords(keywords, &place),
                None => self.island("the schema is of a dialect of its own"),
            },
            _ => self.island("the schema is neither object nor boolean"),
        };
        self.depth -= 1;
        rule
    }

    fn keywords(&mut self, keywords: &Map<String, Value>, place: &Place<'_>) -> Rule {
        let mut rules = Vec::new();
        if let Some(Value::String(reference)) = keywords.get("$ref") {
            rules.push(self.reference(reference, place));
            if place.is_legacy() {
                return rules[0];
            }
        }
        for keyword in ["$dynamicRef", "$recursiveRef"] {
            if keywords.contains_key(keyword) && place.knows(keyword) {
                rules.push(self.island(&format!("{keyword} depends on how the schema is reached")));
            }
        }
        rules.extend(keywords.get("type").map(|types| self.types(types, place)));
        rules.extend(keywords.get("enum").map(|values| self.values(values)));
        if place.draft != Draft::Draft4 {
            rules.extend(keywords.get("const").map(|value| self.value(value)));
        }
        self.applicators(keywords, place, &mut rules);
        let kinds = [
            (Kind::Number, self.number(keywords, place)),
            (Kind::String, self.string(keywords, place)),
            (Kind::Struct, self.object(keywords, place)),
            (Kind::List, self.array(keywords, place)),
        ];
        for (kind, rule) in kinds {
            rules.extend(rule.map(|rule| self.builder.when(kind, rule)));
        }
        match *rules {
            [] => self.builder.any(),
            [rule] => rule,
            _ => self.builder.all(rules),
        }
    }

    /// The rule of what a reference leads to.
    fn reference(&mut self, reference: &str, place: &Place<'_>) -> Rule {
        let Ok(resolved) = place.resolver.lookup(reference) else {
            return self.island(&format!("the reference {reference:?} leads nowhere"));
        };
        let (schema, resolver, draft) = resolved.into_inner();
        let key = (std::ptr::from_ref(schema), resolver.base_uri().to_string());
        if let Some(known) = self.targets.get(&key) {
            return *known;
        }
        let declared = self.builder.declare();
        self.targets.insert(key, declared);
        // A document that does not name its draft follows that of the schema that refers to it.
        let draft = if schema.get("$schema").is_some() { draft } else { place.draft };
        let outer = std::mem::take(&mut self.pointer);
        self.pointer.extend(reference.split_once("#/").map(|(_, pointer)| pointer.to_owned()));
        let rule = self.schema(schema, &Place { resolver, draft });
        self.pointer = outer;
        self.builder.define(declared, rule);
        declared
    }

    fn applicators(&mut self, keywords: &Map<String, Value>, place: &Place<'_>, rules: &mut Vec<Rule>) {
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let Some(Value::Array(schemas)) = keywords.get(keyword) else { continue };
            let parts = schemas.iter().enumerate();
            let parts: Vec<Rule> =
                parts.map(|(index, schema)| self.inside(&[keyword, &index.to_string()], schema, place)).collect();
            rules.push(match keyword {
                "allOf" => self.builder.all(parts),
                "anyOf" => self.builder.any_of(parts),
                _ => self.builder.count(1, 1, parts),
            });
        }
        if let Some(schema) = keywords.get("not") {
            let rule = self.inside(&["not"], schema, place);
            rules.push(self.builder.not(rule));
        }
        if let (Some(condition), true) = (keywords.get("if"), place.knows("if")) {
            let condition = self.inside(&["if"], condition, place);
            let [then, otherwise] = ["then", "else"].map(|keyword| match keywords.get(keyword) {
                Some(schema) => self.inside(&[keyword], schema, place),
                None => self.builder.any(),
            });
            rules.push(self.builder.choose(condition, then, otherwise));
        }
    }

    fn types(&mut self, types: &Value, place: &Place<'_>) -> Rule {
        match types {
            Value::String(name) => self.named_type(name, place),
            Value::Array(names) => {
                let names = names.iter().map(|name| name.as_str().unwrap_or_default());
                let rules: Vec<Rule> = names.map(|name| self.named_type(name, place)).collect();
                self.builder.any_of(rules)
            }
            _ => self.island("\"type\" is neither name nor list of names"),
        }
    }

    fn named_type(&mut self, name: &str, place: &Place<'_>) -> Rule {
        match name {
            "null" => self.builder.null(),
            "boolean" => self.builder.boolean(),
            "number" => self.builder.number(NumberRule::default()),
            // Draft 4 knows integers by how they are written.
            "integer" if place.draft == Draft::Draft4 => {
                self.builder.number(NumberRule { form: NumberForm::Integer, ..NumberRule::default() })
            }
            "integer" => self.builder.whole(),
            "string" => self.builder.string(),
            "object" => self.builder.objects(),
            "array" => self.builder.arrays(),
            _ => self.island(&format!("there is no type {name:?}")),
        }
    }

    fn values(&mut self, values: &Value) -> Rule {
        let Value::Array(values) = values else { return self.island("\"enum\" is not a list") };
        let rules: Vec<Rule> = values.iter().map(|value| self.value(value)).collect();
        self.builder.any_of(rules)
    }

    fn value(&mut self, value: &Value) -> Rule {
        let rule = self.builder.constant(&value.to_string());
        rule.unwrap_or_else(|| self.island("a constant nests too deeply"))
    }
}

impl<'r> Place<'r> {
    /// The place inside a schema that may have an address or a dialect of its own; `None` if the dialect is not known.
    pub(crate) fn enter(&self, schema: &Value) -> Option<Place<'r>> {
        let named = schema.get("$schema").and_then(Value::as_str).map(Draft::from_schema_uri);
        let draft = match named {
            Some(Draft::Unknown) => return None,
            // Inside a document only what has an address of its own has a dialect of its own.
            Some(draft) if self.resolver.in_subresource(draft.create_resource_ref(schema)).is_ok() => draft,
            _ => self.draft,
        };
        let resolver = self.resolver.in_subresource(draft.create_resource_ref(schema)).ok()?;
        Some(Place { resolver, draft })
    }

    /// Whether keywords beside `$ref` are ignored.
    pub(crate) fn is_legacy(&self) -> bool {
        matches!(self.draft, Draft::Draft4 | Draft::Draft6 | Draft::Draft7)
    }

    /// Whether the draft has a keyword that some have and some have not.
    pub(crate) fn knows(&self, keyword: &str) -> bool {
        match keyword {
            "const" | "contains" | "propertyNames" => self.draft != Draft::Draft4,
            "if" => !matches!(self.draft, Draft::Draft4 | Draft::Draft6),
            "$recursiveRef" => self.draft == Draft::Draft201909,
            "$dynamicRef" | "prefixItems" => self.draft == Draft::Draft202012,
            _ => !self.is_legacy(),
        }
    }
}

/// A number of members, elements or characters.
pub(crate) fn count(keywords: &Map<String, Value>, keyword: &str) -> Option<usize> {
    let value = keywords.get(keyword)?;
    // `2.0` is a count, too.
    let float = || value.as_f64().filter(|value| *value >= 0.0 && value.fract() == 0.0).map(|value| value as u64);
    value.as_u64().or_else(float).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}
