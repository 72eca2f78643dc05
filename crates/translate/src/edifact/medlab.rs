//! MEDLAB, version 1: the segments of one message as patient and orders.

use std::collections::HashMap;

use care::{Bsn, InvalidBsn};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
};

use super::{
    envelope::{Interchange, Message},
    result,
    wire::Segment,
};
use crate::{
    Context, codes,
    hl7v2::{house_number, initials, offset_at, written},
    model::{Address, Coding, Concept, Identifier, Order, Party, PersonName, Subject},
    naming::{self, Namespace, Sender},
    outcome::{Fault, FaultCode},
};

/// The most results (BEP) of one interchange.
pub const RESULTS_MAX: usize = 5_000;

/// The most orders (IDE) of one message.
pub const ORDERS_MAX: usize = 200;

/// LOINC: laboratory report.
const REPORT: &str = "11502-2";

/// What one message says.
pub(super) struct Report {
    pub(super) sender: Sender,
    pub(super) author: Party,
    pub(super) subject: Subject,
    pub(super) orders: Vec<Order>,
    /// Segments whose content stays in the kept message.
    pub(super) kept_only: Vec<String>,
}

/// The keys that the messages of an interchange have given out for a patient:
/// two results never become one.
#[derive(Default)]
pub(super) struct Keys {
    given: HashMap<String, usize>,
    patient: String,
    results: usize,
}

impl Keys {
    pub(super) fn unique(&mut self, kind: &str, key: String) -> String {
        let given = format!("{} {kind} {key}", self.patient);
        let count = self.given.entry(given).or_default();
        *count += 1;
        if *count == 1 {
            key
        } else {
            format!("{key}*{count}")
        }
    }
}

/// An order while it is being read, by the first number of the counters.
#[derive(Default)]
struct Group {
    number: Option<String>,
    is_complete: bool,
    collected: Option<String>,
    responsible: Option<Party>,
    /// BEP and OPB, in order.
    lines: Vec<Segment>,
    pending: Vec<String>,
    place: Option<crate::outcome::Place>,
}

pub(super) fn read(
    message: &Message,
    interchange: &Interchange,
    context: &Context<'_>,
    keys: &mut Keys,
) -> Result<Report, Fault> {
    let mut laboratory = None;
    let mut pid = None;
    let mut address = None;
    let mut requester_segment = None;
    let mut department = None;
    let mut texts = Vec::new();
    let mut kept_only = Vec::new();
    let mut groups: Vec<(u32, Group)> = Vec::new();
    for segment in &message.segments {
        let once = |seen: bool| {
            if seen {
                return Err(Fault::error(
                    FaultCode::Sequence,
                    format!("{} may be there once", segment.tag),
                )
                .at(segment.place()));
            }
            Ok(())
        };
        match segment.tag.as_str() {
            "ZKH" => {
                once(laboratory.is_some())?;
                laboratory = Some(segment);
            }
            "PID" => {
                once(pid.is_some())?;
                pid = Some(segment);
            }
            "PAD" => {
                once(address.is_some())?;
                address = Some(segment);
            }
            "ART" => {
                once(requester_segment.is_some())?;
                requester_segment = Some(segment);
            }
            "AFD" => department = segment.text(0, 0).map(str::to_owned),
            "KOP" => kept_only.push("KOP".to_owned()),
            "TXT" => texts.extend(segment.whole(0)),
            "DET" | "IDE" | "ARA" | "BEP" | "OPB" | "NUB" => {
                let group = group(&mut groups, segment)?;
                add(group, segment, context)?;
            }
            _ => {
                return Err(Fault::error(
                    FaultCode::Sequence,
                    format!("MEDLAB has no segment {}", segment.tag),
                )
                .at(segment.place()));
            }
        }
    }
    let Some(pid) = pid else {
        return Err(Fault::error(FaultCode::Missing, "there is no PID segment"));
    };
    let name = laboratory
        .and_then(|segment| segment.text(0, 0))
        .map(str::to_owned);
    let sender = super::sender(interchange, name);
    let namespace = sender.namespace(context.organisation);
    let subject = subject(pid, address, &namespace)?;
    keys.patient = numbers(pid).collect::<Vec<_>>().join(" ");
    let author = author(&sender);
    let requester = requester_segment.and_then(|segment| requester(segment, &namespace));
    let mut orders = Vec::with_capacity(groups.len());
    for (index, (_, group)) in groups.into_iter().enumerate() {
        let performers = [Some(author.clone()), department.clone().map(named)];
        let mut order = order(group, &sender, &namespace, keys)?;
        order.performers = performers.into_iter().flatten().collect();
        order.requester.clone_from(&requester);
        if index == 0 {
            order.remarks.append(&mut texts);
        }
        orders.push(order);
    }
    if orders.is_empty() {
        return Err(Fault::error(FaultCode::Missing, "there is no IDE segment"));
    }
    Ok(Report {
        sender,
        author,
        subject,
        orders,
        kept_only,
    })
}

/// The order that a segment belongs to, by the first number of its counter.
fn group<'g>(groups: &'g mut Vec<(u32, Group)>, segment: &Segment) -> Result<&'g mut Group, Fault> {
    let number = segment.counter.first().copied().unwrap_or(1);
    let at = groups
        .iter()
        .position(|(of, _)| *of == number)
        .unwrap_or(groups.len());
    if at == ORDERS_MAX {
        return Err(Fault::error(
            FaultCode::Limit,
            format!("more than {ORDERS_MAX} orders"),
        ));
    }
    if at == groups.len() {
        groups.push((number, Group::default()));
    }
    Ok(&mut groups[at].1)
}

fn add(group: &mut Group, segment: &Segment, context: &Context<'_>) -> Result<(), Fault> {
    group.place.get_or_insert_with(|| segment.place());
    let fault = |code, text: &str| Err(Fault::error(code, text).at(segment.place()));
    match segment.tag.as_str() {
        "DET" => match collected(segment, context) {
            Some(time) => group.collected = Some(time),
            None => return fault(FaultCode::DataType, "DET is no date and time"),
        },
        "IDE" => {
            let Some(number) = segment.text(1, 0) else {
                return fault(FaultCode::Missing, "IDE has no laboratory number");
            };
            if group.number.is_some() {
                return fault(FaultCode::Sequence, "IDE may be there once for an order");
            }
            group.is_complete = match segment.text(0, 0) {
                Some("J") => true,
                Some("N") => false,
                _ => return fault(FaultCode::UnknownValue, "IDE is neither complete nor not"),
            };
            group.number = Some(number.to_owned());
        }
        "ARA" => group.responsible = segment.text(0, 0).map(|name| person(name.to_owned())),
        "NUB" => group.pending.extend(segment.whole(0)),
        _ => group.lines.push(segment.clone()),
    }
    Ok(())
}

fn order(
    group: Group,
    sender: &Sender,
    namespace: &Namespace,
    keys: &mut Keys,
) -> Result<Order, Fault> {
    let Some(number) = group.number else {
        let fault = Fault::error(FaultCode::Missing, "an order has no IDE segment");
        return Err(match group.place {
            Some(place) => fault.at(place),
            None => fault,
        });
    };
    let mut order = Order {
        key: keys.unique("report", naming::key(&[&number])),
        filler: Some(number.clone()),
        concept: Concept {
            codings: vec![Coding {
                system: terminology::system::LOINC.to_owned(),
                code: REPORT.to_owned(),
                display: Some("Laboratory report".to_owned()),
            }],
            text: Some("Laboratoriumuitslag".to_owned()),
        },
        effective: group.collected,
        interpreters: group.responsible.into_iter().collect(),
        pending: group.pending,
        ..Order::default()
    };
    keys.results += group.lines.len();
    if keys.results > RESULTS_MAX {
        return Err(Fault::error(
            FaultCode::Limit,
            format!("more than {RESULTS_MAX} results"),
        ));
    }
    let reader = result::Reader {
        sender,
        namespace,
        number: &number,
    };
    let mut lines = result::Lines::new();
    for segment in &group.lines {
        reader.add(segment, &mut order, &mut lines, keys)?;
    }
    let is_corrected = order
        .findings
        .iter()
        .any(|finding| finding.status == "corrected");
    order.status = match (group.is_complete, is_corrected) {
        (false, _) => "partial",
        (true, true) => "corrected",
        (true, false) => "final",
    };
    Ok(order)
}

/// The numbers of the patient.
fn numbers(pid: &Segment) -> impl Iterator<Item = &str> {
    (3..pid.len()).filter_map(|element| pid.text(element, 0))
}

/// PID: date of birth, sex, name, and the BSN or the laboratory's own number.
fn subject(
    pid: &Segment,
    address: Option<&Segment>,
    namespace: &Namespace,
) -> Result<Subject, Fault> {
    let mut subject = Subject {
        birth_date: birth_date(pid)?,
        gender: match pid.text(1, 0) {
            Some("M") => Some("male"),
            Some("V") => Some("female"),
            _ => None,
        },
        name: name(pid),
        ..Subject::default()
    };
    let fault = |text: &str| Err(Fault::error(FaultCode::UnknownKey, text).at(pid.place()));
    for number in numbers(pid) {
        match number.strip_prefix("BSN").map(Bsn::parse) {
            Some(Ok(bsn)) => subject.bsn = Some(bsn),
            Some(Err(InvalidBsn::Length)) => return fault("the BSN has not nine digits"),
            Some(Err(InvalidBsn::ElevenTest)) => return fault("the BSN fails the eleven-test"),
            None => subject.identifiers.push(Identifier {
                system: namespace.system("patient"),
                value: number.to_owned(),
            }),
        }
    }
    if subject.bsn.is_none() && subject.identifiers.is_empty() {
        return Err(
            Fault::error(FaultCode::Missing, "PID has no number of the patient").at(pid.place()),
        );
    }
    if let Some(segment) = address {
        subject.addresses = home(segment).into_iter().collect();
        subject.phones = segment.whole(1).into_iter().collect();
    }
    Ok(subject)
}

/// The name in use with its prefix, the own name with its prefix, initials.
fn name(pid: &Segment) -> Option<PersonName> {
    let part = |component: usize| pid.text(2, component).map(str::to_owned);
    let surname = part(0);
    let prefix = part(1);
    let family = match (&prefix, &surname) {
        (Some(prefix), Some(surname)) => Some(format!("{prefix} {surname}")),
        _ => surname.clone(),
    };
    let own_name = part(2);
    // Another name in use than one's own is the partner's.
    let has_partner = own_name.is_some() && own_name != surname;
    let mut name = PersonName {
        family,
        own_prefix: part(3),
        partner_prefix: prefix.filter(|_| has_partner),
        partner_name: surname.filter(|_| has_partner),
        own_name,
        ..PersonName::default()
    };
    for word in [part(4), part(5)].into_iter().flatten() {
        match initials(&word) {
            Some(letters) => name.initials.extend(letters),
            None => name.given.push(word),
        }
    }
    (name != PersonName::default()).then_some(name)
}

/// A year of four digits; of two digits the century is not known.
fn birth_date(pid: &Segment) -> Result<Option<String>, Fault> {
    let parts: Vec<&str> = (0..3)
        .filter_map(|component| pid.text(0, component))
        .collect();
    let [year, month, day] = parts.as_slice() else {
        return Ok(None);
    };
    let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    match (year.len(), date()) {
        (4, Some(date)) => Ok(Some(date.to_string())),
        (2, Some(_)) => Ok(None),
        _ => Err(
            Fault::error(FaultCode::DataType, "PID has a date of birth that is none")
                .at(pid.place()),
        ),
    }
}

/// DET: a date of a two-digit year and maybe a time, on Dutch clocks. The year
/// is the latest that is not after the receipt's next one.
fn collected(segment: &Segment, context: &Context<'_>) -> Option<String> {
    let number = |element, component| segment.text(element, component)?.parse::<i16>().ok();
    let year = year(segment.text(0, 0)?, context)?;
    let date = Date::new(
        year,
        number(0, 1)?.try_into().ok()?,
        number(0, 2)?.try_into().ok()?,
    )
    .ok()?;
    let Some(hour) = segment.text(1, 0) else {
        return Some(date.to_string());
    };
    let hour: i8 = hour.parse().ok()?;
    let minute: i8 = number(1, 1)?.try_into().ok()?;
    let time = Time::new(hour, minute, 0, 0).ok()?;
    let offset = offset_at(DateTime::from_parts(date, time), &context.time_zone);
    Some(format!("{date}T{time}{}", written(offset)))
}

fn year(written: &str, context: &Context<'_>) -> Option<i16> {
    let year = written.parse::<i16>().ok()?;
    match written.len() {
        4 => Some(year),
        2 => {
            let now = context.now.to_zoned(context.time_zone.clone()).year();
            let year = now / 100 * 100 + year;
            Some(if year > now + 1 { year - 100 } else { year })
        }
        _ => None,
    }
}

/// When the interchange was made (UNB), on Dutch clocks.
pub(super) fn prepared(interchange: &Interchange, context: &Context<'_>) -> Option<Timestamp> {
    let (date, time) = &interchange.prepared;
    let part = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<i8>().ok();
    // Syntax 4 writes the year in full.
    let (year_digits, day) = date.split_at_checked(date.len().checked_sub(4)?)?;
    let date = Date::new(
        year(year_digits, context)?,
        part(day, 0, 2)?,
        part(day, 2, 4)?,
    );
    let time = Time::new(part(time, 0, 2)?, part(time, 2, 4)?, 0, 0);
    let at = DateTime::from_parts(date.ok()?, time.ok()?);
    offset_at(at, &context.time_zone).to_timestamp(at).ok()
}

fn home(segment: &Segment) -> Option<Address> {
    let part = |component: usize| segment.text(0, component).map(str::to_owned);
    let street = part(0);
    let (number, suffix) = part(1).map_or((None, None), |text| house_number(&text));
    let line = [street.as_deref(), segment.text(0, 1)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let address = Address {
        line: (!line.is_empty()).then_some(line),
        street,
        number,
        suffix,
        city: part(3),
        postcode: part(4),
        country: None,
        usage: Some("home"),
    };
    (address
        != Address {
            usage: Some("home"),
            ..Address::default()
        })
    .then_some(address)
}

/// ART: who ordered, by AGB number.
fn requester(segment: &Segment, namespace: &Namespace) -> Option<Party> {
    let identifier = segment.text(1, 0).map(|number| Identifier {
        system: if codes::is_agb(number) {
            codes::AGB.to_owned()
        } else {
            namespace.system("person")
        },
        value: number.to_owned(),
    });
    let name = segment
        .text(2, 0)
        .map(str::to_owned)
        .or_else(|| Some(identifier.as_ref()?.value.clone()))?;
    Some(Party {
        identifier,
        ..person(name)
    })
}

fn author(sender: &Sender) -> Party {
    let identifier = match &sender.number {
        Some(crate::naming::SenderNumber::Agb(agb)) => Some(Identifier {
            system: codes::AGB.to_owned(),
            value: agb.clone(),
        }),
        _ => None,
    };
    let name = sender
        .label()
        .unwrap_or_else(|| "Onbekende afzender".to_owned());
    Party {
        identifier,
        ..named(name)
    }
}

fn named(name: String) -> Party {
    Party {
        is_person: false,
        identifier: None,
        name,
        family: None,
        given: Vec::new(),
    }
}

fn person(name: String) -> Party {
    Party {
        is_person: true,
        ..named(name)
    }
}
