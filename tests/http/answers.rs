//! What a sender reads, word for word.

use insta::assert_snapshot;

use crate::app::App;

const JOHN: &str = r#"{"first": "John","Last": "Doe","Age": 40}"#;
const OLD: &str = r#"{"first": "John","Last": "Doe","Age": 140}"#;
const FORM: &str = "content-type: application/x-www-form-urlencoded";
const JSON: &str = "content-type: application/json";
const NDJSON: &str = "content-type: application/x-ndjson";

#[tokio::test]
async fn the_root_speaks_as_the_article_does() {
    let app = App::builder().only_identity().start().await;
    assert_snapshot!("root_accepted", app.post("/", &[FORM], JOHN).await);
    assert_snapshot!("root_invalid", app.post("/", &[FORM], OLD).await);
    assert_snapshot!("root_invalid_as_json", app.post("/", &["accept: application/json"], OLD).await);
    assert_snapshot!("root_accepted_as_json", app.post("/", &["accept: application/json"], JOHN).await);
    assert_snapshot!("root_records", app.records("Identity").join("\n\n"));
}

#[tokio::test]
async fn the_root_needs_exactly_one_event_type() {
    let app = App::new().await;
    assert_snapshot!("root_of_many", app.post("/", &[FORM], JOHN).await);
    assert_eq!(app.records("Identity"), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_channel_events_are_judged() {
    let app = App::builder().only_identity().without_channel().start().await;
    assert_snapshot!("judged_at_root", app.post("/", &[FORM], JOHN).await);
    assert_snapshot!("judged", app.post("/v1/events/Identity", &[JSON], JOHN).await);
    assert_eq!(app.get("/readyz", &[]).await.status, 200);
}

#[tokio::test]
async fn one_plain_event() {
    let app = App::new().await;
    assert_snapshot!("accepted", app.post("/v1/events/Identity", &[JSON], JOHN).await);
    assert_snapshot!("accepted_as_text", app.post("/v1/events/Identity", &[FORM, "accept: text/plain"], JOHN).await);
    assert_snapshot!("invalid", app.post("/v1/events/Identity", &[], r#"{"Age":131}"#).await);
    let text = app.post("/v1/events/Identity", &["accept: text/plain"], r#"{"Age":131}"#).await;
    assert_snapshot!("invalid_as_text", text);
    assert_snapshot!("unknown_type", app.post("/v1/events/Nobody", &[JSON], JOHN).await);
    assert_snapshot!("empty", app.post("/v1/events/Identity", &[JSON], "").await);
    assert_snapshot!("media_type", app.post("/v1/events/Identity", &["content-type: text/xml"], "<a/>").await);
    assert_eq!(app.records("Identity").len(), 2);
}

#[tokio::test]
async fn names_of_types_are_percent_decoded() {
    let app = App::new().await;
    assert_eq!(app.post("/v1/events/%49dentity", &[JSON], JOHN).await.status, 200);
}

#[tokio::test]
async fn malformed_json_is_told_with_its_place() {
    let app = App::new().await;
    assert_snapshot!("malformed", app.post("/v1/events/anything", &[JSON], "{\n  \"é\": tru }").await);
    assert_snapshot!("duplicate_name", app.post("/v1/events/anything", &[JSON], r#"{"a":1,"b":2,"a":3}"#).await);
    for (body, message) in [
        (&b"\"\xff\""[..], "not JSON at line 1, column 2: not UTF-8"),
        (b"\"a\0\"", "not JSON at line 1, column 3: control character U+0000 in a string must be escaped"),
        (b"{\"a\":1} {}", "not JSON at line 1, column 9: expected nothing after the value"),
        (b"[1,\n2", "not JSON at line 2, column 2: expected `,` or `]` after an item"),
    ] {
        let reply = app.post("/v1/events/anything", &[JSON], body).await;
        assert_eq!((reply.status, reply.json()["detail"].as_str()), (400, Some(message)));
    }
    assert_eq!(app.records("things"), Vec::<String>::new());
}

#[tokio::test]
async fn many_plain_events() {
    let app = App::new().await;
    let lines = |bodies: &[&str]| bodies.join("\r\n");
    let path = "/v1/events/Identity";
    assert_snapshot!("many_accepted", app.post(path, &[NDJSON], lines(&[JOHN, "", JOHN])).await);
    let mixed = lines(&[JOHN, OLD, " ", "{\"first\":", "\u{feff}{}", JOHN]);
    assert_snapshot!("many_mixed", app.post(path, &[NDJSON], &mixed).await);
    let all = app.post("/v1/events/Identity?results=all", &["content-type: application/jsonl"], &mixed).await;
    assert_snapshot!("many_mixed_all_results", all);
    assert_snapshot!("many_as_text", app.post(path, &[NDJSON, "accept: text/plain"], &mixed).await);
    assert_snapshot!("many_invalid", app.post(path, &[NDJSON], lines(&[OLD, OLD])).await);
    assert_snapshot!("many_none", app.post(path, &[NDJSON], "\n").await);
    assert_eq!(app.memory.records("Identity").len(), 8);
    assert!(
        app.memory.records("Identity").iter().all(|stored| stored.record.value.as_deref() == Some(JOHN.as_bytes()))
    );
}

#[tokio::test]
async fn verdicts_write_nothing() {
    let app = App::new().await;
    assert_snapshot!("verdict_valid", app.post("/v1/validate/Identity", &[JSON], JOHN).await);
    assert_snapshot!("verdict_invalid", app.post("/v1/validate/Identity", &[JSON], OLD).await);
    assert_eq!(app.post("/v1/validate/Identity", &[NDJSON], [JOHN, OLD].join("\n")).await.status, 207);
    assert_eq!(app.post("/v1/validate/Nobody", &[JSON], JOHN).await.code(), "unknown-type");
    assert_eq!(app.records("Identity"), Vec::<String>::new());
    assert_eq!(app.metrics.events_received.get(), 0);
}

#[tokio::test]
async fn what_is_not_served() {
    let app = App::new().await;
    assert_snapshot!("not_found", app.get("/nowhere", &[]).await);
    assert_snapshot!("method_not_allowed", app.get("/v1/events/Identity", &[]).await);
    assert_eq!(app.send("DELETE", "/v1/events", &[], "").await.header("allow"), Some("POST,OPTIONS"));
    assert_eq!(app.post("/metrics", &[], "").await.header("allow"), Some("GET,HEAD"));
}

#[tokio::test]
async fn requests_keep_their_identifier() {
    let app = App::new().await;
    let reply = app.post("/v1/events/Identity", &[JSON, "x-request-id: mine-1"], OLD).await;
    assert_eq!((reply.header("x-request-id"), reply.json()["request_id"].as_str()), (Some("mine-1"), Some("mine-1")));
    let long = format!("x-request-id: {}", "x".repeat(129));
    let reply = app.get("/healthz", &[&long]).await;
    assert_eq!(reply.header("x-request-id").map(str::len), Some(36));
}

#[tokio::test]
async fn the_catalog_is_served() {
    let app = App::new().await;
    assert_snapshot!("openapi", app.get("/openapi", &[]).await);
    assert_snapshot!("openapi_yaml", app.get("/openapi.yaml", &[]).await);
    assert_eq!(app.get("/openapi", &["accept: application/yaml"]).await.body, app.get("/openapi.yaml", &[]).await.body);
    assert_eq!(app.get("/openapi.json", &[]).await.body, app.get("/openapi", &[]).await.body);
    assert_snapshot!("product", app.get("/v1/products/people", &[]).await);
    assert_eq!(app.get("/v1/products?q=who", &[]).await.json()["products"][0]["name"], "people");
    assert_eq!(app.get("/v1/products?q=nothing", &[]).await.json()["products"], serde_json::json!([]));
    assert_eq!(app.get("/v1/products/people/openapi", &[]).await.body, "{\"title\":\"people\"}");
    assert_eq!(app.get("/v1/products/people/schemas/Identity", &[]).await.body, "{\"title\":\"Identity\"}");
    assert_eq!(app.get("/v1/products?q=who&q=else", &[]).await.status, 200);
    for address in ["/v1/products/%FF", "/v1/products/people/schemas/parts/%FF"] {
        assert_eq!(app.get(address, &[]).await.code(), "not-found", "{address}");
    }
    let text = app.get("/v1/products/nobody", &["accept: text/plain"]).await.body;
    assert_eq!(text, "no product \"nobody\" is served\n");
    assert_eq!(app.post("/v1/events/%FF", &[JSON], JOHN).await.code(), "not-found");
    assert_snapshot!("no_product", app.get("/v1/products/nobody", &[]).await);
    assert_snapshot!("no_schema", app.get("/v1/products/people/schemas/Nobody", &[]).await);
    let head = app.send("HEAD", "/openapi", &[], "").await;
    assert_eq!((head.status, head.body.as_str(), head.header("content-length")), (200, "", Some("15")));
}

#[tokio::test]
async fn health_says_which_part_is_missing() {
    let app = App::new().await;
    assert_snapshot!("healthz", app.get("/healthz", &[]).await);
    assert_snapshot!("readyz", app.get("/readyz", &[]).await);

    let app = App::new().await;
    app.memory.only_topics(&["Identity"]);
    assert_snapshot!("readyz_topics_missing", until_not_ready(&app).await);
    assert_snapshot!("topic_missing", app.post("/v1/events/anything", &[JSON], "1").await);

    let app = App::new().await;
    app.memory.unreachable(Some("connection refused"));
    assert_snapshot!("readyz_unreachable", until_not_ready(&app).await);
    assert_eq!(app.get("/healthz", &[]).await.status, 200);
}

/// Readiness counts for a second after the gateway has asked for it.
async fn until_not_ready(app: &App) -> crate::app::Reply {
    loop {
        let reply = app.get("/readyz", &[]).await;
        if reply.status != 200 {
            return reply;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
