//! A whole query, as it is asked.

use std::sync::Arc;

use fhir::search::Parameter;

use super::criterion::{Criterion, Reading};
use crate::StoreError;
use crate::error::shown;
use crate::index::Rule;
use crate::limits::{INCLUDES_MAX, PAGE_DEFAULT, PAGE_MAX, PARAMETERS_MAX, SORT_KEYS_MAX};

/// A query on one resource type.
#[derive(Debug)]
pub(crate) struct Query {
    /// All must hold.
    pub(crate) criteria: Vec<Criterion>,
    /// The order; by number of the resource when empty.
    pub(crate) sort: Vec<Sort>,
    /// Matches on a page.
    pub(crate) count: usize,
    /// Whether to count all matches.
    pub(crate) total: bool,
    /// What to bring along.
    pub(crate) includes: Vec<Include>,
}

/// One key to sort by.
#[derive(Debug)]
pub(crate) struct Sort {
    pub(crate) by: SortBy,
    pub(crate) descending: bool,
}

/// What to sort by.
#[derive(Debug)]
pub(crate) enum SortBy {
    Id,
    Updated,
    Parameter(Arc<Parameter>),
}

/// What to bring along.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Include {
    /// Whether the source refers to a match (`_revinclude`) or is one.
    pub(crate) reverse: bool,
    /// Whether it goes for what is brought along as well.
    pub(crate) iterate: bool,
    /// The type that has the reference.
    pub(crate) source: &'static str,
    /// The references.
    pub(crate) parameters: Vec<Arc<Parameter>>,
    /// Only what is of this type, at the far end of `_include`.
    pub(crate) target: Option<&'static str>,
}

/// Reads a query. Everything in it is understood or refused.
pub(crate) fn read(
    reading: Reading<'_>,
    resource_type: &'static str,
    pairs: &[(String, String)],
) -> Result<Query, StoreError> {
    if pairs.len() > PARAMETERS_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "PARAMETERS_MAX",
            max: PARAMETERS_MAX,
        });
    }
    let mut query = Query {
        criteria: Vec::new(),
        sort: Vec::new(),
        count: PAGE_DEFAULT,
        total: false,
        includes: Vec::new(),
    };
    let mut includes = 0;
    for (name, value) in pairs {
        let invalid = |reason| StoreError::InvalidValue {
            name: shown(name),
            reason,
        };
        match name.as_str() {
            "_count" => {
                let count: usize = value
                    .parse()
                    .map_err(|_| invalid("not a number of matches"))?;
                if count > PAGE_MAX {
                    return Err(StoreError::LimitExceeded {
                        limit: "PAGE_MAX",
                        max: PAGE_MAX,
                    });
                }
                query.count = count;
                // Asking for no match is asking how many there are (FHIR R4, search, `_count`).
                query.total |= count == 0;
            }
            "_total" => match value.as_str() {
                "none" => {}
                "accurate" | "estimate" => query.total = true,
                _ => return Err(invalid("is none, estimate or accurate")),
            },
            "_summary" => match value.as_str() {
                "count" => {
                    query.count = 0;
                    query.total = true;
                }
                // How much of each resource is shown is the edge's business.
                "true" | "text" | "data" | "false" => {}
                _ => return Err(invalid("is true, text, data, count or false")),
            },
            "_elements" | "_format" | "_pretty" => {}
            "_sort" => query.sort = sort(reading, resource_type, value)?,
            "_include"
            | "_include:iterate"
            | "_include:recurse"
            | "_revinclude"
            | "_revinclude:iterate"
            | "_revinclude:recurse" => {
                query
                    .includes
                    .extend(include(reading, resource_type, name, value)?);
                includes += 1;
                if includes > INCLUDES_MAX {
                    return Err(StoreError::LimitExceeded {
                        limit: "INCLUDES_MAX",
                        max: INCLUDES_MAX,
                    });
                }
            }
            _ => query
                .criteria
                .push(reading.criterion(resource_type, name, value)?),
        }
    }
    Ok(query)
}

fn sort(
    reading: Reading<'_>,
    resource_type: &'static str,
    value: &str,
) -> Result<Vec<Sort>, StoreError> {
    let keys: Vec<&str> = value.split(',').collect();
    if keys.len() > SORT_KEYS_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "SORT_KEYS_MAX",
            max: SORT_KEYS_MAX,
        });
    }
    keys.into_iter()
        .map(|key| {
            let (descending, code) = match key.strip_prefix('-') {
                Some(code) => (true, code),
                None => (false, key),
            };
            let by = match code {
                "_id" => SortBy::Id,
                "_lastUpdated" => SortBy::Updated,
                code => {
                    let parameter = reading.parameter(resource_type, code)?;
                    if parameter.kind == fhir::search::Kind::Composite {
                        return Err(StoreError::UnknownParameter { name: shown(code) });
                    }
                    if parameter.kind == fhir::search::Kind::Quantity {
                        let rule = Rule::CanonicalQuantities;
                        reading.parameters.follow(rule, resource_type, code)?;
                    }
                    SortBy::Parameter(Arc::clone(parameter))
                }
            };
            Ok(Sort { by, descending })
        })
        .collect()
}

/// Reads what an include is of: one, or for `_revinclude=*` one for each type
/// that refers to the type searched.
fn include(
    reading: Reading<'_>,
    resource_type: &'static str,
    name: &str,
    value: &str,
) -> Result<Vec<Include>, StoreError> {
    let invalid = |reason| StoreError::InvalidValue {
        name: shown(name),
        reason,
    };
    let reverse = name.starts_with("_rev");
    let iterate = name.contains(':');
    let known = |text: &str| {
        let version = reading.version;
        version
            .resource_type(text)
            .ok_or_else(|| invalid("unknown type"))
    };
    let mut parts = value.split(':');
    let (source, code, target) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("*"), None, None, None) if reverse => {
            let sources = reading.version.resource_types().iter();
            let of = |source: &&'static str| Include {
                reverse,
                iterate,
                source,
                parameters: references(reading, source, resource_type),
                target: None,
            };
            return Ok(sources
                .map(of)
                .filter(|include| !include.parameters.is_empty())
                .collect());
        }
        (Some("*"), None, None, None) => (resource_type, "*", None),
        (Some(source), Some(code), target, None) => {
            (known(source)?, code, target.map(known).transpose()?)
        }
        _ => return Err(invalid("is type:parameter or type:parameter:target")),
    };
    let parameters = if code == "*" {
        let all = reading.parameters.references(source);
        all.map(Arc::clone).collect()
    } else {
        vec![Arc::clone(reading.reference(source, code)?)]
    };
    Ok(vec![Include {
        reverse,
        iterate,
        source,
        parameters,
        target,
    }])
}

/// The parameters by which one type can refer to another.
fn references(reading: Reading<'_>, source: &str, target: &str) -> Vec<Arc<Parameter>> {
    let all = reading.parameters.references(source);
    all.filter(|parameter| parameter.targets.contains(&target))
        .map(Arc::clone)
        .collect()
}
