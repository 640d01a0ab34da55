//! Keywords for strings.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use vet::{Condition, Rule};

use crate::lower::{Lowering, Place, count};
use crate::pattern;

impl Lowering<'_> {
    /// What is said of strings, if anything is.
    pub(crate) fn string(&mut self, keywords: &Map<String, Value>, place: &Place<'_>) -> Option<Rule> {
        let mut rules = Vec::new();
        let (min, max) = (count(keywords, "minLength"), count(keywords, "maxLength"));
        if min.is_some() || max.is_some() {
            rules.push(self.builder.runes(min.unwrap_or(0), max));
        }
        if let Some(Value::String(source)) = keywords.get("pattern") {
            rules.push(self.matching(source, place));
        }
        if let Some(Value::String(name)) = keywords.get("format")
            && self.options.formats.unwrap_or(place.is_legacy())
        {
            rules.push(self.asked(json!({"format": name}), place));
        }
        // Later drafts only note what the content is.
        let content: Map<String, Value> = ["contentEncoding", "contentMediaType"]
            .iter()
            .filter_map(|keyword| Some(((*keyword).to_owned(), keywords.get(*keyword)?.clone())))
            .collect();
        if place.is_legacy() && place.knows("const") && !content.is_empty() {
            rules.push(self.asked(content.into(), place));
        }
        (!rules.is_empty()).then(|| self.builder.all(rules))
    }

    /// Strings that a regular expression matches somewhere.
    pub(crate) fn matching(&mut self, source: &str, place: &Place<'_>) -> Rule {
        match pattern::compile(source) {
            Some(pattern) => self.builder.pattern(Arc::new(pattern)),
            None => self.asked(json!({"pattern": source}), place),
        }
    }

    /// Strings that `jsonschema` finds valid by these keywords: formats, and patterns beyond automata.
    fn asked(&mut self, keywords: Value, place: &Place<'_>) -> Rule {
        let built = jsonschema::options()
            .with_draft(place.draft)
            .should_validate_formats(self.options.formats.unwrap_or(place.is_legacy()))
            .build(&keywords);
        match built {
            Ok(validator) => {
                let test = Arc::new(move |text: &str| Some(validator.is_valid(&Value::String(text.to_owned()))));
                self.builder.satisfying(Condition { name: keywords.to_string().into(), test })
            }
            Err(_) => self.island("a keyword for strings cannot be checked by itself"),
        }
    }
}
