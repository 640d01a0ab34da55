//! Literals, types, bounds and validators.

use std::collections::BTreeSet;
use std::sync::Arc;

use vet::{Builder, Decimal, Fault, NumberForm, NumberRule, Rule, Unique, Verdict};

use super::{
    computed::{self, Reader},
    gather::Conjunct,
    node::Lowering,
    range::NumberRange,
    scope::{Scope, Target, data_name},
};
use crate::{
    call::{Datum, Engine, Failure, Function, Handle, Strictness},
    ir::Atom,
    kind::Kind,
    number::Number,
    regexp::Regexp,
    syntax::{
        ast::{BasicLit, Decl, Expr, Field, LitKind, Selector, UnaryOp},
        literal::{Text, decode_text, quoted},
    },
};

/// Kinds of JSON values, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NONE: Kinds = Kinds(0);
    pub(super) const NULL: Kinds = Kinds(1);
    pub(super) const BOOL: Kinds = Kinds(2);
    pub(super) const NUMBER: Kinds = Kinds(4);
    pub(super) const STRING: Kinds = Kinds(8);
    pub(super) const STRUCT: Kinds = Kinds(16);
    pub(super) const LIST: Kinds = Kinds(32);
    pub(super) const ALL: Kinds = Kinds(63);
    pub(super) const SCALARS: Kinds = Kinds(15);

    pub(super) fn contains(self, other: Kinds) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    pub(super) fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

/// Whether a field with this value needs no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concrete {
    /// It is concrete.
    Yes,
    /// It has a default, unless something else eliminates it.
    Default,
    /// It is not, unless something else leaves but one of its alternatives.
    Choice,
    /// It is not.
    No,
}

/// A rule for a node apart from the members of structs and the elements of lists.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) rule: Rule,
    pub(super) kinds: Kinds,
    pub(super) concrete: Concrete,
    /// `_`: says nothing.
    pub(super) is_top: bool,
    /// It is all values of some kinds.
    pub(super) is_type: bool,
    /// What the value is computed from, or what it is if it is concrete: two terms of one origin are one.
    pub(super) origin: Option<String>,
    /// How many members of a struct or elements of a list the rule allows, if that is all that it is about.
    pub(super) extent: Option<Extent>,
    /// What the rule sees of fields that the schema provides.
    pub(super) sees: Sees,
    /// The numbers that it allows.
    range: NumberRange,
}

/// A range of counts of members or elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    /// Whether elements have to differ.
    pub(super) differ: bool,
}

/// What a validator sees of the fields that the schema adds to data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sees {
    Nothing,
    /// Those with these names.
    Named(BTreeSet<String>),
    All,
}

impl Sees {
    fn and(self, other: Sees) -> Sees {
        match (self, other) {
            (Sees::Nothing, sees) | (sees, Sees::Nothing) => sees,
            (Sees::Named(a), Sees::Named(b)) => Sees::Named(a.into_iter().chain(b).collect()),
            _ => Sees::All,
        }
    }
}

impl Term {
    fn new(rule: Rule, kinds: Kinds) -> Term {
        Term {
            rule,
            kinds,
            concrete: Concrete::No,
            is_top: false,
            is_type: false,
            origin: None,
            extent: None,
            sees: Sees::Nothing,
            range: NumberRange::default(),
        }
    }

    fn null(builder: &mut Builder) -> Term {
        Term::constant(builder.null(), Kinds::NULL, "null".to_owned())
    }

    fn boolean(builder: &mut Builder, value: bool) -> Term {
        Term::constant(builder.exactly(value), Kinds::BOOL, value.to_string())
    }

    fn text(builder: &mut Builder, text: &str) -> Term {
        Term::constant(builder.one_of([text]), Kinds::STRING, format!("{text:?}"))
    }

    fn number(builder: &mut Builder, value: Decimal, is_int: bool) -> Term {
        let form = if is_int { NumberForm::Integer } else { NumberForm::Float };
        let origin = format!("{value} {form:?}");
        let bound = || Some((value.clone(), true));
        let range = NumberRange::of(&NumberRule { form, min: bound(), max: bound() });
        Term { range, ..Term::constant(builder.equal_to(value, form), Kinds::NUMBER, origin) }
    }

    fn constant(rule: Rule, kinds: Kinds, origin: String) -> Term {
        Term { concrete: Concrete::Yes, origin: Some(origin), ..Term::new(rule, kinds) }
    }

    fn all_of(rule: Rule, kinds: Kinds) -> Term {
        Term { is_type: true, ..Term::new(rule, kinds) }
    }

    /// The numbers of a rule.
    fn numbers(lowering: &mut Lowering<'_>, rule: NumberRule) -> Term {
        let range = NumberRange::of(&rule);
        Term { range, ..Term::new(lowering.builder.number(rule), Kinds::NUMBER) }
    }

    /// Whether some of the alternatives of another term may not be left beside this one.
    pub(super) fn narrows(&self, choice: &Term) -> bool {
        !(self.is_top || self.is_type && self.kinds.contains(choice.kinds))
    }
}

/// Whether these terms may leave no value between them: one that is concrete beside one that it may break, or bounds with
/// nothing between them. The evaluator does not see more before there is data.
pub(super) fn may_conflict(terms: &[&Term]) -> bool {
    let is_narrowed = |at: usize, term: &Term| {
        // What two ranges leave is seen below.
        let are_ranges = |other: &Term| term.range.is_known() && other.range.is_known();
        let mut others = terms.iter().enumerate().filter(|(other, _)| *other != at);
        term.concrete != Concrete::No && others.any(|(_, other)| other.narrows(term) && !are_ranges(other))
    };
    let range = terms.iter().fold(NumberRange::default(), |range, term| range.and(term.range));
    range.may_be_empty() || terms.iter().enumerate().any(|(at, term)| is_narrowed(at, term))
}

type Lowered<T> = Result<T, String>;

fn not_static<T>(what: &str) -> Lowered<T> {
    Err(format!("{what} is not known before the data is"))
}

/// Whether the expression is this predeclared name.
pub(super) fn is_predeclared<'a>(lowering: &Lowering<'a>, conjunct: &Conjunct<'a>, expr: &Expr, name: &str) -> bool {
    is_predeclared_in(lowering, &conjunct.scope, expr, name)
}

/// The same, for the names known in a scope.
pub(super) fn is_predeclared_in<'a>(lowering: &Lowering<'a>, scope: &Scope<'a>, expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Ident(ident) if ident.name == name
        && matches!(lowering.resolve(scope, name), Target::Undeclared))
}

/// Alternatives without structs and lists; marked are the defaults.
pub(super) fn any_of(lowering: &mut Lowering<'_>, terms: Vec<(Term, bool)>) -> Term {
    let kinds = terms.iter().fold(Kinds::NONE, |kinds, (term, _)| kinds.or(term.kinds));
    let rule = lowering.builder.any_of(terms.iter().map(|(term, _)| term.rule).collect::<Vec<_>>());
    let defaults: Vec<&Term> = terms.iter().filter(|(_, is_default)| *is_default).map(|(term, _)| term).collect();
    let concrete = match *defaults {
        [term] if term.concrete == Concrete::Yes => Concrete::Default,
        [] if terms.iter().any(|(term, _)| term.concrete != Concrete::No) => Concrete::Choice,
        _ => Concrete::No,
    };
    let said = terms.iter().map(|(term, is_default)| Some((term.origin.as_ref()?, is_default)));
    let origin = said.collect::<Option<Vec<_>>>().map(|said| format!("{said:?}"));
    Term { concrete, origin, ..Term::new(rule, kinds) }
}

impl<'a> Lowering<'a> {
    /// The rule of an expression that is neither struct, list, disjunction nor reference.
    pub(super) fn term(&mut self, conjunct: &Conjunct<'a>) -> Lowered<Term> {
        match conjunct.expr {
            Expr::Lit(lit) => self.literal(lit, false),
            Expr::Unary { op: UnaryOp::Minus, operand, .. } => self.negative(operand),
            Expr::Unary { op, operand, .. } => self.bound(*op, operand, conjunct),
            Expr::Ident(ident) => self.predeclared(&ident.name),
            Expr::Selector { base, selector } => match (&**base, &**selector) {
                (Expr::Ident(package), Selector::Ident(name)) => {
                    self.validator(conjunct, &package.name, &name.name, &[])
                }
                _ => not_static("a selector"),
            },
            Expr::Call { function, args, .. } => match &**function {
                Expr::Selector { base, selector } => match (&**base, &**selector) {
                    (Expr::Ident(package), Selector::Ident(name)) => {
                        let validator = self.validator(conjunct, &package.name, &name.name, args);
                        validator.or_else(|reason| self.computed(conjunct).map_err(|_| reason))
                    }
                    _ => not_static("a call"),
                },
                Expr::Ident(ident) if is_predeclared(self, conjunct, function, "or") => match &args[..] {
                    [Expr::List(list)] => self.or(&list.elements),
                    _ => not_static(&format!("a call of {}", ident.name)),
                },
                Expr::Ident(_) if is_predeclared(self, conjunct, function, "error") => {
                    Ok(Term::new(self.builder.never(), Kinds::NONE))
                }
                Expr::Ident(ident) => {
                    self.computed(conjunct).or_else(|_| not_static(&format!("a call of {}", ident.name)))
                }
                _ => not_static("a call"),
            },
            Expr::Bottom(_) => Ok(Term { range: NumberRange::none(), ..Term::new(self.builder.never(), Kinds::ALL) }),
            Expr::Interpolation(_) => self.computed(conjunct).or_else(|_| not_static("an interpolation")),
            Expr::Index { .. } | Expr::Slice { .. } => not_static("an index"),
            Expr::Binary { .. } => self.computed(conjunct),
            _ => not_static("an expression"),
        }
    }

    /// `matchN(count, [schemas])`. Each schema is a node of its own, closed by nothing outside it.
    pub(super) fn match_n(&mut self, args: &'a [Expr], conjunct: &Conjunct<'a>) -> Lowered<Term> {
        let [count, Expr::List(list)] = args else { return not_static("an argument of matchN") };
        let plain = |expr: &Expr| !matches!(expr, Expr::Ellipsis(_) | Expr::Comprehension(_) | Expr::Alias { .. });
        if !list.elements.iter().all(plain) {
            return not_static("a schema of matchN");
        }
        let Some((min, max)) = bounds_of(count) else { return not_static("the count of matchN") };
        let rules: Vec<Rule> = list.elements.iter().map(|expr| self.schema(expr, conjunct)).collect();
        let rule = self.builder.count(min, max, rules);
        let sees = list.elements.iter().map(seen_by).fold(Sees::Nothing, Sees::and);
        Ok(Term { sees, ..Term::new(rule, Kinds::ALL) })
    }

    /// `matchIf(if, then, else)`, each a schema as those of `matchN`.
    pub(super) fn match_if(&mut self, args: &'a [Expr], conjunct: &Conjunct<'a>) -> Lowered<Term> {
        let [condition, then, otherwise] = args else { return not_static("an argument of matchIf") };
        let [condition, then, otherwise] = [condition, then, otherwise].map(|schema| self.schema(schema, conjunct));
        let rule = self.builder.choose(condition, then, otherwise);
        let sees = args.iter().map(seen_by).fold(Sees::Nothing, Sees::and);
        Ok(Term { sees, ..Term::new(rule, Kinds::ALL) })
    }

    fn or(&mut self, elements: &'a [Expr]) -> Lowered<Term> {
        let mut terms = Vec::new();
        for element in elements {
            match element {
                Expr::Lit(lit) => terms.push((self.literal(lit, false)?, false)),
                _ => return not_static("a call of or"),
            }
        }
        Ok(any_of(self, terms))
    }

    fn literal(&mut self, lit: &BasicLit, negative: bool) -> Lowered<Term> {
        match lit.kind {
            LitKind::Null => Ok(Term::null(&mut self.builder)),
            LitKind::True | LitKind::False => Ok(Term::boolean(&mut self.builder, lit.kind == LitKind::True)),
            LitKind::String => match decode_text(&lit.raw) {
                Ok(Text::String(text)) => Ok(Term::text(&mut self.builder, &text)),
                _ => not_static("bytes"),
            },
            LitKind::Int | LitKind::Float => {
                let (value, is_int) = number(lit, negative)?;
                Ok(Term::number(&mut self.builder, value, is_int))
            }
        }
    }

    fn negative(&mut self, operand: &Expr) -> Lowered<Term> {
        match strip(operand) {
            Expr::Lit(lit @ BasicLit { kind: LitKind::Int | LitKind::Float, .. }) => self.literal(lit, true),
            _ => not_static("a computed value"),
        }
    }

    fn predeclared(&mut self, name: &str) -> Lowered<Term> {
        if let Some((min, max)) = range_of(name) {
            let bound = |text: &str| Decimal::new(text).ok().map(|decimal| (decimal, true));
            let (min, max) = (min.and_then(bound), max.and_then(bound));
            return Ok(Term::numbers(self, NumberRule { form: NumberForm::Integer, min, max }));
        }
        let rule = match name {
            "_" => return Ok(Term { is_top: true, ..Term::new(self.builder.any(), Kinds::ALL) }),
            "null" => return Ok(Term::null(&mut self.builder)),
            "true" | "false" => return Ok(Term::boolean(&mut self.builder, name == "true")),
            // No JSON value is of this type.
            "bytes" => (self.builder.never(), Kinds::NONE),
            "float32" => return self.floats("340282346638528859811704183484516925440"),
            "float64" => return self.floats("1.797693134862315708145274237317043567981e+308"),
            "bool" => return Ok(Term::all_of(self.builder.boolean(), Kinds::BOOL)),
            "string" => return Ok(Term::all_of(self.builder.string(), Kinds::STRING)),
            "number" => {
                return Ok(Term::all_of(self.builder.number(NumberRule::default()), Kinds::NUMBER));
            }
            "float" => {
                let rule = NumberRule { form: NumberForm::Float, ..NumberRule::default() };
                return Ok(Term::numbers(self, rule));
            }
            _ => return not_static(&format!("the name {name}")),
        };
        Ok(Term::new(rule.0, rule.1))
    }

    /// Numbers of any form up to this size.
    fn floats(&mut self, max: &str) -> Lowered<Term> {
        let bound = |text: &str| Decimal::new(text).ok().map(|decimal| (decimal, true));
        let rule = NumberRule { form: NumberForm::Any, min: bound(&format!("-{max}")), max: bound(max) };
        Ok(Term::numbers(self, rule))
    }

    /// What refers to a field of a struct around it, or to the name of a member: one that has to be repeated, or a value
    /// that is computed.
    pub(super) fn repeated_or_computed(
        &mut self,
        conjunct: &Conjunct<'a>,
        field: &Field,
        frame: &Scope<'a>,
    ) -> Lowered<Term> {
        match &mut self.named {
            Some(named) if named.is_name(conjunct.expr, field, frame) => {
                named.repeat_at(&self.path);
                let string = Term::new(self.builder.string(), Kinds::STRING);
                Ok(Term { concrete: Concrete::Default, origin: Some("the name".into()), ..string })
            }
            _ => self.computed(conjunct),
        }
    }

    /// A value that is constant, or computed from fields beside it.
    pub(super) fn computed(&mut self, conjunct: &Conjunct<'a>) -> Lowered<Term> {
        let mut reader = Reader::new(self.frames_beside());
        let Some(read) = reader.read(self, conjunct.expr, &conjunct.scope) else {
            return not_static(&described(conjunct.expr));
        };
        if let Some(atom) = read.constant() {
            return self.atom(&atom);
        }
        let origin = Some(format!("{read:?} of {:?}", reader.members));
        match self
            .relate(reader, |field, is_optional, members| Some(computed::equal(field, is_optional, members, read)))
        {
            true => Ok(Term { concrete: Concrete::Default, origin, ..Term::new(self.builder.any(), Kinds::SCALARS) }),
            false => not_static(&described(conjunct.expr)),
        }
    }

    /// A bound whose operand is constant, or computed from fields beside it.
    fn computed_bound(&mut self, op: UnaryOp, operand: &'a Expr, conjunct: &Conjunct<'a>) -> Lowered<Term> {
        let mut reader = Reader::new(self.frames_beside());
        let Some(read) = reader.read(self, operand, &conjunct.scope) else {
            return not_static("the operand of a bound");
        };
        match read.constant() {
            Some(Atom::Number(number)) => {
                let value = Decimal::new(&number.to_source()).map_err(|error| error.to_string())?;
                self.number_bound(op, value)
            }
            Some(Atom::String(text)) => match op {
                UnaryOp::Match | UnaryOp::NotMatch => self.regexp(op, &text),
                _ => self.string_bound(op, text.to_string()),
            },
            Some(_) => not_static("a bound of this kind"),
            None => match self.relate(reader, |field, _, members| computed::bound(field, members, op, read)) {
                true => Ok(Term::new(self.builder.any(), Kinds(Kinds::NUMBER.0 | Kinds::STRING.0))),
                false => not_static("the operand of a bound"),
            },
        }
    }

    fn atom(&mut self, atom: &Atom) -> Lowered<Term> {
        match atom {
            Atom::Null => Ok(Term::null(&mut self.builder)),
            Atom::Bool(value) => Ok(Term::boolean(&mut self.builder, *value)),
            Atom::String(text) => Ok(Term::text(&mut self.builder, text)),
            Atom::Number(number) => {
                let value = Decimal::new(&number.to_source()).map_err(|error| error.to_string())?;
                Ok(Term::number(&mut self.builder, value, number.is_int()))
            }
            Atom::Bytes(_) => not_static("bytes"),
        }
    }

    fn bound(&mut self, op: UnaryOp, bound: &'a Expr, conjunct: &Conjunct<'a>) -> Lowered<Term> {
        let (operand, negative) = match strip(bound) {
            Expr::Unary { op: UnaryOp::Minus, operand, .. } => (strip(operand), true),
            operand => (operand, false),
        };
        let lit = match operand {
            Expr::Lit(lit) => lit,
            Expr::Ident(ident) if ident.name == "null" && op == UnaryOp::NotEqual => return self.not_null(),
            _ => return self.computed_bound(op, bound, conjunct),
        };
        let text = || match decode_text(&lit.raw) {
            Ok(Text::String(text)) => Ok(text),
            _ => not_static("a bound of bytes"),
        };
        match (op, lit.kind) {
            (UnaryOp::NotEqual, LitKind::Null) => self.not_null(),
            (UnaryOp::Match | UnaryOp::NotMatch, LitKind::String) => self.regexp(op, &text()?),
            (_, LitKind::String) => self.string_bound(op, text()?),
            (_, LitKind::Int | LitKind::Float) => self.number_bound(op, number(lit, negative)?.0),
            _ => not_static("a bound of this kind"),
        }
    }

    fn not_null(&mut self) -> Lowered<Term> {
        let null = self.builder.null();
        Ok(Term::new(self.builder.not(null), Kinds(Kinds::ALL.0 & !Kinds::NULL.0)))
    }

    fn number_bound(&mut self, op: UnaryOp, value: Decimal) -> Lowered<Term> {
        let rule = match op {
            UnaryOp::Less => NumberRule { max: Some((value, false)), ..NumberRule::default() },
            UnaryOp::LessEqual => NumberRule { max: Some((value, true)), ..NumberRule::default() },
            UnaryOp::Greater => NumberRule { min: Some((value, false)), ..NumberRule::default() },
            UnaryOp::GreaterEqual => NumberRule { min: Some((value, true)), ..NumberRule::default() },
            UnaryOp::NotEqual => {
                let (any, equal) = (NumberRule::default(), self.builder.equal_to(value, NumberForm::Any));
                let (any, not) = (self.builder.number(any), self.builder.not(equal));
                return Ok(Term::new(self.builder.all([any, not]), Kinds::NUMBER));
            }
            _ => return not_static("an operator before a number"),
        };
        Ok(Term::numbers(self, rule))
    }

    fn string_bound(&mut self, op: UnaryOp, bound: String) -> Lowered<Term> {
        let holds: fn(std::cmp::Ordering) -> bool = match op {
            UnaryOp::Less => |order| order.is_lt(),
            UnaryOp::LessEqual => |order| order.is_le(),
            UnaryOp::Greater => |order| order.is_gt(),
            UnaryOp::GreaterEqual => |order| order.is_ge(),
            UnaryOp::NotEqual => |order| order.is_ne(),
            _ => return not_static("an operator before a string"),
        };
        let name = format!("{}{}", op.text(), quoted(&bound)).into();
        let test = Arc::new(move |text: &str| Some(holds(text.cmp(bound.as_str()))));
        Ok(Term::new(self.builder.satisfying(vet::Condition { name, test }), Kinds::STRING))
    }

    fn regexp(&mut self, op: UnaryOp, source: &str) -> Lowered<Term> {
        let rule = match self.pattern(source) {
            Some(pattern) => self.builder.pattern(pattern),
            None => {
                // The automaton is too large for tables; the pattern is matched in linear time all the same.
                let regexp = Regexp::new(source, self.regexp_bytes_max).map_err(|error| error.to_string())?;
                let test = Arc::new(move |text: &str| Some(regexp.is_match(text)));
                let name = format!("=~{}", quoted(source)).into();
                self.builder.satisfying(vet::Condition { name, test })
            }
        };
        if op == UnaryOp::Match {
            return Ok(Term::new(rule, Kinds::STRING));
        }
        let (string, not) = (self.builder.string(), self.builder.not(rule));
        Ok(Term::new(self.builder.all([string, not]), Kinds::STRING))
    }

    /// `package.Name` and `package.Name(args)` as a validator.
    fn validator(&mut self, conjunct: &Conjunct<'a>, package: &str, name: &str, args: &'a [Expr]) -> Lowered<Term> {
        let Target::Package(path) = self.resolve(&conjunct.scope, package) else {
            return not_static("a selector");
        };
        let known = crate::builtin::package(path);
        let function = known.and_then(|package| package.functions.iter().find(|function| function.name == name));
        let Some(function) = function else { return not_static(&format!("{path}.{name}")) };
        match ((path, name), args) {
            (("list", "MatchN"), [count, schema]) => return self.matching_elements(conjunct, count, schema),
            (("encoding/json", "Validate"), [schema]) => return self.json_text(conjunct, schema),
            _ => {}
        }
        let args: Option<Vec<Datum>> = args.iter().map(|arg| self.argument(conjunct, arg)).collect();
        let Some(args) = args else { return not_static(&format!("an argument of {path}.{name}")) };
        let count = |index: usize| match args.get(index) {
            Some(Datum::Number(number)) => number.to_source().parse::<usize>().ok(),
            _ => None,
        };
        let any = self.builder.any();
        match (path, name, &*args, count(0)) {
            ("strings", "MinRunes", [_], Some(min)) => Ok(Term::new(self.builder.runes(min, None), Kinds::STRING)),
            ("strings", "MaxRunes", [_], Some(max)) => Ok(Term::new(self.builder.runes(0, Some(max)), Kinds::STRING)),
            ("list", "MinItems", [_], Some(length_min)) => {
                self.length(vet::ListRule { length_min, ..vet::ListRule::of(any) })
            }
            ("list", "MaxItems", [_], Some(max)) => {
                self.length(vet::ListRule { length_max: Some(max), ..vet::ListRule::of(any) })
            }
            ("list", "UniqueItems", [], _) => {
                self.length(vet::ListRule { unique: Unique::ByForm, ..vet::ListRule::of(any) })
            }
            ("struct", "MinFields", [_], Some(members_min)) => {
                self.members(vet::StructRule { members_min, ..vet::StructRule::new(any) })
            }
            ("struct", "MaxFields", [_], Some(max)) => {
                self.members(vet::StructRule { members_max: Some(max), ..vet::StructRule::new(any) })
            }
            ("math", "MultipleOf", [Datum::Number(divisor)], _) => {
                let divisor = Decimal::new(&divisor.to_source()).ok();
                let rule = divisor.and_then(|divisor| self.builder.multiple_of(divisor));
                let rule = rule.ok_or_else(|| "a divisor that is not positive or too long".to_owned())?;
                Ok(Term::new(rule, Kinds::NUMBER))
            }
            _ if function.params.first().is_some_and(|param| param.kind == Kind::LIST) => {
                self.list_validator(path, function, args)
            }
            _ => self.string_validator(path, function, args),
        }
    }

    /// `list.MatchN(count, schema)`, for schemas of scalars.
    fn matching_elements(&mut self, conjunct: &Conjunct<'a>, count: &'a Expr, schema: &'a Expr) -> Lowered<Term> {
        let Some((min, max)) = bounds_of(count) else { return not_static("the count of list.MatchN") };
        let matched = self.scalar_schema(schema, conjunct);
        let Some(rule) = matched else { return not_static("a schema of list.MatchN that allows structs or lists") };
        let any = self.builder.any();
        let max = (max < u32::MAX).then_some(max as usize);
        let contains = vec![(rule, min as usize, max)];
        Ok(Term::new(self.builder.list(vet::ListRule { contains, ..vet::ListRule::of(any) }), Kinds::LIST))
    }

    /// `json.Validate(schema)`: a string whose text is JSON that the schema allows.
    fn json_text(&mut self, conjunct: &Conjunct<'a>, schema: &'a Expr) -> Lowered<Term> {
        let program = self.program_of(schema, conjunct)?;
        let test = Arc::new(move |text: &str| match program.check(text.as_bytes()) {
            Verdict::Accept => Some(true),
            Verdict::Reject(_) => Some(false),
            Verdict::Malformed(malformed) => match malformed.fault {
                // The reference reads these.
                Fault::DuplicateMember | Fault::LoneSurrogate | Fault::TooDeep(_) => None,
                _ => Some(false),
            },
            Verdict::Unsure(_) => None,
        });
        let name = "encoding/json.Validate".into();
        Ok(Term::new(self.builder.satisfying(vet::Condition { name, test }), Kinds::STRING))
    }

    /// A function of a list and constants that gives a boolean is asked as it is, if the elements are scalars.
    fn list_validator(&mut self, path: &str, function: &'static Function, args: Vec<Datum>) -> Lowered<Term> {
        let plain = function.params.iter().all(|param| !param.schema) && !function.non_concrete;
        if !plain || function.result != Kind::BOOL || function.params.len() != args.len() + 1 {
            return not_static(&format!("{path}.{}", function.name));
        }
        let test = Arc::new(move |json: &[u8]| {
            let scalar = |json: &&[u8]| computed::scalar(json).and_then(datum);
            let elements: Option<Vec<Datum>> = vet::peek::elements(json)?.iter().map(scalar).collect();
            let args: Vec<Datum> = std::iter::once(Datum::List(elements?)).chain(args.iter().cloned()).collect();
            match (function.run)(&mut NoEngine, &args) {
                Ok(Datum::Bool(holds)) => Some(holds),
                // The reason may be that the function does not take these elements, which is the same verdict.
                Err(failure) if failure.verdict || failure.message.is_empty() => Some(false),
                _ => None,
            }
        });
        let name = format!("{path}.{}", function.name).into();
        Ok(Term::new(self.builder.lists_where(vet::ListCondition { name, test }), Kinds::LIST))
    }

    fn length(&mut self, rule: vet::ListRule) -> Lowered<Term> {
        let differ = rule.unique != Unique::No;
        let extent = Extent { min: rule.length_min, max: rule.length_max, differ };
        let sees = if differ { Sees::All } else { Sees::Nothing };
        Ok(Term { extent: Some(extent), sees, ..Term::new(self.builder.list(rule), Kinds::LIST) })
    }

    fn members(&mut self, rule: vet::StructRule) -> Lowered<Term> {
        let extent = Extent { min: rule.members_min, max: rule.members_max, differ: false };
        Ok(Term { extent: Some(extent), ..Term::new(self.builder.structure(rule), Kinds::STRUCT) })
    }

    /// A function of a string and constants that gives a boolean is asked as it is.
    fn string_validator(&mut self, path: &str, function: &'static Function, args: Vec<Datum>) -> Lowered<Term> {
        let taken = function.params.first().map_or(Kind::BOTTOM, |param| param.kind);
        let takes_string = taken.contains(Kind::STRING);
        let plain =
            function.params.iter().all(|param| !param.schema && param.default.is_none()) && !function.non_concrete;
        let whole = function.params.len() == args.len() + 1;
        let is_test = function.result == Kind::BOOL;
        if !(takes_string && plain && whole && is_test) {
            return not_static(&format!("{path}.{}", function.name));
        }
        let test = Arc::new(move |text: &str| {
            let args: Vec<Datum> = std::iter::once(Datum::String(text.into())).chain(args.iter().cloned()).collect();
            Some(matches!((function.run)(&mut NoEngine, &args), Ok(Datum::Bool(true))))
        });
        let name: Box<str> = format!("{path}.{}", function.name).into();
        let strings = self.builder.satisfying(vet::Condition { name: name.clone(), test });
        if taken == Kind::STRING {
            return Ok(Term::new(strings, Kinds::STRING));
        }
        // Some take lists of numbers, too; addresses, for example.
        let (island, string) = (self.builder.island(&name), self.builder.string());
        let others = self.builder.not(string);
        let others = self.builder.all([others, island]);
        Ok(Term::new(self.builder.any_of([strings, others]), Kinds::ALL))
    }

    /// A constant argument.
    fn argument(&self, conjunct: &Conjunct<'a>, arg: &Expr) -> Option<Datum> {
        match strip(arg) {
            Expr::Lit(lit) => match lit.kind {
                LitKind::Int | LitKind::Float => Number::from_literal(&lit.raw).ok().map(Datum::Number),
                LitKind::String => match decode_text(&lit.raw) {
                    Ok(Text::String(text)) => Some(Datum::String(text.into())),
                    _ => None,
                },
                LitKind::Null => Some(Datum::Null),
                LitKind::True => Some(Datum::Bool(true)),
                LitKind::False => Some(Datum::Bool(false)),
            },
            // A constant of a package, such as `time.RFC3339Date`.
            Expr::Selector { base, selector } => {
                let (Expr::Ident(package), Selector::Ident(name)) = (&**base, &**selector) else { return None };
                let Target::Package(path) = self.resolve(&conjunct.scope, &package.name) else { return None };
                let constants = crate::builtin::package(path)?.constants;
                let (_, source) = constants.iter().find(|(constant, _)| *constant == name.name)?;
                match decode_text(source) {
                    Ok(Text::String(text)) => Some(Datum::String(text.into())),
                    _ => Number::from_literal(source).ok().map(Datum::Number),
                }
            }
            _ => None,
        }
    }
}

/// What a schema of `matchN` or `matchIf` sees: the fields that it names.
fn seen_by(schema: &Expr) -> Sees {
    match strip(schema) {
        Expr::Struct(lit) => {
            let named = |decl: &Decl| match decl {
                Decl::Field(field) => data_name(&field.label),
                _ => None,
            };
            lit.decls.iter().map(named).collect::<Option<_>>().map_or(Sees::All, Sees::Named)
        }
        _ => Sees::All,
    }
}

fn datum(atom: Atom) -> Option<Datum> {
    Some(match atom {
        Atom::Null => Datum::Null,
        Atom::Bool(value) => Datum::Bool(value),
        Atom::Number(number) => Datum::Number(number),
        Atom::String(text) => Datum::String(text),
        Atom::Bytes(_) => return None,
    })
}

/// What the expression is, for reasons.
fn described(expr: &Expr) -> String {
    match expr {
        Expr::Ident(ident) => format!("the field {}, which it refers to,", ident.name),
        _ => "a computed value".into(),
    }
}

fn strip(expr: &Expr) -> &Expr {
    let mut expr = expr;
    while let Expr::Paren { inner, .. } | Expr::Commented(inner, _) = expr {
        expr = inner;
    }
    expr
}

/// The counts that a number or a bound such as `>=1` allows.
fn bounds_of(expr: &Expr) -> Option<(u32, u32)> {
    let number = |expr: &Expr| match strip(expr) {
        Expr::Lit(lit) if lit.kind == LitKind::Int => lit.raw.parse::<u32>().ok(),
        _ => None,
    };
    match strip(expr) {
        Expr::Unary { op, operand, .. } => {
            let count = number(operand)?;
            match op {
                UnaryOp::GreaterEqual => Some((count, u32::MAX)),
                UnaryOp::Greater => Some((count.checked_add(1)?, u32::MAX)),
                UnaryOp::LessEqual => Some((0, count)),
                UnaryOp::Less => Some((0, count.checked_sub(1)?)),
                _ => None,
            }
        }
        expr => number(expr).map(|count| (count, count)),
    }
}

/// The value of a literal and whether it is an integer.
fn number(lit: &BasicLit, negative: bool) -> Lowered<(Decimal, bool)> {
    let number = Number::from_literal(&lit.raw).map_err(|error| error.to_string())?;
    let text = number.to_source();
    let text = if negative { format!("-{text}") } else { text };
    let value = Decimal::new(&text).map_err(|error| error.to_string())?;
    Ok((value, number.is_int()))
}

fn range_of(name: &str) -> Option<(Option<&'static str>, Option<&'static str>)> {
    Some(match name {
        "int" => (None, None),
        "uint" => (Some("0"), None),
        "int8" => (Some("-128"), Some("127")),
        "int16" => (Some("-32768"), Some("32767")),
        "int32" => (Some("-2147483648"), Some("2147483647")),
        "int64" => (Some("-9223372036854775808"), Some("9223372036854775807")),
        "int128" => (Some("-170141183460469231731687303715884105728"), Some("170141183460469231731687303715884105727")),
        "uint8" => (Some("0"), Some("255")),
        "uint16" => (Some("0"), Some("65535")),
        "uint32" => (Some("0"), Some("4294967295")),
        "uint64" => (Some("0"), Some("18446744073709551615")),
        "uint128" => (Some("0"), Some("340282366920938463463374607431768211455")),
        "rune" => (Some("0"), Some("1114111")),
        _ => return None,
    })
}

/// The engine that functions of plain data see: it has no values.
struct NoEngine;

impl Engine for NoEngine {
    fn satisfies(&mut self, _: Handle, _: &Datum, _: Strictness) -> Result<(), Failure> {
        Err(Failure::new("no value"))
    }

    fn data(&mut self, _: &Expr) -> Result<Datum, Failure> {
        Err(Failure::new("no value"))
    }

    fn less(&mut self, _: Handle, _: &Datum, _: &Datum) -> Result<bool, Failure> {
        Err(Failure::new("no value"))
    }

    fn datum(&mut self, _: Handle) -> Result<Datum, Failure> {
        Err(Failure::new("no value"))
    }

    fn is_match(&mut self, pattern: &str, text: &str) -> Result<bool, Failure> {
        let regexp = Regexp::new(pattern, 1 << 20).map_err(|error| Failure::new(error.to_string()))?;
        Ok(regexp.is_match(text))
    }
}
