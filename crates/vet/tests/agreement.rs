//! Generated rules and documents: the program's verdict is that of an interpreter that walks the rules over a tree.
//!
//! The interpreter is as simple as it can be made. It knows the truth values of the rules; which of them the program
//! reaches by one pass, by tables or side by side is no concern of it.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may unwrap as the test itself may")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use vet::{
    Builder, Decimal, GroupRule, Kind, ListRule, NumberForm, NumberRule, Program, Relation, Rule, StructRule, Unique,
    Verdict, peek,
};

mod workload;

/// Members of an object that a relation allows.
const MEMBERS_MAX: usize = 3;

/// A document as a tree. Numbers are a count of tenths and whether they are written with a fraction.
#[derive(Clone, Debug)]
enum Doc {
    Null,
    Bool(bool),
    Number(i64, bool),
    String(String),
    List(Vec<Doc>),
    Struct(Vec<(String, Doc)>),
}

impl Doc {
    fn write(&self, out: &mut String) {
        match self {
            Doc::Null => out.push_str("null"),
            Doc::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Doc::Number(tenths, false) => out.push_str(&(tenths / 10).to_string()),
            Doc::Number(tenths, true) if tenths % 3 == 0 => out.push_str(&format!("{tenths}e-1")),
            Doc::Number(tenths, true) => {
                let sign = if *tenths < 0 { "-" } else { "" };
                out.push_str(&format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10));
            }
            Doc::String(text) => out.push_str(&spelled(text)),
            Doc::List(elements) => {
                out.push('[');
                for (i, element) in elements.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    element.write(out);
                }
                out.push(']');
            }
            Doc::Struct(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    // With white space and without.
                    let space = if members.len() % 2 == 0 { " " } else { "" };
                    out.push_str(&if i > 0 { format!(",{space}") } else { space.into() });
                    out.push_str(&format!("{}:{space}", spelled(name)));
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    fn equals(&self, other: &Doc) -> bool {
        match (self, other) {
            (Doc::Null, Doc::Null) => true,
            (Doc::Bool(a), Doc::Bool(b)) => a == b,
            (Doc::Number(a, _), Doc::Number(b, _)) => a == b,
            (Doc::String(a), Doc::String(b)) => a == b,
            (Doc::List(a), Doc::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Doc::Struct(a), Doc::Struct(b)) => {
                let (a, b): (BTreeMap<_, _>, BTreeMap<_, _>) =
                    (a.iter().cloned().collect(), b.iter().cloned().collect());
                a.len() == b.len() && a.iter().zip(&b).all(|((a, x), (b, y))| a == b && x.equals(y))
            }
            _ => false,
        }
    }
}

/// The string as JSON; letters `e` are written as escapes, so that both sorts of strings are met.
fn spelled(text: &str) -> String {
    format!("\"{}\"", text.replace('e', "\\u0065"))
}

/// A rule as a tree. Recursive rules refer to the outermost rule.
#[derive(Clone, Debug)]
enum Spec {
    Any,
    Never,
    Island,
    Root,
    Kind(u8),
    Exactly(bool),
    Number {
        form: u8,
        min: Option<(i64, bool)>,
        max: Option<(i64, bool)>,
    },
    Whole,
    MultipleOf(i64),
    Runes(usize, usize),
    Pattern(usize),
    OneOf(Vec<String>),
    Constant(Doc),
    Struct {
        fields: Vec<(String, Spec, bool)>,
        groups: Vec<Group>,
        naming: Option<Box<Spec>>,
        min: usize,
        max: Option<usize>,
        /// Members whose texts have to be the same length, if both are there.
        relation: Option<[String; 2]>,
    },
    List {
        prefix: Vec<Spec>,
        rest: Box<Spec>,
        min: usize,
        max: Option<usize>,
        unique: bool,
        contains: Vec<(Spec, usize, Option<usize>)>,
    },
    All(Vec<Spec>),
    AnyOf(Vec<Spec>),
    Unique(Vec<Spec>),
    Count(u32, u32, Vec<Spec>),
    Not(Box<Spec>),
    Choose(Box<[Spec; 3]>),
    When(u8, Box<Spec>),
}

type Group = (Vec<(usize, Spec)>, Box<Spec>);

const PATTERNS: &[&str] = &["^a", "^[a-c]{2}$", "b", "^[a-e]{1,4}$", "ü|e$", "^(ab)*$"];
const KINDS: [Kind; 6] = [Kind::Null, Kind::Bool, Kind::Number, Kind::String, Kind::Struct, Kind::List];

fn tenths(value: i64) -> Decimal {
    Decimal::new(&format!("{value}e-1")).unwrap()
}

fn form(index: u8) -> NumberForm {
    [NumberForm::Any, NumberForm::Integer, NumberForm::Float][usize::from(index % 3)]
}

impl Spec {
    fn build(&self, b: &mut Builder, root: Rule) -> Rule {
        let many = |b: &mut Builder, specs: &[Spec]| specs.iter().map(|spec| spec.build(b, root)).collect::<Vec<_>>();
        match self {
            Spec::Any => b.any(),
            Spec::Never => b.never(),
            Spec::Island => b.island("cannot be said"),
            Spec::Root => root,
            Spec::Kind(kind) => match KINDS[usize::from(*kind)] {
                Kind::Null => b.null(),
                Kind::Bool => b.boolean(),
                Kind::Number => b.number(NumberRule::default()),
                Kind::String => b.string(),
                Kind::Struct => b.objects(),
                Kind::List => b.arrays(),
            },
            Spec::Exactly(value) => b.exactly(*value),
            Spec::Number { form: index, min, max } => {
                let bound = |bound: &Option<(i64, bool)>| bound.map(|(value, inclusive)| (tenths(value), inclusive));
                b.number(NumberRule { form: form(*index), min: bound(min), max: bound(max) })
            }
            Spec::Whole => b.whole(),
            Spec::MultipleOf(divisor) => b.multiple_of(Decimal::new(&format!("0.{divisor}")).unwrap()).unwrap(),
            Spec::Runes(min, max) => b.runes(*min, Some(*max)),
            Spec::Pattern(index) => b.pattern(workload::pattern(PATTERNS[*index])),
            Spec::OneOf(values) => b.one_of(values.iter().map(String::as_str)),
            Spec::Constant(doc) => {
                let mut text = String::new();
                doc.write(&mut text);
                b.constant(&text).unwrap()
            }
            Spec::Struct { fields, groups, naming, min, max, relation } => {
                let any = b.any();
                let mut rule = StructRule { members_min: *min, members_max: *max, ..StructRule::new(any) };
                rule.naming = naming.as_ref().map(|spec| spec.build(b, root));
                for (name, spec, required) in fields {
                    let field = spec.build(b, root);
                    rule = if *required { rule.required(name, field) } else { rule.optional(name, field) };
                }
                let mut group = |(patterns, rest): &Group| GroupRule {
                    patterns: patterns
                        .iter()
                        .map(|(p, spec)| (b.pattern(workload::pattern(PATTERNS[*p])), spec.build(b, root)))
                        .collect(),
                    fields: true,
                    rest: rest.build(b, root),
                };
                rule.groups = groups.iter().map(&mut group).collect();
                rule.relations.extend(relation.as_ref().map(|members| Relation {
                    name: "members of one length among few".into(),
                    members: members.to_vec(),
                    sees_object: true,
                    test: Arc::new(|texts| match texts {
                        [Some(a), Some(b), Some(object)] => {
                            Some(a.len() == b.len() && peek::members(object)?.len() <= MEMBERS_MAX)
                        }
                        _ => None,
                    }),
                }));
                b.structure(rule)
            }
            Spec::List { prefix, rest, min, max, unique, contains } => {
                let rule = ListRule {
                    prefix: many(b, prefix),
                    rest: rest.build(b, root),
                    length_min: *min,
                    length_max: *max,
                    unique: if *unique { Unique::ByValue } else { Unique::No },
                    contains: contains.iter().map(|(spec, min, max)| (spec.build(b, root), *min, *max)).collect(),
                };
                b.list(rule)
            }
            Spec::All(specs) => {
                let rules = many(b, specs);
                b.all(rules)
            }
            Spec::AnyOf(specs) => {
                let rules = many(b, specs);
                b.any_of(rules)
            }
            Spec::Unique(specs) => {
                let rules = many(b, specs);
                b.unique_of(rules)
            }
            Spec::Count(min, max, specs) => {
                let rules = many(b, specs);
                b.count(*min, *max, rules)
            }
            Spec::Not(spec) => {
                let rule = spec.build(b, root);
                b.not(rule)
            }
            Spec::Choose(specs) => {
                let rules = many(b, &**specs);
                b.choose(rules[0], rules[1], rules[2])
            }
            Spec::When(kind, spec) => {
                let rule = spec.build(b, root);
                b.when(KINDS[usize::from(*kind)], rule)
            }
        }
    }

    /// Whether the rule holds; `None` if it is not decided.
    fn judge(&self, doc: &Doc, root: &Spec) -> Option<bool> {
        let many = |specs: &[Spec]| specs.iter().map(|spec| spec.judge(doc, root)).collect::<Vec<_>>();
        match (self, doc) {
            (Spec::Any, _) => Some(true),
            (Spec::Never, _) => Some(false),
            (Spec::Island, _) => None,
            (Spec::Root, _) => root.judge(doc, root),
            (Spec::Kind(kind), doc) => Some(KINDS[usize::from(*kind)] == kind_of(doc)),
            (Spec::Exactly(wanted), Doc::Bool(value)) => Some(wanted == value),
            (Spec::Number { form: index, min, max }, Doc::Number(value, float)) => {
                let form = match form(*index) {
                    NumberForm::Any => true,
                    NumberForm::Integer => !float,
                    NumberForm::Float => *float,
                };
                let above = min.is_none_or(|(min, inclusive)| *value > min || inclusive && *value == min);
                let below = max.is_none_or(|(max, inclusive)| *value < max || inclusive && *value == max);
                Some(form && above && below)
            }
            (Spec::Whole, Doc::Number(value, _)) => Some(value % 10 == 0),
            (Spec::MultipleOf(divisor), Doc::Number(value, _)) => Some(value % divisor == 0),
            (Spec::Runes(min, max), Doc::String(text)) => Some((*min..=*max).contains(&text.chars().count())),
            (Spec::Pattern(index), Doc::String(text)) => {
                Some(regex_automata::meta::Regex::new(PATTERNS[*index]).unwrap().is_match(text.as_str()))
            }
            (Spec::OneOf(values), Doc::String(text)) => Some(values.contains(text)),
            (Spec::Constant(wanted), doc) => Some(wanted.equals(doc)),
            (Spec::Struct { fields, groups, naming, min, max, relation }, Doc::Struct(members)) => {
                let mut truths = vec![Some(members.len() >= *min && max.is_none_or(|max| members.len() <= max))];
                truths.extend(
                    fields.iter().map(|(name, _, required)| Some(!required || members.iter().any(|(n, _)| n == name))),
                );
                for (name, value) in members {
                    truths.extend(naming.iter().map(|spec| spec.judge(&Doc::String(name.clone()), root)));
                    let field = fields.iter().find(|(field, ..)| field == name);
                    truths.extend(field.map(|(_, spec, _)| spec.judge(value, root)));
                    for (patterns, rest) in groups {
                        let matching: Vec<_> = patterns
                            .iter()
                            .filter(|(p, _)| {
                                regex_automata::meta::Regex::new(PATTERNS[*p]).unwrap().is_match(name.as_str())
                            })
                            .collect();
                        truths.extend(matching.iter().map(|(_, spec)| spec.judge(value, root)));
                        if matching.is_empty() && field.is_none() {
                            truths.push(rest.judge(value, root));
                        }
                    }
                }
                truths.extend(relation.as_ref().map(|names| {
                    let [a, b] = names.each_ref().map(|name| members.iter().find(|(n, _)| n == name));
                    let length = |doc: &Doc| {
                        let mut text = String::new();
                        doc.write(&mut text);
                        text.len()
                    };
                    Some(length(&a?.1) == length(&b?.1) && members.len() <= MEMBERS_MAX)
                }));
                all(&truths)
            }
            (Spec::List { prefix, rest, min, max, unique, contains }, Doc::List(elements)) => {
                let mut truths = vec![Some(elements.len() >= *min && max.is_none_or(|max| elements.len() <= max))];
                for (i, element) in elements.iter().enumerate() {
                    truths.push(prefix.get(i).unwrap_or(rest).judge(element, root));
                    truths.push(Some(!unique || elements[i + 1..].iter().all(|other| !element.equals(other))));
                }
                for (spec, min, max) in contains {
                    let within: Vec<_> = elements.iter().map(|element| spec.judge(element, root)).collect();
                    truths.push(counted(&within, *min, max.unwrap_or(usize::MAX)));
                }
                all(&truths)
            }
            (Spec::All(specs), _) => all(&many(specs)),
            (Spec::AnyOf(specs), _) => counted(&many(specs), 1, usize::MAX),
            (Spec::Unique(specs), _) => match (counted(&many(specs), 1, usize::MAX), counted(&many(specs), 1, 1)) {
                (Some(true), Some(true)) => Some(true),
                (any, _) if !matches!(doc, Doc::List(_) | Doc::Struct(_)) => any,
                (Some(false), _) => Some(false),
                _ => None,
            },
            (Spec::Count(min, max, specs), _) => counted(&many(specs), *min as usize, *max as usize),
            (Spec::Not(spec), _) => spec.judge(doc, root).map(|holds| !holds),
            (Spec::Choose(specs), _) => {
                let [condition, then, otherwise] = &**specs;
                let condition = condition.judge(doc, root);
                let then = counted(&[condition.map(|holds| !holds), then.judge(doc, root)], 1, 2);
                let otherwise = counted(&[condition, otherwise.judge(doc, root)], 1, 2);
                all(&[then, otherwise])
            }
            (Spec::When(kind, spec), doc) if KINDS[usize::from(*kind)] == kind_of(doc) => spec.judge(doc, root),
            (Spec::When(..), _) => Some(true),
            _ => Some(false),
        }
    }
}

fn kind_of(doc: &Doc) -> Kind {
    match doc {
        Doc::Null => Kind::Null,
        Doc::Bool(_) => Kind::Bool,
        Doc::Number(..) => Kind::Number,
        Doc::String(_) => Kind::String,
        Doc::List(_) => Kind::List,
        Doc::Struct(_) => Kind::Struct,
    }
}

fn all(truths: &[Option<bool>]) -> Option<bool> {
    counted(truths, truths.len(), truths.len())
}

fn counted(truths: &[Option<bool>], min: usize, max: usize) -> Option<bool> {
    let yes = truths.iter().filter(|truth| **truth == Some(true)).count();
    let possible = yes + truths.iter().filter(|truth| truth.is_none()).count();
    if possible < min || yes > max || min > max { Some(false) } else { (yes >= min && possible <= max).then_some(true) }
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        "a",
        "b",
        "ab",
        "abab",
        "cc",
        "e",
        "aee",
        "ü",
        "büe",
        "kind",
        "a long name that fills a block",
    ])
    .prop_map(String::from)
}

fn doc() -> impl Strategy<Value = Doc> {
    let leaf = prop_oneof![
        Just(Doc::Null),
        any::<bool>().prop_map(Doc::Bool),
        (-30_i64..30).prop_map(|whole| Doc::Number(whole * 10, false)),
        (-30_i64..30).prop_map(|value| Doc::Number(value, true)),
        text().prop_map(Doc::String),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let members = prop::collection::btree_map(text(), inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Doc::List),
            members.prop_map(|members| Doc::Struct(members.into_iter().collect())),
        ]
    })
}

fn scalar_spec() -> impl Strategy<Value = Spec> {
    let bound = || prop::option::of((-30_i64..30, any::<bool>()));
    prop_oneof![
        3 => Just(Spec::Any),
        1 => Just(Spec::Never),
        1 => Just(Spec::Island),
        1 => Just(Spec::Root),
        4 => (0_u8..6).prop_map(Spec::Kind),
        1 => any::<bool>().prop_map(Spec::Exactly),
        4 => (0_u8..3, bound(), bound()).prop_map(|(form, min, max)| Spec::Number { form, min, max }),
        1 => Just(Spec::Whole),
        1 => (1_i64..9).prop_map(Spec::MultipleOf),
        2 => (0_usize..4, 0_usize..6).prop_map(|(min, max)| Spec::Runes(min, max)),
        3 => (0..PATTERNS.len()).prop_map(Spec::Pattern),
        3 => prop::collection::vec(text(), 1..4).prop_map(Spec::OneOf),
        1 => doc().prop_map(Spec::Constant),
    ]
}

fn spec() -> impl Strategy<Value = Spec> {
    scalar_spec().prop_recursive(4, 40, 5, |inner| {
        let specs = || prop::collection::vec(inner.clone(), 1..4);
        let rest = || prop_oneof![2 => Just(Spec::Never), 2 => Just(Spec::Any), 1 => inner.clone()].prop_map(Box::new);
        let fields = prop::collection::btree_map(text(), (inner.clone(), any::<bool>()), 0..5);
        let patterns = prop::collection::vec((0..PATTERNS.len(), inner.clone()), 0..2);
        let groups = prop::collection::vec((patterns, rest()), 0..3);
        let naming = prop::option::weighted(0.1, (0..PATTERNS.len()).prop_map(|index| Box::new(Spec::Pattern(index))));
        let relation = prop::option::weighted(0.2, [text(), text()]);
        let structs = (fields, groups, naming, 0_usize..2, prop::option::of(0_usize..5), relation).prop_map(
            |(fields, groups, naming, min, max, relation)| {
                let fields = fields.into_iter().map(|(name, (spec, required))| (name, spec, required)).collect();
                Spec::Struct { fields, groups, naming, min, max, relation }
            },
        );
        let contains = prop::collection::vec((inner.clone(), 0_usize..3, prop::option::of(0_usize..3)), 0..2);
        let lists = (
            prop::collection::vec(inner.clone(), 0..3),
            rest(),
            0_usize..3,
            prop::option::of(0_usize..5),
            any::<bool>(),
            contains,
        )
            .prop_map(|(prefix, rest, min, max, unique, contains)| Spec::List {
                prefix,
                rest,
                min,
                max,
                unique,
                contains,
            });
        // Alternatives that the member `kind` tells apart, as far as the chosen values are different.
        let case = (prop::collection::vec(text(), 1..3), prop::collection::vec((text(), inner.clone()), 0..3), rest());
        let cases = prop::collection::vec(case, 2..4).prop_map(|cases| {
            let case = |(values, others, rest): (Vec<String>, Vec<(String, Spec)>, Box<Spec>)| {
                let mut fields: BTreeMap<String, (Spec, bool)> =
                    others.into_iter().map(|(name, spec)| (name, (spec, false))).collect();
                fields.insert("kind".into(), (Spec::OneOf(values), true));
                let fields = fields.into_iter().map(|(name, (spec, required))| (name, spec, required)).collect();
                Spec::Struct { fields, groups: vec![(vec![], rest)], naming: None, min: 0, max: None, relation: None }
            };
            Spec::Unique(cases.into_iter().map(case).collect())
        });
        prop_oneof![
            6 => structs,
            4 => lists,
            2 => cases,
            2 => specs().prop_map(Spec::All),
            2 => specs().prop_map(Spec::AnyOf),
            2 => specs().prop_map(Spec::Unique),
            2 => (0_u32..3, 0_u32..3, specs()).prop_map(|(min, max, specs)| Spec::Count(min, max, specs)),
            1 => inner.clone().prop_map(|spec| Spec::Not(Box::new(spec))),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| Spec::Choose(Box::new([a, b, c]))),
            1 => (0_u8..6, inner.clone()).prop_map(|(kind, spec)| Spec::When(kind, Box::new(spec))),
        ]
    })
}

/// The rule refers to itself outside structs and lists, so that no interpreter gets anywhere with it.
fn is_endless(spec: &Spec) -> bool {
    match spec {
        Spec::Root => true,
        Spec::All(specs) | Spec::AnyOf(specs) | Spec::Unique(specs) | Spec::Count(_, _, specs) => {
            specs.iter().any(is_endless)
        }
        Spec::Not(spec) | Spec::When(_, spec) => is_endless(spec),
        Spec::Choose(specs) => specs.iter().any(is_endless),
        _ => false,
    }
}

fn compile(spec: &Spec) -> Result<Program, vet::BuildError> {
    let mut builder = Builder::new();
    let root = builder.declare();
    let rule = spec.build(&mut builder, root);
    builder.define(root, rule);
    builder.finish(root)
}

/// The documents, and pairs of them as lists and as structs.
fn combined(docs: &[Doc]) -> Vec<Doc> {
    let pairs = docs.iter().flat_map(|a| docs.iter().map(move |b| (a.clone(), b.clone())));
    let lists = pairs.clone().map(|(a, b)| Doc::List(vec![a, b]));
    let structs = pairs.map(|(a, b)| Doc::Struct(vec![("a".into(), a), ("kind".into(), b)]));
    docs.iter().cloned().chain(lists).chain(structs).collect()
}

proptest! {
    // About 140,000 pairs of rules and documents; `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn the_program_judges_as_the_interpreter(spec in spec(), docs in prop::collection::vec(doc(), 8)) {
        match compile(&spec) {
            Err(error) => prop_assert!(error == vet::BuildError::Endless && is_endless(&spec), "{error}"),
            Ok(program) => {
                prop_assert!(!is_endless(&spec));
                for doc in combined(&docs) {
                    let mut text = String::new();
                    doc.write(&mut text);
                    let holds = match program.check(text.as_bytes()) {
                        Verdict::Accept => Some(true),
                        Verdict::Reject(_) => Some(false),
                        Verdict::Unsure(_) => None,
                        Verdict::Malformed(malformed) => panic!("{malformed} {text}"),
                    };
                    prop_assert_eq!(holds, spec.judge(&doc, &spec), "{}", text);
                }
            }
        }
    }
}
