//! The document as a tree whose nodes have a number, so that schemas can be told apart by their place.

use crate::{
    kind::Kind,
    syntax::{
        SyntaxError,
        ast::{Decl, Expr, Label, LitKind},
        literal::{Text, decode_text},
        pos::Pos,
    },
};

pub(super) type NodeId = usize;

/// A value of the document.
pub(super) struct Node<'a> {
    /// Of its key, or else of itself.
    pub(super) pos: Pos,
    /// What it stands in, and the last token of its JSON pointer.
    parent: Option<(NodeId, String)>,
    pub(super) content: Content<'a>,
}

pub(super) enum Content<'a> {
    Object(Vec<(String, NodeId)>),
    Array(Vec<NodeId>),
    String(String),
    Bool(bool),
    Null,
    Number(&'a Expr),
}

impl Node<'_> {
    pub(super) fn kind(&self) -> Kind {
        match &self.content {
            Content::Object(_) => Kind::STRUCT,
            Content::Array(_) => Kind::LIST,
            Content::String(_) => Kind::STRING,
            Content::Bool(_) => Kind::BOOL,
            Content::Null => Kind::NULL,
            Content::Number(expr) if is_int(expr) => Kind::INT,
            Content::Number(_) => Kind::FLOAT,
        }
    }
}

fn is_int(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(literal) => literal.kind == LitKind::Int,
        Expr::Unary { operand, .. } => is_int(operand),
        Expr::Binary { right, .. } => is_int(right),
        _ => false,
    }
}

/// All nodes of a document; the root is the first.
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(document: &'a Expr) -> Result<Self, SyntaxError> {
        let mut tree = Self { nodes: Vec::new() };
        tree.add(document, None)?;
        Ok(tree)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id]
    }

    /// The tokens of the JSON pointer of a node.
    pub(super) fn path(&self, id: NodeId) -> Vec<String> {
        let mut path = Vec::new();
        let mut at = &self.node(id).parent;
        while let Some((parent, token)) = at {
            path.push(token.clone());
            at = &self.node(*parent).parent;
        }
        path.reverse();
        path
    }

    fn add(&mut self, expr: &'a Expr, parent: Option<(NodeId, String)>) -> Result<NodeId, SyntaxError> {
        stacker::maybe_grow(64 << 10, 1 << 20, || self.add_inner(expr, parent))
    }

    fn add_inner(&mut self, expr: &'a Expr, parent: Option<(NodeId, String)>) -> Result<NodeId, SyntaxError> {
        let id = self.nodes.len();
        let content = match expr {
            Expr::Lit(literal) => match literal.kind {
                LitKind::Null => Content::Null,
                LitKind::True => Content::Bool(true),
                LitKind::False => Content::Bool(false),
                LitKind::Int | LitKind::Float => Content::Number(expr),
                LitKind::String => Content::String(text(&literal.raw, literal.pos)?),
            },
            Expr::Struct(_) | Expr::List(_) => Content::Null,
            _ => Content::Number(expr),
        };
        self.nodes.push(Node { pos: expr.pos(), parent, content });
        let child = |token: String| Some((id, token));
        match expr {
            Expr::List(list) => {
                let elements = list.elements.iter().enumerate();
                let elements = elements.map(|(index, element)| self.add(element, child(index.to_string())));
                self.nodes[id].content = Content::Array(elements.collect::<Result<_, _>>()?);
            }
            Expr::Struct(lit) => {
                let mut entries = Vec::with_capacity(lit.decls.len());
                for decl in &lit.decls {
                    let Decl::Field(field) = decl else { continue };
                    let name = match &field.label {
                        Label::Ident(ident) => ident.name.clone(),
                        Label::String(literal) => text(&literal.raw, literal.pos)?,
                        _ => continue,
                    };
                    let value = self.add(&field.value, child(name.clone()))?;
                    self.nodes[value].pos = field.label.pos();
                    entries.push((name, value));
                }
                self.nodes[id].content = Content::Object(entries);
            }
            _ => {}
        }
        Ok(id)
    }

    /// The node at a JSON pointer below another.
    pub(super) fn lookup(&self, from: NodeId, pointer: &[String]) -> Option<NodeId> {
        pointer.iter().try_fold(from, |at, token| match &self.node(at).content {
            Content::Object(entries) => entries.iter().find(|(name, _)| name == token).map(|(_, value)| *value),
            Content::Array(elements) => {
                let plain = token == "0" || !token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit());
                plain.then(|| token.parse::<usize>().ok()).flatten().and_then(|index| elements.get(index).copied())
            }
            _ => None,
        })
    }
}

fn text(raw: &str, pos: Pos) -> Result<String, SyntaxError> {
    match decode_text(raw) {
        Ok(Text::String(text)) => Ok(text),
        Ok(Text::Bytes(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(SyntaxError::new(pos, format!("invalid string: {error}"))),
    }
}

/// The tokens of a JSON pointer (RFC 6901).
pub(super) fn tokens(pointer: &str) -> Vec<String> {
    let token = |token: &str| token.replace("~1", "/").replace("~0", "~");
    pointer.split('/').skip(1).map(token).collect()
}

/// The JSON pointer of tokens.
pub(super) fn pointer(tokens: &[String]) -> String {
    tokens.iter().map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1"))).collect()
}
