//! A TOML document as a struct literal.

use std::collections::HashSet;

use num_bigint::BigInt;
use thin_vec::ThinVec;
use toml_parser::decoder::{IntegerRadix, ScalarKind};
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

use super::grow;
use crate::syntax::SyntaxError;
use crate::syntax::ast::{BasicLit, Constraint, Decl, Expr, Field, Label, ListLit, LitKind, StructLit, UnaryOp};
use crate::syntax::literal::{quote_label, quoted};
use crate::syntax::made;
use crate::syntax::pos::{FileId, Pos};

/// How deep tables and arrays may nest, counted in keys and brackets.
const NESTING_MAX: usize = 1000;

/// Reads a document; where it is empty, so is the struct. Positions bear the id of its file, if there is one.
///
/// # Errors
/// The first mistake in its grammar, or else the first key that is declared twice.
pub fn parse_toml(text: &str, file: Option<FileId>) -> Result<Expr, SyntaxError> {
    let source = Source::new(text);
    let tokens: Vec<_> = source.lex().collect();
    let (mut events, mut error) = (Vec::new(), None::<ParseError>);
    let mut record = |event: Event| events.push(event);
    parse_document(&tokens, &mut RecursionGuard::new(&mut record, NESTING_MAX as u32), &mut error);
    let place = Place { file };
    if let Some(error) = error {
        let at = error.unexpected().map_or(Pos::NONE, |span| place.at(span.start()));
        return fail(at, error.description());
    }
    let layout =
        [EventKind::Whitespace, EventKind::Comment, EventKind::Newline, EventKind::KeySep, EventKind::ValueSep];
    events.retain(|event| !layout.contains(&event.kind()));
    let mut reader = Reader {
        source,
        place,
        events: events.into_iter().peekable(),
        declared: HashSet::new(),
        tables: vec![Vec::new()],
        arrays: Vec::new(),
    };
    reader.document()?;
    Ok(reader.table(0))
}

/// A key that has no text can't begin with what stands there.
fn missing_key(text: &str, at: usize, pos: Pos) -> SyntaxError {
    match text[at..].chars().next() {
        Some(char) => {
            SyntaxError::new(pos, format!("invalid character at start of key: U+{:04X} '{char}'", u32::from(char)))
        }
        None => SyntaxError::new(pos, "expected a key, but the document ends there"),
    }
}

/// What stands behind a key.
enum Entry {
    Value(Expr),
    Table(usize),
    Tables(usize),
}

/// A list that `[[key]]` made.
struct TableArray {
    key: String,
    level: usize,
    elements: Vec<usize>,
}

/// Where a document stands.
#[derive(Clone, Copy)]
struct Place {
    file: Option<FileId>,
}

impl Place {
    fn at(self, offset: usize) -> Pos {
        self.file.map_or(Pos::NONE, |file| Pos { file, offset: offset as u32 })
    }
}

/// A part of a dotted key.
#[derive(Clone)]
struct Key {
    name: String,
    pos: Pos,
}

struct Reader<'s> {
    source: Source<'s>,
    place: Place,
    events: std::iter::Peekable<std::vec::IntoIter<Event>>,
    /// The keys that have a value or a header, from the root on.
    declared: HashSet<String>,
    /// Tables, the root first: paths and what stands behind them.
    tables: Vec<Vec<(Vec<Key>, Entry)>>,
    arrays: Vec<TableArray>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), SyntaxError> {
        let (mut table, mut prefix, mut depth) = (0, String::new(), 0);
        while let Some(event) = self.events.peek() {
            match event.kind() {
                EventKind::StdTableOpen => (table, prefix, depth) = self.header()?,
                EventKind::ArrayTableOpen => (table, prefix, depth) = self.array_header()?,
                _ => {
                    let (path, value) = self.pair(&prefix, depth)?;
                    self.tables[table].push((path, Entry::Value(value)));
                }
            }
        }
        Ok(())
    }

    /// `[key]`: the table that it opens, its key and depth.
    fn header(&mut self) -> Result<(usize, String, usize), SyntaxError> {
        self.events.next();
        let (key, path) = self.key("", 0)?;
        self.events.next();
        if !self.declared.insert(key.clone()) {
            return fail(start_of(&path), format!("duplicate key: {key}"));
        }
        let depth = path.len();
        let (parent, level) = match self.array_of(&key) {
            Some(array) if array.key == key => {
                return fail(start_of(&path), format!("cannot redeclare table array {} as a table", quoted(&key)));
            }
            Some(array) => (last(array), array.level),
            None => (0, 0),
        };
        let table = self.new_table();
        self.tables[parent].push((path[level..].to_vec(), Entry::Table(table)));
        Ok((table, key, depth))
    }

    /// `[[key]]`: the element that it opens, its key and depth.
    fn array_header(&mut self) -> Result<(usize, String, usize), SyntaxError> {
        self.events.next();
        let (key, path) = self.key("", 0)?;
        self.events.next();
        if self.declared.contains(&key) {
            return fail(start_of(&path), format!("cannot redeclare key {} as a table array", quoted(&key)));
        }
        let table = self.new_table();
        if let Some(array) = self.arrays.iter_mut().find(|array| array.key == key) {
            array.elements.push(table);
            return Ok((table, format!("{key}.{}", array.elements.len() - 1), path.len()));
        }
        let (parent, level) = self.array_of(&key).map_or((0, 0), |array| (last(array), array.level));
        self.tables[parent].push((path[level..].to_vec(), Entry::Tables(self.arrays.len())));
        self.arrays.push(TableArray { key: key.clone(), level: path.len(), elements: vec![table] });
        Ok((table, format!("{key}.0"), path.len()))
    }

    fn new_table(&mut self) -> usize {
        self.tables.push(Vec::new());
        self.tables.len() - 1
    }

    /// The array with this key or else the one with the longest key that it lies in.
    fn array_of(&self, key: &str) -> Option<&TableArray> {
        let holds = |array: &&TableArray| {
            key.strip_prefix(array.key.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.arrays.iter().filter(holds).max_by_key(|array| array.level)
    }

    /// A dotted key below `prefix`: in full, and its parts.
    fn key(&mut self, prefix: &str, depth: usize) -> Result<(String, Vec<Key>), SyntaxError> {
        let (mut key, mut path) = (prefix.to_owned(), Vec::new());
        while let Some(event) = self.events.next_if(|event| event.kind() == EventKind::SimpleKey) {
            let (mut name, mut error) = (String::new(), None::<ParseError>);
            if event.span().is_empty() {
                return Err(missing_key(
                    self.source.input(),
                    event.span().start(),
                    self.place.at(event.span().start()),
                ));
            }
            if let Some(raw) = self.source.get(event) {
                raw.decode_key(&mut name, &mut error);
            }
            let pos = self.place.at(event.span().start());
            if let Some(error) = error {
                return fail(pos, error.description());
            }
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(&quote_label(&name));
            path.push(Key { name, pos });
        }
        check_depth(depth + path.len(), start_of(&path))?;
        Ok((key, path))
    }

    /// `key = value`.
    fn pair(&mut self, prefix: &str, depth: usize) -> Result<(Vec<Key>, Expr), SyntaxError> {
        let (key, path) = self.key(prefix, depth)?;
        if path.is_empty() {
            return fail(Pos::NONE, "expected a key");
        }
        if self.arrays.iter().any(|array| array.key == key) {
            return fail(start_of(&path), format!("cannot redeclare table array {} as a table", quoted(&key)));
        }
        if !self.declared.insert(key.clone()) {
            return fail(start_of(&path), format!("duplicate key: {key}"));
        }
        self.events.next_if(|event| event.kind() == EventKind::KeyValSep);
        let value = self.value(&key, depth + path.len())?;
        Ok((path, value))
    }

    fn value(&mut self, key: &str, depth: usize) -> Result<Expr, SyntaxError> {
        let Some(event) = self.events.next() else { return fail(Pos::NONE, "expected value, not eof") };
        let pos = self.place.at(event.span().start());
        check_depth(depth, pos)?;
        match event.kind() {
            EventKind::ArrayOpen => {
                let mut elements = ThinVec::new();
                while self.events.next_if(|event| event.kind() == EventKind::ArrayClose).is_none() {
                    let key = format!("{key}.{}", elements.len());
                    elements.push(grow(|| self.value(&key, depth + 1))?);
                }
                Ok(Expr::List(ListLit { pos, end: Pos::NONE, elements, omits_commas: false }))
            }
            EventKind::InlineTableOpen => {
                let mut fields = ThinVec::new();
                while self.events.next_if(|event| event.kind() == EventKind::InlineTableClose).is_none() {
                    let (path, value) = grow(|| self.pair(key, depth + 1))?;
                    fields.push(field(&path, value));
                }
                Ok(Expr::Struct(StructLit { pos, end: Pos::NONE, braces: true, decls: fields }))
            }
            _ => self.scalar(event),
        }
    }

    fn scalar(&self, event: Event) -> Result<Expr, SyntaxError> {
        let pos = self.place.at(event.span().start());
        let Some(raw) = self.source.get(event) else { return fail(pos, "incomplete value") };
        let (mut text, mut error) = (String::new(), None::<ParseError>);
        let kind = raw.decode_scalar(&mut text, &mut error);
        match (kind, error) {
            (ScalarKind::Integer(_), Some(_)) => {
                let shown = quoted(raw.as_str());
                fail(pos, format!("parse error: illegal integer number {shown}"))
            }
            (_, Some(error)) => fail(pos, error.description()),
            (ScalarKind::String | ScalarKind::DateTime, None) => Ok(literal(pos, LitKind::String, quoted(&text))),
            (ScalarKind::Boolean(value), None) => {
                let kind = if value { LitKind::True } else { LitKind::False };
                Ok(literal(pos, kind, value.to_string()))
            }
            (ScalarKind::Float, None) => match text.contains(['i', 'n']) {
                true => {
                    let shown = quoted(raw.as_str());
                    fail(pos, format!("parse error: illegal number start {shown}"))
                }
                false => Ok(signed(pos, LitKind::Float, &text)),
            },
            (ScalarKind::Integer(radix), None) => integer(pos, &text, radix),
        }
    }

    fn table(&mut self, index: usize) -> Expr {
        let entries = std::mem::take(&mut self.tables[index]);
        let mut fields = Vec::with_capacity(entries.len());
        for (path, entry) in entries {
            let value = match entry {
                Entry::Value(value) => value,
                Entry::Table(table) => grow(|| self.table(table)),
                Entry::Tables(array) => {
                    let elements = std::mem::take(&mut self.arrays[array].elements);
                    let elements = elements.into_iter().map(|table| grow(|| self.table(table))).collect();
                    made::list(elements)
                }
            };
            fields.push(field(&path, value));
        }
        made::structure(fields)
    }
}

fn fail<T>(pos: Pos, message: impl Into<String>) -> Result<T, SyntaxError> {
    Err(SyntaxError::new(pos, message))
}

fn check_depth(depth: usize, pos: Pos) -> Result<(), SyntaxError> {
    match depth > NESTING_MAX {
        true => fail(pos, format!("keys and values nest deeper than {NESTING_MAX}")),
        false => Ok(()),
    }
}

/// Arrays have an element as soon as they are known.
fn last(array: &TableArray) -> usize {
    array.elements.last().copied().unwrap_or(0)
}

fn integer(pos: Pos, text: &str, radix: IntegerRadix) -> Result<Expr, SyntaxError> {
    match BigInt::parse_bytes(text.as_bytes(), radix.value()) {
        Some(value) => Ok(signed(pos, LitKind::Int, &value.to_string())),
        None => fail(pos, format!("parse error: illegal integer number {}", quoted(text))),
    }
}

fn literal(pos: Pos, kind: LitKind, raw: String) -> Expr {
    Expr::Lit(BasicLit { pos, kind, raw })
}

fn signed(pos: Pos, kind: LitKind, text: &str) -> Expr {
    match text.strip_prefix('-') {
        Some(digits) => {
            let operand = Box::new(literal(pos, kind, digits.to_owned()));
            Expr::Unary { pos, op: UnaryOp::Minus, operand }
        }
        None => literal(pos, kind, text.strip_prefix('+').unwrap_or(text).to_owned()),
    }
}

/// `a: b: value` for the path `a.b`.
fn field(path: &[Key], value: Expr) -> Decl {
    let (first, rest) = path.split_first().expect("a key has at least one part");
    let mut value = value;
    for key in rest.iter().rev() {
        value = made::structure(vec![single(key, value)]);
    }
    single(first, value)
}

fn single(key: &Key, value: Expr) -> Decl {
    let raw = quoted(&key.name);
    let label = Label::String(BasicLit { pos: key.pos, kind: LitKind::String, raw });
    Decl::Field(Field { pos: key.pos, ..made::field(label, Constraint::None, value) })
}

fn start_of(path: &[Key]) -> Pos {
    path.first().map_or(Pos::NONE, |key| key.pos)
}
