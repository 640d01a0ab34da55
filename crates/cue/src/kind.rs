//! Sets of the basic types.

use std::fmt;

/// A set of basic types: what a value is, or may become.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(u16);

impl Kind {
    /// Nothing.
    pub const BOTTOM: Self = Self(0);
    /// `null`.
    pub const NULL: Self = Self(1);
    /// `bool`.
    pub const BOOL: Self = Self(1 << 1);
    /// `int`.
    pub const INT: Self = Self(1 << 2);
    /// Floating-point numbers.
    pub const FLOAT: Self = Self(1 << 3);
    /// `string`.
    pub const STRING: Self = Self(1 << 4);
    /// `bytes`.
    pub const BYTES: Self = Self(1 << 5);
    /// Functions.
    pub const FUNC: Self = Self(1 << 6);
    /// Lists.
    pub const LIST: Self = Self(1 << 7);
    /// Structs.
    pub const STRUCT: Self = Self(1 << 8);
    /// `number`.
    pub const NUMBER: Self = Self(Self::INT.0 | Self::FLOAT.0);
    /// What has no parts.
    pub const SCALAR: Self = Self(0x3f);
    /// `_`.
    pub const TOP: Self = Self(0x1ff);

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set only.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the sets share a type.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_bottom(self) -> bool {
        self.0 == 0
    }
}

/// In the order in which the reference lists them.
const NAMES: [(Kind, &str); 10] = [
    (Kind::NULL, "null"),
    (Kind::BOOL, "bool"),
    (Kind::INT, "int"),
    (Kind::FLOAT, "float"),
    (Kind::STRING, "string"),
    (Kind::BYTES, "bytes"),
    (Kind::FUNC, "func"),
    (Kind::LIST, "list"),
    (Kind::STRUCT, "struct"),
    (Kind::NUMBER, "number"),
];

impl fmt::Display for Kind {
    /// `int`, `number`, `(null|string)`, `_`, `_|_`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::TOP {
            return formatter.write_str("_");
        }
        let mut rest = *self;
        let mut parts = Vec::new();
        let number = self.contains(Self::NUMBER);
        for (kind, name) in NAMES {
            let part_of_number = number && (kind == Self::INT || kind == Self::FLOAT);
            if rest.contains(kind) && !part_of_number {
                parts.push(name);
                rest = rest.without(kind);
            }
        }
        match parts.as_slice() {
            [] => formatter.write_str("_|_"),
            [one] => formatter.write_str(one),
            many => write!(formatter, "({})", many.join("|")),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
