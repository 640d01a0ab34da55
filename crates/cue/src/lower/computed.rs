//! Values that are computed from other fields of the same struct: `end: >=start`, `total: price * count`.
//!
//! What is constant is computed now. What depends on fields beside it becomes a relation between the members of the
//! object at hand, which sees their texts when the object has been read. Whatever the relation cannot tell by them (a
//! field is absent and might have a default, kinds do not fit) is in doubt.

use std::rc::Rc;
use std::sync::Arc;

use vet::{Relation, RelationFn, peek};

use super::node::Lowering;
use super::scalar::is_predeclared_in;
use super::scope::{Scope, Target, data_name, is_definition};
use crate::eval::arith;
use crate::ir::Atom;
use crate::number::Number;
use crate::regexp::Regexp;
use crate::syntax::ast::{
    BinaryOp, Clause, Comprehension, Constraint, Decl, Expr, Interpolation, Label, LitKind, Selector, UnaryOp,
};
use crate::syntax::literal::{Text, decode_fragments, decode_text};

/// Names and operators inside each other that are followed.
const STEPS_MAX: usize = 64;
/// Elements that are compared with each other here.
const ELEMENTS_MAX: usize = 256;
/// The longest text that is computed here.
const TEXT_BYTES_MAX: usize = 1 << 16;

/// An expression over constants and members.
#[derive(Debug)]
pub(super) enum Computed {
    Constant(Atom),
    /// The member at this index of those that are looked at.
    Member(usize),
    Negative(Box<Computed>),
    Not(Box<Computed>),
    Binary(BinaryOp, Box<[Computed; 2]>),
    Matches(Box<Computed>, Regexp),
    Text(Vec<Computed>),
    /// The length of a list or string that is a member.
    Length(usize),
    /// The sum of a member of the elements of a list that is a member.
    Sum(usize, Vec<String>),
}

/// What is looked at when expressions are read.
pub(super) struct Reader<'a> {
    /// The declarations of the struct whose members may be looked at.
    pub(super) frames: Vec<Scope<'a>>,
    /// The members that are looked at.
    pub(super) members: Vec<String>,
    /// Whether more than the text of a scalar is looked at, so that what the schema adds inside would matter.
    pub(super) looks_inside: bool,
    steps: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(frames: Vec<Scope<'a>>) -> Reader<'a> {
        Reader { frames, members: Vec::new(), looks_inside: false, steps: STEPS_MAX }
    }

    /// Reads an expression; `None` if it needs more than constants and members.
    pub(super) fn read(&mut self, lowering: &Lowering<'a>, expr: &'a Expr, scope: &Scope<'a>) -> Option<Computed> {
        self.steps = self.steps.checked_sub(1)?;
        match expr {
            Expr::Paren { inner, .. } | Expr::Commented(inner, _) => self.read(lowering, inner, scope),
            Expr::Lit(lit) => atom(lit.kind, &lit.raw).map(Computed::Constant),
            Expr::Unary { op: UnaryOp::Minus, operand, .. } => {
                Some(Computed::Negative(Box::new(self.read(lowering, operand, scope)?)))
            }
            Expr::Unary { op: UnaryOp::Not, operand, .. } => {
                Some(Computed::Not(Box::new(self.read(lowering, operand, scope)?)))
            }
            Expr::Binary { op, left, right, .. } => self.binary(lowering, *op, left, right, scope),
            Expr::Interpolation(interpolation) => self.interpolation(lowering, interpolation, scope),
            Expr::Ident(ident) => self.name(lowering, &ident.name, scope),
            Expr::Call { function, args, .. } => self.call(lowering, function, args, scope),
            _ => None,
        }
    }

    fn binary(
        &mut self,
        lowering: &Lowering<'a>,
        op: BinaryOp,
        left: &'a Expr,
        right: &'a Expr,
        scope: &Scope<'a>,
    ) -> Option<Computed> {
        if matches!(op, BinaryOp::Or | BinaryOp::And) {
            return None;
        }
        let left = self.read(lowering, left, scope)?;
        if matches!(op, BinaryOp::Match | BinaryOp::NotMatch) {
            let Some(Atom::String(pattern)) = self.read(lowering, right, scope)?.constant() else { return None };
            let matches = Computed::Matches(Box::new(left), Regexp::new(&pattern, lowering.regexp_bytes_max).ok()?);
            return Some(if op == BinaryOp::Match { matches } else { Computed::Not(Box::new(matches)) });
        }
        Some(Computed::Binary(op, Box::new([left, self.read(lowering, right, scope)?])))
    }

    pub(super) fn interpolation(
        &mut self,
        lowering: &Lowering<'a>,
        interpolation: &'a Interpolation,
        scope: &Scope<'a>,
    ) -> Option<Computed> {
        let mut parts = Vec::new();
        for (index, fragment) in decode_fragments(interpolation).ok()?.into_iter().enumerate() {
            let Text::String(text) = fragment else { return None };
            parts.push(Computed::Constant(Atom::String(text.into())));
            if let Some(expr) = interpolation.exprs.get(index) {
                parts.push(self.read(lowering, expr, scope)?);
            }
        }
        Some(Computed::Text(parts))
    }

    fn name(&mut self, lowering: &Lowering<'a>, name: &str, scope: &Scope<'a>) -> Option<Computed> {
        match lowering.resolve(scope, name) {
            Target::Let(expr, scope) => self.read(lowering, expr, &scope),
            Target::Sibling { field, is_plain, frame } => {
                let constant = is_plain && field.constraint == Constraint::None;
                let constant = constant.then(|| self.constant_of(lowering, &field.value, &frame)).flatten();
                if constant.is_some() || is_definition(name) || name.starts_with('_') {
                    return constant;
                }
                if matches!(field.value, Expr::Struct(_) | Expr::List(_)) {
                    return None;
                }
                self.member(&frame, name_in_data(&field.label)?).map(Computed::Member)
            }
            Target::Field { values, .. } => match &values[..] {
                [(expr, scope)] => self.constant_of(lowering, expr, scope),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is constant by itself: a literal, or computed from literals.
    fn constant_of(&mut self, lowering: &Lowering<'a>, expr: &'a Expr, scope: &Scope<'a>) -> Option<Computed> {
        let mut alone = Reader { steps: self.steps, ..Reader::new(Vec::new()) };
        let computed = alone.read(lowering, expr, scope);
        self.steps = alone.steps;
        computed.and_then(|computed| computed.constant()).map(Computed::Constant)
    }

    /// The member that a name stands for, whatever its value.
    fn composite(&mut self, lowering: &Lowering<'a>, name: &str, scope: &Scope<'a>) -> Option<usize> {
        match lowering.resolve(scope, name) {
            Target::Sibling { field, frame, .. } => self.member(&frame, name_in_data(&field.label)?),
            _ => None,
        }
    }

    fn member(&mut self, frame: &Scope<'a>, name: String) -> Option<usize> {
        let is_ours = |ours: &Scope<'a>| Rc::ptr_eq(ours, frame) || ours.is_file() && frame.is_file();
        if !self.frames.iter().any(is_ours) {
            return None;
        }
        let known = self.members.iter().position(|known| *known == name);
        Some(known.unwrap_or_else(|| {
            self.members.push(name);
            self.members.len() - 1
        }))
    }

    /// `len(list)` and `list.Sum([for x in list {x.count}])`.
    fn call(
        &mut self,
        lowering: &Lowering<'a>,
        function: &'a Expr,
        args: &'a [Expr],
        scope: &Scope<'a>,
    ) -> Option<Computed> {
        if is_predeclared_in(lowering, scope, function, "len") {
            let [Expr::Ident(ident)] = args else { return None };
            return Some(Computed::Length(self.composite(lowering, &ident.name, scope)?));
        }
        let Expr::Selector { base, selector } = function else { return None };
        let (Expr::Ident(package), Selector::Ident(name)) = (&**base, &**selector) else { return None };
        let is_sum = name.name == "Sum" && matches!(lowering.resolve(scope, &package.name), Target::Package("list"));
        match args {
            [Expr::List(list)] if is_sum => match &list.elements[..] {
                [Expr::Comprehension(comprehension)] => self.sum(lowering, comprehension, scope),
                _ => None,
            },
            _ => None,
        }
    }

    fn sum(&mut self, lowering: &Lowering<'a>, each: &'a Comprehension, scope: &Scope<'a>) -> Option<Computed> {
        let [Clause::For { key: None, value, source, .. }] = &each.clauses[..] else { return None };
        let Expr::Ident(source) = &**source else { return None };
        let (Expr::Struct(lit), None) = (&*each.value, &each.otherwise) else { return None };
        let [Decl::Embed(embed)] = &lit.decls[..] else { return None };
        let path = path_from(&embed.expr, &value.name)?;
        let member = self.composite(lowering, &source.name, scope)?;
        self.looks_inside = true;
        Some(Computed::Sum(member, path))
    }
}

/// The name of a field that is referred to, by an alias also if it is written `("a-b")`.
fn name_in_data(label: &Label) -> Option<String> {
    match label {
        Label::Paren(expr, _) => match &**expr {
            Expr::Lit(lit) => data_name(&Label::String(lit.clone())),
            _ => None,
        },
        label => data_name(label),
    }
}

/// The names selected from a variable.
fn path_from(expr: &Expr, variable: &str) -> Option<Vec<String>> {
    match expr {
        Expr::Ident(ident) => (ident.name == variable).then(Vec::new),
        Expr::Selector { base, selector } => {
            let Selector::Ident(name) = &**selector else { return None };
            let mut path = path_from(base, variable)?;
            path.push(data_name(&Label::Ident(name.clone()))?);
            Some(path)
        }
        _ => None,
    }
}

fn atom(kind: LitKind, raw: &str) -> Option<Atom> {
    Some(match kind {
        LitKind::Null => Atom::Null,
        LitKind::True => Atom::Bool(true),
        LitKind::False => Atom::Bool(false),
        LitKind::Int | LitKind::Float => Atom::Number(Number::from_literal(raw).ok()?),
        LitKind::String => match decode_text(raw) {
            Ok(Text::String(text)) => Atom::String(text.into()),
            _ => return None,
        },
    })
}

/// The scalar that a JSON text stands for.
pub(super) fn scalar(json: &[u8]) -> Option<Atom> {
    Some(match json.first()? {
        b'"' => Atom::String(peek::string(json)?.into()),
        b'n' => Atom::Null,
        b't' => Atom::Bool(true),
        b'f' => Atom::Bool(false),
        b'{' | b'[' => return None,
        _ => Atom::Number(Number::from_json(std::str::from_utf8(json).ok()?).ok()?),
    })
}

impl Computed {
    /// The value, if no member is looked at.
    pub(super) fn constant(&self) -> Option<Atom> {
        self.value(&[])
    }

    /// The value, given the texts of the members; `None` if there is none, or one of them is not there.
    fn value(&self, texts: &[Option<&[u8]>]) -> Option<Atom> {
        let text = |member: &usize| texts.get(*member).copied().flatten();
        match self {
            Computed::Constant(atom) => Some(atom.clone()),
            Computed::Member(member) => scalar(text(member)?),
            Computed::Negative(operand) => match operand.value(texts)? {
                Atom::Number(number) => Some(Atom::Number(-number)),
                _ => None,
            },
            Computed::Not(operand) => match operand.value(texts)? {
                Atom::Bool(value) => Some(Atom::Bool(!value)),
                _ => None,
            },
            Computed::Binary(op, operands) => {
                let [left, right] = operands.each_ref().map(|operand| operand.value(texts));
                let (left, right) = (left?, right?);
                // What the evaluator says of values of different kinds is left to it.
                let alike =
                    left.kind() == right.kind() || matches!((&left, &right), (Atom::Number(_), Atom::Number(_)));
                alike.then(|| arith::binary(*op, &left, &right).ok()).flatten()
            }
            Computed::Matches(operand, regexp) => match operand.value(texts)? {
                Atom::String(text) => Some(Atom::Bool(regexp.is_match(&text))),
                _ => None,
            },
            Computed::Text(parts) => {
                let mut whole = String::new();
                for part in parts {
                    match part.value(texts)? {
                        Atom::String(text) => whole.push_str(&text),
                        Atom::Number(number) => whole.push_str(&number.to_source()),
                        Atom::Bool(value) => whole.push_str(&value.to_string()),
                        _ => return None,
                    }
                    if whole.len() > TEXT_BYTES_MAX {
                        return None;
                    }
                }
                Some(Atom::String(whole.into()))
            }
            Computed::Length(member) => {
                let json = text(member)?;
                let length = match json.first()? {
                    b'[' => peek::elements(json)?.len(),
                    _ => peek::string(json)?.len(),
                };
                Some(Atom::Number(Number::int(length as u64)))
            }
            Computed::Sum(member, path) => sum(text(member)?, path),
        }
    }
}

/// What a path of names leads to.
pub(super) fn inside<'d>(json: &'d [u8], path: &[String]) -> Option<&'d [u8]> {
    path.iter().try_fold(json, |json, name| peek::member(json, name))
}

/// The sum of what the path leads to in each element; all of them have to be integers.
fn sum(json: &[u8], path: &[String]) -> Option<Atom> {
    let mut sum = Number::int(0_u64);
    for element in peek::elements(json)? {
        let value = inside(element, path)?;
        match scalar(value)? {
            Atom::Number(number) if number.is_int() => sum = sum.add(&number).ok()?,
            _ => return None,
        }
    }
    Some(Atom::Number(sum))
}

/// A relation between a field, the first member, and what the expression makes of the others.
fn between(field: &str, others: Vec<String>, name: String, test: Arc<RelationFn>) -> Relation {
    let members = std::iter::once(field.to_owned()).chain(others).collect();
    Relation { name: name.into(), members, sees_object: false, test }
}

/// Whether a bound holds for a value that has this order to its operand.
pub(super) fn order_of(op: UnaryOp) -> Option<fn(std::cmp::Ordering) -> bool> {
    Some(match op {
        UnaryOp::Less => |order| order.is_lt(),
        UnaryOp::LessEqual => |order| order.is_le(),
        UnaryOp::Greater => |order| order.is_gt(),
        UnaryOp::GreaterEqual => |order| order.is_ge(),
        UnaryOp::NotEqual => |order| order.is_ne(),
        _ => return None,
    })
}

/// `field: >=expr`. Says nothing if the field is absent: then there is nothing to compare.
pub(super) fn bound(field: &str, members: Vec<String>, op: UnaryOp, computed: Computed) -> Option<Relation> {
    let holds = order_of(op)?;
    let name = format!("{field}: {} {}", op.text(), members.join(", "));
    let test: Arc<RelationFn> = Arc::new(move |texts| {
        let (own, others) = texts.split_first()?;
        let Some(own) = own else { return Some(true) };
        let order = match computed {
            Computed::Member(member) => peek::order(own, others[member]?),
            _ => arith::atoms_order(&scalar(own)?, &computed.value(others)?),
        };
        order.map(holds)
    });
    Some(between(field, members, name, test))
}

/// `field: expr`. An absent field has the computed value, if there is one.
pub(super) fn equal(field: &str, is_optional: bool, members: Vec<String>, computed: Computed) -> Relation {
    let name = format!("{field}: computed from {}", members.join(", "));
    let test: Arc<RelationFn> = Arc::new(move |texts| {
        let (own, others) = texts.split_first()?;
        let own = match own {
            None if is_optional => return Some(true),
            own => own,
        };
        let value = computed.value(others)?;
        match own {
            None => Some(true),
            Some(own) => {
                let own = scalar(own)?;
                Some(own.kind() == value.kind() && arith::atoms_equal(&own, &value))
            }
        }
    });
    between(field, members, name, test)
}

/// A condition over members.
pub(super) fn condition(members: Vec<String>, computed: Computed) -> Relation {
    let name = format!("a condition on {}", members.join(", "));
    let test: Arc<RelationFn> = Arc::new(move |texts| match computed.value(texts)? {
        Atom::Bool(value) => Some(value),
        _ => None,
    });
    Relation { name: name.into(), members, sees_object: false, test }
}

/// A hidden list of what a path leads to in each element of a member, with validators of lists: `[for x in lines {x.id}]
/// & list.UniqueItems()`. Comes with whether it looks inside the member's value, as it does.
pub(super) fn hidden<'a>(lowering: &Lowering<'a>, expr: &'a Expr, scope: &Scope<'a>) -> Option<(Relation, bool)> {
    let mut reader = Reader::new(vec![scope.clone()]);
    let (mut list, mut differ) = (None, false);
    for operand in operands_of(expr) {
        match operand {
            Expr::List(lit) if list.is_none() => {
                let [Expr::Comprehension(each)] = &lit.elements[..] else { return None };
                let Computed::Sum(member, path) = reader.sum(lowering, each, scope)? else { return None };
                list = Some((member, path));
            }
            validator if is_unique_items(lowering, validator, scope) => differ = true,
            _ => return None,
        }
    }
    let (member, path) = list?;
    let test: Arc<RelationFn> = Arc::new(move |texts| {
        let mut found = Vec::new();
        for element in peek::elements(texts[member]?)? {
            let value = scalar(inside(element, &path)?)?;
            if differ && found.iter().any(|known| arith::atoms_equal(known, &value)) {
                // Numbers of different kinds are for the evaluator to compare.
                return if matches!(value, Atom::Number(_)) { None } else { Some(false) };
            }
            found.push(value);
            if found.len() > ELEMENTS_MAX {
                return None;
            }
        }
        Some(true)
    });
    let name = format!("a hidden list of {}", reader.members.join(", ")).into();
    Some((Relation { name, members: reader.members, sees_object: false, test }, true))
}

fn operands_of(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Binary { op: BinaryOp::And, left, right, .. } => {
            [left, right].into_iter().flat_map(|operand| operands_of(operand)).collect()
        }
        Expr::Paren { inner, .. } | Expr::Commented(inner, _) => operands_of(inner),
        expr => vec![expr],
    }
}

fn is_unique_items<'a>(lowering: &Lowering<'a>, expr: &Expr, scope: &Scope<'a>) -> bool {
    let selector = match expr {
        Expr::Call { function, args, .. } if args.is_empty() => function,
        expr => expr,
    };
    let Expr::Selector { base, selector } = selector else { return false };
    let (Expr::Ident(package), Selector::Ident(name)) = (&**base, &**selector) else { return false };
    name.name == "UniqueItems" && matches!(lowering.resolve(scope, &package.name), Target::Package("list"))
}
