//! Resources on their way in and out: parsing a body, headers of a version.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use exchange::{BUNDLE_ENTRIES_MAX, ExchangeError};
use fhir::{FhirVersion, Resource, json::has_more_items, outcome::IssueCode};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use store::Stored;

use crate::{
    problem::Problem,
    representation::{FhirBody, Format, sent},
};

/// Reads a body as a resource of a version, in the format that its
/// `Content-Type` says.
pub(crate) fn parse(
    version: FhirVersion,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Resource, Problem> {
    parse_json(version, json(version, headers, body)?)
}

/// Reads a body as a Bundle to carry out; one with more entries than a node
/// takes is refused before it is parsed, when it may still be small.
pub(crate) fn parse_bundle(
    version: FhirVersion,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Resource, Problem> {
    let json = json(version, headers, body)?;
    if has_more_items(&json, "entry", BUNDLE_ENTRIES_MAX) {
        return Err(ExchangeError::LimitExceeded {
            limit: "BUNDLE_ENTRIES_MAX",
            max: BUNDLE_ENTRIES_MAX,
        }
        .into());
    }
    parse_json(version, json)
}

fn parse_json(version: FhirVersion, json: Vec<u8>) -> Result<Resource, Problem> {
    Resource::parse_owned_in(version, json)
        .map_err(|issues| Problem::with_issues(StatusCode::BAD_REQUEST, issues))
}

/// A body as JSON, which is not parsed yet.
fn json(version: FhirVersion, headers: &HeaderMap, body: Bytes) -> Result<Vec<u8>, Problem> {
    let format = sent(version, headers).map_err(|_| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            IssueCode::NotSupported,
            format!(
                "The body must be FHIR {version}, with the content type application/fhir+json or \
                 application/fhir+xml"
            ),
        )
    })?;
    match format {
        // Nobody else has it: it is not copied.
        Format::Json => Ok(Vec::from(body)),
        Format::Xml => fhir::xml::to_json_in(version, &body)
            .map_err(|issue| Problem::with_issues(StatusCode::BAD_REQUEST, vec![issue])),
    }
}

/// The entity tag of a version.
pub(crate) fn entity_tag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The version of an entity tag; weak and strong tags alike, as FHIR has it.
pub(crate) fn version_of(tag: &str) -> Option<u64> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// How HTTP writes a date (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// The moment of an HTTP date; `None` when it is none: such a condition does
/// not count.
pub(crate) fn moment_of(date: &str) -> Option<Timestamp> {
    let date = jiff::civil::DateTime::strptime(HTTP_DATE, date.trim()).ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// Puts `ETag` and `Last-Modified` on a response.
pub(crate) fn put_version(headers: &mut HeaderMap, version: u64, last_updated: Timestamp) {
    if let Ok(tag) = HeaderValue::from_str(&entity_tag(version)) {
        headers.insert(header::ETAG, tag);
    }
    let date = last_updated.strftime(HTTP_DATE).to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        headers.insert(header::LAST_MODIFIED, date);
    }
}

/// A version as the response, with what of it is wanted.
pub(crate) fn stored(status: StatusCode, stored: &Stored, body: Bytes) -> Response {
    let mut response = (status, FhirBody::from(body)).into_response();
    put_version(response.headers_mut(), stored.version, stored.last_updated);
    response
}

/// 304: the client has this version already.
pub(crate) fn unchanged(stored: &Stored) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    put_version(response.headers_mut(), stored.version, stored.last_updated);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_read_strictly() {
        for (tag, expected) in [
            (r#"W/"3""#, Some(3)),
            (r#""3""#, Some(3)),
            (" W/\"18446744073709551615\" ", Some(u64::MAX)),
            (r#"W/"18446744073709551616""#, None),
            (r#"W/"+3""#, None),
            (r#"W/"""#, None),
            ("3", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(version_of(tag), expected, "{tag}");
        }
    }

    #[test]
    fn dates_are_those_of_http() {
        let mut headers = HeaderMap::new();
        put_version(
            &mut headers,
            1,
            Timestamp::from_second(784_111_777).unwrap(),
        );
        assert_eq!(
            headers[header::LAST_MODIFIED],
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(headers[header::ETAG], "W/\"1\"");
        for (date, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("yesterday", None),
        ] {
            assert_eq!(
                moment_of(date).map(Timestamp::as_second),
                expected,
                "{date}"
            );
        }
    }
}
