//! The CapabilityStatement is walked, and everything that it claims is tried.

use fhir::FhirVersion;
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, Member};

const HIS: &str = "his-hospital";
const FHIR: &str = "application/fhir+json";

/// How many requests are under way at once.
const AT_ONCE: usize = 32;

/// The base of a member in one version.
#[derive(Clone, Copy)]
struct Base<'a> {
    member: &'a Member,
    version: FhirVersion,
}

impl Base<'_> {
    fn ask(self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let path = format!("{}{path}", api::base::path(self.version));
        self.member.ask(HIS, method, &path)
    }
}

async fn send(base: Base<'_>, method: Method, path: &str, body: &str) -> (u16, String) {
    let mut request = base.ask(method, path);
    if !body.is_empty() {
        request = request.header("content-type", FHIR).body(body.to_owned());
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn codes(list: &Value) -> Vec<&str> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

/// A value that a search parameter of this kind can take.
fn value(version: FhirVersion, resource_type: &str, name: &str, kind: &str) -> String {
    let parameter = fhir::search::parameter_in(version, resource_type, name).unwrap();
    match kind {
        "number" | "quantity" => "1".to_owned(),
        "date" => "2020".to_owned(),
        "reference" => {
            let target = parameter.targets.first().unwrap_or(&"Patient");
            format!("{target}/x")
        }
        "uri" => "urn:x".to_owned(),
        "composite" => {
            let parts = parameter
                .components
                .iter()
                .map(|part| match part.kind.code() {
                    "number" | "quantity" => "1",
                    "date" => "2020",
                    "reference" => "Patient/x",
                    _ => "x",
                });
            parts.collect::<Vec<_>>().join("$")
        }
        _ => "x".to_owned(),
    }
}

/// What is tried of a resource type: method, path, body and the statuses that
/// say that it is there.
fn tries(version: FhirVersion, claim: &Value) -> Vec<(Method, String, String, Vec<u16>)> {
    let name = claim["type"].as_str().unwrap();
    let bare = format!(r#"{{"resourceType":"{name}"}}"#);
    let with_id = format!(r#"{{"resourceType":"{name}","id":"made"}}"#);
    let patch = r#"{"resourceType":"Parameters"}"#;
    let mut tries = Vec::new();
    let mut add = |method: Method, rest: &str, body: &str, expected: &[u16]| {
        tries.push((
            method,
            format!("/{name}{rest}"),
            body.to_owned(),
            expected.to_vec(),
        ));
    };
    for code in codes(&claim["interaction"]) {
        match code {
            "read" => add(Method::GET, "/absent", "", &[404]),
            "vread" => add(Method::GET, "/absent/_history/1", "", &[404]),
            "history-instance" => add(Method::GET, "/absent/_history", "", &[404]),
            "history-type" => add(Method::GET, "/_history?_count=1", "", &[200]),
            "search-type" => add(Method::GET, "?_count=0&_total=accurate", "", &[200]),
            // Most types have elements that must be there: that is judged, so it is heard.
            "create" => add(Method::POST, "", &bare, &[201, 400, 422]),
            "update" => add(Method::PUT, "/made", &with_id, &[201, 400, 422]),
            "patch" => add(Method::PATCH, "/absent", patch, &[404]),
            "delete" => add(Method::DELETE, "/absent", "", &[204]),
            other => panic!("{name}: nobody tries {other}"),
        }
    }
    for parameter in claim["searchParam"].as_array().unwrap() {
        let code = parameter["name"].as_str().unwrap();
        let value = value(version, name, code, parameter["type"].as_str().unwrap());
        add(
            Method::GET,
            &format!("?{code}={value}&_count=1"),
            "",
            &[200],
        );
    }
    for operation in claim["operation"].as_array().into_iter().flatten() {
        let operation = operation["name"].as_str().unwrap();
        add(Method::PUT, &place_of(name, operation), "", &[405]);
    }
    tries
}

/// Where an operation on a type is, below the type. Only where there is one is
/// another method the wrong one. Some are on the type alone.
fn place_of(resource_type: &str, operation: &str) -> String {
    let place = match (resource_type, operation) {
        ("CodeSystem", "lookup") | ("Patient", "export") | ("Observation", "lastn") => "",
        _ => "/a",
    };
    format!("{place}/${operation}")
}

/// The operations that are named at the base: in STU3 those on types too.
fn operations_at_the_base(rest: &Value) -> Vec<(Method, String, String, Vec<u16>)> {
    let operations = rest["operation"].as_array().unwrap();
    let tried = operations.iter().map(|operation| {
        let name = operation["name"].as_str().unwrap();
        let definition = &operation["definition"];
        let definition = definition.as_str().or(definition["reference"].as_str());
        let (_, defined) = definition.unwrap().rsplit_once('/').unwrap();
        let of = match defined.strip_suffix(name).unwrap().trim_end_matches('-') {
            "patient" => "Patient",
            "group" => "Group",
            "Resource" => "Basic",
            "backport-subscription" => "Subscription",
            of => of,
        };
        let path = match of {
            "" => format!("/${name}"),
            of => format!("/{of}{}", place_of(of, name)),
        };
        (Method::PUT, path, String::new(), vec![405])
    });
    tried.collect()
}

#[tokio::test]
async fn every_claim_about_every_resource_type_holds() {
    let region = kit::start().await;
    for (version, types, tries) in [
        (FhirVersion::R4, 144, 3_000),
        (FhirVersion::Stu3, 115, 2_000),
    ] {
        let member = &region.hospital;
        every_claim_holds(Base { member, version }, types, tries).await;
    }
    region.close().await;
}

async fn every_claim_holds(base: Base<'_>, types: usize, tries_min: usize) {
    let version = base.version;
    let (_, statement) = send(base, Method::GET, "/metadata", "").await;
    let statement: Value = serde_json::from_str(&statement).unwrap();
    assert_eq!(statement["fhirVersion"], version.number());
    let claims = statement["rest"][0]["resource"].as_array().unwrap();
    assert_eq!(claims.len(), types);
    let mut tries: Vec<_> = claims
        .iter()
        .flat_map(|claim| tries(version, claim))
        .collect();
    tries.extend(operations_at_the_base(&statement["rest"][0]));
    assert!(tries.len() > tries_min, "{version}: {}", tries.len());
    let wrong: Vec<String> = stream::iter(tries)
        .map(|(method, path, body, expected)| async move {
            let (status, answer) = send(base, method.clone(), &path, &body).await;
            (!expected.contains(&status)).then(|| format!("{method} {path}: {status} {answer}"))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} of them: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
}

#[tokio::test]
async fn formats_conditions_and_the_base_are_as_claimed() {
    let region = kit::start().await;
    for version in FhirVersion::ALL {
        let member = &region.hospital;
        formats_and_conditions_are_as_claimed(Base { member, version }).await;
    }
    region.close().await;
}

async fn formats_and_conditions_are_as_claimed(base: Base<'_>) {
    let (_, statement) = send(base, Method::GET, "/metadata", "").await;
    let statement: Value = serde_json::from_str(&statement).unwrap();
    for format in statement["format"].as_array().unwrap() {
        let format = format.as_str().unwrap().replace('+', "%2B");
        let path = format!("/Basic?_format={format}");
        assert_eq!(send(base, Method::GET, &path, "").await.0, 200, "{format}");
    }
    for code in codes(&statement["rest"][0]["interaction"]) {
        let (status, answer) = match code {
            "transaction" | "batch" => {
                let bundle = json!({ "resourceType": "Bundle", "type": code });
                send(base, Method::POST, "", &bundle.to_string()).await
            }
            "search-system" => send(base, Method::GET, "?_type=Basic", "").await,
            "history-system" => send(base, Method::GET, "/_history", "").await,
            other => panic!("nobody tries {other}"),
        };
        assert_eq!(status, 200, "{code}: {answer}");
    }
    let claim = statement["rest"][0]["resource"]
        .as_array()
        .unwrap()
        .iter()
        .find(|claim| claim["type"] == "Basic")
        .unwrap();
    let basic = |code: &str| {
        let code = json!({ "coding": [{ "system": "urn:x", "code": code }] });
        json!({ "resourceType": "Basic", "code": code }).to_string()
    };
    assert!(claim["updateCreate"] == true && claim["conditionalUpdate"] == true);
    let found = "/Basic?code=urn:x%7Ca";
    assert_eq!(send(base, Method::PUT, found, &basic("a")).await.0, 201);
    assert_eq!(send(base, Method::PUT, found, &basic("a")).await.0, 200);
    assert_eq!(claim["conditionalCreate"], true);
    let request = base
        .ask(Method::POST, "/Basic")
        .header("content-type", FHIR)
        .header("if-none-exist", "code=urn:x|a")
        .body(basic("a"));
    assert_eq!(request.send().await.unwrap().status(), 200);

    let operation = r#"<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="delete"/></part><part><name value="path"/><valueString value="Basic.author"/></part></parameter></Parameters>"#;
    for format in statement["patchFormat"].as_array().unwrap() {
        let format = format.as_str().unwrap();
        let body = match format {
            "application/json-patch+json" => {
                r#"[{"op":"test","path":"/resourceType","value":"Basic"}]"#.to_owned()
            }
            "application/fhir+json" => {
                json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": [
                { "name": "type", "valueCode": "delete" },
                { "name": "path", "valueString": "Basic.author" }
            ] }] })
                .to_string()
            }
            _ => operation.to_owned(),
        };
        let request = base
            .ask(Method::PATCH, found)
            .header("content-type", format)
            .body(body);
        assert_eq!(request.send().await.unwrap().status(), 200, "{format}");
    }
    assert_eq!(claim["conditionalDelete"], "single");
    assert_eq!(send(base, Method::POST, "/Basic", &basic("a")).await.0, 201);
    assert_eq!(
        send(base, Method::DELETE, found, "").await.0,
        412,
        "two are found"
    );
    assert_eq!(send(base, Method::PUT, found, &basic("a")).await.0, 412);
}
