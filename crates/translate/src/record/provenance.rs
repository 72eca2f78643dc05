//! Where the resources came from: which message, received when, made into
//! FHIR by whom.

use care::Ura;
use fhir::{json::Value, value};

use super::{Draft, Link, element};
use crate::{codes, model::Party};

/// The message that a Bundle was made from.
pub(crate) struct Origin<'a> {
    /// What it is, for people: `HL7 v2 ORU^R01`.
    pub(crate) what: &'a str,
    /// Who sent it.
    pub(crate) author: &'a Party,
}

pub(super) fn add(draft: &mut Draft<'_>, origin: &Origin<'_>) {
    if draft.targets.is_empty() {
        return;
    }
    let context = draft.context;
    let author = draft.party(origin.author);
    let targets: Vec<Value> = draft.targets.iter().map(Link::reference).collect();
    let provenance = value!({
        "resourceType": "Provenance",
        "target": targets,
        "recorded": instant(context.now),
        "agent": [
            {
                "type": element::coded(codes::PROVENANCE_AGENT, "assembler", "Assembler"),
                "who": {
                    "type": "Organization",
                    "identifier": {
                        "system": Ura::SYSTEM,
                        "value": context.organisation.as_str(),
                    },
                    "display": context.organisation_name,
                },
            },
            {
                "type": element::coded(codes::PROVENANCE_AGENT, "author", "Author"),
                "who": author,
            },
        ],
        "entity": [{
            "role": "source",
            "what": {
                "identifier": { "system": codes::MESSAGE, "value": context.message_id },
                "display": origin.what,
            },
        }],
    });
    draft.create("Provenance", provenance, "Herkomst");
}

/// A FHIR instant in UTC, to the millisecond.
pub(super) fn instant(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
