//! Websockets: who may bind one to which subscriptions, and who has.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use care::{AccessContext, Clock};
use jiff::{SignedDuration, Timestamp};
use network::hook::HookError;
use store::{Attempt, SubscriptionState};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::timeout,
};

use super::{
    Subscriptions, TYPE,
    limits::{CONNECTIONS_MAX, TOKEN_LIFETIME, TOKEN_SUBSCRIPTIONS_MAX, TOKENS_MAX},
    notification::Kind,
    wanted::{Content, Form, Wanted},
};
use crate::error::ExchangeError;

/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;

/// A token with which a websocket is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketToken {
    /// The token. It is used once.
    pub token: String,
    /// Until when.
    pub expires: Timestamp,
    /// The ids of the subscriptions that it binds.
    pub subscriptions: Vec<String>,
}

/// A text for a websocket.
#[derive(Debug)]
pub struct Outgoing {
    /// The text.
    pub text: String,
    /// To be told when it is written.
    pub written: oneshot::Sender<()>,
}

/// The websockets of a node.
pub(super) struct Sockets {
    tokens: Mutex<HashMap<String, SocketToken>>,
    bound: Mutex<HashMap<String, Vec<Bound>>>,
    places: Arc<Semaphore>,
    next: AtomicU64,
}

#[derive(Clone)]
struct Bound {
    connection: u64,
    to: mpsc::Sender<Outgoing>,
}

/// A websocket that is open. Dropping it ends what it was bound to.
pub struct Connection {
    sockets: Arc<Sockets>,
    number: u64,
    to: mpsc::Sender<Outgoing>,
    subscriptions: HashSet<String>,
    _place: OwnedSemaphorePermit,
}

impl Sockets {
    pub(super) fn new() -> Self {
        Self {
            tokens: Mutex::default(),
            bound: Mutex::default(),
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            next: AtomicU64::new(0),
        }
    }

    fn bound(&self) -> MutexGuard<'_, HashMap<String, Vec<Bound>>> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a websocket is bound to a subscription.
    pub(super) fn is_bound(&self, id: &str) -> bool {
        self.bound().contains_key(id)
    }

    /// Writes a text to the websockets of a subscription; done when one of them
    /// has it. Those that do not take it in time are let go.
    pub(super) async fn send(
        &self,
        id: &str,
        text: &str,
        within: Duration,
    ) -> Result<(), HookError> {
        let bound = self.bound().get(id).cloned().unwrap_or_default();
        let mut arrived = Err(HookError::NoConnection);
        for one in bound {
            let (written, is_written) = oneshot::channel();
            let outgoing = Outgoing {
                text: text.to_owned(),
                written,
            };
            let took = timeout(within, async {
                one.to.send(outgoing).await.is_ok() && is_written.await.is_ok()
            });
            if took.await == Ok(true) {
                arrived = Ok(());
            } else {
                self.unbind(one.connection, id);
            }
        }
        arrived
    }

    fn unbind(&self, connection: u64, id: &str) {
        let mut bound = self.bound();
        if let Some(of) = bound.get_mut(id) {
            of.retain(|one| one.connection != connection);
            if of.is_empty() {
                bound.remove(id);
            }
        }
    }

    fn take(&self, token: &str, now: Timestamp) -> Option<SocketToken> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.remove(token).filter(|found| found.expires > now)
    }

    fn keep(&self, token: SocketToken, now: Timestamp) -> Result<(), ExchangeError> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, kept| kept.expires > now);
        if tokens.len() >= TOKENS_MAX {
            return Err(ExchangeError::LimitExceeded {
                limit: "TOKENS_MAX",
                max: TOKENS_MAX,
            });
        }
        tokens.insert(token.token.clone(), token);
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for id in &self.subscriptions {
            self.sockets.unbind(self.number, id);
        }
    }
}

impl Subscriptions {
    /// A token to bind a websocket to these subscriptions of whoever asks.
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] for one that is not theirs, or not fetched
    /// through a websocket.
    pub async fn socket_token(
        &self,
        cx: &AccessContext,
        ids: &[String],
    ) -> Result<SocketToken, ExchangeError> {
        if ids.len() > TOKEN_SUBSCRIPTIONS_MAX {
            return Err(ExchangeError::LimitExceeded {
                limit: "TOKEN_SUBSCRIPTIONS_MAX",
                max: TOKEN_SUBSCRIPTIONS_MAX,
            });
        }
        let node = &self.parts.node;
        if ids.is_empty() {
            return Err(ExchangeError::NotFound);
        }
        for id in ids {
            node.read(cx, TYPE, id).await?;
            let found = node.store().subscription(id).await?;
            found
                .filter(|of| of.by_websocket && of.subscriber == cx.actor().id)
                .ok_or(ExchangeError::NotFound)?;
        }
        let mut bytes = [0; TOKEN_BYTES];
        self.parts.randomness.fill(&mut bytes);
        let now = self.clock().now();
        let lifetime = SignedDuration::try_from(TOKEN_LIFETIME).unwrap_or_default();
        let token = SocketToken {
            token: BASE64_URL_SAFE_NO_PAD.encode(bytes),
            expires: now.checked_add(lifetime).unwrap_or(now),
            subscriptions: ids.to_vec(),
        };
        self.sockets.keep(token.clone(), now)?;
        Ok(token)
    }

    /// A place for a websocket; none when all are taken. What is to be written
    /// to it comes out of the receiver.
    pub fn connect(&self) -> Option<(Connection, mpsc::Receiver<Outgoing>)> {
        let place = Arc::clone(&self.sockets.places).try_acquire_owned().ok()?;
        let (to, receiver) = mpsc::channel(1);
        let connection = Connection {
            sockets: Arc::clone(&self.sockets),
            number: self.sockets.next.fetch_add(1, Ordering::Relaxed),
            to,
            subscriptions: HashSet::new(),
            _place: place,
        };
        Some((connection, receiver))
    }

    /// Binds a websocket to the subscriptions of a token, and answers the
    /// handshakes to write to it first; none when the token is not one.
    pub async fn bind(&self, connection: &mut Connection, token: &str) -> Option<Vec<String>> {
        let now = self.clock().now();
        let token = self.sockets.take(token, now)?;
        let mut handshakes = Vec::with_capacity(token.subscriptions.len());
        for id in token.subscriptions {
            if let Ok(Some(handshake)) = self.handshake(&id, now).await {
                handshakes.push(handshake);
                if connection.subscriptions.insert(id.clone()) {
                    let bound = Bound {
                        connection: connection.number,
                        to: connection.to.clone(),
                    };
                    self.sockets.bound().entry(id).or_default().push(bound);
                }
            }
        }
        self.woken.notify_one();
        Some(handshakes)
    }

    async fn handshake(&self, id: &str, now: Timestamp) -> Result<Option<String>, ExchangeError> {
        let node = &self.parts.node;
        let cx = (self.parts.own_system)();
        let scope = care::Scope::Organisation;
        let of = node.store().subscription(id).await?;
        let found = node.store().read(&cx, &scope, TYPE, id).await?;
        let (Some(of), Some(stored)) = (of, found.here()) else {
            return Ok(None);
        };
        if matches!(of.state, SubscriptionState::Off | SubscriptionState::Error) {
            return Ok(None);
        }
        let resource = node
            .resource(&stored.body)
            .map_err(ExchangeError::Invalid)?;
        let wanted =
            Wanted::read(&resource, &self.parts.allowed).map_err(ExchangeError::Invalid)?;
        let wake = wanted.wake_after(now);
        if of.state == SubscriptionState::Active {
            let attempt = Attempt {
                delivered: of.delivered,
                tries: 0,
                wake,
            };
            node.store().settle_subscription(&of, attempt).await?;
        }
        Ok(Some(match &wanted.form {
            Form::Criteria { .. } => format!("bound {id}"),
            Form::Topic { topic, .. } => {
                let telling = self.telling(&of, Some(topic), Kind::Handshake, Content::Empty, &[]);
                let bundle = telling.bundle(&node.parts.ids.next(), now);
                String::from_utf8_lossy(&bundle.to_bytes()).into_owned()
            }
        }))
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.parts.node.parts.clock
    }
}
