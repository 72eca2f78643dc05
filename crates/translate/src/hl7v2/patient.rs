//! The patient (PID).

use care::{Bsn, InvalidBsn};

use super::{
    types::Reader,
    wire::{Field, Segment},
};
use crate::{
    model::{Address, Death, Identifier, PersonName, Subject},
    outcome::{Fault, FaultCode},
};

/// The fault of a PID that names nobody.
pub(super) fn nobody(pid: Segment<'_>) -> Fault {
    Fault::error(FaultCode::Missing, "PID-3 has no number of the patient").at(pid.place(Some(3)))
}

pub(super) fn subject(reader: &Reader<'_>, pid: Segment<'_>) -> Result<Subject, Fault> {
    let mut subject = Subject::default();
    for number in pid.field(3).repetitions() {
        add_number(reader, &mut subject, number)?;
    }
    if subject.bsn.is_none() && subject.identifiers.is_empty() {
        return Err(nobody(pid));
    }
    let names: Vec<Field<'_>> = pid.field(5).repetitions().collect();
    let is_legal = |field: &&Field<'_>| field.text(7).is_some_and(|kind| kind == "L");
    subject.name = names
        .iter()
        .find(is_legal)
        .or_else(|| names.first())
        .and_then(|field| name(*field));
    subject.birth_date = reader
        .date_time(pid.field(7))?
        .map(|date| date.split('T').next().unwrap_or("").to_owned());
    subject.gender = match pid.field(8).first().text(1).as_deref() {
        Some("M") => Some("male"),
        Some("F") => Some("female"),
        Some("O" | "A") => Some("other"),
        Some("U") => Some("unknown"),
        _ => None,
    };
    subject.addresses = pid.field(11).repetitions().filter_map(address).collect();
    for contact in pid
        .field(13)
        .repetitions()
        .chain(pid.field(14).repetitions())
    {
        add_contact(&mut subject, contact);
    }
    let is_dead = pid
        .field(30)
        .first()
        .text(1)
        .is_some_and(|text| text == "Y");
    subject.deceased = match reader.date_time(pid.field(29))? {
        Some(time) => Some(Death::At(time)),
        None => is_dead.then_some(Death::AtUnknownTime),
    };
    Ok(subject)
}

/// A number of the patient (CX): the BSN by its authority or type, which must
/// pass the eleven-test; else the sender's own number.
fn add_number(reader: &Reader<'_>, subject: &mut Subject, number: Field<'_>) -> Result<(), Fault> {
    let Some(value) = number.text(1) else {
        return Ok(());
    };
    let system = reader.authority(number.component(4), "patient");
    let is_bsn = system == Bsn::SYSTEM || number.text(5).is_some_and(|kind| kind == "NNNLD");
    if !is_bsn {
        subject.identifiers.push(Identifier { system, value });
        return Ok(());
    }
    let fault = |text: &str| Err(Fault::error(FaultCode::UnknownKey, text).at(number.place()));
    match Bsn::parse(&value) {
        Ok(bsn) if subject.bsn.as_ref().is_some_and(|known| *known != bsn) => {
            fault("PID-3 has two different BSNs")
        }
        Ok(bsn) => {
            subject.bsn = Some(bsn);
            Ok(())
        }
        Err(InvalidBsn::Length) => fault("the BSN has not nine digits"),
        Err(InvalidBsn::ElevenTest) => fault("the BSN fails the eleven-test"),
    }
}

/// A name (XPN) with its Dutch parts: surname in use, own prefix, own name,
/// partner's prefix, partner's name.
fn name(field: Field<'_>) -> Option<PersonName> {
    let surname = field.component(1);
    let whole = surname.text(1);
    let own_prefix = surname.text(2);
    let own_name = surname.text(3);
    // Senders write the surname in use with the prefix and without it.
    let family = match (&whole, &own_prefix, &own_name) {
        (Some(whole), Some(prefix), Some(own)) if whole == own => Some(format!("{prefix} {own}")),
        (None, Some(prefix), Some(own)) => Some(format!("{prefix} {own}")),
        (None, None, Some(own)) => Some(own.clone()),
        _ => whole,
    };
    let mut name = PersonName {
        family,
        own_prefix,
        own_name,
        partner_prefix: surname.text(4),
        partner_name: surname.text(5),
        ..PersonName::default()
    };
    for text in [field.text(2), field.text(3)].into_iter().flatten() {
        for word in text.split_whitespace() {
            match initials(word) {
                Some(letters) => name.initials.extend(letters),
                None => name.given.push(word.to_owned()),
            }
        }
    }
    (name != PersonName::default()).then_some(name)
}

/// `A`, `A.` and `A.B.` are initials; `Al` is a name.
pub(crate) fn initials(word: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = word.split_terminator('.').collect();
    let is_letter =
        |part: &&str| part.chars().count() == 1 && part.chars().all(char::is_alphabetic);
    (!parts.is_empty() && parts.iter().all(is_letter))
        .then(|| parts.iter().map(|part| format!("{part}.")).collect())
}

/// An address (XAD). The parts of the street are only told apart when the
/// sender does so.
fn address(field: Field<'_>) -> Option<Address> {
    let street_address = field.component(1);
    let (number, mut suffix) = match street_address.text(3) {
        Some(dwelling) => house_number(&dwelling),
        None => (None, None),
    };
    let street = street_address.text(2);
    let addition = field.text(2);
    suffix = suffix.or_else(|| addition.clone().filter(|_| number.is_some()));
    let line = match (street_address.text(1), &street) {
        (Some(line), _) => Some(line),
        (None, Some(street)) => {
            let number = number.as_deref().unwrap_or_default();
            Some(format!("{street} {number}").trim().to_owned())
        }
        (None, None) => None,
    };
    let line = match (line, suffix.as_ref().or(addition.as_ref())) {
        (Some(line), Some(more)) if !line.ends_with(more.as_str()) => {
            Some(format!("{line} {more}"))
        }
        (line, _) => line.or(addition),
    };
    let address = Address {
        line,
        street,
        number,
        suffix,
        city: field.text(3),
        postcode: field.text(5),
        country: field.text(6),
        usage: match field.text(7).as_deref() {
            Some("H" | "P") => Some("home"),
            Some("O" | "B") => Some("work"),
            Some("C") => Some("temp"),
            Some("BA") => Some("old"),
            _ => None,
        },
    };
    let has_content =
        address.line.is_some() || address.city.is_some() || address.postcode.is_some();
    has_content.then_some(address)
}

/// `43b` is number 43 with letter b; `12-2` number 12 with addition 2.
pub(crate) fn house_number(text: &str) -> (Option<String>, Option<String>) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    if end == 0 {
        return ((!text.is_empty()).then(|| text.to_owned()), None);
    }
    let suffix = text[end..].trim_matches(['-', ' ', '/']);
    (
        Some(text[..end].to_owned()),
        (!suffix.is_empty()).then(|| suffix.to_owned()),
    )
}

/// A telephone number or mail address (XTN), as it is written.
fn add_contact(subject: &mut Subject, field: Field<'_>) {
    if let Some(mail) = field.text(4).filter(|text| text.contains('@')) {
        subject.emails.push(mail);
        return;
    }
    let parts: Vec<String> = [5, 6, 7]
        .into_iter()
        .filter_map(|at| field.text(at))
        .collect();
    let number = field
        .text(1)
        .or_else(|| field.text(12))
        .or_else(|| field.text(7).is_some().then(|| parts.join(" ")));
    match number {
        Some(text) if text.contains('@') => subject.emails.push(text),
        Some(text) => subject.phones.push(text),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_told_from_names() {
        assert_eq!(initials("P.J."), Some(vec!["P.".into(), "J.".into()]));
        assert_eq!(initials("A"), Some(vec!["A.".into()]));
        for name in ["Al", "Jan", "J.Piet", "", "."] {
            assert_eq!(initials(name), None, "{name}");
        }
    }

    #[test]
    fn house_numbers_are_taken_apart() {
        let check = |text: &str, number: Option<&str>, suffix: Option<&str>| {
            let (a, b) = house_number(text);
            assert_eq!((a.as_deref(), b.as_deref()), (number, suffix), "{text}");
        };
        check("43b", Some("43"), Some("b"));
        check("12-2", Some("12"), Some("2"));
        check("7", Some("7"), None);
        check("t.o. 9", Some("t.o. 9"), None);
        check("", None, None);
    }
}
