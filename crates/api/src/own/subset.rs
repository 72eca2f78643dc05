//! `_summary` and `_elements`: how much of each resource is wanted.

use std::collections::BTreeSet;

use bytes::Bytes;
use fhir::{FhirVersion, Resource, outcome::IssueCode, subset::Subset};
use http::StatusCode;

use crate::{
    problem::Problem,
    query::{QueryPairs, encode},
};

/// How much of each resource of an answer is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The version that the resources are of.
    version: FhirVersion,
    subset: Option<Subset>,
    /// The parameters as a link repeats them.
    link: String,
    /// Whether only the number of matches is wanted (`_summary=count`).
    pub(super) is_count: bool,
}

impl Wanted {
    /// Takes `_summary` and `_elements` out of a query. `resource_type` is the
    /// type that elements are named of; without it they may be of any type.
    pub(super) fn take(
        version: FhirVersion,
        query: &mut QueryPairs,
        resource_type: Option<&str>,
    ) -> Result<Self, Problem> {
        let mut wanted = Self {
            version,
            ..Self::default()
        };
        let mut given = 0;
        for (name, value) in query.iter() {
            let subset = match name.as_str() {
                "_summary" => summary(value)?,
                "_elements" => Some(elements(version, value, resource_type)?),
                _ => continue,
            };
            given += 1;
            wanted.is_count |= name == "_summary" && value == "count";
            wanted.link = format!("&{name}={}", encode(value));
            wanted.subset = subset;
        }
        if given > 1 {
            return Err(Problem::bad_request(
                "Of _summary and _elements one can be given, once",
            ));
        }
        query.retain(|(name, _)| !matches!(name.as_str(), "_summary" | "_elements"));
        Ok(wanted)
    }

    /// The same for what is not counted: one resource, or a history.
    pub(super) fn take_of_resources(
        version: FhirVersion,
        query: &mut QueryPairs,
        resource_type: Option<&str>,
    ) -> Result<Self, Problem> {
        let wanted = Self::take(version, query, resource_type)?;
        if wanted.is_count {
            return Err(Problem::bad_request("_summary=count is for searches"));
        }
        Ok(wanted)
    }

    /// Whether only narratives are wanted, which cannot be mixed with includes.
    pub(super) fn is_text(&self) -> bool {
        self.subset == Some(Subset::Text)
    }

    /// What a link to the next page adds to say the same.
    pub(super) fn link(&self) -> &str {
        &self.link
    }

    /// A resource in the wanted extent; as it is stored when all is wanted.
    pub(super) fn of(&self, body: &Bytes) -> Bytes {
        let Some(subset) = &self.subset else {
            return body.clone();
        };
        // What is stored can be read; a deleted version has no content.
        match Resource::parse_in(self.version, body) {
            Ok(resource) => subset.of(&resource).to_bytes().into(),
            Err(_) => body.clone(),
        }
    }
}

fn summary(value: &str) -> Result<Option<Subset>, Problem> {
    Ok(match value {
        "true" => Some(Subset::Summary),
        "text" => Some(Subset::Text),
        "data" => Some(Subset::Data),
        "false" | "count" => None,
        _ => {
            return Err(Problem::bad_request(
                "_summary is true, text, data, count or false",
            ));
        }
    })
}

fn elements(
    version: FhirVersion,
    value: &str,
    resource_type: Option<&str>,
) -> Result<Subset, Problem> {
    let mut names = BTreeSet::new();
    for name in value.split(',') {
        let name = name.trim();
        // Some clients put the type before it.
        let name = match (name.split_once('.'), resource_type) {
            (Some((of, rest)), Some(known)) if of == known => rest,
            _ => name,
        };
        let has = |one: &str| fhir::subset::has_element(version, one, name);
        let is_known = match resource_type {
            Some(known) => has(known),
            None => version.resource_types().iter().any(|one| has(one)),
        };
        if !is_known {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                IssueCode::NotSupported,
                "_elements names what is no element of the resource",
            ));
        }
        names.insert(name.to_owned());
    }
    Ok(Subset::Elements(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &[(&str, &str)], expected: Option<(bool, &str)>) {
        let mut pairs: QueryPairs = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let wanted = Wanted::take(FhirVersion::R4, &mut pairs, Some("Patient"));
        let found = wanted
            .as_ref()
            .ok()
            .map(|one| (one.subset.is_some(), one.link()));
        assert_eq!(found, expected, "{query:?}");
        if expected.is_some() {
            assert!(pairs.iter().all(|(name, _)| name == "a"), "{query:?}");
        }
    }

    #[test]
    fn parameters_are_read_strictly() {
        check(&[("a", "1")], Some((false, "")));
        check(
            &[("_summary", "true"), ("a", "1")],
            Some((true, "&_summary=true")),
        );
        check(&[("_summary", "false")], Some((false, "&_summary=false")));
        check(&[("_summary", "much")], None);
        check(
            &[("_elements", "name, Patient.birthDate")],
            Some((true, "&_elements=name%2C%20Patient.birthDate")),
        );
        check(&[("_elements", "shoe")], None);
        check(&[("_elements", "")], None);
        check(&[("_elements", "name"), ("_summary", "true")], None);
    }
}
