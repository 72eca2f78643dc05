//! The values that an index keeps.

/// One value of one search parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The [`super::Parameter::id`].
    pub parameter: u32,
    /// The value.
    pub value: IndexValue,
}

/// A range in base units of UCUM.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    /// Lower bound; minus infinity when open.
    pub low: f64,
    /// Upper bound; infinity when open.
    pub high: f64,
    /// The [`super::CanonicalUnit::code`].
    pub unit: String,
}

/// A value to be found by, by type of search parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum IndexValue {
    /// A code in a system: Coding, CodeableConcept, Identifier, ContactPoint,
    /// boolean, code, id or string.
    Token {
        /// The system; `None` when there is none or when it is implied.
        system: Option<String>,
        /// The code, value of the identifier, or `true`/`false`.
        code: Option<String>,
        /// The text for `:text`: display or text.
        text: Option<String>,
    },
    /// An identifier and one of the codes of its type, beside the same
    /// identifier as a [`Self::Token`].
    TypedIdentifier {
        /// The system of the type; `None` when there is none.
        system: Option<String>,
        /// The code of the type.
        code: String,
        /// The value of the identifier.
        value: String,
    },
    /// A reference to another resource.
    Reference {
        /// Type of the target, when the reference tells it.
        resource_type: Option<String>,
        /// Its logical id, when the reference ends in `Type/id`.
        id: Option<String>,
        /// The reference as written when it is absolute, a `urn:` or a
        /// canonical; `None` when it is relative.
        url: Option<String>,
        /// The logical identifier: system and value.
        identifier: Option<(Option<String>, String)>,
    },
    /// A moment or period, in milliseconds since 1970 UTC, both ends included.
    Date {
        /// The first millisecond; `i64::MIN` when open.
        low_ms: i64,
        /// The last millisecond; `i64::MAX` when open.
        high_ms: i64,
    },
    /// A text, as it is. [`super::normalise`] folds it for comparison.
    String(String),
    /// A number with the precision it was written in: `100` is 99.5 to 100.5.
    Number {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// A number with a unit.
    Quantity {
        /// Lower bound; minus infinity when open.
        low: f64,
        /// Upper bound; infinity when open.
        high: f64,
        /// System of the unit.
        system: Option<String>,
        /// Code of the unit.
        code: Option<String>,
        /// The unit for people.
        unit: Option<String>,
        /// The same in base units, when the unit is one of UCUM that others
        /// compare with.
        canonical: Option<Canonical>,
    },
    /// A URI, exact.
    Uri(String),
    /// Values that belong together, one for each component of a
    /// [`super::Kind::Composite`] parameter, in the order of
    /// [`super::Parameter::components`].
    Composite(Vec<IndexValue>),
}
