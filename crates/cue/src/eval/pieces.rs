//! A big value as JSON, evaluated, judged and written part by part, so that all of it is never there at once.
//!
//! Whatever is not plainly a value is left to those who evaluate all of it: they know what to tell of it.

use rustc_hash::FxHashSet;

use super::{
    engine::Engine,
    json::Parts,
    scratch::Scratch,
    vertex::{Base, NONE, State, VertexId},
};
use crate::syntax::ast::Constraint;

/// How many vertices a part may need to be evaluated at once, and how many are kept before those of the next part are
/// added.
pub(crate) const ROOM: u32 = 2 << 10;

/// Stands for whatever a value is that is not written part by part.
struct Unsuited;

/// The text of a value that needs more room, unless all of it must be looked at together.
pub(crate) fn json(engine: Engine, vertex: VertexId, room: u32) -> Option<String> {
    let mut writer = Writer { engine, room, out: String::new(), around: Vec::new() };
    writer.value(vertex).ok()?;
    writer.out.push('\n');
    Some(writer.out)
}

struct Writer {
    engine: Engine,
    room: u32,
    out: String,
    /// The structs and lists that are being written, outermost first.
    around: Vec<Around>,
}

/// A struct or list, with what must not change while its parts are evaluated.
#[derive(Clone, Copy)]
struct Around {
    vertex: VertexId,
    arcs: usize,
    conjuncts: usize,
}

/// A scratch, and the parts that are evaluated in it.
struct Batch {
    scratch: Scratch,
    parts: FxHashSet<VertexId>,
}

impl Writer {
    /// Writes a value that is big.
    fn value(&mut self, vertex: VertexId) -> Result<(), Unsuited> {
        stacker::maybe_grow(256 << 10, 4 << 20, || {
            self.engine.process(vertex);
            match self.has_plain_parts(vertex) {
                true => self.parts(vertex),
                false => self.whole(vertex),
            }
        })
    }

    /// Whether a value is a struct or list about which nothing is said as a whole.
    fn has_plain_parts(&self, vertex: VertexId) -> bool {
        let v = self.engine.v(vertex);
        let is_plain = v.work.checks.is_empty() && v.work.errors.is_empty() && v.choices.is_empty();
        let is_settled = v.state == State::Done && v.redirect == NONE && !self.engine.is_leaf(vertex);
        is_plain && is_settled && matches!(v.base, Base::Struct | Base::List)
    }

    /// Writes a value that has no parts to be written one by one.
    fn whole(&mut self, vertex: VertexId) -> Result<(), Unsuited> {
        let mut batch = None;
        self.begin(&mut batch, vertex);
        self.write(vertex)?;
        self.end(&mut batch)
    }

    fn parts(&mut self, vertex: VertexId) -> Result<(), Unsuited> {
        let engine = &mut self.engine;
        engine.check_closed(vertex);
        let v = engine.v(vertex);
        let (arcs, conjuncts) = (v.arcs.len(), v.conjuncts.len());
        self.around.push(Around { vertex, arcs, conjuncts });
        self.engine.depth += 1;
        self.judge_the_rest(vertex)?;
        let depth = self.around.len() - 1;
        let mut batch = None;
        if matches!(self.engine.v(vertex).base, Base::List) {
            let mut parts = Parts::open('[', depth, &mut self.out);
            for element in self.engine.elements(vertex) {
                parts.next(&mut self.out);
                self.part(element, &mut batch)?;
            }
            parts.close(']', &mut self.out);
        } else {
            let mut parts = Parts::open('{', depth, &mut self.out);
            for (label, field) in self.engine.regular_arcs_in_order(vertex) {
                parts.next(&mut self.out);
                parts.name(&self.engine.store.labels.name(label).text, &mut self.out);
                self.part(field, &mut batch)?;
            }
            parts.close('}', &mut self.out);
        }
        self.end(&mut batch)?;
        self.engine.depth -= 1;
        self.around.pop();
        Ok(())
    }

    /// Judges what is not written: definitions, hidden fields and fields that must be there.
    fn judge_the_rest(&mut self, vertex: VertexId) -> Result<(), Unsuited> {
        let mut batch = None;
        for (label, child) in self.engine.v(vertex).arcs.snapshot() {
            let is_regular = self.engine.store.labels.is_regular(label);
            match self.engine.v(child).constraint {
                Constraint::Optional => continue,
                Constraint::None if is_regular => continue,
                Constraint::Required if is_regular => return Err(Unsuited),
                Constraint::None | Constraint::Required => {}
            }
            self.begin(&mut batch, child);
            self.engine.finalize(child);
            if self.engine.is_in_error(child) {
                return Err(Unsuited);
            }
            self.end_if_full(&mut batch)?;
        }
        self.end(&mut batch)
    }

    /// Writes a part, with others at once as long as there is room.
    fn part(&mut self, vertex: VertexId, batch: &mut Option<Batch>) -> Result<(), Unsuited> {
        self.begin(batch, vertex);
        self.engine.room = self.engine.store.vertices.len().saturating_add(self.room);
        self.engine.finalize(vertex);
        self.engine.room = NONE;
        if std::mem::take(&mut self.engine.is_short_of_room) {
            self.end(batch)?;
            return self.value(vertex);
        }
        self.write(vertex)?;
        self.end_if_full(batch)
    }

    /// Judges a part and writes it.
    fn write(&mut self, vertex: VertexId) -> Result<(), Unsuited> {
        if !self.engine.violations(vertex, true).is_empty() || self.engine.is_in_error(vertex) {
            return Err(Unsuited);
        }
        self.engine.write_json(vertex, self.around.len(), &mut self.out);
        Ok(())
    }

    fn begin(&mut self, batch: &mut Option<Batch>, part: VertexId) {
        let engine = &mut self.engine;
        let batch = batch.get_or_insert_with(|| Batch { scratch: engine.open_scratch(), parts: FxHashSet::default() });
        batch.parts.insert(part);
    }

    fn end_if_full(&mut self, batch: &mut Option<Batch>) -> Result<(), Unsuited> {
        let kept = batch.as_ref().map_or(0, |batch| self.engine.store.vertices.len() - batch.scratch.vertices);
        if kept > self.room { self.end(batch) } else { Ok(()) }
    }

    fn end(&mut self, batch: &mut Option<Batch>) -> Result<(), Unsuited> {
        let Some(Batch { scratch, parts }) = batch.take() else { return Ok(()) };
        let is_same = |around: &Around| {
            let v = self.engine.v(around.vertex);
            let counts = (v.arcs.len(), v.conjuncts.len());
            v.state == State::Done && v.redirect == NONE && counts == (around.arcs, around.conjuncts)
        };
        let are_same = self.around.iter().all(is_same);
        self.engine.close_scratch(scratch, &parts);
        if are_same && !self.engine.is_exhausted() { Ok(()) } else { Err(Unsuited) }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Instance, Limits, SourceFile};

    fn instance(text: &str) -> Instance {
        Instance::compile(vec![SourceFile::new("x.cue", text)], &Limits::default()).unwrap()
    }

    /// The text by parts of so much room, if they suffice.
    fn by_parts(text: &str, room: u32) -> Option<String> {
        let instance = instance(text);
        super::json(instance.frozen.fork(), instance.frozen.package.root, room)
    }

    #[test]
    fn parts_may_refer_to_each_other() {
        let text = r##"
            import "list"
            let offset = 100
            #Service: {name: string, port: *base.port | int, tags: [...string]}
            _hidden: {unit: "ms"}
            base: {port: 80, unit: _hidden.unit}
            service: [Name=_]: #Service & {name: Name}
            service: {
                for index in list.Range(0, 20, 1) {
                    "s\(index)": {tags: ["t\(index + offset)", base.unit]}
                }
                s3: port: service.s2.port + 1
            }
            chain: {c0: 1, for index in list.Range(1, 9, 1) {"c\(index)": chain["c\(index - 1)"] + 1}}
            ports: [for name, one in service {"\(name):\(one.port)"}]
            deep: a: b: [[{c: ports[1]}, {}], []]
        "##;
        let whole = instance(text).root().to_json().unwrap();
        for room in [0, 1, 10, 100, 10_000] {
            assert_eq!(by_parts(text, room).as_ref(), Some(&whole), "room for {room}");
        }
    }

    #[test]
    fn what_is_no_value_is_left_to_others() {
        for text in [
            "a: {b: 1}, c: a.b & 2",
            "a: {b: int}",
            "#D: {b: 1}, a: #D & {c: 1}",
            "#D: {b: {c: 1 & 2}}, a: 1",
            "_h: 1 & 2, a: 1",
            "a: {b!: int}",
            "a: b: a",
        ] {
            assert_eq!(by_parts(text, 0), None, "{text}");
            assert!(instance(text).to_json_by_parts(0).is_err(), "{text}");
        }
    }
}
