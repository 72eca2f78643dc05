//! Serving a door on a socket: connections, their limits, mutual TLS, and a
//! shutdown that finishes what is under way.
//!
//! It knows nothing of what the door answers. The sockets are given, so that
//! a test or a demo can let the system choose the ports.

use std::{
    convert::Infallible, future::Future, io, net::IpAddr, net::SocketAddr, sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use trust::identity::{Peer, TrustAnchors, peer};

use crate::{
    limits::{HEADER_BYTES_MAX, HttpLimits, MllpLimits, STREAMS_PER_CONNECTION_MAX},
    mllp::{self, Intake},
};

/// How long to wait after a failure to accept, which is most often a lack of
/// file descriptors that other connections will give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often a silent HTTP/2 connection is asked whether it still lives.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// The smallest buffer that HTTP/1 can work with, in bytes.
const BUFFER_BYTES_MIN: usize = 8 * 1024;

/// A door that is open.
#[derive(Debug)]
pub struct Open {
    /// Where it listens, with the port that the system chose.
    pub address: SocketAddr,
    /// Ends when the door is closed and its connections have finished.
    pub closed: JoinHandle<()>,
}

/// The address at the other end of a connection. Behind a proxy it is the proxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RemoteAddress(pub(crate) IpAddr);

/// Opens a door for plain HTTP/1.1, until `stop` is cancelled. It belongs on
/// the loopback address, or behind the organisation's own TLS proxy.
pub fn open_http(
    listener: TcpListener,
    router: Router,
    limits: HttpLimits,
    stop: CancellationToken,
) -> io::Result<Open> {
    let address = listener.local_addr()?;
    let door = Arc::new(Door {
        router,
        limits,
        tls: None,
    });
    Ok(Open {
        address,
        closed: tokio::spawn(door.serve(listener, stop)),
    })
}

/// Opens a door for HTTP/1.1 and HTTP/2 over mutual TLS, until `stop` is
/// cancelled. Every request carries the [`Peer`] of its connection.
pub fn open_https(
    listener: TcpListener,
    tls: rustls::ServerConfig,
    anchors: TrustAnchors,
    router: Router,
    limits: HttpLimits,
    stop: CancellationToken,
) -> io::Result<Open> {
    let address = listener.local_addr()?;
    let tls = Some((TlsAcceptor::from(Arc::new(tls)), anchors));
    let door = Arc::new(Door {
        router,
        limits,
        tls,
    });
    Ok(Open {
        address,
        closed: tokio::spawn(door.serve(listener, stop)),
    })
}

/// Opens an MLLP port, until `stop` is cancelled; over TLS when that is given
/// (see [`mllp::tls`]).
pub fn open_mllp<I: Intake>(
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    intake: Arc<I>,
    limits: MllpLimits,
    stop: CancellationToken,
) -> io::Result<Open> {
    let address = listener.local_addr()?;
    Ok(Open {
        address,
        closed: tokio::spawn(mllp::listen(listener, tls, intake, limits, stop)),
    })
}

/// A peer whose certificate was verified when the connection began.
#[derive(Clone)]
struct Known {
    peer: Arc<Peer>,
    certificate: CertificateDer<'static>,
    anchors: TrustAnchors,
}

struct Door {
    router: Router,
    limits: HttpLimits,
    tls: Option<(TlsAcceptor, TrustAnchors)>,
}

impl Door {
    async fn serve(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
                accepted = accept(&listener, &places) => accepted,
            };
            let Some((stream, remote, place)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let door = Arc::clone(&self);
            let stop = stop.clone();
            tasks.spawn(async move {
                door.connection(stream, remote, &stop).await;
                drop(place);
            });
        }
        drop(listener);
        let drained = timeout(self.limits.drain_timeout, async {
            // Connections that have not begun yet see `stop` and end.
            while tasks.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            tracing::warn!(open = tasks.len(), "connections did not finish in time");
            tasks.shutdown().await;
        }
    }

    async fn connection(&self, stream: TcpStream, remote: SocketAddr, stop: &CancellationToken) {
        let remote = RemoteAddress(remote.ip());
        let Some((acceptor, anchors)) = &self.tls else {
            return self.http1(stream, remote, None, stop).await;
        };
        let handshake = timeout(self.limits.handshake_timeout, acceptor.accept(stream));
        let stream = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            done = handshake => match done {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a TLS handshake failed");
                    return;
                }
                Err(_) => {
                    tracing::warn!("a TLS handshake took too long");
                    return;
                }
            },
        };
        let session = stream.get_ref().1;
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let Some(Ok(peer)) = certificate.map(|certificate| peer(certificate, anchors)) else {
            tracing::warn!("a peer showed no certificate of this region");
            return;
        };
        let is_http2 = session.alpn_protocol() == Some(b"h2");
        let certificate = certificate.map(|certificate| certificate.clone().into_owned());
        let peer = certificate.map(|certificate| Known {
            peer: Arc::new(peer),
            certificate,
            anchors: anchors.clone(),
        });
        if is_http2 {
            self.http2(stream, remote, peer, stop).await;
        } else {
            self.http1(stream, remote, peer, stop).await;
        }
    }

    async fn http1<S>(
        &self,
        stream: S,
        remote: RemoteAddress,
        peer: Option<Known>,
        stop: &CancellationToken,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_read_timeout)
            .max_buf_size(self.limits.header_bytes.max(BUFFER_BYTES_MIN))
            .max_headers(self.limits.headers)
            .serve_connection(TokioIo::new(stream), self.service(remote, peer))
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP/1 connection ended with an error");
        }
    }

    async fn http2<S>(
        &self,
        stream: S,
        remote: RemoteAddress,
        peer: Option<Known>,
        stop: &CancellationToken,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
            .max_header_list_size(
                u32::try_from(self.limits.header_bytes).unwrap_or(HEADER_BYTES_MAX as u32),
            )
            .serve_connection(TokioIo::new(stream), self.service(remote, peer));
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP/2 connection ended with an error");
        }
    }

    /// What answers the requests of one connection.
    fn service(
        &self,
        remote: RemoteAddress,
        peer: Option<Known>,
    ) -> impl hyper::service::Service<
        Request<Incoming>,
        Response = Response,
        Error = Infallible,
        Future: Future<Output = Result<Response, Infallible>> + Send + 'static,
    > + 'static {
        let router = self.router.clone();
        hyper::service::service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(remote);
            // A connection can outlive the certificate that it began with; then
            // the guard finds nobody at the other end.
            if let Some(known) = &peer
                && !known.anchors.is_revoked(&known.certificate)
            {
                request.extensions_mut().insert(Arc::clone(&known.peer));
            }
            router.clone().oneshot(request)
        })
    }
}

/// A connection and its place among the connections; `None` when accepting failed.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, remote)) => {
            // Answers are written whole: do not let the last packet wait.
            drop(stream.set_nodelay(true));
            Some((stream, remote, place))
        }
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Extension, routing::get};
    use care::{OrganisationType, SystemClock};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::Notify,
    };
    use trust::identity::{
        NodeIdentity, OrganisationRecord, RegionAuthority, client_tls, server_tls,
    };

    use super::*;

    fn limits() -> HttpLimits {
        HttpLimits {
            header_read_timeout: Duration::from_millis(50),
            handshake_timeout: Duration::from_millis(50),
            ..HttpLimits::STANDARD
        }
    }

    async fn listener() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").await.unwrap()
    }

    /// Sends bytes and reads until the door closes the connection.
    async fn talk(address: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The door may refuse and close before all is sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn headers_that_stop_half_way_or_are_too_many_are_refused() {
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(async || "hello"));
        let open = open_http(listener().await, router, limits(), stop.clone()).unwrap();
        let half = talk(open.address, b"GET / HTTP/1.1\r\nhost: a\r\nx:").await;
        assert!(!half.contains("hello"), "{half}");
        let nothing = talk(open.address, b"").await;
        assert_eq!(nothing, "");
        let with_headers = |count: usize| {
            let headers = "a: b\r\n".repeat(count - 2);
            format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n")
        };
        let most = talk(open.address, with_headers(limits().headers).as_bytes()).await;
        assert!(most.ends_with("hello"), "{most}");
        let more = talk(open.address, with_headers(limits().headers + 1).as_bytes()).await;
        assert!(more.starts_with("HTTP/1.1 431"), "{more}");
        let large = format!(
            "GET / HTTP/1.1\r\nhost: {}\r\n\r\n",
            "a".repeat(16 * HEADER_BYTES_MAX)
        );
        let large = talk(open.address, large.as_bytes()).await;
        assert!(large.starts_with("HTTP/1.1 431"), "{large}");
        stop.cancel();
        open.closed.await.unwrap();
    }

    #[tokio::test]
    async fn a_shutdown_finishes_what_is_under_way() {
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, wait) = (Arc::clone(&entered), Arc::clone(&leave));
        let handler = async move || {
            told.notify_one();
            wait.notified().await;
            "done"
        };
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(handler));
        let open = open_http(listener().await, router, limits(), stop.clone()).unwrap();
        let address = open.address;
        let asking =
            tokio::spawn(async move { talk(address, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await });
        entered.notified().await;
        stop.cancel();
        tokio::task::yield_now().await;
        leave.notify_one();
        assert!(asking.await.unwrap().ends_with("done"));
        open.closed.await.unwrap();
        assert!(
            TcpStream::connect(address).await.is_err(),
            "nobody listens any more"
        );
    }

    #[tokio::test]
    async fn connections_over_the_limit_wait_for_a_place() {
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(async || "hello"));
        let one = HttpLimits {
            connections: 1,
            ..HttpLimits::STANDARD
        };
        let open = open_http(listener().await, router, one, stop.clone()).unwrap();
        let first = TcpStream::connect(open.address).await.unwrap();
        let address = open.address;
        let second = tokio::spawn(async move {
            talk(
                address,
                b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
            )
            .await
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(second.await.unwrap().ends_with("hello"));
        stop.cancel();
        open.closed.await.unwrap();
    }

    fn identity(authority: &RegionAuthority, ura: &str) -> NodeIdentity {
        let organisation = OrganisationRecord {
            ura: ura.parse().unwrap(),
            name: format!("Organisatie {ura}"),
            organisation_type: OrganisationType::Hospital,
        };
        let now = care::Clock::now(&SystemClock::default());
        authority
            .issue(&organisation, &["localhost".to_owned()], now)
            .unwrap()
    }

    #[tokio::test]
    async fn a_node_door_knows_who_is_at_the_other_end() {
        let clock: Arc<dyn care::Clock> = Arc::new(SystemClock::default());
        let region = RegionAuthority::create("Testregio", clock.now()).unwrap();
        let anchors = region.anchors(Arc::clone(&clock)).unwrap();
        let own = identity(&region, "90000101");
        let handler =
            async |Extension(peer): Extension<Arc<Peer>>| peer.organisation.ura.to_string();
        let stop = CancellationToken::new();
        let open = open_https(
            listener().await,
            server_tls(&own, &anchors).unwrap(),
            anchors.clone(),
            Router::new().route("/", get(handler)),
            limits(),
            stop.clone(),
        )
        .unwrap();
        let url = format!("https://localhost:{}/", open.address.port());

        let member = client_tls(&identity(&region, "90000102"), &anchors).unwrap();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(member)
            .build()
            .unwrap();
        let answer = client.get(&url).send().await.unwrap().text().await.unwrap();
        assert_eq!(answer, "90000102");

        let elsewhere = RegionAuthority::create("Elders", clock.now()).unwrap();
        let stranger = client_tls(&identity(&elsewhere, "90000102"), &anchors).unwrap();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(stranger)
            .build()
            .unwrap();
        assert!(
            client.get(&url).send().await.is_err(),
            "a certificate of another region"
        );

        let silent = talk(open.address, b"").await;
        assert_eq!(silent, "", "no handshake, no answer");
        let plain = talk(open.address, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(!plain.contains("90000"), "{plain}");
        stop.cancel();
        open.closed.await.unwrap();
    }
}
