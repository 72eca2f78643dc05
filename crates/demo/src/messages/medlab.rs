//! The same results as a GP receives them: EDIFACT MEDLAB, version 1.

use jiff::ToSpan;

use super::latin_1;
use crate::{
    history::LabReport, organisations::Organisation, patient::DemoPatient, people,
    vocabulary::LabTest,
};

/// One interchange with one message.
pub(super) fn interchange(patient: &DemoPatient, report: &LabReport, number: &str) -> Vec<u8> {
    let sender = report.measured_by.describe();
    let receiver = Organisation::Gp.describe();
    let doctor = people::signs_for(Organisation::Gp).map_or("", |one| one.name);
    let sent = report.taken.saturating_add(4.hours());
    let mut segments = vec![
        format!("UNH+{number}+MEDLAB:1"),
        format!(
            "ZKH+{}+Sluiskade:1::Lisbroek:9902AA+0990-000103",
            escape(sender.name)
        ),
        pid(patient),
        pad(patient),
        format!(
            "ART+H+{}+{}+Akkerpad:12::Meerdorp:9901AA",
            receiver.agb,
            escape(doctor)
        ),
        format!("AFD+{}", escape("Klinische chemie")),
        format!("DET:1+{}", report.taken.strftime("%y:%m:%d+%H:%M")),
        format!("IDE:1+J+{number}"),
        "BEP:1:1:1+1+BLOED".to_owned(),
    ];
    for (index, result) in report.results.iter().enumerate() {
        segments.push(bep(index + 2, *result));
    }
    if let Some(remark) = report.remark {
        let last = report.results.len() + 1;
        segments.push(format!("OPB:1:1:{last}:1+{}", escape(remark)));
    }
    segments.push(format!("UNT+{}+{number}", segments.len() + 1));
    let text = format!(
        "UNB+UNOC:3+{}+{}+{}+{number}'\r{}'\rUNZ+1+{number}'\r",
        sender.agb,
        receiver.agb,
        sent.strftime("%y%m%d:%H%M"),
        segments.join("'\r"),
    );
    latin_1(&text)
}

fn pid(patient: &DemoPatient) -> String {
    let name = &patient.name;
    format!(
        "PID+{}+{}+{}:{}:{}:{}::{}.++BSN{}",
        patient.birth_date.strftime("%Y:%m:%d"),
        if patient.female { 'V' } else { 'M' },
        escape(name.surname),
        escape(name.prefix),
        escape(name.surname),
        escape(name.prefix),
        name.initial(),
        patient.bsn.expose(),
    )
}

fn pad(patient: &DemoPatient) -> String {
    let address = &patient.address;
    format!(
        "PAD+{}:{}::{}:{}",
        escape(address.street),
        address.number,
        address.town,
        address.postcode
    )
}

fn bep(index: usize, (test, value): (LabTest, f64)) -> String {
    let limit = |limit: Option<f64>| limit.map_or(String::new(), |one| one.to_string());
    let flag = match (test.low, test.high) {
        (Some(low), _) if value < low => "-",
        (_, Some(high)) if value > high => "+",
        _ => "",
    };
    format!(
        "BEP:1:1:{index}+0+{}+{value:.*}++{}+{}+{}+{}+{}",
        escape(test.name),
        test.decimals,
        escape(test.unit),
        escape(flag),
        limit(test.low),
        limit(test.high),
        test.code,
    )
}

fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let special = matches!(letter, '?' | '\'' | '+' | ':');
            special.then_some('?').into_iter().chain([letter])
        })
        .collect()
}
