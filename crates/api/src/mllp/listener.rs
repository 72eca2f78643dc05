//! Accepts MLLP connections, as many at once as the limits say.

use std::{sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Ending, Intake,
    connection::{Shared, serve},
};
use crate::limits::MllpLimits;

/// How long to wait after a failure to accept, which is most often a lack of
/// file descriptors that other connections will give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves a listening socket, over TLS when that is given, until `stop` is cancelled. Then it accepts no
/// more, lets each connection finish the message that is being worked on, and
/// returns; what was not acknowledged, the sender will send again.
pub async fn listen<I: Intake>(
    listener: TcpListener,
    tls: Option<ServerConfig>,
    intake: Arc<I>,
    limits: MllpLimits,
    stop: CancellationToken,
) {
    let connections = Arc::new(Semaphore::new(limits.connections));
    let (drain_timeout, handshake_timeout) = (limits.drain_timeout, limits.handshake_timeout);
    let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    let shared = Arc::new(Shared::new(intake, limits));
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((stream, place)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        let (stop, tls) = (stop.clone(), tls.clone());
        tasks.spawn(async move {
            let ending = match tls {
                None => serve(stream, &shared, &stop).await,
                Some(tls) => {
                    let handshake = timeout(handshake_timeout, tls.accept(stream));
                    let done = tokio::select! {
                        biased;
                        () = stop.cancelled() => return,
                        done = handshake => done,
                    };
                    match done {
                        Ok(Ok(stream)) => serve(stream, &shared, &stop).await,
                        Ok(Err(error)) => {
                            tracing::warn!(%error, "a TLS handshake at the MLLP port failed");
                            return;
                        }
                        Err(_) => {
                            tracing::warn!("a TLS handshake at the MLLP port took too long");
                            return;
                        }
                    }
                }
            };
            drop(place);
            match ending {
                Ending::Closed | Ending::Idle | Ending::Stopped => {
                    tracing::debug!(?ending, "MLLP connection ended");
                }
                _ => tracing::warn!(?ending, "MLLP connection ended"),
            }
        });
    }
    tasks.close();
    if timeout(drain_timeout, tasks.wait()).await.is_err() {
        tracing::warn!(
            open = tasks.len(),
            "MLLP connections did not finish in time"
        );
    }
}

/// A connection and its place among the connections; `None` when accepting failed.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Acknowledgements are small and awaited: do not let them wait for more.
            drop(stream.set_nodelay(true));
            Some((stream, place))
        }
        Err(error) => {
            tracing::warn!(%error, "cannot accept an MLLP connection");
            None
        }
    }
}
