//! The contact (PV1) of an admission message.

use super::{group, types::Reader, wire::Message};
use crate::{
    codes,
    model::{Coding, Identifier, Visit},
    naming,
    outcome::Fault,
};

/// The contact that an admission message is about; `None` when it has no
/// number, so that it could not be found again.
pub(super) fn visit(reader: &Reader<'_>, message: &Message<'_>) -> Result<Option<Visit>, Fault> {
    let Some(pv1) = group::only(message, "PV1")? else {
        return Ok(None);
    };
    let number = pv1.field(19).first();
    let Some(value) = number.text(1) else {
        return Ok(None);
    };
    let identifier = Identifier {
        system: reader.authority(number.component(4), "visit"),
        value,
    };
    let end = reader.date_time(pv1.field(45))?;
    let people = [(7, "ATND"), (8, "REF"), (9, "CON"), (17, "ADM")];
    let participants = people
        .into_iter()
        .flat_map(|(field, kind)| {
            pv1.field(field)
                .repetitions()
                .map(move |person| (kind, person))
                .collect::<Vec<_>>()
        })
        .filter_map(|(kind, person)| Some((kind, reader.person(person)?)))
        .collect();
    let reason = message
        .segment("PV2")
        .map(|pv2| reader.concept(pv2.field(3).first()))
        .filter(|concept| !concept.is_empty());
    Ok(Some(Visit {
        identifier,
        class: class(pv1.field(2).first().text(1).as_deref()),
        status: if end.is_some() {
            "finished"
        } else {
            "in-progress"
        },
        start: reader.date_time(pv1.field(44))?,
        end,
        participants,
        location: location(reader, pv1.field(3).first()),
        reason,
        provider: Some(reader.header.sending_organisation(reader.context)),
    }))
}

/// HL7 table 0004 as FHIR encounter class; what FHIR has no class for keeps
/// its own code.
fn class(code: Option<&str>) -> Coding {
    let (code, display) = match code {
        Some("I") => ("IMP", "inpatient encounter"),
        Some("O" | "R") => ("AMB", "ambulatory"),
        Some("E") => ("EMER", "emergency"),
        Some("P") => ("PRENC", "pre-admission"),
        other => {
            let code = other.filter(|code| code.len() == 1).unwrap_or("U");
            return Coding {
                system: "http://terminology.hl7.org/CodeSystem/v2-0004".to_owned(),
                code: code.to_owned(),
                display: None,
            };
        }
    };
    Coding {
        system: codes::ENCOUNTER_CLASS.to_owned(),
        code: code.to_owned(),
        display: Some(display.to_owned()),
    }
}

/// A place (PL): point of care, room, bed, facility.
fn location(reader: &Reader<'_>, field: super::wire::Field<'_>) -> Option<(Identifier, String)> {
    let parts: Vec<String> = (1..=4)
        .map(|at| field.text(at).unwrap_or_default())
        .collect();
    let named: Vec<&str> = parts[..3]
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    if named.is_empty() {
        return None;
    }
    let key = naming::key(&parts.iter().map(String::as_str).collect::<Vec<_>>());
    let system = reader.namespace.system("location");
    Some((Identifier { system, value: key }, named.join(", ")))
}
