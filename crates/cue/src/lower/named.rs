//! Members that repeat their name: `[ID=string]: {id: ID}`.
//!
//! What stands for any member cannot know which one it is. So a place that has to repeat the name is noted while the
//! value of the pattern is lowered, and held against the names when the object around the members has been read.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use vet::{Program, Relation, RelationFn, Verdict, peek};

use super::computed::inside;
use super::scope::Scope;
use crate::syntax::ast::{Expr, Field, Label};

/// The value that stands for all members with names of a pattern, seen from inside.
pub(super) struct Named<'a> {
    /// The declarations that the pattern is one of.
    frame: Scope<'a>,
    /// What the name is called in the value.
    alias: &'a str,
    /// Names from the value to the places that have to repeat the name.
    repeats: Vec<Vec<String>>,
    /// How deep the value stands in the definition.
    depth: usize,
}

impl<'a> Named<'a> {
    pub(super) fn new(frame: &Scope<'a>, alias: &'a str, depth: usize) -> Named<'a> {
        Named { frame: frame.clone(), alias, repeats: Vec::new(), depth }
    }

    /// Whether the expression, which resolves to this field of a frame, is the name.
    pub(super) fn is_name(&self, expr: &Expr, field: &Field, frame: &Scope<'a>) -> bool {
        let is_alias = |expr: &Expr| matches!(expr, Expr::Ident(ident) if ident.name == self.alias);
        is_alias(expr) && matches!(field.label, Label::Pattern(_)) && Rc::ptr_eq(frame, &self.frame)
    }

    /// Notes that the place has to repeat the name.
    pub(super) fn repeat_at(&mut self, path: &[String]) {
        self.repeats.extend(path.get(self.depth..).map(<[String]>::to_vec));
    }

    /// Whether some place has to.
    pub(super) fn is_repeated(&self) -> bool {
        !self.repeats.is_empty()
    }

    /// What holds between each member with one of these names and its value, apart from `fields`, which have rules of
    /// their own.
    pub(super) fn relation(self, names: Program, fields: BTreeSet<String>) -> Relation {
        let repeats = self.repeats;
        let name = format!("{} as the name of the member", self.alias).into();
        let test: Arc<RelationFn> = Arc::new(move |texts| {
            for (quoted, value) in peek::members(texts.first().copied().flatten()?)? {
                match names.check(quoted) {
                    Verdict::Accept => {}
                    Verdict::Reject(_) => continue,
                    Verdict::Unsure(_) | Verdict::Malformed(_) => return None,
                }
                let name = peek::string(quoted)?;
                let own = |path: &Vec<String>| inside(value, path);
                let differs = |own: &[u8]| peek::string(own).is_none_or(|own| own != name);
                if !fields.contains(&*name) && repeats.iter().filter_map(own).any(differs) {
                    return Some(false);
                }
            }
            Some(true)
        });
        Relation { name, members: Vec::new(), sees_object: true, test }
    }
}
