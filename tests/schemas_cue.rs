//! Products described in CUE: what is served, and what an owner reads about a mistake.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod descriptions;

use std::time::Duration;

use descriptions::{load, problems};
use serde_json::{Value, json};
use sluice::catalog::{Catalog, Rejection};

/// The text/plain answers to a payload: a line for each violation.
fn answers(catalog: &Catalog, kind: &str, payload: &str) -> Vec<String> {
    match catalog.types[kind].validator.check(payload.as_bytes()) {
        Ok(()) => vec![],
        Err(Rejection::Invalid(violations)) => {
            violations.iter().map(|one| format!("{}: {}", one.path, one.message)).collect()
        }
        Err(Rejection::Malformed { message, offset }) => vec![format!("at byte {offset}: {message}")],
    }
}

#[test]
fn definitions_alone_are_event_types() {
    let catalog = load(&[
        (
            "people/a.cue",
            "#Identity: {name!: string, home?: #Address}\n#Address: {zip!: string}\n_#Hidden: int\nlimit: 3\n",
        ),
        ("bare.cue", "#Ping: {n: int}\n"),
    ]);
    let mut types: Vec<_> = catalog.types.values().map(|one| (&*one.name, &*one.product, &*one.topic.name)).collect();
    types.sort_unstable();
    let expected = [("Address", "people", "Address"), ("Identity", "people", "Identity"), ("Ping", "bare", "Ping")];
    assert_eq!(types, expected);
    assert_eq!(answers(&catalog, "Identity", r#"{"name": "A", "home": {"zip": "1"}}"#), [""; 0]);
    let refused = answers(&catalog, "Identity", r#"{"name": 1, "home": {"zip": "1", "x": 1}}"#);
    assert_eq!(
        refused,
        [
            "#Identity.home.x: field not allowed",
            "#Identity.name: conflicting values 1 and string (mismatched types int and string)",
        ]
    );
    assert_eq!(answers(&catalog, "Ping", "{}"), ["#Ping.n: incomplete value int"]);
}

const TRIPS: &str = r#"package trips

product: {
	name:    "logistics.trips"
	version: "1.2.0"
	owner: name: "Fleet team"
}

events: {
	"com.acme.trip.reported.v1": {
		schema:      #Trip
		topic:       "trips"
		key:         "trip.id"
		partitions:  6
		replication: 3
		compacted:   true
		retention:   "1d12h"
	}
	"com.acme:inline": schema: {n!: int}
}

#Trip: {
	trip!: {id!: string, ...}
}
"#;

#[test]
fn a_package_describes_its_events() {
    let catalog = load(&[("trips/trips.cue", TRIPS)]);
    let product = catalog.product("logistics.trips").unwrap();
    assert_eq!(product.version.as_deref(), Some("1.2.0"));
    let reported = &catalog.types["com.acme.trip.reported.v1"];
    assert_eq!(reported.key, Some(vec!["trip".to_owned(), "id".to_owned()]));
    let topic = &reported.topic;
    assert_eq!((&*topic.name, topic.partitions, topic.replication, topic.compacted), ("trips", 6, Some(3), true));
    assert_eq!(topic.retention, Some(Duration::from_secs(36 * 3600)));
    let inline = &catalog.types["com.acme:inline"];
    assert_eq!(
        (&*inline.topic.name, &*inline.schema_path),
        ("com.acme-inline", "/v1/products/logistics.trips/schemas/com.acme%3Ainline")
    );
    assert_eq!(answers(&catalog, "com.acme.trip.reported.v1", r#"{"trip": {"id": "1", "x": 1}}"#), [""; 0]);
    assert_eq!(
        answers(&catalog, "com.acme.trip.reported.v1", r#"{"trip": {}}"#),
        ["#Trip.trip.id: field is required but not present"]
    );
    assert_eq!(answers(&catalog, "com.acme:inline", r#"{"n": "1"}"#).len(), 1);
}

#[test]
fn mistakes_in_the_description_are_told_in_the_words_of_cue() {
    let with = |from: &str, to: &str| {
        assert!(TRIPS.contains(from), "{from}");
        problems(&[("trips/trips.cue", &TRIPS.replace(from, to))])
    };
    let found = [
        with("partitions:  6", "partition: 6"),
        with("partitions:  6", "partitions: 0"),
        with("version: \"1.2.0\"", "version: 1.2"),
        with("topic:       \"trips\"", "topic: \"my trips\""),
        with("retention:   \"1d12h\"", "retention: \"soon\""),
        with("schema:      #Trip", ""),
        with("schema:      #Trip", "schema: #Tripp"),
        with("schema:      #Trip", "schema: \"trip.schema.json\""),
        with("schema:      #Trip", "schema: \"../secret.json\""),
        with("schema:      #Trip", "schema: \"/etc/passwd\""),
        with("trip.id", "trip_id"),
        with("\t\tkey:         \"trip.id\"\n", ""),
        with("events: {", "events: {}\nother: {"),
    ];
    insta::assert_snapshot!(found.join("\n--\n"));
}

#[test]
fn mistakes_of_all_products_come_together() {
    insta::assert_snapshot!(problems(&[
        ("a/a.cue", "#A: {\n\tn: int\n"),
        ("b/b.cue", "#B: {n: int & string}\n#C: nowhere\n"),
        ("c/c.cue", "x: 1\n"),
        ("d/d.schema.json", "{\"type\": 1}"),
        ("e/e.cue", "package e\n\nevents: A: {schema: {}, topic: \"t\", partitions: 2}\n"),
        ("f/f.cue", "package f\n\nevents: {\n\tA: schema: {}\n\tB: {schema: {}, topic: \"t\"}\n}\n"),
    ]));
}

#[test]
fn a_schema_is_served_as_cue_and_as_openapi() {
    let catalog =
        load(&[("people/identity.cue", "#Identity: {name!: string}\n"), ("people/more.cue", "#Other: {n!: int}\n")]);
    let schemas = &catalog.product("people").unwrap().schemas;
    let types = |name: &str| schemas[name].0.iter().map(|one| one.media_type).collect::<Vec<_>>();
    assert_eq!(types("Identity"), ["application/vnd.oai.openapi+json", "text/x-cue"]);
    assert_eq!(&*schemas["Other"].0[1].body, b"#Other: {n!: int}\n");
    assert_eq!(types("more.cue"), ["text/x-cue"]);
}

#[test]
fn the_openapi_document_has_all_that_it_refers_to() {
    let catalog = load(&[("p/p.cue", "#A: {a: int, t: string}\n#E: {x!: #A.a, y!: #A, z?: [...#A[\"t\"]]}\n")]);
    let document: Value = serde_json::from_slice(&catalog.openapi.0[0].body).unwrap();
    let properties = &document["components"]["schemas"]["E"]["properties"];
    assert_eq!(properties["x"], json!({"type": "integer"}));
    assert_eq!(properties["y"], json!({"$ref": "#/components/schemas/A"}));
    assert_eq!(properties["z"], json!({"type": "array", "items": {"type": "string"}}));
}

#[test]
fn types_share_a_topic_only_if_both_descriptions_name_it() {
    let events = |a: &str, b: &str| {
        format!("package p\nevents: \"a b\": {{schema: #E{a}}}\nevents: \"a/b\": {{schema: #E{b}}}\n#E: {{n!: int}}\n")
    };
    let named = ", topic: \"a-b\"";
    let catalog = load(&[("p/p.cue", &events(named, named))]);
    assert_eq!(catalog.topics().len(), 1);
    let message = "event types \"a b\" and \"a/b\" would share topic \"a-b\": \
                   name another one, or this one in both descriptions";
    for text in [events("", ""), events(named, "")] {
        let found = problems(&[("p/p.cue", &text)]);
        assert!(found.contains(&format!("p.cue:3:9: {message}\n")) && found.contains("p.cue:2:9\n"), "{found}");
    }
}
