//! Subscriptions: telling others what changed, as it changes.
//!
//! A Subscription is a resource like others; what it asks for is checked when
//! it is written, and how far its delivery has come is kept beside it in the
//! store. Delivery looks at what was written since it last looked, in the order
//! of the commits, finds what fits with the searches of the store, gives each
//! event a number, writes the audit line and sends it. What the subscriber may
//! see is judged then, as a read of theirs at that moment would be.
//!
//! Each subscription has one notification under way at a time, so one that is
//! slow or dead keeps nobody else waiting and takes no memory.

mod ask;
mod background;
mod deliver;
pub mod limits;
mod look;
mod notification;
mod sockets;
mod topics;
mod turn;
mod wanted;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use care::{AccessContext, Scope};
use fhir::outcome::{Issue, IssueCode};
use network::hook::{AllowedEndpoints, Hooks};
use store::{Change, Outcome, SubscriptionChange, SubscriptionState};
use tokio::sync::Notify;
use trust::Randomness;

pub use ask::EventsQuestion;
pub use sockets::{Connection, Outgoing, SocketToken};
pub use topics::{SubscriptionTopic, subscription_topics};
pub use wanted::Content;

use self::{sockets::Sockets, wanted::Wanted};
use super::{Node, entry::invalid, write};
use crate::error::ExchangeError;

/// The resource type.
pub(super) const TYPE: &str = "Subscription";

/// Who somebody is by now, by the id of the actor who subscribed; none when
/// they may no longer come in.
pub type Subscribers = Box<dyn Fn(&str) -> Option<AccessContext> + Send + Sync>;

/// What the subscriptions of a node are made of.
pub struct SubscriptionsParts {
    /// The node.
    pub node: Arc<Node>,
    /// The FHIR base URL as clients know it, without a slash at the end.
    pub fhir_base: String,
    /// Brings notifications to endpoints.
    pub hooks: Arc<dyn Hooks>,
    /// Which endpoints may be called.
    pub allowed: AllowedEndpoints,
    /// Who subscribers are.
    pub subscribers: Subscribers,
    /// The node itself, which keeps the state of subscriptions.
    pub own_system: Box<dyn Fn() -> AccessContext + Send + Sync>,
    /// Randomness for the tokens of websockets.
    pub randomness: Arc<dyn Randomness>,
}

/// The subscriptions of one node.
pub struct Subscriptions {
    parts: SubscriptionsParts,
    sockets: Arc<Sockets>,
    /// Up to where was looked in vain, by subscription and its version: what
    /// is lost with the process is only looked at again.
    looked: Mutex<HashMap<String, (u64, i64)>>,
    /// Something is to be done that no write tells of.
    woken: Notify,
}

impl Subscriptions {
    /// Of these parts. Nothing is delivered until [`Self::keep_delivering`] or
    /// [`Self::deliver_due`].
    pub fn new(parts: SubscriptionsParts) -> Self {
        Self {
            sockets: Arc::new(Sockets::new()),
            parts,
            looked: Mutex::default(),
            woken: Notify::new(),
        }
    }

    /// Stores or removes one resource, as [`Node::write`] does. A Subscription
    /// is checked first, and asked for by whoever writes it.
    pub async fn write(
        &self,
        cx: &AccessContext,
        change: Change,
    ) -> Result<Outcome, ExchangeError> {
        let node = &self.parts.node;
        let Some(resource) = write::resource(&change).filter(|one| one.resource_type() == TYPE)
        else {
            return node.write(cx, change).await;
        };
        let changes = vec![change.clone()];
        let scope = node.writing_scope(cx, &changes).await?;
        let sight = node.reading_scope(cx, &[TYPE.to_owned()]).await?;
        write::shape(&change)?;
        node.judge(&changes, None).await?;
        let status = resource.root().text("status").unwrap_or_default();
        let (state, by_websocket) = match status.as_ref() {
            "requested" => {
                let wanted =
                    Wanted::read(resource, &self.parts.allowed).map_err(ExchangeError::Invalid)?;
                self.is_understood(cx, &sight, &wanted).await?;
                (SubscriptionState::Requested, wanted.by_websocket())
            }
            "off" => (SubscriptionState::Off, false),
            _ => {
                return Err(invalid(
                    IssueCode::BusinessRule,
                    "a client asks with the status requested, or stops with off; the others are \
                     for the server to set",
                    "Subscription.status",
                ));
            }
        };
        let asked = SubscriptionChange::Wanted {
            subscriber: cx.actor().id.clone(),
            state,
            by_websocket,
        };
        let written = node.written_with(cx, &scope, changes, Some(asked)).await?;
        written
            .outcomes
            .into_iter()
            .next()
            .ok_or(ExchangeError::NotFound)
    }

    /// Whether the searches of a subscription are ones that the store answers.
    async fn is_understood(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        wanted: &Wanted,
    ) -> Result<(), ExchangeError> {
        let store = &self.parts.node.parts.store;
        let wrong = |text: String| {
            let issue = Issue::error(IssueCode::BusinessRule, text);
            ExchangeError::Invalid(vec![issue.at("Subscription.criteria")])
        };
        for trigger in &wanted.triggers {
            // Nobody has this id: the question is only read.
            let query = look::about(&trigger.query, &["-"]);
            store
                .search(cx, scope, &trigger.resource_type, &query)
                .await
                .map_err(|error| wrong(format!("{}: {error}", trigger.resource_type)))?;
        }
        Ok(())
    }

    /// Forgets up to where subscriptions looked that are no more.
    fn forget_but(&self, there: &[store::Subscription]) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.len() > there.len() {
            looked.retain(|id, _| there.iter().any(|of| of.id == *id));
        }
    }

    /// Up to where a subscription has looked.
    fn looked(&self, of: &store::Subscription) -> i64 {
        let looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        match looked.get(&of.id) {
            Some((version, looked)) if *version == of.version => of.looked.max(*looked),
            _ => of.looked,
        }
    }
}

/// Refuses Subscriptions that come in by another way than on their own: nobody
/// would know in whose name to deliver them.
pub(super) fn refuse_aside(change: &Change) -> Result<(), ExchangeError> {
    let is_one = match change {
        Change::Patch { resource_type, .. } => resource_type == TYPE,
        _ => write::resource(change).is_some_and(|one| one.resource_type() == TYPE),
    };
    if is_one {
        return Err(invalid(
            IssueCode::BusinessRule,
            "a Subscription is made and changed by a POST or PUT of its own, not in a Bundle, by \
             a patch or an import",
            TYPE,
        ));
    }
    Ok(())
}
