//! The order of the fields of a struct must not matter: all orders are tried and give the same value.

use cue::syntax::ast::{Decl, Expr, Field, Label, StructLit};
use cue::syntax::pos::{FileId, SourceFile};
use cue::syntax::{ParseOptions, parse_file, print_file};
use cue::{Shape, Value};

use crate::archive::{self, all_fields, descend, field_text};
use crate::corpus::{Archive, Directive};

/// More orders than these are not tried.
const ORDERS_MAX: usize = 120;

/// Whether the struct at the directive has the same value in all orders of its fields.
pub(crate) fn judge(row: &Directive, archive: &Archive) -> Result<(), String> {
    let path = row.path.as_deref().ok_or("the directive has no path")?;
    let text = archive.files.get(&row.file).ok_or_else(|| format!("no file {}", row.file))?;
    let source = SourceFile::new(row.file.as_str(), text.as_str());
    let file = parse_file(&source, FileId(0), &ParseOptions::default()).map_err(|errors| errors[0].to_string())?;
    let place = Place { source: &source, line: row.line };
    let count = place.find(&mut file.clone().decls, path).ok_or("no struct at the directive")?.len();
    let mut first: Option<String> = None;
    for order in orders(count) {
        let mut file = file.clone();
        let decls = place.find(&mut file.decls, path).ok_or("no struct at the directive")?;
        let old = decls.to_vec();
        decls.iter_mut().zip(&order).for_each(|(decl, index)| decl.clone_from(&old[*index]));
        let printed = print_file(&file, None);
        let mut files = archive.files.clone();
        files.insert(row.file.clone(), printed);
        let instance = archive::load(&files).map_err(|errors| format!("in another order: {errors}"))?;
        let value = descend(instance.root(), path).ok_or("no value in another order")?;
        let found = canonical(&value);
        match &first {
            Some(first) if *first != found => return Err(format!("{first} becomes {found}")),
            Some(_) => {}
            None => first = Some(found),
        }
    }
    Ok(())
}

/// All orders of so many things, the first as they are.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for next in 0..count {
        let longer = |order: &Vec<usize>| -> Vec<Vec<usize>> {
            let insert = |at: usize| {
                let mut order = order.clone();
                order.insert(at, next);
                order
            };
            (0..=order.len()).rev().map(insert).collect()
        };
        all = all.iter().flat_map(longer).take(ORDERS_MAX).collect();
    }
    all
}

/// A line of a file.
struct Place<'a> {
    source: &'a SourceFile,
    line: u32,
}

impl Place<'_> {
    /// The declarations of the struct at a path that holds the line.
    fn find<'d>(&self, decls: &'d mut [Decl], path: &[String]) -> Option<&'d mut [Decl]> {
        let Some((name, rest)) = path.split_first() else { return Some(decls) };
        decls.iter_mut().find_map(|decl| match decl {
            Decl::Field(field) if is_named(field, name) => {
                let lit = struct_of(&mut field.value)?;
                if self.holds_line(lit) { self.find(&mut lit.decls, rest) } else { None }
            }
            _ => None,
        })
    }

    fn holds_line(&self, lit: &StructLit) -> bool {
        let line = |pos: cue::syntax::pos::Pos| self.source.line_column(pos.offset).0;
        !lit.braces || (line(lit.pos) <= self.line && self.line <= line(lit.end))
    }
}

fn struct_of(expr: &mut Expr) -> Option<&mut StructLit> {
    match expr {
        Expr::Struct(lit) => Some(lit),
        Expr::Commented(inner, _) | Expr::Alias { expr: inner, .. } => struct_of(inner),
        Expr::Binary { left, right, .. } => struct_of(left).or_else(|| struct_of(right)),
        _ => None,
    }
}

fn is_named(field: &Field, name: &str) -> bool {
    match &field.label {
        Label::Ident(ident) => ident.name == name,
        Label::String(lit) => lit.raw == name,
        _ => false,
    }
}

/// A value as text, with its fields and alternatives in alphabetical order.
fn canonical(value: &Value) -> String {
    let sorted = |mut parts: Vec<String>, separator: &str| {
        parts.sort();
        parts.join(separator)
    };
    match value.shape() {
        Shape::Bottom(errors) => format!("_|_({:?})", errors.first().code),
        Shape::Disjunction(alternatives) => {
            let show =
                |(value, marked): &(Value, bool)| format!("{}{}", if *marked { "*" } else { "" }, canonical(value));
            sorted(alternatives.iter().map(show).collect(), "|")
        }
        Shape::Struct(_) => {
            let show = |field: cue::Field| {
                format!("{}:{}", field_text(&field.label, field.constraint), canonical(&field.value))
            };
            format!("{{{}}}", sorted(all_fields(value).into_iter().map(show).collect(), ","))
        }
        Shape::List(_) => format!("[{}]", value.elements().iter().map(canonical).collect::<Vec<_>>().join(",")),
        _ => value.to_cue(),
    }
}
