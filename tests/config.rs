//! Settings: which source wins, what is shown, and what a person reads about a mistake.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use sluice::config::{Config, Effective, LogFormat, LogLevel, Sources};

fn read(file: Option<&str>, environment: &[(&str, &str)], listen: Option<&str>) -> Result<Effective, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.cue");
    let file = file.map(|text| fs::write(&path, text).map(|()| path.clone()).unwrap());
    let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let flags = listen.map(|address| (vec!["listen".to_owned()], address.into(), "--listen")).into_iter().collect();
    let read = Sources { file, environment, flags }.read();
    read.map_err(|problems| problems.to_string().replace(&path.display().to_string(), "sluice.cue"))
}

#[test]
fn without_sources_the_defaults_hold() {
    assert_eq!(read(None, &[], None).unwrap().config, Config::default());
}

#[test]
fn the_environment_wins_over_defaults_and_flags_over_the_environment() {
    let environment = [("SLUICE_LISTEN", "0.0.0.0:1"), ("SLUICE_LOG_FORMAT", "json"), ("SLUICE_CREATE_TOPICS", "true")];
    let effective = read(None, &environment, Some("[::1]:2")).unwrap();
    assert_eq!(effective.config.listen.to_string(), "[::1]:2");
    assert_eq!((effective.config.log.format, effective.config.create_topics), (LogFormat::Json, true));
    insta::assert_snapshot!(effective.to_cue());
}

#[test]
fn mistakes_of_all_sources_come_together() {
    let environment = [
        ("SLUICE_LOG_LEVEL", "loud"),
        ("SLUICE_CREATE_TOPIC", "true"),
        ("SLUICE_CREATE_TOPICS", "perhaps"),
        ("SLUICE_INGEST_LIMITS_JSON_DEPTH_MAX", "101"),
        ("SLUICE_INGEST_SOURCE", "not a URI"),
        ("SLUICE_HTTP_PUBLIC_URL", "http://%%"),
    ];
    insta::assert_snapshot!(read(None, &environment, Some("8181")).unwrap_err());
}

#[test]
fn numbers_in_the_environment_have_the_units_of_the_file() {
    let effective = read(None, &[("SLUICE_INGEST_LIMITS_BODY_BYTES_MAX", "2Mi")], None).unwrap();
    assert_eq!(effective.config.ingest.limits.body_bytes_max, 2 << 20);
}

#[test]
fn properties_of_the_kafka_client_are_checked_where_there_is_one() {
    let properties = r#"{"acks": "1", "sasl.password": {"file": "/no/such/file"}}"#;
    let environment = [("SLUICE_KAFKA_PROPERTIES", properties), ("SLUICE_CHANNEL", "kafka:localhost:9092")];
    insta::assert_snapshot!(read(None, &environment, None).unwrap_err());
    assert!(read(None, &environment[..1], None).is_ok());
}

#[test]
fn secrets_are_hidden_and_where_they_stand_is_shown() {
    let file = "kafka: properties: {\n\t\"sasl.username\": \"sluice\"\n\t\"sasl.password\": \"hunter2\"\n\
                \t\"ssl.key.password\": file: \"/run/key\"\n}\n";
    let shown = read(Some(file), &[], None).unwrap().to_cue();
    let properties: Vec<&str> = shown.lines().filter(|line| line.starts_with("kafka: properties")).collect();
    let file_name = |line: &str| {
        line.split_once(" // ")
            .map(|(value, place)| format!("{} // {}", value.trim_end(), place.rsplit('/').next().unwrap()))
            .unwrap()
    };
    let properties: Vec<String> = properties.into_iter().map(file_name).collect();
    assert_eq!(
        properties,
        [
            "kafka: properties: \"sasl.password\": \"(hidden)\" // sluice.cue:3:2, where the secret stands",
            "kafka: properties: \"sasl.username\": \"sluice\" // sluice.cue:2:2",
            "kafka: properties: \"ssl.key.password\": file: \"/run/key\" // sluice.cue:4:2",
        ]
    );
    let environment = [("SLUICE_KAFKA_PROPERTIES", r#"{"sasl.password": "x"}"#)];
    let shown = read(Some(file), &environment, None).unwrap().to_cue();
    assert!(shown.contains("\"(hidden)\"") && !shown.contains("sluice.cue"), "{shown}");
    assert!(shown.contains("// SLUICE_KAFKA_PROPERTIES, where the secret stands"), "{shown}");
    // What was shown is not taken for the secret.
    let environment = [("SLUICE_KAFKA_PROPERTIES", r#"{"sasl.password": "(hidden)"}"#), ("SLUICE_CHANNEL", "kafka:a")];
    assert!(read(None, &environment, None).unwrap_err().contains("not the secret"));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let sources = Sources { file: Some("no/such.cue".into()), ..Sources::default() };
    assert!(sources.read().unwrap_err().to_string().starts_with("no/such.cue: can't be read: "));
    assert!(read(None, &[("SLUICE_CONFIG", "no/such.cue")], None).unwrap_err().starts_with("no/such.cue: "));
}

#[test]
fn the_file_wins_over_defaults_and_the_environment_over_the_file() {
    let file = "listen: \"0.0.0.0:1\"\nlog: level: \"warn\"\nsqlite: queue_bytes_max: 8Mi\n";
    let effective = read(Some(file), &[("SLUICE_LISTEN", "0.0.0.0:2")], None).unwrap();
    assert_eq!(effective.config.listen.to_string(), "0.0.0.0:2");
    assert_eq!(effective.config.log.level, LogLevel::Warn);
    assert_eq!(effective.config.sqlite.queue_bytes_max, 8 << 20);
}

#[test]
fn mistakes_in_the_file_have_their_places() {
    let file = "listen: 8181\nlog: levl: \"warn\"\nhttp: connections_max: 0\nhttp: body_read_timeout: \"5 s\"\n";
    insta::assert_snapshot!(read(Some(file), &[("SLUICE_LOG_LEVEL", "loud")], None).unwrap_err());
}

#[test]
fn the_reference_has_every_setting_with_its_default() {
    let file = cue::SourceFile::new("config.cue", sluice::config::REFERENCE);
    let instance = cue::Instance::compile(vec![file], &cue::Limits::default()).unwrap();
    let reference = instance.lookup("#Config").unwrap().to_json().unwrap();
    let reference: serde_json::Value = serde_json::from_str(&reference).unwrap();
    assert_eq!(reference, serde_json::to_value(Config::default()).unwrap());
}

#[test]
fn what_is_shown_can_be_read_again() {
    let effective = read(None, &[("SLUICE_LOG_FORMAT", "json")], Some("0.0.0.0:7")).unwrap();
    assert_eq!(read(Some(&effective.to_cue()), &[], None).unwrap().config, effective.config);
}
