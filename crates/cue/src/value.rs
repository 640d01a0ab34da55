//! What a compiled text offers to the rest of the program: instances, values and schemas.
//!
//! All three are immutable, cheap to clone and may be shared between threads.

use std::{convert::Infallible, sync::Arc};

use crate::{
    error::{Error, Errors, PathPart, Position},
    eval::kind::Kind,
    limits::Limits,
    load::Source,
    number::Number,
    syntax::{ast::Constraint, pos::SourceFile},
};

/// The files of one package, compiled.
#[derive(Clone, Debug)]
pub struct Instance {
    never: Infallible,
}

impl Instance {
    /// Compiles the files of one package; it may import builtin packages.
    ///
    /// # Errors
    /// Syntax errors, names that are not declared, what the engine does not know.
    pub fn compile(_files: Vec<Arc<SourceFile>>, _limits: &Limits) -> Result<Self, Errors> {
        Err(Error::unsupported("evaluation").into())
    }

    /// Compiles the package in a folder of a source, with what it imports from its own module.
    ///
    /// # Errors
    /// As [`Instance::compile`], and if the folder holds no files or those of several packages.
    pub fn load(_source: &dyn Source, _folder: &str, _limits: &Limits) -> Result<Self, Errors> {
        Err(Error::unsupported("loading packages").into())
    }

    /// The value of the whole package.
    #[must_use]
    pub fn root(&self) -> Value {
        match self.never {}
    }

    /// The value at a path such as `#Order` or `events."x".schema`, or of any expression over the package's names.
    ///
    /// # Errors
    /// If the expression is malformed or its value an error.
    pub fn lookup(&self, _expression: &str) -> Result<Value, Errors> {
        match self.never {}
    }
}

/// A value of an instance.
#[derive(Clone, Debug)]
pub struct Value {
    never: Infallible,
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name.
    pub label: PathPart,
    /// Whether it is regular, optional or required.
    pub constraint: Constraint,
    /// Its value.
    pub value: Value,
}

/// Which fields of a struct are wanted besides the regular ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldOptions {
    /// `f?` and `f!`.
    pub optional: bool,
    /// `#D`.
    pub definitions: bool,
    /// `_h`.
    pub hidden: bool,
}

/// What a value is made of.
#[derive(Clone, Debug)]
pub enum Shape {
    /// An error.
    Bottom(Errors),
    /// `_`.
    Top,
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Any value of these kinds.
    Type(Kind),
    /// A bound such as `<10` or `=~"^a"`.
    Bound(BoundOp, Value),
    /// A function that must be satisfied, with its full name, such as `strings.MinRunes`.
    Validator(Arc<str>, Vec<Value>),
    /// All of them at once: types, bounds, validators.
    Conjunction(Vec<Shape>),
    /// One of them; marked are the defaults.
    Disjunction(Vec<(Value, bool)>),
    /// A struct, with what else holds for it (validators such as `struct.MaxFields(3)`).
    Struct(Vec<Shape>),
    /// A list, with what else holds for it.
    List(Vec<Shape>),
    /// An expression that needs more information to have a value, as it prints.
    Unresolved(Arc<str>),
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

/// How strictly a value is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// Whether all values must be concrete and all required fields present.
    pub concrete: bool,
}

impl Value {
    /// The kinds that it is or may become; no kind for an error.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.never {}
    }

    /// What it is made of, with defaults not yet taken.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self.never {}
    }

    /// The value with its default taken, if it has exactly one.
    #[must_use]
    pub fn default_value(&self) -> Self {
        match self.never {}
    }

    /// The fields of a struct in the order of output.
    #[must_use]
    pub fn fields(&self, _options: FieldOptions) -> Vec<Field> {
        match self.never {}
    }

    /// The patterns of a struct, each with the constraint for matching fields.
    #[must_use]
    pub fn patterns(&self) -> Vec<(Value, Value)> {
        match self.never {}
    }

    /// The elements of a list.
    #[must_use]
    pub fn elements(&self) -> Vec<Self> {
        match self.never {}
    }

    /// What further elements of an open list must be; `None` if it is closed.
    #[must_use]
    pub fn rest(&self) -> Option<Self> {
        match self.never {}
    }

    /// Whether a struct or list takes no further fields or elements than those it names.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        match self.never {}
    }

    /// Whether a struct may have a regular field of this name.
    #[must_use]
    pub fn allows(&self, _name: &str) -> bool {
        match self.never {}
    }

    /// The field or element at a name, definition or index, if there is one.
    #[must_use]
    pub fn get(&self, _part: &PathPart) -> Option<Self> {
        match self.never {}
    }

    /// The doc comments of all declarations of the value, joined by an empty line.
    #[must_use]
    pub fn doc(&self) -> String {
        match self.never {}
    }

    /// The attributes of the field that holds the value, as written.
    #[must_use]
    pub fn attributes(&self) -> Vec<Arc<str>> {
        match self.never {}
    }

    /// Where it is declared first.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self.never {}
    }

    /// From the root of the instance.
    #[must_use]
    pub fn path(&self) -> Vec<PathPart> {
        match self.never {}
    }

    /// The path that the value refers to, if it is nothing but a reference: `#TripEvent` for `schema: #TripEvent`.
    #[must_use]
    pub fn reference(&self) -> Option<Vec<PathPart>> {
        match self.never {}
    }

    /// The value as JSON, as `cue export` prints it, with its indentation.
    ///
    /// # Errors
    /// All that is contradictory or not concrete.
    pub fn to_json(&self) -> Result<String, Errors> {
        match self.never {}
    }

    /// Whether it is free of contradictions, and concrete if asked.
    ///
    /// # Errors
    /// All violations.
    pub fn validate(&self, _validation: Validation) -> Result<(), Errors> {
        match self.never {}
    }

    /// Both at once, as `self & other`. The values may belong to different instances.
    #[must_use]
    pub fn unify(&self, _other: &Self) -> Self {
        match self.never {}
    }

    /// As a CUE expression on one line, as errors print it.
    #[must_use]
    pub fn to_cue(&self) -> String {
        match self.never {}
    }
}

/// A definition prepared to judge many documents.
#[derive(Clone, Debug)]
pub struct Schema {
    never: Infallible,
}

/// How errors of documents are reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VetOptions {
    /// Whether paths begin with the definition, as in `#Identity.Age`.
    pub prefix_definition: bool,
}

impl Schema {
    /// Prepares the value of an expression over an instance, such as `#Order`.
    ///
    /// # Errors
    /// If the expression is malformed or its value contradicts itself.
    pub fn new(_instance: &Instance, _expression: &str, _options: VetOptions) -> Result<Self, Errors> {
        Err(Error::unsupported("evaluation").into())
    }

    /// The value that documents are judged by.
    #[must_use]
    pub fn value(&self) -> &Value {
        match self.never {}
    }

    /// Judges one JSON document as `cue vet -c -d` does. `name` is what positions in it print.
    ///
    /// # Errors
    /// All violations.
    pub fn vet_json(&self, _data: &[u8], _name: &str) -> Result<(), Errors> {
        match self.never {}
    }
}
