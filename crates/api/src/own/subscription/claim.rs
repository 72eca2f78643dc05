//! What the CapabilityStatement says of subscriptions.

use exchange::{SubscriptionTopic, subscription_topics};
use fhir::json::Value;

/// Where the definitions of the Subscriptions R5 Backport are.
const BACKPORT: &str = "http://hl7.org/fhir/uv/subscriptions-backport";

/// Adds to what is said of the type: the profile, and the topics there are.
pub(in crate::own) fn claim(resource: &mut Value) {
    let topic = |topic: &SubscriptionTopic| {
        fhir::value!({
            "url": (format!(
                "{BACKPORT}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical"
            )),
            "valueCanonical": (&topic.url)
        })
    };
    let topics: Vec<Value> = subscription_topics().iter().map(topic).collect();
    resource.set("extension", topics);
    let profile = format!("{BACKPORT}/StructureDefinition/backport-subscription");
    resource.set("supportedProfile", fhir::value!([(profile)]));
}

/// The definition of an operation.
pub(in crate::own) fn defined(name: &str) -> String {
    format!("{BACKPORT}/OperationDefinition/backport-subscription-{name}")
}
