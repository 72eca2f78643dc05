//! Orders and their reports (ORC, OBR, SPM).

use std::collections::HashMap;

use super::{
    finding,
    group::{OrderGroup, PatientGroup},
    types::Reader,
    wire::Segment,
};
use crate::{
    model::{Coding, Concept, Order, Sample},
    naming,
    outcome::{Fault, FaultCode},
};

/// The most results (OBX) of one message.
pub const RESULTS_MAX: usize = 5_000;

/// The keys that a message has given out for a patient: the same one again
/// gets a number behind `*`, which no key holds, so that two results never
/// become one.
#[derive(Default)]
pub(super) struct Keys {
    given: HashMap<(String, &'static str, String), usize>,
    patient: String,
    results: usize,
}

impl Keys {
    /// What follows is about the patient with these numbers, as they are written.
    pub(super) fn of_patient(&mut self, numbers: &str) {
        numbers.clone_into(&mut self.patient);
    }

    pub(super) fn unique(&mut self, kind: &'static str, key: String) -> String {
        let given = (self.patient.clone(), kind, key.clone());
        let count = self.given.entry(given).or_default();
        *count += 1;
        if *count == 1 {
            key
        } else {
            format!("{key}*{count}")
        }
    }
}

pub(super) fn orders(
    reader: &Reader<'_>,
    patient: &PatientGroup<'_>,
    keys: &mut Keys,
) -> Result<Vec<Order>, Fault> {
    let mut orders = Vec::with_capacity(patient.orders.len());
    for (index, group) in patient.orders.iter().enumerate() {
        keys.results += group.results.len();
        if keys.results > RESULTS_MAX {
            return Err(Fault::error(
                FaultCode::Limit,
                format!("more than {RESULTS_MAX} results"),
            ));
        }
        let mut order = order(reader, group, keys)?;
        let notes = if index == 0 {
            patient.notes.as_slice()
        } else {
            &[]
        };
        order.request_remarks = [remarks(notes), remarks(&group.request_notes)].concat();
        orders.push(order);
    }
    Ok(orders)
}

fn order(reader: &Reader<'_>, group: &OrderGroup<'_>, keys: &mut Keys) -> Result<Order, Fault> {
    let OrderGroup { orc, obr, .. } = group;
    let either = |obr_field: usize, orc_field: usize| {
        Reader::entity(obr.field(obr_field))
            .or_else(|| Reader::entity(orc.as_ref()?.field(orc_field)))
    };
    let placer = either(2, 2);
    let filler = either(3, 3);
    let number: Vec<&str> = match (&filler, &placer) {
        (Some(filler), _) => filler.iter().map(String::as_str).collect(),
        (None, Some(placer)) => ["", "placer"]
            .into_iter()
            .chain(placer.iter().map(String::as_str))
            .collect(),
        (None, None) => {
            return Err(
                Fault::error(FaultCode::Missing, "the order has no number").at(obr.place(Some(3)))
            );
        }
    };
    let sent = reader.concept(obr.field(4).first());
    let Some(code) = sent_code(&sent) else {
        return Err(
            Fault::error(FaultCode::Missing, "OBR-4 names no service").at(obr.place(Some(4)))
        );
    };
    let key = keys.unique("report", naming::key(&[&number[..], &[code]].concat()));
    let requester = reader
        .person(obr.field(16))
        .or_else(|| reader.person(orc.as_ref()?.field(12)))
        .or_else(|| reader.organisation(orc.as_ref()?.field(21)));
    let requested = match orc {
        Some(orc) => reader.date_time(orc.field(9))?,
        None => None,
    };
    let mut order = Order {
        key,
        placer: placer.as_ref().map(|parts| parts[0].clone()),
        filler: filler.as_ref().map(|parts| parts[0].clone()),
        status: report_status(*obr)?,
        section: obr
            .field(24)
            .first()
            .text(1)
            .filter(|text| is_section(text)),
        requested: requested.or(reader.date_time(obr.field(6))?),
        effective: reader.date_time(obr.field(7))?,
        issued: reader.instant(obr.field(22))?,
        requester,
        performers: vec![reader.header.sending_organisation(reader.context)],
        interpreters: Vec::new(),
        remarks: remarks(&group.notes),
        specimens: specimens(reader, group, &number, keys)?,
        concept: reader.mapped(sent.clone()),
        ..Order::default()
    };
    finding::add(reader, group, &number, &mut order, keys)?;
    Ok(order)
}

/// What names a service or test in a key: the first code as it was sent, or
/// its words. It stays the same when our tables grow.
pub(super) fn sent_code(concept: &Concept) -> Option<&str> {
    concept
        .codings
        .first()
        .map(|coding| coding.code.as_str())
        .or_else(|| concept.label())
}

/// OBR-25, HL7 table 0123, as FHIR diagnostic report status.
fn report_status(obr: Segment<'_>) -> Result<&'static str, Fault> {
    Ok(match obr.field(25).first().text(1).as_deref() {
        Some("F") => "final",
        Some("C" | "M") => "corrected",
        Some("P") => "preliminary",
        Some("A" | "R") => "partial",
        Some("I" | "O" | "S") => "registered",
        Some("X") => "cancelled",
        None | Some("Y" | "Z") => "unknown",
        Some(_) => {
            return Err(Fault::error(FaultCode::UnknownValue, "OBR-25 is no status")
                .at(obr.place(Some(25))));
        }
    })
}

fn is_section(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The samples: SPM from 2.5 on, OBR-15 before.
fn specimens(
    reader: &Reader<'_>,
    group: &OrderGroup<'_>,
    number: &[&str],
    keys: &mut Keys,
) -> Result<Vec<Sample>, Fault> {
    let obr = group.obr;
    let mut samples = Vec::new();
    for spm in &group.specimens {
        let entity = Reader::entity(spm.field(2));
        let own = entity.as_ref().and_then(|parts| parts.first().cloned());
        let key = match &own {
            // A sample with a number of its own is one sample for all orders.
            Some(own) => naming::key(&["sample", own]),
            None => keys.unique("specimen", naming::key(&[number, &[""]].concat())),
        };
        samples.push(Sample {
            key,
            number: own,
            concept: specimen_concept(reader.concept(spm.field(4).first())),
            collected: reader
                .date_time(spm.field(17))?
                .or(reader.date_time(obr.field(7))?),
            received: reader.date_time(spm.field(18))?,
        });
    }
    let source = obr.field(15).first();
    if samples.is_empty() && !source.is_empty() {
        let code = source.component(1).text(1).unwrap_or_default();
        samples.push(Sample {
            key: naming::key(&[number, &[code.as_str()]].concat()),
            number: None,
            concept: specimen_source(reader, obr),
            collected: reader.date_time(obr.field(7))?,
            received: reader.date_time(obr.field(14))?,
        });
    }
    Ok(samples)
}

/// OBR-15: a coded kind of sample in subcomponents; table 0070 when it names
/// no system and the code is of that table.
fn specimen_source(reader: &Reader<'_>, obr: Segment<'_>) -> Concept {
    let source = obr.field(15).first().component(1);
    let Some(code) = source.text(1) else {
        return Concept::default();
    };
    let known = terminology::specimen_type(&code).is_some();
    let system = match source.text(3).as_deref() {
        None if known => "http://terminology.hl7.org/CodeSystem/v2-0070".to_owned(),
        Some("HL70070") => "http://terminology.hl7.org/CodeSystem/v2-0070".to_owned(),
        _ => reader.namespace.system("specimen-type"),
    };
    let text = source.text(2);
    let code: Vec<&str> = code.split_whitespace().collect();
    let coding = Coding {
        system,
        code: code.join(" "),
        display: text.clone(),
    };
    specimen_concept(Concept {
        codings: vec![coding],
        text,
    })
}

/// Adds SNOMED CT before a code of table 0070 or 0487 that we know.
fn specimen_concept(mut concept: Concept) -> Concept {
    let of_table = |coding: &&Coding| {
        coding.system.ends_with("/v2-0070") || coding.system.ends_with("/v2-0487")
    };
    let snomed = concept
        .codings
        .iter()
        .find(of_table)
        .and_then(|coding| terminology::specimen_type(&coding.code));
    if let Some(code) = snomed {
        let system = terminology::system::SNOMED;
        let name = |language| terminology::display(system, code, language).map(str::to_owned);
        concept.codings.insert(
            0,
            Coding {
                system: system.to_owned(),
                code: code.to_owned(),
                display: name(terminology::Language::English),
            },
        );
        concept.text = concept.text.or_else(|| name(terminology::Language::Dutch));
    }
    concept
}

/// The text of remarks (NTE-3), one each.
pub(super) fn remarks(notes: &[Segment<'_>]) -> Vec<String> {
    notes
        .iter()
        .filter_map(|note| {
            let lines: Vec<String> = note
                .field(3)
                .repetitions()
                .filter_map(super::wire::Field::whole)
                .collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        })
        .collect()
}
