//! What is written down: an AuditEvent in the style of IHE BALP, with what
//! NEN 7513 asks for: the event (7.2), the user and the organisation (7.3),
//! and the patient and the data (7.4).

use care::{AccessContext, Bsn, Categories, OrganisationType, Purpose, Role, Ura};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Happened, Outcome};
use crate::{Rejected, identity::OrganisationRecord};

const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";
const BALP_ENTITY_TYPE: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
/// The system of roles that are not in the UZI register.
const OWN_ROLES: &str = "urn:schakel:role";

/// One audit line, to be written before the data leaves.
#[derive(Debug, Clone)]
pub struct AuditLine<'a> {
    /// Who, why.
    pub context: &'a AccessContext,
    /// What.
    pub happened: Happened,
    /// How it ended.
    pub outcome: Outcome,
    /// Whose data it is about.
    pub holder: &'a OrganisationRecord,
    /// The organisation that writes the line.
    pub observer: &'a OrganisationRecord,
    /// The patient, where it is another than the context's or that has none.
    pub patient: Option<&'a Bsn>,
    /// The kinds of data that it was about.
    pub categories: Categories,
    /// What was asked for, without anything about the patient, such as
    /// `Condition` or the code of a message.
    pub asked: &'a [String],
    /// How many resources were given or stored, where it is known.
    pub count: Option<u64>,
}

impl AuditLine<'_> {
    /// The patient that the line is about, for the store.
    pub fn about(&self) -> Option<&Bsn> {
        self.patient.or(self.context.patient())
    }

    /// The line for the store: the AuditEvent with the patient that it is about.
    pub fn to_body(&self, id: &str, now: Timestamp) -> store::AuditBody {
        store::AuditBody {
            patient: self.about().cloned(),
            body: self.to_json(id, now),
        }
    }

    /// The AuditEvent as JSON bytes. `id` is its logical id.
    pub fn to_json(&self, id: &str, now: Timestamp) -> Vec<u8> {
        let mut event = event(self.happened, self.outcome, self.observer, id, now);
        event["purposeOfEvent"] = json!([concept(Purpose::SYSTEM, self.context.purpose().code())]);
        event["agent"] = json!([
            self.user(),
            organisation_agent("110153", &self.asking(), false),
            organisation_agent("110152", self.holder, false),
        ]);
        event["entity"] = Value::Array(self.entities());
        into_bytes(&event)
    }

    fn asking(&self) -> OrganisationRecord {
        OrganisationRecord {
            ura: self.context.organisation(),
            name: self.context.organisation_name().to_owned(),
            organisation_type: self.context.organisation_type(),
        }
    }

    fn user(&self) -> Value {
        let actor = self.context.actor();
        let system = if actor.role.is_clinician() {
            Role::SYSTEM
        } else {
            OWN_ROLES
        };
        json!({
            "type": concept(PARTICIPATION, "IRCP"),
            "role": [concept(system, actor.role.code())],
            "who": {
                "identifier": {
                    "system": user_system(self.context.organisation()),
                    "value": actor.id,
                },
                "display": actor.name,
            },
            "name": actor.name,
            "requestor": true,
        })
    }

    fn entities(&self) -> Vec<Value> {
        let mut entities = Vec::with_capacity(3);
        if let Some(patient) = self.about() {
            entities.push(json!({
                "what": { "identifier": { "system": Bsn::SYSTEM, "value": patient.expose() } },
                "type": coding(ENTITY_TYPE, "1"),
                "role": coding(OBJECT_ROLE, "1"),
            }));
        }
        let details = self.details();
        if !details.is_empty() {
            entities.push(json!({
                "type": coding(ENTITY_TYPE, "2"),
                "role": coding(OBJECT_ROLE, "4"),
                "detail": details,
            }));
        }
        entities.push(json!({
            "what": { "identifier": { "value": self.context.request().0 } },
            "type": coding(BALP_ENTITY_TYPE, "XrequestId"),
        }));
        entities
    }

    fn details(&self) -> Vec<Value> {
        let detail = |kind: &str, text: &str| json!({ "type": kind, "valueString": text });
        let mut details = Vec::new();
        details.extend(
            self.categories
                .iter()
                .map(|kind| detail("category", kind.code())),
        );
        details.extend(self.asked.iter().map(|asked| detail("asked", asked)));
        if let Some(exchange) = self.context.exchange() {
            details.push(detail("exchange", &exchange.0));
        }
        if let Some(relation) = self.context.treatment_relation() {
            details.push(detail("treatment-relation", relation.code()));
        }
        if let Some(reason) = self.context.emergency_reason() {
            details.push(detail("emergency-reason", reason));
        }
        if let Some(count) = self.count {
            details.push(detail("count", &count.to_string()));
        }
        details
    }
}

/// The AuditEvent of an attempt by somebody who could not be identified: a
/// token that was refused, at the own door (no peer) or the node door. It is
/// about no patient, because nothing that came with it can be believed.
pub fn refused_attempt(
    observer: &OrganisationRecord,
    peer: Option<&OrganisationRecord>,
    rejected: Rejected,
    id: &str,
    now: Timestamp,
) -> store::AuditBody {
    let mut event = event(Happened::SignedIn, Outcome::Refused, observer, id, now);
    event["outcomeDesc"] = json!(format!("refused: {}", rejected.code()));
    event["agent"] = json!([match peer {
        Some(peer) => organisation_agent("110153", peer, true),
        None => json!({
            "type": concept(PARTICIPATION, "IRCP"),
            "who": { "display": "unknown" },
            "requestor": true,
        }),
    }]);
    store::AuditBody {
        patient: None,
        body: into_bytes(&event),
    }
}

fn event(
    happened: Happened,
    outcome: Outcome,
    observer: &OrganisationRecord,
    id: &str,
    now: Timestamp,
) -> Value {
    let (system, code, display) = happened.kind();
    json!({
        "resourceType": "AuditEvent",
        "id": id,
        "type": { "system": system, "code": code, "display": display },
        "subtype": [coding(Happened::SYSTEM, happened.code())],
        "action": happened.action(),
        "recorded": format!("{now:.3}"),
        "outcome": outcome.code(),
        "outcomeDesc": outcome.description(),
        "source": {
            "observer": reference(observer),
            "type": [coding(SOURCE_TYPE, "4")],
        },
    })
}

fn organisation_agent(kind: &str, organisation: &OrganisationRecord, requestor: bool) -> Value {
    json!({
        "type": concept(DICOM, kind),
        "role": [concept(OrganisationType::SYSTEM, organisation.organisation_type.code())],
        "who": reference(organisation),
        "requestor": requestor,
    })
}

fn reference(organisation: &OrganisationRecord) -> Value {
    json!({
        "identifier": { "system": Ura::SYSTEM, "value": organisation.ura.as_str() },
        "display": organisation.name,
    })
}

/// Identifiers of users are unique within their organisation.
fn user_system(organisation: Ura) -> String {
    format!("{}/user", crate::identity::urn(organisation))
}

fn concept(system: &str, code: &str) -> Value {
    json!({ "coding": [coding(system, code)] })
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

fn into_bytes(event: &Value) -> Vec<u8> {
    serde_json::to_vec(event).expect("a JSON value always becomes bytes")
}
