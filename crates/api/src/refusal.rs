//! Writing down that somebody's credential was refused (NEN 7513, 6.2).
//!
//! Only where it says something: a credential that was once ours, or a peer
//! whom the region knows. Whoever merely knocks is counted in the log, because
//! an audit log that strangers can fill is a way to attack the node.

use std::sync::Arc;

use care::{Clock, IdSource};
use exchange::Node;
use trust::{Rejected, audit::refused_attempt, identity::OrganisationRecord};

/// Writes a line for a refused credential. When it cannot be written the
/// refusal stands all the same.
pub(crate) async fn write_down(
    node: &Node,
    peer: Option<&OrganisationRecord>,
    rejected: Rejected,
    ids: &Arc<dyn IdSource>,
    clock: &Arc<dyn Clock>,
) {
    let was_ours = matches!(
        rejected,
        Rejected::Expired | Rejected::Replayed | Rejected::OtherHolder | Rejected::NotAllowed
    );
    if !was_ours && peer.is_none() {
        return;
    }
    let (id, now) = (ids.next(), clock.now());
    let line = refused_attempt(node.organisation(), peer, rejected, &id, now);
    if let Err(error) = node.store().append_audit(vec![line]).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a refused credential could not be written down"
        );
    }
}
