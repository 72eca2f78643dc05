//! The register and a directory, over real mutual TLS.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri, header},
    response::{IntoResponse, Response},
};
use care::OrganisationType;
use serde_json::Value;
use trust::identity::OrganisationRecord;

use super::{
    feed::PAGES_MAX,
    mcsd::{EndpointResource, OrganizationResource},
    *,
};
use crate::{
    door::{DoorReply, DoorRequest},
    kit::{Door, Member, Region, request},
};

struct Setting {
    region: Region,
    register: AddressRegister,
    folder: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        let region = Region::new();
        let folder = tempfile::tempdir().unwrap();
        let register =
            AddressRegister::open(&folder.path().join("addressing.db"), region.clock.clone())
                .unwrap();
        Self {
            region,
            register,
            folder,
        }
    }

    async fn put(&self, peer: &Member, path: &str, body: &impl serde::Serialize) -> DoorReply {
        let body = serde_json::to_vec(body).unwrap();
        self.register
            .answer(&peer.record, request("PUT", path, &body))
            .await
    }

    async fn get(&self, peer: &Member, path: &str, query: &str) -> (u16, Value) {
        let reply = self
            .register
            .answer(
                &peer.record,
                DoorRequest {
                    query,
                    ..request("GET", path, b"")
                },
            )
            .await;
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    async fn open(&self, regional: &Member) -> Door {
        let app = Router::new()
            .fallback(forward)
            .with_state(self.register.clone());
        self.region.open_door(regional, app).await
    }
}

/// What the api room does.
async fn forward(
    State(register): State<AddressRegister>,
    Extension(caller): Extension<OrganisationRecord>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = DoorRequest {
        method: method.as_str(),
        path: uri.path().strip_prefix("/addressing/fhir/").unwrap(),
        query: uri.query().unwrap_or_default(),
        if_match: headers
            .get(header::IF_MATCH)
            .and_then(|value| value.to_str().ok()),
        body: &body,
    };
    let reply = register.answer(&caller, request).await;
    (
        axum::http::StatusCode::from_u16(reply.status).unwrap(),
        reply.body,
    )
        .into_response()
}

fn at(member: &Member, port: u16) -> Organisation {
    member.at(([127, 0, 0, 1], port).into())
}

#[tokio::test]
async fn an_organisation_writes_its_own_entry_only_and_as_it_was_admitted() {
    let setting = Setting::new();
    let pharmacy = setting.region.admit(5, OrganisationType::Pharmacy);
    let practice = setting.region.admit(1, OrganisationType::GeneralPractice);
    let own = at(&pharmacy, 1);
    let other = at(&practice, 1);
    let as_practice = Organisation {
        organisation_type: OrganisationType::GeneralPractice,
        ..own.clone()
    };
    let renamed = Organisation {
        name: "Ziekenhuis".to_owned(),
        ..own.clone()
    };
    let mut lines = Vec::new();
    for (path, organisation) in [
        ("Organization/00000005", &own),
        ("Organization/00000005", &own),
        ("Organization/00000001", &other),
        ("Organization/00000001", &own),
        ("Organization/00000005", &other),
        ("Organization/00000005", &as_practice),
        ("Organization/00000005", &renamed),
    ] {
        let reply = setting
            .put(&pharmacy, path, &OrganizationResource::of(organisation))
            .await;
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let text = body["issue"][0]["diagnostics"]
            .as_str()
            .unwrap_or("stored")
            .to_owned();
        lines.push(format!("{} {text}", reply.status));
    }
    for (path, organisation) in [
        ("Endpoint/00000005-fhir-r4", &own),
        ("Endpoint/00000001-fhir-r4", &other),
    ] {
        let reply = setting
            .put(&pharmacy, path, &EndpointResource::of(organisation))
            .await;
        lines.push(format!("{} {path}", reply.status));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    201 stored
    200 stored
    403 an organisation writes its own entry only
    400 the id is not that of the URL
    403 an organisation writes its own entry only
    422 the name and the type are those of the certificate
    422 the name and the type are those of the certificate
    201 Endpoint/00000005-fhir-r4
    403 Endpoint/00000001-fhir-r4
    "#);
    let (_, all) = setting.get(&practice, "Organization", "").await;
    assert_eq!(all["entry"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn versions_conflict_and_unknown_parameters_are_refused() {
    let setting = Setting::new();
    let practice = setting.region.admit(1, OrganisationType::GeneralPractice);
    let put = async |port: u16, if_match: Option<&str>| {
        let body = serde_json::to_vec(&EndpointResource::of(&at(&practice, port))).unwrap();
        let request = request("PUT", "Endpoint/00000001-fhir-r4", &body);
        let reply = setting
            .register
            .answer(
                &practice.record,
                DoorRequest {
                    if_match,
                    ..request
                },
            )
            .await;
        (reply.status, reply.etag)
    };
    let version = |number: u8| Some(format!("W/\"{number}\""));
    assert_eq!(put(1, None).await, (201, version(1)));
    assert_eq!(put(1, None).await, (200, version(1)));
    assert_eq!(put(2, Some("W/\"1\"")).await, (200, version(2)));
    assert_eq!(put(3, Some("W/\"1\"")).await.0, 412);
    assert_eq!(put(3, Some("1")).await.0, 400);
    for (path, query, expected) in [
        ("Endpoint", "", 200),
        ("Endpoint", "_count=1", 200),
        ("Endpoint", "_count=0", 400),
        ("Endpoint", "_count=x", 400),
        ("Endpoint", "name=x", 400),
        ("Endpoint", "_since=2026-03-02T09:00:00Z", 400),
        ("Endpoint/_history", "_since=2026-03-02T09:00:00Z", 200),
        ("Endpoint/_history", "_since=yesterday", 400),
        ("Endpoint/00000001-fhir-r4", "", 200),
        ("Endpoint/00000002-fhir-r4", "", 404),
        ("Patient", "", 404),
    ] {
        assert_eq!(
            setting.get(&practice, path, query).await.0,
            expected,
            "{path}?{query}"
        );
    }
    let reply = setting
        .register
        .answer(&practice.record, request("DELETE", "Endpoint/1", b""))
        .await;
    assert_eq!(reply.status, 405);
}

#[tokio::test]
async fn a_directory_takes_in_everything_and_then_what_changed() {
    let setting = Setting::new();
    let regional = setting
        .region
        .admit(9, OrganisationType::RegionalOrganisation);
    let door = setting.open(&regional).await;
    let mut members = Vec::new();
    // More than one page of each kind.
    for number in 1..=(PAGE_ENTRIES_MAX as u32 + 1) {
        members.push(
            setting
                .region
                .admit(number + 100, OrganisationType::Hospital),
        );
    }
    for member in &members {
        let own = at(member, 1);
        let path = format!("Organization/{}", own.ura);
        assert_eq!(
            setting
                .put(member, &path, &OrganizationResource::of(&own))
                .await
                .status,
            201
        );
        let path = format!("Endpoint/{}-fhir-r4", own.ura);
        assert_eq!(
            setting
                .put(member, &path, &EndpointResource::of(&own))
                .await
                .status,
            201
        );
    }
    let feed = |member: &Member| {
        Arc::new(RegionalAddresses::new(
            member.peers.clone(),
            door.organisation.address(),
        ))
    };
    let directory = Directory::new(feed(&members[0]));
    assert!(directory.organisations().is_empty());
    directory.refresh().await.unwrap();
    assert_eq!(directory.organisations().len(), members.len());
    assert_eq!(directory.find(members[3].ura()), Some(at(&members[3], 1)));

    // One moves, one joins, one leaves.
    let moved = at(&members[3], 7);
    Directory::new(feed(&members[3]))
        .publish(&moved)
        .await
        .unwrap();
    let newcomer = setting.region.admit(900, OrganisationType::HomeCare);
    Directory::new(feed(&newcomer))
        .publish(&at(&newcomer, 8))
        .await
        .unwrap();
    let mut leaving = OrganizationResource::of(&at(&members[5], 1));
    leaving.active = false;
    let path = format!("Organization/{}", members[5].ura());
    assert_eq!(setting.put(&members[5], &path, &leaving).await.status, 200);
    assert_eq!(
        directory.find(members[3].ura()),
        Some(at(&members[3], 1)),
        "not asked at run time"
    );
    directory.refresh().await.unwrap();
    assert_eq!(directory.find(members[3].ura()), Some(moved));
    assert_eq!(directory.find(newcomer.ura()), Some(at(&newcomer, 8)));
    assert_eq!(directory.find(members[5].ura()), None);
    assert_eq!(directory.organisations().len(), members.len());

    // Without the register the replica stays.
    drop(door);
    assert!(directory.refresh().await.is_err());
    assert_eq!(directory.organisations().len(), members.len());
}

#[tokio::test]
async fn so_many_pages_of_a_register_are_read_and_one_more_is_refused() {
    let region = Region::new();
    let regional = region.admit(1, OrganisationType::RegionalOrganisation);
    let asker = region.admit(2, OrganisationType::Hospital);
    for (pages, is_read) in [(PAGES_MAX, true), (PAGES_MAX + 1, false)] {
        // Each page leads to the next, as many as there are.
        let page = async move |uri: Uri| {
            let kind = uri
                .path()
                .split('/')
                .find(|part| *part == "Organization" || *part == "Endpoint");
            let number = uri.query().and_then(|query| query.strip_prefix("page="));
            let number = number.map_or(1, |number| number.parse::<usize>().unwrap());
            let next = (number < pages).then(|| {
                serde_json::json!({
                    "relation": "next",
                    "url": format!("{}?page={}", kind.unwrap(), number + 1)
                })
            });
            let links: Vec<Value> = next.into_iter().collect();
            axum::Json(serde_json::json!({
                "resourceType": "Bundle",
                "meta": { "lastUpdated": "2026-03-02T09:00:00Z" },
                "link": links
            }))
        };
        let app = Router::new().fallback(page);
        let door = region.open_door(&regional, app).await;
        let feed = RegionalAddresses::new(asker.peers.clone(), door.organisation.address());
        match feed.all().await {
            Ok(_) => assert!(is_read, "{pages}"),
            Err(AddressError::TooMany) => assert!(!is_read, "{pages}"),
            Err(error) => panic!("{pages}: {error}"),
        }
    }
}

#[tokio::test]
async fn the_register_survives_a_restart() {
    let setting = Setting::new();
    let practice = setting.region.admit(1, OrganisationType::GeneralPractice);
    let own = at(&practice, 1);
    setting
        .put(
            &practice,
            "Organization/00000001",
            &OrganizationResource::of(&own),
        )
        .await;
    let (_, before) = setting.get(&practice, "Organization/_history", "").await;
    let path = setting.folder.path().join("addressing.db");
    let again = AddressRegister::open(&path, setting.region.clock.clone()).unwrap();
    let reply = again
        .answer(
            &practice.record,
            request("GET", "Organization/_history", b""),
        )
        .await;
    assert_eq!(
        serde_json::from_slice::<Value>(&reply.body).unwrap(),
        before
    );
}

#[tokio::test(start_paused = true)]
async fn a_directory_of_configured_addresses_keeps_itself_fresh() {
    let practice = Region::new().admit(1, OrganisationType::GeneralPractice);
    let own = at(&practice, 1);
    let directory = Arc::new(Directory::new(Arc::new(ConfiguredAddresses(vec![
        own.clone(),
    ]))));
    let fresh = directory.clone();
    let task = tokio::spawn(async move {
        fresh.keep_fresh(None, REFRESH_INTERVAL).await;
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(directory.organisations(), [own]);
    task.abort();
}
