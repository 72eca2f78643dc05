//! Puts `id`, `meta.versionId` and `meta.lastUpdated` into the text of a
//! resource, and new references in the place of old ones. All other bytes
//! stay as they came.

use std::ops::Range;

use fhir::Resource;
use fhir::json::{Kind, Node};
use jiff::Timestamp;

/// A replacement of a part of a text; an empty range is an insertion.
pub(crate) type Edit = (Range<usize>, String);

/// The text with the edits made. They must not overlap.
pub(crate) fn edit(text: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let added: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut out = Vec::with_capacity(text.len() + added);
    let mut done = 0;
    for (range, new) in edits {
        out.extend_from_slice(&text[done..range.start]);
        out.extend_from_slice(new.as_bytes());
        done = range.end;
    }
    out.extend_from_slice(&text[done..]);
    out
}

/// The edit that gives a resource this id; none when it has it.
pub(crate) fn id(resource: &Resource, id: &str) -> Option<Edit> {
    let root = resource.root();
    match root.get("id") {
        Some(node) if node.as_str().as_deref() == Some(id) => None,
        Some(node) => Some((node.span(), format!("\"{id}\""))),
        None => {
            // `resourceType` is always there: after it is where readers look for an id.
            let at = root
                .get("resourceType")
                .map_or(root.span().start + 1, |node| node.span().end);
            Some((at..at, format!(",\"id\":\"{id}\"")))
        }
    }
}

/// Where a version's number and time go in a text that has its `id`.
#[derive(Debug, Clone)]
pub(crate) struct MetaPlaces {
    places: Vec<(Range<usize>, Part)>,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// A whole `meta`, as a member after another.
    Whole,
    /// A whole `meta` in the place of something that is none.
    Value,
    /// Both members, at the start of a `meta`; whether others follow.
    Both(bool),
    /// The member `versionId`; whether others follow.
    Version(bool),
    /// The member `lastUpdated`; whether others follow.
    Updated(bool),
    /// The value of `versionId`.
    VersionValue,
    /// The value of `lastUpdated`.
    UpdatedValue,
}

impl MetaPlaces {
    /// Finds the places.
    pub(crate) fn of(resource: &Resource) -> Self {
        let root = resource.root();
        let places = match root.get("meta") {
            None => {
                let before = root.get("id").or_else(|| root.get("resourceType"));
                let at = before.map_or(root.span().start + 1, |node| node.span().end);
                vec![(at..at, Part::Whole)]
            }
            Some(meta) if meta.kind() == Kind::Object => Self::inside(meta),
            Some(meta) => vec![(meta.span(), Part::Value)],
        };
        Self { places }
    }

    fn inside(meta: Node<'_>) -> Vec<(Range<usize>, Part)> {
        let start = meta.span().start + 1;
        let others = !meta.is_empty();
        match (meta.get("versionId"), meta.get("lastUpdated")) {
            (None, None) => vec![(start..start, Part::Both(others))],
            (Some(version), None) => {
                vec![
                    (start..start, Part::Updated(others)),
                    (version.span(), Part::VersionValue),
                ]
            }
            (None, Some(updated)) => {
                vec![
                    (start..start, Part::Version(others)),
                    (updated.span(), Part::UpdatedValue),
                ]
            }
            (Some(version), Some(updated)) => {
                vec![
                    (version.span(), Part::VersionValue),
                    (updated.span(), Part::UpdatedValue),
                ]
            }
        }
    }

    /// The text of this version.
    pub(crate) fn fill(&self, text: &[u8], version: i64, updated: Timestamp) -> Vec<u8> {
        let comma = |others| if others { "," } else { "" };
        let edits = self.places.iter().map(|(range, part)| {
            let new = match part {
                Part::Whole => {
                    format!(r#","meta":{{"versionId":"{version}","lastUpdated":"{updated:.3}"}}"#)
                }
                Part::Value => {
                    format!(r#"{{"versionId":"{version}","lastUpdated":"{updated:.3}"}}"#)
                }
                Part::Both(others) => format!(
                    r#""versionId":"{version}","lastUpdated":"{updated:.3}"{}"#,
                    comma(*others)
                ),
                Part::Version(others) => format!(r#""versionId":"{version}"{}"#, comma(*others)),
                Part::Updated(others) => {
                    format!(r#""lastUpdated":"{updated:.3}"{}"#, comma(*others))
                }
                Part::VersionValue => format!(r#""{version}""#),
                Part::UpdatedValue => format!(r#""{updated:.3}""#),
            };
            (range.clone(), new)
        });
        edit(text, edits.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let resource = Resource::parse(text).unwrap();
        let with_id = edit(
            resource.as_bytes(),
            id(&resource, "x").into_iter().collect(),
        );
        let resource = Resource::parse(with_id).unwrap();
        let moment = Timestamp::from_millisecond(1_700_000_000_120).unwrap();
        let filled = MetaPlaces::of(&resource).fill(resource.as_bytes(), 3, moment);
        assert_eq!(String::from_utf8(filled).unwrap(), expected);
    }

    #[test]
    fn only_id_version_and_time_change() {
        check(
            r#"{"resourceType":"Basic"}"#,
            r#"{"resourceType":"Basic","id":"x","meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.120Z"}}"#,
        );
        check(
            r#"{ "id" : "y", "extension":[{"valueDecimal":1.50}],  "resourceType":"Basic", "meta" : { } }"#,
            r#"{ "id" : "x", "extension":[{"valueDecimal":1.50}],  "resourceType":"Basic", "meta" : {"versionId":"3","lastUpdated":"2023-11-14T22:13:20.120Z" } }"#,
        );
        check(
            r#"{"meta":{"profile":["p"],"versionId":"77"},"resourceType":"Basic","id":"x"}"#,
            r#"{"meta":{"lastUpdated":"2023-11-14T22:13:20.120Z","profile":["p"],"versionId":"3"},"resourceType":"Basic","id":"x"}"#,
        );
        check(
            r#"{"meta":{"lastUpdated":"a","source":"s"},"resourceType":"Basic","id":"x"}"#,
            r#"{"meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.120Z","source":"s"},"resourceType":"Basic","id":"x"}"#,
        );
        check(
            r#"{"meta":{"lastUpdated":"a","versionId":1},"resourceType":"Basic","id":"x"}"#,
            r#"{"meta":{"lastUpdated":"2023-11-14T22:13:20.120Z","versionId":"3"},"resourceType":"Basic","id":"x"}"#,
        );
        check(
            r#"{"meta":null,"resourceType":"Basic","id":"x"}"#,
            r#"{"meta":{"versionId":"3","lastUpdated":"2023-11-14T22:13:20.120Z"},"resourceType":"Basic","id":"x"}"#,
        );
    }
}
