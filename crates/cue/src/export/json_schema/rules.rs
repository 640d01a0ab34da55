//! Schemas in the making: sets of keywords that hold together, and how several become one object or an `allOf`.

use std::collections::BTreeMap;

use super::super::tree::Json;

/// Keywords before all others, in the order of output; the others follow by name.
const FIRST: [&str; 9] = [
    "$schema",
    "$defs",
    "type",
    "description",
    "additionalProperties",
    "items",
    "patternProperties",
    "prefixItems",
    "properties",
];

/// Keywords that mean something else if one of the others stands beside them.
const DEPENDENT: [(&str, &[&str]); 2] =
    [("items", &["prefixItems"]), ("additionalProperties", &["properties", "patternProperties"])];

/// A schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Schema {
    /// `false`.
    Never,
    /// All keywords at once; `true` if there are none.
    Rules(Rules),
}

/// Keywords with their values.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    keywords: BTreeMap<&'static str, Term>,
    /// Whether they are of operands that demand several things. The reference takes no two of these for the same.
    is_compound: bool,
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        !self.is_compound && !other.is_compound && self.keywords == other.keywords
    }
}

/// Schemas that hold together.
#[derive(Clone, Debug, Default)]
pub(super) struct Demands {
    pub(super) schemas: Vec<Schema>,
    /// Whether they are of operands that demand several things.
    pub(super) is_compound: bool,
}

impl From<Vec<Schema>> for Demands {
    fn from(schemas: Vec<Schema>) -> Self {
        Self { schemas, is_compound: false }
    }
}

impl Demands {
    /// Adds what another operand demands.
    pub(super) fn extend(&mut self, other: Self) {
        let is_several = |demands: &Self| demands.is_compound || demands.schemas.len() > 1;
        if self.schemas.is_empty() && !self.is_compound {
            *self = other;
        } else {
            self.is_compound = is_several(self) || is_several(&other);
            self.schemas.extend(other.schemas);
        }
    }

    /// One schema that demands all of it: an object as far as keywords do not meet, and an `allOf` for the others.
    pub(super) fn together(self) -> Schema {
        match Schema::all(self.schemas) {
            Schema::Rules(rules) => {
                Schema::Rules(Rules { is_compound: rules.is_compound || self.is_compound, ..rules })
            }
            Schema::Never => Schema::Never,
        }
    }
}

/// What stands under a keyword.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Json(Json),
    /// A pointer to a definition, by its index.
    Reference(usize),
    Schema(Box<Schema>),
    Schemas(Vec<Schema>),
    Named(BTreeMap<String, Schema>),
}

impl Schema {
    /// `true`.
    pub(super) const ANY: Self = Self::Rules(Rules { keywords: BTreeMap::new(), is_compound: false });

    pub(super) fn is_any(&self) -> bool {
        matches!(self, Self::Rules(rules) if rules.keywords.is_empty())
    }

    /// The constant that is the only value it allows, if that is all it says.
    pub(super) fn constant(&self) -> Option<&Json> {
        match self {
            Self::Rules(Rules { keywords, .. }) if keywords.len() == 1 => match keywords.get("const") {
                Some(Term::Json(constant)) => Some(constant),
                _ => None,
            },
            _ => None,
        }
    }

    /// Adds its keywords to others; tells whether that says it all.
    pub(super) fn extend(self, rules: &mut Rules) -> bool {
        match self {
            Self::Never => false,
            Self::Rules(own) => {
                rules.keywords.extend(own.keywords);
                true
            }
        }
    }

    /// All schemas at once. What does not fit into the first object comes before it, as the reference has it.
    fn all(schemas: impl IntoIterator<Item = Self>) -> Self {
        let mut base = Rules::default();
        let mut others: Vec<Self> = Vec::new();
        for schema in schemas {
            match schema {
                Self::Never => return Self::Never,
                Self::Rules(rules) if base.takes(&rules) => {
                    base.is_compound |= rules.is_compound;
                    base.keywords.extend(rules.keywords);
                }
                other if others.contains(&other) => {}
                other => others.push(other),
            }
        }
        if others.is_empty() {
            return Self::Rules(base);
        }
        if !base.keywords.is_empty() {
            others.push(Self::Rules(base));
        }
        match others.len() {
            1 => others.swap_remove(0),
            _ => Self::Rules(Rules::one("allOf", Term::Schemas(others))),
        }
    }

    fn to_json(&self, names: &[String]) -> Json {
        match self {
            Self::Never => Json::Bool(false),
            Self::Rules(rules) if rules.keywords.is_empty() => Json::Bool(true),
            Self::Rules(rules) => rules.to_json(names),
        }
    }
}

impl Rules {
    pub(super) fn one(keyword: &'static str, term: Term) -> Self {
        Self { keywords: BTreeMap::from([(keyword, term)]), is_compound: false }
    }

    pub(super) fn set(&mut self, keyword: &'static str, term: Term) {
        self.keywords.insert(keyword, term);
    }

    pub(super) fn get(&self, keyword: &str) -> Option<&Term> {
        self.keywords.get(keyword)
    }

    /// Whether other keywords can stand beside its own and mean the same.
    fn takes(&self, other: &Self) -> bool {
        let is_compound = self.is_compound || other.is_compound;
        let clashes =
            |(keyword, term): (&&str, &Term)| self.keywords.get(keyword).is_some_and(|own| is_compound || own != term);
        let depends = |one: &Self, other: &Self| {
            DEPENDENT.iter().any(|(keyword, on)| {
                one.keywords.contains_key(keyword)
                    && !other.keywords.contains_key(keyword)
                    && on.iter().any(|on| other.keywords.contains_key(on))
            })
        };
        !other.keywords.iter().any(clashes) && !depends(self, other) && !depends(other, self)
    }

    pub(super) fn to_json(&self, names: &[String]) -> Json {
        let rank = |keyword: &str| FIRST.iter().position(|first| *first == keyword).unwrap_or(FIRST.len());
        let mut entries: Vec<_> = self.keywords.iter().collect();
        entries.sort_by_key(|(keyword, _)| rank(keyword));
        let entry = |(keyword, term): (&&str, &Term)| ((*keyword).to_owned(), term.to_json(names));
        Json::Object(entries.into_iter().map(entry).collect())
    }
}

impl Term {
    fn to_json(&self, names: &[String]) -> Json {
        stacker::maybe_grow(64 << 10, 1 << 20, || match self {
            Self::Json(json) => json.clone(),
            Self::Reference(index) => Json::String(super::references::pointer(&names[*index])),
            Self::Schema(schema) => schema.to_json(names),
            Self::Schemas(schemas) => Json::Array(schemas.iter().map(|schema| schema.to_json(names)).collect()),
            Self::Named(schemas) => {
                Json::Object(schemas.iter().map(|(name, schema)| (name.clone(), schema.to_json(names))).collect())
            }
        })
    }
}

/// A schema with one keyword.
pub(super) fn rule(keyword: &'static str, value: impl Into<Json>) -> Schema {
    Schema::Rules(Rules::one(keyword, Term::Json(value.into())))
}

/// A schema with one keyword that holds a schema.
pub(super) fn with_schema(keyword: &'static str, schema: Schema) -> Schema {
    Schema::Rules(Rules::one(keyword, Term::Schema(Box::new(schema))))
}

/// A schema with one keyword that holds several schemas.
pub(super) fn with_schemas(keyword: &'static str, schemas: Vec<Schema>) -> Schema {
    Schema::Rules(Rules::one(keyword, Term::Schemas(schemas)))
}
