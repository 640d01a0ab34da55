//! Fields that a `for` clause makes of the members of a field beside it: `for k, v in least {"count_\(k)": >=v}`.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use vet::{Relation, RelationFn, peek};

use super::computed::{order_of, scalar};
use super::gather::{Conjunct, Group};
use super::node::{Lowering, Missing};
use super::scope::{Target, data_name};
use crate::eval::arith;
use crate::syntax::ast::{Clause, Comprehension, Constraint, Decl, Expr, Field, Label};
use crate::syntax::literal::{Text, decode_fragments};

/// A field for each member of another.
#[derive(Clone)]
pub(super) struct Each {
    source: String,
    /// What stands before and behind the member's name in that of the field.
    around: [String; 2],
    constraint: Constraint,
    /// How a field's value has to compare to the member's.
    holds: fn(Ordering) -> bool,
    pub(super) groups: Arc<[Group]>,
}

/// What else is known of the struct that the fields are made in.
pub(super) struct Others {
    /// Its fields.
    pub(super) fields: BTreeSet<String>,
    /// Whether it allows no other names than those it provides for.
    pub(super) is_closed: bool,
    /// Whether it provides for more names than those of its fields and those made here.
    pub(super) has_patterns: bool,
}

/// Reads a comprehension that makes one field for each member of a field that is declared beside it.
pub(super) fn read<'a>(
    lowering: &Lowering<'a>,
    comprehension: &'a Comprehension,
    around: &Conjunct<'a>,
) -> Option<Each> {
    let ([Clause::For { key: Some(key), value, source, .. }], None) =
        (&comprehension.clauses[..], &comprehension.otherwise)
    else {
        return None;
    };
    let (Expr::Ident(source), Expr::Struct(lit)) = (&**source, &*comprehension.value) else { return None };
    let [Decl::Field(field)] = &lit.decls[..] else { return None };
    let Expr::Unary { op, operand, .. } = &field.value else { return None };
    let is_value = matches!(&**operand, Expr::Ident(ident) if ident.name == value.name && value.name != key.name);
    if !is_value || field.alias.is_some() || field.postfix_alias.is_some() {
        return None;
    }
    let source = match lowering.resolve(&around.scope, &source.name) {
        Target::Sibling { field, frame, .. } if Rc::ptr_eq(&frame, &around.scope) => data_name(&field.label)?,
        _ => return None,
    };
    Some(Each {
        source,
        around: around_name(field, &key.name)?,
        constraint: field.constraint,
        holds: order_of(*op)?,
        groups: around.groups.iter().copied().collect(),
    })
}

/// What stands around the one name that the field's name is computed from.
fn around_name(field: &Field, key: &str) -> Option<[String; 2]> {
    let is_key = |expr: &Expr| matches!(expr, Expr::Ident(ident) if ident.name == key);
    match &field.label {
        Label::Paren(expr, _) => is_key(expr).then(Default::default),
        Label::Interpolation(name) if name.exprs.len() == 1 && name.exprs.iter().all(is_key) => {
            match <[Text; 2]>::try_from(decode_fragments(name).ok()?) {
                Ok([Text::String(before), Text::String(behind)]) => Some([before, behind]),
                _ => None,
            }
        }
        _ => None,
    }
}

impl Each {
    /// A pattern for the names of the fields.
    pub(super) fn names(&self) -> String {
        let [before, behind] = self.around.each_ref().map(|text| regex_syntax::escape(text));
        format!("^{before}(?s:.*){behind}$")
    }

    /// What holds between the members of the source and the fields.
    pub(super) fn relation(&self, others: Others, missing: Missing) -> Relation {
        let each = self.clone();
        let name = format!("a field for each member of {}", self.source).into();
        let test: Arc<RelationFn> = Arc::new(move |texts| match texts {
            [Some(source), Some(object)] => each.holds(source, object, &others, missing),
            _ => None,
        });
        Relation { name, members: vec![self.source.clone()], sees_object: true, test }
    }

    fn holds(&self, source: &[u8], object: &[u8], others: &Others, missing: Missing) -> Option<bool> {
        let [before, behind] = &self.around;
        let mut made = HashMap::new();
        for (name, value) in peek::members(source)? {
            let name = format!("{before}{}{behind}", peek::string(name)?);
            // Such a field may have a default.
            if others.fields.contains(&name) {
                return None;
            }
            made.insert(name, value);
        }
        for (name, value) in peek::members(object)? {
            let name = peek::string(name)?;
            match made.remove(&*name) {
                Some(operand) => match arith::atoms_order(&scalar(value)?, &scalar(operand)?) {
                    Some(order) if (self.holds)(order) => {}
                    unlike => return unlike.map(|_| false),
                },
                None if others.is_closed && self.is_made(&name) && !others.fields.contains(&*name) => {
                    return if others.has_patterns { None } else { Some(false) };
                }
                None => {}
            }
        }
        let may_miss = match missing {
            Missing::Counts => self.constraint == Constraint::Optional,
            Missing::Required => self.constraint != Constraint::Required,
            Missing::Ignored => true,
        };
        Some(made.is_empty() || may_miss)
    }

    /// Whether the name could be that of a field made here.
    fn is_made(&self, name: &str) -> bool {
        let [before, behind] = &self.around;
        name.strip_prefix(before.as_str()).is_some_and(|rest| rest.ends_with(behind.as_str()))
    }
}
