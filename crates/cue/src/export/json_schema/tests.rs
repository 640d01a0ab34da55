//! What each form of a value becomes.

use crate::export::tree::{Json, one_line};
use crate::{Instance, Limits, SourceFile, Value};

use super::{DIALECT, generate};

fn value(source: &str, expression: &str) -> Value {
    let files = vec![SourceFile::new("in.cue", source)];
    let instance = Instance::compile(files, &Limits::default()).unwrap_or_else(|errors| panic!("{}", errors.report()));
    instance.lookup(expression).unwrap_or_else(|errors| panic!("{}", errors.report()))
}

/// A source with the imports that it needs.
fn importing(source: &str) -> String {
    let packages = ["list", "math", "net", "strings", "time"];
    let used = packages.iter().filter(|package| source.contains(&format!("{package}.")));
    let imports: String = used.map(|package| format!("import \"{package}\"\n")).collect();
    imports + source
}

/// The schema of `#A` on one line, without the dialect that it names.
fn schema(source: &str) -> String {
    let schema = generate(&value(&importing(source), "#A")).unwrap_or_else(|errors| panic!("{}", errors.report()));
    let Json::Object(mut entries) = schema else { panic!("a schema is an object") };
    assert_eq!(entries.remove(0), ("$schema".to_owned(), DIALECT.into()));
    one_line(&Json::Object(entries))
}

fn error(source: &str) -> String {
    generate(&value(&importing(source), "#A")).expect_err("there is no schema").report()
}

#[test]
fn values_become_schemas() {
    for (value, expected) in [
        ("int", r#"{type: "integer"}"#),
        ("number & int & >3", r#"{allOf: [{type: "integer"}, {type: "number", exclusiveMinimum: 3}]}"#),
        ("uint8", r#"{allOf: [{type: "number"}, {type: "integer", maximum: 255, minimum: 0}]}"#),
        ("float64", r#"{type: "number", maximum: 1.7976931348623157E+308, minimum: -1.7976931348623157E+308}"#),
        (r#"string & =~"^a" & !~"b""#, r#"{type: "string", not: {pattern: "b"}, pattern: "^a"}"#),
        (r#"=~"a" & =~"b""#, r#"{allOf: [{pattern: "b"}, {type: "string", pattern: "a"}]}"#),
        ("strings.MinRunes(1) & strings.MaxRunes(5)", r#"{type: "string", maxLength: 5, minLength: 1}"#),
        (r#">"foo""#, r#"{type: "string"}"#),
        ("!=1", "{not: {const: 1}}"),
        ("==1", "{const: 1}"),
        ("bytes", "true"),
        ("null", r#"{type: "null"}"#),
        ("bool", r#"{type: "boolean"}"#),
        ("_", "true"),
        ("1.50", "{const: 1.50}"),
        ("'abc'", r#"{const: "YWJj"}"#),
        (r#""a" | 1"#, r#"{enum: ["a", 1]}"#),
        (r#""a" | 1 | string"#, r#"{anyOf: [{const: "a"}, {const: 1}, {type: "string"}]}"#),
        (r#""a" | null"#, r#"{anyOf: [{const: "a"}, {type: "null"}]}"#),
        (r#"string | *"a""#, r#"{type: "string"}"#),
        (r#"*"a" | "b""#, r#"{enum: ["a", "b"]}"#),
        ("(1 | 2) | 3", "{anyOf: [{anyOf: [{const: 1}, {const: 2}]}, {const: 3}]}"),
        ("int & (1 | *2)", r#"{type: "integer", enum: [1, 2]}"#),
        (r#"or(["a", "b"])"#, r#"{enum: ["a", "b"]}"#),
        ("[]", "{const: []}"),
        ("[1, 2]", "{const: [1, 2]}"),
        (
            "[int, string]",
            r#"{type: "array", prefixItems: [{type: "integer"}, {type: "string"}], maxItems: 2, minItems: 2}"#,
        ),
        (
            "[int, ...string]",
            r#"{type: "array", items: {type: "string"}, prefixItems: [{type: "integer"}], minItems: 1}"#,
        ),
        ("[...]", r#"{type: "array"}"#),
        (
            "[...int] & [int, ...]",
            r#"{allOf: [{prefixItems: [{type: "integer"}]}, {type: "array", items: {type: "integer"}, minItems: 1}]}"#,
        ),
        (
            "[...int] & list.MinItems(1) & list.UniqueItems()",
            r#"{type: "array", items: {type: "integer"}, minItems: 1, uniqueItems: true}"#,
        ),
        ("list.MatchN(2, int)", r#"{type: "array", contains: {type: "integer"}, minContains: 2}"#),
        (r#"list.Contains("x")"#, "true"),
        ("math.MultipleOf(0.5)", r#"{type: "number", multipleOf: 0.5}"#),
        (r#"time.Format("2006-01-02")"#, r#"{type: "string", format: "date"}"#),
        ("time.Time()", "true"),
        ("matchN(0, [int])", r#"{not: {type: "integer"}}"#),
        ("matchN(1, [int, string])", r#"{oneOf: [{type: "integer"}, {type: "string"}]}"#),
        ("matchN(>=1, [int, string])", r#"{anyOf: [{type: "integer"}, {type: "string"}]}"#),
        ("matchN(2, [int, string])", r#"{allOf: [{type: "string"}, {type: "integer"}]}"#),
        (
            "matchIf({a!: 1}, {b!: int}, _)",
            r#"{if: {type: "object", properties: {a: {const: 1}}, required: ["a"]}, then: {type: "object", properties: {b: {type: "integer"}}, required: ["b"]}}"#,
        ),
        (r#"error("no")"#, "false"),
    ] {
        let expected = format!("{{type: \"object\", additionalProperties: false, properties: {{x: {expected}}}}}");
        assert_eq!(schema(&format!("#A: {{x?: {value}}}")), expected, "{value}");
    }
}

#[test]
fn structs_become_objects() {
    for (value, expected) in [
        (
            "{a: int, b?: string, c!: bool, d: 3, e: int | *4}",
            r#"{type: "object", additionalProperties: false, properties: {a: {type: "integer"}, b: {type: "string"}, c: {type: "boolean"}, d: {const: 3}, e: {type: "integer"}}, required: ["a", "c"]}"#,
        ),
        ("{a?: int, ...}", r#"{type: "object", additionalProperties: true, properties: {a: {type: "integer"}}}"#),
        ("{[string]: int}", r#"{type: "object", additionalProperties: {type: "integer"}}"#),
        (
            r#"{[=~"^x"]: int, x?: int & >3, y?: string}"#,
            r#"{type: "object", additionalProperties: false, patternProperties: {^x: {type: "integer"}}, properties: {x: {type: "number", exclusiveMinimum: 3}, y: {type: "string"}}}"#,
        ),
        ("{a!: 1}", "{const: {a: 1}}"),
        (
            "{a?: int} & {b?: int}",
            r#"{type: "object", additionalProperties: false, properties: {a: {type: "integer"}, b: {type: "integer"}}}"#,
        ),
        (
            "{a?: int} & {a!: >3}",
            r#"{type: "object", additionalProperties: false, properties: {a: {allOf: [{type: "number"}, {type: "integer", exclusiveMinimum: 3}]}}, required: ["a"]}"#,
        ),
        (
            "{a: {b?: int}}",
            r#"{type: "object", additionalProperties: false, properties: {a: {type: "object", additionalProperties: false, properties: {b: {type: "integer"}}}}}"#,
        ),
        (
            "{a?: {b?: int} | string}",
            r#"{type: "object", additionalProperties: false, properties: {a: {anyOf: [{type: "object", additionalProperties: false, properties: {b: {type: "integer"}}}, {type: "string"}]}}}"#,
        ),
        (
            "{a?: {b?: int} & ({c?: int} | {d?: int})}",
            r#"{type: "object", additionalProperties: false, properties: {a: {type: "object", properties: {b: {type: "integer"}}, anyOf: [{type: "object", properties: {c: {type: "integer"}}}, {type: "object", properties: {d: {type: "integer"}}}]}}}"#,
        ),
        ("close({a?: int})", r#"{type: "object", additionalProperties: false, properties: {a: {type: "integer"}}}"#),
        ("{_h: 3, #d: 4}", "{const: {}}"),
        ("{a: int, b: a + 1, if a > 3 {c: int}}", "{}"),
    ] {
        assert_eq!(schema(&format!("#A: {value}")), expected, "{value}");
    }
}

#[test]
fn names_become_references() {
    for (source, expected) in [
        (
            "#A: {b?: #B}, #B: c: string",
            r##"{$defs: {B: {type: "object", additionalProperties: false, properties: {c: {type: "string"}}, required: ["c"]}}, type: "object", additionalProperties: false, properties: {b: {$ref: "#/$defs/B"}}}"##,
        ),
        (
            "#A: {a?: #A}",
            r##"{$defs: {A: {type: "object", additionalProperties: false, properties: {a: {$ref: "#/$defs/A"}}}}, type: "object", additionalProperties: false, properties: {a: {$ref: "#/$defs/A"}}}"##,
        ),
        ("#A: #B, #B: int", r##"{$defs: {B: {type: "integer"}}, $ref: "#/$defs/B"}"##),
        (
            "#A: {#B, #C, d?: int}, #B: {b?: int}, #C: {c?: int}",
            r##"{$defs: {B: {type: "object", additionalProperties: false, properties: {b: {type: "integer"}}}, C: {type: "object", additionalProperties: false, properties: {c: {type: "integer"}}}}, allOf: [{$ref: "#/$defs/C"}, {type: "object", additionalProperties: false, properties: {d: {type: "integer"}}, $ref: "#/$defs/B"}]}"##,
        ),
        (
            "#A: {x?: #B & {d?: int}}, #B: {c?: string, ...}",
            r##"{$defs: {B: {type: "object", additionalProperties: true, properties: {c: {type: "string"}}}}, type: "object", additionalProperties: false, properties: {x: {type: "object", additionalProperties: true, properties: {d: {type: "integer"}}, $ref: "#/$defs/B"}}}"##,
        ),
        (
            "#A: {x?: #B & >3}, #B: int",
            r##"{$defs: {B: {type: "integer"}}, type: "object", additionalProperties: false, properties: {x: {type: "number", $ref: "#/$defs/B", exclusiveMinimum: 3}}}"##,
        ),
        (
            "#A: {x?: #B.#C, y?: #D.#C}, #B: #C: int, #D: #C: string",
            r##"{$defs: {B.C: {type: "integer"}, D.C: {type: "string"}}, type: "object", additionalProperties: false, properties: {x: {$ref: "#/$defs/B.C"}, y: {$ref: "#/$defs/D.C"}}}"##,
        ),
        (
            r#"#A: {x?: #C, y?: b."a/b", z?: _c}, #C: int, b: "a/b": int, _c: int"#,
            r##"{$defs: {"a/b": {type: "integer"}, C: {type: "integer"}, _c: {type: "integer"}}, type: "object", additionalProperties: false, properties: {x: {$ref: "#/$defs/C"}, y: {$ref: "#/$defs/%22a~1b%22"}, z: {$ref: "#/$defs/_c"}}}"##,
        ),
        (
            "#A: {x?: b}, b: {c?: int}",
            r##"{$defs: {b: {type: "object", properties: {c: {type: "integer"}}}}, type: "object", additionalProperties: false, properties: {x: {$ref: "#/$defs/b"}}}"##,
        ),
        (
            "#A: {x?: b & {d?: int}}, b: {c?: int}",
            r#"{type: "object", additionalProperties: false, properties: {x: {type: "object", additionalProperties: false, properties: {c: {type: "integer"}, d: {type: "integer"}}}}}"#,
        ),
        (
            "#A: {x?: #B}, #B: b, b: {c?: b}",
            r##"{$defs: {B: {type: "object", additionalProperties: false, properties: {c: {$ref: "#/$defs/B"}}}, b: {type: "object", properties: {c: {$ref: "#/$defs/b"}}}}, type: "object", additionalProperties: false, properties: {x: {$ref: "#/$defs/B"}}}"##,
        ),
        (
            "#A: {x?: net.FQDN, y?: list.UniqueItems}",
            r##"{$defs: {FQDN: {type: "string"}}, type: "object", additionalProperties: false, properties: {x: {$ref: "#/$defs/FQDN"}, y: {type: "array", uniqueItems: true}}}"##,
        ),
    ] {
        assert_eq!(schema(source), expected, "{source}");
    }
}

#[test]
fn comments_become_descriptions() {
    let source = "// of A\n#A: {\n\t// of b\n\tb?: #B\n\t// of e\n\tc?: d?: e?: int & >3\n}\n// of B\n#B: int\n";
    let (b, c) = (
        r##"b: {description: "of b", $ref: "#/$defs/B"}"##,
        r#"c: {type: "object", additionalProperties: false, properties: {d: {type: "object", additionalProperties: false, properties: {e: {description: "of e", allOf: [{type: "number"}, {type: "integer", exclusiveMinimum: 3}]}}}}}"#,
    );
    assert_eq!(
        schema(source),
        format!(
            r#"{{$defs: {{B: {{type: "integer", description: "of B"}}}}, type: "object", description: "of A", additionalProperties: false, properties: {{{b}, {c}}}}}"#
        )
    );
    let package = "// of the package\npackage p\n\n// apart\n\n// of a\na: 3\n";
    let files = vec![SourceFile::new("in.cue", package)];
    let instance = Instance::compile(files, &Limits::default()).unwrap_or_else(|errors| panic!("{}", errors.report()));
    let schema = generate(&instance.root()).unwrap_or_else(|errors| panic!("{}", errors.report()));
    assert_eq!(schema.get("description"), Some(&"of the package\n\napart".into()));
}

#[test]
fn what_has_no_schema_is_refused() {
    for (source, expected) in [
        ("#A: {x: int, y: >x}", "bad argument to unary comparison\n"),
        ("#A: {x?: int, y: x}", "reference #A.x not found\n"),
        ("#A: {x?: strings.MinRunes(n)}\nn: int", "n: non-concrete value int:\n    in.cue:3:4\n"),
        (
            "#A: {x?: strings.MinRunes, y?: list.MaxItems}",
            "list.MaxItems expects 1 argument, got 0\nstrings.MinRunes expects 1 argument, got 0\n",
        ),
        ("#A: {x?: {[K=string]: name: K}}", "reference #A.x not found\n"),
    ] {
        assert_eq!(error(source), expected, "{source}");
    }
}

#[test]
fn depth_is_limited() {
    let source = format!("#A: {}int{}", "{a?: ".repeat(900), "}".repeat(900));
    assert!(error(&source).starts_with("not supported yet: JSON Schema of values that are nested this deep"));
}
