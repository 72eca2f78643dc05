//! What bad input gets, through the doors of a running region.

use crate::kit::{Region, code, http, mllp, result};

#[tokio::test]
async fn bad_input_is_refused_and_nothing_of_it_stays() {
    let region = Region::start(2);
    let bsn = region.bsn(0);
    let fhir = region.fhir("huisarts");
    let token = region.token("systeem-huisarts");
    let post = async |path: &str, token: &str, body: String| {
        let answer = http()
            .post(format!("{fhir}{path}"))
            .bearer_auth(token)
            .header("content-type", "application/fhir+json")
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert!(!text.contains("999900"), "no answer repeats a BSN: {text}");
        assert!(
            !text.contains("panicked") && !text.contains(".rs:"),
            "{text}"
        );
        status
    };
    let bundle = |entry: &str| {
        let good = r#"{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000001",
            "resource":{"resourceType":"Basic","code":{"text":"bad-bundle"}},
            "request":{"method":"POST","url":"Basic"}}"#;
        format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{good},{entry}]}}"#)
    };
    let long = format!(
        r#"{{"resourceType":"Patient","id":"{}"}}"#,
        "x".repeat(17 << 20)
    );
    let refused: [(&str, String, u16); 9] = [
        ("/Patient", "{".to_owned(), 400),
        (
            "/Patient",
            r#"{"resourceType":"Patient","nme":[]}"#.to_owned(),
            400,
        ),
        (
            "/Patient",
            r#"{"resourceType":"Patient","active":"yes"}"#.to_owned(),
            400,
        ),
        (
            "/Observation",
            r#"{"resourceType":"Observation","status":"final"}"#.to_owned(),
            400,
        ),
        ("/Patient", long, 413),
        (
            "",
            bundle(
                r#"{"resource":{"resourceType":"Basic"},"request":{"method":"POST","url":"Basic"}}"#,
            ),
            400,
        ),
        (
            "",
            bundle(r#"{"request":{"method":"BREW","url":"Basic"}}"#),
            400,
        ),
        (
            "/$regional-record",
            r#"{"resourceType":"Parameters"}"#.to_owned(),
            400,
        ),
        (
            "/NoSuchType",
            r#"{"resourceType":"NoSuchType"}"#.to_owned(),
            404,
        ),
    ];
    for (path, body, status) in refused {
        let start = body.chars().take(60).collect::<String>();
        let answered = post(path, &token, body).await;
        let fits = answered == status || status == 400 && answered == 422;
        assert!(fits, "{path} {start}: {answered} instead of {status}");
    }
    assert_eq!(
        count(&fhir, &token, "Basic").await,
        0,
        "nothing of a bad Bundle stays"
    );

    let get = async |path: &str| {
        let answer = http()
            .get(format!("{fhir}{path}"))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    };
    assert_eq!(get("/Patient?favourite-colour=blue").await, 400);
    assert_eq!(get("/Patient?_count=many").await, 400);
    assert_eq!(get("/Patient?_cursor=not-one").await, 400);

    for (token, what) in wrong_tokens(&region, &token) {
        assert_eq!(post("/Basic", &token, "{}".to_owned()).await, 401, "{what}");
    }

    let port = region.organisation("laboratorium")["mllp"]
        .as_str()
        .unwrap();
    let good = result(&bsn, "BAD-1", "BAD1", "77.123");
    let messages: [(String, &str, &str); 5] = [
        (good.replacen("MSH|", "XXX|", 1), "AR", "no MSH"),
        (
            good.replace("ORU^R01^ORU_R01", "ZZZ^Z99"),
            "AR",
            "an unknown trigger",
        ),
        (
            good.replace(&bsn, "999900007"),
            "AE",
            "a BSN that fails the eleven-test",
        ),
        (good.replace("PID|1|", "ZID|1|"), "AE", "no patient"),
        (
            good.replace("|NM|K^Kalium^99LIS|", "|NM||"),
            "AE",
            "a result without a code",
        ),
    ];
    for (message, expected, what) in messages {
        let answer = mllp(port, message.as_bytes()).await.unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(code(&answer), expected, "{what}: {text}");
        assert!(
            !text.contains("99990000"),
            "{what}: no acknowledgement repeats a BSN"
        );
    }
    let lab = region.token("systeem-laboratorium");
    let kept = count(
        &region.fhir("laboratorium"),
        &lab,
        "Observation?value-quantity=77.123",
    )
    .await;
    assert_eq!(kept, 0, "nothing of a refused message is in the record");
}

/// Tokens that a door must refuse, and why.
fn wrong_tokens(region: &Region, good: &str) -> Vec<(String, &'static str)> {
    let parts: Vec<&str> = good.split('.').collect();
    // {"alg":"none"} in base64url.
    let none = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let mut flipped = parts[2].to_owned();
    let first = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(..1, first);
    vec![
        (String::new(), "empty"),
        ("x".to_owned(), "not a token"),
        (none, "alg none"),
        (format!("{}.{}.", parts[0], parts[1]), "unsigned"),
        (
            format!("{}.{}.{flipped}", parts[0], parts[1]),
            "another signature",
        ),
        (region.token("systeem-ziekenhuis"), "another organisation's"),
    ]
}

async fn count(fhir: &str, token: &str, query: &str) -> u64 {
    let mark = if query.contains('?') { '&' } else { '?' };
    let answer = http()
        .get(format!("{fhir}/{query}{mark}_summary=count"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let bundle: serde_json::Value = answer.json().await.unwrap();
    bundle["total"]
        .as_u64()
        .unwrap_or_else(|| panic!("no total: {bundle}"))
}
