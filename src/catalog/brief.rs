//! One violation in the words of CUE, as far as a compiled check knows them: its rule and the value, in no time.

use cue::{Rule, syntax::literal::quoted};
use serde::de::Deserialize as _;
use vet::{Broken, Demand, Kind, NumberForm, Test};

/// Bytes of a value up to which it is shown.
const SHOWN_MAX: usize = 128;

/// The rule that is broken, and what is wrong; `text` begins with the value.
pub(super) fn told(broken: &Broken, text: &[u8]) -> (Rule, String) {
    match broken {
        Broken::Value(_, Some(demand)) => unmet(demand, &shown(text)),
        Broken::Value(Kind::Bool, None) => (Rule::Conflict, format!("value {} is not allowed", shown(text))),
        Broken::Value(_, None) => (Rule::Disjunction, format!("invalid value {} (fits no alternative)", shown(text))),
        other => (rule(other), other.to_string()),
    }
}

fn rule(broken: &Broken) -> Rule {
    match broken {
        Broken::Kind(_) => Rule::Type,
        Broken::Required => Rule::Required,
        Broken::Unknown | Broken::Name => Rule::UnknownField,
        Broken::Length(_) => Rule::Length,
        Broken::Alternatives => Rule::Disjunction,
        _ => Rule::Validator,
    }
}

/// What a value does not satisfy.
fn unmet(Demand { test, negated }: &Demand, value: &str) -> (Rule, String) {
    let bound = |operator: &str, inclusive: bool, bound: &vet::Decimal| {
        let equal = if inclusive { "=" } else { "" };
        (Rule::Bound, format!("invalid value {value} (out of bound {operator}{equal}{bound})"))
    };
    let validator = |name: String| (Rule::Validator, format!("invalid value {value} (does not satisfy {name})"));
    match (test, negated) {
        (Test::Form(NumberForm::Integer), _) => {
            (Rule::Type, format!("conflicting values {value} and int (mismatched types float and int)"))
        }
        (Test::Form(_), _) => {
            (Rule::Type, format!("conflicting values {value} and float (mismatched types int and float)"))
        }
        (Test::Min { bound: min, inclusive }, _) => bound(">", *inclusive, min),
        (Test::Max { bound: max, inclusive }, _) => bound("<", *inclusive, max),
        (Test::Number(number), false) => (Rule::Conflict, format!("conflicting values {number} and {value}")),
        (Test::Number(number), true) => bound("!", true, number),
        (Test::Text(text), false) => (Rule::Conflict, format!("conflicting values {} and {value}", quoted(text))),
        (Test::Text(text), true) => (Rule::Bound, format!("invalid value {value} (out of bound !={})", quoted(text))),
        (Test::Pattern(source), negated) => {
            let operator = if *negated { "!~" } else { "=~" };
            (Rule::Pattern, format!("invalid value {value} (out of bound {operator}{})", quoted(source)))
        }
        (Test::RunesMin(count), _) => validator(format!("strings.MinRunes({count})")),
        (Test::RunesMax(count), _) => validator(format!("strings.MaxRunes({count})")),
        (Test::MultipleOf(divisor), _) => validator(format!("math.MultipleOf({divisor})")),
        (Test::Condition(name), negated) => match (&name.as_bytes()[..name.len().min(2)], negated) {
            (b"=~", false) => (Rule::Pattern, format!("invalid value {value} (out of bound {name})")),
            (b"=~", true) => (Rule::Pattern, format!("invalid value {value} (out of bound !~{})", &name[2..])),
            ([b'<' | b'>' | b'!', ..], _) => (Rule::Bound, format!("invalid value {value} (out of bound {name})")),
            _ => validator(name.to_string()),
        },
        _ => (Rule::Validator, format!("invalid value {value}")),
    }
}

/// The value that the text of a document begins with, as CUE writes it; `…` for a long one.
fn shown(text: &[u8]) -> String {
    let head = &text[..text.len().min(SHOWN_MAX)];
    match head.first() {
        Some(b'"') => {
            let read = String::deserialize(&mut serde_json::Deserializer::from_slice(head));
            read.map_or_else(|_| "…".to_owned(), |text| quoted(&text))
        }
        _ => {
            let is_of_value = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            let length = head.iter().take_while(is_of_value).count();
            if length == SHOWN_MAX { "…".to_owned() } else { String::from_utf8_lossy(&head[..length]).into_owned() }
        }
    }
}
