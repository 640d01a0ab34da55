//! From tokens to trees: one for the text itself, and one for each `{{define}}` and `{{block}}` in it.

use std::{
    collections::{HashMap, VecDeque},
    mem,
};

use super::{
    NESTING_MAX,
    functions::is_function,
    grow,
    lex::{Item, Keyword, Lexer, Token},
    tree::{Branch, BranchKind, Call, Command, Constant, Node, Operand, Pipeline, Term},
};
use crate::builtin::strconv::{self, quote};

/// The templates of a text by name; that of the text itself has none.
pub(super) type Templates = HashMap<String, Vec<Node>>;

type Parsed<T> = Result<T, String>;

/// What ends a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    End,
    Else,
}

impl Closing {
    fn text(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// A node, or the end of the list that it would be in.
enum Step {
    Node(Node),
    Closing(Closing),
}

pub(super) fn parse(source: &str) -> Parsed<Templates> {
    let mut parser = Parser {
        source,
        lexer: Lexer::new(source),
        ahead: VecDeque::new(),
        lexed: 0,
        templates: Templates::new(),
        scope: Scope::default(),
        depth: 0,
        action: None,
    };
    let nodes = parser.file()?;
    parser.add(String::new(), nodes)?;
    Ok(parser.templates)
}

/// What one template knows of itself.
struct Scope {
    variables: Vec<String>,
    ranges: usize,
}

impl Default for Scope {
    fn default() -> Self {
        Self { variables: vec!["$".to_owned()], ranges: 0 }
    }
}

struct Parser<'t> {
    source: &'t str,
    lexer: Lexer<'t>,
    ahead: VecDeque<Item<'t>>,
    /// Where the last token stands that was lexed: errors name its line.
    lexed: usize,
    templates: Templates,
    scope: Scope,
    depth: usize,
    /// Where the action at hand begins.
    action: Option<usize>,
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Item<'t> {
        if let Some(item) = self.ahead.pop_front() {
            return item;
        }
        let item = self.lexer.next();
        self.lexed = item.pos;
        item
    }

    fn back(&mut self, item: Item<'t>) {
        self.ahead.push_front(item);
    }

    fn peek(&mut self) -> Token {
        let item = self.next();
        let token = item.token;
        self.back(item);
        token
    }

    fn next_solid(&mut self) -> Item<'t> {
        loop {
            let item = self.next();
            if item.token != Token::Space {
                return item;
            }
        }
    }

    fn peek_solid(&mut self) -> (Token, usize) {
        let item = self.next_solid();
        let found = (item.token, item.pos);
        self.back(item);
        found
    }

    fn line(&self, pos: usize) -> usize {
        1 + self.source[..pos].matches('\n').count()
    }

    fn fail<T>(&self, message: impl AsRef<str>) -> Parsed<T> {
        Err(format!("template: :{}: {}", self.line(self.lexed), message.as_ref()))
    }

    fn unexpected<T>(&self, item: &Item<'t>, context: &str) -> Parsed<T> {
        if item.token != Token::Error {
            return self.fail(format!("unexpected {} in {context}", item.describe()));
        }
        let started = self.action.map(|pos| self.line(pos)).filter(|line| *line != self.line(item.pos));
        let place = started.map_or_else(String::new, |line| format!(" in action started at :{line}"));
        // No "action in action".
        let place = if item.text.ends_with(" action") { place.replacen(" in action", "", 1) } else { place };
        self.fail(item.describe() + &place)
    }

    fn expect(&mut self, token: Token, context: &str) -> Parsed<Item<'t>> {
        let item = self.next_solid();
        if item.token == token { Ok(item) } else { self.unexpected(&item, context) }
    }

    fn nested<T>(&mut self, level: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= NESTING_MAX {
            return self.fail("max expression depth exceeded");
        }
        self.depth += 1;
        let result = grow(|| level(self));
        self.depth -= 1;
        result
    }

    /// Adds a template; one that prints nothing may be defined again.
    fn add(&mut self, name: String, nodes: Vec<Node>) -> Parsed<()> {
        let is_known = self.templates.get(&name).is_some_and(|known| !is_empty(known));
        if !is_known {
            self.templates.insert(name, nodes);
        } else if !is_empty(&nodes) {
            let name = quote(&name, '"', false);
            return self.fail(format!("template: multiple definition of template {name}"));
        }
        Ok(())
    }

    fn file(&mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        while self.peek() != Token::End {
            if self.peek() == Token::Left {
                let left = self.next();
                let item = self.next_solid();
                if item.token == Token::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.back(item);
                self.back(left);
            }
            match self.text_or_action()? {
                Step::Node(node) => nodes.push(node),
                Step::Closing(closing) => return self.fail(format!("unexpected {}", closing.text())),
            }
        }
        Ok(nodes)
    }

    fn definition(&mut self) -> Parsed<()> {
        let context = "define clause";
        let name = self.next_solid();
        let name = self.template_name(&name, context)?;
        self.expect(Token::Right, context)?;
        self.template(name, context)
    }

    /// The nodes of another template up to its end.
    fn template(&mut self, name: String, context: &str) -> Parsed<()> {
        let outer = mem::take(&mut self.scope);
        let (nodes, closing) = self.list()?;
        if closing != Closing::End {
            return self.fail(format!("unexpected {} in {context}", closing.text()));
        }
        self.scope = outer;
        self.add(name, nodes)
    }

    fn template_name(&mut self, item: &Item<'t>, context: &str) -> Parsed<String> {
        match item.token {
            Token::Quoted | Token::Raw => self.unquoted(item),
            _ => self.unexpected(item, context),
        }
    }

    fn unquoted(&self, item: &Item<'t>) -> Parsed<String> {
        strconv::unquote_go(&item.text).map_or_else(|| self.fail("invalid syntax"), Ok)
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn list(&mut self) -> Parsed<(Vec<Node>, Closing)> {
        let mut nodes = Vec::new();
        while self.peek_solid().0 != Token::End {
            match self.text_or_action()? {
                Step::Node(node) => nodes.push(node),
                Step::Closing(closing) => return Ok((nodes, closing)),
            }
        }
        self.fail("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Step> {
        let item = self.next_solid();
        match item.token {
            Token::Text => Ok(Step::Node(Node::Text(item.text.into_owned()))),
            Token::Left => {
                self.action = Some(item.pos);
                let step = self.action();
                self.action = None;
                step
            }
            _ => self.unexpected(&item, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Step> {
        let item = self.next_solid();
        let Token::Keyword(keyword) = item.token else {
            self.back(item);
            return Ok(Step::Node(Node::Action(self.pipeline("command", Token::Right)?)));
        };
        let node = match keyword {
            Keyword::End => {
                self.expect(Token::Right, "end")?;
                return Ok(Step::Closing(Closing::End));
            }
            Keyword::Else => {
                // What follows `else if` is read as an action of its own.
                let chained = matches!(self.peek_solid().0, Token::Keyword(Keyword::If | Keyword::With));
                if !chained {
                    self.expect(Token::Right, "else")?;
                }
                return Ok(Step::Closing(Closing::Else));
            }
            Keyword::Break => self.jump("{{break}}", Node::Break)?,
            Keyword::Continue => self.jump("{{continue}}", Node::Continue)?,
            Keyword::If => self.branch(BranchKind::If)?,
            Keyword::With => self.branch(BranchKind::With)?,
            Keyword::Range => self.branch(BranchKind::Range)?,
            Keyword::Template => self.call()?,
            Keyword::Block => self.block()?,
            Keyword::Define => return self.unexpected(&item, "command"),
        };
        Ok(Step::Node(node))
    }

    fn jump(&mut self, text: &str, node: Node) -> Parsed<Node> {
        self.expect(Token::Right, text)?;
        if self.scope.ranges == 0 {
            return self.fail(format!("{text} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn branch(&mut self, kind: BranchKind) -> Parsed<Node> {
        self.nested(|this| this.branch_inner(kind))
    }

    fn branch_inner(&mut self, kind: BranchKind) -> Parsed<Node> {
        let (context, ranges) = match kind {
            BranchKind::If => ("if", 0),
            BranchKind::With => ("with", 0),
            BranchKind::Range => ("range", 1),
        };
        let variables = self.scope.variables.len();
        let pipeline = self.pipeline(context, Token::Right)?;
        self.scope.ranges += ranges;
        let (body, closing) = self.list()?;
        self.scope.ranges -= ranges;
        let otherwise = match (closing, kind) {
            (Closing::End, _) => Vec::new(),
            (_, BranchKind::If) if self.peek() == Token::Keyword(Keyword::If) => self.chained(kind)?,
            (_, BranchKind::With) if self.peek() == Token::Keyword(Keyword::With) => self.chained(kind)?,
            _ => match self.list()? {
                (nodes, Closing::End) => nodes,
                (_, closing) => return self.fail(format!("expected end; found {}", closing.text())),
            },
        };
        self.scope.variables.truncate(variables);
        Ok(Node::Branch(Box::new(Branch { kind, pipeline, body, otherwise })))
    }

    /// `else if` and `else with`, whose end is that of the whole.
    fn chained(&mut self, kind: BranchKind) -> Parsed<Vec<Node>> {
        self.next();
        Ok(vec![self.branch(kind)?])
    }

    fn call(&mut self) -> Parsed<Node> {
        let context = "template clause";
        let item = self.next_solid();
        let name = self.template_name(&item, context)?;
        let end = self.next_solid();
        let pipeline = match end.token {
            Token::Right => None,
            _ => {
                self.back(end);
                Some(self.pipeline(context, Token::Right)?)
            }
        };
        Ok(Node::Call(Call { pos: item.pos, name, pipeline }))
    }

    /// A template that is defined where it is called.
    fn block(&mut self) -> Parsed<Node> {
        let context = "block clause";
        let item = self.next_solid();
        let name = self.template_name(&item, context)?;
        let pipeline = self.pipeline(context, Token::Right)?;
        self.nested(|this| this.template(name.clone(), context))?;
        Ok(Node::Call(Call { pos: item.pos, name, pipeline: Some(pipeline) }))
    }

    fn pipeline(&mut self, context: &str, end: Token) -> Parsed<Pipeline> {
        let (_, pos) = self.peek_solid();
        let mut pipeline = Pipeline { pos, variables: Vec::new(), assigns: false, commands: Vec::new() };
        self.declarations(&mut pipeline, context)?;
        loop {
            let item = self.next_solid();
            match item.token {
                token if token == end => break,
                Token::Bool
                | Token::Rune
                | Token::Dot
                | Token::Field
                | Token::Identifier
                | Token::Number
                | Token::Nil
                | Token::Raw
                | Token::Quoted
                | Token::Variable
                | Token::Open => {
                    self.back(item);
                    let command = self.command()?;
                    pipeline.commands.push(command);
                }
                _ => return self.unexpected(&item, context),
            }
        }
        if pipeline.commands.is_empty() {
            return self.fail(format!("missing value for {context}"));
        }
        let is_constant = |command: &Command| {
            matches!(
                command.operands[0].term,
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(..) | Term::Text(..)
            )
        };
        match pipeline.commands[1..].iter().position(is_constant) {
            Some(stage) => self.fail(format!("non executable command in pipeline stage {}", stage + 2)),
            None => Ok(pipeline),
        }
    }

    /// `$x :=`, `$x =`, and `$x, $y :=` for a range.
    fn declarations(&mut self, pipeline: &mut Pipeline, context: &str) -> Parsed<()> {
        while self.peek_solid().0 == Token::Variable {
            let variable = self.next_solid();
            let after = self.next();
            let (next, space) = match after.token {
                Token::Space => (self.next_solid(), Some(after)),
                _ => (after, None),
            };
            let name = variable.text.clone().into_owned();
            match next.token {
                Token::Assign | Token::Declare => {
                    pipeline.assigns = next.token == Token::Assign;
                    pipeline.variables.push(name.clone());
                    self.scope.variables.push(name);
                    return Ok(());
                }
                Token::Char if next.text == "," => {
                    pipeline.variables.push(name.clone());
                    self.scope.variables.push(name);
                    if context != "range" || pipeline.variables.len() > 1 {
                        return self.fail(format!("too many declarations in {context}"));
                    }
                    if !matches!(self.peek_solid().0, Token::Variable | Token::Right | Token::Close) {
                        return self.fail("range can only initialize variables");
                    }
                }
                _ => {
                    self.back(next);
                    if let Some(space) = space {
                        self.back(space);
                    }
                    self.back(variable);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<Command> {
        let (_, pos) = self.peek_solid();
        let mut command = Command { pos, operands: Vec::new() };
        loop {
            self.peek_solid();
            if let Some(operand) = self.operand()? {
                command.operands.push(operand);
            }
            let item = self.next();
            match item.token {
                Token::Space => continue,
                Token::Right | Token::Close => self.back(item),
                Token::Pipe => {}
                _ => return self.unexpected(&item, "operand"),
            }
            break;
        }
        if command.operands.is_empty() {
            return self.fail("empty command");
        }
        Ok(command)
    }

    /// A term with fields, unless what follows is no operand.
    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(operand) = self.term()? else { return Ok(None) };
        if self.peek() != Token::Field {
            return Ok(Some(operand));
        }
        let mut names = Vec::new();
        let mut pos = None;
        while self.peek() == Token::Field {
            let field = self.next();
            pos.get_or_insert(field.pos);
            names.push(field.text[1..].to_owned());
        }
        let pos = pos.unwrap_or(operand.pos);
        let term = match operand.term {
            Term::Field(known) => Term::Field([known, names].concat()),
            Term::Variable(known) => Term::Variable([known, names].concat()),
            Term::Bool(_) | Term::Text(..) | Term::Number(..) | Term::Nil | Term::Dot => {
                let term = quote(&operand.to_string(), '"', false);
                return self.fail(format!("unexpected . after term {term}"));
            }
            _ => Term::Chain(Box::new(operand), names),
        };
        Ok(Some(Operand { pos, term }))
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let item = self.next_solid();
        let written = item.text.clone().into_owned();
        let term = match item.token {
            Token::Identifier if is_function(&written) => Term::Function(written),
            Token::Identifier => return self.fail(format!("function {} not defined", quote(&written, '"', false))),
            Token::Dot => Term::Dot,
            Token::Nil => Term::Nil,
            Token::Bool => Term::Bool(written == "true"),
            Token::Variable if self.scope.variables.contains(&written) => Term::Variable(vec![written]),
            Token::Variable => return self.fail(format!("undefined variable {}", quote(&written, '"', false))),
            Token::Field => Term::Field(vec![written[1..].to_owned()]),
            Token::Number => match constant(&written) {
                Ok(constant) => Term::Number(constant, written),
                Err(message) => return self.fail(message),
            },
            Token::Rune => match strconv::unquote_go(&written) {
                Some(text) => Term::Number(
                    Constant::Int(text.chars().next().map_or(0, |char| i64::from(u32::from(char)))),
                    written,
                ),
                None if written.len() > 3 => return self.fail(format!("malformed character constant: {written}")),
                None => return self.fail("invalid syntax"),
            },
            Token::Quoted | Token::Raw => Term::Text(self.unquoted(&item)?, written),
            Token::Open => Term::Pipeline(self.nested(|this| this.pipeline("parenthesized pipeline", Token::Close))?),
            _ => {
                self.back(item);
                return Ok(None);
            }
        };
        Ok(Some(Operand { pos: item.pos, term }))
    }
}

/// The value of a number: an integer if it is written as one.
fn constant(text: &str) -> Result<Constant, String> {
    let (digits, negative) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (digits, text.starts_with('-')),
        None => (text, false),
    };
    let quoted = || quote(text, '"', false);
    let is_hex = digits.starts_with("0x") || digits.starts_with("0X");
    let is_float = digits.contains('.') || digits.contains(if is_hex { ['p', 'P'] } else { ['e', 'E'] });
    if is_float {
        let value = strconv::parse_go_float(text).ok_or_else(|| format!("illegal number syntax: {}", quoted()))?;
        return Ok(Constant::Float(value));
    }
    match strconv::big_int(text, 0) {
        Some(value) => match i64::try_from(&value) {
            Ok(value) => Ok(Constant::Int(value)),
            Err(_) if !negative && u64::try_from(&value).is_ok() => Ok(Constant::Overflow),
            Err(_) => Err(format!("integer overflow: {}", quoted())),
        },
        // What is no integer may still be digits, such as `08`.
        None if strconv::parse_go_float(text).is_some() => Err(format!("integer overflow: {}", quoted())),
        None => Err(format!("illegal number syntax: {}", quoted())),
    }
}

/// Whether a template prints nothing but spaces.
fn is_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}
