//! Which of two versions of one thing counts, when messages overtake each
//! other on their way.
//!
//! HL7 v2 tables 0085 and 0123: a final result can be changed by a corrected
//! one only. And what a sender said later counts over what it said before,
//! however late that arrives.

use fhir::{Resource, json::Value};
use jiff::Timestamp;

use crate::codes;

/// What a stored version is to a new one of the same thing, both made of
/// messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precedence {
    /// The new one comes after it.
    GivesWay,
    /// The new one says the same, in a later message.
    SaysTheSame,
    /// It stands: the new one is older, or preliminary where it is final.
    Stands,
}

/// Judges a stored version against a new one.
pub fn precedence(stored: &Resource, new: &Resource) -> Precedence {
    let (before, after) = (Said::of(stored), Said::of(new));
    let order = before.order(&after);
    let stands = match (before.certainty, after.certainty) {
        (Certainty::Settled, Certainty::Provisional) => true,
        (Certainty::Settled, Certainty::Partial) => order != Order::Newer,
        _ => order == Order::Older,
    };
    if stands {
        Precedence::Stands
    } else if content(stored) == content(new) {
        Precedence::SaysTheSame
    } else {
        Precedence::GivesWay
    }
}

/// How certain a sender is of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// It says that this may still change.
    Provisional,
    /// Some of it is still to come; also what was complete can get more.
    Partial,
    /// Only a correction changes it.
    Settled,
    /// It does not say.
    Unsaid,
}

/// Where the new one is in time, as seen from the stored one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Older,
    Same,
    Newer,
}

/// What a version says of itself.
struct Said {
    certainty: Certainty,
    /// When the result was made known (OBR-22).
    issued: Option<Timestamp>,
    /// When the message was made (MSH-7, UNB).
    sent: Option<Timestamp>,
}

impl Said {
    fn of(resource: &Resource) -> Self {
        let root = resource.root();
        let status = root.text("status");
        let certainty = match (resource.resource_type(), status.as_deref()) {
            ("Observation" | "DiagnosticReport", Some("registered" | "preliminary")) => {
                Certainty::Provisional
            }
            ("DiagnosticReport", Some("partial")) | ("ServiceRequest", Some("active")) => {
                Certainty::Partial
            }
            (
                "Observation" | "DiagnosticReport",
                Some(
                    "final" | "amended" | "corrected" | "appended" | "cancelled"
                    | "entered-in-error",
                ),
            )
            | ("ServiceRequest", Some("completed" | "revoked" | "entered-in-error")) => {
                Certainty::Settled
            }
            _ => Certainty::Unsaid,
        };
        let instant = |text: Option<std::borrow::Cow<'_, str>>| text?.parse::<Timestamp>().ok();
        let sent = root
            .each("extension")
            .find(|extension| extension.text("url").as_deref() == Some(codes::MESSAGE_TIME))
            .and_then(|extension| instant(extension.text("valueInstant")));
        // A result made known after its own message was made is a clock that
        // is wrong, and would hold back every correction until then.
        let issued =
            instant(root.text("issued")).filter(|issued| sent.is_none_or(|sent| *issued <= sent));
        Self {
            certainty,
            issued,
            sent,
        }
    }

    fn order(&self, new: &Self) -> Order {
        let compare =
            |before: Option<Timestamp>, after: Option<Timestamp>| match after?.cmp(&before?) {
                std::cmp::Ordering::Less => Some(Order::Older),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(Order::Newer),
            };
        compare(self.issued, new.issued)
            .or_else(|| compare(self.sent, new.sent))
            .unwrap_or(Order::Same)
    }
}

/// What a version says, without what the store and the message add to it.
fn content(resource: &Resource) -> Value {
    let mut value = Value::from(resource.root());
    for name in ["id", "meta", "extension"] {
        value.remove(name);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(kind: &str, status: &str, issued: &str, sent: &str, note: &str) -> Resource {
        let mut value = fhir::value!({
            "resourceType": kind,
            "status": status,
            "note": [{ "text": note }],
            "extension": [{ "url": codes::MESSAGE_TIME, "valueInstant": sent }],
        });
        if !issued.is_empty() {
            value.set("issued", issued);
        }
        Resource::from_value(&value).unwrap()
    }

    const T1: &str = "2026-02-01T08:00:00Z";
    const T2: &str = "2026-02-01T10:00:00+01:00";
    const T3: &str = "2026-02-01T10:00:00Z";

    #[test]
    fn certainty_counts_before_time_and_time_before_arrival() {
        use Precedence::{GivesWay, SaysTheSame, Stands};
        let o = "Observation";
        let r = "DiagnosticReport";
        let s = "ServiceRequest";
        for (kind, before, after, expected) in [
            // A preliminary result never comes after a final one.
            (
                o,
                ("final", T1, T1, "a"),
                ("preliminary", T2, T2, "b"),
                Stands,
            ),
            (
                o,
                ("corrected", T1, T1, "a"),
                ("registered", T2, T2, "b"),
                Stands,
            ),
            (
                r,
                ("final", T1, T1, "a"),
                ("preliminary", T2, T2, "b"),
                Stands,
            ),
            (
                o,
                ("preliminary", T1, T1, "a"),
                ("final", T2, T2, "b"),
                GivesWay,
            ),
            // Not even one of the very same time.
            (
                o,
                ("final", T1, T1, "a"),
                ("preliminary", T1, T1, "a"),
                Stands,
            ),
            (
                o,
                ("preliminary", T1, T1, "a"),
                ("final", T1, T1, "b"),
                GivesWay,
            ),
            // More of a report may follow, later.
            (
                r,
                ("final", T1, T1, "a"),
                ("partial", T2, T2, "b"),
                GivesWay,
            ),
            (r, ("final", T2, T2, "a"), ("partial", T2, T2, "b"), Stands),
            (
                s,
                ("completed", "", T2, "a"),
                ("active", "", T1, "b"),
                Stands,
            ),
            (
                s,
                ("completed", "", T2, "a"),
                ("active", "", T3, "b"),
                GivesWay,
            ),
            // Otherwise the time of the result, then of the message.
            (
                o,
                ("corrected", T2, T3, "a"),
                ("final", T1, T3, "b"),
                Stands,
            ),
            (
                o,
                ("final", T1, T3, "a"),
                ("corrected", T2, T2, "b"),
                GivesWay,
            ),
            (
                o,
                ("final", T1, T3, "a"),
                ("corrected", T1, T2, "b"),
                Stands,
            ),
            (o, ("final", "", T3, "a"), ("final", "", T2, "b"), Stands),
            (o, ("final", "", T2, "a"), ("final", "", T2, "b"), GivesWay),
            (
                o,
                ("final", "", T2, "a"),
                ("final", "", T3, "a"),
                SaysTheSame,
            ),
            // A result from the future does not hold back what follows.
            (
                o,
                ("final", T3, T1, "a"),
                ("corrected", T2, T2, "b"),
                GivesWay,
            ),
            ("Patient", ("", "", T2, "a"), ("", "", T1, "b"), Stands),
            ("Patient", ("", "", T1, "a"), ("", "", T2, "b"), GivesWay),
        ] {
            let of = |(status, issued, sent, note): (&str, &str, &str, &str)| {
                version(kind, status, issued, sent, note)
            };
            let found = precedence(&of(before), &of(after));
            assert_eq!(found, expected, "{kind} {before:?} {after:?}");
        }
    }
}
