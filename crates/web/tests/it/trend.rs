//! The course of a test: its period, its values as a file, other units.

use fhir::json::Value;
use http::StatusCode;

use crate::kit::{GP, TestRegion};

/// Haemoglobin as a source reports it.
fn haemoglobin(at: &str, value: &str, unit: &str, title: &str) -> Value {
    let number = Value::number(value).unwrap();
    fhir::value!({
        "resourceType": "Observation",
        "status": "final",
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "laboratory"
        }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "718-7" }], "text": title },
        "effectiveDateTime": at,
        "valueQuantity": {
            "value": number, "unit": unit,
            "system": "http://unitsofmeasure.org", "code": unit
        },
        "referenceRange": [{ "low": { "value": (Value::number("7.50").unwrap()) } }]
    })
}

/// Anna's haemoglobin, now (2026-03-01), a year and six years ago.
async fn region() -> TestRegion {
    let region = TestRegion::with_patients().await;
    for (at, value, unit) in [
        ("2026-02-20T08:00:00Z", "8.10", "g/dL"),
        ("2025-01-10T08:00:00Z", "7.9", "g/dL"),
        ("2020-01-10", "85", "g/L"),
    ] {
        let resource = haemoglobin(at, value, unit, "Hemoglobine");
        region.store(GP, super::kit::ANNA, resource).await;
    }
    region
}

#[tokio::test]
async fn a_period_leaves_out_what_is_older() {
    let region = region().await;
    let mut browser = region.signed_in("anna").await;
    let path = browser
        .get("/my/record")
        .await
        .after("id=\"results\"", "href");
    assert!(path.starts_with("/my/trend/"), "{path}");
    let all = browser.get(&path).await.body;
    let rows = |body: &str| body.matches("<th scope=\"row\"").count();
    // Two in g/dL with the third converted, one in g/L with two converted.
    assert_eq!(rows(&all), 6, "{all}");
    assert!(all.contains("In g/dL") && all.contains("In g/L"));
    assert!(all.contains("class=\"converted\""));
    let year = browser.get(&format!("{path}?period=1y")).await.body;
    assert_eq!(rows(&year), 2, "{year}");
    assert!(year.contains("8,10") && !year.contains("7,9"));
    assert!(year.contains("In deze periode zijn er geen uitslagen"));
    let wrong = browser.get(&format!("{path}?period=2y")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_values_are_a_file_as_the_source_wrote_them() {
    let region = region().await;
    let attack = haemoglobin("2026-02-21T08:00:00Z", "8.0", "g/dL", "=cmd|'/c calc'!A1");
    region.store(GP, super::kit::ANNA, attack).await;
    let mut browser = region.signed_in("anna").await;
    let path = browser
        .get("/my/record")
        .await
        .after("id=\"results\"", "href");
    let page = browser.get(&path).await;
    let link = page.after("class=\"filter-row\"", "<p><a href");
    assert_eq!(link, format!("{path}/csv?period=all"));
    let file = browser.get(&format!("{path}/csv?period=5y")).await;
    assert_eq!(file.status, StatusCode::OK);
    let kind = file.headers["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/csv; charset=utf-8; header=present");
    let name = file.headers["content-disposition"].to_str().unwrap();
    assert_eq!(name, "attachment; filename=\"schakel.csv\"");
    assert_eq!(file.headers["cache-control"], "no-store");
    let lines: Vec<&str> = file.body.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "{}", file.body);
    assert!(lines[0].starts_with("\u{feff}test,part,time,value,unit,low,high,"));
    let line = "Hemoglobine,,2025-01-10T08:00:00Z,7.9,g/dL,7.50,,,,final,,http://loinc.org,718-7,\
                Huisartsenpraktijk De Wilg,1";
    assert_eq!(lines[1], line);
    assert!(lines[2].starts_with("Hemoglobine,,2026-02-20T08:00:00Z,8.10,"));
    assert!(
        lines[3].starts_with("\"'=cmd|'/c calc'!A1\",,"),
        "{}",
        lines[3]
    );
    // Nobody else's session can ask for it.
    let mut stranger = region.browser(crate::kit::REGION);
    let reply = stranger.get(&format!("{path}/csv")).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
}
