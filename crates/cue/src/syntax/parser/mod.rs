//! Tokens to tree, by recursive descent, with one token of look-ahead.
//!
//! Accepts what the reference's parser accepts, in all forms that its versions had, and reports errors in its words.
//! It yields a tree or errors, never both. How deep an input may nest is a limit, not a matter of the stack.

mod comments;
mod decl;
mod expr;

use super::ast::{Attribute, Expr, File, Ident, ImportDecl, ImportSpec, Package};
use super::error::{SyntaxError, sorted};
use super::experiment::{Experiments, Version};
use super::literal::{self, Text};
use super::pos::{FileId, Pos, SourceFile};
use super::scanner::Scanner;
use super::scope;
use super::token::{Kind, Token};
use super::unicode;
use comments::{CommentTracker, Group};

/// What a parse may take.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// The longest text, in bytes.
    pub source_bytes_max: usize,
    /// How deep expressions may nest. The reference has the same limit.
    pub nesting_max: usize,
    /// How many operators, selectors or calls may follow each other on one level of nesting.
    pub chain_max: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self { source_bytes_max: 256 << 20, nesting_max: 10_000, chain_max: 100_000 }
    }
}

/// How a file is parsed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParseOptions {
    /// The language version that the module of the file names.
    pub version: Version,
    /// What the parse may take.
    pub limits: ParseLimits,
}

/// Parses a file.
///
/// # Errors
/// All that is wrong with the text, in the order of the positions; at least one.
pub fn parse_file(source: &SourceFile, file: FileId, options: &ParseOptions) -> Result<File, Vec<SyntaxError>> {
    let tree = run(source, file, options, Parser::parse_file)?;
    let mut clashes = scope::clashes(&tree);
    // As for errors of syntax: what follows on the same line is likely a consequence.
    clashes.dedup_by_key(|error| source.line_column(error.pos.offset).0);
    clashes.truncate(ERRORS_MAX + 1);
    if clashes.is_empty() { Ok(tree) } else { Err(sorted(clashes)) }
}

/// Parses a text that is one expression.
///
/// # Errors
/// As for [`parse_file`].
pub fn parse_expr(source: &SourceFile, file: FileId, options: &ParseOptions) -> Result<Expr, Vec<SyntaxError>> {
    run(source, file, options, Parser::parse_single_expr)
}

fn run<'a, T>(
    source: &'a SourceFile,
    file: FileId,
    options: &ParseOptions,
    parse: fn(&mut Parser<'a>) -> Parsed<T>,
) -> Result<T, Vec<SyntaxError>> {
    let (bytes, max) = (source.text.len(), options.limits.source_bytes_max.min(u32::MAX as usize - 1));
    if bytes > max {
        let message = format!("source is {bytes} bytes, the limit is {max}");
        return Err(vec![SyntaxError::new(Pos { file, offset: 0 }, message)]);
    }
    let mut parser = Parser::new(source, file, *options);
    let tree = parse(&mut parser);
    match tree {
        Ok(tree) if parser.scanner.errors.is_empty() => Ok(tree),
        _ => Err(sorted(parser.scanner.errors)),
    }
}

/// There are too many errors, or the text nests too deep: the parse ends here.
struct Stop;

type Parsed<T> = Result<T, Stop>;

struct Parser<'a> {
    source: &'a SourceFile,
    file: FileId,
    options: ParseOptions,
    experiments: Experiments,
    /// Also collects the errors of the parser, so that their order is that of discovery.
    scanner: Scanner<'a>,
    token: Token,
    peeked: Option<Token>,
    /// Whether a comma, and none that a line end stands for, comes before the token.
    after_comma: bool,
    comments: CommentTracker,
    nesting: usize,
}

/// After so many errors the rest is noise.
const ERRORS_MAX: usize = 10;

impl<'a> Parser<'a> {
    fn new(source: &'a SourceFile, file: FileId, options: ParseOptions) -> Self {
        let mut scanner = Scanner::new(&source.text, file, options.limits.nesting_max);
        let token = scanner.scan();
        let experiments = Experiments::new(options.version, []).unwrap_or_default();
        let comments = CommentTracker::default();
        let mut parser = Self {
            source,
            file,
            options,
            experiments,
            scanner,
            token,
            peeked: None,
            after_comma: false,
            comments,
            nesting: 0,
        };
        parser.collect_comments(None);
        parser
    }

    fn parse_single_expr(&mut self) -> Parsed<Expr> {
        let expr = self.parse_expr()?;
        if self.token.inserted {
            self.next();
        }
        self.expect(Kind::Eof)?;
        Ok(expr)
    }

    fn parse_file(&mut self) -> Parsed<File> {
        // A text that does not even begin well is likely no CUE at all.
        if !self.scanner.errors.is_empty() {
            return Err(Stop);
        }
        let mut file = File::default();
        self.comments.open_list();
        self.parse_preamble(&mut file)?;
        file.decls = self.parse_decls()?;
        self.expect(Kind::Eof)?;
        for (child, groups) in self.comments.close_list() {
            attach_to_preamble(&mut file, child, groups);
        }
        file.comments = comments::fold(self.comments.take_groups());
        file.experiments = self.experiments;
        Ok(file)
    }

    /// Attributes, the package clause, attributes and imports.
    fn parse_preamble(&mut self, file: &mut File) -> Parsed<()> {
        self.parse_file_attributes(file)?;
        let lists: Vec<String> = file.attributes.iter().filter_map(experiment_list).collect();
        match Experiments::new(self.options.version, lists.iter().map(String::as_str)) {
            Ok(experiments) => self.experiments = experiments,
            Err(reason) => {
                let version = self.options.version;
                let message = format!("parsing experiments for version \"{version}\": {reason}");
                self.note(self.token.start, message);
                return Err(Stop);
            }
        }
        if self.at_word("package") {
            file.package = Some(self.parse_package()?);
            self.parse_file_attributes(file)?;
        }
        while self.at_word("import") {
            let imports = self.parse_imports()?;
            file.imports.push(imports);
        }
        Ok(())
    }

    fn parse_file_attributes(&mut self, file: &mut File) -> Parsed<()> {
        while self.token.kind == Kind::Attribute {
            let attribute = self.parse_attribute();
            file.attributes.push(attribute);
            self.consume_decl_comma()?;
        }
        Ok(())
    }

    fn parse_package(&mut self) -> Parsed<Package> {
        self.comments.open_node();
        let pos = self.pos();
        self.next();
        let name = self.parse_ident()?;
        if is_definition(&name.name) {
            self.error(self.token.start, format!("invalid package name {}", name.name))?;
        }
        self.expect_comma()?;
        Ok(Package { pos, name, comments: self.close_comments() })
    }

    fn parse_imports(&mut self) -> Parsed<ImportDecl> {
        self.comments.open_node();
        let pos = self.pos();
        self.next();
        let grouped = self.token.kind == Kind::ParenOpen;
        let (specs, end) =
            if grouped { self.parse_import_group()? } else { (vec![self.parse_import_spec()?], Pos::NONE) };
        Ok(ImportDecl { pos, grouped, end, specs, comments: self.close_comments() })
    }

    /// The specifications and the closing parenthesis.
    fn parse_import_group(&mut self) -> Parsed<(Vec<ImportSpec>, Pos)> {
        let mut specs = Vec::new();
        self.next();
        self.comments.open_list();
        while !matches!(self.token.kind, Kind::ParenClose | Kind::Eof) {
            specs.push(self.parse_import_spec()?);
        }
        for (child, groups) in self.comments.close_list() {
            if let Some(spec) = specs.get_mut(child) {
                comments::extend(&mut spec.comments, groups);
            }
        }
        let end = self.pos();
        self.expect(Kind::ParenClose)?;
        self.expect_comma()?;
        Ok((specs, end))
    }

    fn parse_import_spec(&mut self) -> Parsed<ImportSpec> {
        self.comments.open_node();
        let pos = self.pos();
        let name = if self.token.kind == Kind::Ident { Some(self.parse_declared_ident()?) } else { None };
        if name.as_ref().is_some_and(|name| is_definition(&name.name)) {
            self.error(self.token.start, "cannot import package as definition identifier")?;
        }
        let path_pos = self.pos();
        let raw = self.literal().to_owned();
        let mut path = String::new();
        if self.expect(Kind::String)? {
            path = match literal::decode_text(&raw) {
                Ok(Text::String(path)) => path,
                Ok(Text::Bytes(path)) => String::from_utf8_lossy(&path).into_owned(),
                Err(_) => String::new(),
            };
            if !is_import_path(&path) {
                self.error(path_pos.offset as usize, format!("invalid import path: {raw}"))?;
            }
        }
        self.expect_comma()?;
        Ok(ImportSpec { pos, name, path, path_pos, comments: self.close_comments() })
    }

    fn parse_attribute(&mut self) -> Attribute {
        self.comments.open_node();
        let (pos, text) = (self.pos(), self.literal().to_owned());
        self.next();
        Attribute { pos, text, comments: self.close_comments() }
    }

    /// An identifier; `_` stands for one that is missing.
    fn parse_ident(&mut self) -> Parsed<Ident> {
        let (pos, name) = (self.pos(), self.literal().to_owned());
        let found = self.expect(Kind::Ident)?;
        Ok(Ident { pos, name: if found { name } else { "_".to_owned() } })
    }

    /// An identifier that is being declared.
    fn parse_declared_ident(&mut self) -> Parsed<Ident> {
        let ident = self.parse_ident()?;
        self.check_declared(&ident)?;
        Ok(ident)
    }

    fn check_declared(&mut self, ident: &Ident) -> Parsed<()> {
        if ident.name.starts_with("__") {
            self.error(ident.pos.offset as usize, "identifiers starting with '__' are reserved")?;
        }
        Ok(())
    }

    /// A keyword where it is a name.
    fn parse_keyword_ident(&mut self) -> Ident {
        let (pos, name) = (self.pos(), self.literal().to_owned());
        self.next();
        Ident { pos, name }
    }

    fn at_word(&self, word: &str) -> bool {
        self.token.kind == Kind::Ident && self.literal() == word
    }

    /// The text of the token; none where the parenthesis is missing that a string goes on behind, so that the token
    /// begins inside of a character.
    fn literal(&self) -> &'a str {
        self.source.text.get(self.token.start..self.token.end).unwrap_or_default()
    }

    fn pos(&self) -> Pos {
        self.pos_at(self.token.start)
    }

    fn pos_at(&self, offset: usize) -> Pos {
        Pos { file: self.file, offset: offset as u32 }
    }

    fn line(&self, offset: usize) -> u32 {
        self.source.line_column(offset as u32).0
    }

    /// Goes to the next token that is no comment.
    fn next(&mut self) {
        self.comments.release_lead();
        let before = self.token.start;
        self.advance();
        self.comments.advance();
        self.collect_comments(Some(before));
    }

    fn advance(&mut self) {
        if self.token.kind != Kind::Comment {
            self.after_comma = self.token.kind == Kind::Comma && !self.token.inserted;
        }
        self.token = self.peeked.take().unwrap_or_else(|| self.scanner.scan());
    }

    fn peek(&mut self) -> Kind {
        if self.peeked.is_none() {
            self.peeked = Some(self.scanner.scan());
        }
        self.peeked.map_or(Kind::Eof, |token| token.kind)
    }

    fn note(&mut self, offset: usize, message: impl Into<String>) {
        let pos = self.pos_at(offset);
        self.scanner.errors.push(SyntaxError::new(pos, message));
    }

    /// Notes an error, unless one was found on the same line just before: then it is likely a consequence.
    fn error(&mut self, offset: usize, message: impl Into<String>) -> Parsed<()> {
        let line = self.line(offset);
        if self.scanner.errors.last().is_some_and(|last| self.line(last.pos.offset as usize) == line) {
            return Ok(());
        }
        if self.scanner.errors.len() > ERRORS_MAX {
            return Err(Stop);
        }
        self.note(offset, message);
        Ok(())
    }

    fn error_expected(&mut self, what: &str) -> Parsed<()> {
        let kind = self.token.kind;
        let message = if self.token.inserted {
            format!("expected {what}, found newline")
        } else if kind.is_literal() {
            format!("expected {what}, found '{kind}' {}", self.literal())
        } else {
            format!("expected {what}, found '{kind}'")
        };
        self.error(self.token.start, message)
    }

    /// Consumes a token, which should be of this kind; whether it was.
    fn expect(&mut self, kind: Kind) -> Parsed<bool> {
        let found = self.token.kind == kind;
        if !found {
            self.error_expected(&format!("'{kind}'"))?;
        }
        self.next();
        Ok(found)
    }

    /// As [`Self::expect`], for a bracket that closes what may span lines.
    fn expect_closing(&mut self, kind: Kind, context: &str) -> Parsed<bool> {
        if self.token.kind != kind && self.token.inserted {
            self.error(self.token.start, format!("missing ',' before newline in {context}"))?;
            self.next();
        }
        self.expect(kind)
    }

    fn expect_comma(&mut self) -> Parsed<()> {
        match self.token.kind {
            Kind::Comma => self.next(),
            Kind::ParenClose | Kind::BraceClose | Kind::Eof => {}
            _ => {
                self.error_expected("','")?;
                self.skip_rest();
            }
        }
        Ok(())
    }

    /// Whether a comma stands here, or is missing; `closing` are the tokens that need none before them.
    fn at_comma(&mut self, context: &str, closing: &[Kind]) -> Parsed<bool> {
        if self.token.kind == Kind::Comma {
            return Ok(true);
        }
        if closing.contains(&self.token.kind) {
            return Ok(false);
        }
        self.error(self.token.start, format!("missing ',' in {context}"))?;
        Ok(true)
    }

    fn consume_decl_comma(&mut self) -> Parsed<()> {
        if self.at_comma("struct literal", &[Kind::BraceClose, Kind::Eof])? {
            self.next();
        }
        Ok(())
    }

    /// After an error inside an expression only the scanner's errors are worth telling.
    fn skip_rest(&mut self) {
        while self.token.kind != Kind::Eof {
            self.next();
        }
    }
}

fn attach_to_preamble(file: &mut File, child: usize, groups: Vec<Group>) {
    let mut nodes: Vec<(Pos, &mut super::ast::Comments)> = Vec::new();
    nodes.extend(file.attributes.iter_mut().map(|attribute| (attribute.pos, &mut attribute.comments)));
    nodes.extend(file.package.iter_mut().map(|package| (package.pos, &mut package.comments)));
    nodes.extend(file.imports.iter_mut().map(|import| (import.pos, &mut import.comments)));
    nodes.sort_by_key(|(pos, _)| *pos);
    if let Some((_, comments)) = nodes.into_iter().nth(child) {
        comments::extend(comments, groups);
    }
}

/// The body of an `@experiment(...)`.
fn experiment_list(attribute: &Attribute) -> Option<String> {
    let (name, body) = attribute.text.strip_prefix('@')?.split_once('(')?;
    (name == "experiment").then(|| body.strip_suffix(')').unwrap_or(body).to_owned())
}

fn is_definition(name: &str) -> bool {
    name.starts_with('#') || name.starts_with("_#")
}

/// Whether an import path is one, not counting the package name behind a colon.
fn is_import_path(path: &str) -> bool {
    const ILLEGAL: &str = "!\"#$%&'()*,:;<=>?[\\]^{|}`\u{FFFD}";
    let path = path.rsplit_once(':').map_or(path, |(path, _)| path);
    !path.is_empty() && path.chars().all(|ch| unicode::is_print(ch) && ch != ' ' && !ILLEGAL.contains(ch))
}
