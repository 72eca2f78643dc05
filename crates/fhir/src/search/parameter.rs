//! The search parameters of each version, by resource type.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::FhirVersion;
use crate::definitions::{self, Table};
use crate::fhirpath::Expression;

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

impl Kind {
    pub(super) fn from_code(code: &str) -> Self {
        match code {
            "number" => Self::Number,
            "date" => Self::Date,
            "string" => Self::String,
            "token" => Self::Token,
            "reference" => Self::Reference,
            "composite" => Self::Composite,
            "quantity" => Self::Quantity,
            "uri" => Self::Uri,
            _ => Self::Special,
        }
    }

    /// The code, as in FHIR.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Date => "date",
            Self::String => "string",
            Self::Token => "token",
            Self::Reference => "reference",
            Self::Composite => "composite",
            Self::Quantity => "quantity",
            Self::Uri => "uri",
            Self::Special => "special",
        }
    }
}

/// A search parameter: one of the standard, or one that was added by a
/// SearchParameter resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its number in its version: stable as long as the tables are, and the same
    /// for all resource types that share the definition. Those that were added
    /// start at [`Parameter::ADDED`].
    pub id: u32,
    /// Its name in a query, such as `birthdate`.
    pub code: Cow<'static, str>,
    /// How values are compared.
    pub kind: Kind,
    /// The FHIRPath that finds the values, as its definition has it; empty when
    /// that has none.
    pub expression: Cow<'static, str>,
    /// For references: the types that it may point at.
    pub targets: Cow<'static, [&'static str]>,
    /// For composites: what the values are made of.
    pub components: &'static [Component],
}

impl Parameter {
    /// The first number that an added parameter can have: the standard has far
    /// fewer.
    pub const ADDED: u32 = 1 << 16;

    /// Whether the standard does not have it.
    pub const fn is_added(&self) -> bool {
        self.id >= Self::ADDED
    }

    /// Whether a resource can be found by it: its definition says where the
    /// values are and how they compare.
    pub fn is_searched(&self) -> bool {
        self.kind != Kind::Special && !self.expression.is_empty()
    }
}

/// One part of a composite parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// The [`Parameter::id`] of the parameter that it is like.
    pub parameter: u32,
    /// How its values are compared.
    pub kind: Kind,
    /// The FHIRPath that finds its value, from the value of the composite.
    pub expression: &'static str,
}

/// The search parameters of a resource type of R4, those of all resources
/// included, sorted by code. None for a name that is no resource type.
pub fn parameters(resource_type: &str) -> &'static [Arc<Parameter>] {
    parameters_in(FhirVersion::R4, resource_type)
}

/// The same for a resource type of a version.
pub fn parameters_in(version: FhirVersion, resource_type: &str) -> &'static [Arc<Parameter>] {
    of_type(version, resource_type).map_or(&[], |of_type| &of_type.parameters)
}

/// The search parameter of that name, in R4.
pub fn parameter(resource_type: &str, code: &str) -> Option<&'static Arc<Parameter>> {
    parameter_in(FhirVersion::R4, resource_type, code)
}

/// The search parameter of that name, in a version.
pub fn parameter_in(
    version: FhirVersion,
    resource_type: &str,
    code: &str,
) -> Option<&'static Arc<Parameter>> {
    let parameters = parameters_in(version, resource_type);
    let found = parameters
        .binary_search_by(|parameter| parameter.code.as_ref().cmp(code))
        .ok()?;
    Some(&parameters[found])
}

/// The search parameters of one resource type.
pub(super) struct OfType {
    parameters: Vec<Arc<Parameter>>,
    compiled: OnceLock<Vec<Compiled>>,
}

/// A parameter with its expression ready for use on one resource type.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) parameter: Arc<Parameter>,
    pub(super) expression: Expression,
    pub(super) components: Vec<(Kind, Expression)>,
}

impl OfType {
    /// The expressions, compiled at first use.
    pub(super) fn compiled(
        &'static self,
        version: FhirVersion,
        resource_type: &str,
    ) -> &'static [Compiled] {
        self.compiled.get_or_init(|| {
            let Some(type_id) = definitions::of(version).resource(resource_type) else {
                return Vec::new();
            };
            self.parameters
                .iter()
                .filter(|parameter| parameter.is_searched())
                .map(|parameter| Compiled {
                    parameter: Arc::clone(parameter),
                    expression: expression(version, &parameter.expression).for_type(type_id),
                    components: parameter
                        .components
                        .iter()
                        .map(|component| {
                            (component.kind, expression(version, component.expression))
                        })
                        .collect(),
                })
                .collect()
        })
    }
}

fn expression(version: FhirVersion, text: &str) -> Expression {
    Expression::parse_in(version, text).expect("a test parses every expression of the tables")
}

pub(super) fn of_type(version: FhirVersion, resource_type: &str) -> Option<&'static OfType> {
    static R4: OnceLock<HashMap<&'static str, OfType>> = OnceLock::new();
    static STU3: OnceLock<HashMap<&'static str, OfType>> = OnceLock::new();
    let table = match version {
        FhirVersion::R4 => R4.get_or_init(|| load(version)),
        FhirVersion::Stu3 => STU3.get_or_init(|| load(version)),
    };
    table.get(resource_type)
}

fn load(version: FhirVersion) -> HashMap<&'static str, OfType> {
    let rows: Vec<Vec<&'static str>> = definitions::lines(version, Table::Search)
        .map(|line| line.split('\t').collect())
        .collect();
    let column = |row: &[&'static str], n: usize| row.get(n).copied().unwrap_or_default();

    let mut table: HashMap<&'static str, Vec<Arc<Parameter>>> = version
        .resource_types()
        .iter()
        .map(|name| (*name, Vec::new()))
        .collect();
    for (id, row) in rows.iter().enumerate() {
        let targets: &'static [&'static str] = match column(row, 4) {
            "" => &[],
            "*" => version.resource_types(),
            names => Vec::leak(names.split('|').collect()),
        };
        let components: Vec<Component> = column(row, 5)
            .split(';')
            .filter_map(|component| component.split_once(' '))
            .filter_map(|(number, expression)| {
                let parameter = number.parse::<u32>().ok()?;
                let kind = Kind::from_code(column(rows.get(parameter as usize)?, 1));
                Some(Component {
                    parameter,
                    kind,
                    expression,
                })
            })
            .collect();
        let parameter = Arc::new(Parameter {
            id: id as u32,
            code: Cow::Borrowed(column(row, 0)),
            kind: Kind::from_code(column(row, 1)),
            expression: Cow::Borrowed(column(row, 3)),
            targets: Cow::Borrowed(targets),
            components: Vec::leak(components),
        });
        for base in column(row, 2).split('|') {
            let is_base_of = |name: &str| match base {
                "Resource" => true,
                "DomainResource" => !matches!(name, "Bundle" | "Binary" | "Parameters"),
                _ => name == base,
            };
            for (name, parameters) in &mut table {
                if is_base_of(name) {
                    parameters.push(Arc::clone(&parameter));
                }
            }
        }
    }
    table
        .into_iter()
        .map(|(name, mut parameters)| {
            parameters.sort_by(|one, other| one.code.cmp(&other.code));
            // A test shows that those with the same code find the same.
            parameters.dedup_by(|one, other| one.code == other.code);
            (
                name,
                OfType {
                    parameters,
                    compiled: OnceLock::new(),
                },
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_of_the_standard_parses() {
        for version in FhirVersion::ALL {
            let mut count = 0;
            let mut faults = Vec::new();
            for line in definitions::lines(version, Table::Search) {
                let columns: Vec<&str> = line.split('\t').collect();
                let components = columns[5].split(';').filter_map(|one| one.split_once(' '));
                let texts = std::iter::once(columns[3]).chain(components.map(|(_, text)| text));
                for text in texts.filter(|text| !text.is_empty()) {
                    count += 1;
                    if let Err(error) = Expression::parse_in(version, text) {
                        faults.push(format!("{}: {error}: {text}", columns[0]));
                    }
                }
            }
            println!("search parameters of {version}: {count} expressions parse");
            let faults = faults.join("\n");
            assert!(
                faults.is_empty() && count > 1200,
                "{version} {count} {faults}"
            );
        }
    }

    #[test]
    fn parameters_are_found_by_name() {
        let birth_date = parameter("Patient", "birthdate").unwrap();
        assert_eq!((birth_date.kind, birth_date.targets.len()), (Kind::Date, 0));
        let patient = parameter("Observation", "patient").unwrap();
        assert_eq!(
            (patient.kind, &*patient.targets),
            (Kind::Reference, &["Patient", "Group"][..])
        );
        assert_eq!(parameter("Condition", "patient").unwrap().id, patient.id);
        assert_eq!(parameter("Binary", "_id").unwrap().code, "_id");
        assert_eq!(
            parameter("Observation", "code-value-quantity")
                .unwrap()
                .components
                .len(),
            2
        );
        assert!(parameter("Patient", "nonsense").is_none());
        assert!(parameters("Robot").is_empty());
        for resource_type in FhirVersion::R4.resource_types() {
            let codes: Vec<&str> = parameters(resource_type)
                .iter()
                .map(|one| &*one.code)
                .collect();
            assert!(
                codes.is_sorted() && codes.contains(&"_id"),
                "{resource_type}"
            );
        }
    }

    #[test]
    fn a_code_that_a_type_has_twice_means_the_same() {
        let mut seen = HashMap::new();
        let mut twice = Vec::new();
        for line in definitions::lines(FhirVersion::R4, Table::Search) {
            let columns: Vec<&str> = line.split('\t').collect();
            for base in columns[2].split('|') {
                if let Some(other) = seen.insert((base, columns[0]), columns[3]) {
                    twice.push(format!("{base} {}: {other} / {}", columns[0], columns[3]));
                }
            }
        }
        insta::assert_snapshot!(twice.join("\n"), @r#"
    Resource _id: Resource.id / id
    Condition subject: Condition.subject / Condition.subject
"#);
    }
}
