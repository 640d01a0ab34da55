//! What a sender reads, word for word.

use insta::assert_snapshot;

use crate::app::App;

const JOHN: &str = r#"{"first": "John","Last": "Doe","Age": 40}"#;
const OLD: &str = r#"{"first": "John","Last": "Doe","Age": 140}"#;
const FORM: &str = "content-type: application/x-www-form-urlencoded";

#[tokio::test]
async fn the_root_speaks_as_the_article_does() {
    let app = App::builder().only_identity().start().await;
    assert_snapshot!(app.post("/", &[FORM], JOHN).await);
    assert_snapshot!(app.post("/", &[FORM], OLD).await);
    assert_snapshot!(app.post("/", &["accept: application/json"], OLD).await);
    assert_snapshot!(app.records("Identity").join("\n\n"));
}
