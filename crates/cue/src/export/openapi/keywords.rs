//! Types, bounds and validators as keywords.

use super::{
    Version,
    builder::{Builder, object},
    context::Context,
    schema::{concrete, scalar, type_name, type_of, type_of_json},
};
use crate::{
    Value,
    eval::bounds::op_text,
    export::tree::Json,
    ir::BoundOp,
    kind::Kind,
    value::{Form, Shape},
};

impl Context<'_> {
    /// One conjunct of a value that is no struct or list; with the value, if that is all of it.
    pub(super) fn part(&mut self, builder: &mut Builder<'_>, part: &Shape, whole: Option<&Value>) {
        match part {
            Shape::Null => builder.set_single("nullable", Json::Bool(true)),
            Shape::Type(Kind::BYTES) => builder.set_encoded(),
            Shape::Type(kind) => {
                if let Some(kind) = type_name(*kind) {
                    builder.set_kind(kind);
                }
            }
            Shape::Bound(operator, bound) => self.bound(builder, *operator, bound, whole),
            Shape::Validator(name, args) => self.validator(builder, name, args),
            scalar_shape => {
                if let Some(kind) = scalar(scalar_shape).as_ref().and_then(type_of_json) {
                    builder.set_kind(kind);
                }
            }
        }
    }

    fn bound(&mut self, builder: &mut Builder<'_>, operator: BoundOp, bound: &Value, whole: Option<&Value>) {
        match (operator, bound.shape()) {
            (BoundOp::Match, Shape::String(pattern)) => {
                builder.set_kind("string");
                self.set(builder, "pattern", (&*pattern).into());
            }
            (BoundOp::NotMatch, Shape::String(pattern)) => {
                builder.set_kind("string");
                builder.add(object("not", object("pattern", (&*pattern).into())));
            }
            (_, Shape::Number(number)) => {
                builder.set_kind("number");
                self.number_bound(builder, operator, Json::Number(number));
            }
            // Anything but null is what schemas allow if they do not say `nullable`.
            (BoundOp::NotEqual, Shape::Null) => {}
            (_, other) => {
                if let Some(kind) = type_of(bound) {
                    let field = whole.filter(|value| matches!(value.operand().form, Form::Other));
                    let position = field.unwrap_or(bound).written_at();
                    self.refuse(position, &format!("unsupported op {} for {kind} type", op_text(operator)));
                }
                match scalar(&other) {
                    Some(constant) if operator == BoundOp::NotEqual => {
                        builder.add(object("not", object("enum", Json::Array(vec![constant]))));
                    }
                    Some(constant) if operator == BoundOp::Equal => builder.set("enum", Json::Array(vec![constant])),
                    _ => self.note_here(&format!("the bound {} is left out", bound.to_cue())),
                }
            }
        }
    }

    fn number_bound(&mut self, builder: &mut Builder<'_>, operator: BoundOp, bound: Json) {
        let (key, exclusive) = match operator {
            BoundOp::Less => ("maximum", Some("exclusiveMaximum")),
            BoundOp::LessEqual => ("maximum", None),
            BoundOp::Greater => ("minimum", Some("exclusiveMinimum")),
            BoundOp::GreaterEqual => ("minimum", None),
            BoundOp::NotEqual => {
                let both = [object("minimum", bound.clone()), object("maximum", bound)];
                return builder.add(object("not", object("allOf", Json::Array(both.into()))));
            }
            BoundOp::Equal => return builder.set("enum", Json::Array(vec![bound])),
            BoundOp::Match | BoundOp::NotMatch => return,
        };
        match (exclusive, self.options.version) {
            (None, _) => self.set(builder, key, bound),
            (Some(flag), Version::V3_0) => {
                self.set(builder, flag, Json::Bool(true));
                self.set(builder, key, bound);
            }
            (Some(key), Version::V3_1) => self.set(builder, key, bound),
        }
    }

    fn validator(&mut self, builder: &mut Builder<'_>, name: &str, args: &[Value]) {
        let argument = args.first().and_then(concrete);
        let (kind, key) = match name {
            "strings.MinRunes" => ("string", "minLength"),
            "strings.MaxRunes" => ("string", "maxLength"),
            "list.MinItems" => ("array", "minItems"),
            "list.MaxItems" => ("array", "maxItems"),
            "struct.MinFields" => ("object", "minProperties"),
            "struct.MaxFields" => ("object", "maxProperties"),
            "math.MultipleOf" => ("number", "multipleOf"),
            "list.UniqueItems" => {
                builder.set_kind("array");
                return self.set(builder, "uniqueItems", Json::Bool(true));
            }
            _ if builder.format.is_some() => return,
            _ => return self.note_here(&format!("the rule {name} is left out")),
        };
        let Some(Json::Number(limit)) = argument else {
            return self.note_here(&format!("the rule {name} is left out"));
        };
        if !limit.is_int() {
            let path = self.plain_place();
            let message = format!("could not retrieve int: {path}: cannot use value {limit} (type float) as int");
            self.refuse(args[0].written_at(), &message);
        }
        builder.set_kind(kind);
        self.set(builder, key, Json::Number(limit));
    }
}
