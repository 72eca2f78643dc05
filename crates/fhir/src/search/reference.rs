//! What the text of a reference tells.

use crate::FhirVersion;

/// The parts of a literal reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceParts<'a> {
    /// The base when the reference is absolute: `https://example.org/fhir`.
    pub base: Option<&'a str>,
    /// The type of the target, when the text tells it.
    pub resource_type: Option<&'a str>,
    /// The logical id of the target.
    pub id: Option<&'a str>,
    /// The version of the target.
    pub version: Option<&'a str>,
    /// The query of a conditional reference: `identifier=…`.
    pub query: Option<&'a str>,
}

impl<'a> ReferenceParts<'a> {
    /// Takes a reference between resources of R4 apart. What has not the form `[base/]Type/id`,
    /// `[base/]Type/id/_history/version` or `Type?query` has no parts: `urn:`
    /// and `#` references, and URLs of other things.
    pub fn parse(reference: &'a str) -> Self {
        Self::parse_in(FhirVersion::R4, reference)
    }

    /// The same between resources of a version.
    pub fn parse_in(version: FhirVersion, reference: &'a str) -> Self {
        let nothing = Self {
            base: None,
            resource_type: None,
            id: None,
            version: None,
            query: None,
        };
        if reference.starts_with('#') || reference.starts_with("urn:") {
            return nothing;
        }
        if let Some((name, query)) = reference.split_once('?') {
            return match version.resource_type(name) {
                Some(_) => Self {
                    resource_type: Some(name),
                    query: Some(query),
                    ..nothing
                },
                None => nothing,
            };
        }
        let (path, edition) = match reference.split_once("/_history/") {
            Some((path, edition)) => (path, Some(edition)),
            None => (reference, None),
        };
        let Some((rest, id)) = path.rsplit_once('/') else {
            return nothing;
        };
        let (base, name) = match rest.rsplit_once('/') {
            Some((base, name)) => (Some(base), name),
            None => (None, rest),
        };
        if version.resource_type(name).is_none() || !crate::format::is_id(id) {
            return nothing;
        }
        Self {
            base,
            resource_type: Some(name),
            id: Some(id),
            version: edition,
            query: None,
        }
    }

    /// Whether the reference is relative to the server that holds it.
    pub fn is_relative(&self) -> bool {
        self.base.is_none() && self.id.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_tell_what_they_can() {
        for (text, base, resource_type, id, version, query) in [
            ("Patient/1", None, Some("Patient"), Some("1"), None, None),
            (
                "Patient/1/_history/2",
                None,
                Some("Patient"),
                Some("1"),
                Some("2"),
                None,
            ),
            (
                "https://a.nl/fhir/Patient/1",
                Some("https://a.nl/fhir"),
                Some("Patient"),
                Some("1"),
                None,
                None,
            ),
            (
                "Patient?identifier=a|b",
                None,
                Some("Patient"),
                None,
                None,
                Some("identifier=a|b"),
            ),
            ("https://a.nl/x?y=z", None, None, None, None, None),
            ("urn:uuid:1", None, None, None, None, None),
            ("#p", None, None, None, None, None),
            ("Robot/1", None, None, None, None, None),
            ("Patient/a b", None, None, None, None, None),
            ("", None, None, None, None, None),
        ] {
            let expected = ReferenceParts {
                base,
                resource_type,
                id,
                version,
                query,
            };
            assert_eq!(ReferenceParts::parse(text), expected, "{text}");
        }
    }
}
