//! An order and its report: ServiceRequest, Specimen, DiagnosticReport and
//! the Observations that it holds.

use fhir::{json::Value, value};

use super::{Draft, Link, element};
use crate::{
    codes,
    model::{Attachment, AttachmentData, Identifier, Order, Sample},
    naming::Namespace,
};

/// What an order is about, and whose numbers it uses.
pub(crate) struct Setting<'a> {
    pub(crate) patient: &'a Link,
    pub(crate) encounter: Option<&'a Link>,
    pub(crate) namespace: &'a Namespace,
}

/// The kind of service that a report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Laboratory,
    Imaging,
    /// Another one: no category is claimed for it.
    Other,
}

impl Service {
    /// By HL7 table 0074; no section is a laboratory, which is what a result
    /// message is for.
    fn of(section: Option<&str>) -> Self {
        match section {
            None
            | Some(
                "LAB" | "CH" | "HM" | "MB" | "IMM" | "SR" | "TX" | "BG" | "BLB" | "CP" | "CY"
                | "GE" | "MCB" | "MYC" | "PAR" | "SP" | "UR" | "VR" | "CG" | "MBL" | "HLA" | "PA",
            ) => Self::Laboratory,
            Some(
                "RAD" | "RX" | "RUS" | "CT" | "CTH" | "CUS" | "NMR" | "NMS" | "VUS" | "OUS" | "XRC",
            ) => Self::Imaging,
            Some(_) => Self::Other,
        }
    }
}

impl Draft<'_> {
    /// Adds an order with its samples, results and report.
    pub(crate) fn order(&mut self, order: &Order, setting: &Setting<'_>) {
        let request = self.service_request(order, setting);
        let specimens: Vec<Link> = order
            .specimens
            .iter()
            .map(|one| self.specimen(one, setting))
            .collect();
        let service = Service::of(order.section.as_deref());
        let results: Vec<Link> = order
            .findings
            .iter()
            .map(|one| self.observation(one, order, service, setting, &request, &specimens))
            .collect();
        self.report(order, setting, &request, &specimens, &results);
    }

    fn service_request(&mut self, order: &Order, setting: &Setting<'_>) -> Link {
        let number = |kind: &str, text: &str| Identifier {
            system: setting.namespace.system(kind),
            value: text.to_owned(),
        };
        let key = number("order", &order.key);
        let mut request = element::resource("ServiceRequest");
        let mut identifiers = vec![element::identifier(&key)];
        let given = [("placer", &order.placer), ("filler", &order.filler)];
        identifiers.extend(given.into_iter().filter_map(|(kind, text)| {
            Some(element::identifier(&number(
                &format!("{kind}-number"),
                text.as_ref()?,
            )))
        }));
        request.set("identifier", identifiers);
        request.set(
            "status",
            match order.status {
                "final" | "amended" | "corrected" | "appended" => "completed",
                "cancelled" => "revoked",
                "entered-in-error" => "entered-in-error",
                "registered" | "partial" | "preliminary" => "active",
                _ => "unknown",
            },
        );
        request.set("intent", "order");
        if Service::of(order.section.as_deref()) == Service::Laboratory {
            request.set(
                "category",
                vec![element::coded(
                    terminology::system::SNOMED,
                    codes::SNOMED_LABORATORY_ORDER,
                    "Laboratory procedure",
                )],
            );
        }
        request.set("code", element::concept(&order.concept));
        request.set("subject", setting.patient.reference());
        element::set_some(
            &mut request,
            "encounter",
            setting.encounter.map(Link::reference),
        );
        element::set_some(&mut request, "authoredOn", order.requested.as_ref());
        let requester = order.requester.as_ref().map(|party| self.party(party));
        element::set_some(&mut request, "requester", requester);
        element::set_list(&mut request, "note", element::notes(&order.request_remarks));
        let display = label(order);
        self.add_about(setting.patient, "ServiceRequest", request, &key, &display)
    }

    fn specimen(&mut self, sample: &Sample, setting: &Setting<'_>) -> Link {
        let key = Identifier {
            system: setting.namespace.system("specimen"),
            value: sample.key.clone(),
        };
        let mut specimen = element::resource("Specimen");
        let mut identifiers = vec![element::identifier(&key)];
        identifiers.extend(sample.number.iter().map(|number| {
            element::identifier(&Identifier {
                system: setting.namespace.system("specimen-number"),
                value: number.clone(),
            })
        }));
        specimen.set("identifier", identifiers);
        if !sample.concept.is_empty() {
            specimen.set("type", element::concept(&sample.concept));
        }
        specimen.set("subject", setting.patient.reference());
        element::set_some(&mut specimen, "receivedTime", sample.received.as_ref());
        if let Some(collected) = &sample.collected {
            specimen.set("collection", value!({ "collectedDateTime": collected }));
        }
        let display = sample.concept.label().unwrap_or("Monster").to_owned();
        self.add_about(setting.patient, "Specimen", specimen, &key, &display)
    }

    fn report(
        &mut self,
        order: &Order,
        setting: &Setting<'_>,
        request: &Link,
        specimens: &[Link],
        results: &[Link],
    ) {
        let key = Identifier {
            system: setting.namespace.system("report"),
            value: order.key.clone(),
        };
        let mut report = element::resource("DiagnosticReport");
        let mut listed: Vec<Value> = results.iter().map(Link::reference).collect();
        let contained = contained(order, setting, results, &mut listed);
        element::set_list(&mut report, "contained", contained);
        report.set("identifier", vec![element::identifier(&key)]);
        report.set("basedOn", vec![request.reference()]);
        report.set("status", order.status);
        let section = order.section.as_deref().unwrap_or("LAB");
        report.set(
            "category",
            vec![value!({
                "coding": [{ "system": codes::DIAGNOSTIC_SECTION, "code": section }],
            })],
        );
        report.set("code", element::concept(&order.concept));
        report.set("subject", setting.patient.reference());
        element::set_some(
            &mut report,
            "encounter",
            setting.encounter.map(Link::reference),
        );
        element::set_some(&mut report, "effectiveDateTime", order.effective.as_ref());
        element::set_some(&mut report, "issued", order.issued.as_ref());
        let performers = order.performers.iter().map(|one| self.party(one)).collect();
        element::set_list(&mut report, "performer", performers);
        let interpreters = order
            .interpreters
            .iter()
            .map(|one| self.party(one))
            .collect();
        element::set_list(&mut report, "resultsInterpreter", interpreters);
        let specimens = specimens.iter().map(Link::reference).collect();
        element::set_list(&mut report, "specimen", specimens);
        element::set_list(&mut report, "result", listed);
        if !order.remarks.is_empty() {
            report.set("conclusion", order.remarks.join("\n"));
        }
        let forms = order.attachments.iter().map(attachment).collect();
        element::set_list(&mut report, "presentedForm", forms);
        let display = label(order);
        self.add_about(setting.patient, "DiagnosticReport", report, &key, &display);
    }
}

/// What exists within this report only: tests still to come, which the next
/// version of the report replaces, and headings over its results.
fn contained(
    order: &Order,
    setting: &Setting<'_>,
    results: &[Link],
    listed: &mut Vec<Value>,
) -> Vec<Value> {
    let mut contained = Vec::new();
    let mut add = |id: String, name: &str, status: &str, members: Vec<Value>| {
        let mut observation = value!({
            "resourceType": "Observation",
            "id": &id,
            "status": status,
            "code": { "text": name },
            "subject": setting.patient.reference(),
        });
        element::set_list(&mut observation, "hasMember", members);
        contained.push(observation);
        listed.push(value!({ "reference": format!("#{id}"), "display": name }));
    };
    for (index, name) in order.pending.iter().enumerate() {
        add(
            format!("pending-{}", index + 1),
            name,
            "registered",
            Vec::new(),
        );
    }
    for (index, (name, members)) in order.headings.iter().enumerate() {
        let members = members
            .iter()
            .filter_map(|at| results.get(*at))
            .map(Link::reference);
        add(
            format!("heading-{}", index + 1),
            name,
            "final",
            members.collect(),
        );
    }
    contained
}

fn attachment(attachment: &Attachment) -> Value {
    let mut value = Value::object();
    element::set_some(&mut value, "contentType", attachment.content_type.as_ref());
    match &attachment.data {
        AttachmentData::Base64(data) => value.set("data", data),
        AttachmentData::Url(url) => value.set("url", url),
    }
    element::set_some(&mut value, "title", attachment.title.as_ref());
    value
}

fn label(order: &Order) -> String {
    order
        .concept
        .label()
        .unwrap_or("Laboratoriumuitslag")
        .to_owned()
}
