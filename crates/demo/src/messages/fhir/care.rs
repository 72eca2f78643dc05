//! Contacts, episodes of care, directives and care plans.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Records, SNOMED, clinical::period, clinician, concept, organisation, subject};
use crate::{
    history::{Contact, ContactKind, DirectiveKind},
    messages::time,
    organisations::Organisation,
    patient::DemoPatient,
    vocabulary as codes,
};

pub(super) fn record(patient: &DemoPatient, records: &mut Records) {
    let history = &patient.history;
    for contact in &history.contacts {
        records.add(contact.at, encounter(patient, contact));
    }
    // Who has a patient in care over the years says so with an episode.
    let in_care: BTreeSet<Organisation> = [Organisation::Gp]
        .into_iter()
        .chain(history.care_plans.iter().map(|plan| plan.by))
        .collect();
    for keeper in in_care {
        let since = history
            .care_plans
            .iter()
            .filter(|plan| plan.by == keeper)
            .map(|plan| plan.start)
            .min()
            .unwrap_or(patient.birth_date);
        records.add(
            keeper,
            json!({
                "resourceType": "EpisodeOfCare",
                "status": "active",
                "type": [{"text": if keeper == Organisation::Gp {
                    "Ingeschreven bij de huisarts"
                } else {
                    "In zorg"
                }}],
                "patient": subject(patient),
                "managingOrganization": organisation(keeper),
                "period": period(since, None)
            }),
        );
    }
    for directive in &history.directives {
        let (category, code) = match directive.kind {
            DirectiveKind::NoResuscitation => (codes::TREATMENT_DIRECTIVE, codes::RESUSCITATION),
            DirectiveKind::LivingWill => (codes::ADVANCE_DIRECTIVE, codes::ADVANCE_DIRECTIVE),
        };
        let mut resource = json!({
            "resourceType": "Consent",
            "status": "active",
            "scope": {"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/consentscope",
                "code": "treatment",
                "display": "Treatment"
            }]},
            "category": [concept(SNOMED, category.code, category.name)],
            "patient": subject(patient),
            "dateTime": directive.on.to_string(),
            "organization": [organisation(directive.by)],
            "policy": [{"uri": "https://wetten.overheid.nl/"}]
        });
        if directive.kind == DirectiveKind::NoResuscitation {
            resource["provision"] = json!({
                "type": "deny",
                "code": [concept(SNOMED, code.code, code.name)]
            });
        }
        records.add(directive.by, resource);
    }
    for plan in &history.care_plans {
        let activities: Vec<Value> = plan
            .activities
            .iter()
            .map(|text| json!({"detail": {"status": "in-progress", "description": text}}))
            .collect();
        records.add(
            plan.by,
            json!({
                "resourceType": "CarePlan",
                "status": if plan.end.is_some() { "completed" } else { "active" },
                "intent": "plan",
                "title": plan.title,
                "subject": subject(patient),
                "period": period(plan.start, plan.end),
                "author": organisation(plan.by),
                "activity": activities
            }),
        );
    }
}

fn encounter(patient: &DemoPatient, contact: &Contact) -> Value {
    let (class, display) = match contact.kind {
        ContactKind::Consultation => ("AMB", "Consult"),
        ContactKind::Emergency => ("EMER", "Spoedcontact"),
        ContactKind::Admission => ("IMP", "Opname"),
        ContactKind::HomeVisit => ("HH", "Huisbezoek"),
    };
    json!({
        "resourceType": "Encounter",
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": class,
            "display": display
        },
        "subject": subject(patient),
        "participant": [{"individual": clinician(contact.at)}],
        "period": {"start": time::fhir(contact.start), "end": time::fhir(contact.end)},
        "reasonCode": [{"text": contact.reason}],
        "serviceProvider": organisation(contact.at)
    })
}
