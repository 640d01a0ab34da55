//! Texts and documents that mean harm: whatever comes in, the engine answers with a value or an error, on a stack of
//! ordinary size, within limits that its errors name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path, thread};

use cue::{Code, Errors, Instance, Limits, Schema, SourceFile, VetOptions};

/// What the threads of a server have.
const STACK_BYTES: usize = 2 << 20;

/// Small enough that no test takes long, large enough for whatever people write.
fn limits() -> Limits {
    Limits { steps_max: 50_000, disjuncts_max: 200, ..Limits::default() }
}

/// Runs in a thread of its own, so that the stack is that of a server and not that of the test.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().expect("no panic")
}

fn compile(source: &str) -> Result<Instance, Errors> {
    Instance::compile(vec![SourceFile::new("./hostile.cue", source)], &limits())
}

/// The JSON of a text, or the report of its errors.
fn export(source: String) -> Result<String, Errors> {
    on_a_small_stack(move || compile(&source)?.root().to_json())
}

fn vet(source: &'static str, path: &'static str, data: Vec<u8>) -> Result<(), Errors> {
    on_a_small_stack(move || {
        Schema::new(&compile(source)?, path, VetOptions::default())?.vet_json(&data, "./data.json")
    })
}

/// Any answer will do, as long as there is one.
fn survives(source: impl Into<String>) {
    if let Err(errors) = export(source.into()) {
        assert!(!errors.report().is_empty());
    }
}

/// The text goes over a limit, and the error says which: it holds the word and the number.
#[track_caller]
fn exceeds<T>(answer: Result<T, Errors>, limit: u64) {
    let Err(errors) = answer else { panic!("no limit was reached") };
    let error = errors.first();
    assert!(error.code == Code::Limit && error.message.contains(&limit.to_string()), "{}", errors.report());
}

#[test]
fn nesting_of_every_kind() {
    for depth in [100, 800, 200_000] {
        let shapes = [
            ("", "[", "]"),
            ("", "{a:", "}"),
            ("", "(", ")"),
            ("a: ", "-", ""),
            ("a: ", "!", ""),
            ("a: ", "<", ""),
            ("a: ", "[...", "]"),
            ("a: ", "{[string]:", "}"),
            ("a: ", "close(", ")"),
            ("a: ", "[if true ", "]"),
            ("a: ", "1+(", ")"),
            ("a: ", "*1|(", ")"),
            ("", "a: ", ""),
            ("", "if true {", "}"),
            ("a: x", "[0", "]"),
            ("a: x", "(x", ")"),
            ("a: ", "\"\\(", ")\""),
            ("a: ", "#\"", "\"#"),
            ("import ", "(", ")"),
            ("@a", "(", ")"),
        ];
        for (start, open, close) in shapes {
            survives(format!("{start}{}1{}", open.repeat(depth), close.repeat(depth)));
            survives(format!("{start}{}", open.repeat(depth)));
        }
    }
}

#[test]
fn operators_and_selectors_without_end() {
    for operand in ["1 + ", "1 & ", "1 | ", "_ & ", "\"x\" + ", "true && ", "x.", "1, ", "[1] & ", "{a: 1} & "] {
        survives(format!("x: {{}}\na: {}1", operand.repeat(20_000)));
    }
    survives(format!("x: {{}}\na: x{}", ".b".repeat(50_000)));
    survives(format!("x: {{}}\na: x{}", "[0]".repeat(50_000)));
    survives(format!("x: {{}}\na: x{}", "()".repeat(50_000)));
}

#[test]
fn long_chains_of_references() {
    let chain: String = (0..20_000).map(|at| format!("a{at}: a{}\n", at + 1)).collect();
    survives(format!("{chain}a20000: 1\n"));
    let sums: String = (0..5_000).map(|at| format!("a{at}: a{} + 1\n", at + 1)).collect();
    survives(format!("{sums}a5000: 1\n"));
    let definitions: String = (0..2_000).map(|at| format!("#D{at}: {{#D{}, f{at}?: int}}\n", at + 1)).collect();
    survives(format!("{definitions}#D2000: {{}}\nx: #D0\n"));
}

#[test]
fn structs_that_refer_to_themselves() {
    for source in [
        "a: a.b",
        "a: a.b.c",
        "a: {b: a.b}",
        "a: {b: a}",
        "#A: {#A}",
        "#A: {#A, b: #A}",
        "a: [a]",
        "a: [a][0]",
        "a: len(a)",
        "a: a & a",
        "a: a | a",
        "a: {a} | {b: a}",
        "a: b, b: {c: a}",
        "a: (a)",
        "a: \"\\(a)\"",
        "a: {for k, v in a {\"\\(k)x\": v}, b: 1}",
        "a: {for k, v in a {(k): v}}",
        "a: [for x in a {x}]",
        "a: {if a.b == _|_ {b: 1}}",
        "a: {[string]: a}, a: b: {}",
        "a: {(a.b): 1, b: \"c\"}",
        "let x = [x], a: x",
        "let x = {y: x}, a: x",
        "#L: {next: #L | null}, a: #L & {next: next: next: _}",
        "#L: {next: *#L | null}, a: #L",
        "a: matchN(1, [a])",
        "a: matchIf(a, a, a)",
        "a: and([a, a])",
        "a: or([a, a])",
        "a: close(a)",
        "a: error(a)",
        "#A: {x: #B}, #B: {y: #A}, a: #A",
        "a: {#x: a, b: #x}",
        "a: <a, b: >b & <a",
        "a: {b: c: a.b}",
    ] {
        survives(source);
    }
}

#[test]
fn alternatives_that_multiply() {
    let factor: Vec<String> = (0..30).map(|at| format!("({{a{at}: 1}} | {{b{at}: 1}})")).collect();
    exceeds(export(format!("x: {}", factor.join(" & "))), limits().disjuncts_max);
    let fields: String = (0..200).map(|at| format!("f{at}: 1 | 2 | 3\n")).collect();
    survives(format!("#A: {{{fields}}}\nx: #A | #A | #A"));
    let nested = (0..40)
        .fold("int".to_owned(), |inner, _| format!("({{a: {inner}}} | {{b: {inner}}})").chars().take(4_000).collect());
    survives(format!("x: {nested}"));
    let doubling: String = (0..40).map(|at| format!("#A{at}: {{l: #A{0}}} | {{r: #A{0}}}\n", at + 1)).collect();
    survives(format!("{doubling}#A40: int\nx: #A0"));
}

#[test]
fn structs_that_double() {
    let doubling: String = (0..40).map(|at| format!("a{at}: {{l: a{0}, r: a{0}}}\n", at + 1)).collect();
    exceeds(export(format!("{doubling}a40: 1")), limits().steps_max);
    let lists: String = (0..40).map(|at| format!("a{at}: [a{0}, a{0}]\n", at + 1)).collect();
    exceeds(export(format!("{lists}a40: 1")), limits().steps_max);
    let strings: String = (0..60).map(|at| format!("a{at}: a{0} + a{0}\n", at + 1)).collect();
    survives(format!("{strings}a60: \"x\""));
    let texts: String = (0..60).map(|at| format!("a{at}: \"\\(a{0})\\(a{0})\"\n", at + 1)).collect();
    survives(format!("{texts}a60: \"x\""));
    let loops = "for a in x ".repeat(12);
    exceeds(export(format!("x: [1, 2, 3, 4, 5, 6, 7, 8]\ny: [{loops}{{1}}]")), limits().steps_max);
}

/// Each look at what waits for more is a step, however little comes of it.
#[test]
fn fields_that_wait_for_one_another() {
    let block = "a,a>45\n a,a: >!5\na,a:\na: a:\n\na>=1 >=83\n a: >!5\na,a:";
    exceeds(export(format!("a>>45\n {block}45\n {block}\na: a:\n\na: a:\n\n[string]:\n a,")), limits().steps_max);
}

/// The name that a pattern matched is not there while the pattern itself is looked at.
#[test]
fn patterns_that_use_the_name_they_match() {
    let instance = compile("[X = =~\"foo\"]: {name: X, again: \"\\(X)\", (X): 1}").unwrap();
    let patterns = instance.root().patterns();
    assert_eq!(patterns.len(), 1);
    assert_eq!(patterns[0].1.fields(cue::FieldOptions::default()).len(), 2);
}

#[test]
fn giant_results_of_small_calls() {
    for call in [
        "\"x\" * 10000000000",
        "'x' * 10000000000",
        "strings.Repeat(\"x\", 10000000000)",
        "strings.Repeat(strings.Repeat(\"x\", 1000000), 1000000)",
        "list.Repeat([1], 10000000000)",
        "list.Range(0, 1000000000000, 1)",
        "list.Range(0, 1, 1e-30)",
        "list.FlattenN([[[[]]]], -1)",
        "[for x in list.Range(0, 100000000, 1) {x}]",
        "math.Pow(10, 1000000000)",
        "math.Pow(1e1000000, 1e1000000)",
        "math.Exp(1e30)",
        "strings.SliceRunes(\"abc\", 0, 1000000000000000000000)",
        "strings.Replace(strings.Repeat(\"x\", 1000000), \"\", strings.Repeat(\"y\", 1000000), -1)",
        "strings.Join([for x in list.Range(0, 100000, 1) {\"x\"}], strings.Repeat(\"y\", 1000000))",
    ] {
        survives(format!("import (\n\t\"strings\"\n\t\"list\"\n\t\"math\"\n)\na: {call}\nb: [strings, list, math]"));
        survives(format!(
            "import (\n\t\"strings\"\n\t\"list\"\n\t\"math\"\n)\na: {call}\nb: strings.ToUpper(\"a\")\nc: list.Max([1])\nd: math.Abs(1)"
        ));
    }
}

#[test]
fn numbers_with_huge_exponents() {
    for number in
        ["1e1000000000", "1e-1000000000", "-1e99999999999999999999", "1e2147483647", "1e-2147483648", "9e999999"]
    {
        for use_of in [
            "N",
            "N + 1",
            "N - N",
            "N * N",
            "1 / N",
            "N / 3",
            "N < 1",
            "N == N",
            ">N & <5",
            "int & N",
            "div(N, 3)",
            "mod(7, N)",
            "\"\\(N)\"",
            "N & float64",
            "int64 & N",
            "\"x\" * N",
            "[1][N]",
            "len(\"x\") + N",
            "-N",
        ] {
            survives(format!("a: {}", use_of.replace('N', number)));
        }
    }
    survives(format!("a: {}", "9".repeat(200_000)));
    survives(format!("a: 0.{}1", "0".repeat(200_000)));
    survives(format!("a: 0x{}", "f".repeat(200_000)));
    survives(format!("a: {0} * {0}", "9".repeat(50_000)));
}

#[test]
fn patterns_that_explode_elsewhere() {
    for pattern in [
        "^(a+)+$",
        "^(a|a)*$",
        "(.*)*x",
        "((a{1,1000}){1,1000}){1,1000}",
        "(a{1000}){1000}",
        "\\\\pL{1000}",
        "(?i)\\\\p{L}{500}",
        "((((((((((a*)*)*)*)*)*)*)*)*)*",
        "[\\\\x{0}-\\\\x{10ffff}]{1000}",
        "x{1001}",
        "(?P<a>x)(?P<a>y)",
    ] {
        survives(format!("a: \"{}\" & =~\"{pattern}\"", "a".repeat(10_000)));
        survives(format!("a: [=~\"{pattern}\"]: int\na: {}: 1", "a".repeat(1_000)));
    }
    survives(format!("a: \"x\" & =~\"{}\"", "(".repeat(100_000)));
    survives(format!("a: \"x\" & =~\"{}x{}\"", "(".repeat(100_000), ")".repeat(100_000)));
    survives(format!("a: \"x\" & =~\"{}\"", "a|".repeat(100_000)));
    survives(format!("a: \"x\" & =~\"x{}\"", "*".repeat(100_000)));
}

#[test]
fn documents_of_every_size_and_depth() {
    let schema = "#Tree: {[string]: #Tree} | [...#Tree] | int";
    for depth in [100, 9_000, 1_000_000] {
        let _ = vet(schema, "#Tree", format!("{}1{}", "[".repeat(depth), "]".repeat(depth)).into());
        let _ = vet(schema, "#Tree", "[".repeat(depth).into());
        let _ = vet(schema, "#Tree", format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)).into());
        let _ = vet("#Any: _", "#Any", format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)).into());
    }
    let wide: String = (0..20_000).map(|at| format!("\"k{at}\":{at},")).collect();
    let _ = vet("#Any: {[string]: int}", "#Any", format!("{{{wide}\"z\":0}}").into());
    let same: String = "\"k\":1,".repeat(5_000);
    let _ = vet("#Any: {k!: int}", "#Any", format!("{{{same}\"k\":2}}").into());
    let _ = vet("#Any: {k!: <5}", "#Any", format!("{{\"k\": {}}}", "9".repeat(100_000)).into());
    let _ = vet("#Any: {k!: <5}", "#Any", b"{\"k\": 1e1000000000}".to_vec());
    let _ = vet("#Any: {k!: int}", "#Any", format!("{{\"k\": \"{}\"}}", "x".repeat(1_000_000)).into());
}

#[test]
fn bytes_that_are_no_text() {
    let mut random = Random(7);
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..random.below(200)).map(|_| random.below(256) as u8).collect();
        survives(String::from_utf8_lossy(&bytes));
        let _ = vet("#Any: {k?: int}", "#Any", bytes);
    }
    for bytes in [&b"\xff\xfe{}"[..], b"\xef\xbb\xbf{}", b"{\"\xff\": 1}", b"{\"k\": \"\xc3\"}", b"\0", b""] {
        let _ = vet("#Any: {k?: int}", "#Any", bytes.to_vec());
        survives(String::from_utf8_lossy(bytes));
    }
    // A file may begin with one byte order mark.
    assert!(vet("#Any: {k?: int}", "#Any", b"\xef\xbb\xbf{\"k\": 1}".to_vec()).is_ok());
    assert!(vet("#Any: {k?: int}", "#Any", b"\xef\xbb\xbf\xef\xbb\xbf{}".to_vec()).is_err());
}

/// Real texts with a few bytes changed reach further into the engine than noise does.
#[test]
fn sources_with_a_few_bytes_changed() {
    let sources = case_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"));
    assert!(sources.len() > 100);
    let mut random = Random(11);
    for source in &sources {
        for _ in 0..3 {
            survives(mutated(source, &sources, &mut random));
        }
    }
}

/// What stands between the names of cases, marks and expectations included.
fn case_sources(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| match path.is_dir() {
        true => case_sources(path),
        false => fs::read_to_string(path).unwrap().split("\n=== ").map(source_of).collect(),
    };
    paths.iter().flat_map(read).collect()
}

fn source_of(case: &str) -> String {
    let text = case.split("\n--- ").next().unwrap_or_default();
    text.lines().skip(1).map(|line| format!("{line}\n")).collect()
}

fn mutated(source: &str, others: &[String], random: &mut Random) -> String {
    const PIECES: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ":",
        "?",
        "!",
        "&",
        "|",
        "*",
        "...",
        "\"",
        "\\(",
        "#",
        "_",
        "if ",
        "for x in ",
        ",",
        "\n",
        "0",
        ".",
        "=~",
    ];
    let mut bytes = source.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(4) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.splice(at..at, PIECES[random.below(PIECES.len())].bytes()).for_each(drop),
            2 => bytes.splice(end..end, bytes[at..end].to_vec()).for_each(drop),
            _ => {
                let other = others[random.below(others.len())].as_bytes();
                let from = random.below(other.len() + 1);
                bytes.splice(at..end, other[from..(from + 20).min(other.len())].iter().copied()).for_each(drop);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same numbers in every run, so that a failure can be repeated (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }
}
