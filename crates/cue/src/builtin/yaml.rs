//! Package `encoding/yaml`.

use super::{
    args::{BYTES, Outcome, SCHEMA, bytes, fail, function, list, schema_function},
    json::NO_FILE,
};
use crate::{
    call::{Datum, Engine, Failure, Package, Strictness},
    error::Code,
    kind::Kind,
    syntax::{
        ParseLimits,
        ast::{BinaryOp, Expr},
        made,
        pos::SourceFile,
    },
    yaml::{Documents, parse_yaml, print},
};

pub(super) static PACKAGE: Package = Package {
    path: "encoding/yaml",
    constants: &[],
    functions: &[
        function("Marshal", &[SCHEMA], Kind::STRING, |engine, args| {
            print(&concrete(engine, &args[0])?).map(Into::into)
        }),
        function("MarshalStream", &[SCHEMA], Kind::STRING, |engine, args| {
            let documents = [concrete(engine, &args[0])?];
            let documents = list(&documents, 0)?.iter().map(print);
            Ok(documents.collect::<Result<Vec<_>, _>>()?.join("---\n").into())
        }),
        function("Unmarshal", &[BYTES], Kind::TOP, |engine, args| {
            let source = SourceFile::new("", text(args)?);
            let document = parse_yaml(&source, NO_FILE, &ParseLimits::default());
            match document.map_err(|error| Failure::new(error.message))? {
                // Where there is no document, null is taken for it.
                Expr::Binary { op: BinaryOp::Or, .. } => Ok(Datum::Null),
                document => engine.data(&document),
            }
        }),
        function("UnmarshalStream", &[BYTES], Kind::TOP, |engine, args| {
            let source = SourceFile::new("", text(args)?);
            let elements = documents(&source).collect::<Result<_, _>>()?;
            engine.data(&made::list(elements))
        }),
        schema_function("Validate", &[BYTES, SCHEMA], Kind::BOOL, |engine, args| {
            validate(engine, args, "yaml.Validate", Strictness::Concrete)
        }),
        schema_function("ValidatePartial", &[BYTES, SCHEMA], Kind::BOOL, |engine, args| {
            validate(engine, args, "yaml.ValidatePartial", Strictness::Partial)
        }),
    ],
};

fn concrete(engine: &mut dyn Engine, value: &Datum) -> Outcome {
    match value {
        Datum::Handle(handle) => engine.concrete(*handle),
        other => Ok(other.clone()),
    }
}

fn text(args: &[Datum]) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(bytes(args, 0)?).into_owned())
}

fn documents(source: &SourceFile) -> impl Iterator<Item = Result<Expr, Failure>> {
    let documents = Documents::new(source, NO_FILE, &ParseLimits::default());
    documents.map(|document| document.map_err(|error| Failure::new(error.message)))
}

/// Each document must satisfy the schema. What is missing can't be mended: the text is what it is.
fn validate(engine: &mut dyn Engine, args: &[Datum], name: &str, strictness: Strictness) -> Outcome {
    let Datum::Handle(schema) = args[1] else { return fail("argument 1 is no schema") };
    let source = SourceFile::new(name, text(args)?);
    for document in documents(&source) {
        let document = engine.data(&document?)?;
        engine.satisfies(schema, &document, strictness).map_err(definite)?;
    }
    Ok(true.into())
}

fn definite(mut failure: Failure) -> Failure {
    failure.code = Code::Eval;
    failure.others = failure.others.into_iter().map(definite).collect();
    failure
}
