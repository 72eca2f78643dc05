//! The messages in which record systems hand over a history.

mod fhir;
mod hl7v2;
mod medlab;
mod time;

use crate::{organisations::Organisation, patient::DemoPatient, people::DemoPerson};

/// One message to one organisation, as its record system sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// An HL7 v2 message, to be framed by MLLP.
    Hl7v2 {
        /// The organisation whose node takes it in.
        to: Organisation,
        /// The message, segments ended by carriage returns, in the charset of MSH-18.
        message: Vec<u8>,
    },
    /// An EDIFACT interchange.
    Edifact {
        /// The organisation whose node takes it in.
        to: Organisation,
        /// The interchange in ISO 8859-1.
        interchange: Vec<u8>,
    },
    /// A FHIR R4 transaction Bundle in JSON.
    Bundle {
        /// The organisation whose node takes it in.
        to: Organisation,
        /// The Bundle.
        bundle: Vec<u8>,
    },
}

impl Delivery {
    /// The organisation whose node takes it in.
    pub fn to(&self) -> Organisation {
        match self {
            Self::Hl7v2 { to, .. } | Self::Edifact { to, .. } | Self::Bundle { to, .. } => *to,
        }
    }
}

/// Who the organisations and their clinicians are.
pub(crate) fn introductions(staff: &[DemoPerson]) -> Vec<Delivery> {
    Organisation::ALL
        .into_iter()
        .filter(|organisation| organisation.describe().organisation_type.holds_records())
        .map(|to| Delivery::Bundle {
            to,
            bundle: fhir::introduction(to, staff),
        })
        .collect()
}

/// All that is sent about a patient: first what each organisation recorded
/// itself, then results as the laboratories send them.
pub(crate) fn of(patient: &DemoPatient) -> Vec<Delivery> {
    let bundles = fhir::bundles(patient)
        .into_iter()
        .map(|(to, bundle)| Delivery::Bundle { to, bundle });
    let results = patient
        .history
        .laboratory
        .iter()
        .enumerate()
        .flat_map(|(index, report)| {
            let number = time::lab_number(patient, index);
            let mut messages = hl7v2::results(patient, report, &number)
                .into_iter()
                .map(|message| Delivery::Hl7v2 {
                    to: report.measured_by,
                    message,
                })
                .collect::<Vec<_>>();
            if report.ordered_by == Organisation::Gp
                && report.measured_by == Organisation::Laboratory
            {
                messages.push(Delivery::Edifact {
                    to: Organisation::Gp,
                    interchange: medlab::interchange(patient, report, &number),
                });
            }
            messages
        });
    bundles.chain(results).collect()
}

/// Text in ISO 8859-1; a letter that it lacks is written without its mark.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|letter| match letter {
            'ı' => b'i',
            'İ' => b'I',
            'ş' => b's',
            'ğ' => b'g',
            other => u8::try_from(u32::from(other)).unwrap_or(b'?'),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::{Setup, region};

    #[test]
    fn bundles_read_as_a_record_system_would_send_them() {
        let region = region(Setup {
            seed: 1,
            patients: 5,
            today: jiff::civil::date(2026, 11, 22),
        });
        let child = &region.patients[4];
        let text = child
            .deliveries()
            .iter()
            .map(|delivery| match delivery {
                Delivery::Bundle { to, bundle } => {
                    let bundle: serde_json::Value = serde_json::from_slice(bundle).unwrap();
                    let entries = bundle["entry"].as_array().unwrap().iter();
                    let lines = entries.map(|entry| entry["request"]["url"].as_str().unwrap());
                    format!("{to:?}: {}", lines.collect::<Vec<_>>().join(" "))
                }
                other => format!("{other:?}"),
            })
            .collect::<Vec<_>>()
            .join("\n");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_result_goes_to_the_laboratory_as_hl7_and_to_the_gp_as_medlab() {
        let region = region(Setup {
            seed: 1,
            patients: 1,
            today: jiff::civil::date(2026, 11, 22),
        });
        let deliveries = region.patients[0].deliveries();
        let oru = deliveries.iter().find_map(|delivery| match delivery {
            Delivery::Hl7v2 {
                to: Organisation::Laboratory,
                message,
            } => Some(message.clone()),
            _ => None,
        });
        let medlab = deliveries.iter().find_map(|delivery| match delivery {
            Delivery::Edifact { interchange, .. } => Some(interchange.clone()),
            _ => None,
        });
        let readable = |bytes: Option<Vec<u8>>| {
            let text: String = bytes.unwrap().into_iter().map(char::from).collect();
            text.replace('\r', "\n")
        };
        insta::assert_snapshot!(format!("{}\n{}", readable(oru), readable(medlab)));
    }
}
