//! The command as people use it: what it prints, where, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path, process::Command};

/// How a command ended.
struct Ended {
    status: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in a folder, with nothing of this process's environment that could change what it prints.
fn sluice_in(folder: &Path, environment: &[(&str, &str)], args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.env_clear().envs(environment.iter().copied()).current_dir(folder).args(args);
    let output = command.output().unwrap();
    Ended {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn sluice(args: &[&str]) -> Ended {
    sluice_in(Path::new("."), &[], args)
}

#[test]
fn help_tells_what_can_be_done() {
    let commands: [&[&str]; 8] = [
        &["--help"],
        &["serve", "--help"],
        &["check", "--help"],
        &["read", "--help"],
        &["config", "--help"],
        &["cue", "--help"],
        &["completions", "--help"],
        &[],
    ];
    for args in commands {
        let ended = sluice(args);
        let (status, text) = if args.is_empty() { (2, ended.stderr) } else { (0, ended.stdout) };
        assert_eq!(ended.status, status, "{args:?}");
        insta::assert_snapshot!(format!("help {}", args.join(" ").replace("--help", "")).trim(), text);
    }
}

#[test]
fn a_wrong_command_line_ends_with_2_and_names_the_near_word() {
    let ended = sluice(&["serve", "--schema", "x"]);
    assert_eq!((ended.status, &*ended.stdout), (2, ""));
    assert!(ended.stderr.contains("a similar argument exists: '--schemas'"), "{}", ended.stderr);
    let ended = sluice(&["chekc"]);
    assert!(ended.stderr.contains("a similar subcommand exists: 'check'"), "{}", ended.stderr);
    let ended = sluice(&["serve", "--channel", "redis:x"]);
    assert!(ended.stderr.contains("is not one of sqlite:PATH, kafka:BROKER[,BROKER] or none"), "{}", ended.stderr);
    let ended = sluice(&["read", "--from", "yesterday"]);
    assert!(ended.stderr.contains("expected \"beginning\", \"end\" or an offset from 0"), "{}", ended.stderr);
}

#[test]
fn completions_are_written_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = sluice(&["completions", shell]);
        assert!(ended.status == 0 && ended.stdout.contains("create-topics"), "{shell}");
    }
}

#[test]
fn check_prints_what_is_served() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("schemas/shop")).unwrap();
    fs::write(folder.path().join("schemas/shop/order.schema.json"), "{}").unwrap();
    let ended = sluice_in(folder.path(), &[], &["check"]);
    assert_eq!((ended.status, &*ended.stderr), (0, ""));
    assert_eq!(ended.stdout, "shop: order → topic order\nok: 1 product and 1 event type\n");
}

#[test]
fn check_prints_every_mistake_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("a.schema.json", "{\n  \"type\": 3}"), ("b.schema.json", "{,}"), ("notes.txt", "")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let ended = sluice_in(folder.path(), &[], &["check", "."]);
    assert_eq!((ended.status, &*ended.stdout), (1, ""));
    insta::assert_snapshot!(ended.stderr);
    let ended = sluice_in(folder.path(), &[], &["check", "schemas"]);
    assert_eq!((ended.status, &*ended.stderr), (1, "schemas: no such folder\n1 mistake found\n"));
    let ended = sluice_in(folder.path(), &[], &["check", "notes.txt"]);
    assert_eq!(ended.stderr, "notes.txt: is no description: expected *.cue or *.schema.json\n1 mistake found\n");
}

#[test]
fn check_goes_on_behind_what_keeps_a_package_from_being_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let trips = "package trips\n\nimport (\n\t\"acme.example/units\"\n\t\"acme.example/places\"\n\t\"strings\"\n)\n\n\
                 product: version: \"1\"\n\
                 events: \"trip.a\": schema: #Tripp\n\
                 events: \"trip.b\": {schema: #Trip, topic: \"a topic\", compacted: true}\n\
                 events: \"trip.c\": schema: \"trip.schema.json\"\n\
                 #Trip: {id!: string, km?: units.#Length, at?: places.#Place, tag?: strings.MaxRun(3)}\n\
                 #Same: {a: 1 & 2}\n#Pair: close({a: 1}, 2)\n";
    for (name, text) in [("trips.cue", trips), ("other.cue", "package trips\n\n_limit: 5 & \"5\"\n")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let ended = sluice_in(folder.path(), &[], &["check", "."]);
    assert_eq!((ended.status, &*ended.stdout), (1, ""));
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn read_names_the_types_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("order.schema.json"), "{}").unwrap();
    fs::write(folder.path().join("x.db"), "").unwrap();
    let ended = sluice_in(folder.path(), &[], &["read", "ordr", "--schemas", ".", "--channel", "sqlite:x.db"]);
    assert_eq!((ended.status, &*ended.stderr), (1, "no event type \"ordr\"; there is only order\n"));
    let ended = sluice_in(folder.path(), &[], &["read", "--schemas", "."]);
    assert_eq!(ended.stderr, "nothing was written yet: there is no file data/sluice.db\n");
    let ended = sluice_in(folder.path(), &[], &["read", "--schemas", ".", "--channel", "none"]);
    assert_eq!(ended.stderr, "there is no channel to read from: name one with --channel\n");
}
