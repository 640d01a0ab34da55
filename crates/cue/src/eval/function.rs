//! Calls of builtin functions, and functions as validators.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    engine::{Engine, Outcome},
    expression::Val,
    vertex::{
        Alternatives, Base, Check, CheckRule, Conjunct, Cycle, EnvId, ErrorId, Mode, NONE, Origin, Passage, Show,
        State, TaskState, Term, Trail, Validator, VertexId,
    },
};
use crate::{
    builtin,
    call::{self, Abstract, Datum, Extent, Failure, Handle, Strictness},
    error::{Code, Rule},
    ir::{Atom, Builtin, Expr, ExprId, Part, compile::Compiler, label::Label},
    kind::Kind,
    syntax::{
        ast::{self, BinaryOp, Constraint},
        pos::Pos,
    },
};

impl Engine {
    /// Adds the result of a call, or the call as a validator.
    pub(crate) fn add_call_result(
        &mut self,
        vertex: VertexId,
        expr: ExprId,
        function: ExprId,
        args: &[ExprId],
        conjunct: Conjunct,
    ) -> Outcome<()> {
        let env = conjunct.env;
        if let Expr::Builtin(builtin) = self.expr(function).clone() {
            match &builtin {
                Builtin::And => return self.add_all(vertex, env, args, conjunct),
                Builtin::Or => return self.add_any(vertex, env, expr, args, conjunct),
                Builtin::MatchN | Builtin::MatchIf => return self.add_validator(vertex, builtin, expr, args, conjunct),
                Builtin::Package(_, found) if found.result == Kind::BOOL && args.len() + 1 == found.params.len() => {
                    return self.add_validator(vertex, builtin, expr, args, conjunct);
                }
                _ => {}
            }
        }
        match self.eval_call(env, expr, function, args, vertex)? {
            Val::Atom(atom) => {
                self.bring_value(vertex, conjunct.info);
                let origin = self.computed_origin(Expr::Atom(atom.clone()), self.pos(expr), conjunct.info);
                self.add_atom(vertex, atom, origin);
            }
            Val::Vertex(value) => {
                self.add_value_of(vertex, value, Conjunct { term: Term::Vertex(value), ..conjunct });
            }
        }
        Ok(())
    }

    /// A function without a call: a validator if it takes one argument.
    pub(crate) fn add_bare_function(
        &mut self,
        vertex: VertexId,
        function: &Builtin,
        expr: ExprId,
        conjunct: Conjunct,
    ) -> Outcome<()> {
        match function {
            Builtin::Package(_, found) if found.result == Kind::BOOL && found.params.len() == 1 => {
                self.add_validator(vertex, function.clone(), expr, &[], conjunct)
            }
            _ => {
                let message = format!("builtin {} used without a call", self.show_expr(expr));
                let pos = self.pos(expr);
                Err(self.error(Code::Eval, Rule::Type, message, vertex, pos, vec![pos]))
            }
        }
    }

    fn add_validator(
        &mut self,
        vertex: VertexId,
        function: Builtin,
        expr: ExprId,
        args: &[ExprId],
        conjunct: Conjunct,
    ) -> Outcome<()> {
        let env = conjunct.env;
        let origin = self.origin(Show::Expr(expr), expr, conjunct.info);
        match &function {
            Builtin::Package(_, found) => {
                for (arg, param) in args.iter().zip(&found.params[1..]) {
                    if !param.schema {
                        self.argument(env, *arg, param, 2, &function, vertex)?;
                    }
                }
                let kind = found.params[0].kind;
                if found.non_concrete && kind.intersects(Kind::LIST.or(Kind::STRUCT)) {
                    self.leave_unchecked(vertex, conjunct.info.scope);
                }
                if found.params[0].elements {
                    self.vm(vertex).work.element_scopes.push(conjunct.info.scope);
                }
                self.judge_as_a_whole(vertex, kind, conjunct.info.scope);
                self.add_kind(vertex, kind, &origin);
            }
            _ => self.leave_unchecked(vertex, conjunct.info.scope),
        }
        let args = args.iter().map(|arg| (env, *arg)).collect();
        let rule = CheckRule::Function(Arc::new(Validator { function, args, expr, env, info: conjunct.info }));
        self.add_check(vertex, Check { rule, origin });
        Ok(())
    }

    /// `and(list)`.
    fn add_all(&mut self, vertex: VertexId, env: EnvId, args: &[ExprId], conjunct: Conjunct) -> Outcome<()> {
        let elements = self.list_argument(env, args, "and", vertex)?;
        if elements.is_empty() {
            self.vm(vertex).work.top_seen = true;
        }
        for element in elements {
            self.add_value_of(vertex, element, Conjunct { term: Term::Vertex(element), ..conjunct });
        }
        Ok(())
    }

    /// `or(list)`.
    fn add_any(
        &mut self,
        vertex: VertexId,
        env: EnvId,
        expr: ExprId,
        args: &[ExprId],
        conjunct: Conjunct,
    ) -> Outcome<()> {
        let elements = self.list_argument(env, args, "or", vertex)?;
        if elements.is_empty() {
            let message = "error in call to or: empty list in call to or".to_owned();
            let pos = self.pos(expr);
            return Err(self.incomplete(vertex, Rule::Disjunction, message, vec![pos]));
        }
        let vertices: Vec<_> = elements.into_iter().map(|element| (element, Mode::Unmarked)).collect();
        self.add_alternatives(vertex, expr, Alternatives::Vertices(vertices.into()), conjunct);
        Ok(())
    }

    fn list_argument(&mut self, env: EnvId, args: &[ExprId], name: &str, at: VertexId) -> Outcome<Vec<VertexId>> {
        let [arg] = args else {
            return Err(self.wrong_count(name, args, 1, at));
        };
        let value = self.eval(env, *arg, at)?;
        match value {
            Val::Vertex(vertex) if self.kind_of(vertex) == Kind::LIST => Ok(self.elements(vertex)),
            other => {
                let kind = self.val_kind(&other);
                let pos = self.pos(*arg);
                let code = if kind.contains(Kind::LIST) { Code::Incomplete } else { Code::Eval };
                let message =
                    format!("cannot use {} (type {kind}) as list in argument 1 to {name}", self.show_val(&other));
                Err(self.error(code, Rule::Type, message, at, pos, vec![pos]))
            }
        }
    }

    fn wrong_count(&mut self, name: &str, args: &[ExprId], wanted: usize, at: VertexId) -> ErrorId {
        let how = if args.len() < wanted { "not enough" } else { "too many" };
        let message = format!("{how} arguments in call to {name} (have {}, want {wanted})", args.len());
        self.error(Code::Eval, Rule::Type, message, at, Pos::NONE, Vec::new())
    }

    /// Evaluates a call.
    pub(crate) fn eval_call(
        &mut self,
        env: EnvId,
        expr: ExprId,
        function: ExprId,
        args: &[ExprId],
        at: VertexId,
    ) -> Outcome<Val> {
        let builtin = match self.expr(function).clone() {
            Expr::Builtin(builtin) => builtin,
            _ => {
                let value = self.eval(env, function, at)?;
                let message =
                    format!("cannot call non-function {} (type {})", self.show_expr(function), self.val_kind(&value));
                let pos = self.pos(function);
                return Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]));
            }
        };
        match &builtin {
            Builtin::Len => self.len(env, args, at),
            Builtin::IntOp(op) => self.int_op(env, expr, *op, args, at),
            Builtin::Error => self.user_error(env, expr, args, at),
            Builtin::Package(_, found) if args.len() == found.params.len() || accepts_fewer(found, args.len()) => {
                self.call_package(env, expr, &builtin, found, args, at)
            }
            Builtin::Package(_, found) if args.len() + 1 != found.params.len() || found.result != Kind::BOOL => {
                let name = builtin_name(&builtin);
                Err(self.wrong_count(&name, args, found.params.len(), at))
            }
            Builtin::Close | Builtin::CloseAll(_) | Builtin::Reclose(_) if args.len() != 1 => {
                let name = builtin_name(&builtin);
                Err(self.wrong_count(&name, args, 1, at))
            }
            _ => {
                // Close, and, or, validators: a vertex holds the result.
                let vertex = self.anonymous(Term::Expr(expr), env);
                self.value_of(vertex)
            }
        }
    }

    fn len(&mut self, env: EnvId, args: &[ExprId], at: VertexId) -> Outcome<Val> {
        let [arg] = args else { return Err(self.wrong_count("len", args, 1, at)) };
        let value = self.eval(env, *arg, at)?;
        let count = match &value {
            Val::Atom(Atom::String(text)) => Some(text.len()),
            Val::Atom(Atom::Bytes(bytes)) => Some(bytes.len()),
            Val::Vertex(vertex) if self.has_known_parts(*vertex) => Some(self.regular_arcs(*vertex).len()),
            _ => None,
        };
        match count {
            Some(count) => Ok(Val::Atom(Atom::Number(crate::number::Number::int(count as i64)))),
            None => {
                let wanted = Kind::STRING.or(Kind::BYTES).or(Kind::LIST).or(Kind::STRUCT);
                Err(self.wrong_argument(&value, wanted, 1, "len", *arg, at))
            }
        }
    }

    /// Whether a vertex is a struct or list, though perhaps one that is evaluated just now.
    fn has_known_parts(&self, vertex: VertexId) -> bool {
        let v = self.v(vertex);
        match v.base {
            Base::Struct | Base::List => true,
            Base::Unknown if v.state == State::Active => matches!(v.work.kind, Kind::STRUCT | Kind::LIST),
            _ => false,
        }
    }

    fn wrong_argument(
        &mut self,
        value: &Val,
        wanted: Kind,
        index: usize,
        name: &str,
        arg: ExprId,
        at: VertexId,
    ) -> ErrorId {
        let kind = self.val_kind(value);
        let shown = self.show_val(value);
        let pos = self.pos(arg);
        if let Val::Vertex(vertex) = value
            && matches!(self.v(*vertex).base, Base::Disjunction(_))
        {
            let message = format!("unresolved disjunction {shown} (type {kind})");
            return self.incomplete(at, Rule::Incomplete, message, vec![pos]);
        }
        if matches!(value, Val::Vertex(_)) && kind.intersects(wanted) {
            let message = format!("non-concrete value {shown} in argument {index} to {name}");
            return self.incomplete(at, Rule::Incomplete, message, vec![pos]);
        }
        let message = format!("cannot use {shown} (type {kind}) as {wanted} in argument {index} to {name}");
        self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos])
    }

    fn int_op(&mut self, env: EnvId, expr: ExprId, op: BinaryOp, args: &[ExprId], at: VertexId) -> Outcome<Val> {
        let name = op.text();
        let [a, b] = args else { return Err(self.wrong_count(name, args, 2, at)) };
        let mut values = Vec::new();
        for (index, arg) in [*a, *b].into_iter().enumerate() {
            match self.eval(env, arg, at)? {
                Val::Atom(atom @ Atom::Number(_)) if atom.kind() == Kind::INT => values.push(atom),
                other => return Err(self.wrong_argument(&other, Kind::INT, index + 1, name, arg, at)),
            }
        }
        match super::arith::binary(op, &values[0], &values[1]) {
            Ok(atom) => Ok(Val::Atom(atom)),
            Err(failure) => {
                let message = failure.unwrap_or_else(|| "invalid operands".to_owned());
                let pos = self.pos(expr);
                Err(self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos]))
            }
        }
    }

    fn user_error(&mut self, env: EnvId, expr: ExprId, args: &[ExprId], at: VertexId) -> Outcome<Val> {
        let [arg] = args else { return Err(self.wrong_count("error", args, 1, at)) };
        let message = match self.expr(*arg).clone() {
            Expr::Interpolation { parts, .. } => self.interpolate_loosely(env, &parts, at),
            _ => match self.eval_atom(env, *arg, at)? {
                Atom::String(text) => text.to_string(),
                other => return Err(self.wrong_argument(&Val::Atom(other), Kind::STRING, 1, "error", *arg, at)),
            },
        };
        let pos = self.pos(expr);
        Err(self.error(Code::User, Rule::User, message, at, pos, vec![pos]))
    }

    /// An interpolation in which what has no value stands as it is written.
    fn interpolate_loosely(&mut self, env: EnvId, parts: &[Part], at: VertexId) -> String {
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(&String::from_utf8_lossy(text)),
                Part::Expr(expr) => match self.eval(env, *expr, at) {
                    Ok(Val::Atom(Atom::String(text))) => out.push_str(&text),
                    Ok(Val::Atom(Atom::Bytes(bytes))) => out.push_str(&String::from_utf8_lossy(&bytes)),
                    Ok(Val::Vertex(vertex)) => {
                        self.finalize(vertex);
                        out.push_str(&self.show_vertex(vertex));
                    }
                    Ok(value) => out.push_str(&self.show_val(&value)),
                    Err(_) => out.push_str(&self.show_expr(*expr)),
                },
            }
        }
        out
    }

    fn call_package(
        &mut self,
        env: EnvId,
        expr: ExprId,
        builtin: &Builtin,
        found: &'static call::Function,
        args: &[ExprId],
        at: VertexId,
    ) -> Outcome<Val> {
        let mut data = Vec::new();
        for (index, (arg, param)) in args.iter().zip(found.params).enumerate() {
            match self.argument(env, *arg, param, index + 1, builtin, at) {
                Ok(datum) => data.push(datum),
                Err(error) if self.code(error) == Code::StructuralCycle => {
                    let message = format!("error in call to {}: {}", builtin_name(builtin), self.error_text(error));
                    let pos = self.pos(expr);
                    return Err(self.error(Code::StructuralCycle, Rule::Cycle, message, at, pos, vec![pos]));
                }
                Err(error) => return Err(error),
            }
        }
        data.extend(found.params[args.len()..].iter().filter_map(|param| param.default).map(Datum::from));
        match (found.run)(self, &data) {
            Ok(datum) => Ok(self.datum_value(datum)),
            Err(failure) if failure.verdict => Ok(Val::Atom(Atom::Bool(false))),
            Err(failure) => {
                let prefix = format!("error in call to {}: ", builtin_name(builtin));
                let pos = self.pos(expr);
                Err(self.failures(failure, &prefix, at, pos, &[pos]))
            }
        }
    }

    fn argument(
        &mut self,
        env: EnvId,
        arg: ExprId,
        param: &call::Param,
        index: usize,
        builtin: &Builtin,
        at: VertexId,
    ) -> Outcome<Datum> {
        if param.schema {
            let vertex = self.anonymous(Term::Expr(arg), env);
            return Ok(Datum::Handle(Handle(vertex)));
        }
        let value = self.eval(env, arg, at)?;
        let name = builtin_name(builtin);
        let kind = self.val_kind(&value);
        let abstract_allowed = matches!(builtin, Builtin::Package(_, found) if found.non_concrete);
        let concrete = match &value {
            Val::Atom(_) => true,
            Val::Vertex(vertex) => matches!(self.v(*vertex).base, Base::Struct | Base::List),
        };
        if !kind.intersects(param.kind) || (!concrete && !abstract_allowed) {
            return Err(self.wrong_argument(&value, param.kind, index, &name, arg, at));
        }
        match value {
            Val::Atom(atom) => Ok(atom_datum(&atom)),
            Val::Vertex(vertex) => self.datum_of(vertex),
        }
    }

    fn datum_value(&mut self, datum: Datum) -> Val {
        if let Some(atom) = Atom::of(&datum) {
            return Val::Atom(atom);
        }
        if let Datum::Handle(handle) = datum {
            return Val::Vertex(handle.0);
        }
        let datum = self.store.data.push(Arc::new(datum));
        let vertex = self.anonymous(Term::Datum(datum), NONE);
        self.process(vertex);
        Val::Vertex(vertex)
    }

    /// A value as plain data; what is not concrete inside stays abstract.
    pub(crate) fn datum_of(&mut self, vertex: VertexId) -> Outcome<Datum> {
        self.process(vertex);
        let vertex = self.default_of(vertex);
        match self.v(vertex).base.clone() {
            Base::Atom(atom) => Ok(atom_datum(&atom)),
            Base::Bottom(error) => Err(error),
            Base::List => {
                let elements = self.elements(vertex);
                Ok(Datum::List(elements.into_iter().map(|element| self.datum_of(element)).collect::<Outcome<_>>()?))
            }
            Base::Struct => {
                let mut fields = Vec::new();
                for (label, child) in self.regular_arcs_in_order(vertex) {
                    let name = self.store.labels.name(label).text.clone();
                    fields.push((name, self.datum_of(child)?));
                }
                Ok(Datum::Struct(fields))
            }
            _ => Ok(Datum::Abstract(Abstract::of(self.show_vertex(vertex), Handle(vertex)))),
        }
    }

    /// What keeps `close` from taking its argument: that it is no struct, guards that are not decided, and validators that
    /// only more fields could satisfy. None if the expression is no such call.
    pub(crate) fn open_questions_of_close(&mut self, expr: ExprId, env: EnvId, at: VertexId) -> Vec<ErrorId> {
        let Expr::Call { function, args } = self.expr(expr).clone() else { return Vec::new() };
        let (Expr::Builtin(Builtin::Close), [arg]) = (self.expr(function), &*args) else { return Vec::new() };
        // What a reference leads to is asked at its own place.
        let argument = match self.is_reference(*arg).then(|| self.resolve(env, *arg, self.store.envs[env].vertex)) {
            Some(Ok(target)) => target,
            Some(Err(error)) => return vec![error],
            None => self.vertex_of(env, *arg),
        };
        self.process(argument);
        let v = self.v(self.follow(argument));
        match v.base {
            // It contains the call.
            _ if v.state == State::Active => Vec::new(),
            Base::Bottom(error) if self.is_incomplete(error) => {
                let waiting = v.work.tasks.iter().filter(|task| task.state == TaskState::Pending && task.error != NONE);
                let mut all: Vec<ErrorId> = waiting.map(|task| task.error).collect();
                if !all.contains(&error) {
                    all.insert(0, error);
                }
                all
            }
            Base::Atom(_) | Base::List => vec![self.no_struct_to_close(argument, at)],
            Base::Partial if !v.work.kind.intersects(Kind::STRUCT) => vec![self.no_struct_to_close(argument, at)],
            Base::Partial => {
                let message = "error in call to close: struct argument must be concrete".to_owned();
                let pos = self.pos(expr);
                vec![self.error(Code::Incomplete, Rule::Incomplete, message, at, pos, vec![pos])]
            }
            _ => v.work.unmet.to_vec(),
        }
    }

    fn no_struct_to_close(&mut self, argument: VertexId, at: VertexId) -> ErrorId {
        self.finalize(argument);
        let (shown, kind) = (self.show_vertex(argument), self.kind_of(argument));
        let pos = self.conjunct_positions(self.follow(argument)).first().copied().unwrap_or(Pos::NONE);
        let message = format!("cannot use {shown} (type {kind}) as struct in argument 1 to close");
        self.error(Code::Eval, Rule::Type, message, at, pos, vec![pos])
    }

    /// Judges a value by a function.
    pub(crate) fn run_validator(
        &mut self,
        vertex: VertexId,
        validator: &Arc<Validator>,
        value: Val,
        check: &Check,
        origin: &Origin,
    ) {
        let is_atom = matches!(value, Val::Atom(_));
        let shown = match &value {
            Val::Vertex(value) => self.show_evaluated(*value),
            Val::Atom(atom) => self.show_atom(atom),
        };
        let is_match = matches!(validator.function, Builtin::MatchN | Builtin::MatchIf);
        if is_match && validator.info.cycle == Cycle::Closed {
            let message = "structural cycle".to_owned();
            let pos = self.pos(validator.expr);
            let error = self.error(Code::StructuralCycle, Rule::Cycle, message, vertex, pos, Vec::new());
            return self.fail(vertex, error);
        }
        let outcome = self.within_cycle(validator.info, |this| match &validator.function {
            Builtin::MatchN => this.match_n(vertex, validator, &value),
            Builtin::MatchIf => this.match_if(vertex, validator, &value),
            Builtin::Package(_, found) => {
                let failure = this.call_validator(vertex, validator, found, value)?;
                Ok(failure.map(Mismatch::from))
            }
            _ => Ok(None),
        });
        let Mismatch { failure, parts } = match outcome {
            Ok(None) => return,
            Ok(Some(mismatch)) => mismatch,
            Err(error) => return self.fail(vertex, error),
        };
        let name = self.validator_text(validator);
        let detail = if failure.message.is_empty() { "" } else { ": " };
        let prefix = format!("invalid value {shown} (does not satisfy {name}){detail}");
        let bare = matches!(self.expr(validator.expr), Expr::Builtin(_));
        // A function that is only named has no place of its own in the reference.
        let mut positions = if bare { vec![origin.pos] } else { vec![check.origin.pos, origin.pos] };
        positions.extend(self.conjunct_positions(vertex));
        positions.extend(self.shown_argument_positions(vertex, validator));
        let primary = if bare { Pos::NONE } else { check.origin.pos };
        let code = failure.code;
        let error = self.failures(Failure { bare: false, ..failure }, &prefix, vertex, primary, &positions);
        for part in parts {
            // A value without parts is tried as data, which knows no place.
            if is_atom {
                self.store.errors[part].positions.push(origin.pos);
            }
            if code == Code::Incomplete {
                self.store.errors[part].primary = check.origin.pos;
            }
            self.store.errors[error].parts.push(part);
        }
        match code {
            Code::Incomplete => self.vm(vertex).work.unmet.push(error),
            _ => self.fail(vertex, error),
        }
    }

    /// The errors for what a function found, all in the one that comes first.
    fn failures(&mut self, failure: Failure, prefix: &str, at: VertexId, primary: Pos, positions: &[Pos]) -> ErrorId {
        let Failure { code, message, bare, positions: own, others, .. } = failure;
        let message = if bare { message } else { format!("{prefix}{message}") };
        let all = positions.iter().copied().chain(own).collect();
        let error = self.error(code, Rule::Validator, message, at, primary, all);
        let others = others.into_iter().map(|other| self.failures(other, prefix, at, primary, positions)).collect();
        self.store.errors[error].parts = others;
        error
    }

    /// Where the arguments stand that the message of a validator shows.
    fn shown_argument_positions(&mut self, vertex: VertexId, validator: &Validator) -> Vec<Pos> {
        let shown = match &validator.function {
            Builtin::MatchN => 1,
            _ => validator.args.len(),
        };
        let args = validator.args.iter().take(shown);
        args.filter_map(|(env, arg)| self.value_position(*env, *arg, vertex)).collect()
    }

    fn validator_text(&self, validator: &Validator) -> String {
        let plain = match &validator.function {
            Builtin::Package(_, found) => {
                validator.args.is_empty() || found.params[1..].iter().any(|param| param.schema)
            }
            _ => true,
        };
        match plain {
            true => full_name(&validator.function),
            false => self.show_expr(validator.expr),
        }
    }

    fn call_validator(
        &mut self,
        vertex: VertexId,
        validator: &Validator,
        found: &'static call::Function,
        value: Val,
    ) -> Outcome<Option<Failure>> {
        let first = match value {
            Val::Atom(atom) => atom_datum(&atom),
            Val::Vertex(value) => match found.params[0].schema {
                true => Datum::Handle(Handle(value)),
                false => match self.datum_of(value) {
                    Ok(datum) => datum,
                    Err(error) if self.is_incomplete(error) => return Ok(None),
                    Err(error) => return Err(error),
                },
            },
        };
        let mut data = vec![first];
        for (index, (env, arg)) in validator.args.iter().enumerate() {
            data.push(self.argument(*env, *arg, &found.params[index + 1], index + 2, &validator.function, vertex)?);
        }
        Ok(match (found.run)(self, &data) {
            Ok(Datum::Bool(true)) => None,
            Ok(_) => Some(Failure::new("")),
            Err(failure) => Some(failure),
        })
    }

    /// `matchN(count, [schemas])`.
    fn match_n(&mut self, vertex: VertexId, validator: &Validator, value: &Val) -> Outcome<Option<Mismatch>> {
        let [(env, count), (_, schemas)] = validator.args[..] else {
            return Err(self.wrong_count("matchN", &[], 2, vertex));
        };
        let elements = self.list_argument(env, &[schemas], "matchN", vertex)?;
        let at = self.pos(validator.expr);
        let tried: Vec<VertexId> = elements.into_iter().map(|element| self.tried(value, element, validator)).collect();
        let fits: Vec<Fit> = tried.iter().map(|both| self.fit(*both, at)).collect();
        let number = |wanted: &[Fit]| fits.iter().filter(|fit| wanted.contains(fit)).count();
        let (matched, reachable) = (number(&[Fit::Yes]), number(&[Fit::Yes, Fit::Maybe]));
        let wanted = self.anonymous(Term::Expr(count), env);
        if self.is_count(wanted, matched) {
            return Ok(None);
        }
        let mendable = (matched + 1..=reachable).any(|count| self.is_count(wanted, count));
        self.process(wanted);
        let message = format!("{matched} matched, expected {}", self.show_vertex(wanted));
        let failure = Failure::unsatisfied(message, mendable);
        // What each schema finds wrong is told too: where more data could mend it, what is missing.
        let mut parts = Vec::new();
        for (both, fit) in tried.into_iter().zip(fits) {
            match fit {
                Fit::No if !mendable => parts.extend(self.first_error_of(both)),
                Fit::Maybe if mendable => parts.extend(self.missing_fields(both)),
                _ => continue,
            }
            self.stand_for(both, vertex);
        }
        Ok(Some(Mismatch { failure, parts }))
    }

    fn is_count(&mut self, wanted: VertexId, count: usize) -> bool {
        let both = self.both_of(wanted, &Datum::Number(crate::number::Number::int(count as i64)));
        self.error_of(both).is_none()
    }

    fn first_error_of(&self, vertex: VertexId) -> Option<ErrorId> {
        let mut errors = Vec::new();
        self.definite_errors(vertex, &mut errors);
        errors.first().copied()
    }

    /// Lets errors of a value that was tried for a vertex be told as errors of that vertex.
    fn stand_for(&mut self, tried: VertexId, vertex: VertexId) {
        let (parent, label) = (self.v(vertex).parent, self.v(vertex).label);
        let tried = self.vm(tried);
        (tried.parent, tried.label) = (parent, label);
    }

    /// `matchIf(condition, then, else)`.
    fn match_if(&mut self, vertex: VertexId, validator: &Validator, value: &Val) -> Outcome<Option<Mismatch>> {
        let [(env, condition), (_, then), (_, otherwise)] = validator.args[..] else {
            return Err(self.wrong_count("matchIf", &[], 3, vertex));
        };
        let at = self.pos(validator.expr);
        let condition = self.anonymous(Term::Expr(condition), env);
        let condition = self.tried(value, condition, validator);
        let branch = if self.fit(condition, at) == Fit::Yes { then } else { otherwise };
        let branch = self.anonymous(Term::Expr(branch), env);
        let both = self.tried(value, branch, validator);
        if self.fit(both, at) == Fit::Yes {
            return Ok(None);
        }
        let failure = match self.first_error_of(both) {
            Some(error) => {
                let bottom = &self.store.errors[error];
                let positions = bottom.positions.iter().copied().chain([bottom.primary]).filter(|pos| pos.is_some());
                Failure { positions: positions.collect(), ..Failure::unsatisfied(bottom.message.clone(), false) }
            }
            None => {
                let missing = self.missing_fields(both);
                let positions = missing.first().map(|error| self.store.errors[*error].positions.clone());
                let failure = Failure::unsatisfied("field is required but not present", true);
                Failure { positions: positions.unwrap_or_default(), ..failure }
            }
        };
        Ok(Some(failure.into()))
    }

    /// A value unified with a schema of a function. The schema comes by way of what led to the function; lists come after
    /// it, from the place of the call.
    fn tried(&mut self, value: &Val, schema: VertexId, validator: &Validator) -> VertexId {
        let mut schema = self.inline_conjunct(Term::Vertex(schema), NONE);
        schema.info.trail = validator.info.trail;
        let (term, is_list) = match value {
            Val::Atom(atom) => (Term::Datum(self.store.data.push(Arc::new(atom_datum(atom)))), false),
            Val::Vertex(value) => (Term::Plain(*value), matches!(self.v(self.follow(*value)).base, Base::List)),
        };
        let mut plain = self.inline_conjunct(term, NONE);
        if is_list {
            let pos = self.pos(validator.expr);
            plain.info.trail = self.store.trails.push(Trail { parent: NONE, pos, passage: Passage::Reference });
        }
        let both = self.new_vertex(NONE, Label::NONE);
        let inputs = if is_list { [schema, plain] } else { [plain, schema] };
        self.vm(both).conjuncts.extend(inputs);
        both
    }

    /// Whether a value unified with a schema is free of errors, concrete where the schema asks, and complete.
    fn fit(&mut self, both: VertexId, at: Pos) -> Fit {
        let around = std::mem::replace(&mut self.tried_at, at);
        let error = self.error_of(both);
        self.tried_at = around;
        match error {
            Some(error) if !self.is_incomplete(error) => Fit::No,
            Some(_) => Fit::Maybe,
            None if self.lacks_required(both) => Fit::Maybe,
            None => Fit::Yes,
        }
    }

    fn lacks_required(&self, vertex: VertexId) -> bool {
        let vertex = self.follow(vertex);
        self.v(vertex).arcs.iter().any(|(_, child)| match self.v(*child).constraint {
            Constraint::Required => true,
            Constraint::None => self.lacks_required(*child),
            Constraint::Optional => false,
        })
    }

    fn both_of(&mut self, schema: VertexId, value: &Datum) -> VertexId {
        let term = match value {
            Datum::Handle(handle) => Term::Vertex(handle.0),
            _ => Term::Datum(self.store.data.push(Arc::new(value.clone()))),
        };
        let both = self.anonymous(term, NONE);
        let conjunct = self.inline_conjunct(Term::Vertex(schema), NONE);
        self.vm(both).conjuncts.push(conjunct);
        both
    }

    fn failure(&self, error: ErrorId) -> Failure {
        Failure { code: self.code(error), bare: true, ..Failure::new(self.error_text(error)) }
    }

    /// Errors of an evaluation as those of a function; the alternatives of a disjunction stand for themselves.
    fn violation(&self, errors: &[ErrorId]) -> Option<Failure> {
        let mut all = Vec::new();
        self.collect_violations(errors, &mut all);
        let mut all = all.into_iter();
        all.next().map(|first| Failure { others: all.collect(), ..first })
    }

    fn collect_violations(&self, errors: &[ErrorId], out: &mut Vec<Failure>) {
        for error in errors {
            let bottom = &self.store.errors[*error];
            let positions = std::iter::once(bottom.primary).chain(bottom.positions.iter().copied());
            let positions = positions.filter(|pos| pos.is_some()).collect();
            out.push(Failure { code: bottom.code, positions, ..Failure::new(bottom.message.clone()) });
            self.collect_violations(&bottom.parts, out);
        }
    }
}

impl call::Engine for Engine {
    fn satisfies(&mut self, schema: Handle, value: &Datum, strictness: Strictness) -> Result<(), Failure> {
        let both = self.both_of(schema.0, value);
        let mut errors = self.violations(both, strictness == Strictness::Concrete);
        if errors.is_empty() && strictness == Strictness::Final {
            errors.extend(self.error_of(both));
            if errors.is_empty() && self.lacks_required(both) {
                return Err(Failure::incomplete("field is required but not present"));
            }
        }
        self.violation(&errors).map_or(Ok(()), Err)
    }

    fn data(&mut self, data: &ast::Expr) -> Result<Datum, Failure> {
        let (exprs, labels, imports) = (&mut self.store.exprs, &mut self.store.labels, FxHashMap::default());
        let depth_max = self.limits.depth_max;
        let mut compiler = Compiler::new(exprs, labels, "".into(), &imports, builtin::package, depth_max);
        let expr = compiler.expr(data);
        if let Some(error) = compiler.errors.first() {
            return Err(Failure::new(error.message.clone()));
        }
        let vertex = self.anonymous(Term::Expr(expr), NONE);
        self.process(vertex);
        Ok(Datum::Handle(Handle(vertex)))
    }

    fn less(&mut self, comparator: Handle, left: &Datum, right: &Datum) -> Result<bool, Failure> {
        let operands = Datum::Struct(vec![("x".into(), left.clone()), ("y".into(), right.clone())]);
        let both = self.both_of(comparator.0, &operands);
        let errors = self.violations(both, false);
        if let Some(failure) = self.violation(&errors) {
            return Err(failure);
        }
        let followed = self.follow(both);
        let label = self.store.labels.regular("less");
        let Some(less) = self.v(followed).arc(label) else {
            return Err(Failure::new("field not found: less"));
        };
        match self.value_of(less) {
            Ok(Val::Atom(Atom::Bool(less))) => Ok(less),
            Ok(_) => Err(Failure::incomplete("field \"less\" of the comparator is not a concrete boolean")),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn datum(&mut self, handle: Handle) -> Result<Datum, Failure> {
        self.process(handle.0);
        if self.v(self.follow(handle.0)).state == State::Active {
            return Err(Failure::incomplete("cycle error"));
        }
        self.datum_of(handle.0).map_err(|error| self.failure(error))
    }

    fn concrete(&mut self, handle: Handle) -> Result<Datum, Failure> {
        let errors = self.violations(handle.0, true);
        match self.violation(&errors) {
            Some(failure) => Err(failure),
            None => self.datum(handle),
        }
    }

    fn extent(&mut self, handle: Handle) -> Result<Extent, Failure> {
        self.process(handle.0);
        let vertex = self.default_of(handle.0);
        let count = self.regular_arcs(vertex).len();
        let v = self.v(vertex);
        let count_max = match v.base {
            Base::Bottom(error) => return Err(self.failure(error)),
            Base::List => (!v.work.lists.iter().all(|part| part.open)).then_some(count),
            Base::Struct => {
                let optional = v.arcs.iter().filter(|(_, child)| self.v(*child).constraint != Constraint::None).count();
                let open = !self.is_closed(vertex) || !v.work.patterns.is_empty() || !v.work.open_scopes.is_empty();
                (!open).then_some(count + optional)
            }
            _ => return Err(Failure::new("argument is neither list nor struct")),
        };
        Ok(Extent { count, count_max })
    }

    fn print(&mut self, handle: Handle) -> String {
        self.process(handle.0);
        self.show_vertex(handle.0)
    }

    fn is_match(&mut self, pattern: &str, text: &str) -> Result<bool, Failure> {
        self.regexp_matches(&Arc::from(pattern), text.as_bytes()).map_err(Failure::new)
    }
}

/// Why a validator is not satisfied, with errors that stand for themselves.
struct Mismatch {
    failure: Failure,
    parts: Vec<ErrorId>,
}

impl From<Failure> for Mismatch {
    fn from(failure: Failure) -> Self {
        Self { failure, parts: Vec::new() }
    }
}

/// Whether a value satisfies a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    /// Not now, but more information could mend it.
    Maybe,
    No,
}

fn accepts_fewer(found: &call::Function, count: usize) -> bool {
    count < found.params.len() && found.params[count..].iter().all(|param| param.default.is_some())
}

/// The name of a function with the whole path of its package.
fn full_name(builtin: &Builtin) -> String {
    match builtin {
        Builtin::Package(package, function) => format!("{package}.{}", function.name),
        _ => builtin_name(builtin),
    }
}

/// The name of a function as texts call it.
pub(crate) fn builtin_name(builtin: &Builtin) -> String {
    match builtin {
        Builtin::CloseAll(_) => "__closeAll".to_owned(),
        Builtin::Reclose(_) => "__reclose".to_owned(),
        Builtin::Close => "close".to_owned(),
        Builtin::And => "and".to_owned(),
        Builtin::Or => "or".to_owned(),
        Builtin::Error => "error".to_owned(),
        Builtin::MatchN => "matchN".to_owned(),
        Builtin::MatchIf => "matchIf".to_owned(),
        Builtin::Len => "len".to_owned(),
        Builtin::IntOp(op) => op.text().to_owned(),
        Builtin::Package(package, function) => {
            format!("{package}.{}", function.name)
        }
    }
}

fn atom_datum(atom: &Atom) -> Datum {
    match atom {
        Atom::Null => Datum::Null,
        Atom::Bool(value) => Datum::Bool(*value),
        Atom::Number(number) => Datum::Number(number.clone()),
        Atom::String(text) => Datum::String(text.clone()),
        Atom::Bytes(bytes) => Datum::Bytes(bytes.clone()),
    }
}
