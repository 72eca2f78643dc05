//! One condition of a query, as it is asked.

use fhir::FhirVersion;
use fhir::search::{Kind, Parameter};
use jiff::Timestamp;

use super::values::{DateTest, NumberTest, System, Token, split, unescape};
use crate::StoreError;
use crate::error::shown;
use crate::limits::{CHAIN_LINKS_MAX, VALUE_BYTES_MAX, VALUES_MAX};

/// One condition.
#[derive(Debug)]
pub(crate) enum Criterion {
    /// `_id`.
    Id(Vec<String>),
    /// `_lastUpdated`.
    Updated(Vec<DateTest>),
    /// A parameter with its values.
    Parameter(&'static Parameter, Condition),
    /// `parameter.rest`: the condition is on what the parameter refers to; one
    /// for each type that this may be.
    Chain(&'static Parameter, Vec<(&'static str, Criterion)>),
    /// `_has:source:parameter:rest`: the condition is on what refers here.
    Has(&'static str, &'static Parameter, Box<Criterion>),
}

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
    References(Vec<Target>),
    Dates(Vec<DateTest>),
    Strings(StringMode, Vec<String>),
    Numbers(Vec<NumberTest>),
    Quantities(Vec<(NumberTest, Unit)>),
    Uris(UriMode, Vec<String>),
    /// For each alternative, a condition with one value for each component.
    Composites(Vec<Vec<Condition>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringMode {
    Starts,
    Exact,
    Contains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UriMode {
    Exact,
    Below,
    Above,
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
}

/// What reading a criterion needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) version: FhirVersion,
    pub(crate) base_url: &'a str,
    pub(crate) now: Timestamp,
}

impl Reading<'_> {
    /// Reads `name[:modifier]=value` for a resource type.
    pub(crate) fn criterion(
        self,
        resource_type: &'static str,
        name: &str,
        value: &str,
    ) -> Result<Criterion, StoreError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "VALUE_BYTES_MAX",
                max: VALUE_BYTES_MAX,
            });
        }
        self.link(resource_type, name, value, 0)
    }

    fn link(
        self,
        resource_type: &'static str,
        name: &str,
        value: &str,
        depth: usize,
    ) -> Result<Criterion, StoreError> {
        if depth > CHAIN_LINKS_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "CHAIN_LINKS_MAX",
                max: CHAIN_LINKS_MAX,
            });
        }
        if let Some(reverse) = name.strip_prefix("_has:") {
            return self.has(reverse, value, depth);
        }
        if let Some((head, rest)) = name.split_once('.') {
            return self.chain(resource_type, head, rest, value, depth);
        }
        let (code, modifier) = match name.split_once(':') {
            Some((code, modifier)) => (code, Some(modifier)),
            None => (name, None),
        };
        let bad_modifier = || StoreError::UnsupportedModifier { name: shown(name) };
        match (code, modifier) {
            ("_id", None) => {
                return Ok(Criterion::Id(each(name, value, |one| Ok(unescape(one)))?));
            }
            ("_lastUpdated", None) => {
                let dates = each(name, value, |one| DateTest::read(one, self.now))?;
                return Ok(Criterion::Updated(dates));
            }
            ("_id" | "_lastUpdated", Some(_)) => return Err(bad_modifier()),
            _ => {}
        }
        let parameter = self.parameter(resource_type, code)?;
        let condition = self.condition(parameter, name, modifier, value)?;
        Ok(Criterion::Parameter(parameter, condition))
    }

    /// The parameter of that name.
    pub(crate) fn parameter(
        self,
        resource_type: &'static str,
        code: &str,
    ) -> Result<&'static Parameter, StoreError> {
        fhir::search::parameter_in(self.version, resource_type, code)
            .ok_or_else(|| StoreError::UnknownParameter { name: shown(code) })
    }

    fn has(self, reverse: &str, value: &str, depth: usize) -> Result<Criterion, StoreError> {
        let mut parts = reverse.splitn(3, ':');
        let (Some(source), Some(code), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(StoreError::InvalidValue {
                name: "_has".to_owned(),
                reason: "needs a type, a reference and a parameter",
            });
        };
        let source = self
            .version
            .resource_type(source)
            .ok_or(StoreError::UnknownResourceType)?;
        let reference = self.parameter(source, code)?;
        if reference.kind != Kind::Reference {
            return Err(StoreError::UnknownParameter { name: shown(code) });
        }
        let inner = self.link(source, rest, value, depth + 1)?;
        Ok(Criterion::Has(source, reference, Box::new(inner)))
    }

    fn chain(
        self,
        resource_type: &'static str,
        head: &str,
        rest: &str,
        value: &str,
        depth: usize,
    ) -> Result<Criterion, StoreError> {
        let (code, target) = match head.split_once(':') {
            Some((code, target)) => (code, Some(target)),
            None => (head, None),
        };
        let reference = self.parameter(resource_type, code)?;
        if reference.kind != Kind::Reference {
            return Err(StoreError::UnknownParameter { name: shown(code) });
        }
        if let Some(target) = target {
            let target = reference
                .targets
                .iter()
                .copied()
                .find(|allowed| *allowed == target)
                .ok_or_else(|| StoreError::UnsupportedModifier { name: shown(head) })?;
            let inner = self.link(target, rest, value, depth + 1)?;
            return Ok(Criterion::Chain(reference, vec![(target, inner)]));
        }
        let mut inner = Vec::new();
        for target in reference.targets {
            match self.link(target, rest, value, depth + 1) {
                Ok(criterion) => inner.push((*target, criterion)),
                // Another type that it may point at can have the parameter.
                Err(StoreError::UnknownParameter { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if inner.is_empty() {
            return Err(StoreError::UnknownParameter { name: shown(rest) });
        }
        Ok(Criterion::Chain(reference, inner))
    }

    fn condition(
        self,
        parameter: &'static Parameter,
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
            (Kind::Token, Some("not")) => Condition::NotTokens(each(name, value, Token::read)?),
            (Kind::Token, Some("text")) => Condition::Texts(each(name, value, text)?),
            (Kind::Reference, Some("identifier")) => {
                Condition::Identifiers(each(name, value, Token::read)?)
            }
            (Kind::Reference, None) => Condition::References(each(name, value, |one| {
                target(self, parameter.targets, &unescape(one))
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
            (Kind::Quantity, None) => Condition::Quantities(each(name, value, quantity)?),
            (Kind::Uri, None) => Condition::Uris(UriMode::Exact, each(name, value, text)?),
            (Kind::Uri, Some("below")) => Condition::Uris(UriMode::Below, each(name, value, text)?),
            (Kind::Uri, Some("above")) => Condition::Uris(UriMode::Above, each(name, value, text)?),
            (Kind::Composite, None) => {
                Condition::Composites(self.composites(parameter, name, value)?)
            }
            (Kind::Special, None) => {
                return Err(StoreError::UnknownParameter { name: shown(name) });
            }
            (_, Some(_)) => return Err(StoreError::UnsupportedModifier { name: shown(name) }),
        })
    }

    /// Reads `value$value`, each value as its component's kind has it.
    fn composites(
        self,
        parameter: &'static Parameter,
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
                Kind::Quantity => Condition::Quantities(each(name, value, quantity)?),
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
fn each<T>(
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
fn text(value: &str) -> Result<String, &'static str> {
    Ok(unescape(value))
}

fn target(
    reading: Reading<'_>,
    targets: &'static [&'static str],
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

fn quantity(value: &str) -> Result<(NumberTest, Unit), &'static str> {
    let parts = split(value, '|');
    let number = NumberTest::read(parts[0])?;
    let unit = match parts[1..] {
        [] | ["", ""] => Unit::Any,
        ["", code] => Unit::Named(unescape(code)),
        [system, code] if !code.is_empty() => {
            Unit::Coded(System::Is(unescape(system)), unescape(code))
        }
        _ => return Err("a quantity is number|system|code"),
    };
    Ok((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_by_their_form() {
        const TARGETS: [&str; 2] = ["Group", "Patient"];
        let reading = Reading {
            version: FhirVersion::R4,
            base_url: "https://a.example/r4",
            now: Timestamp::UNIX_EPOCH,
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
