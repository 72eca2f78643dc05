//! The AuditEvent as it is written: the parts of the resource that a line
//! uses, which borrow what they say and become JSON without a tree between.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// An AuditEvent (FHIR R4).
#[derive(Serialize)]
#[serde(rename_all = "camelCase", tag = "resourceType", rename = "AuditEvent")]
pub(super) struct AuditEvent<'a> {
    pub(super) id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: Coding<'a>,
    pub(super) subtype: [Coding<'a>; 1],
    pub(super) action: &'static str,
    #[serde(serialize_with = "instant")]
    pub(super) recorded: Timestamp,
    pub(super) outcome: &'static str,
    pub(super) outcome_desc: Cow<'static, str>,
    pub(super) source: Source<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purpose_of_event: Option<[Concept<'a>; 1]>,
    pub(super) agent: Vec<Agent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) entity: Vec<Entity<'a>>,
}

/// Who recorded it.
#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) observer: Reference<'a>,
    #[serde(rename = "type")]
    pub(super) kind: [Coding<'a>; 1],
}

/// Somebody who took part.
#[derive(Serialize)]
pub(super) struct Agent<'a> {
    #[serde(rename = "type")]
    pub(super) kind: Concept<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<[Concept<'a>; 1]>,
    pub(super) who: Reference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) requestor: bool,
}

/// What it was about.
#[derive(Serialize)]
pub(super) struct Entity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) what: Option<Reference<'a>>,
    #[serde(rename = "type")]
    pub(super) kind: Coding<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Coding<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) detail: Vec<Detail<'a>>,
}

/// Something more that is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) value_string: Cow<'a, str>,
}

/// A logical reference.
#[derive(Serialize)]
pub(super) struct Reference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identifier: Option<Identifier<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<&'a str>,
}

/// An identifier.
#[derive(Serialize)]
pub(super) struct Identifier<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<Cow<'a, str>>,
    pub(super) value: &'a str,
}

/// A concept with one coding.
#[derive(Serialize)]
pub(super) struct Concept<'a> {
    pub(super) coding: [Coding<'a>; 1],
}

/// A code.
#[derive(Serialize)]
pub(super) struct Coding<'a> {
    pub(super) system: &'a str,
    pub(super) code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<&'a str>,
}

impl AuditEvent<'_> {
    /// The bytes of the resource.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers always become JSON")
    }
}

impl<'a> Coding<'a> {
    /// A code without words.
    pub(super) const fn new(system: &'a str, code: &'a str) -> Self {
        let display = None;
        Self {
            system,
            code,
            display,
        }
    }
}

impl<'a> Concept<'a> {
    /// The concept of a code.
    pub(super) const fn new(system: &'a str, code: &'a str) -> Self {
        Self {
            coding: [Coding::new(system, code)],
        }
    }
}

impl<'a> Reference<'a> {
    /// To whoever has this identifier.
    pub(super) fn to(system: impl Into<Cow<'a, str>>, value: &'a str) -> Self {
        Self {
            identifier: Some(Identifier {
                system: Some(system.into()),
                value,
            }),
            display: None,
        }
    }

    /// The same, with a name for people.
    pub(super) fn called(self, name: &'a str) -> Self {
        Self {
            display: Some(name),
            ..self
        }
    }
}

/// An instant to the millisecond.
fn instant<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{moment:.3}"))
}
