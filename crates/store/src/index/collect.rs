//! From what `fhir` extracts to the values that the store keeps: words become
//! numbers, local references the numbers of resources.

use std::sync::Arc;

use fhir::search::{Entry, IndexValue};

use super::entries::{MEMBER, Value, encode};
use crate::StoreError;
use crate::database::names::{self, Variant};
use crate::database::writer::Session;
use crate::limits::INDEX_VALUES_MAX;
use crate::search::parameters;
use crate::write::identity;

/// A value, or the blob of values that belong together.
enum Part<'a> {
    One(Value<'a>),
    Together(Vec<u8>),
    /// The type of an identifier, and [`typed_identifier`].
    Typed(i64, String),
}

/// Where a component of a composite stands in base units: this far from its own
/// place. No composite has as many components.
pub(crate) const CANONICAL_PLACE: i64 = 64;

/// A quantity in base units.
fn canonical(value: &IndexValue) -> Option<Value<'_>> {
    let IndexValue::Quantity {
        canonical: Some(canonical),
        ..
    } = value
    else {
        return None;
    };
    number(canonical.low, canonical.high, 0, &canonical.unit, "")
}

/// The code of a type and a value as one code, which no other two make.
pub(crate) fn typed_identifier(code: &str, value: &str) -> String {
    let code = code.replace('\\', "\\\\").replace('|', "\\|");
    format!("{code}|{value}")
}

/// Collects the values of a resource of this type, with the patients it
/// belongs to, as a blob.
pub(crate) fn collect(
    session: &mut Session<'_>,
    resource_type: &'static str,
    extracted: &[Entry],
    patients: &[i64],
) -> Result<Vec<u8>, StoreError> {
    if extracted.len() > INDEX_VALUES_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "INDEX_VALUES_MAX",
            max: INDEX_VALUES_MAX,
        });
    }
    collect_all(session, resource_type, extracted, patients)
}

/// The same of a resource that is stored already, however many they are: what
/// was taken in stays to be found.
pub(super) fn collect_all(
    session: &mut Session<'_>,
    resource_type: &'static str,
    extracted: &[Entry],
    patients: &[i64],
) -> Result<Vec<u8>, StoreError> {
    let kind = session.state.kinds.number(resource_type)?;
    let known = Arc::clone(&session.state.parameters);
    let version = session.state.kinds.version();
    let mut parts: Vec<(i64, Part<'_>)> = Vec::with_capacity(extracted.len() + patients.len() + 8);
    parts.extend(
        patients
            .iter()
            .map(|patient| (MEMBER, Part::One(Value::Reference(*patient)))),
    );
    for entry in extracted
        .iter()
        .filter(|entry| !parameters::is_in_row(version, entry.parameter))
    {
        let at = |session: &mut Session<'_>, variant| {
            let connection = session.connection;
            session
                .state
                .names
                .parameter(connection, (kind, entry.parameter, variant), || {
                    let mut all = known.all().of(resource_type);
                    let parameter = all.find(|one| one.id == entry.parameter);
                    let parameter = parameter.ok_or(StoreError::Fault)?;
                    Ok(names::parameter(resource_type, parameter, variant))
                })
        };
        match &entry.value {
            IndexValue::Token {
                text: Some(text), ..
            } => {
                parts.push((at(session, Variant::Text)?, Part::One(Value::Text(text))));
            }
            IndexValue::Reference {
                identifier: Some((system, value)),
                ..
            } => {
                let system = system_number(session, system.as_deref())?;
                let token = Value::Token {
                    system,
                    code: value,
                };
                parts.push((at(session, Variant::Identifier)?, Part::One(token)));
            }
            IndexValue::TypedIdentifier {
                system,
                code,
                value,
            } => {
                let system = system_number(session, system.as_deref())?;
                let both = typed_identifier(code, value);
                parts.push((at(session, Variant::Typed)?, Part::Typed(system, both)));
                continue;
            }
            IndexValue::Composite(components) => {
                let mut values = Vec::with_capacity(components.len());
                for (place, component) in (0..).zip(components) {
                    values.extend(value(session, component)?.map(|value| (place, value)));
                    let canonical = canonical(component);
                    values.extend(canonical.map(|value| (place + CANONICAL_PLACE, value)));
                }
                values.sort_by_key(|(place, _)| *place);
                parts.push((at(session, Variant::Value)?, Part::Together(encode(values))));
                continue;
            }
            _ => {}
        }
        if let Some(canonical) = canonical(&entry.value) {
            parts.push((at(session, Variant::Canonical)?, Part::One(canonical)));
        }
        if let Some(value) = value(session, &entry.value)? {
            let elsewhere = matches!(entry.value, IndexValue::Reference { .. })
                && matches!(value, Value::Uri(_));
            let variant = if elsewhere {
                Variant::Address
            } else {
                Variant::Value
            };
            parts.push((at(session, variant)?, Part::One(value)));
        }
    }
    parts.sort_by_key(|(parameter, _)| *parameter);
    Ok(encode(parts.iter().map(|(parameter, part)| {
        let value = match part {
            Part::One(value) => *value,
            Part::Together(blob) => Value::Composite(blob),
            Part::Typed(system, code) => Value::Token {
                system: *system,
                code,
            },
        };
        (*parameter, value)
    })))
}

/// The value itself, without what stands beside it; `None` when there is none
/// to compare with.
fn value<'a>(
    session: &mut Session<'_>,
    value: &'a IndexValue,
) -> Result<Option<Value<'a>>, StoreError> {
    Ok(match value {
        IndexValue::Token {
            system: None,
            code: None,
            ..
        }
        | IndexValue::TypedIdentifier { .. }
        | IndexValue::Composite(_) => None,
        IndexValue::Token { system, code, .. } => {
            let system = system_number(session, system.as_deref())?;
            Some(Value::Token {
                system,
                code: code.as_deref().unwrap_or_default(),
            })
        }
        IndexValue::Reference {
            resource_type,
            id,
            url,
            ..
        } => {
            let relative = resource_type.as_deref().zip(id.as_deref());
            let base_url = &session.state.options.base_url;
            match identity::local(
                session.state.kinds.version(),
                base_url,
                relative,
                url.as_deref(),
            ) {
                Some((target_type, id)) => Some(Value::Reference(identity::row_of(
                    session,
                    target_type,
                    id,
                )?)),
                None => url.as_deref().map(Value::Uri),
            }
        }
        IndexValue::Date { low_ms, high_ms } => Some(Value::Date {
            low: *low_ms,
            high: *high_ms,
        }),
        IndexValue::String(text) => Some(Value::Text(text)),
        IndexValue::Number { low, high } => number(*low, *high, 0, "", ""),
        IndexValue::Quantity {
            low,
            high,
            system,
            code,
            unit,
            canonical: _,
        } => {
            let system = system_number(session, system.as_deref())?;
            let code = code.as_deref().unwrap_or_default();
            number(
                *low,
                *high,
                system,
                code,
                unit.as_deref().unwrap_or_default(),
            )
        }
        IndexValue::Uri(uri) => Some(Value::Uri(uri)),
    })
}

fn number<'a>(low: f64, high: f64, system: i64, code: &'a str, unit: &'a str) -> Option<Value<'a>> {
    let comparable = !low.is_nan() && !high.is_nan();
    comparable.then_some(Value::Number {
        low,
        high,
        system,
        code,
        unit,
    })
}

fn system_number(session: &mut Session<'_>, system: Option<&str>) -> Result<i64, StoreError> {
    match system {
        None | Some("") => Ok(0),
        Some(uri) => {
            let connection = session.connection;
            session.state.names.system(connection, uri)
        }
    }
}
