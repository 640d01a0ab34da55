//! Reads YAML documents as expressions.
//!
//! A document becomes a tree of nodes first, so that aliases can be followed; each alias is a copy of what its anchor
//! names, at most [`ALIAS_NODES_MAX`] nodes in a text. Keys that occur twice are two fields to be unified.

use std::rc::Rc;

use base64::Engine as _;
use rustc_hash::FxHashMap;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use thin_vec::ThinVec;

use super::resolve::{Type, is_infinity_or_nan, looks_octal, type_of};
use crate::number::Number;
use crate::syntax::ast::{
    BasicLit, BinaryOp, Constraint, Decl, Expr, Field, Ident, Label, ListLit, LitKind, StructLit, UnaryOp,
};
use crate::syntax::literal::{Lines, Text, decode_text, quote_bytes, quote_label, quote_string, quoted};
use crate::syntax::made;
use crate::syntax::pos::{FileId, Pos, SourceFile};
use crate::syntax::{ParseLimits, SyntaxError};

/// The most nodes that aliases of one text may stand for.
pub const ALIAS_NODES_MAX: usize = 50_000;

/// Parses a text that is one YAML document; `*null | _` if it is empty.
///
/// # Errors
/// What is not YAML or has no meaning as data; a second document; more nesting or bytes than the limits allow.
pub fn parse_yaml(source: &SourceFile, file: FileId, limits: &ParseLimits) -> Result<Expr, SyntaxError> {
    let mut documents = Documents::new(source, file, limits);
    let Some(first) = documents.next() else { return Ok(absent(Pos { file, offset: 0 })) };
    let first = first?;
    match documents.next() {
        None => Ok(first),
        Some(Ok(second)) => {
            let (line, column) = source.line_column(second.pos().offset);
            let name = if source.name.is_empty() { String::new() } else { format!("{}:", source.name) };
            Err(SyntaxError::new(second.pos(), format!("{name}{line}:{column}: expected a single YAML document")))
        }
        Some(Err(error)) => {
            Err(SyntaxError::new(error.pos, format!("expected a single YAML document: {}", error.message)))
        }
    }
}

/// What stands for a document that is not there.
fn absent(pos: Pos) -> Expr {
    let null = Expr::Lit(BasicLit { pos, kind: LitKind::Null, raw: "null".to_owned() });
    Expr::Binary {
        pos,
        op: BinaryOp::Or,
        left: Box::new(Expr::Unary { pos, op: UnaryOp::Default, operand: Box::new(null) }),
        right: Box::new(Expr::Ident(Ident { pos, name: "_".to_owned() })),
    }
}

/// The documents of a text, one after the other. An empty text has one: `*null | _`. Nothing comes after an error.
#[expect(missing_debug_implementations, reason = "the parser's state tells nothing")]
pub struct Documents<'a> {
    source: &'a SourceFile,
    file: FileId,
    nesting_max: usize,
    parser: Parser<'a, StrInput<'a>>,
    offsets: Offsets<'a>,
    ended: bool,
    any: bool,
    alias_nodes: usize,
    too_long: Option<String>,
}

impl<'a> Documents<'a> {
    /// Reads the text of a file; positions tell its id.
    #[must_use]
    pub fn new(source: &'a SourceFile, file: FileId, limits: &ParseLimits) -> Self {
        let mut documents = Self {
            source,
            file,
            nesting_max: limits.nesting_max,
            parser: Parser::new_from_str(""),
            offsets: Offsets { text: &source.text, char: 0, byte: 0 },
            ended: false,
            any: false,
            alias_nodes: 0,
            too_long: None,
        };
        let max = limits.source_bytes_max.min(u32::MAX as usize - 1);
        if source.text.len() <= max {
            documents.parser = Parser::new_from_str(&source.text);
        } else {
            let bytes = source.text.len();
            documents.too_long = Some(format!("source is {bytes} bytes, the limit is {max}"));
        }
        documents
    }

    fn document(&mut self) -> Result<Option<Expr>, SyntaxError> {
        if let Some(message) = &self.too_long {
            return Err(SyntaxError::new(Pos { file: self.file, offset: 0 }, message.clone()));
        }
        loop {
            match self.event()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::DocumentStart(_), _)) => break,
                Some(_) => {}
            }
        }
        let root = Tree::read(self)?;
        let mut reader = Reader { documents: self, inside_alias: 0 };
        reader.expr(&root).map(Some)
    }

    fn event(&mut self) -> Result<Option<(Event<'a>, Span)>, SyntaxError> {
        self.parser.next_event().transpose().map_err(|error| self.scan_error(&error, None))
    }

    fn pos(&mut self, marker: Marker) -> Pos {
        Pos { file: self.file, offset: self.offsets.byte_of(marker.index()) }
    }

    /// An error in the form of the reference: the name of the text and the line before what is wrong.
    fn error<T>(&self, pos: Pos, message: &str) -> Result<T, SyntaxError> {
        let (line, _) = self.source.line_column(pos.offset);
        Err(SyntaxError::new(pos, format!("{}:{line}: {message}", self.source.name)))
    }

    /// The name of the alias that stands somewhere.
    fn alias_name(&self, pos: Pos) -> String {
        let text = self.source.text.get(pos.offset as usize + 1..).unwrap_or_default();
        text.chars().take_while(|char| !char.is_whitespace() && !",[]{}".contains(*char)).collect()
    }

    /// The reference tells what is wrong, not what it was reading. Where something expected is missing it tells the line
    /// of the collection around or the line before; the first line goes without saying.
    fn scan_error(&mut self, error: &ScanError, around: Option<Pos>) -> SyntaxError {
        let pos = self.pos(*error.marker());
        let info = error.info();
        let what = match info.strip_prefix("while ").and_then(|rest| rest.split_once(", ")) {
            Some((_, "expected ',' or ']'")) => "did not find expected ',' or ']'",
            Some((_, "expected ',' or '}'")) => "did not find expected ',' or '}'",
            Some((_, "found unknown anchor")) => &format!("unknown anchor '{}' referenced", self.alias_name(pos)),
            Some((_, what)) => what,
            None if info.starts_with("unexpected character: ") => "found character that cannot start any token",
            None => info,
        };
        let line = error.marker().line();
        let start_of_collection = around.map_or(1, |pos| self.source.line_column(pos.offset).0 as usize);
        let told = match what.strip_prefix("did not find expected ") {
            Some(missing) if missing != "node content" && start_of_collection > 1 => start_of_collection - 1,
            Some(_) => line - 1,
            None if line > 1 => line,
            None => 0,
        };
        let place = if told > 0 { format!("{told}: ") } else { " ".to_owned() };
        SyntaxError::new(pos, format!("{}:{place}{what}", self.source.name))
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Expr, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.document() {
            Ok(Some(document)) => {
                self.any = true;
                Some(Ok(document))
            }
            Ok(None) => {
                self.ended = true;
                (!self.any).then(|| Ok(absent(Pos { file: self.file, offset: 0 })))
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

/// Byte offsets of characters; near ones are found fast.
struct Offsets<'a> {
    text: &'a str,
    char: usize,
    byte: usize,
}

impl Offsets<'_> {
    fn byte_of(&mut self, char: usize) -> u32 {
        let bytes = self.text.as_bytes();
        let continues = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
        while self.char < char && self.byte < bytes.len() {
            self.byte += 1;
            while continues(self.byte) {
                self.byte += 1;
            }
            self.char += 1;
        }
        while self.char > char {
            self.byte -= 1;
            while continues(self.byte) {
                self.byte -= 1;
            }
            self.char -= 1;
        }
        self.byte as u32
    }
}

/// A node of a document.
struct Node {
    pos: Pos,
    end: Pos,
    tag: Option<String>,
    content: Content,
}

enum Content {
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>),
    /// What an anchor before it names.
    Alias(Rc<Node>),
    /// What it stands in itself.
    Circle,
}

/// A collection whose end is not reached yet.
struct Open {
    anchor: usize,
    node: Node,
    key: Option<Rc<Node>>,
}

/// Builds the nodes of one document from events.
struct Tree<'d, 'a> {
    documents: &'d mut Documents<'a>,
    anchors: FxHashMap<usize, Rc<Node>>,
    open: Vec<Open>,
}

impl<'d, 'a> Tree<'d, 'a> {
    fn read(documents: &'d mut Documents<'a>) -> Result<Rc<Node>, SyntaxError> {
        let mut tree = Self { documents, anchors: FxHashMap::default(), open: Vec::new() };
        loop {
            let event = tree.documents.parser.next_event().transpose();
            let around = tree.open.last().map(|open| open.node.pos);
            let event = event.map_err(|error| tree.documents.scan_error(&error, around))?;
            let Some((event, span)) = event else {
                return tree.documents.error(Pos { file: tree.documents.file, offset: 0 }, "unexpected end of stream");
            };
            if let Some(root) = tree.add(event, span)? {
                return Ok(root);
            }
        }
    }

    /// Adds an event; gives the root if that is complete.
    fn add(&mut self, event: Event<'a>, span: Span) -> Result<Option<Rc<Node>>, SyntaxError> {
        let pos = self.documents.pos(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let content = Content::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                Ok(self.finish(anchor, Node { pos, end: pos, tag: tag_text(tag.as_deref()), content }))
            }
            Event::Alias(anchor) => {
                let content = match self.anchors.get(&anchor) {
                    Some(target) => Content::Alias(target.clone()),
                    None if self.open.iter().any(|open| open.anchor == anchor) => Content::Circle,
                    None => {
                        let message = format!("unknown anchor '{}' referenced", self.documents.alias_name(pos));
                        return self.documents.error(pos, &message);
                    }
                };
                let end = self.documents.pos(span.end);
                Ok(self.finish(0, Node { pos, end, tag: None, content }))
            }
            Event::SequenceStart(anchor, tag) => {
                self.enter(anchor, pos, tag_text(tag.as_deref()), Content::List(vec![]))
            }
            Event::MappingStart(anchor, tag) => self.enter(anchor, pos, tag_text(tag.as_deref()), Content::Map(vec![])),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut open) = self.open.pop() else { return Ok(None) };
                open.node.end = pos;
                Ok(self.finish(open.anchor, open.node))
            }
            _ => Ok(None),
        }
    }

    fn enter(
        &mut self,
        anchor: usize,
        pos: Pos,
        tag: Option<String>,
        content: Content,
    ) -> Result<Option<Rc<Node>>, SyntaxError> {
        let max = self.documents.nesting_max;
        if self.open.len() >= max {
            return self.documents.error(pos, &format!("nesting exceeds limit of {max}"));
        }
        self.open.push(Open { anchor, node: Node { pos, end: pos, tag, content }, key: None });
        Ok(None)
    }

    fn finish(&mut self, anchor: usize, node: Node) -> Option<Rc<Node>> {
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else { return Some(node) };
        match (&mut open.node.content, open.key.take()) {
            (Content::Map(entries), Some(key)) => entries.push((key, node)),
            (Content::List(elements), _) => elements.push(node),
            _ => open.key = Some(node),
        }
        None
    }
}

impl Drop for Node {
    /// Takes deep trees apart without recursion.
    fn drop(&mut self) {
        let mut rest = self.children();
        while let Some(child) = rest.pop() {
            if let Ok(mut child) = Rc::try_unwrap(child) {
                rest.extend(child.children());
            }
        }
    }
}

impl Node {
    fn children(&mut self) -> Vec<Rc<Self>> {
        match &mut self.content {
            Content::List(elements) => std::mem::take(elements),
            Content::Map(entries) => {
                std::mem::take(entries).into_iter().flat_map(|(key, value)| [key, value]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The node itself, or what it is an alias of.
    fn target(&self) -> &Self {
        match &self.content {
            Content::Alias(target) => target,
            _ => self,
        }
    }

    /// The short form of its tag, as errors tell it.
    fn tag_name(&self) -> String {
        match (&self.tag, &self.content) {
            (Some(tag), _) => tag.clone(),
            (None, Content::List(_)) => "!!seq".to_owned(),
            (None, Content::Map(_)) => "!!map".to_owned(),
            _ => "!!str".to_owned(),
        }
    }

    fn is_merge_key(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain } if text == "<<" && (*plain || self.tag.as_deref() == Some("!!merge")))
            && matches!(self.tag.as_deref(), None | Some("!!merge"))
    }
}

/// A tag in its short form; `None` for none and for the one that says nothing, `!`.
fn tag_text(tag: Option<&Tag>) -> Option<String> {
    let tag = tag?;
    let text = format!("{}{}", tag.handle, tag.suffix);
    match text.strip_prefix("tag:yaml.org,2002:") {
        Some(short) => Some(format!("!!{short}")),
        None => (text != "!").then_some(text),
    }
}

/// The fields of a mapping so far.
#[derive(Default)]
struct Fields {
    decls: ThinVec<Decl>,
    /// Where each name stands, once fields replace those of the same name.
    places: Option<FxHashMap<String, usize>>,
}

impl Fields {
    /// Behind a merge key, a field takes the place of the one before it.
    fn replace_from_now_on(&mut self) {
        if self.places.is_none() {
            let named = |(place, decl): (usize, &Decl)| match decl {
                Decl::Field(field) => Some((label_name(&field.label), place)),
                _ => None,
            };
            self.places = Some(self.decls.iter().enumerate().filter_map(named).collect());
        }
    }

    fn add(&mut self, name: String, pos: Pos, value: Expr) {
        if let Some(places) = &mut self.places {
            if let Some(Decl::Field(field)) = places.get(&name).and_then(|place| self.decls.get_mut(*place)) {
                field.value = value;
                return;
            }
            places.insert(name.clone(), self.decls.len());
        }
        let raw = quote_label(&name);
        let label = match raw.starts_with('"') {
            true => Label::String(BasicLit { pos, kind: LitKind::String, raw }),
            false => Label::Ident(Ident { pos, name }),
        };
        self.decls.push(Decl::Field(Field { pos, ..made::field(label, Constraint::None, value) }));
    }
}

fn label_name(label: &Label) -> String {
    match label {
        Label::Ident(ident) => ident.name.clone(),
        Label::String(literal) => match decode_text(&literal.raw) {
            Ok(Text::String(name)) => name,
            _ => literal.raw.clone(),
        },
        _ => String::new(),
    }
}

/// Turns nodes into expressions.
struct Reader<'d, 'a> {
    documents: &'d mut Documents<'a>,
    inside_alias: usize,
}

impl Reader<'_, '_> {
    fn expr(&mut self, node: &Rc<Node>) -> Result<Expr, SyntaxError> {
        stacker::maybe_grow(64 << 10, 1 << 20, || self.expr_inner(node))
    }

    fn expr_inner(&mut self, node: &Rc<Node>) -> Result<Expr, SyntaxError> {
        if self.inside_alias > 0 {
            self.count_alias_node(node.pos)?;
        }
        match &node.content {
            Content::Scalar { text, plain } => self.scalar(node, text, *plain),
            Content::List(elements) => {
                let elements = elements.iter().map(|element| self.expr(element)).collect::<Result<_, _>>()?;
                Ok(Expr::List(ListLit { pos: node.pos, end: node.end, elements, omits_commas: false }))
            }
            Content::Map(_) => {
                let mut fields = Fields::default();
                self.add_fields(node, &mut fields)?;
                Ok(Expr::Struct(StructLit { pos: node.pos, end: node.end, braces: true, decls: fields.decls }))
            }
            Content::Alias(target) => self.alias(node, target),
            Content::Circle => self.circle(node),
        }
    }

    fn circle<T>(&self, node: &Node) -> Result<T, SyntaxError> {
        let name = quoted(&self.documents.alias_name(node.pos));
        self.documents.error(node.pos, &format!("anchor {name} value contains itself"))
    }

    /// A copy of what the alias names; a collection stands where the alias does.
    fn alias(&mut self, node: &Node, target: &Rc<Node>) -> Result<Expr, SyntaxError> {
        self.inside_alias += 1;
        let mut value = self.expr(target)?;
        self.inside_alias -= 1;
        match &mut value {
            Expr::Struct(lit) => (lit.pos, lit.end) = (node.pos, node.end),
            Expr::List(list) => (list.pos, list.end) = (node.pos, node.end),
            _ => {}
        }
        Ok(value)
    }

    fn count_alias_node(&mut self, pos: Pos) -> Result<(), SyntaxError> {
        self.documents.alias_nodes += 1;
        match self.documents.alias_nodes > ALIAS_NODES_MAX {
            true => self.documents.error(pos, &format!("aliases expand to more than {ALIAS_NODES_MAX} nodes")),
            false => Ok(()),
        }
    }

    fn add_fields(&mut self, map: &Node, fields: &mut Fields) -> Result<(), SyntaxError> {
        let Content::Map(entries) = &map.content else { return Ok(()) };
        for (key, value) in entries {
            if key.is_merge_key() {
                fields.replace_from_now_on();
                self.merge(value, fields)?;
                continue;
            }
            let (name, pos) = self.name(key)?;
            let value = self.expr(value)?;
            fields.add(name, pos, value);
        }
        Ok(())
    }

    fn merge(&mut self, value: &Node, fields: &mut Fields) -> Result<(), SyntaxError> {
        stacker::maybe_grow(64 << 10, 1 << 20, || match &value.content {
            Content::Map(_) => self.add_fields(value, fields),
            Content::Alias(target) if matches!(target.content, Content::Map(_)) => {
                self.count_alias_node(value.pos)?;
                self.inside_alias += 1;
                self.add_fields(target, fields)?;
                self.inside_alias -= 1;
                Ok(())
            }
            // What comes earlier takes precedence.
            Content::List(elements) => elements.iter().rev().try_for_each(|element| self.merge(element, fields)),
            _ => self.documents.error(value.pos, "map merge requires map or sequence of maps as the value"),
        })
    }

    /// The name of a field and where it stands.
    fn name(&mut self, key: &Rc<Node>) -> Result<(String, Pos), SyntaxError> {
        let target = key.target();
        let Content::Scalar { text, .. } = &target.content else {
            return self.documents.error(key.pos, &format!("invalid map key: {}", target.tag_name()));
        };
        match &self.expr(key)? {
            Expr::Lit(BasicLit { kind: LitKind::String, .. }) => Ok((text.clone(), key.pos)),
            // A key such as `Null` has the name of its value.
            Expr::Lit(literal) => Ok((literal.raw.clone(), key.pos)),
            _ => self.documents.error(key.pos, &format!("invalid label {text}")),
        }
    }

    fn scalar(&self, node: &Node, text: &str, plain: bool) -> Result<Expr, SyntaxError> {
        let pos = node.pos;
        let literal = |kind, raw: String| Ok(Expr::Lit(BasicLit { pos, kind, raw }));
        match self.type_of(node, text, plain)? {
            Type::Null => literal(LitKind::Null, "null".to_owned()),
            Type::Bool if matches!(text, "true" | "True" | "TRUE") => literal(LitKind::True, "true".to_owned()),
            Type::Bool => literal(LitKind::False, "false".to_owned()),
            Type::String => literal(LitKind::String, quote_string(text, Lines::Many(1))),
            Type::Int => self.number(node, text, "!!int"),
            Type::Float => self.number(node, text, "!!float"),
            Type::Merge => self.documents.error(pos, "cannot unmarshal tag \"!!merge\""),
            Type::Binary => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text.replace(['\r', '\n'], ""));
                match bytes {
                    Ok(bytes) => literal(LitKind::String, quote_bytes(&bytes, Lines::One)),
                    Err(_) => self.documents.error(pos, "!!binary value contains invalid base64 data"),
                }
            }
        }
    }

    fn type_of(&self, node: &Node, text: &str, plain: bool) -> Result<Type, SyntaxError> {
        match node.tag.as_deref() {
            None if plain && text == "<<" => Ok(Type::Merge),
            None if plain => match type_of(text) {
                Type::Float if looks_octal(text) => Ok(Type::String),
                found => Ok(found),
            },
            None | Some("!!str" | "!!timestamp") => Ok(Type::String),
            Some("!!null") => Ok(Type::Null),
            Some("!!bool") => Ok(Type::Bool),
            Some("!!int") => Ok(Type::Int),
            Some("!!float") => Ok(Type::Float),
            Some("!!binary") => Ok(Type::Binary),
            Some("!!merge") => Ok(Type::Merge),
            Some(tag) => self.documents.error(node.pos, &format!("cannot unmarshal tag {}", quoted(tag))),
        }
    }

    fn number(&self, node: &Node, text: &str, tag: &str) -> Result<Expr, SyntaxError> {
        let pos = node.pos;
        let cannot = |why: &str| {
            let shown = quoted(text);
            self.documents.error(pos, &format!("cannot decode {shown} as {tag}: {why}"))
        };
        if is_infinity_or_nan(text) {
            return cannot("numbers are finite");
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let raw = match unsigned.as_bytes() {
            [b'0', b'0'..=b'9', ..] if !text.starts_with(['-', '+']) => format!("0o{}", &unsigned[1..]),
            _ => unsigned.to_owned(),
        };
        let number = match Number::from_literal(&raw) {
            Ok(number) => number,
            Err(error) => return cannot(&error.to_string()),
        };
        if tag == "!!int" && !number.is_int() {
            return cannot("not a literal number");
        }
        let kind = if number.is_int() { LitKind::Int } else { LitKind::Float };
        let literal = Expr::Lit(BasicLit { pos, kind, raw });
        let signed = match negative {
            true => Expr::Unary { pos, op: UnaryOp::Minus, operand: Box::new(literal) },
            false => literal,
        };
        if tag == "!!int" || !number.is_int() {
            return Ok(signed);
        }
        // A float that is written like an integer is both.
        let name = Box::new(Expr::Ident(Ident { pos, name: "number".to_owned() }));
        Ok(Expr::Binary { pos, op: BinaryOp::And, left: name, right: Box::new(signed) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::{ALIAS_NODES_MAX, Documents, parse_yaml};
    use crate::syntax::pos::{FileId, SourceFile};
    use crate::syntax::{ParseLimits, print_compact};

    fn read(text: &str) -> Result<String, String> {
        let limits = ParseLimits { source_bytes_max: 1 << 20, nesting_max: 100, ..ParseLimits::default() };
        let parsed = parse_yaml(&SourceFile::new("a.yaml", text), FileId(0), &limits);
        parsed.map(|expr| print_compact(&expr)).map_err(|error| error.message)
    }

    #[test]
    fn an_empty_text_may_be_anything() {
        assert_eq!(read("# nothing").unwrap(), "(*null|_)");
        assert_eq!(read("---").unwrap(), "null");
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(100)).is_ok());
        assert_eq!(read(&nested(101)).unwrap_err(), "a.yaml:1: nesting exceeds limit of 100");
    }

    #[test]
    fn bytes_are_bounded() {
        assert!(read(&"#".repeat(1 << 20)).is_ok());
        assert_eq!(read(&"#".repeat((1 << 20) + 1)).unwrap_err(), "source is 1048577 bytes, the limit is 1048576");
    }

    #[test]
    fn what_aliases_stand_for_is_bounded() {
        let laughs = |levels: usize, merge: &str| {
            let level = |at: usize| {
                let alias = format!("*x{}", at.saturating_sub(1));
                format!("- &x{at} {{{merge}: [{alias}, {alias}, {alias}, {alias}]}}\n")
            };
            format!("- &x0 {{a: 1}}\n{}", (1..=levels).map(level).collect::<String>())
        };
        assert!(read(&laughs(3, "b")).is_ok());
        let message = format!("aliases expand to more than {ALIAS_NODES_MAX} nodes");
        for merge in ["b", "<<"] {
            assert!(read(&laughs(20, merge)).unwrap_err().ends_with(&message));
        }
    }

    #[test]
    fn positions_count_bytes() {
        let source = SourceFile::new("a.yaml", "é: ü\n---\nü: {a: x}");
        let documents = Documents::new(&source, FileId(0), &ParseLimits::default());
        let offsets: Vec<_> = documents.map(|document| document.unwrap().pos().offset).collect();
        assert_eq!(offsets, [0, 11]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[-a:{}\\[\\]&*<|>'\"#!%?,0x.é \n\t]{0,40}") {
            let source = SourceFile::new("", text);
            for document in Documents::new(&source, FileId(0), &ParseLimits::default()) {
                let _ = document;
            }
        }
    }
}
