//! In what form an answer is wanted, and putting it into that form.
//!
//! Handlers answer in JSON; this turns it into XML or lays it out for people
//! where the request asks so. A base speaks one version of FHIR: a request for
//! another one is refused, never answered in the wrong one.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use fhir::{
    FhirVersion,
    json::{Document, Value},
    outcome::{Issue, operation_outcome_in},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{problem::Problem, query::QueryPairs};

/// JSON or XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

impl Format {
    /// The media type of FHIR in this format.
    pub(crate) const fn media_type(self, version: FhirVersion) -> &'static str {
        match (self, version) {
            (Self::Json, FhirVersion::R4) => {
                "application/fhir+json; fhirVersion=4.0; charset=utf-8"
            }
            (Self::Json, FhirVersion::Stu3) => {
                "application/fhir+json; fhirVersion=3.0; charset=utf-8"
            }
            (Self::Xml, FhirVersion::R4) => "application/fhir+xml; fhirVersion=4.0; charset=utf-8",
            (Self::Xml, FhirVersion::Stu3) => {
                "application/fhir+xml; fhirVersion=3.0; charset=utf-8"
            }
        }
    }
}

/// In what form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Representation {
    pub(crate) version: FhirVersion,
    pub(crate) format: Format,
    /// Whether people will read it (`_pretty`).
    pub(crate) pretty: bool,
}

/// Why a form cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormFault {
    /// Neither JSON nor XML of this version (406, or 415 for what was sent).
    Unsupported(FhirVersion),
    /// `_pretty` is not `true` or `false`.
    Pretty,
}

impl Representation {
    /// What a request gets that asks for nothing, or for what there is not.
    pub(crate) const fn standard(version: FhirVersion) -> Self {
        Self {
            version,
            format: Format::Json,
            pretty: false,
        }
    }

    /// What the parameters `_format` and `_pretty` and the `Accept` header ask for,
    /// at a base of this version.
    pub(crate) fn wanted(
        version: FhirVersion,
        query: &QueryPairs,
        headers: &HeaderMap,
    ) -> Result<Self, FormFault> {
        let unsupported = || FormFault::Unsupported(version);
        let mut format = None;
        let mut pretty = false;
        for (name, value) in query {
            match name.as_str() {
                "_format" => {
                    format = Some(of_parameter(version, value).ok_or_else(unsupported)?);
                }
                "_pretty" => pretty = value.parse().map_err(|_| FormFault::Pretty)?,
                _ => {}
            }
        }
        let format = match format {
            Some(format) => format,
            None => accepted(version, headers).ok_or_else(unsupported)?,
        };
        Ok(Self {
            version,
            format,
            pretty,
        })
    }

    /// Puts the answer of a handler into this form.
    pub(crate) fn render(self, mut response: Response) -> Response {
        let json = match response.extensions_mut().remove::<FhirBody>() {
            None => return response,
            Some(FhirBody::Json(json)) => json,
            Some(FhirBody::Outcome(issues)) => operation_outcome_in(self.version, &issues)
                .to_bytes()
                .into(),
        };
        let rendered = match (self.format, self.pretty) {
            (Format::Json, false) => Some(json),
            (Format::Json, true) => Document::parse(&json[..])
                .ok()
                .map(|document| Value::from(document.root()).to_pretty().into()),
            (Format::Xml, _) => Document::parse(&json[..])
                .ok()
                .and_then(|document| fhir::xml::from_json_in(self.version, &document).ok())
                .map(Bytes::from),
        };
        let Some(bytes) = rendered else {
            tracing::error!(representation = ?self, "an answer could not be put into its form");
            return Self::standard(self.version).render(Problem::unexpected().into_response());
        };
        let content_type = self.format.media_type(self.version);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        *response.body_mut() = Body::from(bytes);
        response
    }
}

impl From<FormFault> for Problem {
    fn from(fault: FormFault) -> Self {
        match fault {
            FormFault::Unsupported(version) => Self::new(
                StatusCode::NOT_ACCEPTABLE,
                fhir::outcome::IssueCode::NotSupported,
                format!("Answers are FHIR {version} in JSON or XML"),
            ),
            FormFault::Pretty => Self::bad_request("_pretty is true or false"),
        }
    }
}

/// A FHIR resource on its way out. It becomes the body of the response when
/// [`Representation::render`] has put it into its form.
#[derive(Clone)]
pub(crate) enum FhirBody {
    /// As JSON, in the version of the base.
    Json(Bytes),
    /// An OperationOutcome, which becomes one of the version of the base.
    Outcome(Vec<Issue>),
}

impl From<Vec<u8>> for FhirBody {
    fn from(json: Vec<u8>) -> Self {
        Self::Json(json.into())
    }
}

impl From<Bytes> for FhirBody {
    fn from(json: Bytes) -> Self {
        Self::Json(json)
    }
}

impl From<&Value> for FhirBody {
    fn from(value: &Value) -> Self {
        Self::Json(value.to_bytes().into())
    }
}

impl IntoResponse for FhirBody {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// In what form a body came (`Content-Type`). A body without one is refused:
/// guessing what a body is has been the start of many an attack.
pub(crate) fn sent(version: FhirVersion, headers: &HeaderMap) -> Result<Format, FormFault> {
    let header = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    header
        .and_then(|text| of_media_type(version, text))
        .ok_or(FormFault::Unsupported(version))
}

/// The format of a media type with its parameters.
fn of_media_type(version: FhirVersion, text: &str) -> Option<Format> {
    let mut parts = text.split(';').map(str::trim);
    let format = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/fhir+json" | "application/json" | "text/json" => Format::Json,
        "application/fhir+xml" | "application/xml" | "text/xml" => Format::Xml,
        _ => return None,
    };
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let fits = match name.trim().to_ascii_lowercase().as_str() {
            "charset" => value.eq_ignore_ascii_case("utf-8"),
            "fhirversion" => value == version.release() || value == version.number(),
            _ => true,
        };
        if !fits {
            return None;
        }
    }
    Some(format)
}

/// The format of a `_format` parameter: a media type or one of two short words.
fn of_parameter(version: FhirVersion, value: &str) -> Option<Format> {
    match value {
        "json" => Some(Format::Json),
        "xml" => Some(Format::Xml),
        // In a query a plus sign means a space; many clients forget to encode it.
        other => of_media_type(version, &other.replace("fhir ", "fhir+")),
    }
}

/// The best format that the `Accept` headers allow; JSON when they do not say.
fn accepted(version: FhirVersion, headers: &HeaderMap) -> Option<Format> {
    let mut best: Option<(Format, f32)> = None;
    let mut asked = false;
    for range in headers
        .get_all(header::ACCEPT)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
    {
        let range = range.trim();
        if range.is_empty() {
            continue;
        }
        asked = true;
        let quality = range
            .split(';')
            .skip(1)
            .filter_map(|parameter| parameter.trim().strip_prefix("q="))
            .find_map(|quality| quality.trim().parse::<f32>().ok())
            .unwrap_or(1.0);
        let kind = range.split(';').next().unwrap_or_default().trim();
        let format = match kind {
            "*/*" | "application/*" => Some(Format::Json),
            _ => of_media_type(version, range),
        };
        if let Some(format) = format
            && quality > 0.0
            && best.is_none_or(|(_, other)| quality > other)
        {
            best = Some((format, quality));
        }
    }
    if asked {
        best.map(|(format, _)| format)
    } else {
        Some(Format::Json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_accept(accept: &str, expected: Option<Format>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        assert_eq!(accepted(FhirVersion::R4, &headers), expected, "{accept}");
    }

    #[test]
    fn another_version_is_not_answered() {
        for (version, asked, expected) in [
            (FhirVersion::R4, "4.0", Some(Format::Json)),
            (FhirVersion::R4, "4.0.1", Some(Format::Json)),
            (FhirVersion::R4, "3.0", None),
            (FhirVersion::Stu3, "3.0", Some(Format::Json)),
            (FhirVersion::Stu3, "3.0.2", Some(Format::Json)),
            (FhirVersion::Stu3, "4.0", None),
            (FhirVersion::Stu3, "3", None),
        ] {
            let text = format!("application/fhir+json; fhirVersion={asked}");
            assert_eq!(of_media_type(version, &text), expected, "{version} {asked}");
        }
        for version in FhirVersion::ALL {
            for format in [Format::Json, Format::Xml] {
                let own = of_media_type(version, format.media_type(version));
                assert_eq!(own, Some(format), "{version}");
            }
        }
    }

    #[test]
    fn the_accept_header_decides() {
        check_accept("*/*", Some(Format::Json));
        check_accept("", Some(Format::Json));
        check_accept("application/fhir+json", Some(Format::Json));
        check_accept("application/fhir+xml", Some(Format::Xml));
        check_accept(
            "application/fhir+json;q=0.5, application/fhir+xml",
            Some(Format::Xml),
        );
        check_accept(
            "text/html, application/xml;q=0.9, */*;q=0.8",
            Some(Format::Xml),
        );
        check_accept("application/fhir+json; fhirVersion=4.0", Some(Format::Json));
        check_accept("application/fhir+json; fhirVersion=3.0", None);
        check_accept("text/html", None);
        check_accept("application/fhir+json;q=0", None);
    }

    fn check_parameter(value: &str, expected: Option<Format>) {
        assert_eq!(of_parameter(FhirVersion::R4, value), expected, "{value}");
    }

    #[test]
    fn the_format_parameter_takes_words_and_media_types() {
        check_parameter("json", Some(Format::Json));
        check_parameter("xml", Some(Format::Xml));
        check_parameter("application/fhir xml", Some(Format::Xml));
        check_parameter("application/fhir+json", Some(Format::Json));
        check_parameter("ttl", None);
        check_parameter("", None);
    }

    #[test]
    fn a_body_says_what_it_is() {
        let check = |content_type: &str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            assert_eq!(
                sent(FhirVersion::R4, &headers).ok(),
                expected,
                "{content_type}"
            );
        };
        check("application/fhir+json", Some(Format::Json));
        check("application/fhir+json; charset=UTF-8", Some(Format::Json));
        check("application/fhir+json; charset=latin1", None);
        check("application/x-www-form-urlencoded", None);
        let none = sent(FhirVersion::R4, &HeaderMap::new());
        assert_eq!(none, Err(FormFault::Unsupported(FhirVersion::R4)));
    }
}
