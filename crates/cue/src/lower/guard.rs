//! Fields that depend on a condition: `if kind == "card" {last4!: string}`.
//!
//! A condition on fields of the same struct is decided by the object at hand: it is a rule over that object. Where it
//! cannot be decided (the field is absent, or of a kind that the comparison does not take) it is in doubt, and with it
//! the whole struct.

use std::rc::Rc;

use vet::{Decimal, NumberForm, NumberRule, Rule, StructRule};

use super::computed::{self, Reader as Expressions};
use super::gather::{Conjunct, Parts, Presence, StructPart};
use super::node::Lowering;
use super::scope::{Frame, Scope, Target, data_name};
use crate::syntax::ast::{BasicLit, BinaryOp, Clause, Comprehension, Constraint, Decl, Expr, Label, LitKind, UnaryOp};
use crate::syntax::literal::{Text, decode_text};

/// A condition and what holds under it.
#[derive(Clone)]
pub(super) struct Guard<'a> {
    pub(super) condition: Condition,
    pub(super) then: Then<'a>,
}

/// What holds under a condition.
#[derive(Clone)]
pub(super) enum Then<'a> {
    /// What the comprehension yields.
    Conjunct(Conjunct<'a>),
    /// A field whose name the condition decides.
    Field(StructPart<'a>),
}

/// A condition on the fields of one struct.
#[derive(Clone)]
pub(super) enum Condition {
    /// A field has a value of this rule. It must be there for the condition to be decided.
    Value {
        name: String,
        rule: Rule,
        /// Whether the field's default satisfies the rule, if its only declaration has a plain one.
        by_default: Option<bool>,
    },
    /// A field is there.
    Present(String),
    /// A relation between members, in doubt if they do not tell.
    Related(Rule),
    Not(Box<Condition>),
    All(Box<[Condition; 2]>),
    Any(Box<[Condition; 2]>),
}

impl Condition {
    /// Whether it is in error as long as there is no data: it reads a field that has no default.
    pub(super) fn fails(&self) -> bool {
        match self {
            Condition::Value { by_default, .. } => by_default.is_none(),
            Condition::Present(_) => false,
            Condition::Related(_) => true,
            Condition::Not(inner) => inner.fails(),
            Condition::All(both) | Condition::Any(both) => both.iter().any(Condition::fails),
        }
    }
}

/// Reads a comprehension that is a single condition over fields declared beside it.
pub(super) fn read<'a>(
    lowering: &mut Lowering<'a>,
    comprehension: &'a Comprehension,
    siblings: &'a [Decl],
    around: &Conjunct<'a>,
) -> Option<Guard<'a>> {
    let [Clause::If { condition, .. }] = &*comprehension.clauses else { return None };
    let Expr::Struct(lit) = &*comprehension.value else { return None };
    let embeds = lit.decls.iter().any(|decl| matches!(decl, Decl::Embed(_)));
    if embeds || comprehension.otherwise.is_some() {
        return None;
    }
    let condition = Reader { lowering, siblings, scope: &around.scope }.condition(condition)?;
    Some(Guard { condition, then: Then::Conjunct(Conjunct { expr: &comprehension.value, ..around.clone() }) })
}

/// Alternatives of a field whose value is part of another field's name.
const NAMES_MAX: usize = 16;

/// Reads a field whose name is computed from a field beside it (`"\(method)_id": string`), if that has one of a few
/// strings: a field under a condition for each of them.
pub(super) fn read_name<'a>(
    lowering: &mut Lowering<'a>,
    decl: &'a Decl,
    siblings: &'a [Decl],
    around: &Conjunct<'a>,
) -> Option<Vec<Guard<'a>>> {
    let Decl::Field(field) = decl else { return None };
    let Label::Interpolation(interpolation) = &field.label else { return None };
    let mut names = interpolation.exprs.iter().map(|expr| match expr {
        Expr::Ident(ident) => Some(ident.name.as_str()),
        _ => None,
    });
    let name = names.next()??;
    let mut declared = siblings.iter().filter_map(|decl| match decl {
        Decl::Field(field) if data_name(&field.label).as_deref() == Some(name) => Some(field),
        _ => None,
    });
    let (Some(sibling), None, None) = (declared.next(), declared.next(), names.next()) else { return None };
    let values = strings_of(&sibling.value)?;
    let mut guards = Vec::new();
    for value in values {
        let Expr::Lit(lit) = value else { return None };
        let condition =
            Reader { lowering, siblings, scope: &around.scope }.equals_string(BinaryOp::Equal, name, lit)?;
        let scope = Frame::binding(&around.scope, name, value);
        lowering.name_of(&field.label, &scope)?;
        let decls = std::slice::from_ref(decl);
        guards.push(Guard {
            condition,
            then: Then::Field(StructPart { decls, presence: Presence::Definite, scope, groups: around.groups.clone() }),
        });
    }
    Some(guards)
}

/// The alternatives of a disjunction of strings.
fn strings_of(expr: &Expr) -> Option<Vec<&Expr>> {
    let (mut found, mut rest) = (Vec::new(), expr);
    while let Expr::Binary { op: BinaryOp::Or, left, right, .. } = rest {
        found.push(&**right);
        rest = left;
    }
    found.push(rest);
    let is_string = |expr: &&Expr| matches!(expr, Expr::Lit(lit) if lit.kind == LitKind::String);
    (found.len() <= NAMES_MAX && found.iter().all(is_string)).then_some(found)
}

struct Reader<'r, 'a> {
    lowering: &'r mut Lowering<'a>,
    siblings: &'a [Decl],
    scope: &'r Scope<'a>,
}

impl<'a> Reader<'_, 'a> {
    fn condition(&mut self, expr: &'a Expr) -> Option<Condition> {
        self.plain(expr).or_else(|| self.related(expr))
    }

    /// Any other condition that the members of the object decide.
    fn related(&mut self, expr: &'a Expr) -> Option<Condition> {
        let mut reader = Expressions::new(vec![self.scope.clone()]);
        let read = reader.read(self.lowering, expr, self.scope).filter(|_| !reader.looks_inside)?;
        let any = self.lowering.builder.any();
        let relations = vec![computed::condition(reader.members, read)];
        let rule = StructRule { relations, ..StructRule::new(any) };
        Some(Condition::Related(self.lowering.builder.structure(rule)))
    }

    fn plain(&mut self, expr: &'a Expr) -> Option<Condition> {
        match expr {
            Expr::Paren { inner, .. } | Expr::Commented(inner, _) => self.condition(inner),
            Expr::Ident(ident) => {
                let (yes, kinds) = (self.lowering.builder.exactly(true), self.lowering.builder.boolean());
                self.value(&ident.name, yes, kinds, |lit| (lit.kind == LitKind::True).into())
            }
            Expr::Unary { op: UnaryOp::Not, operand, .. } => Some(Condition::Not(Box::new(self.condition(operand)?))),
            Expr::Binary { op: BinaryOp::LogicalAnd, left, right, .. } => {
                Some(Condition::All(Box::new([self.condition(left)?, self.condition(right)?])))
            }
            Expr::Binary { op: BinaryOp::LogicalOr, left, right, .. } => {
                Some(Condition::Any(Box::new([self.condition(left)?, self.condition(right)?])))
            }
            Expr::Binary { op, left, right, .. } => self.comparison(*op, left, right),
            _ => None,
        }
    }

    fn comparison(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Option<Condition> {
        let Expr::Ident(ident) = left else { return None };
        let negated = op == BinaryOp::NotEqual;
        let condition = match right {
            // `x != _|_` asks whether x is there; a value that is there and wrong is refused anyway.
            Expr::Bottom(_) => {
                self.declared(&ident.name)?;
                let present = Condition::Present(ident.name.clone());
                return match op {
                    BinaryOp::NotEqual => Some(present),
                    BinaryOp::Equal => Some(Condition::Not(Box::new(present))),
                    _ => None,
                };
            }
            Expr::Lit(lit) if lit.kind == LitKind::String => self.equals_string(op, &ident.name, lit)?,
            Expr::Lit(lit) if matches!(lit.kind, LitKind::Int | LitKind::Float) => {
                self.compares_number(op, &ident.name, lit)?
            }
            _ => return None,
        };
        Some(if negated { Condition::Not(Box::new(condition)) } else { condition })
    }

    fn equals_string(&mut self, op: BinaryOp, name: &str, lit: &BasicLit) -> Option<Condition> {
        let Ok(Text::String(wanted)) = decode_text(&lit.raw) else { return None };
        if !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            return None;
        }
        let builder = &mut self.lowering.builder;
        let (yes, string, null) = (builder.one_of([wanted.as_str()]), builder.string(), builder.null());
        let kinds = builder.any_of([string, null]);
        self.value(name, yes, kinds, |lit| match decode_text(&lit.raw) {
            Ok(Text::String(value)) if lit.kind == LitKind::String => Some(value == wanted),
            _ => None,
        })
    }

    fn compares_number(&mut self, op: BinaryOp, name: &str, lit: &BasicLit) -> Option<Condition> {
        let value = Decimal::new(&crate::number::Number::from_literal(&lit.raw).ok()?.to_source()).ok()?;
        let (min, max) = match op {
            BinaryOp::Equal | BinaryOp::NotEqual => (Some((value.clone(), true)), Some((value, true))),
            BinaryOp::Less => (None, Some((value, false))),
            BinaryOp::LessEqual => (None, Some((value, true))),
            BinaryOp::Greater => (Some((value, false)), None),
            BinaryOp::GreaterEqual => (Some((value, true)), None),
            _ => return None,
        };
        let builder = &mut self.lowering.builder;
        let yes = builder.number(NumberRule { form: NumberForm::Any, min, max });
        let kinds = builder.number(NumberRule::default());
        self.value(name, yes, kinds, |_| None)
    }

    /// The field's value satisfies `yes`; of values that are not of these kinds nothing is known.
    fn value(
        &mut self,
        name: &str,
        yes: Rule,
        kinds: Rule,
        decide: impl Fn(&BasicLit) -> Option<bool>,
    ) -> Option<Condition> {
        let by_default = self.declared(name)?.and_then(decide);
        let builder = &mut self.lowering.builder;
        let island = builder.island("a condition compares values of different kinds");
        let others = builder.not(kinds);
        let others = builder.all([others, island]);
        let rule = builder.any_of([yes, others]);
        Some(Condition::Value { name: name.into(), rule, by_default })
    }

    /// The only default of the field with this name, if its one declaration beside the condition is an alternative of
    /// literals; outside, whether the name is that of such a field at all.
    fn declared(&self, name: &str) -> Option<Option<&'a BasicLit>> {
        // A name in quotes is not known by it.
        let is_beside = match self.lowering.resolve(self.scope, name) {
            Target::Sibling { field, frame, .. } => {
                Rc::ptr_eq(&frame, self.scope) && data_name(&field.label).as_deref() == Some(name)
            }
            _ => false,
        };
        if !is_beside {
            return None;
        }
        let mut declared = self.siblings.iter().filter_map(|decl| match decl {
            Decl::Field(field) if data_name(&field.label).as_deref() == Some(name) => Some(field),
            _ => None,
        });
        let field = declared.next()?;
        let is_alone = declared.next().is_none() && !self.siblings.iter().any(|decl| adds(decl, name));
        let alone = is_alone && field.constraint == Constraint::None;
        Some(alone.then(|| plain_default(&field.value)).flatten())
    }
}

/// Whether a comprehension declares the field.
fn adds(decl: &Decl, name: &str) -> bool {
    let Decl::Comprehension(comprehension) = decl else { return false };
    let Expr::Struct(lit) = &*comprehension.value else { return true };
    lit.decls.iter().any(|decl| match decl {
        Decl::Field(field) => data_name(&field.label).as_deref() == Some(name),
        decl => adds(decl, name),
    })
}

/// The default of a disjunction of literals.
fn plain_default(expr: &Expr) -> Option<&BasicLit> {
    let mut default = None;
    let mut rest = Some(expr);
    while let Some(expr) = rest {
        let alternative = match expr {
            Expr::Binary { op: BinaryOp::Or, left, right, .. } => {
                rest = Some(left);
                &**right
            }
            expr => {
                rest = None;
                expr
            }
        };
        match alternative {
            Expr::Unary { op: UnaryOp::Default, operand, .. } => match (&**operand, default) {
                (Expr::Lit(lit), None) => default = Some(lit),
                _ => return None,
            },
            Expr::Lit(_) => {}
            _ => return None,
        }
    }
    default
}

impl<'a> Lowering<'a> {
    /// The condition as a rule over the object, and a rule that holds if it can be decided and is in doubt otherwise.
    pub(super) fn condition(&mut self, condition: &Condition, parts: &Parts<'a>) -> (Rule, Rule) {
        match condition {
            Condition::Value { name, rule, by_default } => {
                let absent = match by_default.filter(|_| self.declared_once(parts, name)) {
                    Some(true) => self.builder.any(),
                    Some(false) => self.builder.never(),
                    None => self.builder.island("a condition is on a field that may be absent"),
                };
                let (has, there) = (self.has(name, *rule), self.present(name));
                let missing = self.builder.not(there);
                let missing = self.builder.all([missing, absent]);
                let holds = self.builder.any_of([has, missing]);
                let not = self.builder.not(holds);
                (holds, self.builder.any_of([holds, not]))
            }
            Condition::Present(name) => (self.present(name), self.builder.any()),
            Condition::Related(rule) => {
                let not = self.builder.not(*rule);
                (*rule, self.builder.any_of([*rule, not]))
            }
            Condition::Not(inner) => {
                let (holds, known) = self.condition(inner, parts);
                (self.builder.not(holds), known)
            }
            Condition::All(both) | Condition::Any(both) => {
                let [(a, a_known), (b, b_known)] = both.each_ref().map(|inner| self.condition(inner, parts));
                let is_all = matches!(condition, Condition::All(_));
                let holds = if is_all { self.builder.all([a, b]) } else { self.builder.any_of([a, b]) };
                (holds, self.builder.all([a_known, b_known]))
            }
        }
    }

    fn has(&mut self, name: &str, rule: Rule) -> Rule {
        let any = self.builder.any();
        self.builder.structure(StructRule::new(any).required(name, rule))
    }

    fn present(&mut self, name: &str) -> Rule {
        let any = self.builder.any();
        self.has(name, any)
    }
}
