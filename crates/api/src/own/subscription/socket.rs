//! The websocket: `bind-with-token [token]` comes in, notifications go out.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use exchange::{Connection, Outgoing, Subscriptions};
use tokio::{sync::mpsc, time::timeout};

use crate::{envelope::BUSY_WAIT, own::Shared, problem::Problem};

/// Bytes of a message that comes in: it holds a token.
const MESSAGE_BYTES_MAX: usize = 1_024;
/// How long a websocket may stay that nobody has bound.
const UNBOUND_MAX: Duration = Duration::from_secs(30);
/// Messages that may come in over one websocket.
const MESSAGES_MAX: usize = 1_000;
/// What binds.
const BIND: &str = "bind-with-token ";

pub(super) async fn socket(
    State(own): State<Shared>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| Problem::bad_request("This is for websockets"))?;
    let place = own.subscriptions.connect();
    let (connection, outgoing) = place.ok_or_else(|| Problem::too_many_requests(BUSY_WAIT))?;
    let subscriptions = Arc::clone(&own.subscriptions);
    Ok(upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(|socket| talk(socket, subscriptions, connection, outgoing)))
}

async fn talk(
    mut socket: WebSocket,
    subscriptions: Arc<Subscriptions>,
    mut connection: Connection,
    mut outgoing: mpsc::Receiver<Outgoing>,
) {
    let first = timeout(UNBOUND_MAX, socket.recv()).await;
    let Ok(Some(Ok(first))) = first else {
        return;
    };
    if !hear(&mut socket, &subscriptions, &mut connection, first).await {
        return;
    }
    for _ in 0..MESSAGES_MAX {
        let incoming = loop {
            tokio::select! {
                incoming = socket.recv() => break incoming,
                Some(Outgoing { text, written }) = outgoing.recv() => {
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        return;
                    }
                    // Who waited for it may have stopped waiting.
                    let _ = written.send(());
                }
            }
        };
        let Some(Ok(message)) = incoming else {
            return;
        };
        if !hear(&mut socket, &subscriptions, &mut connection, message).await {
            return;
        }
    }
}

/// Does what a message asks; `false` when the websocket is to be closed.
async fn hear(
    socket: &mut WebSocket,
    subscriptions: &Subscriptions,
    connection: &mut Connection,
    message: Message,
) -> bool {
    let text = match &message {
        Message::Text(text) => text.as_str(),
        Message::Ping(_) | Message::Pong(_) => return true,
        Message::Binary(_) | Message::Close(_) => return false,
    };
    let Some(token) = text.strip_prefix(BIND) else {
        return false;
    };
    let Some(handshakes) = subscriptions.bind(connection, token.trim()).await else {
        return false;
    };
    for handshake in handshakes {
        if socket.send(Message::Text(handshake.into())).await.is_err() {
            return false;
        }
    }
    true
}
