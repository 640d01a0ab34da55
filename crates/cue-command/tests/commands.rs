//! Commands as people use them: files and arguments in; output, messages, exit status and files out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;

use clap::Parser;
use cue_command::{Arguments, World};
use tempfile::TempDir;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

/// A folder in which commands run.
struct Shop {
    folder: TempDir,
    transcript: String,
}

impl Shop {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { folder, transcript: String::new() }
    }

    /// Runs a command line, words separated by blanks, and notes what it answers.
    fn run(&mut self, line: &str) -> &mut Self {
        self.run_with(line, "")
    }

    fn run_with(&mut self, line: &str, input: &str) -> &mut Self {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let cli = Cli::try_parse_from(std::iter::once("cue").chain(line.split_whitespace())).unwrap();
        let folder = self.folder.path().to_owned();
        let stdin = &mut input.as_bytes();
        let status =
            cue_command::run(&cli.arguments, &mut World { folder, stdin, stdout: &mut stdout, stderr: &mut stderr });
        let root = self.folder.path().display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&root, "/folder");
        let (stdout, stderr) = (text(stdout), text(stderr));
        writeln!(self.transcript, "$ cue {line}\n{stdout}{stderr}[{status}]").unwrap();
        self
    }

    /// Notes what is in a file now.
    fn show(&mut self, name: &str) -> &mut Self {
        let text = std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        writeln!(self.transcript, "--- {name}\n{text}").unwrap();
        self
    }
}

const ORDERS: (&str, &str) = (
    "order.cue",
    "package shop\n\nimport \"strings\"\n\n// An order of a customer.\n#Order: {\n\tid:     =~\"^O-\"\n\tamount: int & >0 & <=100\n\
     \tnote?:  strings.MaxRunes(10)\n}\n",
);

#[test]
fn vet_judges_each_document_and_tells_both_places() {
    let mut shop = Shop::new(&[
        ORDERS,
        ("good.json", "{\"id\": \"O-1\", \"amount\": 3}"),
        ("bad.json", "{\n  \"id\": \"X-1\",\n  \"amount\": 300,\n  \"color\": \"red\"\n}\n"),
        ("some.yaml", "id: O-2\n"),
        ("broken.json", "{\"id\": "),
    ]);
    shop.run("vet order.cue good.json -d #Order")
        .run("vet order.cue bad.json -d #Order")
        .run("vet . some.yaml -d #Order")
        .run("vet order.cue broken.json -d #Order")
        .run("vet good.json")
        .run("vet order.cue -d #Order")
        .run("vet order.cue missing.json");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn vet_of_packages_asks_for_concrete_values_only_if_told() {
    let mut shop =
        Shop::new(&[("a.cue", "package a\n\nx: int\ny: 1 & <5\n"), ("b/b.cue", "package b\n\nz: 3 & string\n")]);
    shop.run("vet").run("vet -c").run("vet -c=false").run("vet ./b").run("vet ./c");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn export_writes_formats_expressions_and_files() {
    let mut shop = Shop::new(&[
        ("x.cue", "package x\n\na: *1 | int\nb: [a, {c: \"two\\nlines\"}]\n#D: 1\n_h: 2\nm: \"<b>\"\nbin: 'xy'\n"),
        ("data.yaml", "a: 5\n---\na: 5\nextra: true\n"),
    ]);
    shop.run("export")
        .run("export --out yaml")
        .run("export --out cue")
        .run("export -e m --out text --escape")
        .run("export -e m --escape -e a+1")
        .run("export x.cue data.yaml -e extra")
        .run("export data.yaml -l in: --list")
        .run("export -e a -o a.json")
        .run("export -e a -o a.json")
        .run("export -e a -o yaml:a.json -f")
        .show("a.json")
        .run("export --out docx")
        .run("export -e nope");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn export_places_values_by_their_content() {
    let mut shop = Shop::new(&[("s.jsonl", "{\"kind\": \"A\", \"n\": 1}\n{\"kind\": \"B\", \"n\": 2}\n")]);
    shop.run("export s.jsonl -l strings.ToLower(kind) --out yaml")
        .run("export s.jsonl --with-context -l \"\\(filename)-\\(index)\" --out yaml")
        .run("export s.jsonl -l nope")
        .run("export s.jsonl --with-context");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn eval_and_def_print_cue() {
    let mut shop = Shop::new(&[
        ORDERS,
        ("more.cue", "package shop\n\nfirst: #Order & {amount: 5}\nlast: first\n_hidden: 1 @x(y)\n"),
    ]);
    shop.run("eval")
        .run("eval -a -A")
        .run("eval -c")
        .run("eval -e first.amount -e 1+1")
        .run("def")
        .run("def -e #Order");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn a_part_of_a_package_is_printed_with_what_it_refers_to() {
    let mut shop = Shop::new(&[(
        "x.cue",
        "import \"math\"\n\n#Unit: \"kg\" | \"g\"\nlimit: max: 5\nstock: {apples: 3, pears: 4}\nlet half = limit.max / 2\n\n\
         order: {\n\tunit: #Unit\n\tamount: <limit.max\n\tpies: math.Pi\n\tshare: half\n\
         \tfor name, _ in stock {\n\t\t(name): stock[name] - 1\n\t}\n}\nsame: order\n",
    )]);
    std::fs::write(shop.folder.path().join("y.cue"), "p: {q: r, r: {s: 1}, t: p.r & p.q}\nu: v - 1\nv: u + 1\nv: 3\n")
        .unwrap();
    shop.run("def y.cue -e p").run("def y.cue -e u");
    shop.run("def x.cue -e order")
        .run("def x.cue -e same.unit")
        .run("eval x.cue -e order")
        .run("def x.cue -e limit.max+1");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn def_keeps_aliases_marks_and_comments() {
    let mut shop = Shop::new(&[
        (
            "alias.cue",
            "@note(top)\n\nX=\"a b\": 1\nb: V={c: X, d: V.c}\n[K=string]: _\n(\"e\" + \"f\"): 2\nZ=(g): 3\ng: \"i\"\nh: Z\n",
        ),
        (
            "guard.cue",
            "// For all.\n\npackage p\n\nimport T \"strings\"\n\na?: int\n\n// Only with a.\nif a != _|_ if true {b: a}\n\
             l: {\n\tlet A = 1\n\t{let A = 2, c: A}\n\td: A\n}\nu: T.ToUpper(\"x\")\n",
        ),
        ("lone.cue", "package p\n\nx: close({y: 1}) & {z?: 2}\n"),
        ("data.json", "{\"x\": {\"y\": 1}}"),
    ]);
    shop.run("def alias.cue").run("def guard.cue").run("def lone.cue").run("def lone.cue data.json");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn documents_of_openapi_are_schemas() {
    let mut shop = Shop::new(&[
        (
            "api.yaml",
            "openapi: 3.0.3\ninfo: {title: Shop, version: v2, license: {name: MIT}}\ncomponents:\n  schemas:\n    Fruit:\n      \
             description: What grows.\n      type: object\n      required: [kind]\n      properties:\n        \
             kind: {type: string, enum: [pear, apple]}\n        weight:\n          description: In grams.\n          \
             type: integer\n          format: int32\n          minimum: 0\n          exclusiveMinimum: true\n        \
             note: {type: string, nullable: true}\n        pits: {$ref: '#/components/schemas/stone-fruit'}\n      \
             xml: {name: f}\n    stone-fruit: {type: array, items: {type: string}, x-of: us}\n",
        ),
        ("good.yaml", "kind: pear\nnote: null\npits: [a]\n"),
        ("bad.json", "{\"kind\": \"plum\", \"weight\": 0}"),
        ("new.json", "{\"openapi\": \"3.1.0\", \"info\": {}, \"components\": {\"schemas\": {\"A\": {\"tpye\": 1}}}}"),
    ]);
    shop.run("def api.yaml -p shop")
        .run("vet api.yaml good.yaml -d #Fruit")
        .run("vet api.yaml bad.json -d #Fruit")
        .run("def openapi+strictFeatures: api.yaml")
        .run("def new.json")
        .run("def openapi+strict: new.json")
        .run("import openapi new.json -o -");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn documents_of_openapi_are_refused_where_they_would_say_less() {
    let mut shop = Shop::new(&[
        ("shop.cue", "#Fruit: {kind: \"pear\" | \"apple\", pits?: [...string]}\n"),
        ("stock.cue", "#Fruit: {kind: string}\npears: #Fruit & {kind: \"pear\"}\n"),
        ("rule.cue", "#Fruit: {kind!: !=\"stone\"}\n"),
    ]);
    shop.run("export --out openapi shop.cue")
        .run("export --out openapi stock.cue")
        .run("export --out openapi rule.cue");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn values_are_written_as_json_schema() {
    let mut shop = Shop::new(&[
        (
            "fruit.cue",
            "import \"strings\"\n\n// What grows.\n#Fruit: {\n\tkind!: \"pear\" | \"apple\"\n\tweight?: #Weight\n\t// Free text.\n\tnote?: \
             strings.MaxRunes(80)\n}\n#Weight: int & >0\n",
        ),
        ("odd.cue", "low: int\nrange: {from?: int, to: from, high: >low}\n"),
        ("stock.yaml", "pears: 3\n"),
    ]);
    shop.run("def fruit.cue -e #Fruit -e #Weight --out jsonschema")
        .run("export fruit.cue -e #Fruit --out jsonschema+yaml")
        .run("def fruit.cue -e #Weight -o weight.schema.json --out jsonschema")
        .show("weight.schema.json")
        .run("eval odd.cue -e range -e low --out jsonschema")
        .run("def stock.yaml --out jsonschema")
        .run("def fruit.cue --out jsonschema+text");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn names_that_would_mean_something_else_are_kept_apart() {
    let mut shop = Shop::new(&[
        (
            "shadow.cue",
            "a: 1\nb: {\n\ta: 2\n\tc: d.e\n\td: e: a\n}\nlen: 3\nf: __len([1])\ng: {x: {a: 5, y: a}, z: y}\ny: a\n",
        ),
        ("alias.cue", "n: V={m: V.k, k: 1}\no: n & {m: 1}\n"),
        ("other.cue", "p: n.k\n"),
        ("trailing.cue", "s: {\n\t(\"a\" + \"b\"): 1\n\tc: 2\n\n\t// Nothing follows.\n}\n"),
    ]);
    shop.run("def shadow.cue").run("def alias.cue").run("def trailing.cue").run("eval alias.cue other.cue");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn tags_and_imports_of_the_module_are_known() {
    let mut shop = Shop::new(&[
        ("cue.mod/module.cue", "module: \"shop.example\"\nlanguage: version: \"v0.13.0\"\n"),
        ("units/units.cue", "package units\n\n#Unit: \"kg\" | \"g\"\n"),
        ("app/app.cue", "package app\n\nimport \"shop.example/units\"\n\nunit: units.#Unit @tag(unit)\n"),
    ]);
    shop.run("export ./app -t unit=kg").run("export ./app -t unit=mile").run("export ./app -t size=1").run("vet ./...");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn fmt_rewrites_checks_and_shows_differences() {
    let mut shop = Shop::new(&[("a.cue", "a:   {b: 1}\nlonger: 2\n"), ("sub/b.cue", "x:    1\n"), ("c.cue", "y: [\n")]);
    shop.run("fmt --check --files a.cue sub")
        .run("fmt --diff a.cue")
        .run("fmt -s a.cue ./sub/...")
        .show("a.cue")
        .show("sub/b.cue")
        .run("fmt c.cue")
        .run_with("fmt -", "z:    1");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn import_writes_cue_beside_data() {
    let mut shop = Shop::new(&[
        ("a.json", "{\"kind\": \"a-b\", \"list\": [1, {\"x-y\": null}], \"text\": \"several\\nlines of it\"}"),
        ("b.yaml", "one: 1\ntwo:\n  - a\n  - b\n---\none: 2\n"),
    ]);
    shop.run("import a.json -p shop")
        .show("a.cue")
        .run("import a.json")
        .run("import b.yaml")
        .run("import b.yaml --list -o -")
        .run("import b.yaml --files -o -")
        .run("import nothing");
    insta::assert_snapshot!(shop.transcript);
}

#[test]
fn files_are_embedded_where_the_package_asks_for_it() {
    let module = ("cue.mod/module.cue", "module: \"shop.example\"\nlanguage: version: \"v0.14.0\"\n");
    let ask = |what: &str| format!("@extern(embed)\n\npackage x\n\nv: _ @embed({what})\n");
    let mut shop = Shop::new(&[
        module,
        (
            "all/x.cue",
            "@extern(embed)\n\npackage x\n\none: {n: int} @embed(file=d/a.json)\nmany: _ @embed(glob=\"d/?.*\",type=yaml)\n",
        ),
        ("all/d/a.json", "{\"n\": 1}"),
        ("all/d/b.yml", "m: 2\n"),
        ("wrong/x.cue", "@extern(embed)\n\npackage x\n\nv: {n: string} @embed(file=a.json)\n"),
        ("wrong/a.json", "{\"n\": 1}"),
        ("missing/x.cue", &ask("file=none.json")),
        ("above/x.cue", &ask("file=\"../all/d/a.json\"")),
        ("none/x.cue", &ask("glob=*.json")),
        ("kind/x.cue", &ask("file=a.docx")),
    ]);
    for folder in ["all", "wrong", "missing", "above", "none", "kind"] {
        shop.run(&format!("export ./{folder}"));
    }
    insta::assert_snapshot!(shop.transcript);
}
