//! Every endpoint of both doors, tried with no credential and with the wrong
//! ones. The lists below and in `own_paths` must name every endpoint: a new one
//! that is not listed fails, so that nobody adds one without saying who may call it.

use std::collections::BTreeSet;

use api::{
    Credential, Endpoint,
    limits::{HttpLimits, Rate},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::OrganisationType;
use reqwest::{Client, Method};

use crate::{
    kit::{self, Region, http},
    own_paths,
};

/// The endpoints of a node door that need a token besides the certificate.
const NODE_WITH_TOKEN: [(&str, &str); 2] = [("POST", "/fhir/r4"), ("POST", "/fhir/r4/$access-log")];

/// The endpoints of a node door that need the certificate, and whether an
/// organisation that runs no service has them.
const NODE: [(&str, &str, &str, bool); 16] = [
    ("POST", "/oauth/token", "/oauth/token", true),
    ("GET", "/status", "/status", true),
    ("POST", "/consent/invalidated", "/consent/invalidated", true),
    (
        "POST",
        "/consent/closed-question",
        "/consent/closed-question",
        false,
    ),
    (
        "POST",
        "/consent/open-question",
        "/consent/open-question",
        false,
    ),
    ("POST", "/consent/lease", "/consent/lease", false),
    ("POST", "/pseudonym/evaluate", "/pseudonym/evaluate", false),
    ("POST", "/localisation/fhir", "/localisation/fhir", false),
    (
        "POST",
        "/localisation/fhir/List",
        "/localisation/fhir/List",
        false,
    ),
    (
        "POST",
        "/localisation/fhir/List/_search",
        "/localisation/fhir/List/_search",
        false,
    ),
    (
        "POST",
        "/localisation/fhir/List/_withdraw",
        "/localisation/fhir/List/_withdraw",
        false,
    ),
    (
        "DELETE",
        "/localisation/fhir/List/{id}",
        "/localisation/fhir/List/1",
        false,
    ),
    (
        "GET",
        "/addressing/fhir/{type}",
        "/addressing/fhir/Organization",
        false,
    ),
    (
        "GET",
        "/addressing/fhir/{type}/_history",
        "/addressing/fhir/Organization/_history",
        false,
    ),
    (
        "GET",
        "/addressing/fhir/{type}/{id}",
        "/addressing/fhir/Organization/1",
        false,
    ),
    (
        "PUT",
        "/addressing/fhir/{type}/{id}",
        "/addressing/fhir/Organization/1",
        false,
    ),
];

fn of(endpoints: &[Endpoint], credential: Credential) -> BTreeSet<(String, &str)> {
    endpoints
        .iter()
        .filter(|endpoint| endpoint.credential == credential)
        .map(|endpoint| (endpoint.method.to_string(), endpoint.path.as_str()))
        .collect()
}

fn listed<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> BTreeSet<(String, &'a str)> {
    rows.into_iter()
        .map(|(method, path)| (method.to_owned(), path))
        .collect()
}

#[test]
fn every_endpoint_is_listed_with_its_credential() {
    let own = api::own::endpoints();
    let open = own_paths::open();
    let open = open.iter().map(|(method, path)| (*method, path.as_str()));
    assert_eq!(of(&own, Credential::Nothing), listed(open));
    let with_token = own_paths::with_token();
    let with_token = with_token
        .iter()
        .map(|(method, path, _)| (*method, path.as_str()));
    assert_eq!(of(&own, Credential::Bearer), listed(with_token));
    assert!(of(&own, Credential::Peer).is_empty());
    assert!(of(&own, Credential::PeerAndToken).is_empty());
    let node = api::node::endpoints();
    assert_eq!(
        of(&node, Credential::Peer),
        listed(NODE.map(|(method, path, ..)| (method, path)))
    );
    assert_eq!(of(&node, Credential::PeerAndToken), listed(NODE_WITH_TOKEN));
    assert!(of(&node, Credential::Nothing).is_empty());
    assert!(of(&node, Credential::Bearer).is_empty());
}

/// A token that says something else than what was signed.
fn tampered(token: &str) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let claims = URL_SAFE_NO_PAD.decode(&parts[1]).unwrap();
    let claims = String::from_utf8(claims)
        .unwrap()
        .replace("internist", "operator");
    parts[1] = URL_SAFE_NO_PAD.encode(claims);
    parts.join(".")
}

/// The same claims, unsigned.
fn unsigned(token: &str, algorithm: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(header))
}

/// Tokens that no own door of the hospital may take.
fn wrong_tokens(region: &Region) -> Vec<(&'static str, String)> {
    let good = region.hospital.token("internist");
    vec![
        ("expired", region.hospital.expired_token("internist")),
        ("of another organisation", region.practice.token("gp")),
        (
            "of a patient of another organisation",
            region.regional.token("patient"),
        ),
        ("alg none", unsigned(&good, "none")),
        ("alg None", unsigned(&good, "None")),
        ("alg HS256 without a signature", unsigned(&good, "HS256")),
        (
            "without its signature",
            good.rsplit_once('.').unwrap().0.to_owned() + ".",
        ),
        ("tampered", tampered(&good)),
        ("cut off", good[..good.len() - 1].to_owned()),
        ("no token at all", "x".to_owned()),
    ]
}

async fn status_and_body(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

#[tokio::test]
async fn an_own_door_opens_with_a_valid_token_of_its_own_only() {
    // More guesses come from here than a door answers from one place.
    let many = Rate {
        per_second: 10_000,
        burst: 10_000,
    };
    let settings = kit::Settings {
        http: HttpLimits {
            refusals: many,
            ..HttpLimits::STANDARD
        },
        ..kit::Settings::default()
    };
    let region = kit::start_with(settings).await;
    let own = &region.hospital.own;
    let mut wrong = vec![("none", None)];
    wrong.extend(
        wrong_tokens(&region)
            .into_iter()
            .map(|(what, token)| (what, Some(token))),
    );
    let mut bodies = BTreeSet::new();
    for (name, _, path) in own_paths::with_token() {
        for (what, token) in &wrong {
            let mut request = http().request(method(name), format!("{own}{path}"));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let (status, body) = status_and_body(request).await;
            assert_eq!(status, 401, "{name} {path}, {what}: {body}");
            if !path.contains("_format") {
                bodies.insert(body);
            }
        }
        let good = region.hospital.ask("internist", method(name), &path);
        let (status, body) = status_and_body(good).await;
        assert_ne!(status, 401, "{name} {path}: {body}");
    }
    assert_eq!(bodies.len(), 1, "all refusals are alike: {bodies:?}");
    for (name, path) in own_paths::open() {
        let (status, _) =
            status_and_body(http().request(method(name), format!("{own}{path}"))).await;
        // What this is for begins with an upgrade.
        let expected = if path.ends_with("-socket") { 400 } else { 200 };
        assert_eq!(status, expected, "{name} {path}");
    }
    region.close().await;
}

#[tokio::test]
async fn a_node_door_opens_with_a_certificate_of_the_region_only() {
    let region = kit::start().await;
    let nobody = Client::builder()
        .danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let peer = region.as_peer(&region.practice);
    let token = region.hospital.token("internist");
    for (name, _, path, everywhere) in NODE {
        let url = |door: &str| format!("{door}{path}");
        let without = nobody
            .request(method(name), url(&region.hospital.node_door))
            .send()
            .await;
        assert!(without.is_err(), "{name} {path} without a certificate");
        let (status, _) =
            status_and_body(peer.request(method(name), url(&region.hospital.node_door))).await;
        assert_eq!(
            status == 404,
            !everywhere,
            "{name} {path} at a hospital: {status}"
        );
        let (status, _) =
            status_and_body(peer.request(method(name), url(&region.regional.node_door))).await;
        assert_ne!(status, 401, "{name} {path} at the regional organisation");
    }
    for (name, path) in NODE_WITH_TOKEN {
        let url = format!("{}{path}", region.hospital.node_door);
        assert!(nobody.request(method(name), &url).send().await.is_err());
        let (status, _) = status_and_body(peer.request(method(name), &url)).await;
        assert_eq!(status, 401, "{name} {path} without a token");
        let own_token = peer.request(method(name), &url).bearer_auth(&token);
        assert_eq!(
            status_and_body(own_token).await.0,
            401,
            "{name} {path}, token of the own door"
        );
    }
    region.close().await;
}

#[tokio::test]
async fn what_a_door_does_not_have_looks_the_same_everywhere() {
    let region = kit::start().await;
    let mut bodies = BTreeSet::new();
    for path in [
        "/fhir",
        "/fhir/r5/Patient",
        "/fhir/r4/a/b/c/d/e",
        "/messages/x",
        "/health",
    ] {
        let request = region.hospital.ask("his-hospital", Method::GET, path);
        let (status, body) = status_and_body(request).await;
        if status == 404 && !body.is_empty() {
            bodies.insert(body);
        }
        assert_eq!(status, 404, "{path}");
    }
    for path in [
        "/fhir/r4/Unknown/a",
        "/fhir/r4/Patient/absent",
        "/fhir/r4/Patient/a%2F..%2Fb",
    ] {
        let request = region.hospital.ask("his-hospital", Method::GET, path);
        let (status, body) = status_and_body(request).await;
        assert_eq!(status, 404, "{path}: {body}");
        bodies.insert(body);
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let wrong = region
        .hospital
        .ask("his-hospital", Method::POST, "/fhir/r4/Patient/a");
    assert_eq!(status_and_body(wrong).await.0, 405);
    let preflight = http()
        .request(Method::OPTIONS, format!("{}/Patient", region.hospital.fhir))
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "GET")
        .send()
        .await
        .unwrap();
    assert!(!preflight.status().is_success());
    assert!(
        !preflight
            .headers()
            .contains_key("access-control-allow-origin")
    );
    region.close().await;
}

#[tokio::test]
async fn only_the_regional_organisation_hears_how_a_node_does() {
    let region = kit::start().await;
    let url = format!("{}/status", region.hospital.node_door);
    let neighbour = region.as_peer(&region.practice);
    assert_eq!(status_and_body(neighbour.get(&url)).await.0, 403);
    let newcomer = region.newcomer("90000299", OrganisationType::Pharmacy);
    assert_eq!(
        status_and_body(region.with_certificate(&newcomer).get(&url))
            .await
            .0,
        403
    );
    let regional = region.as_peer(&region.regional);
    assert_eq!(status_and_body(regional.get(&url)).await.0, 200);
    region.close().await;
}

#[tokio::test]
async fn a_credential_that_was_once_ours_leaves_an_audit_line_and_a_guess_does_not() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let lines = async || {
        hospital
            .node
            .store()
            .audit_lines(0, 1_000)
            .await
            .unwrap()
            .len()
    };
    let ask = async |token: &str| {
        let request = http()
            .get(format!("{}/Patient", hospital.fhir))
            .bearer_auth(token);
        assert_eq!(status_and_body(request).await.0, 401);
    };
    let before = lines().await;
    ask("guess").await;
    ask(&unsigned(&hospital.token("internist"), "none")).await;
    assert_eq!(lines().await, before);
    ask(&hospital.expired_token("internist")).await;
    assert_eq!(lines().await, before + 1);
    let peer = region.as_peer(&region.practice);
    let guess = peer
        .post(format!("{}/fhir/r4", hospital.node_door))
        .bearer_auth("guess");
    assert_eq!(status_and_body(guess).await.0, 401);
    assert_eq!(lines().await, before + 2, "a peer is known by name");
    region.close().await;
}
