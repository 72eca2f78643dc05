//! Asking a source over real mutual TLS: one that answers, and all the ways
//! in which one does not.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use care::{OrganisationType, RandomIds};
use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use tokio::sync::Notify;
use trust::{SystemRandomness, assertion::Assertions, identity::OrganisationRecord};

use super::*;
use crate::kit::{Door, HandMovedTime, Member, Region, patient};

/// How the source of a test behaves at `/fhir/r4`.
#[derive(Clone)]
struct Source {
    answer: Arc<dyn Fn(Value) -> Response + Send + Sync>,
    token: Arc<dyn Fn() -> Response + Send + Sync>,
    tokens: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
    asked: Arc<Notify>,
}

impl Source {
    fn new(answer: impl Fn(Value) -> Response + Send + Sync + 'static) -> Self {
        Self {
            answer: Arc::new(answer),
            token: Arc::new(|| {
                axum::Json(json!({
                    "access_token": "token-of-the-source",
                    "token_type": "Bearer",
                    "expires_in": 300
                }))
                .into_response()
            }),
            tokens: Arc::default(),
            seen: Arc::default(),
            asked: Arc::default(),
        }
    }

    fn app(&self) -> Router {
        Router::new()
            .route(TOKEN_PATH, post(give_token))
            .route(FHIR_PATH, post(give_answer))
            .route(ACCESS_LOG_PATH, post(give_answer))
            .with_state(self.clone())
    }
}

async fn give_token(
    State(source): State<Source>,
    Extension(caller): Extension<OrganisationRecord>,
    body: String,
) -> Response {
    assert_eq!(caller.name, "Organisatie 1");
    assert!(body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&"));
    source.tokens.fetch_add(1, Ordering::SeqCst);
    (source.token)()
}

async fn give_answer(State(source): State<Source>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-request-id"), "request-1");
    source.seen.lock().unwrap().push(header("authorization"));
    source.asked.notify_one();
    (source.answer)(serde_json::from_slice(&body).unwrap())
}

/// A batch-response with for each search what `page` gives.
fn batch_response(body: &Value, page: impl Fn(&str) -> Value) -> Response {
    let entries: Vec<Value> = body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let resource = page(entry["request"]["url"].as_str().unwrap());
            json!({"response": {"status": "200 OK"}, "resource": resource})
        })
        .collect();
    axum::Json(json!({"resourceType": "Bundle", "type": "batch-response", "entry": entries}))
        .into_response()
}

fn searchset(resources: usize, next: Option<&str>) -> Value {
    let entry = json!({
        "resource": {"resourceType": "Condition", "id": "c"},
        "search": {"mode": "match"}
    });
    let links: Vec<Value> = next
        .iter()
        .map(|url| json!({"relation": "next", "url": url}))
        .collect();
    json!({
        "resourceType": "Bundle",
        "type": "searchset",
        "link": links,
        "entry": vec![entry; resources]
    })
}

fn one_each(body: Value) -> Response {
    batch_response(&body, |_| searchset(1, None))
}

struct Setting {
    practice: Member,
    asker: Asker,
    door: Door,
    source: Source,
}

impl Setting {
    async fn with(source: Source) -> Self {
        let region = Region::new();
        let practice = region.admit(1, OrganisationType::GeneralPractice);
        let hospital = region.admit(2, OrganisationType::Hospital);
        let door = region.open_door(&hospital, source.app()).await;
        let assertions = Assertions::new(
            &practice.identity,
            region.clock.clone(),
            Arc::new(RandomIds),
        );
        let asker = Asker::new(
            practice.peers.clone(),
            Arc::new(assertions),
            &SystemRandomness,
        );
        Self {
            practice,
            asker,
            door,
            source,
        }
    }

    fn question(&self, queries: &[&str]) -> Question {
        Question {
            context: self.practice.context(),
            queries: queries
                .iter()
                .map(|path| SourceQuery {
                    path: (*path).to_owned(),
                })
                .collect(),
            deadline: DEADLINE,
        }
    }

    async fn ask(&self, queries: &[&str]) -> String {
        shown(
            &self
                .asker
                .ask(&self.door.organisation, &self.question(queries))
                .await,
        )
    }
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::NotAllowed => "not allowed".to_owned(),
        Answer::NoAnswer(why) => format!("no answer: {why}"),
        Answer::Data(answers) => {
            let one = |answer: &QueryAnswer| {
                let rest = if answer.complete { "" } else { " and more" };
                format!("{}+{}{rest}", answer.matches.len(), answer.included.len())
            };
            answers.iter().map(one).collect::<Vec<_>>().join(", ")
        }
    }
}

#[tokio::test]
async fn a_source_answers_every_search_and_its_token_is_used_again() {
    let setting = Setting::with(Source::new(one_each)).await;
    assert_eq!(
        setting.ask(&["Condition?code=x", "Observation"]).await,
        "1+0, 1+0"
    );
    assert_eq!(setting.ask(&["Condition"]).await, "1+0");
    assert_eq!(setting.source.tokens.load(Ordering::SeqCst), 1);
    assert_eq!(
        *setting.source.seen.lock().unwrap(),
        ["Bearer token-of-the-source"; 2]
    );
    // Another purpose needs another token.
    let mut question = setting.question(&["Condition"]);
    question.context = question.context.for_purpose(
        care::Purpose::EmergencyTreatment,
        Some("bewusteloos".to_owned()),
    );
    let answer = setting
        .asker
        .ask(&setting.door.organisation, &question)
        .await;
    assert_eq!(shown(&answer), "1+0");
    assert_eq!(setting.source.tokens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_not_an_answer_is_no_answer() {
    async fn check(answer: impl Fn(Value) -> Response + Send + Sync + 'static, expected: &str) {
        let setting = Setting::with(Source::new(answer)).await;
        assert_eq!(setting.ask(&["Condition"]).await, expected);
    }
    check(|_| StatusCode::FORBIDDEN.into_response(), "not allowed").await;
    check(
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "no answer: status 500",
    )
    .await;
    check(
        |_| StatusCode::TOO_MANY_REQUESTS.into_response(),
        "no answer: status 429",
    )
    .await;
    check(
        |_| StatusCode::UNAUTHORIZED.into_response(),
        "no answer: status 401",
    )
    .await;
    check(
        |_| "<html>".into_response(),
        "no answer: malformed: not JSON",
    )
    .await;
    check(
        |_| axum::Json(searchset(1, None)).into_response(),
        "no answer: malformed: not a batch-response",
    )
    .await;
    check(
        |body| batch_response(&body, |_| json!({"resourceType": "Patient"})),
        "no answer: malformed: not a searchset",
    )
    .await;
    check(
        |body| {
            batch_response(&body, |_| {
                searchset(0, Some("https://elsewhere.example/x?y"))
            })
        },
        "no answer: malformed: a next page that is not of this search",
    )
    .await;
    let endless = |_| {
        let megabyte = Bytes::from(vec![b' '; 1024 * 1024]);
        let chunks = (0..50).map(move |_| Ok::<_, Infallible>(megabyte.clone()));
        Body::from_stream(futures::stream::iter(chunks)).into_response()
    };
    check(
        endless,
        &format!("no answer: more than {ANSWER_BYTES_MAX} bytes"),
    )
    .await;
    let broken = |_| {
        let chunks = [Ok(Bytes::from("{")), Err(std::io::Error::other("broken"))];
        Body::from_stream(futures::stream::iter(chunks)).into_response()
    };
    check(broken, "no answer: the connection broke").await;
}

#[tokio::test]
async fn a_token_endpoint_decides_as_well() {
    async fn check(token: impl Fn() -> Response + Send + Sync + 'static, expected: &str) {
        let source = Source {
            token: Arc::new(token),
            ..Source::new(one_each)
        };
        let setting = Setting::with(source).await;
        assert_eq!(setting.ask(&["Condition"]).await, expected);
        assert!(
            setting.source.seen.lock().unwrap().is_empty(),
            "not asked without a token"
        );
    }
    check(|| StatusCode::FORBIDDEN.into_response(), "not allowed").await;
    check(
        || StatusCode::BAD_REQUEST.into_response(),
        "no answer: no token, status 400",
    )
    .await;
    check(
        || "x".into_response(),
        "no answer: malformed: not a bearer token",
    )
    .await;
    check(
        || axum::Json(json!({"access_token": "a b", "token_type": "Bearer"})).into_response(),
        "no answer: malformed: not a bearer token",
    )
    .await;
}

#[tokio::test]
async fn a_token_that_the_source_forgot_is_asked_anew_once() {
    let calls = AtomicUsize::new(0);
    let setting = Setting::with(Source::new(move |body| {
        // The second call comes with the kept token: as after a restart.
        match calls.fetch_add(1, Ordering::SeqCst) {
            1 => StatusCode::UNAUTHORIZED.into_response(),
            _ => one_each(body),
        }
    }))
    .await;
    assert_eq!(setting.ask(&["Condition"]).await, "1+0");
    assert_eq!(setting.ask(&["Condition"]).await, "1+0");
    assert_eq!(setting.source.tokens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_source_that_is_down_or_somebody_else_is_no_answer() {
    let setting = Setting::with(Source::new(one_each)).await;
    let mut other = setting.door.organisation.clone();
    other.ura = "3".parse().unwrap();
    let answer = setting
        .asker
        .ask(&other, &setting.question(&["Condition"]))
        .await;
    assert_eq!(shown(&answer), "no answer: no connection");
    let mut plain = setting.door.organisation.clone();
    plain.node_url = plain.node_url.replace("https", "http");
    let answer = setting
        .asker
        .ask(&plain, &setting.question(&["Condition"]))
        .await;
    assert_eq!(
        shown(&answer),
        "no answer: not asked: the address is not one of a node"
    );
    let question = setting.question(&["Condition"]);
    let Setting { asker, door, .. } = setting;
    let gone = door.organisation.clone();
    drop(door);
    let answer = asker.ask(&gone, &question).await;
    assert_eq!(shown(&answer), "no answer: no connection");
}

#[tokio::test]
async fn pages_are_followed_to_the_end_or_to_the_limit() {
    async fn check(pages: usize, expected: &str) {
        let setting = Setting::with(Source::new(move |body| {
            batch_response(&body, |url| {
                let at: usize = url
                    .strip_prefix("Condition?_cursor=")
                    .map_or(0, |at| at.parse().unwrap());
                let next = format!("Condition?_cursor={}", at + 1);
                searchset(1, (at + 1 < pages).then_some(next.as_str()))
            })
        }))
        .await;
        assert_eq!(
            setting.ask(&["Condition", "Condition?code=x"]).await,
            expected
        );
    }
    check(1, "1+0, 1+0").await;
    check(3, "3+0, 3+0").await;
    check(PAGE_ROUNDS_MAX + 1, "21+0, 21+0").await;
    check(PAGE_ROUNDS_MAX + 2, "21+0 and more, 21+0 and more").await;
}

#[tokio::test]
async fn more_resources_than_the_limit_are_said_to_be_incomplete() {
    async fn check(resources: usize, expected: String) {
        let setting = Setting::with(Source::new(move |body| {
            batch_response(&body, |url| {
                searchset(if url == "Condition" { resources } else { 1 }, None)
            })
        }))
        .await;
        assert_eq!(setting.ask(&["Condition", "Patient"]).await, expected);
    }
    check(RESOURCES_MAX - 1, format!("{}+0, 1+0", RESOURCES_MAX - 1)).await;
    check(RESOURCES_MAX, format!("{RESOURCES_MAX}+0, 0+0 and more")).await;
    check(RESOURCES_MAX + 1, "0+0 and more, 1+0".to_owned()).await;
}

#[tokio::test]
async fn too_many_searches_are_not_asked() {
    let setting = Setting::with(Source::new(one_each)).await;
    assert_eq!(
        setting.ask(&vec!["Condition"; QUERIES_MAX]).await,
        vec!["1+0"; QUERIES_MAX].join(", ")
    );
    assert_eq!(
        setting.ask(&vec!["Condition"; QUERIES_MAX + 1]).await,
        "no answer: not asked: too many searches"
    );
}

#[tokio::test]
async fn the_deadline_is_for_the_whole_answer() {
    async fn check(body: fn() -> Body) {
        let setting = Setting::with(Source::new(move |_| body().into_response())).await;
        let Setting {
            practice,
            asker,
            door,
            source,
        } = setting;
        let question = Question {
            context: practice.context(),
            queries: vec![SourceQuery {
                path: "Condition".to_owned(),
            }],
            deadline: DEADLINE,
        };
        let time = HandMovedTime::start();
        let organisation = door.organisation.clone();
        let asking = tokio::spawn(async move { asker.ask(&organisation, &question).await });
        source.asked.notified().await;
        let step = Duration::from_millis(100);
        let took = time.until_done(&asking, step, DEADLINE * 3).await;
        assert!((DEADLINE..=DEADLINE + step).contains(&took), "{took:?}");
        assert_eq!(
            shown(&asking.await.unwrap()),
            "no answer: not within the deadline"
        );
        drop(door);
    }
    // A source that never answers, and one that gives a byte now and then.
    check(|| Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>())).await;
    check(|| {
        Body::from_stream(futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Some((Ok::<_, Infallible>(Bytes::from(" ")), ()))
        }))
    })
    .await;
}

#[tokio::test]
async fn answers_of_several_sources_come_as_they_are_ready() {
    let region = Region::new();
    let practice = region.admit(1, OrganisationType::GeneralPractice);
    let hospital = region.admit(2, OrganisationType::Hospital);
    let pharmacy = region.admit(3, OrganisationType::Pharmacy);
    let pending = |_: Value| {
        Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>()).into_response()
    };
    let slow = Source::new(pending);
    let slow_door = region.open_door(&hospital, slow.app()).await;
    let quick_door = region
        .open_door(&pharmacy, Source::new(one_each).app())
        .await;
    let assertions = Assertions::new(
        &practice.identity,
        region.clock.clone(),
        Arc::new(RandomIds),
    );
    let asker = Asker::new(
        practice.peers.clone(),
        Arc::new(assertions),
        &SystemRandomness,
    );
    let question = Question {
        context: practice.context(),
        queries: vec![SourceQuery {
            path: "Condition".to_owned(),
        }],
        deadline: DEADLINE,
    };
    let sources = [
        slow_door.organisation.clone(),
        quick_door.organisation.clone(),
    ];
    let time = HandMovedTime::start();
    let (first, answered) = tokio::sync::oneshot::channel();
    let asking = tokio::spawn(async move {
        let mut answers = sources
            .iter()
            .map(async |source| (source.ura, asker.ask(source, &question).await))
            .collect::<FuturesUnordered<_>>();
        let one = answers.next().await.unwrap();
        first.send((one.0, shown(&one.1))).unwrap();
        let two = answers.next().await.unwrap();
        assert!(answers.next().await.is_none());
        (two.0, shown(&two.1))
    });
    assert_eq!(answered.await.unwrap(), (pharmacy.ura(), "1+0".to_owned()));
    slow.asked.notified().await;
    time.until_done(&asking, Duration::from_millis(100), DEADLINE * 3)
        .await;
    let expected = (
        hospital.ura(),
        "no answer: not within the deadline".to_owned(),
    );
    assert_eq!(asking.await.unwrap(), expected);
}

#[tokio::test]
async fn the_access_log_is_one_searchset() {
    let setting = Setting::with(Source::new(|body| {
        assert_eq!(body, json!({"resourceType": "Parameters"}));
        axum::Json(searchset(2, None)).into_response()
    }))
    .await;
    let context = setting.practice.context();
    let answer = setting
        .asker
        .access_log(&setting.door.organisation, &context, DEADLINE)
        .await;
    assert_eq!(shown(&answer), "2+0");
}

#[tokio::test]
async fn a_question_shows_no_bsn() {
    let setting = Setting::with(Source::new(one_each)).await;
    let question = setting.question(&["Condition"]);
    assert!(!format!("{question:?}").contains(patient().expose()));
}
