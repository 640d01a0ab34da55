//! Rules for objects.

use super::{BuildError, Builder, FIELDS_MAX, GroupRule, Rule, SLOTS_MAX, StructRule};
use crate::block::Spelling;
use crate::names::Names;
use crate::program::{Field, Group, Node, Relation, Struct};

/// Fields by name, in order, with everything that holds for them.
pub(super) type Spread = Vec<(Box<[u8]>, Rule)>;

impl Builder {
    /// The fields of a struct with everything that holds for them, and the names that are required.
    pub(super) fn spread(&mut self, rule: &StructRule) -> Result<Spread, BuildError> {
        let mut fields = rule.fields.clone();
        let related = rule.relations.iter().flat_map(|relation| &relation.members);
        for name in rule.required.iter().chain(related) {
            if !fields.iter().any(|(field, _)| field == name) {
                let rest = self.rest_of(rule, name);
                fields.push((name.clone(), rest));
            }
        }
        if fields.len() > FIELDS_MAX {
            return Err(BuildError::Fields { count: fields.len(), limit: FIELDS_MAX });
        }
        let mut names: Vec<&String> = fields.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BuildError::FieldTwice(pair[0].clone()));
        }
        let spread = fields.into_iter().map(|(name, field)| {
            let mut rules: Vec<Rule> =
                rule.groups.iter().filter(|group| group.fields).flat_map(|group| self.matching(group, &name)).collect();
            rules.push(field);
            let rule = if rules.len() == 1 { field } else { self.all(rules) };
            (name.into_bytes().into(), rule)
        });
        Ok(spread.collect())
    }

    /// The rules that hold for a member because its name satisfies those before them.
    fn matching(&self, group: &GroupRule, name: &str) -> Vec<Rule> {
        group.patterns.iter().filter(|(names, _)| self.allows(*names, name)).map(|(_, rule)| *rule).collect()
    }

    /// What holds for a required member that is no field, apart from patterns.
    fn rest_of(&mut self, rule: &StructRule, name: &str) -> Rule {
        let unmatched = rule.groups.iter().filter(|group| self.matching(group, name).is_empty());
        let rests: Vec<Rule> = unmatched.map(|group| group.rest).collect();
        self.all(rests)
    }
}

pub(super) fn structure(rule: &StructRule, fields: Spread, nodes: &[Node]) -> Result<Struct, BuildError> {
    let names = |rule: Rule| &nodes[rule.0 as usize].string;
    if rule.groups.iter().flat_map(|group| &group.patterns).any(|(rule, _)| names(*rule).is_doubtful()) {
        return Err(BuildError::Names);
    }
    let group = |group: &GroupRule| Group {
        patterns: group.patterns.iter().map(|(of, rule)| (names(*of).clone(), rule.0)).collect(),
        rest: (!nodes[group.rest.0 as usize].is_never()).then_some(group.rest.0),
        open: group.patterns.is_empty() && nodes[group.rest.0 as usize].is_any(),
    };
    let is_required = |name: &[u8]| rule.required.iter().any(|required| required.as_bytes() == name);
    let required = fields.iter().enumerate().filter(|(_, (name, _))| is_required(name));
    let mut related: Vec<&str> =
        rule.relations.iter().flat_map(|relation| &relation.members).map(String::as_str).collect();
    related.sort_unstable();
    related.dedup();
    if related.len() > SLOTS_MAX {
        return Err(BuildError::Related { count: related.len(), limit: SLOTS_MAX });
    }
    let slot = |name: &[u8]| related.binary_search_by(|known| known.as_bytes().cmp(name)).ok().map(|slot| slot as u8);
    let relation = |relation: &Relation| {
        (relation.clone(), relation.members.iter().filter_map(|name| slot(name.as_bytes())).collect())
    };
    // A bit says whether a field has been seen, and nothing is asked of names.
    let plain = rule.naming.is_none() && fields.len() <= Struct::NARROW_MAX;
    let field = |(name, rule): &(Box<[u8]>, Rule)| {
        let field = Field::new(name, rule.0, is_required(name));
        let (slot, spelling) = (slot(name), if plain { field.spelling.clone() } else { Spelling::NOWHERE });
        Field { noted: slot.is_some(), slot: slot.unwrap_or(Field::NO_SLOT), spelling, ..field }
    };
    Ok(Struct {
        names: Names::new(fields.iter().map(|(name, _)| &**name)),
        required: required.clone().filter(|(index, _)| *index < 64).fold(0, |bits, (index, _)| bits | 1 << index),
        required_count: required.count(),
        groups: rule.groups.iter().map(group).collect(),
        naming: rule.naming.map(|rule| rule.0),
        members_min: rule.members_min,
        members_max: rule.members_max.unwrap_or(usize::MAX),
        relations: rule.relations.iter().map(relation).collect(),
        slots: related.len(),
        fields: fields.iter().map(field).collect(),
    })
}
