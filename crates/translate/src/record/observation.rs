//! One result (zib LaboratoryTestResult).

use fhir::{json::Value, value};

use super::{
    Draft, Link, element,
    report::{Service, Setting},
};
use crate::{
    codes,
    model::{Finding, Identifier, Order},
};

impl Draft<'_> {
    pub(super) fn observation(
        &mut self,
        finding: &Finding,
        order: &Order,
        service: Service,
        setting: &Setting<'_>,
        request: &Link,
        specimens: &[Link],
    ) -> Link {
        let key = Identifier {
            system: setting.namespace.system("result"),
            value: finding.key.clone(),
        };
        let mut observation = element::resource("Observation");
        observation.set("identifier", vec![element::identifier(&key)]);
        observation.set("basedOn", vec![request.reference()]);
        observation.set("status", finding.status);
        element::set_list(&mut observation, "category", categories(finding, service));
        observation.set("code", element::concept(&finding.concept));
        observation.set("subject", setting.patient.reference());
        element::set_some(
            &mut observation,
            "encounter",
            setting.encounter.map(Link::reference),
        );
        let effective = finding.effective.as_ref().or(order.effective.as_ref());
        element::set_some(&mut observation, "effectiveDateTime", effective);
        let issued = finding.issued.as_ref().or(order.issued.as_ref());
        element::set_some(&mut observation, "issued", issued);
        let performers = if finding.performers.is_empty() {
            &order.performers
        } else {
            &finding.performers
        };
        let performers = performers.iter().map(|one| self.party(one)).collect();
        element::set_list(&mut observation, "performer", performers);
        set_value(&mut observation, finding);
        element::set_list(
            &mut observation,
            "interpretation",
            finding.flags.iter().map(element::concept).collect(),
        );
        element::set_list(&mut observation, "note", element::notes(&finding.remarks));
        element::set_some(
            &mut observation,
            "method",
            finding.method.as_ref().map(element::concept),
        );
        // With several samples it is not said which one a result is of.
        if let [specimen] = specimens {
            observation.set("specimen", specimen.reference());
        }
        if let Some(range) = &finding.range {
            observation.set("referenceRange", vec![element::reference_range(range)]);
        }
        let display = finding.concept.label().unwrap_or("Bepaling").to_owned();
        self.add_about(setting.patient, "Observation", observation, &key, &display)
    }
}

/// One value is the value; several, which HL7 v2 writes as repetitions, are
/// components under the same code, so that none is lost.
fn set_value(observation: &mut Value, finding: &Finding) {
    match finding.values.as_slice() {
        [] => {
            let reason = match finding.status {
                "cancelled" => ("not-performed", "Not Performed"),
                "registered" | "preliminary" => ("temp-unknown", "Temporarily Unknown"),
                _ => ("unknown", "Unknown"),
            };
            let absent = element::coded(codes::ABSENT_REASON, reason.0, reason.1);
            observation.set("dataAbsentReason", absent);
        }
        [value] => {
            let (name, value) = element::measured(value);
            observation.set(name, value);
        }
        values => {
            let components = values.iter().map(|one| {
                let (name, value) = element::measured(one);
                let mut component = value!({ "code": element::concept(&finding.concept) });
                component.set(name, value);
                component
            });
            observation.set("component", components.collect::<Vec<_>>());
        }
    }
}

fn categories(finding: &Finding, service: Service) -> Vec<Value> {
    let known = finding
        .concept
        .loinc()
        .and_then(terminology::category_of_loinc);
    let category = match (known, service) {
        (Some(category), _) => category,
        (None, Service::Laboratory) => "laboratory",
        (None, Service::Imaging) => "imaging",
        (None, Service::Other) => return Vec::new(),
    };
    let display = match category {
        "laboratory" => "Laboratory",
        "vital-signs" => "Vital Signs",
        "imaging" => "Imaging",
        "survey" => "Survey",
        "social-history" => "Social History",
        _ => "Exam",
    };
    let mut categories = vec![element::coded(
        codes::OBSERVATION_CATEGORY,
        category,
        display,
    )];
    if category == "laboratory" {
        categories.push(element::coded(
            terminology::system::SNOMED,
            codes::SNOMED_LABORATORY,
            "Laboratory test finding",
        ));
    }
    categories
}
