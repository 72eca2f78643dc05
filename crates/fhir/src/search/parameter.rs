//! The search parameters of R4.

/// How values of a parameter are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A number.
    Number,
    /// A date or period.
    Date,
    /// A text, compared by its beginning.
    String,
    /// A code.
    Token,
    /// A reference to another resource.
    Reference,
    /// Two or more values that belong together.
    Composite,
    /// A number with a unit.
    Quantity,
    /// A URI.
    Uri,
    /// Something with rules of its own, such as `near`.
    Special,
}

/// A search parameter for one resource type.
#[derive(Debug)]
pub struct Parameter {
    /// Its number: stable as long as the tables are, the same for all resource
    /// types that share the definition.
    pub id: u16,
    /// Its name in a query, such as `birthdate`.
    pub code: &'static str,
    /// How values are compared.
    pub kind: Kind,
    /// The FHIRPath that finds the values.
    pub expression: &'static str,
    /// For references: the types that it may point at.
    pub targets: &'static [&'static str],
}

/// The search parameters of a resource type, those of all resources included,
/// sorted by code.
pub fn parameters(_resource_type: &str) -> &'static [Parameter] {
    &[]
}

/// The search parameter of that name.
pub fn parameter(resource_type: &str, code: &str) -> Option<&'static Parameter> {
    parameters(resource_type).iter().find(|parameter| parameter.code == code)
}
