//! The client of a measurement: HTTP/1.1 over connections that stay open, and
//! nothing else, because it runs on the processors of what it measures.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode, Uri,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a connection may wait for a request: less than any server keeps
/// one open, because what a server closed is not seen while the source is read.
const IDLE_TIME_MAX: Duration = Duration::from_secs(1);

/// Connections that wait for a request.
#[derive(Default)]
pub(crate) struct Client {
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    server: String,
    since: Instant,
    connection: SendRequest<Full<Bytes>>,
}

impl Client {
    /// The whole answer to a request. As many connections are opened as there
    /// are requests at a time.
    pub(crate) async fn ask(
        &self,
        method: Method,
        url: &str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let url: Uri = url.parse()?;
        let server = url.authority().context("a server")?.as_str().to_owned();
        let target = url.path_and_query().context("a target")?.as_str();
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, &server);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/fhir+json");
        }
        let request = request.body(Full::new(body))?;
        let mut connection = match self.idle_to(&server) {
            Some(connection) => connection,
            None => connect(&server).await?,
        };
        let answer = connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        // A server that closes it says so before it is asked again.
        if connection.ready().await.is_ok() {
            self.connections().push(Idle {
                server,
                since: Instant::now(),
                connection,
            });
        }
        Ok((status, body))
    }

    fn idle_to(&self, server: &str) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.connections();
        while let Some(at) = idle.iter().rposition(|idle| idle.server == server) {
            let Idle {
                since, connection, ..
            } = idle.swap_remove(at);
            if since.elapsed() < IDLE_TIME_MAX && !connection.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn connect(server: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (connection, io) = handshake(TokioIo::new(stream)).await?;
    // It ends with the connection.
    tokio::spawn(io);
    Ok(connection)
}
