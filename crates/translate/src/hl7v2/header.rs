//! The header (MSH): who sends what, in which version.

use care::Ura;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    time,
    wire::{Field, Message, Separators},
};
use crate::{
    Context, Summary, codes,
    model::{Identifier, Party},
    naming::{Sender, SenderNumber},
    outcome::{Fault, FaultCode},
};

/// The versions that we read.
const VERSIONS: [&str; 5] = ["2.3", "2.3.1", "2.4", "2.5", "2.5.1"];
/// The messages that we translate, with their events.
const EVENTS: [&str; 4] = ["ORU^R01", "ADT^A01", "ADT^A04", "ADT^A08"];
/// The most characters of a header field in a summary.
const SUMMARY_CHARACTERS_MAX: usize = 80;

/// What the header says.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) sender: Sender,
    /// `ORU^R01`.
    pub(super) event: String,
    pub(super) control_id: String,
    /// When it was made (MSH-7); `None` when that is no time of day.
    pub(super) sent: Option<Timestamp>,
}

impl Header {
    pub(super) fn read(message: &Message<'_>, zone: &TimeZone) -> Result<Self, Fault> {
        let msh = message
            .segment("MSH")
            .ok_or_else(|| Fault::rejected(FaultCode::Sequence, "there is no MSH segment"))?;
        let field = |number: usize| msh.field(number).first();
        let fault =
            |code, text: &str, number| Err(Fault::rejected(code, text).at(msh.place(Some(number))));
        let Some(control_id) = field(10).whole() else {
            return fault(FaultCode::Missing, "MSH-10 has no control id", 10);
        };
        let version = field(12).text(1).unwrap_or_default();
        if !VERSIONS.contains(&version.as_str()) {
            return fault(
                FaultCode::UnsupportedVersion,
                "this version of HL7 v2 is not read",
                12,
            );
        }
        let event = event(&field(9));
        if !EVENTS.contains(&event.as_str()) {
            let (kind, _) = event.split_once('^').unwrap_or((&event, ""));
            let is_known = EVENTS
                .iter()
                .any(|known| known.split('^').next() == Some(kind));
            return if is_known {
                fault(FaultCode::UnsupportedEvent, "this event is not taken", 9)
            } else {
                fault(
                    FaultCode::UnsupportedMessage,
                    "this kind of message is not taken",
                    9,
                )
            };
        }
        Ok(Self {
            sender: sender(&field(4), &field(3)),
            event,
            control_id,
            sent: field(7)
                .text(1)
                .and_then(|text| time::moment(&text, zone))
                .filter(|moment| moment.is_instant)
                .and_then(|moment| moment.text.parse().ok()),
        })
    }

    /// The sending organisation, as a party to results.
    pub(super) fn sending_organisation(&self, context: &Context<'_>) -> Party {
        let identifier = match &self.sender.number {
            Some(SenderNumber::Ura(ura)) => Some(Identifier {
                system: Ura::SYSTEM.to_owned(),
                value: ura.to_string(),
            }),
            Some(SenderNumber::Agb(agb)) => Some(Identifier {
                system: codes::AGB.to_owned(),
                value: agb.clone(),
            }),
            Some(SenderNumber::Oid(oid)) => Some(Identifier {
                system: "urn:ietf:rfc:3986".to_owned(),
                value: format!("urn:oid:{oid}"),
            }),
            None => None,
        };
        let is_own = self.sender.number == Some(SenderNumber::Ura(context.organisation));
        let name = if is_own {
            Some(context.organisation_name.to_owned())
        } else {
            self.sender.label()
        };
        Party {
            is_person: false,
            identifier,
            name: name.unwrap_or_else(|| "Onbekende afzender".to_owned()),
            family: None,
            given: Vec::new(),
        }
    }
}

/// MSH-9 as `ORU^R01`; the structure (`ORU_R01`) stands in for a missing event.
fn event(field: &Field<'_>) -> String {
    let kind = field.text(1).unwrap_or_default();
    let structure = field.text(3);
    let trigger = field.text(2).or_else(|| {
        let (of, trigger) = structure.as_deref()?.split_once('_')?;
        (of == kind && kind == "ORU").then(|| trigger.to_owned())
    });
    match trigger {
        Some(trigger) => format!("{kind}^{trigger}"),
        None => kind,
    }
}

fn sender(facility: &Field<'_>, application: &Field<'_>) -> Sender {
    Sender {
        name: facility.text(1),
        number: facility
            .text(2)
            .and_then(|id| number(&id, &facility.text(3).unwrap_or_default())),
        application: application.text(1),
    }
}

/// The universal id of a facility: a URA, an AGB number or an OID.
pub(super) fn number(id: &str, kind: &str) -> Option<SenderNumber> {
    match kind {
        "URA" => id.parse().ok().map(SenderNumber::Ura),
        "AGB" | "VEKTIS" => codes::is_agb(id).then(|| SenderNumber::Agb(id.to_owned())),
        "ISO" | "" if codes::is_oid(id) => {
            let ura = id
                .strip_prefix(Ura::OID)
                .and_then(|rest| rest.strip_prefix('.'));
            Some(match ura.and_then(|ura| ura.parse().ok()) {
                Some(ura) => SenderNumber::Ura(ura),
                None => SenderNumber::Oid(id.to_owned()),
            })
        }
        _ => None,
    }
}

/// Reads the header of anything, as far as it goes.
pub(super) fn summary(bytes: &[u8]) -> Summary {
    let Some(line) = bytes
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .map(|line| line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line))
        .find(|line| line.starts_with(b"MSH"))
    else {
        return Summary::default();
    };
    let separators = Separators::read(line).unwrap_or_default();
    let text = String::from_utf8_lossy(line);
    let fields: Vec<&str> = text.split(separators.field).collect();
    let short = |text: &str| {
        let text: String = text
            .chars()
            .filter(|character| !character.is_control())
            .take(SUMMARY_CHARACTERS_MAX)
            .collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let component = |field: usize, component: usize| {
        short(
            fields
                .get(field)?
                .split(separators.component)
                .nth(component)?,
        )
    };
    let kind = component(8, 0).map(|kind| match component(8, 1) {
        Some(trigger) => format!("{kind}^{trigger}"),
        None => kind,
    });
    Summary {
        kind,
        sender: component(3, 0)
            .or_else(|| component(3, 1))
            .or_else(|| component(2, 0)),
        control_id: fields.get(9).and_then(|field| short(field)),
    }
}
