//! The syntax tree, with the names of the language specification.
//!
//! A node knows its position and, where the printer needs it, the comments around it. Identifiers are not resolved
//! here and literals keep their source text; `literal` decodes them.

use thin_vec::ThinVec;

use super::experiment::Experiments;
use super::made;
use super::pos::Pos;
use super::teardown;

/// A source file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Comments before the package clause that do not belong to it, and those after the last declaration.
    pub comments: Comments,
    /// The `package` clause, if any.
    pub package: Option<Package>,
    /// Attributes before and after the package clause, such as `@experiment(aliasv2)`.
    pub attributes: Vec<Attribute>,
    /// All import specifications, in order.
    pub imports: Vec<ImportDecl>,
    /// The declarations of the file, as those of a struct.
    pub decls: ThinVec<Decl>,
    /// Which experiments the language version and the attributes switch on.
    pub experiments: Experiments,
}

impl File {
    /// The comments that belong to the file as a whole: those at its package clause, and those below that stand apart
    /// from the first declaration; without a package clause, the first of them.
    #[must_use]
    pub fn docs(&self) -> Vec<String> {
        let below: Vec<&CommentGroup> = match self.imports.first() {
            Some(import) => import.comments.before.iter().filter(|group| !group.doc).collect(),
            None => {
                let apart = self.decls.iter().map_while(|decl| match decl {
                    Decl::Comments(comments) => Some(comments.before.iter().chain(&comments.after)),
                    _ => None,
                });
                apart.flatten().collect()
            }
        };
        let at_package: Vec<&CommentGroup> = match &self.package {
            Some(package) => {
                let Package { comments, .. } = package;
                let before = comments.before.iter().filter(|group| group.doc);
                before.chain(&comments.line).chain(&comments.after).collect()
            }
            None => self.comments.before.iter().collect(),
        };
        let docs = at_package.into_iter().chain(below).map(CommentGroup::text);
        docs.take(if self.package.is_some() { usize::MAX } else { 1 }).collect()
    }
}

/// `package name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// Of the keyword.
    pub pos: Pos,
    /// The name; `_` for none.
    pub name: Ident,
    /// The doc comment of the package and others.
    pub comments: Comments,
}

/// `import "path"` or `import (...)`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportDecl {
    /// Of the keyword.
    pub pos: Pos,
    /// Whether the specifications stand in parentheses.
    pub grouped: bool,
    /// Of the closing parenthesis, if there is one.
    pub end: Pos,
    /// One or more specifications.
    pub specs: Vec<ImportSpec>,
    /// Comments around the declaration.
    pub comments: Comments,
}

/// One imported package.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportSpec {
    /// Of the name, or else of the path.
    pub pos: Pos,
    /// The local name, if one is given.
    pub name: Option<Ident>,
    /// The import path, decoded.
    pub path: String,
    /// Position of the path literal.
    pub path_pos: Pos,
    /// Comments around the specification.
    pub comments: Comments,
}

/// What may stand in a struct or file.
#[derive(Clone, Debug, PartialEq)]
pub enum Decl {
    /// `label: value`.
    Field(Field),
    /// `let x = value`.
    Let(LetClause),
    /// An embedded expression.
    Embed(EmbedDecl),
    /// `for`, `if`, `let` or `try` clauses with a struct.
    Comprehension(Comprehension),
    /// `...` or `...T`.
    Ellipsis(Ellipsis),
    /// `@name(...)` on its own.
    Attribute(Attribute),
    /// Comments that stand apart from any other declaration.
    Comments(Comments),
}

/// An expression that stands as a declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbedDecl {
    /// What is embedded.
    pub expr: Expr,
    /// Comments around it.
    pub comments: Comments,
}

/// `label: value`, with all that may stand around it. `a: b: c` is a field whose value is a struct without braces.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Of the label (or of the alias before it).
    pub pos: Pos,
    /// Name of the field, or what makes it.
    pub label: Label,
    /// `X=label:` in the old form.
    pub alias: Option<Box<Ident>>,
    /// `label~X:` or `label~(K,V):` (experiment `aliasv2`).
    pub postfix_alias: Option<Box<PostfixAlias>>,
    /// `?`, `!` or none.
    pub constraint: Constraint,
    /// Position of the colon.
    pub colon: Pos,
    /// The value.
    pub value: Expr,
    /// Attributes after the value.
    pub attributes: ThinVec<Attribute>,
    /// Doc comment and others.
    pub comments: Comments,
}

/// Whether a field must, may or does exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// A regular field.
    #[default]
    None,
    /// `f?`.
    Optional,
    /// `f!`.
    Required,
}

/// What stands before the colon of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// An identifier, also a definition or a hidden one.
    Ident(Ident),
    /// A quoted string without interpolations; it can't be referred to.
    String(BasicLit),
    /// A quoted string with interpolations.
    Interpolation(Interpolation),
    /// `(expr)`: a dynamic field.
    Paren(Box<Expr>, Pos),
    /// `[expr]` or `[X=expr]`: a pattern constraint. The list holds one element unless the source is wrong.
    Pattern(Pattern),
}

/// `[expr]:` or `[X=expr]:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Of the opening bracket.
    pub pos: Pos,
    /// The name that stands for the matched label.
    pub alias: Option<Box<Ident>>,
    /// What a label must satisfy.
    pub expr: Box<Expr>,
}

/// `~X` or `~(K,V)`.
#[derive(Clone, Debug, PartialEq)]
pub struct PostfixAlias {
    /// Of the tilde.
    pub pos: Pos,
    /// The name of the label, in the second form.
    pub label: Option<Ident>,
    /// The name of the field.
    pub field: Ident,
}

/// `let x = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct LetClause {
    /// Of the keyword.
    pub pos: Pos,
    /// What is bound.
    pub ident: Ident,
    /// To what.
    pub value: Box<Expr>,
    /// Comments around it.
    pub comments: Comments,
}

/// `...` or `...T`, in a struct or list.
#[derive(Clone, Debug, PartialEq)]
pub struct Ellipsis {
    /// Of the dots.
    pub pos: Pos,
    /// The constraint on the rest.
    pub value: Option<Box<Expr>>,
    /// Comments around it.
    pub comments: Comments,
}

/// Clauses and the struct that they yield.
#[derive(Clone, Debug, PartialEq)]
pub struct Comprehension {
    /// One or more; the first is `for`, `if` or `try`.
    pub clauses: Vec<Clause>,
    /// What is yielded, in braces.
    pub value: Box<Expr>,
    /// `else {...}` or `fallback {...}` (experiment `try`), with the position of the keyword.
    pub otherwise: Option<(Pos, Box<Expr>)>,
    /// Comments around it.
    pub comments: Comments,
}

/// A part of a comprehension.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// `for v in source` or `for k, v in source`.
    For {
        /// Of the keyword.
        pos: Pos,
        /// The first of two names.
        key: Option<Ident>,
        /// The only name, or the second of two.
        value: Ident,
        /// What is run through.
        source: Box<Expr>,
    },
    /// `if condition`.
    If {
        /// Of the keyword.
        pos: Pos,
        /// The guard.
        condition: Box<Expr>,
    },
    /// `let x = value`.
    Let(LetClause),
    /// `try` or `try x = value` (experiment `try`).
    Try {
        /// Of the keyword.
        pos: Pos,
        /// The binding, if any.
        binding: Option<(Ident, Box<Expr>)>,
    },
}

/// `@name(body)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Of the `@`.
    pub pos: Pos,
    /// The whole text, from `@` to the closing parenthesis.
    pub text: String,
    /// Comments around it.
    pub comments: Comments,
}

/// An identifier, with its `#` and `_`.
#[derive(Clone, Debug, PartialEq)]
pub struct Ident {
    /// Of the first character.
    pub pos: Pos,
    /// As written.
    pub name: String,
}

/// A literal as it stands in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct BasicLit {
    /// Of the first character.
    pub pos: Pos,
    /// Which kind.
    pub kind: LitKind,
    /// As written, quotes and all.
    pub raw: String,
}

/// The kinds of [`BasicLit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LitKind {
    /// `1`, `0x1F`, `1_000`, `2Ki`.
    Int,
    /// `1.5`, `1e3`.
    Float,
    /// `"..."`, `'...'` and their multi-line and raw forms.
    String,
    /// `null`.
    Null,
    /// `true`.
    True,
    /// `false`.
    False,
}

/// A string or bytes literal with `\(...)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Interpolation {
    /// Of the opening quote.
    pub pos: Pos,
    /// Source fragments: the first begins with the opening quote and ends with `\(`, the middle ones run from `)` to
    /// `\(`, the last from `)` to the closing quote. One more than `exprs`.
    pub fragments: ThinVec<BasicLit>,
    /// The expressions between them.
    pub exprs: ThinVec<Expr>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A name: field, alias, import, predeclared identifier, `_`.
    Ident(Ident),
    /// A literal.
    Lit(BasicLit),
    /// A literal with interpolated expressions.
    Interpolation(Interpolation),
    /// `_|_`.
    Bottom(Pos),
    /// `{...}`.
    Struct(StructLit),
    /// `[...]`.
    List(ListLit),
    /// `(x)`.
    Paren {
        /// Of the opening parenthesis.
        pos: Pos,
        /// Of the closing parenthesis.
        end: Pos,
        /// What is inside.
        inner: Box<Expr>,
    },
    /// `x.sel`.
    Selector {
        /// What is selected from.
        base: Box<Expr>,
        /// An identifier or a string.
        selector: Box<Selector>,
    },
    /// `x[i]`.
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// Of the opening bracket.
        pos: Pos,
        /// Of the closing bracket.
        end: Pos,
        /// The index.
        index: Box<Expr>,
    },
    /// `x[lo:hi]`.
    Slice {
        /// What is sliced.
        base: Box<Expr>,
        /// Of the opening bracket.
        pos: Pos,
        /// Of the closing bracket.
        end: Pos,
        /// From, and to, which is not included.
        bounds: Box<[Option<Expr>; 2]>,
    },
    /// `f(args)`.
    Call {
        /// What is called.
        function: Box<Expr>,
        /// Of the opening parenthesis.
        pos: Pos,
        /// Of the closing parenthesis.
        end: Pos,
        /// The arguments.
        args: ThinVec<Expr>,
    },
    /// `-x`, `!x`, `>x`, `*x` and the like.
    Unary {
        /// Of the operator.
        pos: Pos,
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `x op y`.
    Binary {
        /// Of the operator.
        pos: Pos,
        /// The operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `x...` (experiment `explicitopen`) or `x?` (experiment `try`).
    Postfix {
        /// Of the operator.
        pos: Pos,
        /// The operator.
        op: PostfixOp,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `X=expr`: the value alias of a field, or an alias inside a list or pattern.
    Alias {
        /// The name.
        ident: Ident,
        /// What it stands for.
        expr: Box<Expr>,
    },
    /// A comprehension as an element of a list.
    Comprehension(Box<Comprehension>),
    /// An ellipsis as the last element of a list.
    Ellipsis(Ellipsis),
    /// An expression with comments that the printer keeps.
    Commented(Box<Expr>, Comments),
}

/// What follows the dot of a selector.
#[derive(Clone, Debug, PartialEq)]
pub enum Selector {
    /// `.a`, `.#A`, `._a`.
    Ident(Ident),
    /// `."a-b"`.
    String(BasicLit),
}

/// A struct literal.
#[derive(Clone, Debug, PartialEq)]
pub struct StructLit {
    /// Of the opening brace, or of the first label where there are no braces (`a: b: c`).
    pub pos: Pos,
    /// Of the closing brace, if there is one.
    pub end: Pos,
    /// Whether it is written with braces.
    pub braces: bool,
    /// What is inside.
    pub decls: ThinVec<Decl>,
}

/// A list literal.
#[derive(Clone, Debug, PartialEq)]
pub struct ListLit {
    /// Of the opening bracket.
    pub pos: Pos,
    /// Of the closing bracket.
    pub end: Pos,
    /// The elements; the last may be an [`Expr::Ellipsis`].
    pub elements: ThinVec<Expr>,
    /// Whether line ends stand in place of commas between elements, or behind a lone one.
    pub omits_commas: bool,
}

/// Operators before their operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `!`.
    Not,
    /// `*`: marks a default.
    Default,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `==` (as a validator).
    Equal,
    /// `!=`.
    NotEqual,
    /// `=~`.
    Match,
    /// `!~`.
    NotMatch,
}

/// Operators between their operands, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `|`.
    Or,
    /// `&`.
    And,
    /// `||`.
    LogicalOr,
    /// `&&`.
    LogicalAnd,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `=~`.
    Match,
    /// `!~`.
    NotMatch,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `div` as an operator of old sources.
    IntDiv,
    /// `mod`.
    IntMod,
    /// `quo`.
    IntQuo,
    /// `rem`.
    IntRem,
}

/// Operators after their operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostfixOp {
    /// `...`.
    Open,
    /// `?`.
    Optional,
}

/// Comments around a node; they take room only where there are any.
#[derive(Clone, Debug, Default)]
pub struct Comments(Option<Box<CommentGroups>>);

impl std::ops::Deref for Comments {
    type Target = CommentGroups;

    fn deref(&self) -> &CommentGroups {
        static NONE: CommentGroups = CommentGroups { before: Vec::new(), line: None, after: Vec::new() };
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl std::ops::DerefMut for Comments {
    fn deref_mut(&mut self) -> &mut CommentGroups {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for Comments {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl From<CommentGroups> for Comments {
    fn from(groups: CommentGroups) -> Self {
        Self(Some(Box::new(groups)))
    }
}

/// The groups of [`Comments`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommentGroups {
    /// Groups that stand directly above; `doc` marks the last one where nothing but a line end follows it.
    pub before: Vec<CommentGroup>,
    /// A comment on the same line, after the node.
    pub line: Option<CommentGroup>,
    /// Groups below, inside the same braces or at the end of the file.
    pub after: Vec<CommentGroup>,
}

impl Comments {
    /// The doc comment as text: markers and one leading space taken off, lines joined.
    #[must_use]
    pub fn doc(&self) -> Option<String> {
        self.before.iter().rfind(|group| group.doc).map(CommentGroup::text)
    }
}

impl CommentGroup {
    /// The text of the comment: markers and one leading space taken off, lines joined.
    #[must_use]
    pub fn text(&self) -> String {
        let strip = |line: &String| {
            let text = line.strip_prefix("//").unwrap_or(line);
            text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned()
        };
        self.lines.iter().map(strip).collect::<Vec<_>>().join("\n")
    }
}

/// Comments on lines that follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct CommentGroup {
    /// Of the first `//`.
    pub pos: Pos,
    /// Whether it documents what follows.
    pub doc: bool,
    /// Behind which token of its node it stands, counted from 1; 0 for what stands before the node.
    pub slot: u8,
    /// Each line, from `//` to before the line end.
    pub lines: Vec<String>,
}

impl File {
    /// What the file says of itself and the names that it declares at the top, without their values.
    pub(crate) fn outline(&self) -> Self {
        let named = |decl: &Decl| match decl {
            Decl::Field(Field { label: label @ (Label::Ident(_) | Label::String(_)), .. }) => {
                Some(Decl::Field(made::field(label.clone(), Constraint::None, Expr::Bottom(label.pos()))))
            }
            _ => None,
        };
        let Self { comments, package, attributes, imports, decls, experiments } = self;
        Self {
            comments: comments.clone(),
            package: package.clone(),
            attributes: attributes.clone(),
            imports: imports.clone(),
            decls: decls.iter().filter_map(named).collect(),
            experiments: *experiments,
        }
    }
}

/// A tree of any depth is taken apart without recursion.
impl Drop for Expr {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        teardown::take_children(self, &mut pending);
        while let Some(mut expr) = pending.pop() {
            teardown::take_children(&mut expr, &mut pending);
        }
    }
}

impl Expr {
    /// Visits the expressions that stand directly inside, in their order; those in the declarations of a struct and in a
    /// comprehension are left to the caller, because names come into scope there.
    pub(crate) fn each_operand(&mut self, mut visit: impl FnMut(&mut Self)) {
        match self {
            Self::Ident(_) | Self::Lit(_) | Self::Bottom(_) | Self::Struct(_) | Self::Comprehension(_) => {}
            Self::Interpolation(interpolation) => interpolation.exprs.iter_mut().for_each(visit),
            Self::List(lit) => lit.elements.iter_mut().for_each(visit),
            Self::Paren { inner: operand, .. }
            | Self::Selector { base: operand, .. }
            | Self::Unary { operand, .. }
            | Self::Postfix { operand, .. }
            | Self::Alias { expr: operand, .. }
            | Self::Commented(operand, _) => visit(operand),
            Self::Index { base, index, .. } => {
                visit(base);
                visit(index);
            }
            Self::Slice { base, bounds, .. } => {
                visit(base);
                bounds.iter_mut().flatten().for_each(visit);
            }
            Self::Call { function, args, .. } => {
                visit(function);
                args.iter_mut().for_each(visit);
            }
            Self::Binary { left, right, .. } => {
                visit(left);
                visit(right);
            }
            Self::Ellipsis(ellipsis) => ellipsis.value.iter_mut().for_each(|value| visit(value)),
        }
    }

    /// Where the expression begins, as errors report it: for a binary expression the operator's left operand.
    #[must_use]
    pub fn pos(&self) -> Pos {
        // Chains of operators may be longer than the stack is deep, so the left edge is followed in a loop.
        let mut expr = self;
        loop {
            expr = match expr {
                Self::Ident(ident) | Self::Alias { ident, .. } => return ident.pos,
                Self::Lit(lit) => return lit.pos,
                Self::Interpolation(interpolation) => return interpolation.pos,
                Self::Struct(lit) => return lit.pos,
                Self::List(lit) => return lit.pos,
                Self::Bottom(pos) | Self::Paren { pos, .. } | Self::Unary { pos, .. } => return *pos,
                Self::Comprehension(comprehension) => return comprehension.pos(),
                Self::Ellipsis(ellipsis) => return ellipsis.pos,
                Self::Selector { base: left, .. }
                | Self::Index { base: left, .. }
                | Self::Slice { base: left, .. }
                | Self::Call { function: left, .. }
                | Self::Binary { left, .. }
                | Self::Postfix { operand: left, .. }
                | Self::Commented(left, _) => left,
            }
        }
    }
}

impl Comprehension {
    /// Position of the first clause.
    #[must_use]
    pub fn pos(&self) -> Pos {
        match self.clauses.first() {
            Some(Clause::For { pos, .. } | Clause::If { pos, .. } | Clause::Try { pos, .. }) => *pos,
            Some(Clause::Let(clause)) => clause.pos,
            None => self.value.pos(),
        }
    }
}

impl Label {
    /// Where the label begins.
    #[must_use]
    pub fn pos(&self) -> Pos {
        match self {
            Self::Ident(ident) => ident.pos,
            Self::String(lit) => lit.pos,
            Self::Interpolation(interpolation) => interpolation.pos,
            Self::Paren(_, pos) => *pos,
            Self::Pattern(pattern) => pattern.pos,
        }
    }
}

impl UnaryOp {
    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Not => "!",
            Self::Default => "*",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Match => "=~",
            Self::NotMatch => "!~",
        }
    }
}

impl BinaryOp {
    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Or => "|",
            Self::And => "&",
            Self::LogicalOr => "||",
            Self::LogicalAnd => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Match => "=~",
            Self::NotMatch => "!~",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::IntDiv => "div",
            Self::IntMod => "mod",
            Self::IntQuo => "quo",
            Self::IntRem => "rem",
        }
    }
}
