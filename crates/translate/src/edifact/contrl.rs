//! CONTRL: whether an interchange was taken (ISO 9735-4).
//!
//! The whole interchange is taken (action 7) or none of it (action 4); a
//! refusal names the message, the segment and the fault as far as they are
//! known.

use super::{envelope::Message, header::Header};
use crate::{
    Context,
    outcome::{Fault, FaultCode},
};

/// An acknowledgement of any bytes, for the door: when an interchange that was
/// translated cannot be stored after all.
pub fn acknowledge(interchange: &[u8], accepted: bool, context: &Context<'_>) -> Vec<u8> {
    if accepted {
        positive(interchange, context)
    } else {
        // 18: unspecified error.
        write(
            interchange,
            vec![uci(&Header::find(interchange), "4", Some("18"))],
            context,
        )
    }
}

pub(super) fn positive(interchange: &[u8], context: &Context<'_>) -> Vec<u8> {
    write(
        interchange,
        vec![uci(&Header::find(interchange), "7", None)],
        context,
    )
}

pub(super) fn negative(
    interchange: &[u8],
    fault: &Fault,
    message: Option<&Message>,
    context: &Context<'_>,
) -> Vec<u8> {
    let code = error_code(fault.code);
    let header = Header::find(interchange);
    // The lowest level that can say it, says it.
    let segments = match (message, &fault.place) {
        (Some(message), Some(place)) => vec![
            uci(&header, "4", None),
            ucm(message, None),
            format!("UCS+{}+{code}", place.position),
        ],
        (Some(message), None) => vec![uci(&header, "4", None), ucm(message, Some(code))],
        (None, _) => vec![uci(&header, "4", Some(code))],
    };
    write(interchange, segments, context)
}

/// DE 0085, the syntax errors of ISO 9735-4.
fn error_code(code: FaultCode) -> &'static str {
    match code {
        FaultCode::Missing => "13",
        FaultCode::DataType | FaultCode::UnknownValue | FaultCode::UnknownKey => "12",
        FaultCode::UnsupportedMessage
        | FaultCode::UnsupportedEvent
        | FaultCode::UnsupportedVersion => "14",
        FaultCode::Sequence => "15",
        FaultCode::Characters => "21",
        FaultCode::References => "28",
        FaultCode::Count => "29",
        FaultCode::Limit => "18",
    }
}

fn uci(header: &Header, action: &str, error: Option<&str>) -> String {
    let error = error.map(|code| format!("+{code}")).unwrap_or_default();
    format!(
        "UCI+{}+{}+{}+{action}{error}",
        escaped(&header.reference),
        escaped(&header.sender),
        escaped(&header.receiver),
    )
}

fn ucm(message: &Message, error: Option<&str>) -> String {
    let error = error.map(|code| format!("+{code}")).unwrap_or_default();
    let kind: Vec<String> = message.kind.split(':').map(escaped).collect();
    format!(
        "UCM+{}+{}+4{error}",
        escaped(&message.reference),
        kind.join(":")
    )
}

fn write(interchange: &[u8], body: Vec<String>, context: &Context<'_>) -> Vec<u8> {
    let header = Header::find(interchange);
    let zoned = context.now.to_zoned(context.time_zone.clone());
    // The end of an id: in ids made from the time, its start hardly differs.
    let id: String = context
        .ids
        .next()
        .chars()
        .filter(|character| *character != '-')
        .rev()
        .take(14)
        .collect();
    let (syntax, version) = if header.syntax.is_empty() {
        ("UNOA", "1")
    } else {
        (header.syntax.as_str(), header.version.as_str())
    };
    let mut text = format!(
        "UNB+{}:{}+{}+{}+{}+{id}'\r\nUNH+1+CONTRL:D:3:UN'\r\n",
        escaped(syntax),
        escaped(version),
        escaped(&header.receiver),
        escaped(&header.sender),
        zoned.strftime("%y%m%d:%H%M"),
    );
    for segment in &body {
        text.push_str(segment);
        text.push_str("'\r\n");
    }
    let end = format!("UNT+{}+1'\r\nUNZ+1+{id}'\r\n", body.len() + 2);
    (text + &end).into_bytes()
}

/// With a release character before each character that means something.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars().filter(char::is_ascii) {
        if matches!(character, '+' | ':' | '\'' | '?') {
            out.push('?');
        }
        out.push(character);
    }
    out
}
