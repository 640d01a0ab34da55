//! Keywords for objects.

use serde_json::{Map, Value};
use vet::{GroupRule, Rule, StructRule};

use crate::evaluated::Evaluated;
use crate::lower::{Lowering, Place, count};

impl Lowering<'_> {
    /// What is said of objects, if anything is.
    pub(crate) fn object(&mut self, keywords: &Map<String, Value>, place: &Place<'_>) -> Option<Rule> {
        let mut rules: Vec<Rule> = self.members(keywords, place).into_iter().collect();
        for keyword in ["dependencies", "dependentRequired", "dependentSchemas"] {
            let applies = keyword == "dependencies" || place.knows(keyword);
            if let (Some(Value::Object(dependencies)), true) = (keywords.get(keyword), applies) {
                for (name, dependency) in dependencies {
                    rules.push(self.dependency(keyword, name, dependency, place));
                }
            }
        }
        if let (Some(schema), true) = (keywords.get("unevaluatedProperties"), place.knows("unevaluatedProperties")) {
            rules.push(self.unevaluated_members(schema, keywords, place));
        }
        (!rules.is_empty()).then(|| self.builder.all(rules))
    }

    fn members(&mut self, keywords: &Map<String, Value>, place: &Place<'_>) -> Option<Rule> {
        let about = ["properties", "patternProperties", "additionalProperties", "required", "minProperties"];
        let about = about.iter().chain(&["maxProperties", "propertyNames"]);
        if !about.into_iter().any(|keyword| keywords.contains_key(*keyword)) {
            return None;
        }
        let any = self.builder.any();
        let rest = match keywords.get("additionalProperties") {
            Some(schema) => self.inside(&["additionalProperties"], schema, place),
            None => any,
        };
        let mut rule = StructRule::new(rest);
        rule.members_min = count(keywords, "minProperties").unwrap_or(0);
        rule.members_max = count(keywords, "maxProperties");
        for (name, schema) in object(keywords, "properties") {
            rule = rule.optional(name, self.inside(&["properties", name], schema, place));
        }
        for (source, schema) in object(keywords, "patternProperties") {
            let names = self.matching(source, place);
            let value = self.inside(&["patternProperties", source], schema, place);
            rule.groups[0].patterns.push((names, value));
        }
        if let (Some(schema), true) = (keywords.get("propertyNames"), place.knows("propertyNames")) {
            rule.naming = Some(self.inside(&["propertyNames"], schema, place));
        }
        rule.required = names(keywords.get("required"));
        Some(self.builder.structure(rule))
    }

    /// What an object that has a member has to satisfy.
    fn dependency(&mut self, keyword: &str, name: &str, dependency: &Value, place: &Place<'_>) -> Rule {
        let any = self.builder.any();
        let has = self.builder.structure(StructRule::new(any).required(name, any));
        let then = match dependency {
            Value::Array(_) => {
                let rule = StructRule { required: names(Some(dependency)), ..StructRule::new(any) };
                self.builder.structure(rule)
            }
            schema => self.inside(&[keyword, name], schema, place),
        };
        self.builder.choose(has, then, any)
    }

    fn unevaluated_members(&mut self, schema: &Value, keywords: &Map<String, Value>, place: &Place<'_>) -> Rule {
        let Some(evaluated) = Evaluated::members(keywords, place) else {
            return self.island("\"unevaluatedProperties\" depends on which alternatives hold");
        };
        let any = self.builder.any();
        if evaluated.all {
            return any;
        }
        let rest = self.inside(&["unevaluatedProperties"], schema, place);
        let mut rule = StructRule { groups: Vec::new(), ..StructRule::new(any) };
        rule.fields = evaluated.names.into_iter().map(|name| (name, any)).collect();
        let patterns = evaluated.patterns.iter().map(|source| (self.matching(source, place), any)).collect();
        rule.groups.push(GroupRule { patterns, fields: false, rest });
        self.builder.structure(rule)
    }
}

/// The members of a keyword's value, if that is an object.
pub(crate) fn object<'a>(
    keywords: &'a Map<String, Value>,
    keyword: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    keywords.get(keyword).and_then(Value::as_object).into_iter().flatten()
}

/// The distinct strings of a list.
fn names(list: Option<&Value>) -> Vec<String> {
    let names = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut names: Vec<String> = names.map(String::from).collect();
    names.sort_unstable();
    names.dedup();
    names
}
