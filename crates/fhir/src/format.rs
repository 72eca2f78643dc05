//! The formats of FHIR's primitive types.

use std::borrow::Cow;

use crate::definitions::Primitive;
use crate::json::{Kind, Node};
use crate::narrative;
use crate::search::{clock_time, date_range};

/// How long a string may be, in bytes (1 MiB; FHIR R4, datatype string).
pub const STRING_BYTES_MAX: usize = 1024 * 1024;

/// Checks one value of a primitive type; says what it should have been.
pub(crate) fn check(primitive: Primitive, node: Node<'_>) -> Result<(), &'static str> {
    let wanted = match primitive {
        Primitive::Boolean => (Kind::Bool, "must be true or false"),
        Primitive::Decimal
        | Primitive::Integer
        | Primitive::PositiveInt
        | Primitive::UnsignedInt => (Kind::Number, "must be a JSON number"),
        _ => (Kind::String, "must be a JSON string"),
    };
    if node.kind() != wanted.0 {
        return Err(wanted.1);
    }
    match node.as_str() {
        Some(text) => check_text(primitive, &text),
        None => check_number(primitive, node.raw()),
    }
}

fn check_number(primitive: Primitive, digits: &str) -> Result<(), &'static str> {
    let (low, message) = match primitive {
        Primitive::Integer => (i32::MIN, "must be a whole number of 32 bits"),
        Primitive::UnsignedInt => (0, "must be a whole number from 0 to 2147483647"),
        Primitive::PositiveInt => (1, "must be a whole number from 1 to 2147483647"),
        _ => return Ok(()),
    };
    let number = digits
        .parse::<i32>()
        .ok()
        .filter(|number| *number >= low && digits != "-0");
    if number.is_some() {
        Ok(())
    } else {
        Err(message)
    }
}

fn check_text(primitive: Primitive, text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("must not be empty");
    }
    let (is_right, message) = match primitive {
        Primitive::Base64Binary => (is_base64(text), "must be base64"),
        Primitive::Code => (
            is_code(text),
            "must be a code: no spaces at the ends or doubled",
        ),
        Primitive::Id => (
            is_id(text),
            "must be an id: 1 to 64 letters, digits, `-` or `.`",
        ),
        Primitive::Oid => (is_oid(text), "must be an OID: urn:oid:1.2.3"),
        Primitive::Uuid => (is_uuid(text), "must be a UUID: urn:uuid: and small letters"),
        Primitive::Uri | Primitive::Url | Primitive::Canonical => (
            !text.contains(char::is_whitespace),
            "must be a URI: no spaces",
        ),
        Primitive::Date => (is_date(text), "must be a date: YYYY, YYYY-MM or YYYY-MM-DD"),
        Primitive::DateTime => (
            is_date(text) || is_instant(text),
            "must be a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
        ),
        Primitive::Instant => (
            is_instant(text),
            "must be an instant: YYYY-MM-DDThh:mm:ss+zz:zz",
        ),
        Primitive::Time => (is_time(text), "must be a time: hh:mm:ss"),
        Primitive::Xhtml => return narrative::check(text),
        _ if text.len() > STRING_BYTES_MAX => (false, "must be at most 1 MiB"),
        _ => (is_string(text), "must hold no control characters"),
    };
    if is_right { Ok(()) } else { Err(message) }
}

/// Whether the text is a logical id.
pub(crate) fn is_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_string(text: &str) -> bool {
    !text
        .bytes()
        .any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
}

/// White space is what an XML schema means by it: a space that does not break
/// is a letter like others.
fn is_code(text: &str) -> bool {
    let is_single = |run: &str| !run.is_empty();
    text.split([' ', '\t', '\n', '\r']).all(is_single)
}

fn is_base64(text: &str) -> bool {
    let is_space = |byte: u8| byte.is_ascii_whitespace();
    let bare: Cow<'_, [u8]> = if text.bytes().any(is_space) {
        Cow::Owned(text.bytes().filter(|byte| !is_space(*byte)).collect())
    } else {
        Cow::Borrowed(text.as_bytes())
    };
    let data = bare
        .strip_suffix(b"==")
        .or(bare.strip_suffix(b"="))
        .unwrap_or(&bare);
    let is_data = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    bare.len().is_multiple_of(4) && !data.is_empty() && data.iter().all(is_data)
}

fn is_oid(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix("urn:oid:") else {
        return false;
    };
    let is_number = |part: &str| {
        let is_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        is_digits && (part == "0" || !part.starts_with('0'))
    };
    let starts_right = matches!(numbers.as_bytes(), [b'0'..=b'2', b'.', ..]);
    starts_right && numbers.split('.').all(is_number)
}

fn is_uuid(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("urn:uuid:") else {
        return false;
    };
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = digits.split('-');
    let fits = |length: usize| {
        parts
            .next()
            .is_some_and(|part| part.len() == length && part.bytes().all(is_hex))
    };
    lengths.into_iter().all(fits) && digits.len() == 36
}

fn is_date(text: &str) -> bool {
    !text.contains('T') && date_range(text).is_some()
}

/// A date and time with seconds and zone.
fn is_instant(text: &str) -> bool {
    let Some((_, time)) = text.split_once('T') else {
        return false;
    };
    let clock = time
        .strip_suffix('Z')
        .or_else(|| time.rfind(['+', '-']).map(|zone| &time[..zone]));
    clock.is_some_and(is_time) && date_range(text).is_some()
}

/// A time of day with seconds.
fn is_time(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b':').count() == 2 && clock_time(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, Value};

    fn is_right(primitive: Primitive, json: &str) -> bool {
        check(primitive, Document::parse(json).unwrap().root()).is_ok()
    }

    #[test]
    fn values_fit_their_type() {
        for (primitive, right, wrong) in [
            (Primitive::Boolean, &["true"][..], &["\"true\"", "1"][..]),
            (
                Primitive::Integer,
                &["0", "-5", "2147483647"],
                &["1.0", "1e1", "2147483648", "\"1\"", "-0"],
            ),
            (Primitive::UnsignedInt, &["0"], &["-1"]),
            (Primitive::PositiveInt, &["1"], &["0"]),
            (Primitive::Decimal, &["1.50", "-1e-7"], &["\"1\""]),
            (
                Primitive::String,
                &["\"a b\\n\"", "\" \""],
                &["\"\"", "\"\\u0000\"", "1"],
            ),
            (
                Primitive::Code,
                &["\"a b\""],
                &["\" a\"", "\"a  b\"", "\"\""],
            ),
            (Primitive::Id, &["\"a-B.9\""], &["\"a_b\"", "\"a b\""]),
            (
                Primitive::Uri,
                &["\"urn:x\"", "\"http://a/b?c#d\""],
                &["\"a b\""],
            ),
            (
                Primitive::Oid,
                &["\"urn:oid:2.16.840.0.1\""],
                &["\"2.16\"", "\"urn:oid:3.1\"", "\"urn:oid:2.01\""],
            ),
            (
                Primitive::Uuid,
                &["\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\""],
                &[
                    "\"urn:uuid:C757873D-EC9A-4326-A141-556F43239520\"",
                    "\"urn:uuid:c757\"",
                    "\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520-\"",
                ],
            ),
            (
                Primitive::Base64Binary,
                &["\"YWI=\"", "\"YW Jj\""],
                &["\"a\"", "\"YW=I\"", "\"====\""],
            ),
            (
                Primitive::Date,
                &["\"2024\"", "\"2024-02-29\""],
                &["\"2023-02-29\"", "\"2024-01-01T00:00:00Z\""],
            ),
            (
                Primitive::DateTime,
                &["\"2024-02\"", "\"2024-02-01T10:00:00.5+01:00\""],
                &["\"2024-02-01T10:00Z\"", "\"2024-02-01T10:00:00\""],
            ),
            (
                Primitive::Instant,
                &["\"2024-02-01T10:00:00Z\""],
                &["\"2024-02-01\""],
            ),
            (
                Primitive::Time,
                &["\"23:59:59.9\""],
                &["\"24:00:00\"", "\"10:00\"", "\"10:00:00Z\""],
            ),
        ] {
            for json in right {
                assert!(is_right(primitive, json), "{primitive:?} {json}");
            }
            for json in wrong {
                assert!(!is_right(primitive, json), "{primitive:?} {json}");
            }
        }
    }

    #[test]
    fn long_strings_stop_at_the_limit() {
        let of_length =
            |bytes: usize| String::from_utf8(Value::from("a".repeat(bytes)).to_bytes()).unwrap();
        assert!(is_right(Primitive::String, &of_length(STRING_BYTES_MAX)));
        assert!(!is_right(
            Primitive::String,
            &of_length(STRING_BYTES_MAX + 1)
        ));
        assert!(
            is_right(Primitive::Id, &of_length(64)) && !is_right(Primitive::Id, &of_length(65))
        );
    }
}
