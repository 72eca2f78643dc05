//! HL7 version 2, 2.3 to 2.5.1: results (ORU^R01) and admissions
//! (ADT^A01, A04, A08).
//!
//! One message at a time: [`split_batch`] takes a batch apart, and the door
//! takes the bytes out of MLLP. Start with [`translate`].

mod acknowledge;
mod batch;
mod charset;
mod escape;
mod finding;
mod group;
mod header;
mod order;
mod patient;
mod time;
mod types;
mod visit;
mod wire;

use std::collections::BTreeSet;

pub(crate) use patient::{house_number, initials};
pub(crate) use time::{offset_at, written};

pub use acknowledge::{AcknowledgementCode, acknowledge};
pub use batch::split_batch;
pub use finding::REPETITIONS_MAX;
pub use order::RESULTS_MAX;
pub use wire::{FIELDS_MAX, SEGMENTS_MAX};

use crate::{
    Context, Refusal, Summary, Translation,
    outcome::{Fault, FaultCode},
    record::{Draft, Manner, Origin, Setting},
};
use header::Header;
use wire::Message;

/// Translates one message.
///
/// ORU^R01 gives Patient, ServiceRequest, Specimen, DiagnosticReport and
/// Observation; ADT^A01/A04/A08 give Patient and Encounter. Refused are: other
/// messages and versions and what is no HL7 v2 (`AR`), and messages whose
/// content is not acceptable, such as a missing patient or a BSN that fails
/// the eleven-test (`AE`). All of a message or nothing.
///
/// Limits: [`SEGMENTS_MAX`], [`FIELDS_MAX`], [`RESULTS_MAX`],
/// [`REPETITIONS_MAX`]; the size in bytes is the door's to limit.
#[expect(
    clippy::result_large_err,
    reason = "a refusal is rare and is taken apart at once"
)]
pub fn translate(message: &[u8], context: &Context<'_>) -> Result<Translation, Refusal> {
    let refuse = |fault: Fault| {
        let acknowledgement = acknowledge::negative(message, &fault, context);
        fault.refusal(summary(message), acknowledgement)
    };
    let parsed = Message::parse(message).map_err(&refuse)?;
    let header = Header::read(&parsed, &context.time_zone).map_err(&refuse)?;
    let draft = match header.event.as_str() {
        "ORU^R01" => results(&parsed, &header, context),
        _ => admission(&parsed, &header, context),
    }
    .map_err(&refuse)?;
    let kind = header.event.clone();
    let bundle = draft.finish(&Origin {
        what: &format!("HL7 v2 {kind}"),
        author: &header.sending_organisation(context),
    });
    Ok(Translation {
        kind,
        sender: header.sender.label().unwrap_or_default(),
        control_id: header.control_id.clone(),
        bundle,
        acknowledgement: acknowledge::positive(message, context),
        kept_only: kept_only(&parsed),
    })
}

/// What can be said of a message without translating it; works on broken ones.
pub fn summary(message: &[u8]) -> Summary {
    header::summary(message)
}

fn results<'c>(
    message: &Message<'_>,
    header: &Header,
    context: &'c Context<'c>,
) -> Result<Draft<'c>, Fault> {
    let namespace = header.sender.namespace(context.organisation);
    let reader = types::Reader {
        header,
        namespace: &namespace,
        context,
    };
    let mut draft = Draft::new(context, header.sent);
    let mut keys = order::Keys::default();
    for group in group::patients(message)? {
        keys.of_patient(group.pid.field(3).raw());
        let subject = patient::subject(&reader, group.pid)?;
        let patient = draft
            .patient(&subject, Manner::CreateIfNone)
            .ok_or_else(|| patient::nobody(group.pid))?;
        for order in order::orders(&reader, &group, &mut keys)? {
            let setting = Setting {
                patient: &patient,
                encounter: None,
                namespace: &namespace,
            };
            draft.order(&order, &setting);
        }
    }
    Ok(draft)
}

fn admission<'c>(
    message: &Message<'_>,
    header: &Header,
    context: &'c Context<'c>,
) -> Result<Draft<'c>, Fault> {
    let namespace = header.sender.namespace(context.organisation);
    let reader = types::Reader {
        header,
        namespace: &namespace,
        context,
    };
    let pid = group::only(message, "PID")?
        .ok_or_else(|| Fault::error(FaultCode::Sequence, "there is no PID segment"))?;
    let subject = patient::subject(&reader, pid)?;
    let mut draft = Draft::new(context, header.sent);
    let patient = draft
        .patient(&subject, Manner::Update)
        .ok_or_else(|| patient::nobody(pid))?;
    if let Some(visit) = visit::visit(&reader, message)? {
        draft.encounter(&visit, &patient);
    }
    Ok(draft)
}

/// Segments that are read for the Bundle; all others stay in the kept message.
const READ: [&str; 12] = [
    "MSH", "EVN", "PID", "PV1", "PV2", "ORC", "OBR", "OBX", "NTE", "SPM", "TQ1", "SFT",
];

fn kept_only(message: &Message<'_>) -> Vec<String> {
    let names: BTreeSet<&str> = message
        .segments()
        .map(wire::Segment::name)
        .filter(|name| !READ.contains(name))
        .collect();
    names.into_iter().map(str::to_owned).collect()
}
