//! Messages for the operator.

use std::fmt::Write as _;

use store::{MessageState, MessageSummary, Statistics};

use super::{Reader, region, text};
use crate::{
    dates,
    page::{
        Labelled, Tone,
        messages::{FilterLink, MessageRow},
    },
    words::Language,
};

/// The most bytes of a message that are shown.
const RAW_BYTES_MAX: usize = 256 * 1024;

/// How many messages failed and wait.
pub(crate) fn refused(counts: &Statistics) -> usize {
    usize::try_from(region::refused(counts)).unwrap_or(usize::MAX)
}

/// The states to filter by.
pub(crate) fn filters(reader: &Reader, current: Option<MessageState>) -> Vec<FilterLink> {
    let choices = [
        (None, "messages.filter-all"),
        (Some(MessageState::Refused), "messages.filter-failed"),
        (Some(MessageState::Accepted), "messages.filter-accepted"),
        (Some(MessageState::Replayed), "messages.filter-replayed"),
    ];
    choices
        .into_iter()
        .map(|(state, key)| FilterLink {
            path: state.map_or_else(
                || "/messages".to_owned(),
                |state| format!("/messages?state={}", state.code()),
            ),
            text: reader.language.text(key).to_owned(),
            current: state == current,
        })
        .collect()
}

/// One message in the list.
pub(crate) fn row(reader: &Reader, message: &MessageSummary) -> MessageRow {
    let (state, tone) = state(reader, message.state);
    MessageRow {
        received: dates::short_moment(reader.language, message.received, &reader.zone),
        kind: known(reader, message.kind.as_deref()),
        channel: channel(&message.channel).to_owned(),
        sender: known(reader, message.sender.as_deref()),
        state,
        tone,
        reason: message.error.clone().unwrap_or_default(),
        path: format!("/messages/{}", message.id),
    }
}

/// What is known of one message.
pub(crate) fn details(reader: &Reader, message: &MessageSummary) -> Vec<Labelled> {
    let (state, _) = state(reader, message.state);
    let size = text::count(reader.language, message.size);
    let mut rows = vec![
        ("messages.state", state),
        (
            "messages.received",
            dates::long_moment(reader.language, message.received, &reader.zone),
        ),
        ("messages.kind", known(reader, message.kind.as_deref())),
        ("messages.channel", channel(&message.channel).to_owned()),
        ("messages.sender", known(reader, message.sender.as_deref())),
        (
            "message.control",
            known(reader, message.control_id.as_deref()),
        ),
        (
            "message.size",
            reader.fill("message.bytes", &[("n", &size)]),
        ),
    ];
    if let Some(error) = &message.error {
        rows.insert(1, ("messages.reason", error.clone()));
    }
    rows.into_iter()
        .map(|(key, value)| Labelled::new(reader.language.text(key), value))
        .collect()
}

fn known(reader: &Reader, text: Option<&str>) -> String {
    text.unwrap_or(reader.text("messages.unknown")).to_owned()
}

fn channel(code: &str) -> &str {
    match code {
        "mllp" => "HL7 v2 (MLLP)",
        "hl7v2" => "HL7 v2 (HTTP)",
        "edifact" => "EDIFACT",
        other => other,
    }
}

fn state(reader: &Reader, state: MessageState) -> (String, Tone) {
    let (key, tone) = match state {
        MessageState::Accepted => ("messages.state-accepted", Tone::Good),
        MessageState::Refused => ("messages.state-failed", Tone::Danger),
        MessageState::Replayed => ("messages.state-replayed", Tone::Info),
    };
    (reader.language.text(key).to_owned(), tone)
}

/// A message as text: one segment per line, bytes that are no text made
/// visible, cut where it is too long to show.
pub(crate) fn raw(language: Language, bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(RAW_BYTES_MAX)];
    let mut text = String::with_capacity(shown.len());
    for chunk in shown.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\r' => text.push('\n'),
                '\n' if text.ends_with('\n') => {}
                '\n' | '\t' => text.push(character),
                control if control.is_control() => {
                    let _ = write!(text, "<{:02X}>", u32::from(control));
                }
                other => text.push(other),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "<{byte:02X}>");
        }
    }
    if shown.len() < bytes.len() {
        text.push_str("\n…\n");
        text.push_str(language.text("message.truncated"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_shown_as_it_came() {
        let check = |bytes: &[u8], expected: &str| {
            assert_eq!(raw(Language::Dutch, bytes), expected);
        };
        check(b"MSH|^~\\&|\rPID|1\r", "MSH|^~\\&|\nPID|1\n");
        check(b"a\r\nb", "a\nb");
        check(b"caf\xe9\x0b", "caf<E9><0B>");
        let long = vec![b'x'; RAW_BYTES_MAX];
        assert_eq!(raw(Language::Dutch, &long).len(), RAW_BYTES_MAX);
        let longer = vec![b'x'; RAW_BYTES_MAX + 1];
        assert!(raw(Language::Dutch, &longer).contains("te lang"));
    }
}
