//! `@tag(name)`: values for fields that are given from outside.
//!
//! A value is unified with what the field has, as if it stood there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{LoadOptions, condition};
use crate::{
    error::{Code, Error, Errors, Position, Rule},
    limits::Limits,
    number::Number,
    syntax::{
        self,
        ast::{self, BinaryOp, Clause, Comprehension, Decl, Expr, Field, Label},
        experiment::Version,
        literal::{self, quoted},
        pos::{FileId, Pos, SourceFile},
    },
};

/// What a tag's value is read as.
#[derive(Clone, Copy, PartialEq)]
enum TagType {
    String,
    Int,
    Number,
    Bool,
}

/// A tag of a field.
struct Tag {
    name: String,
    kind: TagType,
    shorthands: Vec<String>,
    variable: Option<String>,
    /// The attribute, which tells the field.
    pos: Pos,
}

/// The tags of some files.
#[derive(Default)]
pub(super) struct Injection {
    tags: Vec<Tag>,
    errors: Vec<Error>,
}

/// The values for fields, by the position of their attribute.
pub(super) struct Values(BTreeMap<Pos, Vec<Expr>>);

impl Injection {
    /// Finds the tags of a file.
    pub(super) fn find(&mut self, file: &ast::File, source: &Arc<SourceFile>) {
        self.decls(&file.decls, source, None);
    }

    /// `misplaced` tells why no tag may stand here.
    fn decls(&mut self, decls: &[Decl], source: &Arc<SourceFile>, misplaced: Option<&str>) {
        for decl in decls {
            match decl {
                Decl::Field(field) => self.field(field, source, misplaced),
                Decl::Embed(embed) => self.expr(&embed.expr, source, misplaced),
                Decl::Comprehension(comprehension) => self.comprehension(comprehension, source),
                _ => {}
            }
        }
    }

    fn field(&mut self, field: &Field, source: &Arc<SourceFile>, misplaced: Option<&str>) {
        let is_fixed = matches!(field.label, Label::Ident(_) | Label::String(_));
        let is_constraint = !is_fixed || field.constraint != ast::Constraint::None;
        let misplaced = misplaced.or(is_constraint.then_some("@tag not allowed within field constraint"));
        for attribute in &field.attributes {
            let (name, body) = condition::split(&attribute.text);
            if name != "tag" {
                continue;
            }
            let tag = match misplaced {
                Some(reason) => Err(reason.to_owned()),
                None => Tag::parse(body, attribute.pos),
            };
            match tag {
                Ok(tag) => self.tags.push(tag),
                Err(message) => self.errors.push(Error {
                    primary: Some(Position { file: source.clone(), pos: attribute.pos }),
                    ..Error::new(Code::Eval, Rule::Syntax, message)
                }),
            }
        }
        self.expr(&field.value, source, misplaced);
    }

    fn comprehension(&mut self, comprehension: &Comprehension, source: &Arc<SourceFile>) {
        let misplaced = Some("@tag not allowed within comprehension");
        for clause in &comprehension.clauses {
            if let Clause::For { source: expr, .. } | Clause::If { condition: expr, .. } = clause {
                self.expr(expr, source, misplaced);
            }
        }
        self.expr(&comprehension.value, source, misplaced);
    }

    fn expr(&mut self, expr: &Expr, source: &Arc<SourceFile>, misplaced: Option<&str>) {
        match expr {
            Expr::Struct(lit) => {
                stacker::maybe_grow(128 << 10, 1 << 20, || self.decls(&lit.decls, source, misplaced));
            }
            Expr::List(lit) => {
                let misplaced = misplaced.or(Some("@tag not allowed within lists"));
                lit.elements.iter().for_each(|element| self.expr(element, source, misplaced));
            }
            Expr::Commented(inner, _) | Expr::Paren { inner, .. } | Expr::Alias { expr: inner, .. } => {
                self.expr(inner, source, misplaced);
            }
            Expr::Binary { left, right, .. } => stacker::maybe_grow(128 << 10, 1 << 20, || {
                self.expr(left, source, misplaced);
                self.expr(right, source, misplaced);
            }),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, source),
            _ => {}
        }
    }

    /// What is given to which field.
    pub(super) fn values(self, options: &LoadOptions, used: &BTreeSet<String>) -> Result<Values, Errors> {
        let mut errors = self.errors;
        let mut values: BTreeMap<Pos, Vec<Expr>> = BTreeMap::new();
        let given = give(&self.tags, &options.tags, used, &mut values);
        let filled = given.and_then(|()| match &options.variables {
            Some(variables) => give_variables(&self.tags, variables, &mut values),
            None => Ok(()),
        });
        errors.extend(filled.err().map(|message| Error::new(Code::Eval, Rule::Other, message)));
        if errors.is_empty() { Ok(Values(values)) } else { Err(Errors::new(errors)) }
    }
}

fn give(
    tags: &[Tag],
    given: &[String],
    used: &BTreeSet<String>,
    values: &mut BTreeMap<Pos, Vec<Expr>>,
) -> Result<(), String> {
    for given in given {
        let (name, value) = given.split_once('=').map_or((given.as_str(), None), |(name, value)| (name, Some(value)));
        let mut found = used.contains(given);
        for tag in tags {
            let value = match value {
                Some(value) if tag.name == name => value,
                None if tag.shorthands.iter().any(|shorthand| shorthand == name) => name,
                _ => continue,
            };
            found = true;
            values.entry(tag.pos).or_default().push(tag.read(value)?);
        }
        match value {
            _ if found => {}
            Some(_) => return Err(format!("no tag for {name:?}")),
            None => return Err(format!("tag {name:?} not used in any file")),
        }
    }
    Ok(())
}

fn give_variables(
    tags: &[Tag],
    variables: &BTreeMap<String, String>,
    values: &mut BTreeMap<Pos, Vec<Expr>>,
) -> Result<(), String> {
    for tag in tags {
        let Some(variable) = &tag.variable else { continue };
        if values.contains_key(&tag.pos) {
            continue;
        }
        let source = variables.get(variable).ok_or_else(|| format!("tag variable '{variable}' not found"))?;
        let value = parse(source).ok_or_else(|| format!("tag variable '{variable}' is no literal: {source}"))?;
        values.insert(tag.pos, vec![value]);
    }
    Ok(())
}

/// Reads an expression that stands in no file.
fn parse(source: &str) -> Option<Expr> {
    let options = crate::value::instance::parse_options(&Limits::default(), Version::LATEST);
    syntax::parse_expr(&SourceFile::new("", source), FileId(u32::MAX), &options).ok()
}

impl Tag {
    fn parse(body: &str, pos: Pos) -> Result<Self, String> {
        let mut parts = body.split(',').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let mut tag =
            Self { name: name.to_owned(), kind: TagType::String, shorthands: Vec::new(), variable: None, pos };
        if !literal::is_identifier(name) {
            return Err(format!("invalid identifier {name:?}"));
        }
        for part in parts {
            match part.split_once('=').map(|(key, value)| (key.trim(), value.trim().trim_matches('"'))) {
                Some(("type", kind)) => {
                    tag.kind = match kind {
                        "string" => TagType::String,
                        "int" => TagType::Int,
                        "number" => TagType::Number,
                        "bool" => TagType::Bool,
                        _ => return Err(format!("invalid type {kind:?}")),
                    }
                }
                Some(("short", names)) => tag.shorthands = names.split('|').map(str::to_owned).collect(),
                Some(("var", variable)) => tag.variable = Some(variable.to_owned()),
                _ => {}
            }
        }
        Ok(tag)
    }

    fn read(&self, value: &str) -> Result<Expr, String> {
        let name = &self.name;
        let text = match self.kind {
            TagType::String => quoted(value),
            TagType::Bool if matches!(value, "true" | "false") => value.to_owned(),
            TagType::Bool => return Err(format!("invalid boolean {value:?} for injection tag {name:?}")),
            TagType::Int | TagType::Number => {
                let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
                let number = Number::from_literal(digits).map_err(|_| {
                    format!("invalid number for injection tag {name:?}: illegal number start {value:?}")
                })?;
                if self.kind == TagType::Int && !number.is_int() {
                    return Err(format!("invalid int {value:?} for injection tag {name:?}"));
                }
                value.to_owned()
            }
        };
        parse(&text).ok_or_else(|| format!("invalid value {value:?} for injection tag {name:?}"))
    }
}

impl Values {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Unifies the values with those of the fields of a file.
    pub(super) fn inject(&self, file: &mut ast::File) {
        file.decls.iter_mut().for_each(|decl| self.decl(decl));
    }

    fn decl(&self, decl: &mut Decl) {
        match decl {
            Decl::Field(field) => {
                self.expr(&mut field.value);
                for attribute in &field.attributes {
                    for value in self.0.get(&attribute.pos).into_iter().flatten() {
                        let old = std::mem::replace(&mut field.value, Expr::Bottom(Pos::NONE));
                        field.value = both(old, value.clone());
                    }
                }
            }
            Decl::Embed(embed) => self.expr(&mut embed.expr),
            _ => {}
        }
    }

    fn expr(&self, expr: &mut Expr) {
        match expr {
            Expr::Struct(lit) => stacker::maybe_grow(128 << 10, 1 << 20, || {
                lit.decls.iter_mut().for_each(|decl| self.decl(decl));
            }),
            Expr::Commented(inner, _) | Expr::Paren { inner, .. } | Expr::Alias { expr: inner, .. } => self.expr(inner),
            Expr::Binary { left, right, .. } => stacker::maybe_grow(128 << 10, 1 << 20, || {
                self.expr(left);
                self.expr(right);
            }),
            _ => {}
        }
    }
}

fn both(left: Expr, right: Expr) -> Expr {
    let paren = |inner| Expr::Paren { pos: Pos::NONE, inner: Box::new(inner), end: Pos::NONE };
    let left = if matches!(left, Expr::Binary { .. }) { paren(left) } else { left };
    Expr::Binary { pos: Pos::NONE, op: BinaryOp::And, left: Box::new(left), right: Box::new(right) }
}
