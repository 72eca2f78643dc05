//! Medicines: what was agreed and what was handed over (Medicatieproces 9).

use jiff::ToSpan;
use serde_json::{Value, json};

use super::{ATC, Records, SNOMED, clinical::period, clinician, concept, organisation, subject};
use crate::{history::Medication, organisations::Organisation, patient::DemoPatient};

/// The OID of treatments in the demo region, under the root for test numbers.
const TREATMENT: &str = "urn:oid:2.16.840.1.113883.2.4.3.11.999.9901";

pub(super) fn record(patient: &DemoPatient, records: &mut Records) {
    for (index, medication) in patient.history.medications.iter().enumerate() {
        let treatment = format!("{}-{}", patient.slug, index + 1);
        records.add(medication.by, agreement(patient, medication, &treatment));
        if medication.dispenses.is_empty() {
            continue;
        }
        let pharmacy = Organisation::Pharmacy;
        records.add(
            pharmacy,
            administration_agreement(patient, medication, &treatment),
        );
        for day in &medication.dispenses {
            let until = day.saturating_add(90.days());
            records.add(
                pharmacy,
                json!({
                    "resourceType": "MedicationDispense",
                    "extension": [identifier_of(&treatment)],
                    "status": "completed",
                    "category": concept(SNOMED, "373784005", "Verstrekking"),
                    "medicationCodeableConcept": product(medication),
                    "subject": subject(patient),
                    "performer": [{"actor": organisation(pharmacy)}],
                    "quantity": {
                        "value": medication.dispensed_per_day * 90,
                        "unit": medication.medicine.unit
                    },
                    "daysSupply": {"value": (until - *day).get_days(), "unit": "dag",
                        "system": super::UCUM, "code": "d"},
                    "whenHandedOver": day.to_string(),
                    "dosageInstruction": [dosage(medication, medication.dispensed_per_day)]
                }),
            );
        }
    }
}

/// The agreement of the prescriber (medicatieafspraak).
fn agreement(patient: &DemoPatient, medication: &Medication, treatment: &str) -> Value {
    let mut extensions = vec![
        identifier_of(treatment),
        json!({
            "url": "http://nictiz.nl/fhir/StructureDefinition/ext-TimeInterval.Period",
            "valuePeriod": period(medication.start, medication.stop)
        }),
    ];
    if medication.stop.is_some() {
        extensions.push(json!({
            "url": "http://nictiz.nl/fhir/StructureDefinition/ext-StopType",
            "valueCodeableConcept": concept(SNOMED, "410546004", "Gestopt")
        }));
    }
    let mut resource = json!({
        "resourceType": "MedicationRequest",
        "extension": extensions,
        "status": if medication.stop.is_some() { "stopped" } else { "active" },
        "intent": "order",
        "category": [concept(SNOMED, "33633005", "Medicatieafspraak")],
        "medicationCodeableConcept": product(medication),
        "subject": subject(patient),
        "authoredOn": medication.start.to_string(),
        "requester": clinician(medication.by),
        "dosageInstruction": [dosage(medication, medication.per_day)]
    });
    if let Some(reason) = medication.reason {
        resource["reasonCode"] = json!([concept(SNOMED, reason.snomed, reason.name)]);
    }
    resource
}

/// How the pharmacy carries the agreement out (toedieningsafspraak).
fn administration_agreement(
    patient: &DemoPatient,
    medication: &Medication,
    treatment: &str,
) -> Value {
    json!({
        "resourceType": "MedicationDispense",
        "extension": [identifier_of(treatment), {
            "url": "http://nictiz.nl/fhir/StructureDefinition/ext-TimeInterval.Period",
            "valuePeriod": period(medication.start, None)
        }],
        "status": "in-progress",
        "category": concept(SNOMED, "422037009", "Toedieningsafspraak"),
        "medicationCodeableConcept": product(medication),
        "subject": subject(patient),
        "performer": [{"actor": organisation(Organisation::Pharmacy)}],
        "dosageInstruction": [dosage(medication, medication.dispensed_per_day)]
    })
}

/// The identifier that all blocks of one treatment share
/// (medicamenteuze behandeling).
fn identifier_of(treatment: &str) -> Value {
    json!({
        "url": "http://nictiz.nl/fhir/StructureDefinition/ext-PharmaceuticalTreatment.Identifier",
        "valueIdentifier": {"system": TREATMENT, "value": treatment}
    })
}

fn product(medication: &Medication) -> Value {
    concept(ATC, medication.medicine.atc, medication.medicine.name)
}

fn dosage(medication: &Medication, per_day: u32) -> Value {
    let unit = medication.medicine.unit;
    json!({
        "text": format!("{per_day} maal per dag 1 {unit}"),
        "timing": {"repeat": {"frequency": per_day, "period": 1, "periodUnit": "d"}},
        "doseAndRate": [{"doseQuantity": {"value": 1, "unit": unit}}]
    })
}
