//! Whether a resource says the same as the stored version.

use fhir::json::{Document, Kind, Node};

/// Whether both texts have the same content apart from `meta.versionId` and
/// `meta.lastUpdated`. The order of members and white space do not count;
/// the digits of numbers do.
pub(crate) fn same(new: &[u8], stored: &[u8]) -> bool {
    if new == stored {
        return true;
    }
    match (Document::parse(new), Document::parse(stored)) {
        (Ok(new), Ok(stored)) => equal(new.root(), stored.root()),
        _ => false,
    }
}

fn equal(one: Node<'_>, other: Node<'_>) -> bool {
    if one.kind() != other.kind() || one.len() != other.len() {
        return false;
    }
    match one.kind() {
        Kind::Null => true,
        Kind::Bool | Kind::Number => one.raw() == other.raw(),
        Kind::String => one.raw() == other.raw() || one.as_str() == other.as_str(),
        Kind::Array => one
            .items()
            .zip(other.items())
            .all(|(one, other)| equal(one, other)),
        Kind::Object => one
            .members()
            .all(|(name, value)| other.get(&name).is_some_and(|other| equal(value, other))),
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn content_counts_and_layout_does_not() {
        let check = |one: &str, other: &str| same(one.as_bytes(), other.as_bytes());
        assert!(check(
            r#"{"a":1.50,"b":["x"]}"#,
            r#"{ "b": ["\u0078"], "a": 1.50 }"#
        ));
        assert!(!check(r#"{"a":1.50}"#, r#"{"a":1.5}"#));
        assert!(!check(r#"{"a":1,"b":2}"#, r#"{"a":1}"#));
        assert!(!check(r#"{"a":["x","y"]}"#, r#"{"a":["y","x"]}"#));
        assert!(!check(r#"{"a":true}"#, r#"{"a":"true"}"#));
    }
}
