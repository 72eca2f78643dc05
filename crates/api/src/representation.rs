//! In what form an answer is wanted, and putting it into that form.
//!
//! Handlers answer in JSON; this turns it into XML or lays it out for people
//! where the request asks so. A door speaks FHIR R4 only: a request for
//! another version is refused, never answered in the wrong one.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use fhir::json::{Document, Value};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::{problem::Problem, query::QueryPairs};

/// The media type of FHIR in JSON.
pub(crate) const FHIR_JSON: &str = "application/fhir+json; fhirVersion=4.0; charset=utf-8";
/// The media type of FHIR in XML.
pub(crate) const FHIR_XML: &str = "application/fhir+xml; fhirVersion=4.0; charset=utf-8";

/// JSON or XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// In what form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Representation {
    pub(crate) format: Format,
    /// Whether people will read it (`_pretty`).
    pub(crate) pretty: bool,
}

/// Why a form cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormFault {
    /// Neither JSON nor XML of FHIR R4 (406, or 415 for what was sent).
    Unsupported,
    /// `_pretty` is not `true` or `false`.
    Pretty,
}

impl Representation {
    /// What a request gets that asks for nothing, or for what there is not.
    pub(crate) const STANDARD: Self = Self {
        format: Format::Json,
        pretty: false,
    };

    /// What the parameters `_format` and `_pretty` and the `Accept` header ask for.
    pub(crate) fn wanted(query: &QueryPairs, headers: &HeaderMap) -> Result<Self, FormFault> {
        let mut format = None;
        let mut pretty = false;
        for (name, value) in query {
            match name.as_str() {
                "_format" => format = Some(of_parameter(value).ok_or(FormFault::Unsupported)?),
                "_pretty" => pretty = value.parse().map_err(|_| FormFault::Pretty)?,
                _ => {}
            }
        }
        let format = match format {
            Some(format) => format,
            None => accepted(headers).ok_or(FormFault::Unsupported)?,
        };
        Ok(Self { format, pretty })
    }

    /// Puts the answer of a handler into this form.
    pub(crate) fn render(self, mut response: Response) -> Response {
        let Some(body) = response.extensions_mut().remove::<FhirBody>() else {
            return response;
        };
        let rendered = match self {
            Self {
                format: Format::Json,
                pretty: false,
            } => Some((body.0, FHIR_JSON)),
            Self {
                format: Format::Json,
                pretty: true,
            } => Document::parse(&body.0[..])
                .ok()
                .map(|document| (Value::from(document.root()).to_pretty().into(), FHIR_JSON)),
            Self {
                format: Format::Xml,
                ..
            } => Document::parse(&body.0[..])
                .ok()
                .and_then(|document| fhir::xml::from_json(&document).ok())
                .map(|xml| (Bytes::from(xml), FHIR_XML)),
        };
        let Some((bytes, content_type)) = rendered else {
            tracing::error!(representation = ?self, "an answer could not be put into its form");
            return Self::STANDARD.render(Problem::unexpected().into_response());
        };
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
            FormFault::Unsupported => Self::new(
                StatusCode::NOT_ACCEPTABLE,
                fhir::outcome::IssueCode::NotSupported,
                "Answers are FHIR R4 in JSON or XML",
            ),
            FormFault::Pretty => Self::bad_request("_pretty is true or false"),
        }
    }
}

/// A FHIR resource as JSON, on its way out. It becomes the body of the
/// response when [`Representation::render`] has put it into its form.
#[derive(Clone)]
pub(crate) struct FhirBody(Bytes);

impl From<Vec<u8>> for FhirBody {
    fn from(json: Vec<u8>) -> Self {
        Self(json.into())
    }
}

impl From<Bytes> for FhirBody {
    fn from(json: Bytes) -> Self {
        Self(json)
    }
}

impl From<&Value> for FhirBody {
    fn from(value: &Value) -> Self {
        Self(value.to_bytes().into())
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
pub(crate) fn sent(headers: &HeaderMap) -> Result<Format, FormFault> {
    let header = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    header.and_then(of_media_type).ok_or(FormFault::Unsupported)
}

/// The format of a media type with its parameters.
fn of_media_type(text: &str) -> Option<Format> {
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
            "fhirversion" => value == "4.0" || value == "4.0.1",
            _ => true,
        };
        if !fits {
            return None;
        }
    }
    Some(format)
}

/// The format of a `_format` parameter: a media type or one of two short words.
fn of_parameter(value: &str) -> Option<Format> {
    match value {
        "json" => Some(Format::Json),
        "xml" => Some(Format::Xml),
        // In a query a plus sign means a space; many clients forget to encode it.
        other => of_media_type(&other.replace("fhir ", "fhir+")),
    }
}

/// The best format that the `Accept` headers allow; JSON when they do not say.
fn accepted(headers: &HeaderMap) -> Option<Format> {
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
            _ => of_media_type(range),
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
        assert_eq!(accepted(&headers), expected, "{accept}");
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
        assert_eq!(of_parameter(value), expected, "{value}");
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
            assert_eq!(sent(&headers).ok(), expected, "{content_type}");
        };
        check("application/fhir+json", Some(Format::Json));
        check("application/fhir+json; charset=UTF-8", Some(Format::Json));
        check("application/fhir+json; charset=latin1", None);
        check("application/x-www-form-urlencoded", None);
        assert_eq!(sent(&HeaderMap::new()), Err(FormFault::Unsupported));
    }
}
