//! What owners described: products, their event types and the checks compiled from them.
//!
//! A catalog is one immutable value; a new one replaces it whole. Everything that is served from it (documents, listings)
//! is derived from the descriptions when they are loaded, so that no request can fail for a description's sake.

mod attempt;
mod brief;
mod cue_schema;
mod description;
mod folder;
mod json_schema;
mod load;
mod module;
mod openapi;
mod payload;
mod problem;

use std::{collections::BTreeMap, collections::HashMap, ops::Range, sync::Arc};

use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) use self::problem::EMBEDDED;
pub use self::problem::{Place, Problem, Problems};
use crate::channel::TopicSpec;

/// All products that are served.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Sorted by name.
    pub products: Vec<Arc<Product>>,
    /// Every event type by its name.
    pub types: HashMap<Arc<str>, Arc<EventType>>,
    /// The OpenAPI document of all products, as JSON and as YAML.
    pub openapi: Document,
}

/// A text in the media types that it can be had in; the first is for those who do not ask for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document(pub Vec<Representation>);

/// A text in one media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representation {
    /// Such as `application/json`; without parameters.
    pub media_type: &'static str,
    /// The whole text.
    pub body: Bytes,
}

/// A data product: a folder of descriptions, or a file of definitions.
#[derive(Debug, Default)]
pub struct Product {
    /// Unique among the products.
    pub name: Arc<str>,
    /// Semantic version, if the owner gives one.
    pub version: Option<String>,
    /// The `product` struct of the description as JSON, for the catalog.
    pub description: Value,
    /// Names of its event types, sorted.
    pub types: Vec<Arc<str>>,
    /// Its OpenAPI document, as JSON and as YAML.
    pub openapi: Document,
    /// Its schemas by the name that ends their address: the type's name, or the name of a file that a schema refers to.
    ///
    /// The schema of a type is JSON unless asked otherwise: the JSON Schema as it is registered
    /// (`application/schema+json`), or for CUE the OpenAPI document of the product
    /// (`application/vnd.oai.openapi+json`) and its source (`text/x-cue`). A relative `$ref` of a registered
    /// JSON Schema leads to the file that it means.
    pub schemas: BTreeMap<Arc<str>, Document>,
}

/// One kind of event.
#[derive(Debug)]
pub struct EventType {
    /// The `type` attribute of its events.
    pub name: Arc<str>,
    /// The product that it belongs to.
    pub product: Arc<str>,
    /// Where its events go.
    pub topic: TopicSpec,
    /// Names of the fields from the payload's root to the one that gives the record's key.
    pub key: Option<Vec<String>>,
    /// The address of its schema, relative to the gateway: `/v1/products/{product}/schemas/{type}`.
    pub schema_path: Arc<str>,
    /// The check of its payloads.
    pub validator: Validator,
}

/// A compiled check of payloads.
pub struct Validator(Box<dyn Check>);

/// What one pass over the bytes of a payload can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glance {
    /// It obeys the schema, and is JSON text (RFC 8259) within the limits, without a name that occurs twice in an object
    /// or a lone surrogate.
    Accepted {
        /// Where the value of the field stands that gives the record's key, if it is known.
        key: Option<Range<usize>>,
    },
    /// It does not obey the schema, and this is one of its violations.
    Refused(Violation),
    /// [`Check::check`] must decide: it is not JSON, or has values where the schema is not compiled.
    Undecided,
}

/// What a schema language must offer.
pub trait Check: Send + Sync {
    /// Judges a payload of any bytes by what is compiled of the schema, in one pass.
    fn glance(&self, _payload: &[u8], _limits: vet::Limits) -> Glance {
        Glance::Undecided
    }

    /// Whether [`Check::check`] can take so long that it must not hold up others.
    fn is_slow(&self) -> bool {
        false
    }

    /// Judges one payload: JSON text, already known to be within the limits of size and depth.
    ///
    /// # Errors
    /// All violations, in the schema language's order; never empty.
    fn check(&self, payload: &[u8]) -> Result<(), Rejection>;

    /// The parts of the schema that are not compiled to the one-pass check, each with the reason. A payload with values
    /// there takes longer to judge; the verdict is the same.
    fn interpreted(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a payload is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It is not JSON, at a position of the payload (byte offset from 0).
    Malformed {
        /// What is wrong.
        message: String,
        /// Byte offset in the payload.
        offset: usize,
    },
    /// It is JSON, but not what the schema says.
    Invalid(Vec<Violation>),
}

/// One rule that a payload breaks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// JSON Pointer of the value, or of the missing or unknown field.
    pub pointer: String,
    /// The path in the schema language's form, such as `#Identity.Age`.
    pub path: String,
    /// A stable name of the rule's kind: `type`, `bound`, `pattern`, `required`, `unknown-field`, `disjunction`, …
    pub rule: String,
    /// In the schema language's words, without the path.
    pub message: String,
}

impl Catalog {
    /// The product of this name.
    #[must_use]
    pub fn product(&self, name: &str) -> Option<&Arc<Product>> {
        self.products.iter().find(|product| &*product.name == name)
    }

    /// The event type, where there is exactly one.
    #[must_use]
    pub fn only_type(&self) -> Option<&Arc<EventType>> {
        let mut types = self.types.values();
        types.next().filter(|_| types.next().is_none())
    }

    /// The topics of all event types, each once, sorted by name.
    #[must_use]
    pub fn topics(&self) -> Vec<TopicSpec> {
        let by_name: BTreeMap<_, _> = self.types.values().map(|one| (&one.topic.name, &one.topic)).collect();
        by_name.into_values().cloned().collect()
    }

    /// The listing of products: `{"products": [{"name", "version", "description", "types", …}]}`, sorted by name.
    /// With a query, those of which the name, the description or a type's name contains each of its words.
    #[must_use]
    pub fn listing(&self, query: Option<&str>) -> Value {
        let words: Vec<String> = query.unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
        let found = self.products.iter().filter(|product| product.mentions(&words));
        json!({"products": found.map(|product| product.summary()).collect::<Vec<_>>()})
    }
}

impl Product {
    /// What a listing shows: what its owner says of it, the names of its types and where to read on.
    #[must_use]
    pub fn summary(&self) -> Value {
        let mut summary = match &self.description {
            Value::Object(fields) => fields.clone(),
            _ => serde_json::Map::new(),
        };
        let address = self.address();
        summary.insert("name".into(), json!(&*self.name));
        summary.insert("types".into(), json!(self.types.iter().map(|name| &**name).collect::<Vec<_>>()));
        summary.insert("self".into(), json!(address));
        summary.insert("openapi".into(), json!(format!("{address}/openapi")));
        Value::Object(summary)
    }

    /// The summary with every event type in full: topic and its settings, key, address of the schema.
    #[must_use]
    pub fn details(&self, catalog: &Catalog) -> Value {
        let types = self.types.iter().filter_map(|name| catalog.types.get(name));
        let mut details = self.summary();
        details["types"] = types.map(|one| one.details()).collect();
        details
    }

    /// `/v1/products/{name}`, percent-encoded.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/v1/products/{}", path_segment(&self.name))
    }

    fn mentions(&self, words: &[String]) -> bool {
        let texts = self.types.iter().map(|name| name.to_lowercase());
        let all: Vec<String> =
            texts.chain([self.name.to_lowercase(), self.description.to_string().to_lowercase()]).collect();
        words.iter().all(|word| all.iter().any(|text| text.contains(word)))
    }
}

impl EventType {
    /// Its settings and addresses as JSON.
    #[must_use]
    pub fn details(&self) -> Value {
        json!({
            "name": &*self.name,
            "schema": &*self.schema_path,
            "topic": &*self.topic.name,
            "key": self.key.as_ref().map(|path| path.join(".")),
            "partitions": self.topic.partitions,
            "replication": self.topic.replication,
            "compacted": self.topic.compacted,
            "retention": self.topic.retention.map(crate::config::duration::to_text),
            "interpreted": self.validator.interpreted(),
        })
    }
}

/// The text as one segment of a URL's path.
fn path_segment(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    // The unreserved characters of RFC 3986, section 2.3, stay as they are.
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, SEGMENT).to_string()
}

impl Validator {
    /// Wraps the check of a schema language.
    pub fn new(check: impl Check + 'static) -> Self {
        Self(Box::new(check))
    }

    /// Judges a payload by what is compiled of the schema; see [`Check::glance`].
    #[must_use]
    pub fn glance(&self, payload: &[u8], limits: vet::Limits) -> Glance {
        self.0.glance(payload, limits)
    }

    /// Whether [`Validator::check`] can take so long that it must not hold up others.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.0.is_slow()
    }

    /// Judges one payload.
    ///
    /// # Errors
    /// Says why it is refused.
    pub fn check(&self, payload: &[u8]) -> Result<(), Rejection> {
        self.0.check(payload)
    }

    /// The parts of the schema that are not compiled, each with the reason; none for the fastest check.
    #[must_use]
    pub fn interpreted(&self) -> Vec<String> {
        self.0.interpreted()
    }
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Validator")
    }
}
