//! Texts in other writings: base64, hexadecimal, HTML and JSON.

use std::fmt::Write;

use super::{Arguments, Function, just, nothing};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};
use crate::json::{Document, Value};

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let Some(item) = super::one(input)? else {
        return nothing();
    };
    let (Some(text), Some(form)) = (super::text_of(&item)?, arguments.text(0)?) else {
        return nothing();
    };
    arguments.context.spend_text(text.len())?;
    let fault = EvaluationError::Argument("the text is not in that encoding");
    let made = match (function, &*form) {
        (Function::Encode, "hex") => text.bytes().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        }),
        (Function::Encode, "base64") => encode(text.as_bytes(), STANDARD),
        (Function::Encode, "urlbase64") => encode(text.as_bytes(), FOR_URLS),
        (Function::Decode, "hex") => from_hex(&text).ok_or(fault)?,
        (Function::Decode, "base64") => decode(&text, STANDARD).ok_or(fault)?,
        (Function::Decode, "urlbase64") => decode(&text, FOR_URLS).ok_or(fault)?,
        (Function::Escape, "html") => HTML
            .iter()
            .fold(text.into_owned(), |text, (plain, escaped)| {
                text.replace(plain, escaped)
            }),
        (Function::Unescape, "html") => HTML
            .iter()
            .rev()
            .fold(text.into_owned(), |text, (plain, escaped)| {
                text.replace(escaped, plain)
            }),
        (Function::Escape, "json") => {
            let quoted = Value::from(&*text).to_bytes();
            let quoted = String::from_utf8(quoted).map_err(|_| fault)?;
            quoted[1..quoted.len() - 1].to_owned()
        }
        (Function::Unescape, "json") => from_json(&text).unwrap_or_else(|| text.into_owned()),
        _ => return Err(EvaluationError::Argument("there is no such encoding")),
    };
    arguments.context.spend_text(made.len())?;
    just(Item::string(made))
}

/// `&` first: what the others put there must stay.
const HTML: [(&str, &str); 5] = [
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ("\"", "&quot;"),
    ("'", "&#39;"),
];

/// What the text says as the inside of a JSON string.
fn from_json(text: &str) -> Option<String> {
    let document = Document::parse(format!("\"{text}\"")).ok()?;
    document.root().as_str().map(std::borrow::Cow::into_owned)
}

fn from_hex(text: &str) -> Option<String> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    String::from_utf8(
        digits
            .chunks(2)
            .map(|pair| pair[0] * 16 + pair[1])
            .collect(),
    )
    .ok()
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            out.push(if n <= chunk.len() {
                char::from(alphabet[(bits >> (18 - 6 * n) & 63) as usize])
            } else {
                '='
            });
        }
    }
    out
}

fn decode(text: &str, alphabet: &[u8; 64]) -> Option<String> {
    String::from_utf8(decode_bytes(text, alphabet)?).ok()
}

/// Whether a text is base64, as `base64Binary` holds it.
pub(super) fn is_base64(text: &str) -> bool {
    let bare: String = text.split_whitespace().collect();
    decode_bytes(&bare, STANDARD).is_some()
}

fn decode_bytes(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bare.bytes() {
        let value = alphabet.iter().position(|other| *other == byte)?;
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    // Bits that are left over say nothing.
    (bits & ((1 << count) - 1) == 0).then_some(out)
}
