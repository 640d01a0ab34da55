//! CloudEvents 1.0: the attributes of an event and the rules they obey, however the event came.
//!
//! Sections 1 to 3 of the specification, the HTTP protocol binding and the JSON event format. Attributes stay text as
//! the sender wrote them: a `time` keeps its offset and its digits, a URI is not normalized. The data is not touched.

pub mod binary;
mod rules;
pub mod structured;

pub(crate) use self::rules::check;
use super::{media_type::MediaType, text::Text};

/// The attributes of one event, known to obey the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Unique for its source.
    pub id: Text,
    /// A URI-reference: where the event happened.
    pub source: Text,
    /// The event type.
    pub kind: Text,
    /// RFC 3339.
    pub time: Option<Text>,
    /// What it is about, in the context of the source.
    pub subject: Option<Text>,
    /// An absolute URI.
    pub dataschema: Option<Text>,
    /// A media type, as written.
    pub datacontenttype: Option<Text>,
    /// Names and values of the extensions, in the order they came.
    pub extensions: Vec<(Text, Text)>,
}

impl Attributes {
    /// The value of an extension.
    #[must_use]
    pub fn extension(&self, name: &str) -> Option<&Text> {
        self.extensions.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }
}

/// Why something is not a CloudEvent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACloudEvent {
    /// An attribute that every event must have.
    #[error("attribute {0:?} is required")]
    Missing(&'static str),
    /// A version that is not served.
    #[error("specversion {0:?} is not served, only \"1.0\" is")]
    Version(String),
    /// An attribute whose value breaks a rule.
    #[error("attribute {name:?} {rule}")]
    Value {
        /// The attribute.
        name: String,
        /// What it must be.
        rule: &'static str,
    },
    /// A name that is not one of an attribute.
    #[error("attribute name {0:?} must consist of lower-case letters and digits")]
    Name(String),
    /// An attribute that occurs more than once.
    #[error("attribute {0:?} occurs more than once")]
    Twice(String),
    /// An attribute that stands where it must not.
    #[error("{0}")]
    Misplaced(&'static str),
}

/// Collects attributes one by one and checks each.
#[derive(Default)]
struct Collector {
    specversion: Option<Text>,
    id: Option<Text>,
    source: Option<Text>,
    kind: Option<Text>,
    time: Option<Text>,
    subject: Option<Text>,
    dataschema: Option<Text>,
    datacontenttype: Option<Text>,
    extensions: Vec<(Text, Text)>,
}

impl Collector {
    /// Takes one attribute by the name that the specification gives it.
    fn set(&mut self, name: &str, value: Text) -> Result<(), NotACloudEvent> {
        rules::check(name, &value)?;
        let slot = match name {
            "specversion" => &mut self.specversion,
            "id" => &mut self.id,
            "source" => &mut self.source,
            "type" => &mut self.kind,
            "time" => &mut self.time,
            "subject" => &mut self.subject,
            "dataschema" => &mut self.dataschema,
            "datacontenttype" => &mut self.datacontenttype,
            extension => return self.extend(extension, value),
        };
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(NotACloudEvent::Twice(name.to_owned())),
        }
    }

    fn extend(&mut self, name: &str, value: Text) -> Result<(), NotACloudEvent> {
        if self.extensions.iter().any(|(known, _)| **known == *name) {
            return Err(NotACloudEvent::Twice(name.to_owned()));
        }
        self.extensions.push((name.into(), value));
        Ok(())
    }

    fn finish(self) -> Result<Attributes, NotACloudEvent> {
        let specversion = self.specversion.ok_or(NotACloudEvent::Missing("specversion"))?;
        if *specversion != *"1.0" {
            return Err(NotACloudEvent::Version(specversion.to_string()));
        }
        Ok(Attributes {
            id: self.id.ok_or(NotACloudEvent::Missing("id"))?,
            source: self.source.ok_or(NotACloudEvent::Missing("source"))?,
            kind: self.kind.ok_or(NotACloudEvent::Missing("type"))?,
            time: self.time,
            subject: self.subject,
            dataschema: self.dataschema,
            datacontenttype: self.datacontenttype,
            extensions: self.extensions,
        })
    }
}

/// Whether data of this `datacontenttype` is JSON. Known to be a media type, so that anything else is not JSON.
#[must_use]
pub fn is_json(datacontenttype: &str) -> bool {
    MediaType::parse(datacontenttype).is_some_and(|media_type| media_type.is_json())
}
