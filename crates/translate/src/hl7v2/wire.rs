//! A message as segments, fields, repetitions, components and subcomponents.
//!
//! Splitting only: nothing is looked up in the standard's tables here. Every
//! line of the message must be a segment; a line that is not is a fault, not
//! the end of the message.

use std::borrow::Cow;

use super::{charset, charset::Charset, escape};
use crate::outcome::{Fault, FaultCode, Place};

/// The most segments of one message.
pub const SEGMENTS_MAX: usize = 20_000;
/// The most fields of one segment.
pub const FIELDS_MAX: usize = 500;

/// The encoding characters (MSH-1 and MSH-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Separators {
    pub(super) field: char,
    pub(super) component: char,
    pub(super) repetition: char,
    pub(super) escape: char,
    pub(super) subcomponent: char,
}

impl Default for Separators {
    fn default() -> Self {
        Self {
            field: '|',
            component: '^',
            repetition: '~',
            escape: '\\',
            subcomponent: '&',
        }
    }
}

impl Separators {
    /// From the start of a message, `MSH|^~\&|`: five different ASCII marks.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let message = message.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message);
        let marks: [u8; 6] = message.strip_prefix(b"MSH")?.get(..6)?.try_into().ok()?;
        let [field, component, repetition, escape, subcomponent, end] = marks;
        let five = [field, component, repetition, escape, subcomponent];
        let distinct = (1..5).all(|at| !five[..at].contains(&five[at]));
        if end != field || !distinct || !five.iter().all(u8::is_ascii_punctuation) {
            return None;
        }
        Some(Self {
            field: char::from(field),
            component: char::from(component),
            repetition: char::from(repetition),
            escape: char::from(escape),
            subcomponent: char::from(subcomponent),
        })
    }

    /// MSH-2.
    pub(super) fn encoding_characters(&self) -> String {
        [
            self.component,
            self.repetition,
            self.escape,
            self.subcomponent,
        ]
        .iter()
        .collect()
    }
}

/// A message, split into segments.
#[derive(Debug)]
pub(super) struct Message<'m> {
    text: Cow<'m, str>,
    separators: Separators,
    charset: Charset,
    /// Where each segment starts and ends in the text.
    lines: Vec<(usize, usize)>,
}

impl<'m> Message<'m> {
    pub(super) fn parse(bytes: &'m [u8]) -> Result<Self, Fault> {
        let rejected = |text: &str| Fault::rejected(FaultCode::Sequence, text);
        let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        if start.starts_with(b"FHS") || start.starts_with(b"BHS") {
            return Err(rejected(
                "a batch that does not hold the messages it counts",
            ));
        }
        if !start.starts_with(b"MSH") {
            return Err(rejected("the message does not start with MSH"));
        }
        let separators = Separators::read(bytes)
            .ok_or_else(|| rejected("MSH-1 and MSH-2 are not five different separators"))?;
        let first_line = bytes.split(|byte| is_end(*byte)).next().unwrap_or_default();
        let charset_name = first_line
            .split(|byte| *byte == separators.field as u8)
            .nth(17)
            .and_then(|field| {
                field
                    .split(|byte| *byte == separators.repetition as u8)
                    .next()
            })
            .and_then(|name| str::from_utf8(name).ok())
            .unwrap_or_default();
        let (text, charset) = charset::decode(bytes, charset_name)?;
        let lines = lines(&text);
        if lines.len() > SEGMENTS_MAX {
            return Err(Fault::rejected(
                FaultCode::Limit,
                format!("more than {SEGMENTS_MAX} segments"),
            ));
        }
        let message = Self {
            text,
            separators,
            charset,
            lines,
        };
        message.check()?;
        Ok(message)
    }

    /// Every line is a segment: three capitals or digits, then the separator
    /// or the end.
    fn check(&self) -> Result<(), Fault> {
        for (position, (start, end)) in self.lines.iter().enumerate() {
            let line = &self.text[*start..*end];
            let name = line.as_bytes().get(..3).unwrap_or_default();
            let is_named = name.len() == 3
                && name[0].is_ascii_uppercase()
                && name
                    .iter()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            if !is_named
                || line[3..]
                    .chars()
                    .next()
                    .is_some_and(|next| next != self.separators.field)
            {
                return Err(Fault::rejected(
                    FaultCode::Sequence,
                    format!("line {} is no segment", position + 1),
                ));
            }
            if line.matches(self.separators.field).count() > FIELDS_MAX {
                return Err(Fault::rejected(
                    FaultCode::Limit,
                    format!("line {} has more than {FIELDS_MAX} fields", position + 1),
                ));
            }
        }
        Ok(())
    }

    /// The segments in order.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        (0..self.lines.len()).map(|position| Segment {
            message: self,
            position,
        })
    }

    /// The first segment of this name.
    pub(super) fn segment(&self, name: &str) -> Option<Segment<'_>> {
        self.segments().find(|segment| segment.name() == name)
    }
}

fn is_end(byte: u8) -> bool {
    byte == b'\r' || byte == b'\n'
}

/// The lines that are not empty: segments end with a carriage return; files
/// that went through other hands have line feeds.
fn lines(text: &str) -> Vec<(usize, usize)> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (end, _) in text.bytes().enumerate().filter(|(_, byte)| is_end(*byte)) {
        if end > start {
            lines.push((start, end));
        }
        start = end + 1;
    }
    if !text[start..].trim_matches(['\0', '\x1C', ' ']).is_empty() {
        lines.push((start, text.len()));
    }
    lines
}

/// A segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'m> {
    message: &'m Message<'m>,
    position: usize,
}

impl<'m> Segment<'m> {
    fn line(self) -> &'m str {
        let (start, end) = self.message.lines[self.position];
        &self.message.text[start..end]
    }

    /// The three characters of its name.
    pub(super) fn name(self) -> &'m str {
        &self.line()[..3]
    }

    /// A field, counted from one as the standard does; empty when absent.
    pub(super) fn field(self, number: usize) -> Field<'m> {
        let separators = &self.message.separators;
        // MSH-1 is the separator itself.
        let at = if self.name() == "MSH" {
            number.saturating_sub(1)
        } else {
            number
        };
        let raw = match (self.name(), number) {
            ("MSH", 0 | 1) => "",
            _ => self
                .line()
                .split(separators.field)
                .nth(at)
                .unwrap_or_default(),
        };
        Field {
            segment: self,
            number,
            raw,
        }
    }

    /// Where this segment, or a field of it, is.
    pub(super) fn place(self, field: Option<usize>) -> Place {
        let name = self.name();
        let number = self
            .message
            .segments()
            .take(self.position + 1)
            .filter(|segment| segment.name() == name)
            .count();
        Place {
            segment: name.to_owned(),
            number,
            field,
            position: self.position + 1,
        }
    }
}

/// A field of a segment, or one repetition of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'m> {
    segment: Segment<'m>,
    number: usize,
    raw: &'m str,
}

impl<'m> Field<'m> {
    /// As it stands in the message.
    pub(super) fn raw(self) -> &'m str {
        self.raw
    }

    /// Whether there is nothing: empty, only separators, or the null `""`.
    pub(super) fn is_empty(self) -> bool {
        let separators = &self.segment.message.separators;
        self.raw == "\"\""
            || self.raw.chars().all(|character| {
                [
                    separators.component,
                    separators.subcomponent,
                    separators.repetition,
                ]
                .contains(&character)
                    || character.is_whitespace()
            })
    }

    /// The repetitions that hold something.
    pub(super) fn repetitions(self) -> impl Iterator<Item = Self> {
        self.raw
            .split(self.segment.message.separators.repetition)
            .map(move |raw| Self { raw, ..self })
            .filter(|field| !field.is_empty())
    }

    /// The first repetition; empty when there is none.
    pub(super) fn first(self) -> Self {
        self.repetitions()
            .next()
            .unwrap_or(Self { raw: "", ..self })
    }

    /// A component of this repetition, from one.
    pub(super) fn component(self, number: usize) -> Component<'m> {
        let separator = self.segment.message.separators.component;
        let raw = self
            .raw
            .split(separator)
            .nth(number - 1)
            .unwrap_or_default();
        Component { field: self, raw }
    }

    /// The text of a component's first subcomponent, without escapes; `None`
    /// when there is nothing.
    pub(super) fn text(self, component: usize) -> Option<String> {
        self.component(component).text(1)
    }

    /// The whole repetition as text, components and all.
    pub(super) fn whole(self) -> Option<String> {
        self.unescaped(self.raw)
    }

    fn unescaped(self, raw: &str) -> Option<String> {
        let raw = raw.trim();
        if raw.is_empty() || raw == "\"\"" {
            return None;
        }
        let message = self.segment.message;
        let text = escape::unescape(raw, &message.separators, message.charset);
        // An escape may stand for white space.
        let trimmed = text.trim();
        match trimmed.len() {
            0 => None,
            length if length == text.len() => Some(text),
            _ => Some(trimmed.to_owned()),
        }
    }

    pub(super) fn place(self) -> Place {
        self.segment.place(Some(self.number))
    }
}

/// A component of a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component<'m> {
    field: Field<'m>,
    raw: &'m str,
}

impl Component<'_> {
    /// The text of a subcomponent, from one, without escapes.
    pub(super) fn text(self, subcomponent: usize) -> Option<String> {
        let separator = self.field.segment.message.separators.subcomponent;
        self.field
            .unescaped(self.raw.split(separator).nth(subcomponent - 1)?)
    }

    /// The whole component as text, subcomponents and all.
    pub(super) fn whole(self) -> Option<String> {
        self.field.unescaped(self.raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_as_the_standard_does() {
        let message =
            Message::parse(b"MSH|^~\\&|APP|FAC\rPID|1||A^B&C~D||\"\"|x\\T\\y\r\rNTE\r").unwrap();
        let names: Vec<_> = message.segments().map(Segment::name).collect();
        assert_eq!(names, ["MSH", "PID", "NTE"]);
        let msh = message.segment("MSH").unwrap();
        assert_eq!(msh.field(3).text(1).as_deref(), Some("APP"));
        let pid = message.segment("PID").unwrap();
        assert_eq!(pid.field(3).repetitions().count(), 2);
        assert_eq!(
            pid.field(3).first().component(2).text(2).as_deref(),
            Some("C")
        );
        assert_eq!(
            pid.field(3).first().component(2).whole().as_deref(),
            Some("B&C")
        );
        assert!(pid.field(5).is_empty() && pid.field(9).is_empty());
        assert_eq!(pid.field(6).whole().as_deref(), Some("x&y"));
        assert_eq!(pid.field(3).place().readable(), "PID-3");
    }

    #[test]
    fn other_separators_are_taken_from_the_message() {
        let message = Message::parse(b"MSH#*+!%#APP\rPID#1##A*B%C+D").unwrap();
        let pid = message.segment("PID").unwrap();
        assert_eq!(
            pid.field(3).first().component(2).text(2).as_deref(),
            Some("C")
        );
    }

    fn check_refused(bytes: &[u8], text: &str) {
        assert_eq!(Message::parse(bytes).unwrap_err().text, text);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        check_refused(b"", "the message does not start with MSH");
        check_refused(b"PID|1", "the message does not start with MSH");
        check_refused(
            b"MSH|^~\\",
            "MSH-1 and MSH-2 are not five different separators",
        );
        check_refused(
            b"MSH|^^\\&|",
            "MSH-1 and MSH-2 are not five different separators",
        );
        check_refused(
            b"MSHA^~\\&A",
            "MSH-1 and MSH-2 are not five different separators",
        );
        check_refused(
            b"MSH|^~\\&#|",
            "MSH-1 and MSH-2 are not five different separators",
        );
        check_refused(b"MSH|^~\\&|\rhello", "line 2 is no segment");
        check_refused(b"MSH|^~\\&|\rPIDX|1", "line 2 is no segment");
        check_refused(
            b"BHS|^~\\&|\rMSH|",
            "a batch that does not hold the messages it counts",
        );
    }

    #[test]
    fn limits_hold_at_the_limit_and_one_past() {
        let segments = |count: usize| format!("MSH|^~\\&|{}", "\rNTE|1".repeat(count - 1));
        assert!(Message::parse(segments(SEGMENTS_MAX).as_bytes()).is_ok());
        assert!(Message::parse(segments(SEGMENTS_MAX + 1).as_bytes()).is_err());
        let fields = |count: usize| format!("MSH|^~\\&|\rNTE{}", "|1".repeat(count));
        assert!(Message::parse(fields(FIELDS_MAX).as_bytes()).is_ok());
        assert!(Message::parse(fields(FIELDS_MAX + 1).as_bytes()).is_err());
    }
}
