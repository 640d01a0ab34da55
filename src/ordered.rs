//! A JSON document that keeps the order of its keys, and its texts: JSON as CUE prints it, and YAML.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `null`, a boolean or a number, as it prints.
    Plain(String),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Node>),
    /// An object.
    Object(Vec<(String, Node)>),
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&serde_json::Value> for Node {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Plain(value.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

impl Node {
    /// With every reference to a component renamed.
    pub(crate) fn with_references(self, rename: &impl Fn(&str) -> String) -> Self {
        const COMPONENTS: &str = "#/components/schemas/";
        match self {
            Self::Array(elements) => Self::Array(elements.into_iter().map(|one| one.with_references(rename)).collect()),
            Self::Object(fields) => {
                let field = |(key, value): (String, Self)| {
                    let value = match value {
                        Self::Text(text) if key == "$ref" => match text.strip_prefix(COMPONENTS) {
                            Some(name) => Self::Text(format!("{COMPONENTS}{}", rename(name))),
                            None => Self::Text(text),
                        },
                        other => other.with_references(rename),
                    };
                    (key, value)
                };
                Self::Object(fields.into_iter().map(field).collect())
            }
            other => other,
        }
    }

    /// As JSON in one line, as CUE would write it.
    pub(crate) fn to_line(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => quoted(text),
            Self::Array(elements) => format!("[{}]", elements.iter().map(Self::to_line).collect::<Vec<_>>().join(", ")),
            Self::Object(fields) => {
                let each = |(key, value): &(String, Self)| format!("{}: {}", quoted(key), value.to_line());
                format!("{{{}}}", fields.iter().map(each).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// As JSON, indented by four spaces, with a line end.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, 0);
        out.push('\n');
        out
    }

    fn write_json(&self, out: &mut String, depth: usize) {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Array(elements) if elements.is_empty() => out.push_str("[]"),
            Self::Object(fields) if fields.is_empty() => out.push_str("{}"),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    new_line(out, index, depth + 1);
                    element.write_json(out, depth + 1);
                }
                new_line(out, 0, depth);
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    new_line(out, index, depth + 1);
                    out.push_str(&quoted(key));
                    out.push_str(": ");
                    value.write_json(out, depth + 1);
                }
                new_line(out, 0, depth);
                out.push('}');
            }
        }
    }

    /// As YAML.
    pub(crate) fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write_yaml(&mut out, 0);
        out
    }

    /// Writes a block whose first line is already indented.
    fn write_yaml(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Array(elements) if !elements.is_empty() => {
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { &indent });
                    out.push_str("- ");
                    element.write_yaml(out, depth + 1);
                }
            }
            Self::Object(fields) if !fields.is_empty() => {
                for (index, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { &indent });
                    out.push_str(&yaml_scalar(key));
                    out.push(':');
                    match value.is_block() {
                        true => out.push_str(&format!("\n{indent}  ")),
                        false => out.push(' '),
                    }
                    value.write_yaml(out, depth + 1);
                }
            }
            Self::Array(_) => out.push_str("[]\n"),
            Self::Object(_) => out.push_str("{}\n"),
            Self::Plain(text) => out.push_str(&format!("{text}\n")),
            Self::Text(text) => out.push_str(&format!("{}\n", yaml_scalar(text))),
        }
    }

    fn is_block(&self) -> bool {
        match self {
            Self::Array(elements) => !elements.is_empty(),
            Self::Object(fields) => !fields.is_empty(),
            _ => false,
        }
    }
}

fn new_line(out: &mut String, index: usize, depth: usize) {
    out.push_str(if index == 0 { "\n" } else { ",\n" });
    out.push_str(&"    ".repeat(depth));
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A string as it may stand in a block: plain where no reader of YAML 1.1 or 1.2 can take it for anything else.
fn yaml_scalar(text: &str) -> String {
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$' || c == '/');
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_-./$+,()".contains(c);
    let spaced = text.split(' ').all(|part| !part.is_empty() && part.chars().all(harmless));
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_lowercase());
    match (word && spaced && !reserved, text.chars().any(char::is_control)) {
        (true, _) => text.to_owned(),
        (false, false) => format!("'{}'", text.replace('\'', "''")),
        // JSON's escapes are those of YAML's double quotes.
        (false, true) => quoted(text),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Plain("null".to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Plain(serde_json::Value::from(value).to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Node::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_order_of_keys() {
        let text = "{\n    \"b\": [\n        1,\n        {}\n    ],\n    \"a\": {\n        \"c\": \"x\\\"y\",\n        \"d\": []\n    }\n}\n";
        let node: Node = serde_json::from_str(text).unwrap();
        assert_eq!(node.to_json(), text);
    }

    #[test]
    fn yaml_quotes_what_could_be_taken_for_something_else() {
        let json = r#"{"title": "Generated by cue.", "on": ["a", ["b"], {"k": "yes", "l": 1}], "n": "1.0", "p": "^[A-Z]", "m": "a\nb", "e": {}}"#;
        let node: Node = serde_json::from_str(json).unwrap();
        let expected = "title: Generated by cue.\n'on':\n  - a\n  - - b\n  - k: 'yes'\n    l: 1\n'n': '1.0'\np: '^[A-Z]'\nm: \"a\\nb\"\ne: {}\n";
        assert_eq!(node.to_yaml(), expected);
    }

    #[test]
    fn references_are_renamed_everywhere() {
        let json = r##"{"a": {"$ref": "#/components/schemas/X"}, "b": [{"$ref": "#/components/schemas/Y"}], "c": {"$ref": "other"}}"##;
        let node: Node = serde_json::from_str(json).unwrap();
        let renamed = node.with_references(&|name| format!("p.{name}"));
        let expected = json.replace("schemas/", "schemas/p.");
        assert_eq!(renamed, serde_json::from_str(&expected).unwrap());
    }
}
