//! The endpoints of an own door, each as it can be called. The lists must name
//! every endpoint: a new one that is not listed here fails, so that nobody adds
//! one without saying who may call it.

use fhir::FhirVersion;

/// Methods, the path, and the path as it can be called.
type Row = (&'static str, &'static str, &'static str);

/// Beside the FHIR bases.
const DOOR: [Row; 2] = [
    ("POST", "/messages/edifact", "/messages/edifact"),
    ("POST", "/messages/hl7v2", "/messages/hl7v2"),
];

/// Below the base of every version.
const BASE: [Row; 39] = [
    (
        "GET POST",
        "/Subscription/$get-ws-binding-token",
        "/Subscription/$get-ws-binding-token",
    ),
    (
        "GET POST",
        "/Subscription/{id}/$get-ws-binding-token",
        "/Subscription/a/$get-ws-binding-token",
    ),
    ("GET POST", "", ""),
    ("POST", "/", "/"),
    ("GET POST", "/$export", "/$export"),
    ("GET", "/$export-file/{job}/{file}", "/$export-file/a/b"),
    ("GET DELETE", "/$export-status/{id}", "/$export-status/a"),
    ("POST", "/$import", "/$import"),
    ("GET POST", "/CodeSystem/$lookup", "/CodeSystem/$lookup"),
    ("GET POST", "/CodeSystem/$subsumes", "/CodeSystem/$subsumes"),
    (
        "GET POST",
        "/CodeSystem/{id}/$subsumes",
        "/CodeSystem/a/$subsumes",
    ),
    (
        "GET",
        "/Composition/{id}/$document",
        "/Composition/a/$document",
    ),
    (
        "GET POST",
        "/ConceptMap/$translate",
        "/ConceptMap/$translate",
    ),
    (
        "GET POST",
        "/ConceptMap/{id}/$translate",
        "/ConceptMap/a/$translate",
    ),
    ("GET POST", "/Group/{id}/$export", "/Group/a/$export"),
    ("GET POST", "/Observation/$lastn", "/Observation/$lastn"),
    ("GET", "/$meta", "/$meta"),
    ("GET", "/{type}/$meta", "/Patient/$meta"),
    ("GET POST", "/Patient/$export", "/Patient/$export"),
    (
        "GET POST",
        "/Patient/{id}/$everything",
        "/Patient/a/$everything",
    ),
    ("POST", "/Patient/{id}/$purge", "/Patient/a/$purge"),
    ("GET POST", "/ValueSet/$expand", "/ValueSet/$expand"),
    (
        "GET POST",
        "/ValueSet/$validate-code",
        "/ValueSet/$validate-code",
    ),
    ("GET POST", "/ValueSet/{id}/$expand", "/ValueSet/a/$expand"),
    (
        "GET POST",
        "/ValueSet/{id}/$validate-code",
        "/ValueSet/a/$validate-code",
    ),
    ("GET", "/_history", "/_history"),
    ("POST", "/_search", "/_search"),
    (
        "GET POST PUT PATCH DELETE",
        "/{type}",
        "/Patient?active=true",
    ),
    ("POST", "/{type}/$validate", "/Patient/$validate"),
    ("GET", "/{type}/_history", "/Patient/_history"),
    ("POST", "/{type}/_search", "/Patient/_search"),
    ("GET PUT PATCH DELETE", "/{type}/{id}", "/Patient/a"),
    ("GET", "/{type}/{id}/$meta", "/Patient/a/$meta"),
    ("POST", "/{type}/{id}/$meta-add", "/Patient/a/$meta-add"),
    (
        "POST",
        "/{type}/{id}/$meta-delete",
        "/Patient/a/$meta-delete",
    ),
    ("GET POST", "/{type}/{id}/$validate", "/Patient/a/$validate"),
    ("GET", "/{type}/{id}/_history", "/Patient/a/_history"),
    (
        "GET",
        "/{type}/{id}/_history/{version}",
        "/Patient/a/_history/1",
    ),
    (
        "GET",
        "/{type}/{id}/_history/{version}/$meta",
        "/Patient/a/_history/1/$meta",
    ),
];

/// Below the base of R4 only: what asks the region, and what STU3 has not.
const OF_R4: [Row; 8] = [
    (
        "GET POST",
        "/CodeSystem/$validate-code",
        "/CodeSystem/$validate-code",
    ),
    (
        "GET POST",
        "/CodeSystem/{id}/$validate-code",
        "/CodeSystem/a/$validate-code",
    ),
    ("GET POST", "/Subscription/$status", "/Subscription/$status"),
    (
        "GET POST",
        "/Subscription/{id}/$events",
        "/Subscription/a/$events",
    ),
    (
        "GET POST",
        "/Subscription/{id}/$status",
        "/Subscription/a/$status",
    ),
    ("POST", "/$access-log", "/$access-log"),
    ("POST", "/$explain-access", "/$explain-access"),
    ("POST", "/$regional-record", "/$regional-record"),
];

/// The endpoints that need a token: method, path, and the path as it can be called.
pub(crate) fn with_token() -> Vec<(&'static str, String, String)> {
    let mut all = listed("", &DOOR);
    for version in FhirVersion::ALL {
        all.extend(listed(api::base::path(version), &BASE));
    }
    all.extend(listed(api::base::path(FhirVersion::R4), &OF_R4));
    all
}

/// The endpoints that everybody may call.
pub(crate) fn open() -> Vec<(&'static str, String)> {
    let health = ["/health/live", "/health/ready"].map(str::to_owned);
    let metadata = FhirVersion::ALL.map(|version| format!("{}/metadata", api::base::path(version)));
    let sockets = FhirVersion::ALL
        .map(|version| format!("{}/$subscription-socket", api::base::path(version)));
    let all = health.into_iter().chain(metadata).chain(sockets);
    all.map(|path| ("GET", path)).collect()
}

fn listed(base: &str, rows: &[Row]) -> Vec<(&'static str, String, String)> {
    let each = |(methods, path, call): &Row| {
        let (path, call) = (format!("{base}{path}"), format!("{base}{call}"));
        methods
            .split(' ')
            .map(move |method| (method, path.clone(), call.clone()))
            .collect::<Vec<_>>()
    };
    rows.iter().flat_map(each).collect()
}
