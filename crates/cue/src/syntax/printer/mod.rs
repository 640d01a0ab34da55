//! Trees to text, in the form of `cue fmt`.
//!
//! With the source at hand the line breaks and empty lines of its author are kept where the form allows them; a tree
//! that has none gets one declaration a line. Printing a parsed tree and parsing the text gives the same tree, with the
//! same comments.

mod columns;
mod compact;
mod decl;
mod expr;
mod layout;

use std::sync::Arc;

use super::ast::{BasicLit, CommentGroup, Comments, Decl, Expr, File, Ident, LitKind};
use super::literal;
use super::pos::{Pos, SourceFile};
pub use compact::print_compact;
use layout::{Gap, Last, Layout, Space};

/// Stack that one level of nesting may need, and what is taken when less is left.
const STACK_RED_ZONE: usize = 128 << 10;
const STACK_SEGMENT: usize = 4 << 20;

/// Prints a file. `source` is the text that it was parsed from, if there is one.
#[must_use]
pub fn print_file(file: &File, source: Option<&SourceFile>) -> String {
    let mut printer = Printer::new(source);
    printer.file(file);
    printer.layout.finish()
}

/// Prints a file that was made of others: what has a position stands apart from what is before it as in its source.
#[must_use]
pub fn print_merged(file: &File, sources: &[Arc<SourceFile>]) -> String {
    let mut printer = Printer::new(None);
    printer.sources = sources;
    printer.file(file);
    printer.layout.finish()
}

/// Prints an expression, over several lines if it has them in the source or holds structs.
#[must_use]
pub fn print_expr(expr: &Expr, source: Option<&SourceFile>) -> String {
    let mut printer = Printer::new(source);
    printer.expr(expr);
    printer.layout.finish()
}

/// Prints declarations as those of a file.
#[must_use]
pub fn print_decls(decls: &[Decl], source: Option<&SourceFile>) -> String {
    let mut printer = Printer::new(source);
    printer.decl_list(&decls.iter().map(decl::Item::Decl).collect::<Vec<_>>());
    printer.layout.finish()
}

/// Where the printer is inside a node.
#[derive(Clone)]
struct Frame<'a> {
    /// Comments of the node that are still to be printed, in order.
    comments: Vec<&'a CommentGroup>,
    /// How many tokens and children were printed.
    slot: u8,
    /// Between the children: a line end, or a blank where the node stands on one line.
    separator: Space,
    /// Between the node and its siblings.
    outer_separator: Space,
}

struct Printer<'a> {
    source: Option<&'a SourceFile>,
    /// Texts by file id, if there is not one for all.
    sources: &'a [Arc<SourceFile>],
    layout: Layout,
    stack: Vec<Frame<'a>>,
    frame: Frame<'a>,
    /// How many expressions are open that go on behind what is being printed: no line may end there.
    unfinished: usize,
    /// Comments that wait for a place where a line may end.
    deferred: Vec<&'a CommentGroup>,
    /// Inside the expression of an interpolated one-line string: line ends of the source do not count.
    flat: usize,
}

impl<'a> Printer<'a> {
    fn new(source: Option<&'a SourceFile>) -> Self {
        let frame = Frame { comments: Vec::new(), slot: 0, separator: Space::LINE, outer_separator: Space::LINE };
        let sources = &[];
        Self {
            source,
            sources,
            layout: Layout::new(),
            stack: Vec::new(),
            frame,
            unfinished: 0,
            deferred: Vec::new(),
            flat: 0,
        }
    }

    /// What the source has before a position; `None` if there is no source.
    fn gap(&self, pos: Pos) -> Option<Gap> {
        if pos == Pos::APART {
            return Some(Gap::Section);
        }
        let merged = || self.sources.get(pos.file.0 as usize).map(|source| &**source);
        let source = self.source.or_else(merged).filter(|_| pos.is_some())?;
        let before = source.text.get(..pos.offset as usize)?.as_bytes();
        let spaces = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        let (count, lines) =
            spaces.fold((0, 0), |(count, lines), byte| (count + 1, lines + usize::from(*byte == b'\n')));
        let gap = match (lines, count) {
            (0, 0) => Gap::Nothing,
            (0, _) => Gap::Blank,
            (1, _) => Gap::Line,
            _ => Gap::Section,
        };
        if self.flat > 0 && gap >= Gap::Line { None } else { Some(gap) }
    }

    /// Where the `=` before an expression is.
    fn equals_before(&self, expr: &Expr) -> Pos {
        let pos = expr.pos();
        let before = self.source.filter(|_| pos.is_some()).and_then(|source| source.text.get(..pos.offset as usize));
        match before.map(str::trim_end).and_then(|before| before.strip_suffix('=')) {
            Some(before) => Pos { file: pos.file, offset: before.len() as u32 },
            None => Pos::NONE,
        }
    }

    fn is_on_new_line(&self, pos: Pos) -> bool {
        self.gap(pos).is_some_and(|gap| gap >= Gap::Line)
    }

    /// Whether a declaration starts a line; one without a place does.
    fn starts_line(&self, pos: Pos) -> bool {
        self.gap(pos).is_none_or(|gap| gap >= Gap::Line)
    }

    fn allow(&mut self, space: Space) {
        self.layout.allow(space);
    }

    fn at(&mut self, pos: Pos) {
        let gap = self.gap(pos);
        self.layout.follow_source(gap);
    }

    /// An operator or bracket.
    fn token(&mut self, text: &str) {
        let clash = match self.layout.last {
            Last::Int => text == ".",
            // `<-` is a token, and so is much that ends in `=` or `=~`.
            Last::Less => text.starts_with(['-', '=']),
            Last::Opening => text.starts_with('='),
            Last::Plus => text.starts_with('+'),
            Last::Minus => text.starts_with('-'),
            Last::Slash => text.starts_with('*'),
            _ => false,
        };
        self.layout.keep_apart(clash);
        self.layout.text(text);
        self.layout.last = match text {
            "+" => Last::Plus,
            "-" => Last::Minus,
            "/" => Last::Slash,
            "<" => Last::Less,
            ">" | "!" | "=" => Last::Opening,
            "}" | "]" => Last::Bracket,
            _ => Last::Other,
        };
        self.layout.ends_declaration = matches!(text, ")" | "]" | "}" | "?" | "..." | "_|_");
        self.count();
        if !self.layout.ends_declaration {
            self.release_deferred();
        }
    }

    fn release_deferred(&mut self) {
        std::mem::take(&mut self.deferred).into_iter().for_each(|group| self.comment_group(group));
    }

    /// Prints a part of an expression behind which the expression goes on.
    fn part(&mut self, print: impl FnOnce(&mut Self)) {
        self.unfinished += 1;
        print(self);
        self.unfinished -= 1;
    }

    /// Prints something in brackets in which lines may end between the entries.
    fn entries(&mut self, print: impl FnOnce(&mut Self)) {
        let unfinished = std::mem::take(&mut self.unfinished);
        print(self);
        self.unfinished = unfinished;
    }

    /// A keyword that needs blanks around it.
    fn keyword(&mut self, text: &str) {
        let first = self.layout.last == Last::Nothing;
        self.layout.keep_apart(!first);
        self.layout.text(text);
        self.layout.allow_only(Space::BLANK);
        self.count();
    }

    /// A word that is part of its node.
    fn word(&mut self, text: &str) {
        self.layout.text(text);
        self.count();
    }

    fn count(&mut self) {
        self.frame.slot = self.frame.slot.saturating_add(1);
    }

    fn ident(&mut self, ident: &Ident) {
        self.at(ident.pos);
        self.layout.text(&ident.name);
    }

    fn literal(&mut self, lit: &BasicLit) {
        self.at(lit.pos);
        let text = match lit.kind {
            LitKind::String => reindent(&lit.raw, self.layout.indent),
            LitKind::Int | LitKind::Float => normal_number(&lit.raw, lit.kind),
            LitKind::Null | LitKind::True | LitKind::False => lit.raw.clone(),
        };
        self.layout.text(&text);
        if lit.kind == LitKind::Int {
            self.layout.last = Last::Int;
        }
    }

    /// Enters a node.
    fn enter(&mut self, comments: Option<&'a Comments>) {
        let comments = comments.map(in_order).unwrap_or_default();
        let separator = self.frame.separator;
        let frame = Frame { comments, slot: 0, separator, outer_separator: separator };
        self.stack.push(std::mem::replace(&mut self.frame, frame));
        self.comments_up_to(0);
    }

    /// Leaves it.
    fn leave(&mut self) {
        self.comments_up_to(u8::MAX);
        if self.unfinished == 0 {
            self.release_deferred();
        }
        if let Some(frame) = self.stack.pop() {
            self.frame = frame;
        }
        self.count();
        self.comments_up_to(self.frame.slot);
    }

    fn comments_here(&mut self) {
        self.comments_up_to(self.frame.slot);
    }

    /// Comments of the node that stand before a position.
    fn comments_before(&mut self, pos: Pos) {
        let due = self.frame.comments.iter().take_while(|group| group.pos < pos && pos.is_some()).count();
        let groups: Vec<&'a CommentGroup> = self.frame.comments.drain(..due).collect();
        groups.into_iter().for_each(|group| self.comment_group(group));
    }

    fn comments_up_to(&mut self, slot: u8) {
        let due = self.frame.comments.iter().take_while(|group| group.slot <= slot).count();
        let groups: Vec<&'a CommentGroup> = self.frame.comments.drain(..due).collect();
        for (index, group) in groups.into_iter().enumerate() {
            if index > 0 && !self.must_defer() {
                self.allow(Space::SECTION);
            }
            self.comment_group(group);
        }
    }

    /// Whether the line end behind a comment would end a declaration that is not finished.
    fn must_defer(&self) -> bool {
        self.unfinished > 0 && self.layout.ends_declaration
    }

    fn comment_group(&mut self, group: &'a CommentGroup) {
        if self.must_defer() {
            return self.deferred.push(group);
        }
        // A comment on the line of a token stands apart from it; the first of a file starts a line.
        let least = if self.layout.is_empty() { Gap::Line } else { Gap::Blank };
        let mut gap = self.gap(group.pos).map(|gap| gap.max(least));
        if gap == Some(Gap::Blank) && group.pos.offset == 0 {
            // What begins its own file is on no line of another one.
            gap = Some(Gap::Section);
        }
        if gap == Some(Gap::Blank) {
            self.layout.stay_on_line();
        }
        if group.doc && !self.layout.is_empty() {
            self.allow(Space::LINE);
        }
        for line in &group.lines {
            if !self.layout.at_line_start() {
                self.allow(Space::COLUMN);
            }
            self.layout.follow_source(gap);
            self.layout.text(line);
            self.layout.end_comment();
            self.allow(Space::LINE);
            if group.doc {
                self.allow(Space::FIXED);
            }
            gap = None;
        }
    }
}

/// The comments of a node in the order of the source.
fn in_order(comments: &Comments) -> Vec<&CommentGroup> {
    let mut groups: Vec<&CommentGroup> = comments.line.iter().chain(&comments.after).collect();
    groups.sort_by_key(|group| group.pos);
    comments.before.iter().chain(groups).collect()
}

/// Splits an expression from the comments around it.
fn split(expr: &Expr) -> (Option<&Comments>, &Expr) {
    match expr {
        Expr::Commented(inner, comments) => (Some(comments), inner),
        other => (None, other),
    }
}

/// A multi-line string moves with the code around it, unless that is very deep.
fn reindent(raw: &str, indent: usize) -> String {
    const INDENT_MAX: usize = 6;
    match literal::indent_of(raw) {
        Some(old) if indent < INDENT_MAX => raw.replace(&format!("\n{old}"), &format!("\n{}", "\t".repeat(indent + 1))),
        _ => raw.to_owned(),
    }
}

/// Numbers with a digit on both sides of the point and a small `e`.
fn normal_number(raw: &str, kind: LitKind) -> String {
    let mut text = raw.to_owned();
    if let Some(point) = text.find('.') {
        if !text[point + 1..].starts_with(|next: char| next.is_ascii_digit() || next == '_') {
            text.insert(point + 1, '0');
        }
        if point == 0 {
            text.insert(0, '0');
        }
    }
    match text.find('E') {
        Some(at) if kind == LitKind::Float || at + 1 < text.len() => text.to_lowercase(),
        _ => text,
    }
}
