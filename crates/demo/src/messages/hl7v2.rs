//! Results as a laboratory system sends them: HL7 v2.4 ORU^R01.

use jiff::{ToSpan, civil::DateTime};

use super::{latin_1, time};
use crate::{
    history::LabReport, organisations::Organisation, patient::DemoPatient, people,
    vocabulary::LabTest,
};

/// The report, and where there was one its correction.
pub(super) fn results(patient: &DemoPatient, report: &LabReport, number: &str) -> Vec<Vec<u8>> {
    let mut first = report.results.clone();
    let mut messages = vec![message(patient, report, number, &first, 'F', 1)];
    if let (Some(corrected), Some(result)) = (report.corrected, first.first_mut()) {
        result.1 = corrected;
        messages.push(message(patient, report, number, &first, 'C', 2));
    }
    messages
}

fn message(
    patient: &DemoPatient,
    report: &LabReport,
    number: &str,
    results: &[(LabTest, f64)],
    status: char,
    turn: i64,
) -> Vec<u8> {
    let sender = report.measured_by.describe();
    let sent = report.taken.saturating_add((turn * 4).hours());
    let text_fits = patient.name().chars().all(|letter| u32::from(letter) < 256);
    let charset = if text_fits { "8859/1" } else { "UNICODE UTF-8" };
    let mut segments = vec![
        format!(
            "MSH|^~\\&|LIS|{}^{}^URA|SCHAKEL|{}^{}^URA|{}||ORU^R01^ORU_R01|{number}-{turn}|P|2.4\
             |||AL|NE|NLD|{charset}",
            sender.slug,
            sender.ura,
            sender.slug,
            sender.ura,
            time::hl7v2(sent),
        ),
        pid(patient),
        format!(
            "ORC|RE|O{number}|{number}|||CM||||||{}",
            requester(report.ordered_by)
        ),
        obr(report, number, status),
    ];
    let remark = (turn == 1).then_some(report.remark).flatten();
    if let Some(remark) = remark {
        segments.push(format!("NTE|1|L|{}", escape(remark)));
    }
    segments.extend(
        results
            .iter()
            .enumerate()
            .map(|(index, result)| obx(index + 1, *result, report, status)),
    );
    let text = segments.join("\r") + "\r";
    if text_fits {
        latin_1(&text)
    } else {
        text.into_bytes()
    }
}

fn pid(patient: &DemoPatient) -> String {
    let address = &patient.address;
    let prefix = patient.name.prefix;
    let surname = patient.name.surname;
    let family = if prefix.is_empty() {
        surname.to_owned()
    } else {
        format!("{surname}&{prefix}&{surname}")
    };
    format!(
        "PID|1||{}^^^NLMINBIZA^NNNLD||{family}^{}^^^^^L||{}|{}|||{} {}&{}&{}^^{}^^{}^NL^H",
        patient.bsn.expose(),
        patient.name.given,
        patient.birth_date.strftime("%Y%m%d"),
        if patient.female { 'F' } else { 'M' },
        address.street,
        address.number,
        address.street,
        address.number,
        address.town,
        address.postcode,
    )
}

/// The clinician who ordered, by the number of the organisation.
fn requester(ordered_by: Organisation) -> String {
    let organisation = ordered_by.describe();
    let name = people::signs_for(ordered_by).map_or("", |one| one.name);
    let (initial, surname) = name.split_once(' ').unwrap_or(("", name));
    format!("{}^{}^{}^^^^^^VEKTIS", organisation.agb, surname, initial)
}

fn obr(report: &LabReport, number: &str, status: char) -> String {
    let taken = time::hl7v2(report.taken);
    format!(
        "OBR|1|O{number}|{number}|LAB^Laboratoriumonderzoek^99LIS|||{taken}|||||||{taken}|BLD|{}\
         ||||||{}||CH|{status}",
        requester(report.ordered_by),
        reported(report.taken),
    )
}

fn obx(index: usize, (test, value): (LabTest, f64), report: &LabReport, status: char) -> String {
    let range = match (test.low, test.high) {
        (Some(low), Some(high)) => format!("{low}-{high}"),
        (Some(low), None) => format!(">{low}"),
        (None, Some(high)) => format!("<{high}"),
        (None, None) => String::new(),
    };
    let flag = match (test.low, test.high) {
        (Some(low), _) if value < low => "L",
        (_, Some(high)) if value > high => "H",
        (None, None) => "",
        _ => "N",
    };
    format!(
        "OBX|{index}|NM|{}^{}^99LIS||{value:.*}|{}|{range}|{flag}|||{status}|||{}",
        test.code,
        escape(test.name),
        test.decimals,
        escape(test.unit),
        time::hl7v2(report.taken),
    )
}

fn reported(taken: DateTime) -> String {
    time::hl7v2(taken.saturating_add(3.hours()))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\E\\")
        .replace('|', "\\F\\")
        .replace('^', "\\S\\")
        .replace('&', "\\T\\")
}
