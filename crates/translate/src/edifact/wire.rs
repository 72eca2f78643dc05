//! Bytes to segments, by `edifact-rs`.
//!
//! MEDLAB writes a counter behind the tag of many segments (`BEP:1:1:2+...`:
//! group, order, line), which ISO 9735 calls explicit nesting and the library
//! refuses. The first separator behind such a tag is therefore read as the
//! end of the tag, and the counter as the element before the first: as many
//! bytes as before, and each at its place.

use edifact_rs::{
    EdifactError, ReaderConfig, ServiceStringAdvice, decode_interchange, from_bytes_with_config,
};

use crate::outcome::{Fault, FaultCode, Place};

/// The most segments of one interchange.
pub const SEGMENTS_MAX: usize = 50_000;
/// The most bytes of one segment.
pub const SEGMENT_BYTES_MAX: usize = 16 * 1024;

/// A segment: its tag, the counter behind the tag, its elements with their
/// components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) tag: String,
    pub(super) counter: Vec<u32>,
    elements: Vec<Vec<String>>,
    /// Which segment of its message it is, from one; of the interchange for
    /// those outside a message.
    pub(super) position: usize,
}

impl Segment {
    /// A component, both from zero, as text; `None` when there is nothing.
    pub(super) fn text(&self, element: usize, component: usize) -> Option<&str> {
        let text = self.elements.get(element)?.get(component)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// A whole element, its components joined as they were.
    pub(super) fn whole(&self, element: usize) -> Option<String> {
        let text = self.elements.get(element)?.join(":");
        let text = text.trim_end_matches(':').trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// How many elements it has.
    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    pub(super) fn place(&self) -> Place {
        let parts: Vec<String> = [self.tag.clone()]
            .into_iter()
            .chain(self.counter.iter().map(u32::to_string))
            .collect();
        Place {
            segment: parts.join(":"),
            number: 1,
            field: None,
            position: self.position,
        }
    }
}

/// The segments of an interchange, in its own character set (UNB) and
/// separators (UNA).
pub(super) fn read(interchange: &[u8]) -> Result<Vec<Segment>, Fault> {
    let separators = ServiceStringAdvice::from_bytes(interchange).map_err(|error| fault(&error))?;
    let mut bytes = decode_interchange(interchange)
        .map_err(|error| fault(&error))?
        .into_owned();
    let nested = separate_counters(&mut bytes, separators);
    let limits = ReaderConfig::default()
        .max_segments(SEGMENTS_MAX)
        .max_segment_bytes(SEGMENT_BYTES_MAX);
    let mut segments = Vec::new();
    for segment in from_bytes_with_config(&bytes, limits) {
        let segment = segment.map_err(|error| fault(&error))?;
        let is_nested = nested.binary_search(&segment.tag_span.start).is_ok();
        let mut elements = segment
            .elements
            .iter()
            .map(|element| element.components().map(text).collect::<Vec<String>>());
        let position = segments.len() + 1;
        let counter = if is_nested { elements.next() } else { None };
        let mut segment = Segment {
            tag: segment.tag().to_owned(),
            counter: Vec::new(),
            elements: elements.collect(),
            position,
        };
        for number in counter.into_iter().flatten() {
            match number.parse() {
                Ok(number) => segment.counter.push(number),
                Err(_) => {
                    return Err(Fault::rejected(
                        FaultCode::DataType,
                        "the counter behind a segment tag is no number",
                    )
                    .at(segment.place()));
                }
            }
        }
        segments.push(segment);
    }
    Ok(segments)
}

/// FHIR strings have no control characters; EDIFACT needs none.
fn text(component: &str) -> String {
    component
        .chars()
        .filter(|character| !matches!(character, '\r' | '\n'))
        .map(|character| {
            if character.is_control() {
                '\u{FFFD}'
            } else {
                character
            }
        })
        .collect()
}

/// Writes an element separator over the component separator behind a tag, and
/// gives where the tags with a counter start.
fn separate_counters(bytes: &mut [u8], separators: ServiceStringAdvice) -> Vec<usize> {
    let mut nested = Vec::new();
    let mut at = if bytes.starts_with(b"UNA") { 9 } else { 0 };
    while at < bytes.len() {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let is_tag = bytes
            .get(at..at + 3)
            .is_some_and(|tag| tag.iter().all(u8::is_ascii_alphanumeric));
        if is_tag && bytes.get(at + 3) == Some(&separators.component_sep) {
            bytes[at + 3] = separators.element_sep;
            nested.push(at);
        }
        // To behind the terminator of this segment.
        while let Some(byte) = bytes.get(at) {
            at += 1;
            if *byte == separators.release_char {
                at += 1;
            } else if *byte == separators.segment_term {
                break;
            }
        }
    }
    nested
}

/// What the library says, in words without anything of the message.
fn fault(error: &EdifactError) -> Fault {
    let (code, text) = match error {
        EdifactError::UnexpectedEof { .. } => (
            FaultCode::Sequence,
            "the interchange is cut off within a segment",
        ),
        EdifactError::InvalidReleaseSequence { .. } => (
            FaultCode::Characters,
            "a release character stands before nothing",
        ),
        EdifactError::InvalidUna => (
            FaultCode::Characters,
            "UNA does not name five different separators",
        ),
        EdifactError::InvalidText { .. }
        | EdifactError::CharacterNotInRepertoire { .. }
        | EdifactError::CharacterRepertoireMismatch { .. } => (
            FaultCode::Characters,
            "the interchange has bytes outside its character set",
        ),
        EdifactError::UnsupportedCharset { .. } | EdifactError::UnrecognisedSyntaxIdentifier(_) => {
            (
                FaultCode::UnknownValue,
                "UNB names a character set that we do not read",
            )
        }
        EdifactError::SegmentTooLong { .. } => (FaultCode::Limit, "a segment is too long"),
        EdifactError::LimitExceeded { .. } => (FaultCode::Limit, "there are too many segments"),
        EdifactError::InvalidSegmentTag(_) => {
            (FaultCode::Sequence, "a segment does not start with a tag")
        }
        _ => (FaultCode::Sequence, "the interchange is no EDIFACT"),
    };
    Fault::rejected(code, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_release_characters_are_read() {
        let segments = read(b"BEP:1:1:2+0+a?+b?'c??+d:e'\r\nTXT:1+x'\rPID+1:2'").unwrap();
        assert_eq!(segments[0].tag, "BEP");
        assert_eq!(segments[0].counter, [1, 1, 2]);
        assert_eq!(segments[0].text(0, 0), Some("0"));
        assert_eq!(segments[0].text(1, 0), Some("a+b'c?"));
        assert_eq!(segments[0].whole(2).as_deref(), Some("d:e"));
        assert_eq!(segments[1].place().readable(), "TXT:1");
        assert_eq!(
            (segments[2].counter.len(), segments[2].text(0, 1)),
            (0, Some("2"))
        );
    }

    #[test]
    fn another_una_is_obeyed() {
        let segments = read(b"UNA;/.! ~BEP;1;2/a!/b;c~").unwrap();
        assert_eq!(segments[0].counter, [1, 2]);
        assert_eq!(segments[0].text(0, 0), Some("a/b"));
    }

    fn check_refused(bytes: &[u8], text: &str) {
        assert_eq!(read(bytes).unwrap_err().text, text);
    }

    #[test]
    fn what_is_no_edifact_is_refused() {
        check_refused(b"UNH+1", "the interchange is cut off within a segment");
        check_refused(
            b"BEP:1:x+1'",
            "the counter behind a segment tag is no number",
        );
        check_refused(
            b"UNB+UNOA:1+J\xe9'",
            "the interchange has bytes outside its character set",
        );
        check_refused(
            b"UNB+UNOX:1+J'",
            "UNB names a character set that we do not read",
        );
        assert_eq!(
            read(b"UNB+UNOC:3+J\xe9'").unwrap()[0].text(1, 0),
            Some("Jé")
        );
    }

    #[test]
    fn limits_hold_at_the_limit_and_one_past() {
        assert!(read("TXT+1'".repeat(SEGMENTS_MAX).as_bytes()).is_ok());
        assert!(read("TXT+1'".repeat(SEGMENTS_MAX + 1).as_bytes()).is_err());
        let long = |bytes: usize| format!("TXT+{}'", "x".repeat(bytes - 5));
        assert!(read(long(SEGMENT_BYTES_MAX).as_bytes()).is_ok());
        assert!(read(long(SEGMENT_BYTES_MAX + 2).as_bytes()).is_err());
    }
}
