//! Messages for the operator.

use std::fmt::Write as _;

use jiff::{civil::Date, tz::TimeZone};
use store::{MessageFilter, MessageOverview, MessageState, MessageSummary, Statistics};

use super::{Reader, region, text};
use crate::{
    dates,
    page::{
        Choice, Labelled, Tone,
        messages::{MessageRow, MessagesFilter},
    },
    words::Language,
};

/// The most bytes of a message that are shown.
const RAW_BYTES_MAX: usize = 256 * 1024;

/// How many messages failed and wait.
pub(crate) fn refused(counts: &Statistics) -> usize {
    usize::try_from(region::refused(counts)).unwrap_or(usize::MAX)
}

/// What the reader asks for, as it stands in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) state: Option<MessageState>,
    pub(crate) kind: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) from: Option<Date>,
    pub(crate) to: Option<Date>,
}

impl Asked {
    /// As a question to the store: whole days in the zone of the reader, the
    /// last one included.
    pub(crate) fn filter(&self, zone: &TimeZone, limit: usize) -> MessageFilter {
        let start = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp());
        MessageFilter {
            state: self.state,
            kind: self.kind.clone(),
            sender: self.sender.clone(),
            from: self.from.and_then(start),
            until: self.to.and_then(|to| start(to.tomorrow().ok()?)),
            ..MessageFilter::all(limit)
        }
    }

    /// The address of the page of these messages before one of them.
    pub(crate) fn path(&self, before: Option<&str>) -> String {
        let date = |date: Option<Date>| date.map(|date| date.to_string());
        let parts = [
            ("state", self.state.map(|state| state.code().to_owned())),
            ("kind", self.kind.clone()),
            ("sender", self.sender.clone()),
            ("from", date(self.from)),
            ("to", date(self.to)),
            ("before", before.map(str::to_owned)),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in parts {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        match query.finish() {
            query if query.is_empty() => "/messages".to_owned(),
            query => format!("/messages?{query}"),
        }
    }

    /// The form, with what there is to choose from.
    pub(crate) fn form(&self, reader: &Reader, overview: &MessageOverview) -> MessagesFilter {
        let states = [
            (MessageState::Refused, "messages.filter-failed"),
            (MessageState::Accepted, "messages.filter-accepted"),
            (MessageState::Replayed, "messages.filter-replayed"),
        ];
        let states = states.map(|(state, key)| Choice {
            value: state.code().to_owned(),
            label: reader.language.text(key).to_owned(),
            chosen: self.state == Some(state),
        });
        let all = || Choice {
            value: String::new(),
            label: reader.text("messages.filter-all").to_owned(),
            chosen: false,
        };
        // What is asked for can be chosen again, also when it is long ago.
        let known = |found: &[String], chosen: Option<&String>| {
            let mut values = found.to_vec();
            values.extend(chosen.filter(|chosen| !found.contains(chosen)).cloned());
            let choices = values.into_iter().map(|value| Choice {
                chosen: chosen == Some(&value),
                label: value.clone(),
                value,
            });
            std::iter::once(all()).chain(choices).collect()
        };
        let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
        MessagesFilter {
            states: std::iter::once(all()).chain(states).collect(),
            kinds: known(&overview.kinds, self.kind.as_ref()),
            senders: known(&overview.senders, self.sender.as_ref()),
            from: date(self.from),
            to: date(self.to),
            is_set: *self != Self::default(),
        }
    }
}

/// How many messages a filter leaves, in words.
pub(crate) fn found(reader: &Reader, count: usize) -> String {
    if count < store::limits::MESSAGES_COUNTED_MAX {
        return reader.language.count("messages.found", count);
    }
    let max = text::count(reader.language, count as u64);
    reader.fill("messages.found-many", &[("n", &max)])
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
    fn a_filter_is_whole_days_of_the_reader_and_keeps_its_address() {
        let asked = Asked {
            state: Some(MessageState::Refused),
            kind: Some("ORU^R01".to_owned()),
            sender: Some("LAB & co".to_owned()),
            from: Some(jiff::civil::date(2026, 3, 28)),
            to: Some(jiff::civil::date(2026, 3, 29)),
        };
        let filter = asked.filter(&dates::time_zone(), 50);
        // The clocks went forward on the 29th.
        assert_eq!(filter.from.unwrap().to_string(), "2026-03-27T23:00:00Z");
        assert_eq!(filter.until.unwrap().to_string(), "2026-03-29T22:00:00Z");
        assert_eq!(
            asked.path(Some("x")),
            "/messages?state=refused&kind=ORU%5ER01&sender=LAB+%26+co&from=2026-03-28\
             &to=2026-03-29&before=x"
        );
        assert_eq!(Asked::default().path(None), "/messages");
    }

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
