//! Every route without a session, with the wrong role, and with forms that are
//! not ours.

use http::{StatusCode, header};

use crate::kit::{HOSPITAL, REGION, TestRegion};

/// The routes that need nobody signed in.
const OPEN: [&str; 5] = [
    "/",
    "/sign-in",
    "/sign-in/people",
    "/language",
    "/static/{file}",
];

fn filled(path: &str) -> String {
    path.replace("{holder}", "RPZAC001").replace(['{', '}'], "")
}

#[tokio::test]
async fn no_page_opens_without_a_session() {
    let region = TestRegion::new();
    for (method, path) in web::ROUTES {
        let mut browser = region.browser(REGION);
        browser.get("/").await;
        let reply = if *method == "GET" {
            browser.get(&filled(path)).await
        } else {
            let form = [
                ("language", "en"),
                ("name", ""),
                ("bsn", ""),
                ("pending", ""),
            ];
            browser.post(&filled(path), &form).await
        };
        if !OPEN.contains(path) && *path != "/sign-out" {
            assert_eq!(
                reply.status,
                StatusCode::SEE_OTHER,
                "{method} {path}: {}",
                reply.body
            );
            assert_eq!(reply.location(), "/", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn no_page_opens_for_the_wrong_role() {
    let region = TestRegion::with_patients().await;
    let whose = |path: &str| match path {
        path if path.starts_with("/patient") => &["internist", "verpleegkundige"][..],
        path if path.starts_with("/my") => &["anna"][..],
        path if path.starts_with("/region") => &["coordinator"][..],
        path if path.starts_with("/messages") || path.starts_with("/checks") => &["beheer"][..],
        _ => &[][..],
    };
    for slug in ["internist", "anna", "coordinator", "beheer"] {
        let mut browser = region.signed_in(slug).await;
        for (method, path) in web::ROUTES {
            let allowed = whose(path);
            if allowed.is_empty() || allowed.contains(&slug) {
                continue;
            }
            let reply = if *method == "GET" {
                browser.get(&filled(path)).await
            } else {
                let form = [("bsn", "999911119"), ("reason", "x"), ("pending", "x")];
                browser.post(&filled(path), &form).await
            };
            assert_eq!(
                reply.status,
                StatusCode::FORBIDDEN,
                "{slug}: {method} {path}"
            );
            assert!(
                reply.body.contains("Dit mag u niet zien"),
                "{slug}: {method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let region = TestRegion::new();
    let mut browser = region.signed_in("internist").await;
    let token = browser.token.clone().unwrap();
    let form = [("bsn", "999911119")];
    let own = Some("http://localhost:8081");
    for (token, origin) in [
        ("", own),
        ("elders", own),
        (&token, Some("http://localhost:9999")),
        (&token, Some("null")),
    ] {
        let reply = browser.post_with("/patients", token, &form, origin).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{origin:?}");
        assert!(reply.body.contains("Dit formulier is verlopen"));
    }
    let reply = browser.post_with("/patients", &token, &form, own).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_token_of_nobody_is_worth_nothing_to_a_stranger() {
    let region = TestRegion::new();
    let mut known = region.browser(HOSPITAL);
    known.get("/").await;
    let token = known.token.clone().unwrap();
    let mut stranger = region.browser(HOSPITAL);
    let reply = stranger
        .post_with("/sign-in", &token, &[("person", "internist")], None)
        .await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_signs_in_gets_a_new_session_and_who_signs_out_none() {
    let region = TestRegion::new();
    let mut browser = region.browser(HOSPITAL);
    browser.get("/").await;
    for slug in ["systeem", "anna", "niemand"] {
        let reply = browser.post("/sign-in", &[("person", slug)]).await;
        assert_eq!(reply.status, StatusCode::OK, "{slug}");
        assert!(reply.body.contains("Aanmelden is niet gelukt"), "{slug}");
    }
    let reply = browser.post("/sign-in", &[("person", "internist")]).await;
    let cookies: Vec<_> = reply.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 1);
    let cookie = cookies[0].to_str().unwrap();
    assert!(cookie.starts_with("schakel-00000003="), "{cookie}");
    assert!(
        cookie.contains("; HttpOnly; SameSite=Lax; Max-Age="),
        "{cookie}"
    );
    assert!(
        browser
            .get("/patients")
            .await
            .body
            .contains("Patiënt zoeken")
    );
    assert_eq!(browser.post("/sign-out", &[]).await.location(), "/");
    assert_eq!(browser.get("/patients").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let region = TestRegion::new();
    let mut browser = region.browser(HOSPITAL);
    for path in ["/", "/nergens", "/patients"] {
        let reply = browser.get(path).await;
        let header = |name: &str| reply.headers[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert!(header("content-security-policy").starts_with("default-src 'none'; style-src"));
        assert!(!header("content-security-policy").contains("script"));
    }
    let start = browser.get("/").await;
    let sheet = browser
        .get(&start.after("rel=\"stylesheet\"", "href"))
        .await;
    assert_eq!(sheet.status, StatusCode::OK);
    assert!(
        sheet.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    assert_eq!(
        browser.get("/static/schakel.css").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn faults_are_pages_in_the_language_of_the_reader() {
    let region = TestRegion::new();
    let mut browser = region.browser(HOSPITAL);
    let reply = browser.get("/nergens").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(reply.body.contains("Deze pagina is er niet"));
    let reply = browser
        .post("/language", &[("language", "en"), ("back", "/")])
        .await;
    assert_eq!(reply.location(), "/");
    assert!(
        browser
            .get("/nergens")
            .await
            .body
            .contains("This page is not here")
    );
    let reply = browser
        .post(
            "/language",
            &[("language", "nl"), ("back", "//elders.example")],
        )
        .await;
    assert_eq!(reply.location(), "/");
    assert_eq!(
        browser.get("/sign-in").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    let reply = browser.post("/language", &[("language", "xx")]).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_form_over_its_limit_is_refused() {
    let region = TestRegion::new();
    let mut browser = region.browser(HOSPITAL);
    browser.get("/").await;
    // Each character travels as three bytes.
    let fits = "x".repeat(web::FORM_BYTES_MAX / 3 - 200);
    let reply = browser.post("/sign-in", &[("person", &fits)]).await;
    assert_eq!(reply.status, StatusCode::OK);
    let too_long = "x".repeat(web::FORM_BYTES_MAX / 3);
    let reply = browser.post("/sign-in", &[("person", &too_long)]).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(reply.body.contains("Dit is te groot"));
}
