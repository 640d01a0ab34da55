//! Names of fields.

/// Whether a field name prints without quotes in a path: an identifier that is neither hidden nor a definition.
#[must_use]
pub fn is_plain_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let Some(first) = chars.next() else { return false };
    let letter = |c: char| c == '$' || c.is_alphabetic();
    letter(first) && chars.all(|c| letter(c) || c == '_' || c.is_numeric())
}
