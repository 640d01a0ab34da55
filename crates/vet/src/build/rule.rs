//! What a front end says of numbers, objects and arrays.

use super::Rule;
use crate::decimal::Decimal;
use crate::program::{NumberForm, Relation, Unique};

/// Which numbers are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberRule {
    /// How the number is written.
    pub form: NumberForm,
    /// The lower bound, and whether it is itself allowed.
    pub min: Option<(Decimal, bool)>,
    /// The upper bound, and whether it is itself allowed.
    pub max: Option<(Decimal, bool)>,
}

/// Rules for members by what their name matches.
#[derive(Clone, Debug)]
pub struct GroupRule {
    /// The second rule of each holds for members whose name satisfies the first, as a string. The first must be certain
    /// of every name: it holds no island.
    pub patterns: Vec<(Rule, Rule)>,
    /// Whether the patterns' rules hold for fields too.
    pub fields: bool,
    /// The rule for members that are no field and match no pattern: [`crate::Builder::never`] closes the struct.
    pub rest: Rule,
}

/// Which objects are allowed.
#[derive(Clone, Debug)]
pub struct StructRule {
    /// Members by name. A name may stand here once.
    pub fields: Vec<(String, Rule)>,
    /// Names of members that must be there.
    pub required: Vec<String>,
    /// What holds for members by what their name matches. A member has to be allowed by each of these.
    pub groups: Vec<GroupRule>,
    /// What every name has to satisfy, as a string.
    pub naming: Option<Rule>,
    /// The least number of members.
    pub members_min: usize,
    /// The greatest number of members.
    pub members_max: Option<usize>,
    /// Rules between members. They look at no more than [`crate::SLOTS_MAX`] members in all.
    pub relations: Vec<Relation>,
}

impl StructRule {
    /// No fields; other members as `rest` says.
    pub fn new(rest: Rule) -> StructRule {
        StructRule {
            fields: Vec::new(),
            required: Vec::new(),
            groups: vec![GroupRule { patterns: Vec::new(), fields: true, rest }],
            naming: None,
            members_min: 0,
            members_max: None,
            relations: Vec::new(),
        }
    }

    /// Adds a member that may be left out.
    pub fn optional(mut self, name: &str, rule: Rule) -> StructRule {
        self.fields.push((name.into(), rule));
        self
    }

    /// Adds a member that must be there.
    pub fn required(mut self, name: &str, rule: Rule) -> StructRule {
        self.required.push(name.into());
        self.optional(name, rule)
    }
}

/// Which arrays are allowed.
#[derive(Clone, Debug)]
pub struct ListRule {
    /// Rules for the first elements. They may be missing unless `length_min` says otherwise.
    pub prefix: Vec<Rule>,
    /// The rule for all other elements: [`crate::Builder::never`] closes the list.
    pub rest: Rule,
    /// The least number of elements.
    pub length_min: usize,
    /// The greatest number of elements.
    pub length_max: Option<usize>,
    /// Whether two elements may be equal.
    pub unique: Unique,
    /// Rules of which at least, and at most, so many elements have to satisfy each.
    pub contains: Vec<(Rule, usize, Option<usize>)>,
}

impl ListRule {
    /// Any number of elements that satisfy `rest`.
    pub fn of(rest: Rule) -> ListRule {
        ListRule { prefix: Vec::new(), rest, length_min: 0, length_max: None, unique: Unique::No, contains: Vec::new() }
    }
}
