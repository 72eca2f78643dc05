//! UN/EDIFACT as Dutch care uses it: laboratory results to the GP
//! (MEDLAB, version 1).
//!
//! A whole interchange at a time, all of its messages or none. Start with
//! [`translate`].

mod contrl;
mod envelope;
mod header;
mod medlab;
mod result;
mod wire;

pub use contrl::acknowledge;
pub use medlab::{ORDERS_MAX, RESULTS_MAX};
pub use wire::{SEGMENT_BYTES_MAX, SEGMENTS_MAX};

use crate::{
    Context, Refusal, Summary, Translation,
    naming::{Sender, SenderNumber},
    outcome::{Fault, FaultCode},
    record::{Draft, Manner, Origin, Setting},
};
use envelope::Interchange;

/// Translates an interchange of one or more MEDLAB:1 messages.
///
/// Gives Patient, ServiceRequest, DiagnosticReport and Observation for each
/// message. Refused, with a CONTRL that says so, are: what is no EDIFACT or
/// holds another message; a count or reference in a trailer that does not
/// agree; a segment that MEDLAB does not have; a missing patient, and a BSN
/// that fails the eleven-test.
///
/// Limits: [`SEGMENTS_MAX`], [`SEGMENT_BYTES_MAX`], [`ORDERS_MAX`], [`RESULTS_MAX`]; the size in
/// bytes is the door's to limit.
#[expect(
    clippy::result_large_err,
    reason = "a refusal is rare and is taken apart at once"
)]
pub fn translate(interchange: &[u8], context: &Context<'_>) -> Result<Translation, Refusal> {
    let refuse = |fault: Fault, message: Option<&envelope::Message>| {
        let acknowledgement = contrl::negative(interchange, &fault, message, context);
        fault.refusal(summary(interchange), acknowledgement)
    };
    let parsed = wire::read(interchange)
        .and_then(envelope::read)
        .map_err(|fault| refuse(fault, None))?;
    let mut draft = Draft::new(context, medlab::prepared(&parsed, context));
    let mut keys = medlab::Keys::default();
    let mut kept_only = Vec::new();
    let mut author = None;
    for message in &parsed.messages {
        let report = medlab::read(message, &parsed, context, &mut keys)
            .map_err(|fault| refuse(fault, Some(message)))?;
        let Some(patient) = draft.patient(&report.subject, Manner::CreateIfNone) else {
            let fault = Fault::error(FaultCode::Missing, "the PID segment names nobody");
            return Err(refuse(fault, Some(message)));
        };
        let namespace = report.sender.namespace(context.organisation);
        for order in &report.orders {
            let setting = Setting {
                patient: &patient,
                encounter: None,
                namespace: &namespace,
            };
            draft.order(order, &setting);
        }
        kept_only.extend(report.kept_only);
        author.get_or_insert(report.author);
    }
    kept_only.sort();
    kept_only.dedup();
    let Some(author) = author else {
        let fault = Fault::rejected(FaultCode::Count, "the interchange holds no message");
        return Err(refuse(fault, None));
    };
    let bundle = draft.finish(&Origin {
        what: "EDIFACT MEDLAB:1",
        author: &author,
    });
    Ok(Translation {
        kind: "MEDLAB:1".to_owned(),
        sender: parsed.sender.clone(),
        control_id: parsed.reference.clone(),
        bundle,
        acknowledgement: contrl::positive(interchange, context),
        kept_only,
    })
}

/// What can be said of an interchange without translating it; works on broken
/// ones.
pub fn summary(interchange: &[u8]) -> Summary {
    let header = header::Header::find(interchange);
    let some = |text: String| (!text.is_empty()).then_some(text);
    Summary {
        kind: some(header.kind),
        sender: some(header.sender),
        control_id: some(header.reference),
    }
}

/// Who sends: the number in UNB, the name in ZKH.
fn sender(interchange: &Interchange, name: Option<String>) -> Sender {
    let id = interchange.sender.as_str();
    let is_agb = crate::codes::is_agb(id);
    Sender {
        name,
        number: is_agb.then(|| SenderNumber::Agb(id.to_owned())),
        application: (!is_agb && !id.is_empty()).then(|| id.to_owned()),
    }
}
