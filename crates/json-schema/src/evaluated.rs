//! Which members and elements a schema looks at, whatever the value: those are not left for `unevaluatedProperties` and
//! `unevaluatedItems`.
//!
//! Where it depends on the value (alternatives, conditions), the answer is that it is not known.

use serde_json::{Map, Value};

use crate::array::keywords_of_elements;
use crate::lower::Place;
use crate::object::object;

/// References and conjunctions inside each other that are followed.
const DEPTH_MAX: usize = 32;

/// Gets the keywords of a schema, their place, and how many schemas may still be inside each other.
type Visit<'v> = dyn FnMut(&Map<String, Value>, &Place<'_>, usize) + 'v;

/// Members that are looked at.
#[derive(Default)]
pub(crate) struct Evaluated {
    /// All of them.
    pub(crate) all: bool,
    /// By name; without repetition.
    pub(crate) names: Vec<String>,
    /// By what their names match.
    pub(crate) patterns: Vec<String>,
}

impl Evaluated {
    /// What the keywords beside `unevaluatedProperties` look at; `None` if it depends on the value.
    pub(crate) fn members(keywords: &Map<String, Value>, place: &Place<'_>) -> Option<Evaluated> {
        let mut evaluated = Evaluated::default();
        each(keywords, place, DEPTH_MAX, &mut |keywords, _, depth| {
            let inner = depth < DEPTH_MAX && keywords.contains_key("unevaluatedProperties");
            evaluated.all |= keywords.contains_key("additionalProperties") || inner;
            evaluated.names.extend(object(keywords, "properties").map(|(name, _)| name.clone()));
            evaluated.patterns.extend(object(keywords, "patternProperties").map(|(source, _)| source.clone()));
        })?;
        evaluated.names.sort_unstable();
        evaluated.names.dedup();
        Some(evaluated)
    }
}

/// How many leading elements the keywords beside `unevaluatedItems` look at; nothing inside if all. `None` if it depends
/// on the value.
pub(crate) fn elements(keywords: &Map<String, Value>, place: &Place<'_>) -> Option<Option<usize>> {
    let (mut all, mut leading, mut some) = (false, 0, false);
    each(keywords, place, DEPTH_MAX, &mut |keywords, place, depth| {
        let (prefix, rest) = keywords_of_elements(keywords, place);
        let inner = depth < DEPTH_MAX && keywords.contains_key("unevaluatedItems");
        all |= inner || rest.is_some_and(|rest| keywords.contains_key(rest));
        leading = leading.max(keywords.get(prefix).and_then(Value::as_array).map_or(0, Vec::len));
        // From 2020-12 on an element that `contains` finds has been looked at.
        some |= keywords.contains_key("contains") && place.knows("prefixItems");
    })?;
    match (all, some) {
        (true, _) => Some(None),
        (false, true) => None,
        (false, false) => Some(Some(leading)),
    }
}

/// Visits the keywords of a schema and of all that hold together with it for the same value.
fn each(keywords: &Map<String, Value>, place: &Place<'_>, depth: usize, visit: &mut Visit<'_>) -> Option<()> {
    let inner = depth.checked_sub(1)?;
    let depends = ["anyOf", "oneOf", "if", "dependentSchemas", "dependencies", "$dynamicRef", "$recursiveRef"];
    if depends.iter().any(|keyword| keywords.contains_key(*keyword)) {
        return None;
    }
    visit(keywords, place, depth);
    if let Some(reference) = keywords.get("$ref") {
        let (schema, resolver, draft) = place.resolver.lookup(reference.as_str()?).ok()?.into_inner();
        if draft != place.draft {
            return None;
        }
        each_of(schema, &Place { resolver, draft }, inner, visit)?;
    }
    for schema in keywords.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        each_of(schema, place, inner, visit)?;
    }
    Some(())
}

fn each_of(schema: &Value, place: &Place<'_>, depth: usize, visit: &mut Visit<'_>) -> Option<()> {
    match schema {
        Value::Object(keywords) => each(keywords, &place.enter(schema)?, depth, visit),
        _ => Some(()),
    }
}
