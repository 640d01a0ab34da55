//! The order of fields in what is printed.
//!
//! A struct literal puts each of its fields after the one before. Literals that are unified because they, or the
//! references that brought them, stand one after the other in a file follow each other; those that stand at one place,
//! as the operands of `&` do, and those of different files say nothing about each other. Where declarations
//! contradict each other, or say nothing, names decide.

mod graph;

use std::{collections::VecDeque, sync::Arc};

use rustc_hash::FxHashMap;

use self::graph::{Graph, Node};
use super::{
    engine::Engine,
    vertex::{NONE, Passage, StepId, StructPart, StructSource, Term, TrailId, Vertex, VertexId},
};
use crate::{
    call::Datum,
    ir::{Decl, Expr, ExprId, StructLit, label::Label},
    syntax::pos::{FileId, Pos},
};

/// How many values are looked through, one behind the other, for what a field is made of.
const BEHIND_MAX: usize = 32;

impl Engine {
    /// The children of a vertex in the order of output.
    pub(crate) fn arcs_in_order(&self, vertex: VertexId) -> Vec<(Label, VertexId)> {
        let vertex = self.follow(vertex);
        let v = self.v(vertex);
        if v.arcs.len() < 2 || self.is_one_literal(v) {
            return v.arcs.snapshot();
        }
        let names = Names::new(self, v);
        let mut order = Order { engine: self, literals: self.literals(v), dynamic: FxHashMap::default() };
        order.find_places(vertex);
        let ranks = order.graph(&names).sort();
        ranks.into_iter().map(|rank| names.arcs[rank as usize]).collect()
    }

    /// Whether all fields are those of one literal, as they stand there.
    fn is_one_literal(&self, v: &Vertex) -> bool {
        let [only] = v.work.structs.as_slice() else { return v.work.structs.is_empty() };
        match only.source {
            StructSource::Literal(expr) => match self.expr(expr) {
                Expr::Struct(lit) => lit.decls.iter().all(|decl| matches!(decl, Decl::Field(_) | Decl::Ellipsis)),
                _ => false,
            },
            StructSource::Datum(_) => true,
        }
    }

    /// The structs among the conjuncts of a vertex, each once.
    fn literals(&self, v: &Vertex) -> Vec<Literal> {
        let mut known = FxHashMap::default();
        let mut all: Vec<Literal> = Vec::new();
        for part in &v.work.structs {
            let index = *known.entry(part.source).or_insert(all.len());
            match all.get_mut(index) {
                Some(literal) => literal.repeats += 1,
                None => all.push(self.literal(part)),
            }
        }
        all
    }

    fn literal(&self, part: &StructPart) -> Literal {
        let (content, pos) = match part.source {
            StructSource::Literal(expr) => match self.expr(expr) {
                Expr::Struct(lit) => (Content::Literal(lit.clone()), self.pos(expr)),
                _ => unreachable!("only struct literals are recorded as such"),
            },
            StructSource::Datum(datum) => (Content::Datum(self.store.data[datum].clone()), Pos::NONE),
        };
        let firing = self.firing(part.trail);
        let place = Place { pos, time: 0 };
        Literal { source: part.source, content, place, repeats: 0, firing, is_operand: false, is_dynamic: false }
    }

    /// The run of a comprehension that yields what came on a trail, if it binds variables.
    fn firing(&self, mut trail: TrailId) -> TrailId {
        while trail != NONE {
            let step = &self.store.trails[trail];
            match step.passage {
                Passage::Comprehension { binds: true } => return trail,
                Passage::Comprehension { binds: false } | Passage::Embedding | Passage::Rest(_) => trail = step.parent,
                Passage::Reference => return NONE,
            }
        }
        NONE
    }

    /// The first of the references on the way to what is said about a vertex. A vertex that is nothing but a reference
    /// is its target: what leads to that does not count.
    fn first_reference(&self, mut step: StepId) -> Option<ExprId> {
        let mut first = None;
        while step != NONE {
            let one = &self.store.steps[step];
            if self.is_shared(one.vertex, one.target) {
                break;
            }
            // One without a place leads to where a document is judged.
            if self.pos(one.expr).is_some() {
                first = Some(one.expr);
            }
            step = one.parent;
        }
        first
    }

    fn is_shared(&self, mut vertex: VertexId, target: VertexId) -> bool {
        while self.v(vertex).shares != NONE {
            vertex = self.v(vertex).shares;
            if vertex == target {
                return true;
            }
        }
        false
    }

    /// The expressions that a child is made of, each with the first reference on its way.
    fn leaves(&self, child: VertexId, out: &mut Vec<(ExprId, Option<ExprId>)>) {
        let mut behind = vec![(child, None, 0)];
        while let Some((vertex, outer, depth)) = behind.pop() {
            for conjunct in &self.v(vertex).conjuncts {
                let first = outer.or_else(|| self.first_reference(conjunct.info.steps));
                match conjunct.term {
                    Term::Expr(expr) => out.push((expr, first)),
                    Term::Vertex(value) if depth < BEHIND_MAX => behind.push((value, first, depth + 1)),
                    _ => {}
                }
            }
        }
    }
}

/// The children of a vertex, ranked by name.
struct Names {
    arcs: Vec<(Label, VertexId)>,
    ranks: FxHashMap<Label, u32>,
    by_text: FxHashMap<Arc<str>, Label>,
}

impl Names {
    fn new(engine: &Engine, v: &Vertex) -> Self {
        let names = &engine.store.labels;
        let mut arcs = v.arcs.snapshot();
        arcs.sort_by_cached_key(|(label, _)| {
            let name = label.as_index().is_none().then(|| names.name(*label));
            (label.as_index(), name.map(|name| (name.text.clone(), name.package.clone())))
        });
        let ranks = arcs.iter().enumerate().map(|(rank, (label, _))| (*label, rank as u32)).collect();
        let regular = arcs.iter().filter(|(label, _)| label.as_index().is_none() && names.is_regular(*label));
        let by_text = regular.map(|(label, _)| (names.name(*label).text.clone(), *label)).collect();
        Self { arcs, ranks, by_text }
    }
}

/// A struct among the conjuncts.
struct Literal {
    source: StructSource,
    content: Content,
    place: Place,
    /// How often it came after the first time.
    repeats: u32,
    /// The run of a comprehension that yielded it.
    firing: TrailId,
    /// Whether it, or a reference to it, is an operand of `&`.
    is_operand: bool,
    /// Whether it names fields by expressions.
    is_dynamic: bool,
}

enum Content {
    Literal(Arc<StructLit>),
    Datum(Arc<Datum>),
}

/// Where a literal counts as standing: where the last of its fields was found, or the first reference that led there.
#[derive(Clone, Copy)]
struct Place {
    pos: Pos,
    /// When that was found.
    time: u32,
}

/// What the fields of literals were reached through: a reference, or a literal itself.
#[derive(Default)]
struct Bringer {
    literals: Vec<usize>,
    time: u32,
}

impl Literal {
    fn decls(&self) -> &[Decl] {
        match &self.content {
            Content::Literal(lit) => &lit.decls,
            Content::Datum(_) => &[],
        }
    }

    fn embedded(&self) -> impl Iterator<Item = ExprId> {
        self.decls().iter().filter_map(|decl| match decl {
            Decl::Embed(expr) => Some(*expr),
            _ => None,
        })
    }
}

/// What is known for the order of a vertex.
struct Order<'a> {
    engine: &'a Engine,
    literals: Vec<Literal>,
    /// The fields that each declaration with a computed name made, by its value, in order.
    dynamic: FxHashMap<ExprId, VecDeque<Label>>,
}

impl Order<'_> {
    /// Finds out where the literals stand, which are operands, and what dynamic fields are called.
    fn find_places(&mut self, vertex: VertexId) {
        let declared = self.declared();
        let mut bringers = self.bringers();
        let (mut time, mut leaves) = (0, Vec::new());
        for (label, child) in self.engine.v(vertex).arcs.iter() {
            leaves.clear();
            self.engine.leaves(*child, &mut leaves);
            for (value, first) in &leaves {
                let Some((index, pos, is_dynamic)) = declared.get(value) else { continue };
                time += 1;
                let literal = &mut self.literals[*index];
                literal.place = Place { pos: *pos, time };
                if *is_dynamic {
                    literal.is_dynamic = true;
                    self.dynamic.entry(*value).or_default().push_back(*label);
                }
                if let Some(first) = first {
                    time += 1;
                    let bringer = bringers.entry(*first).or_default();
                    bringer.time = time;
                    if bringer.literals.last() != Some(index) {
                        bringer.literals.push(*index);
                    }
                }
            }
        }
        for (reference, bringer) in &bringers {
            let place = Place { pos: self.engine.pos(*reference), time: bringer.time };
            for index in &bringer.literals {
                let known = &mut self.literals[*index].place;
                if known.time < place.time {
                    *known = place;
                }
            }
        }
        self.mark_operands(vertex, &bringers);
    }

    /// Where each field is declared, by the expression of its value, and whether its name is computed.
    fn declared(&self) -> FxHashMap<ExprId, (usize, Pos, bool)> {
        let mut all = FxHashMap::default();
        for (index, literal) in self.literals.iter().enumerate() {
            for decl in literal.decls() {
                let (value, pos, is_dynamic) = match decl {
                    Decl::Field(field) => (field.value, field.pos, false),
                    Decl::Dynamic { value, pos, .. } => (*value, *pos, true),
                    Decl::Pattern { pattern, value, .. } => (*value, self.engine.pos(*pattern), false),
                    Decl::Embed(_) | Decl::Comprehension(_) | Decl::Ellipsis => continue,
                };
                all.insert(value, (index, pos, is_dynamic));
            }
        }
        all
    }

    /// What brings literals before references are known: the literals themselves, and what stands in them.
    fn bringers(&self) -> FxHashMap<ExprId, Bringer> {
        let mut all: FxHashMap<ExprId, Bringer> = FxHashMap::default();
        for (index, literal) in self.literals.iter().enumerate() {
            if let StructSource::Literal(expr) = literal.source {
                all.entry(expr).or_default().literals.push(index);
            }
            for embedded in literal.embedded() {
                all.entry(embedded).or_default().literals.push(index);
            }
        }
        all
    }

    /// Marks what is an operand of `&` in what is said about the vertex itself.
    fn mark_operands(&mut self, vertex: VertexId, bringers: &FxHashMap<ExprId, Bringer>) {
        let engine = self.engine;
        let mut said = vertex;
        while engine.v(said).shares != NONE {
            said = engine.v(said).shares;
        }
        let whole = engine.v(said).conjuncts.iter().filter_map(|conjunct| match conjunct.term {
            Term::Expr(expr) => Some(expr),
            _ => None,
        });
        let mut left: Vec<ExprId> = whole.chain(self.literals.iter().flat_map(Literal::embedded)).collect();
        while let Some(expr) = left.pop() {
            let Expr::And { left: one, right: other } = *engine.expr(expr) else { continue };
            for operand in [one, other] {
                for index in bringers.get(&operand).iter().flat_map(|bringer| &bringer.literals) {
                    self.literals[*index].is_operand = true;
                }
            }
            left.extend([one, other]);
        }
    }

    /// The literals in the order of their places, in groups that say nothing about each other, those of a run of a
    /// comprehension as often as it yielded them.
    fn groups(&self) -> Vec<Group> {
        let mut sorted: Vec<usize> = (0..self.literals.len()).collect();
        sorted.sort_by_key(|index| (self.literals[*index].place.pos, self.literals[*index].is_dynamic));
        let mut groups: Vec<Group> = Vec::new();
        let mut rest = sorted.as_slice();
        while let [first, ..] = rest {
            let first = &self.literals[*first];
            let same = |index: &&usize| first.firing != NONE && self.literals[**index].firing == first.firing;
            let (run, others) = rest.split_at(rest.iter().take_while(same).count().max(1));
            for index in (0..=first.repeats).flat_map(|_| run) {
                self.add_to_groups(*index, &mut groups);
            }
            rest = others;
        }
        groups
    }

    fn add_to_groups(&self, index: usize, groups: &mut Vec<Group>) {
        let literal = &self.literals[index];
        match groups.last_mut() {
            Some(last) if last.pos == literal.place.pos && !literal.is_dynamic => last.literals.push(index),
            _ => groups.push(Group { pos: literal.place.pos, literals: vec![index] }),
        }
    }

    /// Groups one after the other are one if all are conjunctions and stand in one file.
    fn conjunctions(&self) -> Vec<(Group, bool)> {
        let mut all: Vec<(Group, bool)> = Vec::new();
        for group in self.groups() {
            let is_conjunction = match group.literals.as_slice() {
                [only] => self.literals[*only].is_operand,
                _ => true,
            };
            match all.last_mut() {
                Some((last, true)) if is_conjunction && last.pos.file == group.pos.file => {
                    last.literals.extend(group.literals);
                }
                _ => all.push((group, is_conjunction)),
            }
        }
        all
    }

    fn graph(mut self, names: &Names) -> Graph {
        let mut chains = Chains::new(names);
        let mut file = None;
        for (group, is_conjunction) in self.conjunctions() {
            if file.replace(group.pos.file).is_some_and(|before| before != group.pos.file) {
                chains.before = None;
            }
            let mut ends = Vec::new();
            for index in group.literals {
                ends.extend(self.chain(index, is_conjunction, &mut chains));
            }
            chains.go_on_after(ends);
        }
        chains.graph
    }

    /// Puts the fields of a literal one after the other, as far as they are new; gives the last one.
    fn chain(&mut self, index: usize, is_conjunction: bool, chains: &mut Chains<'_>) -> Option<Node> {
        let literal = &self.literals[index];
        let file = (!is_conjunction && literal.place.pos.is_some()).then_some(literal.place.pos.file);
        let mut end = chains.before;
        match &literal.content {
            Content::Literal(lit) => {
                for decl in &lit.decls {
                    let label = match decl {
                        Decl::Field(field) => Some(field.label),
                        Decl::Dynamic { value, .. } => self.dynamic.get_mut(value).and_then(VecDeque::pop_front),
                        Decl::Pattern { .. } | Decl::Embed(_) | Decl::Comprehension(_) | Decl::Ellipsis => None,
                    };
                    end = label.map_or(end, |label| chains.visit(label, index, file, end));
                }
            }
            Content::Datum(datum) => {
                let Datum::Struct(fields) = &**datum else { return end };
                for (name, _) in fields {
                    let label = chains.names.by_text.get(name);
                    end = label.map_or(end, |label| chains.visit(*label, index, file, end));
                }
            }
        }
        end
    }
}

/// Literals that stand at one place.
struct Group {
    pos: Pos,
    literals: Vec<usize>,
}

/// The graph of fields as it grows.
struct Chains<'a> {
    names: &'a Names,
    graph: Graph,
    /// The literal in which each field was found last, and the file of that.
    found: Vec<Option<(usize, Option<FileId>)>>,
    /// What the next literals come after.
    before: Option<Node>,
}

impl<'a> Chains<'a> {
    fn new(names: &'a Names) -> Self {
        let count = names.arcs.len();
        let graph = Graph::with_ranks(count as u32);
        Self { names, graph, found: vec![None; count], before: None }
    }

    /// Puts a field after another, unless it is known from the same literal or file; gives the end of the chain.
    fn visit(&mut self, label: Label, literal: usize, file: Option<FileId>, end: Option<Node>) -> Option<Node> {
        let Some(node) = self.names.ranks.get(&label).copied() else { return end };
        let found = &mut self.found[node as usize];
        if found.is_some_and(|(other, other_file)| other == literal || (file.is_some() && file == other_file)) {
            return end;
        }
        *found = Some((literal, file));
        if let Some(end) = end {
            self.graph.precede(end, node);
        }
        Some(node)
    }

    fn go_on_after(&mut self, mut ends: Vec<Node>) {
        ends.sort_unstable();
        ends.dedup();
        self.before = match ends.as_slice() {
            [] => None,
            [only] => Some(*only),
            several => Some(self.graph.join(several)),
        };
    }
}
