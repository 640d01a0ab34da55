//! What a name stands for: lookup through the scopes, and the predeclared names.

use std::sync::Arc;

use super::{Compiler, Target};
use crate::{
    error::{Code, Rule},
    ir::{Atom, BoundOp, Builtin, Expr, ExprId},
    kind::Kind,
    number::Number,
    syntax::{
        ast::{self, BinaryOp},
        pos::Pos,
    },
};

impl Compiler<'_> {
    /// The innermost declaration of a name, and how many environments lie between.
    pub(super) fn find(&mut self, name: &str) -> Option<(u32, Target)> {
        let mut up = 0;
        for scope in self.scopes.iter_mut().rev() {
            if let Some(binding) = scope.names.get_mut(name) {
                binding.used = true;
                let target = match &binding.target {
                    Target::Import { target, .. } => (**target).clone(),
                    target => target.clone(),
                };
                return Some((up, target));
            }
            up += u32::from(scope.level);
        }
        None
    }

    pub(super) fn ident(&mut self, ident: &ast::Ident) -> ExprId {
        let pos = ident.pos;
        if ident.name == "_" {
            return self.push(Expr::Top, pos);
        }
        let name: Arc<str> = ident.name.as_str().into();
        let Some((up, target)) = self.find(&ident.name) else { return self.predeclared(ident) };
        let expr = match target {
            Target::Field(label) => Expr::Field { up, label },
            Target::Let(value) => Expr::Let { up, name, value },
            Target::MatchedLabel => Expr::MatchedLabel { up, name },
            Target::MatchedField => Expr::MatchedField { up, name },
            Target::NamedField(field) => Expr::NamedField { up, name, field },
            Target::Text(text) => Expr::Atom(Atom::String(text.into())),
            Target::Module(package) => Expr::Import { package, name },
            Target::Value(field) => self.value_alias(up, name, *field),
            Target::Import { .. } => unreachable!("a lookup yields what the import stands for"),
            Target::Missing => Expr::Bottom,
            Target::Builtin(package) => {
                // Some packages are also functions, such as `time.Time`; a package by itself is no value.
                let message = format!("package \"{}\" is used without a member", package.path);
                self.error_at(Code::Eval, Rule::Reference, message, pos);
                Expr::Bottom
            }
        };
        self.push(expr, pos)
    }

    /// What the alias of a field's value stands for: inside of a struct that is the value, this struct, wherever it is
    /// copied to; elsewhere the field.
    fn value_alias(&self, up: u32, name: Arc<str>, itself: Target) -> Expr {
        match (up.checked_sub(1), itself) {
            (Some(up), Target::Field(label)) => Expr::Itself { up, name, field: Some(label) },
            (Some(up), _) => Expr::Itself { up, name, field: None },
            (None, Target::Field(label)) => Expr::Field { up, label },
            (None, _) => Expr::MatchedField { up, name },
        }
    }

    /// `self`: the struct or list around.
    fn itself(&mut self, pos: Pos) -> ExprId {
        let inside = self.scopes.iter().rev().take_while(|scope| !scope.is_struct);
        let up = inside.map(|scope| u32::from(scope.level)).sum();
        let innermost = self.scopes.iter().rposition(|scope| scope.is_struct).unwrap_or_default();
        if let Some((_, field)) = self.lists.last().filter(|(scopes, _)| *scopes > innermost) {
            return match *field {
                Some(label) => self.push(Expr::Field { up, label }, pos),
                None => self.unsupported("self in a list that is no field's value", pos),
            };
        }
        self.push(Expr::Itself { up, name: "self".into(), field: None }, pos)
    }

    fn predeclared(&mut self, ident: &ast::Ident) -> ExprId {
        let pos = ident.pos;
        if ident.name == "self" && self.experiments.alias_v2 {
            return self.itself(pos);
        }
        if ident.name == "__no_sharing" {
            return self.push(Expr::Top, pos);
        }
        let name = ident.name.strip_prefix("__").unwrap_or(&ident.name);
        let kind = match name {
            "bool" => Some(Kind::BOOL),
            "int" => Some(Kind::INT),
            "float" => Some(Kind::FLOAT),
            "number" => Some(Kind::NUMBER),
            "string" => Some(Kind::STRING),
            "bytes" => Some(Kind::BYTES),
            _ => None,
        };
        if let Some(kind) = kind {
            return self.push(Expr::Type(kind), pos);
        }
        let explicit_open = self.experiments.explicit_open;
        let builtin = match name {
            _ if ident.name == "__closeAll" => Some(Builtin::CloseAll(explicit_open)),
            _ if ident.name == "__reclose" => Some(Builtin::Reclose(explicit_open)),
            "close" => Some(Builtin::Close),
            "and" => Some(Builtin::And),
            "or" => Some(Builtin::Or),
            "error" => Some(Builtin::Error),
            "matchN" => Some(Builtin::MatchN),
            "matchIf" => Some(Builtin::MatchIf),
            "len" => Some(Builtin::Len),
            "div" => Some(Builtin::IntOp(BinaryOp::IntDiv)),
            "mod" => Some(Builtin::IntOp(BinaryOp::IntMod)),
            "quo" => Some(Builtin::IntOp(BinaryOp::IntQuo)),
            "rem" => Some(Builtin::IntOp(BinaryOp::IntRem)),
            _ => None,
        };
        if let Some(builtin) = builtin {
            return self.push(Expr::Builtin(builtin), pos);
        }
        if let Some((name, low, high, kind)) = RANGES.iter().find(|range| range.0 == name) {
            return self.range(name, low, high, *kind);
        }
        let message = format!("reference \"{}\" not found", ident.name);
        self.error_at(Code::Eval, Rule::Reference, message, pos);
        self.push(Expr::Bottom, pos)
    }

    /// A predeclared range: a conjunction that stands in no text.
    fn range(&mut self, name: &'static str, low: &str, high: &str, kind: Option<Kind>) -> ExprId {
        let lower = self.range_bound(BoundOp::GreaterEqual, low);
        let mut all = lower;
        if !high.is_empty() {
            let upper = self.range_bound(BoundOp::LessEqual, high);
            all = self.push(Expr::And { left: all, right: upper }, Pos::NONE);
        }
        if let Some(kind) = kind {
            let kind = self.push(Expr::Type(kind), Pos::NONE);
            all = self.push(Expr::And { left: all, right: kind }, Pos::NONE);
        }
        self.push(Expr::Range(name, all), Pos::NONE)
    }

    fn range_bound(&mut self, op: BoundOp, text: &str) -> ExprId {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let mut number = Number::from_literal(digits).expect("the table below holds literals");
        if negative {
            number.value = -number.value;
        }
        let operand = self.push(Expr::Atom(Atom::Number(number)), Pos::NONE);
        self.push(Expr::Bound { op, operand }, Pos::NONE)
    }

    /// A constant of a builtin package: a literal, or a struct whose references stay inside.
    pub(super) fn constant(&mut self, source: &str, pos: Pos) -> ExprId {
        let expr = match source.chars().next() {
            Some('"' | '\'') => match crate::syntax::literal::decode_text(source) {
                Ok(crate::syntax::literal::Text::String(text)) => Expr::Atom(Atom::String(text.into())),
                Ok(crate::syntax::literal::Text::Bytes(bytes)) => Expr::Atom(Atom::Bytes(bytes.into())),
                Err(_) => Expr::Bottom,
            },
            _ => match Number::from_literal(source.trim_start_matches('-')) {
                Ok(mut number) => {
                    if source.starts_with('-') {
                        number.value = -number.value;
                    }
                    Expr::Atom(Atom::Number(number))
                }
                Err(_) => return self.constant_expression(source, pos),
            },
        };
        self.push(expr, pos)
    }

    /// Compiles a text that stands in no file, out of reach of the names around its use.
    fn constant_expression(&mut self, source: &str, pos: Pos) -> ExprId {
        let file = crate::syntax::pos::SourceFile::new("", source);
        let options = crate::syntax::ParseOptions::default();
        let Ok(parsed) = crate::syntax::parse_expr(&file, Pos::NONE.file, &options) else {
            return self.unsupported(&format!("constant {source}"), pos);
        };
        let scopes = std::mem::take(&mut self.scopes);
        let id = self.expr(&parsed);
        self.scopes = scopes;
        self.exprs[id].pos = pos;
        id
    }
}

/// Name, lower and upper limit, and the type beside them.
pub(crate) const RANGES: &[(&str, &str, &str, Option<Kind>)] = &[
    ("uint", "0", "", Some(Kind::INT)),
    ("uint8", "0", "255", Some(Kind::INT)),
    ("int8", "-128", "127", Some(Kind::INT)),
    ("uint16", "0", "65535", Some(Kind::INT)),
    ("int16", "-32768", "32767", Some(Kind::INT)),
    ("rune", "0", "1114111", Some(Kind::INT)),
    ("uint32", "0", "4294967295", Some(Kind::INT)),
    ("int32", "-2147483648", "2147483647", Some(Kind::INT)),
    ("uint64", "0", "18446744073709551615", Some(Kind::INT)),
    ("int64", "-9223372036854775808", "9223372036854775807", Some(Kind::INT)),
    ("uint128", "0", "340282366920938463463374607431768211455", Some(Kind::INT)),
    ("int128", "-170141183460469231731687303715884105728", "170141183460469231731687303715884105727", Some(Kind::INT)),
    ("float32", "-3.40282346638528859811704183484516925440e+38", "3.40282346638528859811704183484516925440e+38", None),
    (
        "float64",
        "-1.797693134862315708145274237317043567981e+308",
        "1.797693134862315708145274237317043567981e+308",
        None,
    ),
];
