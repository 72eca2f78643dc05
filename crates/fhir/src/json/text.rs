//! Strings: escapes in, escapes out.

use std::borrow::Cow;

use super::parse::Token;

/// The content of a string token: borrowed when it has no escapes.
pub(super) fn content(text: &str, token: Token) -> Cow<'_, str> {
    let inner = &text[token.start as usize + 1..token.end as usize - 1];
    if token.is_escaped() {
        Cow::Owned(unescape(inner))
    } else {
        Cow::Borrowed(inner)
    }
}

/// Checks the escape that starts at `at`; returns where the text goes on, or
/// where the fault is.
pub(super) fn check_escape(bytes: &[u8], at: usize) -> Result<usize, usize> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match hex4(bytes, at + 2).ok_or(at)? {
            0xD800..=0xDBFF => {
                let is_escape = bytes.get(at + 6..at + 8) == Some(b"\\u");
                match hex4(bytes, at + 8) {
                    Some(0xDC00..=0xDFFF) if is_escape => Ok(at + 12),
                    _ => Err(at),
                }
            }
            0xDC00..=0xDFFF => Err(at),
            _ => Ok(at + 6),
        },
        _ => Err(at),
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, digit| {
        Some(sum * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Resolves the escapes of a string that the parser has checked.
fn unescape(inner: &str) -> String {
    let bytes = inner.as_bytes();
    let mut out = String::with_capacity(inner.len());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        out.push_str(&inner[at..at + found]);
        at += found + 2;
        match bytes[at - 1] {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{C}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let mut code = hex4(bytes, at).unwrap_or(0xFFFD);
                at += 4;
                if (0xD800..0xDC00).contains(&code) {
                    let low = hex4(bytes, at + 2).unwrap_or(0xDC00);
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low & 0x3FF);
                    at += 6;
                }
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            plain => out.push(char::from(plain)),
        }
    }
    out.push_str(&inner[at..]);
    out
}

/// Writes a string with its quotes. Escapes only what JSON demands, so that
/// text stays readable.
pub(super) fn write(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..=0x1F => b'u',
            _ => continue,
        };
        out.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            out.extend_from_slice(b"00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}
