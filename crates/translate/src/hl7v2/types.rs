//! The data types that segments share: codes, numbers, people, organisations,
//! times.

use care::{Bsn, Ura};

use super::{
    header::Header,
    time::{self, Moment},
    wire::{Component, Field},
};
use crate::{
    Context, codes,
    model::{Coding, Concept, Identifier, Party},
    naming::Namespace,
    outcome::{Fault, FaultCode},
};

/// What is needed to read a field: whose message it is.
pub(super) struct Reader<'a> {
    pub(super) header: &'a Header,
    pub(super) namespace: &'a Namespace,
    pub(super) context: &'a Context<'a>,
}

impl Reader<'_> {
    /// A time (TS, DT, DTM); a text that is none is a fault.
    pub(super) fn moment(&self, field: Field<'_>) -> Result<Option<Moment>, Fault> {
        let Some(text) = field.first().text(1) else {
            return Ok(None);
        };
        match time::moment(&text, &self.context.time_zone) {
            Some(moment) => Ok(Some(moment)),
            None => Err(
                Fault::error(FaultCode::DataType, "a field that must be a time is none")
                    .at(field.place()),
            ),
        }
    }

    /// A time as FHIR dateTime.
    pub(super) fn date_time(&self, field: Field<'_>) -> Result<Option<String>, Fault> {
        Ok(self.moment(field)?.map(|moment| moment.text))
    }

    /// A time as FHIR instant; `None` when it has no time of day.
    pub(super) fn instant(&self, field: Field<'_>) -> Result<Option<String>, Fault> {
        Ok(self
            .moment(field)?
            .filter(|moment| moment.is_instant)
            .map(|moment| moment.text))
    }

    /// A coded value (CE, CWE): up to two codes, and the words of the sender.
    pub(super) fn concept(&self, field: Field<'_>) -> Concept {
        let coding = |code: usize, text: usize, system: usize| {
            let code = code_of(&field.text(code)?)?;
            let system = self.system(field.text(system).as_deref());
            Some(Coding {
                system,
                code,
                display: field.text(text),
            })
        };
        let codings: Vec<Coding> = [coding(1, 2, 3), coding(4, 5, 6)]
            .into_iter()
            .flatten()
            .collect();
        let text = field
            .text(9)
            .or_else(|| field.text(2))
            .or_else(|| field.text(5));
        Concept { codings, text }
    }

    /// A test with LOINC before its own code, where a table knows it.
    pub(super) fn mapped(&self, mut concept: Concept) -> Concept {
        if concept.loinc().is_none() {
            let loinc = concept.codings.iter().find_map(|coding| self.loinc(coding));
            if let Some(loinc) = loinc {
                let display = terminology::lab_test(loinc).map(|test| test.display.to_owned());
                concept.codings.insert(
                    0,
                    Coding {
                        system: terminology::system::LOINC.to_owned(),
                        code: loinc.to_owned(),
                        display,
                    },
                );
            }
        }
        concept
    }

    fn loinc(&self, coding: &Coding) -> Option<&'static str> {
        if coding.system == terminology::system::NHG45 {
            return terminology::loinc_for_nhg45(&coding.code);
        }
        // A code of a known system is no code of the laboratory's own.
        coding.system.starts_with("urn:schakel:").then_some(())?;
        self.header
            .sender
            .keys()
            .find_map(|sender| terminology::loinc_for_local(&sender, &coding.code))
    }

    /// The FHIR system that a name of HL7 table 0396 stands for. What is not
    /// in it is the sender's own (`L`, `99...`, no name).
    fn system(&self, name: Option<&str>) -> String {
        match name {
            None | Some("L" | "LOCAL") => self.namespace.system("code"),
            Some("LN" | "LOINC") => terminology::system::LOINC.to_owned(),
            Some("SCT" | "SCT2" | "SNOMED-CT") => terminology::system::SNOMED.to_owned(),
            Some("UCUM") => terminology::system::UCUM.to_owned(),
            Some("ICPC" | "ICPC1NL") => terminology::system::ICPC.to_owned(),
            Some("ATC" | "WC") => terminology::system::ATC.to_owned(),
            Some("NHG45" | "99NHG45") => terminology::system::NHG45.to_owned(),
            Some(name) => hl7_table(name)
                .or_else(|| codes::system_of_oid(name))
                .unwrap_or_else(|| self.namespace.system_of("code", name)),
        }
    }

    /// The system of numbers that an authority (HD) gives out.
    pub(super) fn authority(&self, authority: Component<'_>, kind: &str) -> String {
        if let Some(system) = authority.text(2).and_then(|oid| codes::system_of_oid(&oid)) {
            return system;
        }
        match authority.text(1).as_deref() {
            None => self.namespace.system(kind),
            Some("NLMINBIZA") => Bsn::SYSTEM.to_owned(),
            Some("VEKTIS") => codes::AGB.to_owned(),
            Some("BIG") => codes::BIG.to_owned(),
            Some("UZI") => codes::UZI_PERSON.to_owned(),
            Some("URA") => Ura::SYSTEM.to_owned(),
            Some(name) => {
                codes::system_of_oid(name).unwrap_or_else(|| self.namespace.system_of(kind, name))
            }
        }
    }

    /// A person (XCN): number, name, and who gave the number.
    pub(super) fn person(&self, field: Field<'_>) -> Option<Party> {
        let field = field.first();
        let own = |text: Option<String>| text.filter(|text| !text.is_empty());
        let surname = field.component(2);
        let family = match (surname.text(2), surname.text(3), own(surname.text(1))) {
            (Some(prefix), Some(own_name), Some(whole)) if whole == own_name => {
                Some(format!("{prefix} {own_name}"))
            }
            (_, _, whole) => whole,
        };
        let given: Vec<String> = [field.text(3), field.text(4)]
            .into_iter()
            .flatten()
            .collect();
        let title = field.text(6);
        let words: Vec<&str> = title
            .iter()
            .chain(&given)
            .chain(&family)
            .map(String::as_str)
            .collect();
        let identifier = field.text(1).map(|value| {
            let kind = field.text(13);
            let system = match kind.as_deref() {
                Some("AGB") if field.component(9).whole().is_none() => codes::AGB.to_owned(),
                Some("BIG") if field.component(9).whole().is_none() => codes::BIG.to_owned(),
                _ => self.authority(field.component(9), "person"),
            };
            self.checked(Identifier { system, value }, "person")
        });
        let name = match words.as_slice() {
            [] => identifier.as_ref()?.value.clone(),
            words => words.join(" "),
        };
        Some(Party {
            is_person: true,
            identifier,
            name,
            family,
            given,
        })
    }

    /// An organisation (XON): its name, number, and who gave the number.
    pub(super) fn organisation(&self, field: Field<'_>) -> Option<Party> {
        let field = field.first();
        let value = field.text(10).or_else(|| field.text(3));
        let identifier = value.map(|value| {
            let system = match field.text(7).as_deref() {
                Some("URA") => Ura::SYSTEM.to_owned(),
                Some("AGB") => codes::AGB.to_owned(),
                _ => self.authority(field.component(6), "organisation"),
            };
            self.checked(Identifier { system, value }, "organisation")
        });
        let name = field
            .text(1)
            .or_else(|| Some(identifier.as_ref()?.value.clone()))?;
        Some(Party {
            is_person: false,
            identifier,
            name,
            family: None,
            given: Vec::new(),
        })
    }

    /// A number that cannot be of its national system is the sender's own.
    fn checked(&self, identifier: Identifier, kind: &str) -> Identifier {
        let is_possible = match identifier.system.as_str() {
            codes::AGB => codes::is_agb(&identifier.value),
            Ura::SYSTEM => identifier.value.parse::<Ura>().is_ok(),
            _ => true,
        };
        if is_possible {
            return identifier;
        }
        Identifier {
            system: self.namespace.system(kind),
            ..identifier
        }
    }

    /// An entity identifier (EI): the number, with who gave it when that is said.
    pub(super) fn entity(field: Field<'_>) -> Option<Vec<String>> {
        let field = field.first();
        let number = field.text(1)?;
        Some(
            [Some(number), field.text(3).or_else(|| field.text(2))]
                .into_iter()
                .flatten()
                .collect(),
        )
    }
}

/// A code as FHIR allows it: no space at the ends, one between words.
fn code_of(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// `HL70078` is the FHIR system of table 0078.
fn hl7_table(name: &str) -> Option<String> {
    let number = name.strip_prefix("HL7")?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("http://terminology.hl7.org/CodeSystem/v2-{number}"))
}
