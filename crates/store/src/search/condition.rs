//! What is asked of one parameter, read by the kind of the parameter.

use fhir::FhirVersion;
use fhir::search::{Kind, Parameter, UCUM, canonical_unit};

use super::criterion::Reading;
use super::values::{DateTest, NumberTest, System, Token, split, unescape};
use crate::StoreError;
use crate::error::shown;
use crate::index::{Rule, typed_identifier};
use crate::limits::VALUES_MAX;

/// What is asked of a parameter. Of several values, one must fit.
#[derive(Debug)]
pub(crate) enum Condition {
    Missing(bool),
    Tokens(Vec<Token>),
    NotTokens(Vec<Token>),
    /// The text beside a code starts with this.
    Texts(Vec<String>),
    /// A reference by identifier.
    Identifiers(Vec<Token>),
    /// An identifier with its type: [`typed_identifier`] as the code.
    Typed(Vec<Token>),
    References(Vec<Target>),
    Dates(Vec<DateTest>),
    Strings(StringMode, Vec<String>),
    Numbers(Vec<NumberTest>),
    Quantities(Vec<(NumberTest, Unit)>),
    Uris(UriMode, Vec<String>),
    /// For each alternative, a condition with one value for each component.
    Composites(Vec<Vec<Condition>>),
    /// A code that is in a set, which is known once the set is read; or that
    /// is not.
    Codes {
        codes: Codes,
        negated: bool,
    },
    /// A value that the condition does not hold for.
    Unequal(Box<Condition>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringMode {
    Starts,
    Exact,
    Contains,
    Ends,
    /// The whole text, whatever the case and accents.
    Same,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UriMode {
    Exact,
    Below,
    Above,
}

impl Condition {
    /// Whether other resources decide what fits: a value set, a code system.
    pub(super) fn leads_elsewhere(&self) -> bool {
        match self {
            Self::Codes { .. } => true,
            Self::Unequal(condition) => condition.leads_elsewhere(),
            _ => false,
        }
    }
}

/// A set of codes as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Those of a value set: its canonical URL or `ValueSet/id`.
    In(String),
    /// These, and what a code system has below them.
    Below(Vec<Token>),
    /// These, and what a code system has above them.
    Above(Vec<Token>),
}

/// What a reference is asked to point at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A resource of this store, of one of these types.
    Local(Vec<&'static str>, String),
    /// An address elsewhere.
    Address(String),
}

/// The unit of a quantity as it is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Any,
    /// Code or unit, in whatever system.
    Named(String),
    /// System and code.
    Coded(System, String),
    /// A unit that others compare with: the number is in these base units.
    Canonical(String),
}

impl Condition {
    /// Whether it is about values in base units.
    pub(super) fn is_canonical(&self) -> bool {
        match self {
            Self::Quantities(quantities) => quantities
                .iter()
                .all(|(_, unit)| matches!(unit, Unit::Canonical(_))),
            _ => false,
        }
    }
}

impl Reading<'_> {
    /// Reads what is asked of a parameter, with a modifier.
    pub(super) fn condition(
        self,
        resource_type: &'static str,
        parameter: &Parameter,
        name: &str,
        modifier: Option<&str>,
        value: &str,
    ) -> Result<Condition, StoreError> {
        if modifier == Some("missing") {
            return match value {
                "true" => Ok(Condition::Missing(true)),
                "false" => Ok(Condition::Missing(false)),
                _ => Err(StoreError::InvalidValue {
                    name: shown(name),
                    reason: "is true or false",
                }),
            };
        }
        Ok(match (parameter.kind, modifier) {
            (Kind::Token, None) => Condition::Tokens(each(name, value, Token::read)?),
            // STU3 does not have it.
            (Kind::Token, Some("of-type")) if self.version == FhirVersion::R4 => {
                self.parameters
                    .follow(Rule::IdentifierTypes, resource_type, name)?;
                Condition::Typed(each(name, value, of_type)?)
            }
            (Kind::Token, Some("not")) => Condition::NotTokens(each(name, value, Token::read)?),
            (Kind::Token, Some("text")) => Condition::Texts(each(name, value, text)?),
            (Kind::Token, Some(modifier @ ("in" | "not-in"))) => Condition::Codes {
                codes: Codes::In(unescape(value)),
                negated: modifier == "not-in",
            },
            (Kind::Token, Some("below")) => Condition::Codes {
                codes: Codes::Below(each(name, value, Token::read)?),
                negated: false,
            },
            (Kind::Token, Some("above")) => Condition::Codes {
                codes: Codes::Above(each(name, value, Token::read)?),
                negated: false,
            },
            (Kind::Reference, Some("identifier")) => {
                Condition::Identifiers(each(name, value, Token::read)?)
            }
            (Kind::Reference, None) => Condition::References(each(name, value, |one| {
                target(self, &parameter.targets, &unescape(one))
            })?),
            (Kind::Reference, Some(only)) => {
                let only = parameter
                    .targets
                    .iter()
                    .position(|allowed| *allowed == only)
                    .ok_or_else(|| StoreError::UnsupportedModifier { name: shown(name) })?;
                let targets = &parameter.targets[only..=only];
                Condition::References(each(name, value, |one| {
                    target(self, targets, &unescape(one))
                })?)
            }
            (Kind::Date, None) => {
                Condition::Dates(each(name, value, |one| DateTest::read(one, self.now))?)
            }
            (Kind::String, None) => {
                Condition::Strings(StringMode::Starts, each(name, value, text)?)
            }
            (Kind::String, Some("exact")) => {
                Condition::Strings(StringMode::Exact, each(name, value, text)?)
            }
            (Kind::String, Some("contains")) => {
                Condition::Strings(StringMode::Contains, each(name, value, text)?)
            }
            (Kind::Number, None) => Condition::Numbers(each(name, value, NumberTest::read)?),
            (Kind::Quantity, None) => {
                let quantities = Condition::Quantities(each(name, value, quantity)?);
                self.in_base_units(resource_type, name, quantities)?
            }
            (Kind::Uri, None) => Condition::Uris(UriMode::Exact, each(name, value, text)?),
            (Kind::Uri, Some("below")) => Condition::Uris(UriMode::Below, each(name, value, text)?),
            (Kind::Uri, Some("above")) => Condition::Uris(UriMode::Above, each(name, value, text)?),
            (Kind::Composite, None) => {
                Condition::Composites(self.composites(resource_type, parameter, name, value)?)
            }
            (Kind::Special, None) => {
                return Err(StoreError::UnknownParameter { name: shown(name) });
            }
            (_, Some(_)) => return Err(StoreError::UnsupportedModifier { name: shown(name) }),
        })
    }

    /// The same condition, unless it is on values in base units and these are not
    /// all there yet.
    pub(super) fn in_base_units(
        self,
        resource_type: &'static str,
        name: &str,
        quantities: Condition,
    ) -> Result<Condition, StoreError> {
        if let Condition::Quantities(all) = &quantities
            && all
                .iter()
                .any(|(_, unit)| matches!(unit, Unit::Canonical(_)))
        {
            let rule = Rule::CanonicalQuantities;
            self.parameters.follow(rule, resource_type, name)?;
        }
        Ok(quantities)
    }

    /// Reads `value$value`, each value as its component's kind has it.
    fn composites(
        self,
        resource_type: &'static str,
        parameter: &Parameter,
        name: &str,
        value: &str,
    ) -> Result<Vec<Vec<Condition>>, StoreError> {
        let invalid = |reason| StoreError::InvalidValue {
            name: shown(name),
            reason,
        };
        let alternatives = split(value, ',');
        if alternatives.len() > VALUES_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "VALUES_MAX",
                max: VALUES_MAX,
            });
        }
        let one = |kind, value: &str| {
            Ok(match kind {
                Kind::Token => Condition::Tokens(each(name, value, Token::read)?),
                Kind::Quantity => {
                    let quantities = Condition::Quantities(each(name, value, quantity)?);
                    self.in_base_units(resource_type, name, quantities)?
                }
                Kind::Number => Condition::Numbers(each(name, value, NumberTest::read)?),
                Kind::Date => {
                    Condition::Dates(each(name, value, |one| DateTest::read(one, self.now))?)
                }
                Kind::String => Condition::Strings(StringMode::Starts, each(name, value, text)?),
                Kind::Uri => Condition::Uris(UriMode::Exact, each(name, value, text)?),
                Kind::Reference => Condition::References(each(name, value, |one| {
                    target(self, self.version.resource_types(), &unescape(one))
                })?),
                Kind::Composite | Kind::Special => {
                    return Err(StoreError::UnknownParameter { name: shown(name) });
                }
            })
        };
        alternatives
            .into_iter()
            .map(|alternative| {
                let parts = split(alternative, '$');
                if parts.len() != parameter.components.len() {
                    return Err(invalid("needs a value for each component, with $ between"));
                }
                parameter
                    .components
                    .iter()
                    .zip(parts)
                    .map(|(component, part)| one(component.kind, part))
                    .collect()
            })
            .collect()
    }
}

/// Reads each of the alternatives in a value.
pub(super) fn each<T>(
    name: &str,
    value: &str,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, StoreError> {
    let parts = split(value, ',');
    if parts.len() > VALUES_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "VALUES_MAX",
            max: VALUES_MAX,
        });
    }
    parts
        .into_iter()
        .map(|part| {
            if part.is_empty() {
                return Err("is empty");
            }
            read(part)
        })
        .collect::<Result<_, _>>()
        .map_err(|reason| StoreError::InvalidValue {
            name: shown(name),
            reason,
        })
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of several readers of a value"
)]
pub(super) fn text(value: &str) -> Result<String, &'static str> {
    Ok(unescape(value))
}

pub(super) fn target(
    reading: Reading<'_>,
    targets: &[&'static str],
    value: &str,
) -> Result<Target, &'static str> {
    use crate::write::identity;
    let local = |relative, url| identity::local(reading.version, reading.base_url, relative, url);
    let relative = if value.contains(':') {
        None
    } else {
        Some(value)
    };
    match relative {
        Some(reference) if !reference.contains('/') => {
            if !identity::is_id(reference) {
                return Err("not an id");
            }
            Ok(Target::Local(targets.to_vec(), reference.to_owned()))
        }
        Some(reference) => {
            let split = identity::split(reference);
            let (resource_type, id) = local(split, None).ok_or("not a reference")?;
            Ok(Target::Local(vec![resource_type], id.to_owned()))
        }
        None => Ok(match local(None, Some(value)) {
            Some((resource_type, id)) => Target::Local(vec![resource_type], id.to_owned()),
            None => Target::Address(value.to_owned()),
        }),
    }
}

/// Reads `system|code|value`, all three, of which the first two are a coding of
/// the type (FHIR R4, search, `:of-type`).
fn of_type(value: &str) -> Result<Token, &'static str> {
    match split(value, '|')[..] {
        [system, code, value] if !system.is_empty() && !code.is_empty() && !value.is_empty() => {
            Ok(Token {
                system: System::Is(unescape(system)),
                code: Some(typed_identifier(&unescape(code), &unescape(value))),
            })
        }
        _ => Err("with :of-type it is system|code|value"),
    }
}

pub(super) fn quantity(value: &str) -> Result<(NumberTest, Unit), &'static str> {
    let parts = split(value, '|');
    let number = NumberTest::read(parts[0])?;
    let unit = match parts[1..] {
        [] | ["", ""] => Unit::Any,
        ["", code] => Unit::Named(unescape(code)),
        [system, code] if !code.is_empty() => {
            let (system, code) = (unescape(system), unescape(code));
            let canonical = (system == UCUM).then(|| canonical_unit(&code)).flatten();
            if let Some(canonical) = canonical
                && let Some(number) = number.in_unit(parts[0], &canonical)
            {
                return Ok((number, Unit::Canonical(canonical.code.clone())));
            }
            Unit::Coded(System::Is(system), code)
        }
        _ => return Err("a quantity is number|system|code"),
    };
    Ok((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::parameters::Parameters;

    #[test]
    fn references_are_read_by_their_form() {
        const TARGETS: [&str; 2] = ["Group", "Patient"];
        let reading = Reading {
            version: fhir::FhirVersion::R4,
            parameters: &Parameters::standard(fhir::FhirVersion::R4),
            base_url: "https://a.example/r4",
            now: jiff::Timestamp::UNIX_EPOCH,
            links: &std::cell::Cell::new(0),
        };
        let check = |value: &str, expected| assert_eq!(target(reading, &TARGETS, value), expected);
        check("1", Ok(Target::Local(TARGETS.to_vec(), "1".to_owned())));
        check(
            "Patient/1",
            Ok(Target::Local(vec!["Patient"], "1".to_owned())),
        );
        check(
            "https://a.example/r4/Patient/1",
            Ok(Target::Local(vec!["Patient"], "1".to_owned())),
        );
        check(
            "https://b.example/r4/Patient/1",
            Ok(Target::Address("https://b.example/r4/Patient/1".to_owned())),
        );
        check("urn:uuid:1", Ok(Target::Address("urn:uuid:1".to_owned())));
        check("Robot/1", Err("not a reference"));
        check("a b", Err("not an id"));
    }

    #[test]
    fn quantities_are_read() {
        let unit = |value| quantity(value).map(|(_, unit)| unit);
        assert_eq!(unit("5.4"), Ok(Unit::Any));
        assert_eq!(unit("5.4||mg"), Ok(Unit::Named("mg".to_owned())));
        assert_eq!(
            unit("gt5.4|http://u|mg"),
            Ok(Unit::Coded(
                System::Is("http://u".to_owned()),
                "mg".to_owned()
            ))
        );
        assert_eq!(
            unit("5.4|http://unitsofmeasure.org|mg"),
            Ok(Unit::Canonical("g1".to_owned()))
        );
        assert!(unit("5.4|mg").is_err() && unit("|a|b").is_err() && unit("1|a|b|c").is_err());
        assert!(unit("5.4|http://u|").is_err());
    }

    #[test]
    fn alternatives_stop_at_their_limit() {
        let many = |count: usize| vec!["a"; count].join(",");
        assert_eq!(
            each("x", &many(VALUES_MAX), text).unwrap().len(),
            VALUES_MAX
        );
        assert!(matches!(
            each("x", &many(VALUES_MAX + 1), text),
            Err(StoreError::LimitExceeded {
                limit: "VALUES_MAX",
                ..
            })
        ));
        assert!(matches!(
            each("x", "a,,b", text),
            Err(StoreError::InvalidValue { .. })
        ));
    }
}
