//! A combined record of about 500 resources from seven sources, all of which
//! answer. No history of the demo is that long, so some people get conditions
//! at every organisation, through its own door, before anybody asks.

use std::time::Duration;

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{
    records::{Measured, ask, row},
    region::Region,
    table::Table,
    visit::choose,
};

const ORGANISATIONS: [&str; 7] = [
    "huisarts",
    "huisartsenpost",
    "laboratorium",
    "ziekenhuis",
    "apotheek",
    "thuiszorg",
    "ggz",
];
/// How many people; each is asked for the first time once.
const PATIENTS: usize = 24;
/// The people before these choose and withdraw in another measurement.
const FIRST: usize = 20;
/// Conditions that a person gets at each organisation.
const CONDITIONS: usize = 55;
/// How long the registrations at the index get.
const REGISTRATION: Duration = Duration::from_secs(3);

pub(crate) async fn measure(region: &Region, table: &mut Table) -> anyhow::Result<()> {
    let all = region.demo["patients"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let treated = |patient: &Value| {
        let sources = patient["sources"].as_array().into_iter().flatten();
        sources.into_iter().any(|source| source == "ziekenhuis")
    };
    let chosen: Vec<(usize, &str)> = (1..)
        .zip(all)
        .skip(FIRST)
        .filter(|(_, patient)| treated(patient))
        .filter_map(|(number, patient)| Some((number, patient["bsn"].as_str()?)))
        .take(PATIENTS)
        .collect();
    for (number, _) in &chosen {
        let patient = format!("patient-{number:03}");
        choose(region, &patient, "no-one").await?;
        choose(region, &patient, "everyone").await?;
    }
    for organisation in ORGANISATIONS {
        let token = region.token(&format!("systeem-{organisation}"))?;
        for (number, bsn) in &chosen {
            add(region, organisation, &token, *number, bsn).await?;
        }
    }
    tokio::time::sleep(REGISTRATION).await;
    let token = region.token("internist-akkerhof")?;
    for (turn, what) in [(0, "first time"), (1, "again")] {
        let mut measured: Vec<Measured> = Vec::new();
        for (_, bsn) in &chosen {
            measured.extend(ask(region, &token, bsn).await?);
        }
        row(
            table,
            &format!("combined record over seven sources, {what}"),
            measured.iter(),
            turn == 0,
        );
    }
    Ok(())
}

/// Writes the conditions of one person at one organisation.
async fn add(
    region: &Region,
    organisation: &str,
    token: &str,
    patient: usize,
    bsn: &str,
) -> anyhow::Result<()> {
    let person = "urn:uuid:7d3f1c52-0d3b-4b8e-9c1e-0a5e6f0b1c2d";
    let mut entries = vec![json!({
        "fullUrl": person,
        "resource": {"resourceType": "Patient", "identifier": [
            {"system": care::Bsn::SYSTEM, "value": bsn}]},
        "request": {"method": "POST", "url": "Patient",
            "ifNoneExist": format!("identifier={}|{bsn}", care::Bsn::SYSTEM)},
    })];
    for number in 0..CONDITIONS {
        let (year, month) = (2008 + number % 18, 1 + (patient + number) % 12);
        entries.push(json!({
            "resource": {
                "resourceType": "Condition",
                "clinicalStatus": {"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active"}]},
                "code": {"coding": [{
                    "system": "urn:oid:2.16.840.1.113883.2.4.4.31.1",
                    "code": format!("X{number:02}")}],
                    "text": format!("Aandoening {number} ({organisation})")},
                "subject": {"reference": person},
                "recordedDate": format!("{year}-{month:02}-01"),
            },
            "request": {"method": "POST", "url": "Condition"},
        }));
    }
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    let answer = region
        .http
        .post(region.text(organisation, "fhir"))
        .bearer_auth(token)
        .header("content-type", "application/fhir+json")
        .body(bundle.to_string())
        .send()
        .await?;
    ensure!(
        answer.status().is_success(),
        "{organisation} answers {}",
        answer.status()
    );
    Ok(())
}
