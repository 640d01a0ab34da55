//! The drafts of JSON Schema.

/// A draft. Later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The schemas of OpenAPI 3.0, which are of no draft.
    OpenApi,
    /// Draft 4.
    Draft4,
    /// Draft 6: `const`, `contains`, boolean schemas.
    Draft6,
    /// Draft 7: `if`.
    Draft7,
    /// 2019-09: `$defs`, keywords beside `$ref`.
    Draft2019,
    /// 2020-12: `prefixItems`.
    #[default]
    Draft2020,
}

impl Version {
    const ALL: [Self; 5] = [Self::Draft4, Self::Draft6, Self::Draft7, Self::Draft2019, Self::Draft2020];

    /// The address that `$schema` has.
    #[must_use]
    pub fn address(self) -> &'static str {
        match self {
            Self::OpenApi => "OpenAPI 3.0",
            Self::Draft4 => "http://json-schema.org/draft-04/schema#",
            Self::Draft6 => "http://json-schema.org/draft-06/schema#",
            Self::Draft7 => "http://json-schema.org/draft-07/schema#",
            Self::Draft2019 => "https://json-schema.org/draft/2019-09/schema",
            Self::Draft2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// The draft with an address; an empty fragment makes no difference.
    #[must_use]
    pub fn from_address(address: &str) -> Option<Self> {
        let plain = |address: &'_ str| address.strip_suffix('#').unwrap_or(address).to_owned();
        Self::ALL.into_iter().find(|version| plain(version.address()) == plain(address))
    }
}
