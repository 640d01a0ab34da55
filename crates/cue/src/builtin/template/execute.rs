//! Walks the tree of a template with the data at hand and writes what it prints.

use std::{borrow::Cow, fmt::Display, ops::ControlFlow};

use super::{
    DEPTH_MAX, STEPS_MAX,
    format::format,
    functions::{self, Parameter},
    grow,
    parse::Templates,
    tree::{Branch, BranchKind, Call, Command, Constant, Node, Operand, Pipeline, Term},
    value::{IntType, Slot, Value, field},
};
use crate::{
    builtin::{check_text_length, strconv::quote},
    call::Datum,
};

type Outcome<T> = Result<T, String>;

/// Where execution goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

pub(super) fn execute(source: &str, templates: &Templates, data: &Datum) -> Outcome<String> {
    let mut out = Output { text: String::new(), steps: 0 };
    let data = Slot::from(Value::from(data));
    let mut run = Run {
        source,
        templates,
        name: "",
        out: &mut out,
        variables: vec![("$", data.clone())],
        at: (0, &""),
        depth: 0,
    };
    run.nodes(&data, &templates[""])?;
    Ok(out.text)
}

struct Output {
    text: String,
    steps: usize,
}

/// The execution of one template.
struct Run<'t, 'd, 'o> {
    source: &'t str,
    templates: &'t Templates,
    name: &'t str,
    out: &'o mut Output,
    variables: Vec<(&'t str, Slot<'d>)>,
    /// What is executed, for errors.
    at: (usize, &'t dyn Display),
    depth: usize,
}

impl<'t, 'd> Run<'t, 'd, '_> {
    fn fail<T>(&self, message: impl Display) -> Outcome<T> {
        let (pos, context) = self.at;
        let before = &self.source[..pos];
        let line = 1 + before.matches('\n').count();
        let column = before.rfind('\n').map_or(pos, |newline| pos - newline - 1);
        let name = quote(self.name, '"', false);
        Err(format!("template: :{line}:{column}: executing {name} at <{context}>: {message}"))
    }

    fn step(&mut self) -> Outcome<()> {
        self.out.steps += 1;
        if self.out.steps > STEPS_MAX {
            return self.fail(format!("exceeded maximum of {STEPS_MAX} steps"));
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Outcome<()> {
        check_text_length(self.out.text.len() + text.len()).or_else(|message| self.fail(message))?;
        self.out.text.push_str(text);
        Ok(())
    }

    fn nodes(&mut self, dot: &Slot<'d>, nodes: &'t [Node]) -> Outcome<Flow> {
        for node in nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: &Slot<'d>, node: &'t Node) -> Outcome<Flow> {
        self.step()?;
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Action(pipeline) => {
                let value = self.pipeline(dot, pipeline)?;
                if pipeline.variables.is_empty() {
                    let text = match value {
                        Value::None => "<no value>".to_owned(),
                        value => format(&value, 'v'),
                    };
                    self.write(&text)?;
                }
            }
            Node::Branch(branch) => {
                let variables = self.variables.len();
                let flow = grow(|| self.branch(dot, branch))?;
                self.variables.truncate(variables);
                return Ok(flow);
            }
            Node::Call(call) => grow(|| self.call(dot, call))?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, dot: &Slot<'d>, branch: &'t Branch) -> Outcome<Flow> {
        let value = self.pipeline(dot, &branch.pipeline)?;
        let holds = value.truth();
        match branch.kind {
            BranchKind::If if holds => self.nodes(dot, &branch.body),
            BranchKind::With if holds => self.nodes(&value.into(), &branch.body),
            BranchKind::If | BranchKind::With => self.nodes(dot, &branch.otherwise),
            BranchKind::Range if self.range(&value, branch)? => Ok(Flow::Next),
            BranchKind::Range => self.nodes(dot, &branch.otherwise),
        }
    }

    /// Runs the body for each element; gives whether there is one.
    fn range(&mut self, value: &Value<'d>, branch: &'t Branch) -> Outcome<bool> {
        let mut ran = false;
        let mut each = |index: Value<'d>, element: Slot<'d>| {
            ran = true;
            match self.iteration(index, element, branch) {
                Ok(Flow::Break) => ControlFlow::Break(Ok(())),
                Ok(_) => ControlFlow::Continue(()),
                Err(message) => ControlFlow::Break(Err(message)),
            }
        };
        let end = match value {
            Value::None => ControlFlow::Continue(()),
            Value::Int(..) if branch.pipeline.variables.len() > 1 => {
                let value = format(value, 'v');
                return self.fail(format!("can't use {value} to iterate over more than one variable"));
            }
            Value::Int(count, kind) => {
                (0..*count).try_for_each(|index| each(Value::None, Value::Int(index, *kind).into()))
            }
            Value::List(elements) => {
                let mut elements = elements.iter().enumerate();
                elements.try_for_each(|(index, element)| each(index.into(), Slot::element(element)))
            }
            Value::Bytes(bytes) => {
                let mut bytes = bytes.iter().enumerate();
                bytes.try_for_each(|(index, byte)| each(index.into(), Value::byte(*byte).into()))
            }
            Value::Map(fields) => Value::sorted(fields)
                .into_iter()
                .try_for_each(|(name, element)| each(Value::Text(Cow::Borrowed(name)), Slot::element(element))),
            Value::Bool(_) | Value::Float(_) | Value::Big(_) | Value::Text(_) => {
                return self.fail(format!("range can't iterate over {}", format(value, 'v')));
            }
        };
        match end {
            ControlFlow::Break(Err(message)) => Err(message),
            _ => Ok(ran),
        }
    }

    fn iteration(&mut self, index: Value<'d>, element: Slot<'d>, branch: &'t Branch) -> Outcome<Flow> {
        self.step()?;
        let pipeline = &branch.pipeline;
        let mark = self.variables.len();
        let names = pipeline.variables.as_slice();
        // One variable takes the element, two take its place as well.
        if pipeline.assigns {
            match names {
                [place, taken] => {
                    self.assign(place, index.into())?;
                    self.assign(taken, element.clone())?;
                }
                [taken] => self.assign(taken, element.clone())?,
                _ => {}
            }
        } else if !names.is_empty() {
            self.variables[mark - 1].1 = element.clone();
            if names.len() > 1 {
                self.variables[mark - 2].1 = index.into();
            }
        }
        let flow = self.nodes(&element, &branch.body)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn call(&mut self, dot: &Slot<'d>, call: &'t Call) -> Outcome<()> {
        self.at = (call.pos, call);
        let Some((name, nodes)) = self.templates.get_key_value(&call.name) else {
            return self.fail(format!("template {} not defined", quote(&call.name, '"', false)));
        };
        if self.depth == DEPTH_MAX {
            return self.fail(format!("exceeded maximum template depth ({DEPTH_MAX})"));
        }
        let dot = match &call.pipeline {
            Some(pipeline) => self.pipeline(dot, pipeline)?,
            None => Value::None,
        };
        let dot = Slot::from(dot);
        let mut run = Run {
            source: self.source,
            templates: self.templates,
            name,
            out: &mut *self.out,
            variables: vec![("$", dot.clone())],
            at: self.at,
            depth: self.depth + 1,
        };
        run.nodes(&dot, nodes).map(|_| ())
    }

    fn assign(&mut self, name: &'t str, value: Slot<'d>) -> Outcome<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                *known = value;
                Ok(())
            }
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    fn pipeline(&mut self, dot: &Slot<'d>, pipeline: &'t Pipeline) -> Outcome<Value<'d>> {
        self.step()?;
        self.at = (pipeline.pos, pipeline);
        let mut last: Option<Value<'d>> = None;
        for command in &pipeline.commands {
            last = Some(self.command(dot, command, last.map(Slot::from))?.value);
        }
        let value = last.unwrap_or(Value::None);
        for name in &pipeline.variables {
            match pipeline.assigns {
                true => self.assign(name, value.clone().into())?,
                false => self.variables.push((name, value.clone().into())),
            }
        }
        Ok(value)
    }

    /// `last` is the value of the command before it.
    fn command(&mut self, dot: &Slot<'d>, command: &'t Command, last: Option<Slot<'d>>) -> Outcome<Slot<'d>> {
        let operands = command.operands.as_slice();
        let operand = &operands[0];
        let is_call = operands.len() > 1 || last.is_some();
        match &operand.term {
            Term::Field(_) | Term::Chain(..) => return self.fields(dot, operand, is_call),
            Term::Variable(names) if names.len() > 1 => return self.fields(dot, operand, is_call),
            Term::Function(name) => {
                self.at = (operand.pos, operand);
                return self.function(dot, name, (command.pos, command), &operands[1..], last);
            }
            Term::Pipeline(_) => {}
            _ => self.at = (operand.pos, operand),
        }
        if is_call {
            return self.fail(format!("can't give argument to non-function {}", bare(operand)));
        }
        match &operand.term {
            Term::Nil => self.fail("nil is not a command"),
            _ => self.operand(dot, operand),
        }
    }

    /// The value of an operand that gets no arguments.
    fn operand(&mut self, dot: &Slot<'d>, operand: &'t Operand) -> Outcome<Slot<'d>> {
        self.at = (operand.pos, operand);
        let value = match &operand.term {
            Term::Dot => return Ok(dot.clone()),
            Term::Field(_) | Term::Chain(..) => return self.fields(dot, operand, false),
            Term::Variable(names) if names.len() > 1 => return self.fields(dot, operand, false),
            Term::Variable(names) => return self.variable(&names[0]),
            Term::Function(name) => return self.function(dot, name, (operand.pos, operand), &[], None),
            Term::Pipeline(pipeline) => grow(|| self.pipeline(dot, pipeline))?,
            Term::Nil => Value::None,
            Term::Bool(value) => Value::Bool(*value),
            Term::Text(text, _) => text.clone().into(),
            Term::Number(Constant::Int(value), _) => Value::Int(*value, IntType::Int),
            Term::Number(Constant::Float(value), _) => Value::Float(*value),
            Term::Number(Constant::Overflow, written) => return self.fail(format!("{written} overflows int")),
        };
        Ok(value.into())
    }

    fn variable(&self, name: &str) -> Outcome<Slot<'d>> {
        match self.variables.iter().rev().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    /// The value of an operand that ends in fields; `is_call` tells that it is given arguments.
    fn fields(&mut self, dot: &Slot<'d>, operand: &'t Operand, is_call: bool) -> Outcome<Slot<'d>> {
        self.at = (operand.pos, operand);
        let (mut value, names) = match &operand.term {
            Term::Variable(names) => (self.variable(&names[0])?, &names[1..]),
            Term::Chain(inner, _) if matches!(inner.term, Term::Nil) => {
                return self.fail(format!("indirection through explicit nil in {operand}"));
            }
            Term::Chain(inner, names) => (self.operand(dot, inner)?, names.as_slice()),
            Term::Field(names) => (dot.clone(), names.as_slice()),
            _ => (dot.clone(), &[][..]),
        };
        for (index, name) in names.iter().enumerate() {
            value = self.field(&value, name, is_call && index + 1 == names.len())?;
        }
        Ok(value)
    }

    fn field(&self, value: &Slot<'d>, name: &str, is_call: bool) -> Outcome<Slot<'d>> {
        match value.value {
            Value::None if value.is_null() => self.fail(format!("nil pointer evaluating interface {{}}.{name}")),
            Value::None => Ok(Value::None.into()),
            Value::Map(_) if is_call => self.fail(format!("{name} is not a method but has arguments")),
            Value::Map(fields) => Ok(field(fields, name).map_or_else(|| Value::None.into(), Slot::element)),
            _ => self.fail(format!("can't evaluate field {name} in type {}", value.type_name())),
        }
    }

    /// `at` is what an error of the function is placed at.
    fn function(
        &mut self,
        dot: &Slot<'d>,
        name: &str,
        at: (usize, &'t dyn Display),
        operands: &'t [Operand],
        last: Option<Slot<'d>>,
    ) -> Outcome<Slot<'d>> {
        let Some(function) = functions::function(name) else {
            return self.fail(format!("{} is not a defined function", quote(name, '"', false)));
        };
        let fixed = function.parameters.len();
        let count = operands.len() + usize::from(last.is_some());
        if function.variadic.is_some() && count < fixed {
            let given = operands.len();
            return self.fail(format!("wrong number of args for {name}: want at least {fixed} got {given}"));
        }
        if function.variadic.is_none() && count != fixed {
            return self.fail(format!("wrong number of args for {name}: want {fixed} got {count}"));
        }
        if let "and" | "or" = name {
            return self.choose(dot, name == "or", operands, last);
        }
        let kind = |index: usize| function.parameters.get(index).copied().or(function.variadic);
        let mut args = Vec::with_capacity(count);
        for (index, operand) in operands.iter().enumerate() {
            args.push(self.argument(dot, operand, kind(index))?);
        }
        if let Some(last) = last {
            args.push(self.typed(last, kind(operands.len()))?);
        }
        let callee = || operands.first().map_or_else(String::new, ToString::to_string);
        let result = match name {
            "call" => Err(match &args[0].value {
                Value::None => "call of nil".to_owned(),
                value => format!("non-function {} of type {}", callee(), value.type_name()),
            }),
            _ => (function.run)(&args),
        };
        result.or_else(|message| {
            self.at = at;
            self.fail(format!("error calling {name}: {message}"))
        })
    }

    /// `and` and `or`: the first value that decides, or the last one.
    fn choose(
        &mut self,
        dot: &Slot<'d>,
        wanted: bool,
        operands: &'t [Operand],
        last: Option<Slot<'d>>,
    ) -> Outcome<Slot<'d>> {
        let mut value = Slot::from(Value::None);
        for operand in operands {
            value = self.argument(dot, operand, None)?;
            if value.value.truth() == wanted {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn argument(&mut self, dot: &Slot<'d>, operand: &'t Operand, parameter: Option<Parameter>) -> Outcome<Slot<'d>> {
        self.at = (operand.pos, operand);
        let is_constant = matches!(operand.term, Term::Bool(_) | Term::Number(..));
        match (parameter, &operand.term) {
            (Some(Parameter::Text), Term::Nil) => self.fail("cannot assign nil to string"),
            (Some(Parameter::Text), _) if is_constant => self.fail(format!("expected string; found {operand}")),
            _ => {
                let value = self.operand(dot, operand)?;
                self.typed(value, parameter)
            }
        }
    }

    fn typed(&self, value: Slot<'d>, parameter: Option<Parameter>) -> Outcome<Slot<'d>> {
        match (parameter, &value.value) {
            (Some(Parameter::Text), Value::None) if !value.is_element => self.fail("invalid value; expected string"),
            (Some(Parameter::Text), Value::Text(_)) => Ok(value),
            (Some(Parameter::Text), other) => {
                let found = if value.is_null() { "interface {}" } else { other.type_name() };
                self.fail(format!("wrong type for value; expected string; got {found}"))
            }
            _ => Ok(value),
        }
    }
}

/// An operand as it prints outside of a command.
fn bare(operand: &Operand) -> String {
    match &operand.term {
        Term::Pipeline(pipeline) => pipeline.to_string(),
        _ => operand.to_string(),
    }
}
