//! Declarations merged: fields of one name become one, references and expressions stay as they are written.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use super::{Exporter, Scopes, call, ellipsis, embed, ident, joined, name, string, structure};
use crate::{
    eval::vertex::{Base, Conjunct, Info, NONE, Term, VertexId},
    ir::{
        Atom, Decl as IrDecl, Expr as Ir, ExprId, Notes, StructLit,
        label::{Label, LabelKind},
    },
    kind::Kind,
    number::Number,
    syntax::{
        ast::{self, BinaryOp, Comments, Constraint, Decl, Expr, LitKind},
        literal::{self, Lines, Text},
        pos::Pos,
    },
};

/// An expression with the frames of its environments.
type Declared = (Scopes, ExprId);

/// What is gathered for one struct.
#[derive(Default)]
struct Merged {
    vertex: Option<VertexId>,
    frame: usize,
    /// Expressions that refer to nothing, to be unified.
    values: Vec<ExprId>,
    embedded: Vec<Expr>,
    conjuncts: Vec<Expr>,
    has_struct: bool,
    fields: Vec<MergedField>,
    /// The labels of each literal.
    literals: Vec<VecDeque<Label>>,
    attributes: Vec<Arc<str>>,
    is_open: bool,
}

struct MergedField {
    label: Label,
    constraint: Constraint,
    declared: Vec<Declared>,
    notes: Vec<Arc<Notes>>,
}

impl Exporter<'_> {
    /// A value by its declarations.
    pub(super) fn definition(&mut self, vertex: VertexId) -> Expr {
        let conjuncts = self.engine.v(vertex).conjuncts.clone();
        let mut declared = Vec::new();
        let whole = self.engine.v(vertex).parent == NONE && conjuncts.len() > 1;
        self.gather_inputs(&conjuncts, vertex, whole, &mut declared);
        self.merged(Some(vertex), &declared)
    }

    fn gather_inputs(&mut self, conjuncts: &[Conjunct], vertex: VertexId, whole: bool, declared: &mut Vec<Declared>) {
        for conjunct in conjuncts {
            match conjunct.term {
                Term::Expr(expr) if whole && self.engine.is_reference(expr) => {
                    // What a value on its own refers to is shown in its place.
                    match self.engine.resolve(conjunct.env, expr, vertex) {
                        Ok(target) => {
                            let inner = self.engine.v(target).conjuncts.clone();
                            self.gather_inputs(&inner, vertex, false, declared);
                        }
                        Err(_) => declared.push((self.scopes(conjunct.env), expr)),
                    }
                }
                Term::Expr(expr) => declared.push((self.scopes(conjunct.env), expr)),
                Term::Vertex(value) | Term::Plain(value) => {
                    let inner = self.engine.v(value).conjuncts.clone();
                    self.gather_inputs(&inner, vertex, whole, declared);
                }
                Term::Datum(_) => {}
            }
        }
    }

    /// Several declarations of one value as one expression.
    pub(super) fn merged(&mut self, vertex: Option<VertexId>, declared: &[Declared]) -> Expr {
        let dynamic = self.names.dynamic_len();
        let expr = self.merged_in_frame(vertex, declared);
        self.names.end_dynamic(dynamic);
        expr
    }

    /// The same for a field whose value may have aliases.
    fn merged_field(&mut self, vertex: Option<VertexId>, field: &MergedField) -> Expr {
        let aliases: Vec<Arc<str>> = field.notes.iter().filter_map(|notes| notes.value_alias.clone()).collect();
        let (depth, alias) = self.names.open_value(&aliases, false);
        let value = self.merged(vertex, &field.declared);
        self.names.close_value(depth);
        aliased(alias, value)
    }

    fn merged_in_frame(&mut self, vertex: Option<VertexId>, declared: &[Declared]) -> Expr {
        let frame = self.push_frame();
        let mut merged = Merged { vertex, frame, ..Merged::default() };
        let mut seen: Vec<ExprId> = Vec::new();
        for (_, expr) in declared {
            self.note_aliases(*expr);
        }
        for (scopes, expr) in declared {
            if !seen.contains(expr) {
                seen.push(*expr);
                self.add(&mut merged, scopes, *expr, false);
            }
        }
        if !merged.values.is_empty() {
            let value = self.unified(&merged.values);
            merged.embedded.push(value);
        }
        let mut fields = std::mem::take(&mut merged.fields);
        let order = declared_order(std::mem::take(&mut merged.literals));
        fields.sort_by_key(|field| order.get(&field.label).copied());
        let mut decls: Vec<Decl> = merged.attributes.iter().map(attribute).collect();
        let once = !merged.is_open && vertex.is_some_and(|vertex| self.engine.is_closed_once(vertex));
        if fields.is_empty() && !merged.is_open && decls.is_empty() && self.frames[frame].lets.is_empty() {
            match (merged.embedded.len() + merged.conjuncts.len(), merged.has_struct) {
                (0, true) => return closed_once(once, structure(Vec::new())),
                (0, false) => return name("_"),
                (1, _) => return merged.conjuncts.pop().unwrap_or_else(|| merged.embedded.remove(0)),
                _ => {}
            }
        }
        let no_fields = fields.is_empty() && !merged.is_open;
        if let [Expr::Struct(lit)] = &merged.embedded[..]
            && no_fields
            && merged.conjuncts.is_empty()
        {
            let lets = self.let_decls(frame);
            let decls = lets.into_iter().chain(decls).chain(lit.decls.iter().cloned()).collect();
            return closed_once(once, structure(decls));
        }
        decls.extend(merged.embedded.drain(..).map(embed));
        for field in fields {
            let arc = vertex.and_then(|vertex| self.engine.v(self.engine.follow(vertex)).arc(field.label));
            let alias = self.frames[frame].aliases.get(&field.label).cloned();
            let is_definition = self.is_definition(field.label);
            self.definitions += usize::from(is_definition);
            let value = self.merged_field(arc, &field);
            self.definitions -= usize::from(is_definition);
            let mut decl = self.field(field.label, field.constraint, value, &field.notes);
            if let Decl::Field(field) = &mut decl {
                field.alias = alias.map(|alias| Box::new(ident(&alias)));
                if let Some(arc) = arc {
                    self.link_field(arc, field, false);
                }
            }
            decls.push(decl);
        }
        if merged.is_open {
            decls.push(Decl::Ellipsis(ellipsis(None)));
        }
        let lets = self.let_decls(frame);
        let decls: Vec<Decl> = lets.into_iter().chain(decls).collect();
        if merged.conjuncts.is_empty() {
            return closed_once(once, structure(decls));
        }
        if merged.has_struct || !decls.is_empty() {
            merged.conjuncts.push(closed_once(once, structure(decls)));
        }
        joined(BinaryOp::And, merged.conjuncts)
    }

    fn add(&mut self, merged: &mut Merged, scopes: &Scopes, id: ExprId, embedded: bool) {
        let expr = self.engine.expr(id).clone();
        match expr {
            Ir::Struct(lit) => self.add_struct(merged, scopes, &lit, if embedded { None } else { merged.vertex }),
            Ir::And { left, right } if !embedded => {
                self.add(merged, scopes, left, false);
                self.add(merged, scopes, right, false);
            }
            Ir::Top if !embedded && merged.vertex.is_some_and(|vertex| self.is_more_than_top(vertex)) => {}
            _ if self.is_self_contained(id) => merged.values.push(id),
            _ => {
                let expr = self.expression(scopes, id);
                if embedded { merged.embedded.push(expr) } else { merged.conjuncts.push(expr) }
            }
        }
    }

    /// Whether something besides `_` is known of a value.
    fn is_more_than_top(&self, vertex: VertexId) -> bool {
        let v = self.engine.v(self.engine.follow(vertex));
        !matches!(v.base, Base::Partial | Base::Unknown) || v.work.kind != Kind::TOP || !v.work.checks.is_empty()
    }

    fn is_definition(&self, label: Label) -> bool {
        matches!(self.engine.store.labels.kind(label), LabelKind::Definition | LabelKind::HiddenDefinition)
    }

    fn add_struct(&mut self, merged: &mut Merged, scopes: &Scopes, lit: &Arc<StructLit>, vertex: Option<VertexId>) {
        if self.profile.attributes {
            for attribute in &lit.attributes {
                if !merged.attributes.contains(attribute) {
                    merged.attributes.push(attribute.clone());
                }
            }
        }
        if is_complex(lit) {
            let expr = self.plain_struct(scopes, lit, merged.frame, vertex);
            return merged.embedded.push(expr);
        }
        merged.has_struct = true;
        let labels = lit.decls.iter().filter_map(|decl| match decl {
            IrDecl::Field(field) => Some(field.label),
            _ => None,
        });
        merged.literals.push(labels.collect());
        let scopes = self.within(scopes, merged.frame, merged.vertex);
        for decl in &lit.decls {
            match decl {
                IrDecl::Field(field) => {
                    let at = match merged.fields.iter().position(|known| known.label == field.label) {
                        Some(at) => at,
                        None => {
                            let (label, constraint) = (field.label, field.constraint);
                            let (declared, notes) = (Vec::new(), Vec::new());
                            merged.fields.push(MergedField { label, constraint, declared, notes });
                            merged.fields.len() - 1
                        }
                    };
                    let known = &mut merged.fields[at];
                    known.constraint = stronger(known.constraint, field.constraint);
                    known.declared.push((scopes.clone(), field.value));
                    known.notes.extend(field.notes.iter().cloned());
                }
                IrDecl::Embed(expr) => self.add(merged, &scopes, *expr, true),
                IrDecl::Ellipsis => merged.is_open = true,
                IrDecl::Dynamic { .. } | IrDecl::Pattern { .. } | IrDecl::Comprehension(_) => {}
            }
        }
    }

    /// Whether an expression refers to nothing.
    fn is_self_contained(&self, id: ExprId) -> bool {
        stacker::maybe_grow(128 << 10, 2 << 20, || match self.engine.expr(id) {
            Ir::Atom(_) | Ir::Top | Ir::Bottom | Ir::Type(_) | Ir::Range(..) => true,
            Ir::Unary { operand, .. } | Ir::Bound { operand, .. } => self.is_self_contained(*operand),
            Ir::Binary { left, right, .. } | Ir::And { left, right } => {
                self.is_self_contained(*left) && self.is_self_contained(*right)
            }
            _ => false,
        })
    }

    /// Expressions that refer to nothing as one value; a literal as it is written.
    fn unified(&mut self, values: &[ExprId]) -> Expr {
        let literal = values.iter().find(|value| matches!(self.engine.expr(**value), Ir::Atom(_)));
        let vertex = self.engine.anonymous(Term::Expr(values[0]), NONE);
        for value in &values[1..] {
            let conjunct = Conjunct { term: Term::Expr(*value), env: NONE, info: Info::ROOT };
            self.engine.add_input(vertex, conjunct);
        }
        self.engine.process(vertex);
        let is_atom = matches!(self.engine.v(vertex).base, Base::Atom(_));
        let written = literal.filter(|_| is_atom).and_then(|literal| self.written(*literal));
        written.unwrap_or_else(|| self.vertex(vertex))
    }

    /// The text of a literal, if it stands in a file.
    pub(super) fn written(&self, literal: ExprId) -> Option<Expr> {
        let pos = self.engine.pos(literal);
        let file = self.files.get(pos.file.0 as usize);
        if let Ir::Atom(Atom::String(text)) = self.engine.expr(literal)
            && (pos == Pos::NONE || file.is_some_and(|file| *file.text == **text))
        {
            // What was made has its text on one line, such as that of a whole file.
            return Some(Expr::Lit(string(text, Lines::One)));
        }
        let file = file?;
        let raw = literal_at(file.text.get(pos.offset as usize..)?)?;
        // In a file of another language the text may stand for something else.
        let (kind, same) = match self.engine.expr(literal) {
            Ir::Atom(Atom::Number(number)) => {
                let kind = if number.is_int() { LitKind::Int } else { LitKind::Float };
                (kind, Number::from_literal(raw).is_ok_and(|found| found == *number))
            }
            Ir::Atom(Atom::String(text)) => {
                (LitKind::String, matches!(literal::decode_text(raw), Ok(Text::String(found)) if found == **text))
            }
            Ir::Atom(Atom::Bytes(bytes)) => {
                (LitKind::String, matches!(literal::decode_text(raw), Ok(Text::Bytes(found)) if found == **bytes))
            }
            _ => return None,
        };
        if !same {
            return None;
        }
        Some(Expr::Lit(ast::BasicLit { pos: Pos::NONE, kind, raw: raw.to_owned() }))
    }
}

/// The places of fields: one literal after the other, where a field waits for those that other literals put before it,
/// as long as that does not stop all.
fn declared_order(mut literals: Vec<VecDeque<Label>>) -> HashMap<Label, usize> {
    literals.retain(|labels| !labels.is_empty());
    let mut places = HashMap::new();
    if let [only] = literals.as_slice() {
        for (place, label) in only.iter().enumerate() {
            places.entry(*label).or_insert(place);
        }
        return places;
    }
    let mut waits: HashMap<Label, usize> = HashMap::new();
    for label in literals.iter().flat_map(|labels| labels.iter().skip(1)) {
        *waits.entry(*label).or_default() += 1;
    }
    while !literals.is_empty() {
        let is_free = |labels: &VecDeque<Label>| waits.get(&labels[0]).is_none_or(|count| *count == 0);
        let next = literals.iter().position(is_free).unwrap_or(0);
        let labels = &mut literals[next];
        let label = labels.pop_front().expect("literals without labels are left out");
        waits.insert(label, 0);
        let place = places.len();
        places.entry(label).or_insert(place);
        // The last field of a literal is not released by those before it.
        if let [head, _, ..] = labels.make_contiguous()
            && let Some(count @ 1..) = waits.get_mut(head)
        {
            *count -= 1;
        }
        if labels.is_empty() {
            literals.remove(next);
        }
    }
    places
}

fn attribute(text: &Arc<str>) -> Decl {
    Decl::Attribute(ast::Attribute { pos: Pos::NONE, text: text.to_string(), comments: Comments::default() })
}

/// A field that is regular at one place is regular.
fn stronger(a: Constraint, b: Constraint) -> Constraint {
    match (a, b) {
        (Constraint::None, _) | (_, Constraint::None) => Constraint::None,
        (Constraint::Required, _) | (_, Constraint::Required) => Constraint::Required,
        _ => Constraint::Optional,
    }
}

/// Whether a struct has declarations that can't be merged field by field.
fn is_complex(lit: &StructLit) -> bool {
    let complex = |decl: &IrDecl| match decl {
        IrDecl::Dynamic { .. } | IrDecl::Pattern { .. } | IrDecl::Comprehension(_) => true,
        IrDecl::Field(field) => field.notes.as_ref().is_some_and(|notes| notes.alias.is_some()),
        IrDecl::Embed(_) | IrDecl::Ellipsis => false,
    };
    lit.decls.iter().any(complex)
}

/// A value with its alias, if it has one.
pub(super) fn aliased(alias: Option<String>, value: Expr) -> Expr {
    match alias {
        Some(alias) => Expr::Alias { ident: ident(&alias), expr: Box::new(value) },
        None => value,
    }
}

/// A struct in a call of `close`, if that closes it.
fn closed_once(is_closed: bool, value: Expr) -> Expr {
    if is_closed { call(name("close"), vec![value]) } else { value }
}

/// The literal that a text begins with.
pub(super) fn literal_at(text: &str) -> Option<&str> {
    let hashes = text.bytes().take_while(|byte| *byte == b'#').count();
    let rest = &text[hashes..];
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote));
    let Some(quote) = quote else { return number_at(text) };
    let end = format!("{quote}{}", "#".repeat(hashes));
    let escape = format!("\\{}", "#".repeat(hashes));
    let mut at = hashes + quote.len();
    while let Some(rest) = text.get(at..) {
        if rest.starts_with(&end) {
            return text.get(..at + end.len());
        }
        let skipped = if rest.starts_with(&escape) { escape.len() } else { 0 };
        at += skipped + rest[skipped..].chars().next()?.len_utf8();
    }
    None
}

fn number_at(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let part = |index: usize| match bytes.get(index) {
        Some(b'+' | b'-') => !is_hexadecimal && matches!(bytes[index - 1], b'e' | b'E'),
        Some(byte) => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'),
        None => false,
    };
    let len = (0..bytes.len()).take_while(|index| (*index > 0 || bytes[0] != b'+' && bytes[0] != b'-') && part(*index));
    let len = len.count();
    (len > 0).then(|| &text[..len])
}
