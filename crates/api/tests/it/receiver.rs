//! An endpoint of a subscriber: a real one, on a port of the system's choice.

use std::sync::{Arc, Mutex};

use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// An endpoint that keeps what comes in, and answers as it is told.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<Mutex<StatusCode>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let answer = Arc::new(Mutex::new(StatusCode::OK));
        let (kept, answers) = (Arc::clone(&got), Arc::clone(&answer));
        let router = Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, 1 << 20).await.unwrap();
            kept.lock().unwrap().push(Got {
                method: head.method.to_string(),
                path: head.uri.to_string(),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            });
            let status = *answers.lock().unwrap();
            // Nobody may follow this, nor read that.
            (
                status,
                [("location", "http://127.0.0.1:1/elsewhere")],
                "ignored",
            )
                .into_response()
        });
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            got,
            answer,
            serving,
        }
    }

    pub(crate) fn answers(&self, status: u16) {
        *self.answer.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    /// What came in since this was last asked.
    pub(crate) fn take(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
