//! The character set of a message (MSH-18).

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_8859_15, UTF_8, WINDOWS_1252};

use crate::outcome::{Fault, FaultCode};

/// A character set that we read and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Ascii,
    Latin1,
    Latin9,
    Utf8,
}

impl Charset {
    /// The set with this name in HL7 table 0211; empty is ASCII.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.trim() {
            "" | "ASCII" => Some(Self::Ascii),
            "8859/1" => Some(Self::Latin1),
            "8859/15" => Some(Self::Latin9),
            "UNICODE UTF-8" | "UTF-8" => Some(Self::Utf8),
            _ => None,
        }
    }

    /// The name in HL7 table 0211.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ASCII",
            Self::Latin1 => "8859/1",
            Self::Latin9 => "8859/15",
            Self::Utf8 => "UNICODE UTF-8",
        }
    }

    /// The text of bytes. `None` when they are not in this set.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Ascii => bytes
                .is_ascii()
                .then(|| UTF_8.decode_without_bom_handling(bytes).0),
            _ => self
                .encoding()
                .decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    /// The bytes of a text; a character outside the set becomes `?`.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        if text.is_ascii() || self == Self::Utf8 {
            return text.as_bytes().to_vec();
        }
        let mut bytes = Vec::with_capacity(text.len());
        for character in text.chars() {
            let single = character.encode_utf8(&mut [0; 4]).to_owned();
            match self {
                Self::Ascii if character.is_ascii() => bytes.push(character as u8),
                Self::Ascii => bytes.push(b'?'),
                _ => match self.encoding().encode(&single) {
                    (encoded, _, false) => bytes.extend_from_slice(&encoded),
                    _ => bytes.push(b'?'),
                },
            }
        }
        bytes
    }

    /// Senders that say 8859/1 and send the bytes 0x80 to 0x9F mean the
    /// characters of Windows-1252 (a dash, quotes, the euro sign), never the
    /// control characters that ISO 8859-1 has there.
    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Ascii | Self::Utf8 => UTF_8,
            Self::Latin1 => WINDOWS_1252,
            Self::Latin9 => ISO_8859_15,
        }
    }
}

/// The text of a message: in the set that it names, or UTF-8 after a byte
/// order mark.
pub(super) fn decode<'m>(bytes: &'m [u8], name: &str) -> Result<(Cow<'m, str>, Charset), Fault> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        let text = Charset::Utf8
            .decode(rest)
            .ok_or_else(|| outside(Charset::Utf8))?;
        return Ok((text, Charset::Utf8));
    }
    let Some(charset) = Charset::named(name) else {
        return Err(Fault::rejected(
            FaultCode::UnknownValue,
            "MSH-18 names a character set that we do not read",
        ));
    };
    let text = charset.decode(bytes).ok_or_else(|| outside(charset))?;
    Ok((text, charset))
}

fn outside(charset: Charset) -> Fault {
    Fault::rejected(
        FaultCode::Characters,
        format!(
            "the message has bytes outside its character set ({})",
            charset.name()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, bytes: &[u8], expected: Option<&str>) {
        let read = decode(bytes, name).ok().map(|(text, _)| text.into_owned());
        assert_eq!(read.as_deref(), expected);
    }

    #[test]
    fn the_named_set_decides() {
        check("", b"Jansen", Some("Jansen"));
        check("", b"Jos\xe9", None);
        check("8859/1", b"Jos\xe9 \x80", Some("José €"));
        check("8859/15", b"Jos\xe9 \xa4", Some("José €"));
        check("UNICODE UTF-8", "José".as_bytes(), Some("José"));
        check("UNICODE UTF-8", b"Jos\xe9", None);
        check("", b"\xEF\xBB\xBFJos\xc3\xa9", Some("José"));
        check("ISO IR87", b"x", None);
    }

    #[test]
    fn what_a_set_lacks_is_a_question_mark() {
        assert_eq!(Charset::Latin1.encode("é €ł"), b"\xe9 \x80?");
        assert_eq!(Charset::Ascii.encode("é"), b"?");
        assert_eq!(Charset::Utf8.encode("é"), "é".as_bytes());
    }
}
