//! A TOML document as a struct literal.

use std::collections::HashSet;

use num_bigint::BigInt;
use toml_parser::decoder::{IntegerRadix, ScalarKind};
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Source};

use super::grow;
use crate::eval::call::Failure;
use crate::syntax::ast::{BasicLit, Constraint, Decl, Expr, Label, LitKind, UnaryOp};
use crate::syntax::literal::{Lines, quote_label, quote_string};
use crate::syntax::made;
use crate::syntax::pos::Pos;

/// How deep tables and arrays may nest, counted in keys and brackets.
const NESTING_MAX: usize = 1000;

/// Reads a document; where it is empty, so is the struct.
///
/// # Errors
/// The first mistake in its grammar, or else the first key that is declared twice.
pub(crate) fn parse_toml(text: &str) -> Result<Expr, Failure> {
    let source = Source::new(text);
    let tokens: Vec<_> = source.lex().collect();
    let (mut events, mut error) = (Vec::new(), None::<ParseError>);
    let mut record = |event: Event| events.push(event);
    parse_document(&tokens, &mut RecursionGuard::new(&mut record, NESTING_MAX as u32), &mut error);
    if let Some(error) = error {
        return fail(error.description());
    }
    let layout =
        [EventKind::Whitespace, EventKind::Comment, EventKind::Newline, EventKind::KeySep, EventKind::ValueSep];
    events.retain(|event| !layout.contains(&event.kind()));
    let mut reader = Reader {
        source,
        events: events.into_iter().peekable(),
        declared: HashSet::new(),
        tables: vec![Vec::new()],
        arrays: Vec::new(),
    };
    reader.document()?;
    Ok(reader.table(0))
}

/// A key that has no text can't begin with what stands there.
fn missing_key(text: &str, at: usize) -> Failure {
    match text[at..].chars().next() {
        Some(char) => Failure::new(format!("invalid character at start of key: U+{:04X} '{char}'", u32::from(char))),
        None => Failure::new("expected a key, but the document ends there"),
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

struct Reader<'s> {
    source: Source<'s>,
    events: std::iter::Peekable<std::vec::IntoIter<Event>>,
    /// The keys that have a value or a header, from the root on.
    declared: HashSet<String>,
    /// Tables, the root first: paths and what stands behind them.
    tables: Vec<Vec<(Vec<String>, Entry)>>,
    arrays: Vec<TableArray>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Failure> {
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
    fn header(&mut self) -> Result<(usize, String, usize), Failure> {
        self.events.next();
        let (key, path) = self.key("", 0)?;
        self.events.next();
        if !self.declared.insert(key.clone()) {
            return fail(format!("duplicate key: {key}"));
        }
        let depth = path.len();
        let (parent, level) = match self.array_of(&key) {
            Some(array) if array.key == key => {
                return fail(format!("cannot redeclare table array {} as a table", quote_string(&key, Lines::One)));
            }
            Some(array) => (last(array), array.level),
            None => (0, 0),
        };
        let table = self.new_table();
        self.tables[parent].push((path[level..].to_vec(), Entry::Table(table)));
        Ok((table, key, depth))
    }

    /// `[[key]]`: the element that it opens, its key and depth.
    fn array_header(&mut self) -> Result<(usize, String, usize), Failure> {
        self.events.next();
        let (key, path) = self.key("", 0)?;
        self.events.next();
        if self.declared.contains(&key) {
            return fail(format!("cannot redeclare key {} as a table array", quote_string(&key, Lines::One)));
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
    fn key(&mut self, prefix: &str, depth: usize) -> Result<(String, Vec<String>), Failure> {
        let (mut key, mut path) = (prefix.to_owned(), Vec::new());
        while let Some(event) = self.events.next_if(|event| event.kind() == EventKind::SimpleKey) {
            let (mut name, mut error) = (String::new(), None::<ParseError>);
            if event.span().is_empty() {
                return Err(missing_key(self.source.input(), event.span().start()));
            }
            if let Some(raw) = self.source.get(event) {
                raw.decode_key(&mut name, &mut error);
            }
            if let Some(error) = error {
                return fail(error.description());
            }
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(&quote_label(&name));
            path.push(name);
        }
        check_depth(depth + path.len())?;
        Ok((key, path))
    }

    /// `key = value`.
    fn pair(&mut self, prefix: &str, depth: usize) -> Result<(Vec<String>, Expr), Failure> {
        let (key, path) = self.key(prefix, depth)?;
        if path.is_empty() {
            return fail("expected a key");
        }
        if self.arrays.iter().any(|array| array.key == key) {
            return fail(format!("cannot redeclare table array {} as a table", quote_string(&key, Lines::One)));
        }
        if !self.declared.insert(key.clone()) {
            return fail(format!("duplicate key: {key}"));
        }
        self.events.next_if(|event| event.kind() == EventKind::KeyValSep);
        let value = self.value(&key, depth + path.len())?;
        Ok((path, value))
    }

    fn value(&mut self, key: &str, depth: usize) -> Result<Expr, Failure> {
        check_depth(depth)?;
        let Some(event) = self.events.next() else { return fail("expected value, not eof") };
        match event.kind() {
            EventKind::ArrayOpen => {
                let mut elements = Vec::new();
                while self.events.next_if(|event| event.kind() == EventKind::ArrayClose).is_none() {
                    let key = format!("{key}.{}", elements.len());
                    elements.push(grow(|| self.value(&key, depth + 1))?);
                }
                Ok(made::list(elements))
            }
            EventKind::InlineTableOpen => {
                let mut fields = Vec::new();
                while self.events.next_if(|event| event.kind() == EventKind::InlineTableClose).is_none() {
                    let (path, value) = grow(|| self.pair(key, depth + 1))?;
                    fields.push(field(&path, value));
                }
                Ok(made::structure(fields))
            }
            _ => self.scalar(event),
        }
    }

    fn scalar(&self, event: Event) -> Result<Expr, Failure> {
        let Some(raw) = self.source.get(event) else { return fail("incomplete value") };
        let (mut text, mut error) = (String::new(), None::<ParseError>);
        let kind = raw.decode_scalar(&mut text, &mut error);
        match (kind, error) {
            (ScalarKind::Integer(_), Some(_)) => {
                let shown = quote_string(raw.as_str(), Lines::One);
                fail(format!("parse error: illegal integer number {shown}"))
            }
            (_, Some(error)) => fail(error.description()),
            (ScalarKind::String | ScalarKind::DateTime, None) => {
                Ok(literal(LitKind::String, quote_string(&text, Lines::One)))
            }
            (ScalarKind::Boolean(value), None) => {
                let kind = if value { LitKind::True } else { LitKind::False };
                Ok(literal(kind, value.to_string()))
            }
            (ScalarKind::Float, None) => match text.contains(['i', 'n']) {
                true => {
                    let shown = quote_string(raw.as_str(), Lines::One);
                    fail(format!("parse error: illegal number start {shown}"))
                }
                false => Ok(signed(LitKind::Float, &text)),
            },
            (ScalarKind::Integer(radix), None) => integer(&text, radix),
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

fn fail<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::new(message))
}

fn check_depth(depth: usize) -> Result<(), Failure> {
    match depth > NESTING_MAX {
        true => fail(format!("keys and values nest deeper than {NESTING_MAX}")),
        false => Ok(()),
    }
}

/// Arrays have an element as soon as they are known.
fn last(array: &TableArray) -> usize {
    array.elements.last().copied().unwrap_or(0)
}

fn integer(text: &str, radix: IntegerRadix) -> Result<Expr, Failure> {
    match BigInt::parse_bytes(text.as_bytes(), radix.value()) {
        Some(value) => Ok(signed(LitKind::Int, &value.to_string())),
        None => fail(format!("parse error: illegal integer number {}", quote_string(text, Lines::One))),
    }
}

fn literal(kind: LitKind, raw: String) -> Expr {
    Expr::Lit(BasicLit { pos: Pos::NONE, kind, raw })
}

fn signed(kind: LitKind, text: &str) -> Expr {
    match text.strip_prefix('-') {
        Some(digits) => {
            let operand = Box::new(literal(kind, digits.to_owned()));
            Expr::Unary { pos: Pos::NONE, op: UnaryOp::Minus, operand }
        }
        None => literal(kind, text.strip_prefix('+').unwrap_or(text).to_owned()),
    }
}

/// `a: b: value` for the path `a.b`.
fn field(path: &[String], value: Expr) -> Decl {
    let (first, rest) = path.split_first().expect("a key has at least one part");
    let mut value = value;
    for name in rest.iter().rev() {
        value = made::structure(vec![single(name, value)]);
    }
    single(first, value)
}

fn single(name: &str, value: Expr) -> Decl {
    let raw = quote_string(name, Lines::One);
    let label = Label::String(BasicLit { pos: Pos::NONE, kind: LitKind::String, raw });
    Decl::Field(made::field(label, Constraint::None, value))
}
