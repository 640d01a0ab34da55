//! A value as a JSON Schema of draft 2020-12.
//!
//! The schema is the one that the reference derives. It follows what is written rather than what it evaluates to:
//! names stay references to `$defs`, operands of `&` become one object or an `allOf`, those of `|` an `anyOf` or `enum`.
//! Rules that JSON Schema has no words for, such as guards and bounds of strings, are left out as the reference leaves
//! them out: the schema then allows all that the value allows, and possibly more.

mod object;
mod references;
mod rules;
mod schema;

#[cfg(test)]
mod tests;

use crate::{
    error::{Code, Error, Errors, Rule},
    value::{Validation, Value},
};

use super::tree::Json;
use rules::{Rules, Term};

/// The dialect that schemas name under `$schema`.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Derives the schema of a value, with `$defs` for what it refers to.
///
/// # Errors
/// If the value contradicts itself, and what the reference can't express: comparisons with what is no number or
/// string, arguments that are not known, names of fields that need not be there.
pub fn generate(value: &Value) -> Result<Json, Errors> {
    value.validate(Validation::default())?;
    let mut context = schema::Context::default();
    let schema = context.root(value);
    let definitions = context.definitions();
    let (names, errors) = context.finish();
    let names = match names {
        Ok(names) if errors.is_empty() => names,
        Ok(_) => return Err(sorted(errors)),
        Err(message) => return Err(Error::new(Code::Eval, Rule::Other, message).into()),
    };
    let mut document = Rules::default();
    document.set("$schema", Term::Json(DIALECT.into()));
    if !definitions.is_empty() {
        let named = definitions.into_iter().map(|(index, schema)| (names[index].clone(), schema));
        document.set("$defs", Term::Named(named.collect()));
    }
    // What allows anything has no rules of its own. A schema that allows nothing is no object that could be marked.
    match schema.extend(&mut document) {
        true => Ok(document.to_json(&names)),
        false => Ok(Json::Bool(false)),
    }
}

/// Errors in the order of the reference: those without a place first, by their texts; each once.
fn sorted(mut errors: Vec<Error>) -> Errors {
    let place = |error: &Error| error.primary.as_ref().map(|primary| (primary.pos.file.0, primary.pos.offset));
    errors.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message)));
    errors.dedup();
    Errors::new(errors)
}
