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

use crate::{
    envelope::BUSY_WAIT,
    limits::{SOCKET_MESSAGE_BYTES_MAX, SOCKET_MESSAGES_MAX},
    own::Shared,
    problem::Problem,
};

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
    let unbound = own.limits.socket_unbound;
    Ok(upgrade
        .max_message_size(SOCKET_MESSAGE_BYTES_MAX)
        .max_frame_size(SOCKET_MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| talk(socket, subscriptions, connection, outgoing, unbound)))
}

async fn talk(
    mut socket: WebSocket,
    subscriptions: Arc<Subscriptions>,
    mut connection: Connection,
    mut outgoing: mpsc::Receiver<Outgoing>,
    unbound: Duration,
) {
    let first = timeout(unbound, socket.recv()).await;
    let Ok(Some(Ok(first))) = first else {
        return;
    };
    if !hear(&mut socket, &subscriptions, &mut connection, first).await {
        return;
    }
    for _ in 0..SOCKET_MESSAGES_MAX {
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
