//! Keywords for arrays.

use serde_json::{Map, Value};
use vet::{ListRule, Rule, Unique};

use crate::evaluated;
use crate::lower::{Lowering, Place, count};

impl Lowering<'_> {
    /// What is said of arrays, if anything is.
    pub(crate) fn array(&mut self, keywords: &Map<String, Value>, place: &Place<'_>) -> Option<Rule> {
        let about = ["items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"];
        let any = self.builder.any();
        let mut rules = Vec::new();
        if about.iter().any(|keyword| keywords.contains_key(*keyword)) {
            let mut rule = ListRule::of(any);
            self.elements(&mut rule, keywords, place);
            rule.length_min = count(keywords, "minItems").unwrap_or(0);
            rule.length_max = count(keywords, "maxItems");
            if keywords.get("uniqueItems") == Some(&Value::Bool(true)) {
                rule.unique = Unique::ByValue;
            }
            rule.contains = self.contained(keywords, place).into_iter().collect();
            rules.push(self.builder.list(rule));
        }
        if let (Some(schema), true) = (keywords.get("unevaluatedItems"), place.knows("unevaluatedItems")) {
            rules.push(match evaluated::elements(keywords, place) {
                Some(None) => any,
                Some(Some(prefix)) => {
                    let rest = self.inside(&["unevaluatedItems"], schema, place);
                    self.builder.list(ListRule { prefix: vec![any; prefix], ..ListRule::of(rest) })
                }
                None => self.island("\"unevaluatedItems\" depends on which alternatives hold"),
            });
        }
        (!rules.is_empty()).then(|| self.builder.all(rules))
    }

    /// The first elements each have their schema; up to 2019-09 they stand in `items`, and the others in
    /// `additionalItems`.
    fn elements(&mut self, rule: &mut ListRule, keywords: &Map<String, Value>, place: &Place<'_>) {
        let (prefix, rest) = keywords_of_elements(keywords, place);
        if let Some(Value::Array(schemas)) = keywords.get(prefix) {
            let prefixed = schemas.iter().enumerate();
            rule.prefix =
                prefixed.map(|(index, schema)| self.inside(&[prefix, &index.to_string()], schema, place)).collect();
        }
        if let Some(schema) = rest.and_then(|rest| keywords.get(rest)) {
            rule.rest = self.inside(&[rest.unwrap_or_default()], schema, place);
        }
    }

    fn contained(&mut self, keywords: &Map<String, Value>, place: &Place<'_>) -> Option<(Rule, usize, Option<usize>)> {
        let schema = keywords.get("contains").filter(|_| place.knows("contains"))?;
        let rule = self.inside(&["contains"], schema, place);
        let bounds = place.knows("minContains");
        let min = count(keywords, "minContains").filter(|_| bounds).unwrap_or(1);
        Some((rule, min, count(keywords, "maxContains").filter(|_| bounds)))
    }
}

/// The keyword for the first elements, and that for the others, if the schema has one that counts.
pub(crate) fn keywords_of_elements(
    keywords: &Map<String, Value>,
    place: &Place<'_>,
) -> (&'static str, Option<&'static str>) {
    match keywords.get("items") {
        _ if place.knows("prefixItems") => ("prefixItems", Some("items")),
        Some(Value::Array(_)) => ("items", Some("additionalItems")),
        Some(_) => ("", Some("items")),
        None => ("", None),
    }
}
