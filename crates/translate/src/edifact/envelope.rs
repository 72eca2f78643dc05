//! The envelope: UNB to UNZ, and UNH to UNT for each message. Every count and
//! reference must agree, so that of a file that was cut or spliced nothing is
//! taken.

use super::wire::Segment;
use crate::outcome::{Fault, FaultCode};

/// An interchange whose envelope is sound.
#[derive(Debug)]
pub(super) struct Interchange {
    pub(super) sender: String,
    pub(super) reference: String,
    /// Date and time of preparation, as written: `YYMMDD`, `HHMM`.
    pub(super) prepared: (String, String),
    pub(super) messages: Vec<Message>,
}

/// A message without its UNH and UNT.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) reference: String,
    /// `MEDLAB:1`.
    pub(super) kind: String,
    pub(super) segments: Vec<Segment>,
}

pub(super) fn read(segments: Vec<Segment>) -> Result<Interchange, Fault> {
    let rejected = |code, text: &str| Fault::rejected(code, text);
    let mut segments = segments.into_iter();
    let Some(unb) = segments.next().filter(|segment| segment.tag == "UNB") else {
        return Err(rejected(
            FaultCode::Sequence,
            "the interchange does not start with UNB",
        ));
    };
    let text = |element: usize| unb.text(element, 0).unwrap_or_default().to_owned();
    let mut interchange = Interchange {
        sender: text(1),
        reference: text(4),
        prepared: (text(3), unb.text(3, 1).unwrap_or_default().to_owned()),
        messages: Vec::new(),
    };
    if interchange.reference.is_empty() {
        return Err(rejected(FaultCode::Missing, "UNB has no reference").at(unb.place()));
    }
    let mut open: Option<Message> = None;
    let mut is_closed = false;
    for mut segment in segments {
        if is_closed {
            return Err(
                rejected(FaultCode::Sequence, "there is a segment after UNZ").at(segment.place()),
            );
        }
        match (segment.tag.as_str(), open.as_mut()) {
            ("UNH", None) => open = Some(begin(&segment)?),
            ("UNT", Some(message)) => {
                segment.position = message.segments.len() + 2;
                end(&segment, message)?;
                interchange.messages.extend(open.take());
            }
            ("UNZ", None) => {
                close(&segment, &interchange)?;
                is_closed = true;
            }
            ("UNB" | "UNH" | "UNT" | "UNZ", _) => {
                return Err(rejected(
                    FaultCode::Sequence,
                    "a segment of the envelope is out of place",
                )
                .at(segment.place()));
            }
            (_, Some(message)) => {
                segment.position = message.segments.len() + 2;
                message.segments.push(segment);
            }
            (_, None) => {
                return Err(
                    rejected(FaultCode::Sequence, "a segment stands outside a message")
                        .at(segment.place()),
                );
            }
        }
    }
    if !is_closed {
        return Err(rejected(
            FaultCode::Sequence,
            "the interchange does not end with UNZ",
        ));
    }
    if interchange.messages.is_empty() {
        return Err(rejected(
            FaultCode::Count,
            "the interchange holds no message",
        ));
    }
    Ok(interchange)
}

fn begin(unh: &Segment) -> Result<Message, Fault> {
    let Some(reference) = unh.text(0, 0) else {
        return Err(Fault::rejected(FaultCode::Missing, "UNH has no reference").at(unh.place()));
    };
    let kind = unh.whole(1).unwrap_or_default();
    if kind != "MEDLAB:1" {
        return Err(Fault::rejected(
            FaultCode::UnsupportedMessage,
            "this kind of message is not taken",
        )
        .at(unh.place()));
    }
    Ok(Message {
        reference: reference.to_owned(),
        kind,
        segments: Vec::new(),
    })
}

fn end(unt: &Segment, message: &Message) -> Result<(), Fault> {
    let expected = message.segments.len() + 2;
    let count = unt.text(0, 0).and_then(|text| text.parse().ok());
    if count != Some(expected) {
        return Err(Fault::rejected(
            FaultCode::Count,
            format!("UNT does not count the {expected} segments that there are"),
        )
        .at(unt.place()));
    }
    if unt.text(1, 0) != Some(message.reference.as_str()) {
        return Err(
            Fault::rejected(FaultCode::References, "UNT has another reference than UNH")
                .at(unt.place()),
        );
    }
    Ok(())
}

fn close(unz: &Segment, interchange: &Interchange) -> Result<(), Fault> {
    let expected = interchange.messages.len();
    let count = unz.text(0, 0).and_then(|text| text.parse().ok());
    if count != Some(expected) {
        return Err(Fault::rejected(
            FaultCode::Count,
            format!("UNZ does not count the {expected} messages that there are"),
        )
        .at(unz.place()));
    }
    if unz.text(1, 0) != Some(interchange.reference.as_str()) {
        return Err(
            Fault::rejected(FaultCode::References, "UNZ has another reference than UNB")
                .at(unz.place()),
        );
    }
    Ok(())
}
