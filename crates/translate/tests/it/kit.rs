//! A receiving node and messages for the tests.

use care::SequentialIds;
use fhir::{Resource, json::Value};
use jiff::tz::TimeZone;
use translate::{Context, Refusal, Translation, edifact, hl7v2};

/// Runs with the context of a receiving laboratory.
pub(crate) fn with_context<T>(run: impl FnOnce(&Context<'_>) -> T) -> T {
    let ids = SequentialIds::default();
    run(&Context {
        organisation: "90000103".parse().unwrap(),
        organisation_name: "Diagnostiek Lisbroek",
        now: "2024-03-02T10:00:00Z".parse().unwrap(),
        message_id: "bericht-1",
        ids: &ids,
        time_zone: TimeZone::get("Europe/Amsterdam").unwrap(),
    })
}

#[expect(clippy::result_large_err, reason = "it is taken apart at once")]
pub(crate) fn hl7(message: &[u8]) -> Result<Translation, Refusal> {
    with_context(|context| hl7v2::translate(message, context))
}

#[expect(clippy::result_large_err, reason = "it is taken apart at once")]
pub(crate) fn edi(interchange: &[u8]) -> Result<Translation, Refusal> {
    with_context(|context| edifact::translate(interchange, context))
}

/// Lines to segments.
pub(crate) fn message(lines: &[&str]) -> Vec<u8> {
    (lines.join("\r") + "\r").into_bytes()
}

pub(crate) const MSH: &str = "MSH|^~\\&|LIS|laboratorium^90000103^URA|SCHAKEL|laboratorium^90000103^URA|20240301120000+0100||ORU^R01^ORU_R01|M1|P|2.4|||AL|NE|NLD|UNICODE UTF-8";
pub(crate) const PID: &str = "PID|1||999911119^^^NLMINBIZA^NNNLD||Berg&van den&Berg^Anna^B^^^^L||19800102|F|||Kade 4b&Kade&4b^^Meerdorp^^9901QT^NL^H";
pub(crate) const OBR: &str = "OBR|1|P1|F1|LAB^Laboratoriumonderzoek^99LIS|||202403010815|||||||202403010900|BLD|||||||202403011130||CH|F";

/// A result message with these lines after the order.
pub(crate) fn oru(results: &[&str]) -> Vec<u8> {
    message(&[&[MSH, PID, OBR], results].concat())
}

/// An acknowledgement as lines.
pub(crate) fn lines(acknowledgement: &[u8]) -> String {
    String::from_utf8_lossy(acknowledgement)
        .trim_end()
        .replace("\r\n", "\n")
        .replace('\r', "\n")
}

/// The resources of a type in a Bundle.
pub(crate) fn resources<'b>(bundle: &'b Value, resource_type: &str) -> Vec<&'b Value> {
    bundle
        .get("entry")
        .unwrap()
        .items()
        .iter()
        .map(|entry| entry.get("resource").unwrap())
        .filter(|resource| resource.text("resourceType") == Some(resource_type))
        .collect()
}

/// Everything that R4 and our own rules find wrong with a Bundle.
pub(crate) fn faults(bundle: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let known: Vec<&str> = bundle
        .get("entry")
        .unwrap()
        .items()
        .iter()
        .map(|entry| entry.text("fullUrl").unwrap())
        .collect();
    for entry in bundle.get("entry").unwrap().items() {
        let resource = entry.get("resource").unwrap();
        match Resource::parse(resource.to_bytes()) {
            Ok(parsed) => faults.extend(
                fhir::structure::check(&parsed)
                    .into_iter()
                    .map(|issue| format!("{issue:?}")),
            ),
            Err(issues) => faults.extend(issues.into_iter().map(|issue| format!("{issue:?}"))),
        }
        walk(resource, &known, &mut faults);
    }
    faults
}

/// Every reference resolves and has a display; every coding has a system and
/// a code (Nictiz, rules for instances).
fn walk(value: &Value, known: &[&str], faults: &mut Vec<String>) {
    if let Some(reference) = value.text("reference") {
        let is_known = reference.starts_with('#') || known.contains(&reference);
        if !is_known || value.get("display").is_none() {
            faults.push(format!("reference {value:?}"));
        }
    }
    for coding in value.get("coding").map(Value::items).unwrap_or_default() {
        if coding.text("system").is_none() || coding.text("code").is_none() {
            faults.push(format!("coding {coding:?}"));
        }
    }
    for (_, member) in value.members() {
        walk(member, known, faults);
    }
    for item in value.items() {
        walk(item, known, faults);
    }
}

/// The value of an observation, as one text.
pub(crate) fn value_of(observation: &Value) -> String {
    let (name, value) = observation
        .members()
        .iter()
        .find(|(name, _)| {
            name.starts_with("value") || name == "component" || name == "dataAbsentReason"
        })
        .unwrap();
    format!("{name} {}", String::from_utf8_lossy(&value.to_bytes()))
}
