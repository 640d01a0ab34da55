//! A definition drawn from the input, and documents of the same words: the program that is made of the definition accepts
//! only what the evaluator accepts, and rejects only what it rejects.
#![no_main]

use cue::lower::{self, Options};
use cue::{Instance, Limits, Schema, SourceFile, VetOptions};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use vet::Verdict;

const DOCUMENTS_MAX: usize = 16;
const NAMES: &[&str] = &["a", "b", "c", "kind", "x1", "xb"];
const MARKS: &[&str] = &["!", "?", ""];
const SCALARS: &[&str] = &[
    "int",
    "string",
    "bool",
    "number",
    "float",
    "_",
    "null",
    ">=1",
    "int & <3",
    "number & >0 & <=2.5",
    "!=1",
    "1",
    r#""x""#,
    r#""x" | "y""#,
    r#"=~"^x""#,
    r#"=~"^[a-z]{2}-[0-9]{4}$""#,
    r#"!~"y$""#,
    r#"*"x" | string"#,
    "*1 | int",
    "null | string",
    "strings.MinRunes(2)",
    "strings.MaxRunes(3)",
    "matchN(1, [int, >1])",
];
const RELATIONS: &[&str] = &[
    "...",
    "a!: int, b?: >=a",
    "a: int, c: a + 1",
    r#"a!: string, b: "\(a)-x""#,
    r#"kind!: "x" | "y", if kind == "x" {c!: int}"#,
    "a?: int, if a != _|_ {b!: int}",
    r#"for k in ["a", "x1"] {(k)?: int}"#,
    "a!: [string]: int, for k, v in a {(k)?: >=v}",
    r#"a!: [string]: int, for k, v in a {"x\(k)"!: <v}"#,
    "[K=string]: {a?: K, b?: c: K}",
    r#"[K=!="kind"]: {c: K}"#,
    "struct.MaxFields(2)",
    "#A",
    "#B",
];
const JSON_SCALARS: &[&str] = &[
    "null",
    "true",
    "0",
    "1",
    "2",
    "-1",
    "1.0",
    "2.5",
    "1e1",
    r#""""#,
    r#""x""#,
    r#""y""#,
    r#""xy""#,
    r#""x-x""#,
    r#""\u0078é""#,
    r#""ab-0123""#,
];

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    // An input that ends early is a case like any other.
    let Ok(source) = definitions(&mut input) else { return };
    let limits = Limits { steps_max: 20_000, disjuncts_max: 500, ..Limits::default() };
    let Ok(instance) = Instance::compile(vec![SourceFile::new("./fuzz.cue", source.as_str())], &limits) else { return };
    let Ok(schema) = Schema::new(&instance, "#X", VetOptions::default()) else { return };
    let lowered = lower::program(&instance, "#X", &limits, &Options::default());
    for _ in 0..DOCUMENTS_MAX {
        let Ok(document) = document(&mut input, 3) else { return };
        let valid = schema.vet_json(document.as_bytes(), "./data.json").is_ok();
        match lowered.program.check(document.as_bytes()) {
            Verdict::Accept => assert!(valid, "accepts {document}\n{source}"),
            Verdict::Reject(_) => assert!(!valid, "rejects {document}\n{source}"),
            Verdict::Unsure(_) => {}
            Verdict::Malformed(malformed) => panic!("{malformed}: {document}"),
        }
        if input.is_empty() {
            return;
        }
    }
});

fn definitions(input: &mut Unstructured<'_>) -> Result<String> {
    let (a, b, x) = (value(input, 2)?, value(input, 2)?, value(input, 4)?);
    Ok(format!(
        "import (\n\"strings\"\n\"list\"\n\"struct\"\n)\n_used: [strings.MinRunes, list.MaxItems, struct.MaxFields]\n\
         #A: {a}\n#B: {b}\n#X: {x}\n"
    ))
}

/// A value, of structs most of the time.
fn value(input: &mut Unstructured<'_>, depth: usize) -> Result<String> {
    let Some(depth) = depth.checked_sub(1) else { return one(input, SCALARS) };
    Ok(match input.int_in_range(0..=11)? {
        0..=4 => members(input, depth)?,
        5 => format!("[...{}]", value(input, depth)?),
        6 => format!("[{}, ...({})]", value(input, depth)?, value(input, depth)?),
        7 => format!("[...({})] & list.MaxItems(2)", one(input, SCALARS)?),
        8 => format!("({} | {})", value(input, depth)?, value(input, depth)?),
        9 => format!("({} & {})", value(input, depth)?, value(input, depth)?),
        10 => one(input, &["#A", "#B"])?,
        _ => one(input, SCALARS)?,
    })
}

fn members(input: &mut Unstructured<'_>, depth: usize) -> Result<String> {
    let mut members = Vec::new();
    for _ in 0..input.int_in_range(0..=3)? {
        members.push(format!("{}{}: {}", one(input, NAMES)?, one(input, MARKS)?, value(input, depth)?));
    }
    if input.ratio(2, 5)? {
        members.push(one(input, RELATIONS)?);
    }
    if input.ratio(1, 5)? {
        members.push(format!("[=~\"^x\"]: {}", value(input, depth)?));
    }
    Ok(format!("{{{}}}", members.join(", ")))
}

fn document(input: &mut Unstructured<'_>, depth: usize) -> Result<String> {
    let Some(depth) = depth.checked_sub(1) else { return one(input, JSON_SCALARS) };
    Ok(match input.int_in_range(0..=5)? {
        0..=3 => {
            let mut members = Vec::new();
            for name in NAMES {
                if input.ratio(1, 2)? {
                    members.push(format!("\"{name}\":{}", document(input, depth)?));
                }
            }
            format!("{{{}}}", members.join(","))
        }
        4 => {
            let mut elements = Vec::new();
            for _ in 0..input.int_in_range(0..=3)? {
                elements.push(document(input, depth)?);
            }
            format!("[{}]", elements.join(", "))
        }
        _ => one(input, JSON_SCALARS)?,
    })
}

fn one(input: &mut Unstructured<'_>, of: &[&str]) -> Result<String> {
    input.choose(of).map(|text| (*text).to_owned())
}
