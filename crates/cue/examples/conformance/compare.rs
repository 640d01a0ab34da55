//! A value beside the expression that it should be.
//!
//! The expression is parsed but never evaluated, so that an error of the evaluator cannot hide on both sides. Fields,
//! definitions, hidden and optional fields must all be named; alternatives and conjuncts match in any order. What a
//! `let` binds can't be seen from outside and is not compared.

use cue::number::Number;
use cue::syntax::ast::{BinaryOp, Constraint, Decl, Expr, Field, Label, LitKind, StructLit, UnaryOp};
use cue::syntax::literal::{Text, decode_text};
use cue::{BoundOp, PathPart, Shape, Value};

use crate::archive::{all_fields, field_text, part_of};
use crate::attribute::{self, Test};
use crate::errors;

type Verdict = Result<(), String>;

/// Whether the value is what the expression says; if not, where and why.
pub(crate) fn compare(expr: &Expr, value: &Value) -> Verdict {
    match expr {
        Expr::Commented(inner, _) | Expr::Paren { inner, .. } => compare(inner, value),
        Expr::Struct(lit) => compare_struct(lit, value),
        Expr::List(_) => no_special_fields(value).and_then(|()| compare_list(expr, value)),
        Expr::Bottom(_) => match errors::errors_of(value) {
            Some(_) => Ok(()),
            None => Err(format!("no error but {}", value.to_cue())),
        },
        Expr::Binary { op: BinaryOp::Or, .. } => compare_disjunction(expr, value),
        Expr::Binary { op: BinaryOp::And, .. } => compare_conjunction(expr, value),
        _ => no_special_fields(value).and_then(|()| compare_shape(expr, &value.shape())),
    }
}

/// A definition or hidden field must be expected: only the struct form can name it.
fn no_special_fields(value: &Value) -> Verdict {
    let special = |field: &cue::Field| matches!(field.label, PathPart::Special(_));
    match all_fields(value).iter().find(|field| special(field)) {
        Some(field) => Err(format!("the field {} is not expected", field.label)),
        None => Ok(()),
    }
}

/// What has no fields: scalars, types, bounds and validators.
fn compare_shape(expr: &Expr, shape: &Shape) -> Verdict {
    let same = match (expr, shape) {
        (Expr::Commented(inner, _) | Expr::Paren { inner, .. }, _) => return compare_shape(inner, shape),
        (Expr::Lit(lit), Shape::Number(found)) => {
            number_of(expr).is_some_and(|number| same_number(&number, found)) && lit.kind != LitKind::String
        }
        (Expr::Unary { op: UnaryOp::Minus | UnaryOp::Plus, .. }, Shape::Number(found)) => {
            number_of(expr).is_some_and(|number| same_number(&number, found))
        }
        (Expr::Lit(lit), _) if lit.kind == LitKind::String => match (decode_text(&lit.raw), shape) {
            (Ok(Text::String(text)), Shape::String(found)) => text == **found,
            (Ok(Text::Bytes(bytes)), Shape::Bytes(found)) => bytes == **found,
            _ => false,
        },
        (Expr::Lit(lit), Shape::Null) => lit.kind == LitKind::Null,
        (Expr::Lit(lit), Shape::Bool(found)) => lit.kind == if *found { LitKind::True } else { LitKind::False },
        (Expr::Ident(ident), Shape::Top) => ident.name == "_",
        (Expr::Ident(ident), Shape::Type(kind)) => ident.name == kind.to_string(),
        (Expr::Ident(ident), Shape::Conjunction(_)) => is_range(&ident.name, shape),
        (Expr::Unary { op, operand, .. }, Shape::Bound(found, limit)) if bound_op(*op) == Some(*found) => {
            return compare(operand, limit);
        }
        (Expr::Call { .. } | Expr::Selector { .. } | Expr::Ident(_), Shape::Validator(name, args)) => {
            return compare_validator(expr, name, args);
        }
        (Expr::Call { .. } | Expr::Selector { .. }, Shape::Conjunction(parts)) => {
            return match_parts(&[expr], parts);
        }
        (Expr::Struct(lit), Shape::Struct(_)) => lit.decls.is_empty(),
        _ => false,
    };
    if same { Ok(()) } else { Err(format!("found {shape:?}")) }
}

fn number_of(expr: &Expr) -> Option<Number> {
    match expr {
        Expr::Lit(lit) if matches!(lit.kind, LitKind::Int | LitKind::Float) => Number::from_literal(&lit.raw).ok(),
        Expr::Unary { op: UnaryOp::Plus, operand, .. } => number_of(operand),
        Expr::Unary { op: UnaryOp::Minus, operand, .. } => number_of(operand).map(|number| -number),
        _ => None,
    }
}

/// Equal in value; the reference does not tell `1` from `1.0` here.
fn same_number(expected: &Number, found: &Number) -> bool {
    expected.value == found.value
}

fn bound_op(op: UnaryOp) -> Option<BoundOp> {
    Some(match op {
        UnaryOp::Less => BoundOp::Less,
        UnaryOp::LessEqual => BoundOp::LessEqual,
        UnaryOp::Greater => BoundOp::Greater,
        UnaryOp::GreaterEqual => BoundOp::GreaterEqual,
        UnaryOp::NotEqual => BoundOp::NotEqual,
        UnaryOp::Equal => BoundOp::Equal,
        UnaryOp::Match => BoundOp::Match,
        UnaryOp::NotMatch => BoundOp::NotMatch,
        UnaryOp::Plus | UnaryOp::Minus | UnaryOp::Not | UnaryOp::Default => return None,
    })
}

/// `uint8` and the like stand for bounds and a type.
fn is_range(name: &str, shape: &Shape) -> bool {
    let Shape::Conjunction(parts) = shape else { return false };
    let source = match name {
        "uint" => ">=0 & int",
        "uint8" => ">=0 & <=255 & int",
        "int8" => ">=-128 & <=127 & int",
        "uint16" => ">=0 & <=65535 & int",
        "int16" => ">=-32768 & <=32767 & int",
        "rune" => ">=0 & <=1114111 & int",
        "uint32" => ">=0 & <=4294967295 & int",
        "int32" => ">=-2147483648 & <=2147483647 & int",
        "uint64" => ">=0 & <=18446744073709551615 & int",
        "int64" => ">=-9223372036854775808 & <=9223372036854775807 & int",
        _ => return false,
    };
    let expected = crate::directive::parse(source).expect("the text is a constant");
    let mut wanted = Vec::new();
    flatten(&expected, BinaryOp::And, &mut wanted);
    match_parts(&wanted, parts).is_ok()
}

/// A validator by its name and arguments; the package is named as it is imported.
fn compare_validator(expr: &Expr, name: &str, args: &[Value]) -> Verdict {
    let (function, expected): (&Expr, &[Expr]) = match expr {
        Expr::Call { function, args, .. } => (function, args),
        other => (other, &[]),
    };
    let written = match function {
        Expr::Ident(ident) => ident.name.clone(),
        Expr::Selector { base, selector } => match (&**base, &**selector) {
            (Expr::Ident(package), cue::syntax::ast::Selector::Ident(name)) => {
                format!("{}.{}", package.name, name.name)
            }
            _ => String::new(),
        },
        _ => String::new(),
    };
    let name = name.rsplit('/').next().unwrap_or(name);
    if written != name || expected.len() != args.len() {
        return Err(format!("found {name} with {} arguments", args.len()));
    }
    expected.iter().zip(args).try_for_each(|(expected, arg)| compare(expected, arg))
}

fn compare_list(expr: &Expr, value: &Value) -> Verdict {
    let Expr::List(list) = expr else { return Err("not a list".to_owned()) };
    if !matches!(value.shape(), Shape::List(_)) {
        return Err(format!("no list but {}", value.to_cue()));
    }
    let expected: Vec<&Expr> = list.elements.iter().filter(|element| !matches!(element, Expr::Ellipsis(_))).collect();
    let found = value.elements();
    if expected.len() != found.len() {
        return Err(format!("{} elements instead of {}", found.len(), expected.len()));
    }
    let pairs = expected.into_iter().zip(&found).enumerate();
    for (index, (expected, found)) in pairs {
        compare(expected, found).map_err(|reason| format!("{index}: {reason}"))?;
    }
    Ok(())
}

/// An alternative that is expected, and whether it is marked.
type Alternative<'a> = (&'a Expr, bool);

fn alternatives<'a>(expr: &'a Expr, marked: bool, out: &mut Vec<Alternative<'a>>) {
    match expr {
        Expr::Binary { op: BinaryOp::Or, left, right, .. } => {
            alternatives(left, marked, out);
            alternatives(right, marked, out);
        }
        Expr::Unary { op: UnaryOp::Default, operand, .. } => alternatives(operand, true, out),
        Expr::Paren { inner, .. } | Expr::Commented(inner, _) => alternatives(inner, marked, out),
        other => out.push((other, marked)),
    }
}

fn compare_disjunction(expr: &Expr, value: &Value) -> Verdict {
    let Shape::Disjunction(mut found) = value.shape() else {
        return Err(format!("no disjunction but {}", value.to_cue()));
    };
    let mut expected = Vec::new();
    alternatives(expr, false, &mut expected);
    if expected.len() != found.len() {
        return Err(format!("{} alternatives instead of {}: {}", found.len(), expected.len(), value.to_cue()));
    }
    for (wanted, marked) in expected {
        let fits = |(value, mark): &(Value, bool)| *mark == marked && compare(wanted, value).is_ok();
        let Some(at) = found.iter().position(fits) else {
            return Err(format!("no such alternative in {}", value.to_cue()));
        };
        found.swap_remove(at);
    }
    Ok(())
}

fn flatten<'a>(expr: &'a Expr, op: BinaryOp, out: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Binary { op: found, left, right, .. } if *found == op => {
            flatten(left, op, out);
            flatten(right, op, out);
        }
        Expr::Paren { inner, .. } | Expr::Commented(inner, _) => flatten(inner, op, out),
        other => out.push(other),
    }
}

fn compare_conjunction(expr: &Expr, value: &Value) -> Verdict {
    let mut expected = Vec::new();
    flatten(expr, BinaryOp::And, &mut expected);
    let shape = value.shape();
    if let Shape::Struct(parts) | Shape::List(parts) = &shape {
        let is_literal = |expr: &&Expr| matches!(expr, Expr::Struct(_) | Expr::List(_));
        let (literals, rest): (Vec<&Expr>, Vec<&Expr>) = expected.into_iter().partition(is_literal);
        for literal in literals {
            match literal {
                Expr::Struct(lit) => compare_struct(lit, value)?,
                other => compare_list(other, value)?,
            }
        }
        return match_parts(&rest, parts);
    }
    let Shape::Conjunction(parts) = shape else { return Err(format!("no conjunction but {}", value.to_cue())) };
    match_parts(&expected, &parts)
}

/// Each conjunct is there in any order. The type that validators imply need not be named.
fn match_parts(expected: &[&Expr], parts: &[Shape]) -> Verdict {
    let implied = match parts {
        [Shape::Type(_), rest @ ..] if expected.len() + 1 == parts.len() => Some(rest),
        _ => None,
    };
    if let Some(rest) = implied
        && rest.iter().any(|part| matches!(part, Shape::Validator(..)))
    {
        return match_parts(expected, rest);
    }
    if expected.len() != parts.len() {
        return Err(format!("{} conjuncts instead of {}: {parts:?}", parts.len(), expected.len()));
    }
    let mut left: Vec<&Shape> = parts.iter().collect();
    for wanted in expected {
        let Some(at) = left.iter().position(|part| compare_shape(wanted, part).is_ok()) else {
            return Err(format!("no such conjunct in {parts:?}"));
        };
        left.swap_remove(at);
    }
    Ok(())
}

/// A field that is expected, and how.
struct Wanted<'a> {
    part: PathPart,
    field: &'a Field,
    tests: Vec<Test>,
}

pub(crate) fn compare_struct(lit: &StructLit, value: &Value) -> Verdict {
    let mut embedded = false;
    let mut tests = Vec::new();
    let mut bottom = false;
    for decl in &lit.decls {
        match decl {
            Decl::Attribute(found) => tests.extend(attribute::parse(found)),
            Decl::Embed(embed) => {
                embedded = true;
                bottom |= matches!(embed.expr, Expr::Bottom(_));
                compare_embedded(&embed.expr, value)?;
            }
            _ => {}
        }
    }
    for test in &tests {
        if let Test::Err(spec) = test {
            errors::check(value, spec)?;
        }
    }
    if bottom {
        // The struct is an error as a whole: its fields are of no account.
        return Ok(());
    }
    if !embedded {
        is_plain_struct(value)?;
    }
    let all_final = tests.iter().any(|test| matches!(test, Test::Final));
    compare_fields(lit, value, all_final)?;
    if tests.iter().any(|test| matches!(test, Test::CheckOrder)) {
        compare_order(lit, value)?;
    }
    compare_patterns(lit, value)
}

fn is_plain_struct(value: &Value) -> Verdict {
    match value.shape() {
        Shape::Struct(_) => Ok(()),
        Shape::Bottom(errors) if all_fields(value).is_empty() => Err(format!("an error: {errors}")),
        // An error with fields is compared by them.
        Shape::Bottom(_) => Ok(()),
        Shape::Unresolved(_) if !all_fields(value).is_empty() => Ok(()),
        _ => Err(format!("no struct but {}", value.to_cue())),
    }
}

/// A scalar or list inside braces, beside definitions.
pub(crate) fn compare_embedded(expr: &Expr, value: &Value) -> Verdict {
    match expr {
        Expr::List(_) => compare_list(expr, value),
        Expr::Struct(_) | Expr::Bottom(_) | Expr::Binary { .. } => compare(expr, value),
        _ => compare_shape(expr, &value.shape()),
    }
}

fn wanted_fields(lit: &StructLit) -> Vec<Wanted<'_>> {
    let fields = lit.decls.iter().filter_map(|decl| match decl {
        Decl::Field(field) => Some(field),
        _ => None,
    });
    let wanted = |field| Some(Wanted { part: label_part(field)?, field, tests: tests_of(field) });
    fields.filter_map(wanted).collect()
}

fn tests_of(field: &Field) -> Vec<Test> {
    field.attributes.iter().filter_map(attribute::parse).collect()
}

/// The name of a field; `_x$pkg` is the hidden field `_x` of a package.
fn label_part(field: &Field) -> Option<PathPart> {
    match &field.label {
        Label::Ident(ident) => {
            let hidden = ident.name.starts_with('_');
            let name = if hidden { ident.name.split('$').next().unwrap_or_default() } else { &ident.name };
            Some(part_of(name))
        }
        Label::String(lit) => Some(part_of(&lit.raw)),
        _ => None,
    }
}

fn compare_fields(lit: &StructLit, value: &Value, all_final: bool) -> Verdict {
    let wanted = wanted_fields(lit);
    let found = all_fields(value);
    let mut shared = Vec::new();
    for Wanted { part, field, tests } in &wanted {
        let name = field_text(part, field.constraint);
        let child = found.iter().find(|child| child.label == *part && child.constraint == field.constraint);
        let is_error = tests.iter().find_map(|test| match test {
            Test::Err(spec) => Some(spec),
            _ => None,
        });
        let repeated = tests.iter().any(|test| match test {
            Test::ShareId(id) if shared.contains(id) => true,
            Test::ShareId(id) => {
                shared.push(id.clone());
                false
            }
            test => matches!(test, Test::Ignore),
        });
        let Some(child) = child else {
            if repeated {
                continue;
            }
            return Err(format!("{name} is missing"));
        };
        if let Some(spec) = is_error {
            errors::check(&child.value, spec).map_err(|reason| format!("{name}: {reason}"))?;
            continue;
        }
        if repeated {
            continue;
        }
        let is_final = all_final || tests.iter().any(|test| matches!(test, Test::Final));
        let actual = if is_final { child.value.default_value() } else { child.value.clone() };
        compare(&field.value, &actual).map_err(|reason| format!("{name}: {reason}"))?;
        compare_attributes(field, &child.value).map_err(|reason| format!("{name}: {reason}"))?;
    }
    for child in &found {
        let known = |wanted: &Wanted<'_>| wanted.part == child.label && wanted.field.constraint == child.constraint;
        // An optional field that a closed struct does not allow is an error that nobody needs to name.
        let refused = |child: &cue::Field| match &child.label {
            PathPart::Field(name) => !value.allows(name),
            _ => false,
        };
        let excluded = child.constraint == Constraint::Optional
            && value.is_closed()
            && (errors::errors_of(&child.value).is_some() || refused(child));
        if !excluded && !wanted.iter().any(known) {
            return Err(format!("{} is not expected", field_text(&child.label, child.constraint)));
        }
    }
    Ok(())
}

/// Attributes but for those of the tests.
fn compare_attributes(field: &Field, value: &Value) -> Verdict {
    let ours = |text: &str| !text.starts_with("@test(");
    let mut expected: Vec<&str> =
        field.attributes.iter().map(|found| found.text.as_str()).filter(|text| ours(text)).collect();
    let attributes = value.attributes();
    let mut found: Vec<&str> = attributes.iter().map(|text| &**text).filter(|text| ours(text)).collect();
    expected.sort_unstable();
    found.sort_unstable();
    if expected == found { Ok(()) } else { Err(format!("the attributes are {found:?}")) }
}

fn compare_order(lit: &StructLit, value: &Value) -> Verdict {
    let expected: Vec<PathPart> = wanted_fields(lit).into_iter().map(|wanted| wanted.part).collect();
    let found: Vec<PathPart> = all_fields(value).into_iter().map(|field| field.label).collect();
    if expected == found { Ok(()) } else { Err(format!("the order is {found:?}")) }
}

fn compare_patterns(lit: &StructLit, value: &Value) -> Verdict {
    let patterns = lit.decls.iter().filter_map(|decl| match decl {
        Decl::Field(Field { label: Label::Pattern(pattern), value, .. }) => Some((&*pattern.expr, value)),
        _ => None,
    });
    let expected: Vec<(&Expr, &Expr)> = patterns.collect();
    if expected.is_empty() {
        return Ok(());
    }
    let found = value.patterns();
    if found.len() != expected.len() {
        return Err(format!("{} patterns instead of {}", found.len(), expected.len()));
    }
    for (pattern, constraint) in expected {
        let Some((_, actual)) = found.iter().find(|(found, _)| compare(pattern, found).is_ok()) else {
            return Err("a pattern is missing".to_owned());
        };
        compare(constraint, actual).map_err(|reason| format!("pattern: {reason}"))?;
    }
    Ok(())
}

/// Two scalars of JSON texts.
pub(crate) fn same_scalar(expected: &Expr, found: &Expr) -> bool {
    match (number_of(expected), number_of(found)) {
        (Some(expected), Some(found)) => same_number(&expected, &found),
        (None, None) => match (expected, found) {
            (Expr::Lit(expected), Expr::Lit(found)) => {
                expected.kind == found.kind && decode_text(&expected.raw) == decode_text(&found.raw)
            }
            _ => false,
        },
        _ => false,
    }
}

/// The text of a quoted string.
pub(crate) fn decoded(raw: &str) -> Option<String> {
    match decode_text(raw) {
        Ok(Text::String(text)) => Some(text),
        _ => None,
    }
}
