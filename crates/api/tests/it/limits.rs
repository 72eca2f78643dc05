//! The limits of the doors as a client meets them.

use api::limits::{HttpLimits, MllpLimits, Rate};
use reqwest::Method;
use serde_json::json;

use crate::kit::{self, Settings};

const HIS: &str = "his-hospital";
const BODY_BYTES_MAX: usize = 2_000;

fn settings() -> Settings {
    Settings {
        http: HttpLimits {
            body_bytes: BODY_BYTES_MAX,
            person: Rate {
                per_second: 1,
                burst: 5,
            },
            ..HttpLimits::STANDARD
        },
        mllp: MllpLimits {
            message_bytes: 4_000,
            ..MllpLimits::STANDARD
        },
        ..Settings::default()
    }
}

#[tokio::test]
async fn a_body_at_the_limit_is_read_and_one_byte_more_is_413() {
    let region = kit::start_with(settings()).await;
    let patient = |bytes: usize| {
        let empty = json!({ "resourceType": "Patient", "language": "" })
            .to_string()
            .len();
        json!({ "resourceType": "Patient", "language": "n".repeat(bytes - empty) }).to_string()
    };
    for path in [
        "/fhir/r4/Patient",
        "/fhir/r4",
        "/messages/hl7v2",
        "/messages/edifact",
    ] {
        for (bytes, is_too_large) in [(BODY_BYTES_MAX, false), (BODY_BYTES_MAX + 1, true)] {
            let request = region
                .hospital
                .ask(HIS, Method::POST, path)
                .header("content-type", "application/fhir+json")
                .body(patient(bytes));
            let status = request.send().await.unwrap().status().as_u16();
            assert_eq!(status == 413, is_too_large, "{path} {bytes}: {status}");
        }
    }
    region.close().await;
}

#[tokio::test]
async fn a_body_far_over_the_limit_is_refused_and_the_refusal_arrives() {
    let region = kit::start_with(settings()).await;
    let request = region
        .hospital
        .ask(HIS, Method::POST, "/fhir/r4/Patient")
        .header("content-type", "application/fhir+json")
        .body(vec![b' '; 50 * 1024 * 1024]);
    assert_eq!(request.send().await.unwrap().status(), 413);
    region.close().await;
}

#[tokio::test]
async fn somebody_who_asks_too_often_is_told_to_wait_and_others_are_not() {
    let region = kit::start_with(settings()).await;
    let ask = async |who: &str| {
        let response = region
            .hospital
            .ask(who, Method::GET, "/fhir/r4/Patient")
            .send()
            .await
            .unwrap();
        let wait = response
            .headers()
            .get("retry-after")
            .map(|wait| wait.to_str().unwrap().to_owned());
        (response.status().as_u16(), wait)
    };
    for _ in 0..5 {
        assert_eq!(ask("internist").await.0, 200);
    }
    assert_eq!(ask("internist").await, (429, Some("1".to_owned())));
    assert_eq!(ask("operator").await.0, 403, "somebody else");
    region.close().await;
}

#[tokio::test]
async fn a_body_without_room_among_the_others_is_503_with_the_limit_and_a_wait() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    const LARGE: usize = 200_000;
    let mut settings = settings();
    settings.http.body_bytes = LARGE;
    settings.http.bodies_bytes = LARGE;
    settings.http.bodies_wait = std::time::Duration::from_millis(1);
    let region = kit::start_with(settings).await;
    let patient = |bytes: usize| {
        let name = "n".repeat(bytes);
        json!({ "resourceType": "Patient", "name": [{ "text": name }] }).to_string()
    };
    let send = async |body: String| {
        let request = region.hospital.ask(HIS, Method::POST, "/fhir/r4/Patient");
        let request = request.header("content-type", "application/fhir+json");
        let response = request.body(body).send().await.unwrap();
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after").cloned();
        (status, wait, response.text().await.unwrap())
    };
    // One that takes all there is, of which a part is sent: it is being read
    // once the door asks for the rest.
    let asked = region
        .hospital
        .ask(HIS, Method::POST, "/fhir/r4/Patient")
        .build()
        .unwrap();
    let address = (asked.url().host_str().unwrap(), asked.url().port().unwrap());
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    let authorization = asked.headers()["authorization"].to_str().unwrap();
    let head = format!(
        "POST /fhir/r4/Patient HTTP/1.1\r\nhost: {}\r\nauthorization: {authorization}\r\n\
         content-type: application/fhir+json\r\nexpect: 100-continue\r\n\
         content-length: {LARGE}\r\n\r\n",
        address.0
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 12];
    slow.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100");

    let (status, wait, text) = send(patient(100_000)).await;
    assert_eq!((status, wait.unwrap().to_str().unwrap()), (503, "1"));
    assert!(text.contains("BODIES_BYTES_MAX"), "{text}");
    assert_eq!(send(patient(10)).await.0, 201, "a small one never waits");
    drop(slow);
    // The share of who left comes back when the door notices.
    while send(patient(100_000)).await.0 == 503 {}
    region.close().await;
}
