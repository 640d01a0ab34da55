//! The language version of a file and the experiments that it switches on.

use std::collections::BTreeSet;
use std::fmt;

/// A language version such as `v0.17.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Before the first dot.
    pub major: u32,
    /// Between the dots.
    pub minor: u32,
    /// Behind the second dot.
    pub patch: u32,
}

impl Version {
    /// The version of files that name none.
    pub const LATEST: Self = Self::new(0, 17, 1);

    /// A version by its three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Reads `v0.17.1`, `v0.17` or `v0`; what follows a `-` or `+` does not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let core = text.strip_prefix('v')?.split(['-', '+']).next()?;
        let mut numbers = core.splitn(3, '.').map(str::parse);
        let mut next = || numbers.next().unwrap_or(Ok(0)).ok();
        Some(Self::new(next()?, next()?, next()?))
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::LATEST
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What differs between files because of their language version and their `@experiment(...)` attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Experiments {
    /// The language version of the file.
    pub version: Version,
    /// `structcmp`: `==` compares structs and lists, and is a validator.
    pub struct_cmp: bool,
    /// `explicitopen`: `x...` opens a closed struct, and embedding a closed struct closes.
    pub explicit_open: bool,
    /// `aliasv2`: `~X` and `self` in place of `X=`.
    pub alias_v2: bool,
    /// `try`: `try` clauses, `x?`, `else` and `otherwise`.
    pub try_clauses: bool,
    /// `shortcircuit`: `&&` and `||` do not evaluate their right operand in vain.
    pub short_circuit: bool,
}

impl Experiments {
    /// Those that `version` makes stable and those that `names` switch on (comma-separated lists).
    ///
    /// # Errors
    /// Names that no experiment has, or that are not available in this version, a line for each.
    pub fn new<'a>(version: Version, names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let split = names.into_iter().filter(|list| !list.is_empty()).flat_map(|list| list.split(','));
        let mut wanted: BTreeSet<&str> = split.map(str::trim).collect();
        let mut errors = Vec::new();
        let mut enable = |name: &str, preview: Version, stable: Option<Version>| {
            let asked = wanted.remove(name);
            if asked && version < preview {
                errors.push(format!("cannot set experiment {name:?} before version {preview}"));
            }
            (asked && version >= preview) || stable.is_some_and(|stable| version >= stable)
        };
        enable("testing", Version::new(0, 13, 0), None);
        enable("accepted_", Version::new(0, 13, 0), Some(Version::new(0, 15, 0)));
        let experiments = Self {
            version,
            struct_cmp: enable("structcmp", Version::new(0, 14, 0), Some(Version::new(0, 15, 0))),
            explicit_open: enable("explicitopen", Version::new(0, 15, 0), None),
            alias_v2: enable("aliasv2", Version::new(0, 15, 0), None),
            try_clauses: enable("try", Version::new(0, 16, 0), None),
            short_circuit: enable("shortcircuit", Version::new(0, 17, 0), None),
        };
        errors.extend(wanted.iter().map(|name| format!("unknown experiment {name:?}")));
        if errors.is_empty() { Ok(experiments) } else { Err(errors.join("\n")) }
    }
}
