//! What of a query is understood, for who wants the rest left out
//! (FHIR R4, http, `Prefer: handling=lenient`).

use std::cell::Cell;

use super::page::{CURSOR, reading, types};
use super::parameters::Parameters;
use super::query;
use crate::database::kinds::Kinds;
use crate::{Options, StoreError, Understood};

/// Splits a query in what is understood and what is not.
pub(crate) fn understood(
    kinds: &Kinds,
    parameters: &Parameters,
    options: &Options,
    resource_type: Option<&str>,
    pairs: &[(String, String)],
) -> Result<Understood, StoreError> {
    let (types, rest) = match resource_type {
        Some(resource_type) => (vec![kinds.resource_type(resource_type)?], pairs.to_vec()),
        None => types(kinds, pairs)?,
    };
    let mut understood = Understood::default();
    for pair in pairs {
        let is_ignored = pair.0 != CURSOR
            && rest.contains(pair)
            && types.iter().any(|resource_type| {
                let links = Cell::new(0);
                let read = query::read(
                    reading(kinds, parameters, options, &links),
                    resource_type,
                    std::slice::from_ref(pair),
                );
                matches!(
                    read,
                    Err(StoreError::UnknownParameter { .. }
                        | StoreError::UnsupportedModifier { .. })
                )
            });
        if is_ignored {
            understood.ignored.push(pair.clone());
        } else {
            understood.applied.push(pair.clone());
        }
    }
    Ok(understood)
}
