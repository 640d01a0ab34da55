//! Alternatives that one member tells apart.

use super::FIELDS_MAX;
use crate::formula::{Formula, Join};
use crate::names::Names;
use crate::program::{Program, StringTest, StructId, StructTest, Switch};
use crate::verdict::Kind;

/// The table for alternatives that a member tells apart. At most one of them can hold, so all joins that need one mean
/// the same.
///
/// [`Builder::alternatives`] adds which of them survive at all; a case that decides leaves one of those, too.
pub(super) fn switch(program: &Program, object: &Formula<StructTest>) -> Option<Switch> {
    let object = match object {
        Formula::Join(Join::All, parts) => match &**parts {
            [Formula::Join(Join::Unique, survive), valid @ Formula::Join(Join::Any, parts)]
                if survive.len() == parts.len() =>
            {
                switch(program, valid)?;
                valid
            }
            _ => return None,
        },
        other => other,
    };
    let Formula::Join(Join::Any | Join::Unique | Join::Count { min: 1, max: 1.. }, parts) = object else { return None };
    let alternative = |part: &Formula<StructTest>| match part {
        Formula::Rule(StructTest::Struct(id)) => Some(*id),
        _ => None,
    };
    let structs = parts.iter().map(alternative).collect::<Option<Vec<StructId>>>()?;
    let first = &program.structs[*structs.first()? as usize];
    first.names.iter().find_map(|name| switch_on(program, &structs, name))
}

fn switch_on(program: &Program, structs: &[StructId], name: &[u8]) -> Option<Switch> {
    let mut cases: Vec<(&[u8], StructId)> = Vec::new();
    for id in structs {
        let rule = &program.structs[*id as usize];
        let field = rule.fields.get(rule.names.find(name)?).filter(|field| field.required)?;
        let node = &program.nodes[field.node as usize];
        let strings_only = [Kind::Null, Kind::Bool, Kind::Number, Kind::Struct, Kind::List];
        let Formula::Rule(StringTest::OneOf(values)) = &node.string else { return None };
        if strings_only.iter().any(|kind| node.allows(*kind)) {
            return None;
        }
        cases.extend(values.iter().map(|value| (value, *id)));
    }
    cases.sort_unstable();
    let disjoint = cases.windows(2).all(|pair| pair[0].0 != pair[1].0);
    (disjoint && cases.len() < FIELDS_MAX).then(|| Switch {
        name: name.into(),
        values: Names::new(cases.iter().map(|(value, _)| *value)),
        structs: cases.iter().map(|(_, id)| *id).collect(),
    })
}
