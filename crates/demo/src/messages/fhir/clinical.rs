//! Problems, allergies, measurements, vaccinations, procedures, alerts.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{ATC, LOINC, Records, SNOMED, UCUM, clinician, concept, organisation, subject};
use crate::{
    history::{AllergySubstance, Measure, Problem, Vital},
    messages::time,
    organisations::Organisation,
    patient::DemoPatient,
};

const ICPC: &str = "http://hl7.org/fhir/sid/icpc-1-nl";
const CLINICAL_STATUS: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";

pub(super) fn record(patient: &DemoPatient, records: &mut Records) {
    let history = &patient.history;
    for problem in &history.problems {
        records.add(problem.by, condition(patient, problem));
    }
    for allergy in &history.allergies {
        let code = match allergy.substance {
            AllergySubstance::Snomed(what) => concept(SNOMED, what.code, what.name),
            AllergySubstance::Atc { code, name } => concept(ATC, code, name),
        };
        let severity = if allergy.severe { "severe" } else { "mild" };
        records.add(
            allergy.by,
            json!({
                "resourceType": "AllergyIntolerance",
                "clinicalStatus": {"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                    "code": "active", "display": "Active"
                }]},
                "verificationStatus": {"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
                    "code": "confirmed", "display": "Confirmed"
                }]},
                "criticality": if allergy.severe { "high" } else { "low" },
                "code": code,
                "patient": subject(patient),
                "recordedDate": allergy.recorded.to_string(),
                "recorder": clinician(allergy.by),
                "reaction": [{
                    "manifestation": [
                        concept(SNOMED, allergy.reaction.code, allergy.reaction.name)
                    ],
                    "severity": severity
                }]
            }),
        );
    }
    for vital in &history.vitals {
        records.add(vital.by, observation(patient, vital));
    }
    for vaccination in &history.vaccinations {
        records.add(
            vaccination.by,
            json!({
                "resourceType": "Immunization",
                "status": "completed",
                "vaccineCode": concept(ATC, vaccination.atc, vaccination.name),
                "patient": subject(patient),
                "occurrenceDateTime": vaccination.on.to_string(),
                "performer": [{"actor": organisation(vaccination.by)}]
            }),
        );
    }
    for procedure in &history.procedures {
        records.add(
            procedure.by,
            json!({
                "resourceType": "Procedure",
                "status": "completed",
                "category": concept(SNOMED, "387713003", "Chirurgische of diagnostische verrichting"),
                "code": concept(SNOMED, procedure.what.code, procedure.what.name),
                "subject": subject(patient),
                "performedDateTime": procedure.on.to_string(),
                "performer": [{"actor": organisation(procedure.by)}]
            }),
        );
    }
    for alert in &history.alerts {
        records.add(
            alert.by,
            json!({
                "resourceType": "Flag",
                "status": "active",
                "code": concept(SNOMED, alert.what.code, alert.what.name),
                "subject": subject(patient),
                "period": {"start": alert.since.to_string()},
                "author": organisation(alert.by)
            }),
        );
    }
}

fn condition(patient: &DemoPatient, problem: &Problem) -> Value {
    let disorder = problem.disorder;
    let mut coding =
        vec![json!({"system": SNOMED, "code": disorder.snomed, "display": disorder.name})];
    // A GP records in ICPC; the SNOMED CT code stands beside it.
    if matches!(problem.by, Organisation::Gp | Organisation::OutOfHours) {
        coding.insert(
            0,
            json!({"system": ICPC, "code": disorder.icpc, "display": disorder.name}),
        );
    }
    let (status, display) = if problem.until.is_some() {
        ("resolved", "Resolved")
    } else {
        ("active", "Active")
    };
    let mut resource = json!({
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [
            {"system": CLINICAL_STATUS, "code": status, "display": display}
        ]},
        "category": [concept(SNOMED, "439401001", "Diagnose")],
        "code": {"coding": coding, "text": disorder.name},
        "subject": subject(patient),
        "onsetDateTime": problem.since.to_string(),
        "recordedDate": problem.since.to_string(),
        "recorder": clinician(problem.by)
    });
    if let Some(until) = problem.until {
        resource["abatementDateTime"] = json!(until.to_string());
    }
    resource
}

fn observation(patient: &DemoPatient, vital: &Vital) -> Value {
    let (code, name) = match vital.measure {
        Measure::BloodPressure { .. } => ("85354-9", "Bloeddruk"),
        Measure::Weight(_) => ("29463-7", "Lichaamsgewicht"),
        Measure::Height(_) => ("8302-2", "Lichaamslengte"),
        Measure::Saturation(_) => ("59408-5", "Zuurstofsaturatie"),
    };
    let mut resource = json!({
        "resourceType": "Observation",
        "status": "final",
        "category": [concept(
            "http://terminology.hl7.org/CodeSystem/observation-category",
            "vital-signs",
            "Vital Signs",
        )],
        "code": concept(LOINC, code, name),
        "subject": subject(patient),
        "effectiveDateTime": time::fhir(vital.at),
        "performer": [clinician(vital.by)]
    });
    match vital.measure {
        Measure::BloodPressure {
            systolic,
            diastolic,
        } => {
            let part = |code, name, value: u32| {
                json!({
                    "code": concept(LOINC, code, name),
                    "valueQuantity": quantity(json!(value), "mmHg", "mm[Hg]")
                })
            };
            resource["component"] = json!([
                part("8480-6", "Bovendruk", systolic),
                part("8462-4", "Onderdruk", diastolic)
            ]);
        }
        Measure::Weight(value) => {
            resource["valueQuantity"] = quantity(json!(value), "kg", "kg");
        }
        Measure::Height(value) => resource["valueQuantity"] = quantity(json!(value), "cm", "cm"),
        Measure::Saturation(value) => {
            resource["valueQuantity"] = quantity(json!(value), "%", "%");
        }
    }
    resource
}

fn quantity(value: Value, unit: &str, code: &str) -> Value {
    json!({"value": value, "unit": unit, "system": UCUM, "code": code})
}

/// A period from a day, to another where there is one.
pub(super) fn period(start: Date, end: Option<Date>) -> Value {
    let mut period = json!({"start": start.to_string()});
    if let Some(end) = end {
        period["end"] = json!(end.to_string());
    }
    period
}
