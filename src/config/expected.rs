//! What a setting takes, in a person's words: from the definition of all settings, and for texts by example.

use cue::{BoundOp, Kind, PathPart, Shape, Value};

use super::file;
use crate::channel::ChannelAddress;

/// What is wrong with a value that a setting does not take; `value` is written as JSON.
pub(super) fn refused(path: &[String], value: &serde_json::Value) -> String {
    let setting = path.join(".");
    let channel = (setting == "channel").then(|| value.as_str().map(str::parse::<ChannelAddress>)).flatten();
    match (channel, expected(path)) {
        (Some(Err(error)), _) => error.to_string(),
        (_, Some(expected)) => format!("{setting}: invalid value {value}: expected {expected}"),
        (_, None) => format!("{setting}: invalid value {value}"),
    }
}

fn expected(path: &[String]) -> Option<String> {
    let example = match path.join(".").as_str() {
        "listen" => "ADDRESS:PORT, such as \"127.0.0.1:8181\" or \"[::]:8181\"",
        "channel" => "\"sqlite:PATH\", \"kafka:BROKER[,BROKER]\" or \"none\"",
        "http.public_url" => "an address such as \"https://events.acme.example\"",
        "kafka.properties" => "properties by their names, such as {\"security.protocol\": \"SSL\"}",
        _ => return of_value(&path.iter().try_fold(file::reference().ok()?, |value, name| field(&value, name))?),
    };
    Some(example.to_owned())
}

fn field(value: &Value, name: &str) -> Option<Value> {
    value.get(&PathPart::Field(name.into()))
}

fn of_value(value: &Value) -> Option<String> {
    let Shape::Disjunction(alternatives) = value.shape() else { return of_shape(&value.shape()) };
    let shapes: Vec<(Shape, bool)> =
        alternatives.iter().map(|(value, is_default)| (value.shape(), *is_default)).collect();
    let is_one = |shape: &Shape| matches!(shape, Shape::String(_) | Shape::Bool(_) | Shape::Number(_) | Shape::Null);
    // A default that is one of many values says nothing more.
    let says_more = |(shape, is_default): &&(Shape, bool)| {
        !is_default || matches!(shape, Shape::Null) || shapes.iter().all(|(shape, _)| is_one(shape))
    };
    let (nulls, mut others): (Vec<_>, Vec<_>) =
        shapes.iter().filter(says_more).partition(|(shape, _)| matches!(shape, Shape::Null));
    others.extend(nulls);
    let texts = others.iter().map(|(shape, _)| of_shape(shape)).collect::<Option<Vec<_>>>()?;
    let (last, rest) = texts.split_last()?;
    Some(if rest.is_empty() { last.clone() } else { format!("{} or {last}", rest.join(", ")) })
}

fn of_shape(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Null => Some("null".to_owned()),
        Shape::String(text) => Some(format!("{text:?}")),
        Shape::Type(kind) if *kind == Kind::BOOL => Some("true or false".to_owned()),
        Shape::Bound(BoundOp::NotEqual, _) => Some("a text that is not empty".to_owned()),
        Shape::Bound(BoundOp::Match, _) => Some("a duration such as \"250ms\", \"30s\" or \"1m30s\"".to_owned()),
        Shape::Conjunction(parts) => of_conjunction(parts),
        _ => None,
    }
}

/// A number within bounds, or a text for which more than one rule holds.
fn of_conjunction(parts: &[Shape]) -> Option<String> {
    let is_number = parts.iter().any(|part| matches!(part, Shape::Type(kind) if *kind == Kind::INT));
    if !is_number {
        return parts.iter().find(|part| matches!(part, Shape::Bound(BoundOp::Match, _))).and_then(of_shape);
    }
    let bound = |wanted: [BoundOp; 2]| {
        parts.iter().find_map(|part| match part {
            Shape::Bound(op, value) if wanted.contains(op) => match value.shape() {
                Shape::Number(number) => Some((*op, number.to_string().parse::<i64>().ok()?)),
                _ => None,
            },
            _ => None,
        })
    };
    let least =
        bound([BoundOp::Greater, BoundOp::GreaterEqual]).map(|(op, number)| number + i64::from(op == BoundOp::Greater));
    let most = bound([BoundOp::Less, BoundOp::LessEqual]).map(|(op, number)| number - i64::from(op == BoundOp::Less));
    Some(match (least, most) {
        (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
        (Some(least), None) => format!("a whole number from {least}"),
        (None, Some(most)) => format!("a whole number up to {most}"),
        (None, None) => "a whole number".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_says_what_it_takes() {
        let mut said = String::new();
        for (path, _) in super::super::environment::leaves(&super::super::layers::defaults(), &mut Vec::new()) {
            let expected = expected(&path).unwrap_or_else(|| panic!("{path:?}"));
            said += &format!("{}: {expected}\n", path.join("."));
        }
        insta::assert_snapshot!(said);
    }
}
