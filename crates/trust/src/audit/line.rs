//! What is written down: an AuditEvent in the style of IHE BALP, with what
//! NEN 7513 asks for: the event (7.2), the user and the organisation (7.3),
//! and the patient and the data (7.4).

use std::borrow::Cow;

use care::{AccessContext, Bsn, Categories, OrganisationType, Purpose, Role, Ura};
use jiff::Timestamp;

use super::event::{
    Agent, AuditEvent, Coding, Concept, Detail, Entity, Identifier, Reference, Source,
};
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
        let ura = self.context.organisation();
        let asking = organisation(&ura, self.context.organisation_name());
        let count = self.count.map(|count| count.to_string());
        let event = AuditEvent {
            purpose_of_event: Some([Concept::new(Purpose::SYSTEM, self.context.purpose().code())]),
            agent: vec![
                self.user(),
                organisation_agent("110153", self.context.organisation_type(), asking, false),
                agent_of("110152", self.holder, false),
            ],
            entity: self.entities(count.as_deref()),
            ..event(self.happened, self.outcome, self.observer, id, now)
        };
        event.to_bytes()
    }

    fn user(&self) -> Agent<'_> {
        let actor = self.context.actor();
        let system = if actor.role.is_clinician() {
            Role::SYSTEM
        } else {
            OWN_ROLES
        };
        let users = user_system(self.context.organisation());
        Agent {
            kind: Concept::new(PARTICIPATION, "IRCP"),
            role: Some([Concept::new(system, actor.role.code())]),
            who: Reference::to(users, &actor.id).called(&actor.name),
            name: Some(&actor.name),
            requestor: true,
        }
    }

    fn entities<'a>(&'a self, count: Option<&'a str>) -> Vec<Entity<'a>> {
        let mut entities = Vec::with_capacity(3);
        if let Some(patient) = self.about() {
            entities.push(Entity {
                what: Some(Reference::to(Bsn::SYSTEM, patient.expose())),
                kind: Coding::new(ENTITY_TYPE, "1"),
                role: Some(Coding::new(OBJECT_ROLE, "1")),
                detail: Vec::new(),
            });
        }
        let detail = self.details(count);
        if !detail.is_empty() {
            entities.push(Entity {
                what: None,
                kind: Coding::new(ENTITY_TYPE, "2"),
                role: Some(Coding::new(OBJECT_ROLE, "4")),
                detail,
            });
        }
        entities.push(Entity {
            what: Some(Reference {
                identifier: Some(Identifier {
                    system: None,
                    value: &self.context.request().0,
                }),
                display: None,
            }),
            kind: Coding::new(BALP_ENTITY_TYPE, "XrequestId"),
            role: None,
            detail: Vec::new(),
        });
        entities
    }

    fn details<'a>(&'a self, count: Option<&'a str>) -> Vec<Detail<'a>> {
        let detail = |kind: &'static str, text: &'a str| Detail {
            kind,
            value_string: Cow::Borrowed(text),
        };
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
        details.extend(count.map(|count| detail("count", count)));
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
    let agent = match peer {
        Some(peer) => agent_of("110153", peer, true),
        None => Agent {
            kind: Concept::new(PARTICIPATION, "IRCP"),
            role: None,
            who: Reference {
                identifier: None,
                display: Some("unknown"),
            },
            name: None,
            requestor: true,
        },
    };
    let event = AuditEvent {
        outcome_desc: format!("refused: {}", rejected.code()).into(),
        agent: vec![agent],
        ..event(Happened::SignedIn, Outcome::Refused, observer, id, now)
    };
    store::AuditBody {
        patient: None,
        body: event.to_bytes(),
    }
}

/// What every line says: what happened, when, how it ended, and who says so.
fn event<'a>(
    happened: Happened,
    outcome: Outcome,
    observer: &'a OrganisationRecord,
    id: &'a str,
    now: Timestamp,
) -> AuditEvent<'a> {
    let (system, code, display) = happened.kind();
    AuditEvent {
        id,
        kind: Coding {
            system,
            code,
            display: Some(display),
        },
        subtype: [Coding::new(Happened::SYSTEM, happened.code())],
        action: happened.action(),
        recorded: now,
        outcome: outcome.code(),
        outcome_desc: outcome.description().into(),
        source: Source {
            observer: organisation(&observer.ura, &observer.name),
            kind: [Coding::new(SOURCE_TYPE, "4")],
        },
        purpose_of_event: None,
        agent: Vec::new(),
        entity: Vec::new(),
    }
}

fn agent_of<'a>(kind: &'static str, of: &'a OrganisationRecord, requestor: bool) -> Agent<'a> {
    let who = organisation(&of.ura, &of.name);
    organisation_agent(kind, of.organisation_type, who, requestor)
}

fn organisation_agent<'a>(
    kind: &'static str,
    of: OrganisationType,
    who: Reference<'a>,
    requestor: bool,
) -> Agent<'a> {
    Agent {
        kind: Concept::new(DICOM, kind),
        role: Some([Concept::new(OrganisationType::SYSTEM, of.code())]),
        who,
        name: None,
        requestor,
    }
}

fn organisation<'a>(ura: &'a Ura, name: &'a str) -> Reference<'a> {
    Reference::to(Ura::SYSTEM, ura.as_str()).called(name)
}

/// Identifiers of users are unique within their organisation.
fn user_system(organisation: Ura) -> String {
    format!("{}/user", crate::identity::urn(organisation))
}
