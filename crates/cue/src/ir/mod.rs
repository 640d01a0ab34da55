//! Expressions with their names resolved, in an arena.
//!
//! A reference is the number of environments to go up and a label, so that a value is copied by using its expression
//! with another environment.

pub(crate) mod arena;
pub(crate) mod compile;
pub(crate) mod label;

use std::sync::Arc;

use self::label::Label;
use crate::{
    call::{Datum, Function},
    kind::Kind,
    number::Number,
    syntax::{
        ast::{BinaryOp, CommentGroup, Constraint, UnaryOp},
        pos::Pos,
    },
};

/// Handle of a [`Node`].
pub(crate) type ExprId = u32;

/// An expression and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) expr: Expr,
    pub(crate) pos: Pos,
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Atom {
    Null,
    Bool(bool),
    Number(Number),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
}

impl Atom {
    /// An argument or result without parts.
    pub(crate) fn of(datum: &Datum) -> Option<Self> {
        Some(match datum {
            Datum::Null => Self::Null,
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Number(number) => Self::Number(number.clone()),
            Datum::String(text) => Self::String(text.clone()),
            Datum::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Datum::List(_) | Datum::Struct(_) | Datum::Abstract(_) | Datum::Handle(_) => return None,
        })
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::NULL,
            Self::Bool(_) => Kind::BOOL,
            Self::Number(number) if number.is_int() => Kind::INT,
            Self::Number(_) => Kind::FLOAT,
            Self::String(_) => Kind::STRING,
            Self::Bytes(_) => Kind::BYTES,
        }
    }
}

/// The operators of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoundOp {
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `!=`.
    NotEqual,
    /// `==`.
    Equal,
    /// `=~`.
    Match,
    /// `!~`.
    NotMatch,
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Atom(Atom),
    Top,
    Bottom,
    Type(Kind),
    /// A predeclared range such as `int8`, with the conjunction that it stands for.
    Range(&'static str, ExprId),
    Struct(Arc<StructLit>),
    List(Arc<ListLit>),
    /// A field of the struct some environments up.
    Field {
        up: u32,
        label: Label,
    },
    /// The label that a pattern or dynamic field matched.
    MatchedLabel {
        up: u32,
        name: Arc<str>,
    },
    /// The field that a pattern or dynamic field made.
    MatchedField {
        up: u32,
        name: Arc<str>,
    },
    /// The field of a computed name in the struct some environments up.
    NamedField {
        up: u32,
        name: Arc<str>,
        field: ExprId,
    },
    /// The struct some environments up itself.
    Itself {
        up: u32,
        name: Arc<str>,
        /// The field whose value it is, if that has a fixed name.
        field: Option<Label>,
    },
    /// A `let` of the struct some environments up.
    Let {
        up: u32,
        name: Arc<str>,
        value: ExprId,
    },
    /// An imported package of the module.
    Import {
        package: u32,
        name: Arc<str>,
    },
    /// A builtin function, with its full name.
    Builtin(Builtin),
    Selector {
        base: ExprId,
        label: Label,
        pos: Pos,
    },
    Index {
        base: ExprId,
        index: ExprId,
    },
    Slice {
        base: ExprId,
        low: Option<ExprId>,
        high: Option<ExprId>,
    },
    Unary {
        op: UnaryOp,
        operand: ExprId,
    },
    Bound {
        op: BoundOp,
        operand: ExprId,
    },
    And {
        left: ExprId,
        right: ExprId,
    },
    Or(Arc<[Disjunct]>),
    Binary {
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
    },
    /// `&&` and `||` that leave out the right operand if the left one decides (experiment `shortcircuit`).
    ShortCircuit {
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
    },
    Interpolation {
        parts: Arc<[Part]>,
        bytes: bool,
    },
    /// `x...`: a value whose definitions do not restrict the fields.
    Open(ExprId),
    Call {
        function: ExprId,
        args: Arc<[ExprId]>,
    },
}

/// A function that needs no import, or one of a builtin package.
#[derive(Clone, Debug)]
pub(crate) enum Builtin {
    Close,
    /// `__closeAll`, and whether the file may use it.
    CloseAll(bool),
    /// `__reclose`, and whether the file may use it.
    Reclose(bool),
    And,
    Or,
    Error,
    MatchN,
    MatchIf,
    Len,
    IntOp(BinaryOp),
    Package(&'static str, &'static Function),
}

/// An operand of `|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Disjunct {
    pub(crate) expr: ExprId,
    pub(crate) default: bool,
}

/// A piece of an interpolation.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(Arc<[u8]>),
    Expr(ExprId),
}

/// A struct literal or file.
#[derive(Clone, Debug, Default)]
pub(crate) struct StructLit {
    pub(crate) decls: Vec<Decl>,
    /// Whether anything is embedded, so that it needs a scope of its own for closedness.
    pub(crate) embeds: bool,
    /// Whether what is embedded restricts the fields beside it (experiment `explicitopen`).
    pub(crate) embedded_restricts: bool,
    /// Attributes that stand alone in the struct.
    pub(crate) attributes: Vec<Arc<str>>,
}

/// A declaration.
#[derive(Clone, Debug)]
pub(crate) enum Decl {
    Field(FieldDecl),
    /// `(x): v` and `"\(x)": v`.
    Dynamic {
        name: ExprId,
        constraint: Constraint,
        value: ExprId,
        pos: Pos,
        notes: Option<Arc<Notes>>,
    },
    Pattern {
        pattern: ExprId,
        value: ExprId,
        notes: Option<Arc<Notes>>,
    },
    Embed(ExprId),
    Comprehension(Arc<Comprehension>),
    Ellipsis,
}

/// `label: value` with a fixed label.
#[derive(Clone, Debug)]
pub(crate) struct FieldDecl {
    pub(crate) label: Label,
    pub(crate) constraint: Constraint,
    pub(crate) value: ExprId,
    pub(crate) pos: Pos,
    pub(crate) notes: Option<Arc<Notes>>,
}

/// What the text says about a field besides its value.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) doc: Option<Arc<str>>,
    /// Of the doc comment.
    pub(crate) doc_pos: Pos,
    /// How many fields follow without braces between them: two for the `a` of `a: b: c: 1`. The comment is of the last.
    pub(crate) shorthands: u32,
    pub(crate) attributes: Vec<Arc<str>>,
    /// The comment between the last field of a struct and the brace on the next line.
    pub(crate) trailing: Option<CommentGroup>,
    /// `X` of `X=a: 1`.
    pub(crate) alias: Option<Arc<str>>,
    /// `X` of `a: X={...}`.
    pub(crate) value_alias: Option<Arc<str>>,
    /// `X` of `[X=string]: 1`.
    pub(crate) matched: Option<Arc<str>>,
}

/// A list literal.
#[derive(Clone, Debug)]
pub(crate) struct ListLit {
    pub(crate) elements: Vec<Element>,
    /// `...` or `...T`.
    pub(crate) rest: Option<Option<ExprId>>,
}

/// An element of a list literal.
#[derive(Clone, Debug)]
pub(crate) enum Element {
    Value(ExprId),
    Comprehension(Arc<Comprehension>),
}

/// Clauses and what they yield.
#[derive(Debug)]
pub(crate) struct Comprehension {
    /// Of the first clause.
    pub(crate) pos: Pos,
    pub(crate) doc: Option<Arc<Notes>>,
    pub(crate) clauses: Vec<Clause>,
    /// A struct literal.
    pub(crate) value: ExprId,
    /// `else` or `fallback`.
    pub(crate) otherwise: Option<ExprId>,
    /// Fields that it may yield; `None` if that can't be told from the text.
    pub(crate) labels: Option<Vec<Label>>,
}

/// A clause of a comprehension; each but `if` opens an environment.
#[derive(Debug)]
pub(crate) enum Clause {
    For {
        key: Option<Label>,
        value: Label,
        source: ExprId,
    },
    If {
        condition: ExprId,
    },
    Let {
        label: Label,
        value: ExprId,
    },
    /// `try`: yields nothing if a reference that is marked with `?` leads to no field.
    Try {
        marked: Vec<ExprId>,
        binding: Option<(Label, ExprId)>,
    },
}
