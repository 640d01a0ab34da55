//! Loads packages of modules held in memory: which files belong together, and what is said when something is amiss.
//!
//! The expected texts are those of the reference for the same files and arguments.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use cue::{Entry, Instance, Limits, LoadOptions, Loader, Source, SourceFile};

/// Files by path.
struct Tree(BTreeMap<String, String>);

impl Source for Tree {
    fn list(&self, folder: &str) -> Result<Option<Vec<Entry>>, String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let entry = |path: &String| {
            let rest = path.strip_prefix(&prefix)?;
            let (first, is_folder) = rest.split_once('/').map_or((rest, false), |(first, _)| (first, true));
            Some(Entry { name: first.to_owned(), is_folder })
        };
        let entries: BTreeSet<Entry> = self.0.keys().filter_map(entry).collect();
        Ok((!entries.is_empty()).then(|| entries.into_iter().collect()))
    }

    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, String> {
        match self.0.get(file) {
            Some(text) if text == "unreadable" => Err(format!("{file}: permission denied")),
            text => Ok(text.map(|text| text.clone().into_bytes())),
        }
    }
}

const MODULE: (&str, &str) = ("cue.mod/module.cue", "module: \"acme.example\"\nlanguage: version: \"v0.15.0\"\n");

fn tree(files: &[(&str, &str)]) -> Tree {
    let files = [MODULE].iter().chain(files).map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Tree(files.collect())
}

/// What a command would print: the JSON of each instance, and the errors.
fn shown(loaded: Vec<Result<Instance, cue::Errors>>) -> String {
    let mut out = String::new();
    for one in loaded {
        let text = one.and_then(|instance| instance.root().to_json());
        let text =
            text.map_or_else(|errors| errors.report(), |json| json.split_whitespace().collect::<String>() + "\n");
        write!(out, "{text}").expect("a string takes any text");
    }
    out
}

fn load_with(tree: &Tree, patterns: &[&str], options: &LoadOptions) -> String {
    shown(Loader::new(tree, options).load(patterns, Vec::new()))
}

fn load(files: &[(&str, &str)], patterns: &[&str]) -> String {
    load_with(&tree(files), patterns, &LoadOptions::default())
}

fn with_tags(files: &[(&str, &str)], tags: &[&str]) -> String {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    load_with(&tree(files), &["."], &LoadOptions { tags, ..LoadOptions::default() })
}

#[test]
fn folders_inherit_the_files_of_their_package_from_those_around() {
    let files = [("a.cue", "package p\nx: 1"), ("s/b.cue", "package p\ny: x"), ("t/c.cue", "package q\nz: 1")];
    assert_eq!(load(&files, &["./..."]), "{\"x\":1}\n{\"x\":1,\"y\":1}\n{\"z\":1}\n");
    assert_eq!(load(&files, &["./s"]), "{\"x\":1,\"y\":1}\n");
}

#[test]
fn without_a_module_only_the_folder_counts() {
    let mut tree = tree(&[("a.cue", "package p\nx: 1"), ("s/b.cue", "package p\ny: 1")]);
    tree.0.remove(MODULE.0);
    assert_eq!(load_with(&tree, &["./s"], &LoadOptions::default()), "{\"y\":1}\n");
}

#[test]
fn patterns_pass_over_what_holds_no_package() {
    let files = [
        ("x/a.cue", "package a\nx: 1"),
        ("x/y/b.cue", "package a\ny: 1"),
        ("x/testdata/c.cue", "package a\nz: 1"),
        ("x/_d/d.cue", "package a\nw: 1"),
        ("x/n/cue.mod/module.cue", "module: \"n.example\"\nlanguage: version: \"v0.15.0\""),
        ("x/n/e.cue", "package n\nv: 1"),
    ];
    assert_eq!(load(&files, &["./x/..."]), "{\"x\":1}\n{\"x\":1,\"y\":1}\n");
    assert_eq!(load(&files, &["./q/..."]), "cue: \"./q/...\" matched no packages\n");
    let nested = "cannot determine import path for \"./x/n\" (directory is in a nested module)\n";
    assert_eq!(load(&files, &["./x/n"]), nested);
}

#[test]
fn patterns_begin_at_the_folder_of_the_options() {
    let tree = tree(&[("a.cue", "package a\nx: 1"), ("s/b.cue", "package b\ny: 1")]);
    let options = LoadOptions { folder: "s".to_owned(), ..LoadOptions::default() };
    assert_eq!(load_with(&tree, &["."], &options), "{\"y\":1}\n");
    assert_eq!(load_with(&tree, &[".."], &options), "{\"x\":1}\n");
    let outside = "cannot determine import path for \"../..\" (dir outside of root)\n";
    assert_eq!(load_with(&tree, &["../.."], &options), outside);
}

#[test]
fn a_folder_has_one_package_or_the_name_tells_which() {
    let files = [("a.cue", "package a\nx: 1"), ("b.cue", "package b\nx: 2")];
    assert_eq!(load(&files, &["."]), "found packages \"a\" (a.cue) and \"b\" (b.cue) in \".\"\n");
    assert_eq!(load(&files, &["."]), load(&files, &["./..."]));
    assert_eq!(load(&files, &[".:b"]), "{\"x\":2}\n");
}

#[test]
fn files_without_a_package_belong_to_none() {
    let expected = "build constraints exclude all CUE files in .:\n    ./x.cue: no package name\n";
    assert_eq!(load(&[("x.cue", "x: 1")], &["."]), expected);
    assert_eq!(load(&[("x/y.cue", "package y")], &["."]), "cue: \".\" matched no packages\n");
    assert_eq!(load(&[], &["./foo"]), "cannot find package \"./foo\"\n");
}

#[test]
fn named_files_are_one_instance_whatever_they_are_called() {
    let tree = tree(&[("b/b.cue", "package b\ny: 1")]);
    let options = LoadOptions::default();
    let loose = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(name, text)| SourceFile::new(*name, *text)).collect();
        shown(Loader::new(&tree, &options).load(&[], files))
    };
    assert_eq!(loose(&[("./a.cue", "package a\nx: int"), ("-", "x: 1")]), "{\"x\":1}\n");
    assert_eq!(loose(&[("-", "import \"acme.example/b\"\nz: b.y")]), "{\"z\":1}\n");
    let clash = "found packages \"a\" (a.cue) and \"b\" (b.cue) in \".\"\n";
    assert_eq!(loose(&[("./a.cue", "package a"), ("./b.cue", "package b")]), clash);
    let missing = "import failed: cannot find package \"acme.example/c\": cannot find module providing package \
                   acme.example/c:\n    ./a.cue:1:8\n";
    assert_eq!(loose(&[("./a.cue", "import \"acme.example/c\"")]), missing);
}

#[test]
fn packages_and_files_load_side_by_side() {
    let tree = tree(&[("a.cue", "package a\nx: 1")]);
    let options = LoadOptions::default();
    let loader = Loader::new(&tree, &options);
    let loaded = loader.load(&["."], vec![SourceFile::new("-", "y: 1")]);
    assert_eq!(shown(loaded), "{\"x\":1}\n{\"y\":1}\n");
    assert!(loader.files(Vec::new()).is_err());
    assert_eq!(loader.module().unwrap().unwrap().path, "acme.example");
}

#[test]
fn packages_of_the_module_are_imported_by_path_and_name() {
    let files = [
        ("a.cue", "package a\nimport \"acme.example/b\"\nimport d \"acme.example/b:c\"\nx: b.y\nz: d.y"),
        ("b/b.cue", "package b\ny: 1"),
        ("b/c.cue", "package c\ny: 2"),
    ];
    assert_eq!(load(&files, &["."]), "{\"x\":1,\"z\":2}\n");
    assert_eq!(load(&files, &["acme.example/b"]), "{\"y\":1}\n");
}

#[test]
fn a_major_version_must_be_that_of_the_module() {
    let module = ("cue.mod/module.cue", "module: \"acme.example@v1\"\nlanguage: version: \"v0.15.0\"\n");
    let b = ("b/b.cue", "package b\ny: 1");
    let a = |version| format!("package a\nimport \"acme.example/b{version}\"\nx: b.y");
    assert_eq!(load(&[module, b, ("a.cue", &a(""))], &["."]), "{\"x\":1}\n");
    assert_eq!(load(&[module, b, ("a.cue", &a("@v1"))], &["."]), "{\"x\":1}\n");
    let refused = "acme.example@v1: import failed: cannot find package \"acme.example/b@v0\": cannot find module \
                   providing package acme.example/b@v0:\n    ./a.cue:2:8\n";
    assert_eq!(load(&[module, b, ("a.cue", &a("@v0"))], &["."]), refused);
}

#[test]
fn vendored_packages_are_unified_from_all_places() {
    let files = [
        ("a.cue", "package a\nimport \"other.example/b\"\nx: b"),
        ("cue.mod/gen/other.example/b/b.cue", "package b\nw: 1"),
        ("cue.mod/pkg/other.example/b/b.cue", "package b\nimport \"third.example/c\"\ny: c.n"),
        ("cue.mod/usr/other.example/b/b.cue", "package b\nz: 1"),
        ("cue.mod/pkg/third.example/c/c.cue", "package c\nn: 3"),
    ];
    let out = load(&files, &["."]);
    for part in ["\"w\":1", "\"y\":3", "\"z\":1"] {
        assert!(out.contains(part), "{out}");
    }
}

#[test]
fn a_folder_stands_for_a_module_that_it_replaces() {
    let files = &[
        (
            "cue.mod/module.cue",
            "module: \"a.example@v0\"\nlanguage: version: \"v0.17.0\"\ndeps: {\"b.example/b@v1\": v: \"v1.2.0\",              \"c.example@v0\": {v: \"v0.1.0\", replaceWith: \"./c\"}}\n",
        ),
        ("cue.mod/local-module.cue", "deps: \"b.example/b@v1\": replaceWith: \"./work/b/\"\n"),
        ("a.cue", "package a\n\nimport (\n\t\"b.example/b/deep@v1\"\n\t\"c.example:c\"\n)\n\nv: deep.x + c.y\n"),
        ("work/b/deep/b.cue", "package deep\n\nx: 1\n"),
        ("c/c.cue", "package c\n\ny: 2\n"),
    ];
    assert_eq!(load(files, &["."]), "{\"v\":3}\n");
}

#[test]
fn a_dependency_that_is_not_vendored_is_refused() {
    let module = (
        "cue.mod/module.cue",
        "module: \"acme.example\"\nlanguage: version: \"v0.15.0\"\ndeps: \"other.example@v0\": v: \"v0.1.0\"\n",
    );
    let a = ("a.cue", "package a\nimport \"other.example/b\"\nx: b.y");
    let refused = "acme.example@v0: import failed: cannot find package \"other.example/b\": module other.example@v0 \
                   v0.1.0 is not vendored below cue.mod/pkg, and modules are not fetched:\n    ./a.cue:2:8\n";
    assert_eq!(load(&[module, a], &["."]), refused);
    // What nobody imports need not be there.
    assert_eq!(load(&[module, ("a.cue", "package a\nx: 1")], &["."]), "{\"x\":1}\n");
}

#[test]
fn what_can_not_be_imported_is_told_where_it_is_imported() {
    let import = |path: &str| format!("package a\nimport \"{path}\"\nx: b.y");
    let errors = |path: &str, more: &[(&str, &str)]| {
        let a = import(path);
        let files: Vec<_> = more.iter().copied().chain([("a.cue", a.as_str())]).collect();
        load(&files, &["."])
    };
    let other = [("b/c.cue", "package c\ny: 2")];
    let expected = "acme.example@v0: import failed: cannot find package \"acme.example/b\": no files in package \
                    directory with package name \"b\":\n    ./a.cue:2:8\n";
    assert_eq!(errors("acme.example/b", &other), expected);
    let both = [("b/b.cue", "package b"), ("cue.mod/pkg/acme.example/b/b.cue", "package b")];
    let expected = "acme.example@v0: import failed: cannot find package \"acme.example/b\": ambiguous import: found \
                    package acme.example/b in multiple locations:\n\tacme.example@v0 (b)\n\tlocal \
                    (cue.mod/pkg/acme.example/b):\n    ./a.cue:2:8\n";
    assert_eq!(errors("acme.example/b", &both), expected);
    let expected = "import failed: relative import paths not allowed (\"./b\"):\n    ./a.cue:2:8\n";
    assert_eq!(errors("./b", &[]), expected);
    assert_eq!(errors("b", &[]), "builtin package \"b\" undefined:\n    ./a.cue:2:8\n");
    let expected = "import failed: expected '}', found 'EOF':\n    ./a.cue:2:8\n    ./b/b.cue:2:5\n";
    assert_eq!(errors("acme.example/b", &[("b/b.cue", "package b\ny: {")]), expected);
    let expected = "y: reference \"zz\" not found:\n    ./b/b.cue:2:4\n";
    assert_eq!(errors("acme.example/b", &[("b/b.cue", "package b\ny: zz")]), expected);
    let expected = "acme.example@v0.acme.example/b: import failed: import failed: cannot find package \
                    \"acme.example/c\": cannot find module providing package acme.example/c:\n    ./a.cue:2:8\n    \
                    ./b/b.cue:2:8\n";
    assert_eq!(errors("acme.example/b", &[("b/b.cue", "package b\nimport \"acme.example/c\"\ny: c.z")]), expected);
    let expected = "acme.example@v0: import failed: cannot determine package name for \"acme.example/b-c\"; set it \
                    explicitly with ':':\n    ./a.cue:2:8\nacme.example@v0: import failed: cannot find package \
                    \"acme.example/b-c\": cannot find module providing package acme.example/b-c:\n    ./a.cue:2:8\n";
    assert_eq!(errors("acme.example/b-c", &[]), expected);
}

#[test]
fn packages_may_not_import_each_other() {
    let files = [
        ("a/a.cue", "package a\nimport \"acme.example/b\"\nx: b.y"),
        ("b/b.cue", "package b\nimport \"acme.example/a\"\ny: a.x"),
    ];
    let expected = "import failed: import failed: import failed: package import cycle not allowed:\n    \
                    ./a/a.cue:2:8\n    ./b/b.cue:2:8\n";
    assert_eq!(load(&files, &["./a"]), expected);
}

#[test]
fn imports_must_be_used_and_have_names_of_their_own() {
    let files = [
        (
            "a.cue",
            "package a\nimport \"acme.example/b:c\"\nimport d \"acme.example/b:c\"\nimport \"encoding/json\"\nx: 1",
        ),
        ("b/b.cue", "package c"),
    ];
    let expected = "imported and not used: \"acme.example/b:c\":\n    ./a.cue:2:8\nimported and not used: \
                    \"acme.example/b:c\" as d:\n    ./a.cue:3:8\nimported and not used: \"encoding/json\":\n    \
                    ./a.cue:4:8\n";
    assert_eq!(load(&files, &["."]), expected);
    let twice = [
        ("a.cue", "package a\nimport \"acme.example/b\"\nimport \"acme.example/c:b\"\nx: b.x"),
        ("b/b.cue", "package b\nx: 1"),
        ("c/c.cue", "package b\nx: 2"),
    ];
    let expected = "b redeclared as imported package name\n\tprevious declaration at ./a.cue:2:8:\n    ./a.cue:3:8\n";
    assert_eq!(load(&twice, &["."]), expected);
    let field = [("a.cue", "package a\nimport \"acme.example/b\"\nb: 3\nx: b"), ("b/b.cue", "package b\nx: 1")];
    let expected = "b redeclared as imported package name\n\tprevious declaration at ./a.cue:3:1:\n    ./a.cue:2:8\n";
    assert_eq!(load(&field, &["."]), expected);
    // In its file the import comes before a field of another file.
    let elsewhere = [
        ("a.cue", "package a\nimport \"acme.example/b\"\nx: b.x"),
        ("a2.cue", "package a\nb: 4"),
        ("b/b.cue", "package b\nx: 1"),
    ];
    assert!(load(&elsewhere, &["."]).contains("\"x\":1"));
}

#[test]
fn conditions_choose_files() {
    let files = [
        ("a.cue", "@if(foo)\npackage p\na: 1"),
        ("b.cue", "@if(!foo && bar || baz)\npackage p\nb: 1"),
        ("c.cue", "package p\nc: 1\n@ignore()"),
        ("d.cue", "@ignore()\npackage p\nd: 1"),
        ("e_test.cue", "package p\ne: 1"),
        ("_f.cue", "package p\nf: 1"),
    ];
    assert_eq!(with_tags(&files, &["foo"]), "{\"a\":1,\"c\":1}\n");
    assert_eq!(with_tags(&files, &["bar"]), "{\"b\":1,\"c\":1}\n");
    let expected = "build constraints exclude all CUE files in .:\n    ./a.cue: @if(foo) did not match\n";
    assert_eq!(with_tags(&files[..1], &[]), expected);
    let expected = "build constraints exclude all CUE files in .:\n    ./a.cue: @ignore() attribute found\n";
    assert_eq!(with_tags(&[("a.cue", "@ignore()\npackage p")], &[]), expected);
    let expected = "invalid operator + in build attribute\n";
    assert_eq!(with_tags(&[("a.cue", "@if(foo+1)\npackage p")], &[]), expected);
    let expected = "previous declaration here:\n    ./a.cue:1:1\nmultiple @if attributes:\n    ./a.cue:2:1\n";
    assert_eq!(with_tags(&[("a.cue", "@if(a)\n@if(b)\npackage p")], &[]), expected);
}

#[test]
fn tags_give_values_to_fields() {
    let source =
        "package p\nx: string @tag(x,short=a|b)\ny: int @tag(y,type=int)\nz: {w: bool | *true @tag(z,type=bool)}";
    let files = [("a.cue", source)];
    assert_eq!(with_tags(&files, &["a", "y=3"]), "{\"x\":\"a\",\"y\":3,\"z\":{\"w\":true}}\n");
    assert_eq!(with_tags(&files, &["x=q", "y=-3", "z=false"]), "{\"x\":\"q\",\"y\":-3,\"z\":{\"w\":false}}\n");
    assert_eq!(with_tags(&files, &["c"]), "tag \"c\" not used in any file\n");
    assert_eq!(with_tags(&files, &["c=3"]), "no tag for \"c\"\n");
    let expected = "invalid number for injection tag \"y\": illegal number start \"abc\"\n";
    assert_eq!(with_tags(&files, &["y=abc"]), expected);
    assert_eq!(with_tags(&files, &["y=1.5"]), "invalid int \"1.5\" for injection tag \"y\"\n");
    assert_eq!(with_tags(&files, &["z=maybe"]), "invalid boolean \"maybe\" for injection tag \"z\"\n");
    let misplaced = [("a.cue", "package p\nx: [{y: int @tag(x,type=int)}]")];
    assert_eq!(with_tags(&misplaced, &[]), "@tag not allowed within lists:\n    ./a.cue:2:13\n");
    let misplaced = [("a.cue", "package p\nif true {x: string @tag(a)}\ny?: string @tag(c)")];
    let expected = "@tag not allowed within comprehension:\n    ./a.cue:2:20\n@tag not allowed within field \
                    constraint:\n    ./a.cue:3:12\n";
    assert_eq!(with_tags(&misplaced, &[]), expected);
}

#[test]
fn variables_fill_tags_that_are_not_given() {
    let tree = tree(&[("a.cue", "package p\nx: string @tag(x,var=os)")]);
    let variables = |name: &str| Some([(name.to_owned(), "\"linux\"".to_owned())].into());
    let options = |name: &str, tags: &[&str]| LoadOptions {
        variables: variables(name),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..LoadOptions::default()
    };
    assert_eq!(load_with(&tree, &["."], &options("os", &[])), "{\"x\":\"linux\"}\n");
    assert_eq!(load_with(&tree, &["."], &options("os", &["x=a"])), "{\"x\":\"a\"}\n");
    assert_eq!(load_with(&tree, &["."], &options("arch", &[])), "tag variable 'os' not found\n");
}

#[test]
fn the_module_file_must_be_as_it_should() {
    let with = |text: &str| load(&[("cue.mod/module.cue", text), ("a.cue", "package a\nx: 1")], &["."]);
    let version = "language: version: \"v0.15.0\"\n";
    let of = |module: &str| with(&format!("module: \"{module}\"\n{version}"));
    assert_eq!(with("module: \"m.test\""), "no language version declared in module.cue; run 'cue mod fix'\n");
    let expected = "language version \"0.15\" in module.cue is not valid semantic version\n";
    assert_eq!(with("module: \"m.test\"\nlanguage: version: \"0.15\""), expected);
    let expected =
        "language version \"v0.99.0\" declared in module.cue is too new for current language version \"v0.17.1\"\n";
    assert_eq!(with("module: \"m.test\"\nlanguage: version: \"v0.99.0\""), expected);
    let expected = "cannot find schema suitable for reading module file with language version \"v0.3.0\"\n";
    assert_eq!(with("module: \"m.test\"\nlanguage: version: \"v0.3.0\""), expected);
    let expected = "foo: field not allowed:\n    ./cue.mod/module.cue:3:1\n";
    assert_eq!(with(&format!("module: \"m.test\"\n{version}foo: 1\n")), expected);
    let expected = "invalid module file syntax: references not allowed in data mode:\n    ./cue.mod/module.cue:1:9\n";
    assert_eq!(with(&format!("module: x\n{version}")), expected);
    let invalid = "invalid module file ./cue.mod/module.cue: ";
    assert_eq!(of(""), format!("{invalid}empty module path\n"));
    let expected = format!("{invalid}module path \"foo\" is not valid: missing dot in first path element\n");
    assert_eq!(of("foo"), expected);
    assert_eq!(of("Foo.com"), format!("{invalid}module path \"Foo.com\" is not valid: invalid char 'F'\n"));
    assert_eq!(of("m.test@v2"), "{\"x\":1}\n");
}

#[test]
fn a_file_that_can_not_be_read_is_told() {
    let expected = "a.cue: permission denied\n";
    assert_eq!(load(&[("a.cue", "unreadable")], &["."]), expected);
}

#[test]
fn the_number_of_files_is_bounded() {
    let tree = tree(&[("a.cue", "package a\na: 1"), ("b.cue", "package a\nb: 1")]);
    let options =
        |files_max| LoadOptions { limits: Limits { files_max, ..Limits::default() }, ..LoadOptions::default() };
    assert_eq!(load_with(&tree, &["."], &options(2)), "{\"a\":1,\"b\":1}\n");
    assert_eq!(load_with(&tree, &["."], &options(1)), "more than 1 files (limit files_max)\n");
}

#[test]
fn values_of_one_instance_are_unified_and_others_refused() {
    let compile = |text: &str| Instance::compile(vec![SourceFile::new("./a.cue", text)], &Limits::default()).unwrap();
    let one = compile("#A: {x: int, ...}\n#B: {x: 3, ...}");
    let root = one.root();
    let part = |name: &str| root.get(&cue::PathPart::Special(name.into())).unwrap();
    assert_eq!(part("#A").unify(&part("#B")).to_cue(), "{x:3}");
    assert_eq!(one.lookup("#A").unwrap().unify(&one.lookup("#B").unwrap()).to_cue(), "{x:3}");
    let other = compile("y: 1");
    let errors = root.unify(&other.root()).error().unwrap();
    assert_eq!(errors.report(), "values of different evaluations can't be unified\n");
}
