//! What owners described: products, their event types and the checks compiled from them.
//!
//! A catalog is one immutable value; a new one replaces it whole.

use std::{collections::HashMap, sync::Arc};

use crate::channel::TopicSpec;

/// All products that are served.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Sorted by name.
    pub products: Vec<Arc<Product>>,
    /// Every event type by its name.
    pub types: HashMap<Arc<str>, Arc<EventType>>,
}

/// A data product: a folder of descriptions, or a file of definitions.
#[derive(Debug)]
pub struct Product {
    /// Unique among the products.
    pub name: Arc<str>,
    /// Semantic version, if the owner gives one.
    pub version: Option<String>,
    /// The `product` struct of the description as JSON, for the catalog.
    pub description: serde_json::Value,
    /// Names of its event types, sorted.
    pub types: Vec<Arc<str>>,
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

/// What a schema language must offer.
pub trait Check: Send + Sync {
    /// Judges one payload: JSON text, already known to be within the limits of size and depth.
    ///
    /// # Errors
    /// All violations, in the schema language's order; never empty.
    fn check(&self, payload: &[u8]) -> Result<(), Rejection>;
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

impl Validator {
    /// Wraps the check of a schema language.
    pub fn new(check: impl Check + 'static) -> Self {
        Self(Box::new(check))
    }

    /// Judges one payload.
    ///
    /// # Errors
    /// Says why it is refused.
    pub fn check(&self, payload: &[u8]) -> Result<(), Rejection> {
        self.0.check(payload)
    }
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Validator")
    }
}
