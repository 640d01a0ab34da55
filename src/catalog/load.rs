//! Puts the products of the schemas folder together; what must hold between them is checked here.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use super::{
    Catalog, EventType, Product,
    description::{self, Described, DescribedEvent},
    folder, openapi, path_segment,
    problem::{Problem, Problems},
};

impl Catalog {
    /// Loads every product of a schemas folder, or the one product of a folder or file.
    ///
    /// # Errors
    /// All mistakes of all descriptions, each with its places.
    pub fn load(schemas: &Path) -> Result<Self, Problems> {
        let (mut described, mut problems) = (Vec::new(), Vec::new());
        for unit in folder::units(schemas).map_err(Problems)? {
            match description::read(&unit) {
                Ok(product) => described.push(product),
                Err(more) => problems.extend(more),
            }
        }
        problems.extend(conflicts(&described));
        if problems.is_empty() { Ok(Self::of(described)) } else { Err(Problems(problems)) }
    }

    fn of(mut described: Vec<Described>) -> Self {
        described.sort_by(|a, b| a.name.cmp(&b.name));
        let openapi = openapi::of_all(&described);
        let mut catalog = Self { openapi, ..Self::default() };
        for one in described {
            let product = catalog.add(one);
            catalog.products.push(Arc::new(product));
        }
        catalog
    }

    fn add(&mut self, described: Described) -> Product {
        let name: Arc<str> = described.name.as_str().into();
        let openapi = described.openapi.document(&described.description);
        let mut schemas = described.schemas;
        let mut types = Vec::new();
        for event in described.events {
            let event = event.into_type(&name);
            if let Some(document) = schemas.get_mut(&event.name) {
                openapi::offer_for_cue(document, &openapi);
            }
            types.push(Arc::clone(&event.name));
            self.types.insert(Arc::clone(&event.name), Arc::new(event));
        }
        types.sort();
        let version = described.description.get("version").and_then(|version| version.as_str()).map(str::to_owned);
        Product { name, version, description: described.description, types, openapi, schemas }
    }
}

impl DescribedEvent {
    fn into_type(self, product: &Arc<str>) -> EventType {
        let path = format!("/v1/products/{}/schemas/{}", path_segment(product), path_segment(&self.name));
        EventType {
            name: self.name.into(),
            product: Arc::clone(product),
            topic: self.topic,
            key: self.key,
            schema_path: path.into(),
            validator: self.validator,
        }
    }
}

/// Names that are given twice, and topics that are described in two ways.
fn conflicts(described: &[Described]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut products = HashMap::new();
    for product in described {
        if let Some(other) = products.insert(&*product.name, product) {
            let message = format!("product {:?} is described twice", product.name);
            problems.push(Problem::new(product.place.clone(), message).and(other.place.clone()));
        }
    }
    let events: Vec<&DescribedEvent> = described.iter().flat_map(|product| &product.events).collect();
    let mut types: HashMap<&str, &DescribedEvent> = HashMap::new();
    let mut topics: BTreeMap<String, &DescribedEvent> = BTreeMap::new();
    for event in events {
        if let Some(other) = types.insert(&event.name, event) {
            let message = format!("event type {:?} is described twice", event.name);
            problems.push(Problem::new(event.place.clone(), message).and(other.place.clone()));
        }
        // Kafka takes "." and "_" for the same in the names of its metrics, and refuses topics that differ in them only.
        match topics.insert(event.topic.name.replace('_', "."), event) {
            Some(other) if other.topic != event.topic => problems.push(topic_conflict(event, other)),
            Some(other) if other.name != event.name && !(other.topic_is_named && event.topic_is_named) => {
                problems.push(topic_shared(event, other));
            }
            _ => {}
        }
    }
    problems
}

/// Types may share a topic if both say so; by the likeness of their names alone they don't.
fn topic_shared(event: &DescribedEvent, other: &DescribedEvent) -> Problem {
    let message = format!(
        "event types {:?} and {:?} would share topic {:?}: name another one, or this one in both descriptions",
        other.name, event.name, event.topic.name
    );
    Problem::new(event.place.clone(), message).and(other.place.clone())
}

fn topic_conflict(event: &DescribedEvent, other: &DescribedEvent) -> Problem {
    let message = if event.topic.name == other.topic.name {
        let settings = "partitions, replication, compacted and retention must be the same";
        format!("topic {:?} is described with other settings elsewhere: {settings}", event.topic.name)
    } else {
        format!(
            "topics {:?} and {:?} differ in \".\" and \"_\" only, which Kafka refuses",
            event.topic.name, other.topic.name
        )
    };
    Problem::new(event.place.clone(), message).and(other.place.clone())
}
