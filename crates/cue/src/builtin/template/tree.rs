//! The tree of a template. Each part prints as errors quote it.

use std::fmt::{self, Display, Formatter};

use crate::builtin::strconv::quote;

/// A part of a template.
pub(super) enum Node {
    Text(String),
    Action(Pipeline),
    Branch(Box<Branch>),
    Call(Call),
    Break,
    Continue,
}

/// `{{if}}`, `{{with}}` and `{{range}}`.
pub(super) struct Branch {
    pub(super) kind: BranchKind,
    pub(super) pipeline: Pipeline,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BranchKind {
    If,
    With,
    Range,
}

/// `{{template "name" pipeline}}`.
pub(super) struct Call {
    pub(super) pos: usize,
    pub(super) name: String,
    pub(super) pipeline: Option<Pipeline>,
}

/// Commands, each of which takes the value of the one before, and the variables that take the last value.
pub(super) struct Pipeline {
    pub(super) pos: usize,
    pub(super) variables: Vec<String>,
    /// Whether the variables are there already.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// A function or value, and arguments. There is at least one operand.
pub(super) struct Command {
    pub(super) pos: usize,
    pub(super) operands: Vec<Operand>,
}

pub(super) struct Operand {
    pub(super) pos: usize,
    pub(super) term: Term,
}

pub(super) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Constant, String),
    /// A string, and how it is written.
    Text(String, String),
    Function(String),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`
    Variable(Vec<String>),
    Pipeline(Pipeline),
    /// Fields of anything else.
    Chain(Box<Operand>, Vec<String>),
}

/// The value of a number as Go takes it where no type is asked for.
#[derive(Clone, Copy)]
pub(super) enum Constant {
    Int(i64),
    Float(f64),
    /// It fits no `int`.
    Overflow,
}

impl Display for Call {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{{{{template {}", quote(&self.name, '"', false))?;
        if let Some(pipeline) = &self.pipeline {
            write!(out, " {pipeline}")?;
        }
        out.write_str("}}")
    }
}

impl Display for Pipeline {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            write!(out, "{} {} ", self.variables.join(", "), if self.assigns { "=" } else { ":=" })?;
        }
        separated(out, &self.commands, " | ")
    }
}

impl Display for Command {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        separated(out, &self.operands, " ")
    }
}

impl Display for Operand {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Dot => out.write_str("."),
            Term::Nil => out.write_str("nil"),
            Term::Bool(value) => value.fmt(out),
            Term::Number(_, written) | Term::Text(_, written) | Term::Function(written) => out.write_str(written),
            Term::Field(names) => names.iter().try_for_each(|name| write!(out, ".{name}")),
            Term::Variable(names) => out.write_str(&names.join(".")),
            Term::Pipeline(pipeline) => write!(out, "({pipeline})"),
            Term::Chain(operand, names) => write!(out, "{operand}.{}", names.join(".")),
        }
    }
}

fn separated<T: Display>(out: &mut Formatter<'_>, parts: &[T], separator: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.write_str(separator)?;
        }
        part.fmt(out)?;
    }
    Ok(())
}
