//! Query strings and form bodies as pairs of decoded text.
//!
//! Strict: what does not decode is refused, because a parameter that is
//! quietly dropped or mended would answer another question than was asked.

use care::Bsn;

use crate::{limits::QUERY_PARAMETERS_MAX, problem::Problem};

/// Decoded names and values, in their order.
pub(crate) type QueryPairs = Vec<(String, String)>;

/// Why a query cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryFault {
    #[error("The query is not valid percent-encoded UTF-8")]
    Encoding,
    #[error("A query parameter has no name")]
    NoName,
    #[error("The query has more than {QUERY_PARAMETERS_MAX} parameters")]
    TooMany,
}

impl From<QueryFault> for Problem {
    fn from(fault: QueryFault) -> Self {
        Self::bad_request(fault.to_string())
    }
}

/// Decodes a query string, or a body of `application/x-www-form-urlencoded`.
pub(crate) fn pairs(query: &[u8]) -> Result<QueryPairs, QueryFault> {
    let mut pairs = QueryPairs::new();
    for part in query
        .split(|byte| *byte == b'&')
        .filter(|part| !part.is_empty())
    {
        if pairs.len() == QUERY_PARAMETERS_MAX {
            return Err(QueryFault::TooMany);
        }
        let equals = part
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or(part.len());
        let name = decode(&part[..equals])?;
        if name.is_empty() {
            return Err(QueryFault::NoName);
        }
        pairs.push((name, decode(part.get(equals + 1..).unwrap_or_default())?));
    }
    Ok(pairs)
}

fn decode(text: &[u8]) -> Result<String, QueryFault> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    let byte = bytes.next().ok_or(QueryFault::Encoding)?;
                    char::from(*byte).to_digit(16).ok_or(QueryFault::Encoding)
                };
                let (high, low) = (digit()?, digit()?);
                (high * 16 + low) as u8
            }
            byte => *byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| QueryFault::Encoding)
}

/// Encodes a value for a query string.
pub(crate) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// Whether a parameter names a person by their BSN.
///
/// A value does when it has the BSN's system, or when it is an identifier
/// without a system that passes the eleven-test.
pub(crate) fn names_a_person(name: &str, value: &str) -> bool {
    if value.contains(Bsn::SYSTEM) || value.contains(Bsn::OID) {
        return true;
    }
    // These can name any parameter, with any text around it.
    if matches!(name, "_filter" | "_typeFilter") {
        let words = value.split(|letter: char| !letter.is_ascii_digit());
        return value.contains("identifier")
            && words.into_iter().any(|one| Bsn::parse(one).is_ok());
    }
    let is_identifier = name.split(['.', ':']).any(|part| part == "identifier");
    is_identifier
        && value.split(',').any(|one| {
            let value = match one.split_once('|') {
                Some(("", value)) => value,
                // `identifier:of-type` has the value last, after a code with its system.
                Some((_, rest)) => rest.split_once('|').map_or("", |(_, value)| value),
                None => one,
            };
            Bsn::parse(value).is_ok()
        })
}

/// Refuses a URL that names a person by their BSN: URLs end up in logs of
/// proxies and in histories of browsers.
pub(crate) fn refuse_persons(query: &QueryPairs) -> Result<(), Problem> {
    if query
        .iter()
        .any(|(name, value)| names_a_person(name, value))
    {
        return Err(Problem::bad_request(
            "A BSN does not belong in a URL; use POST [type]/_search with the search in the body, \
             or a Bundle",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(query: &str, expected: Result<&[(&str, &str)], QueryFault>) {
        let found = pairs(query.as_bytes());
        let owned = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        assert_eq!(found, expected.map(owned), "{query}");
    }

    #[test]
    fn queries_are_decoded_or_refused() {
        check("", Ok(&[]));
        check("a=1&b=x%20y+z", Ok(&[("a", "1"), ("b", "x y z")]));
        check("a", Ok(&[("a", "")]));
        check("a=b=c", Ok(&[("a", "b=c")]));
        check("a=%C3%A9", Ok(&[("a", "é")]));
        check("a=%C3", Err(QueryFault::Encoding));
        check("a=%4", Err(QueryFault::Encoding));
        check("a=%zz", Err(QueryFault::Encoding));
        check("=1", Err(QueryFault::NoName));
    }

    #[test]
    fn the_limit_of_parameters_holds() {
        let query = |count: usize| vec!["a=1"; count].join("&");
        assert_eq!(
            pairs(query(QUERY_PARAMETERS_MAX).as_bytes()).unwrap().len(),
            100
        );
        assert_eq!(
            pairs(query(QUERY_PARAMETERS_MAX + 1).as_bytes()),
            Err(QueryFault::TooMany)
        );
    }

    #[test]
    fn a_bsn_is_recognised() {
        for (name, value, expected) in [
            (
                "identifier",
                "http://fhir.nl/fhir/NamingSystem/bsn|999911119",
                true,
            ),
            ("identifier", "999911119", true),
            ("patient.identifier", "1,|999911119", true),
            ("subject:Patient.identifier", "999911119", true),
            ("identifier", "999911118", false),
            ("identifier", "urn:oid:1.2|999911119", false),
            ("identifier:of-type", "urn:x|NNNLD|999911119", true),
            ("code", "999911119", false),
            ("_has:Observation:subject:identifier", "999911119", true),
            ("_filter", "patient.identifier eq \"999911119\"", true),
            ("_filter", "code eq 999911119", false),
            ("_typeFilter", "Patient?identifier=999911119", true),
            ("_typeFilter", "Patient?active=true", false),
        ] {
            assert_eq!(names_a_person(name, value), expected, "{name}={value}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_judged_without_a_panic(query in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(pairs) = pairs(&query) {
                for (name, value) in &pairs {
                    names_a_person(name, value);
                }
            }
        }

        #[test]
        fn what_is_encoded_decodes(value in "\\PC*") {
            let query = format!("a={}", encode(&value));
            prop_assert_eq!(pairs(query.as_bytes()), Ok(vec![("a".to_owned(), value)]));
        }
    }
}
