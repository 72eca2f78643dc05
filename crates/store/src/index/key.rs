//! The keys of the index: a value and the resource that has it, as bytes whose
//! order is the order of the values, then of the resources.
//!
//! A key is a table (one byte), the number of the parameter (four), the value,
//! and the number of the resource (eight); a code's key ends in the number of
//! its system (four). Numbers are big-endian with the sign turned, so that
//! bytes sort as they do.

use sha2::{Digest, Sha256};

/// A code, an identifier or a URI.
const TOKEN: u8 = b't';
/// A folded text.
const TEXT: u8 = b's';
/// The start of a date.
const DATE: u8 = b'd';
/// The end of a long date.
const PERIOD: u8 = b'p';
/// The lower bound of a number.
const NUMBER: u8 = b'n';
/// The same, of one whose bounds are far apart.
const WIDE_NUMBER: u8 = b'w';
/// A reference.
const REFERENCE: u8 = b'r';
/// A patient's compartment.
const MEMBER: u8 = b'm';

/// Bytes of a code that stand in its key; a longer one is told apart by a
/// digest of the whole after these.
pub(crate) const TOKEN_PREFIX_BYTES: usize = 64;
/// Bytes of that digest.
const DIGEST_BYTES: usize = 16;
const RID_BYTES: usize = 8;
const SYSTEM_BYTES: usize = 4;

/// One entry of the index, without the resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Term<'a> {
    /// Parameter, code, system.
    Token(i64, &'a str, i64),
    /// Parameter, folded text.
    Text(i64, String),
    /// Parameter, first millisecond.
    Date(i64, i64),
    /// Parameter, last millisecond.
    Period(i64, i64),
    /// Parameter, lower bound as [`sortable`] bits.
    Number(i64, u64),
    /// The same, of a wide one.
    Wide(i64, u64),
    /// Parameter, target.
    Reference(i64, i64),
    /// Patient.
    Member(i64),
}

/// The bits of a number, in an order that is the numbers' own.
pub(crate) const fn sortable(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 0 {
        bits | 1 << 63
    } else {
        !bits
    }
}

impl Term<'_> {
    /// The key of a resource that has this value.
    pub(crate) fn key(&self, rid: i64, out: &mut Vec<u8>) {
        out.clear();
        self.write(out);
        signed(out, rid);
        if let Self::Token(_, _, system) = self {
            out.extend_from_slice(&(*system as u32).to_be_bytes());
        }
    }

    /// What the keys of all resources with this value start with.
    pub(crate) fn start(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Token(parameter, code, _) => {
                head(out, TOKEN, *parameter);
                self::code(out, code);
            }
            Self::Text(parameter, folded) => {
                head(out, TEXT, *parameter);
                text(out, folded.as_bytes());
                end(out);
            }
            Self::Date(parameter, moment) => {
                head(out, DATE, *parameter);
                signed(out, *moment);
            }
            Self::Period(parameter, moment) => {
                head(out, PERIOD, *parameter);
                signed(out, *moment);
            }
            Self::Number(parameter, bits) => {
                head(out, NUMBER, *parameter);
                out.extend_from_slice(&bits.to_be_bytes());
            }
            Self::Wide(parameter, bits) => {
                head(out, WIDE_NUMBER, *parameter);
                out.extend_from_slice(&bits.to_be_bytes());
            }
            Self::Reference(parameter, target) => {
                head(out, REFERENCE, *parameter);
                signed(out, *target);
            }
            Self::Member(patient) => {
                out.push(MEMBER);
                signed(out, *patient);
            }
        }
    }
}

/// What the keys of all codes that start so start with.
pub(crate) fn codes_from(parameter: i64, start: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    head(&mut out, TOKEN, parameter);
    text(
        &mut out,
        &start.as_bytes()[..start.len().min(TOKEN_PREFIX_BYTES)],
    );
    out
}

/// What the keys of all texts that start so start with.
pub(crate) fn texts_from(parameter: i64, folded: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    head(&mut out, TEXT, parameter);
    text(&mut out, folded.as_bytes());
    out
}

/// The first key after all that start so.
pub(crate) fn after_all(start: &[u8]) -> Vec<u8> {
    let mut end = start.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// The resource of a key; `None` for what is no key.
pub(crate) fn rid_of(key: &[u8]) -> Option<i64> {
    let end = match key.first()? {
        &TOKEN => key.len().checked_sub(SYSTEM_BYTES)?,
        _ => key.len(),
    };
    number(key.get(end.checked_sub(RID_BYTES)?..end)?)
}

/// What a key starts with: its value, without the resource.
pub(crate) fn value_of(key: &[u8]) -> &[u8] {
    let after = match key.first() {
        Some(&TOKEN) => RID_BYTES + SYSTEM_BYTES,
        _ => RID_BYTES,
    };
    &key[..key.len().saturating_sub(after)]
}

/// The system of a code's key.
pub(crate) fn system_of(key: &[u8]) -> Option<i64> {
    let (_, system) = key.split_last_chunk::<SYSTEM_BYTES>()?;
    Some(i64::from(u32::from_be_bytes(*system)))
}

/// The moment in the key of a date.
pub(crate) fn moment_of(key: &[u8]) -> Option<i64> {
    number(key.get(5..13)?)
}

/// Adds a number that comes after a value: a resource, to start from.
pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(&(number as u64 ^ 1 << 63).to_be_bytes());
}

fn number(bytes: &[u8]) -> Option<i64> {
    Some((u64::from_be_bytes(bytes.try_into().ok()?) ^ 1 << 63) as i64)
}

fn head(out: &mut Vec<u8>, table: u8, parameter: i64) {
    out.push(table);
    out.extend_from_slice(&(parameter as u32).to_be_bytes());
}

fn code(out: &mut Vec<u8>, code: &str) {
    if code.len() <= TOKEN_PREFIX_BYTES {
        text(out, code.as_bytes());
        end(out);
        return;
    }
    text(out, &code.as_bytes()[..TOKEN_PREFIX_BYTES]);
    // A byte that no UTF-8 text has: no shorter code can have this key.
    out.push(u8::MAX);
    out.extend_from_slice(&Sha256::digest(code.as_bytes())[..DIGEST_BYTES]);
}

/// A text that something may follow: its zero bytes are marked.
fn text(out: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        out.push(*byte);
        if *byte == 0 {
            out.push(1);
        }
    }
}

fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, 0]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(term: &Term<'_>, rid: i64) -> Vec<u8> {
        let mut out = Vec::new();
        term.key(rid, &mut out);
        out
    }

    #[test]
    fn a_long_code_has_a_key_of_its_own() {
        let short = "a".repeat(TOKEN_PREFIX_BYTES);
        let (one, other) = (format!("{short}b"), format!("{short}c"));
        let keys: Vec<_> = [&short, &one, &other]
            .iter()
            .map(|code| Term::Token(1, code, 0).start())
            .collect();
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
        assert!(keys.iter().all(|key| key.starts_with(&codes_from(1, &one))));
    }

    #[test]
    fn what_comes_after_all_is_after_each_and_no_more() {
        assert_eq!(after_all(&[1, 2]), [1, 3]);
        assert_eq!(after_all(&[1, 255, 255]), [2]);
    }

    proptest! {
        #[test]
        fn a_key_tells_its_resource_and_system(code: String, rid: i64, system: u32) {
            let key = key(&Term::Token(7, &code, i64::from(system)), rid);
            prop_assert_eq!(rid_of(&key), Some(rid));
            prop_assert_eq!(system_of(&key), Some(i64::from(system)));
            prop_assert_eq!(value_of(&key), &Term::Token(7, &code, 0).start());
        }

        #[test]
        fn keys_sort_as_texts_do(one in ".{0,60}", other in ".{0,60}") {
            let keys = [&one, &other].map(|text| key(&Term::Text(1, text.clone()), 9));
            prop_assert_eq!(keys[0].cmp(&keys[1]), one.as_bytes().cmp(other.as_bytes()));
        }

        #[test]
        fn keys_sort_as_moments_and_resources_do(one: (i64, i64), other: (i64, i64)) {
            let keys = [one, other].map(|(moment, rid)| key(&Term::Date(1, moment), rid));
            prop_assert_eq!(keys[0].cmp(&keys[1]), one.cmp(&other));
            prop_assert_eq!(moment_of(&keys[0]), Some(one.0));
            prop_assert_eq!(rid_of(&keys[0]), Some(one.1));
        }

        #[test]
        fn bits_sort_as_numbers_do(one: f64, other: f64) {
            prop_assume!(!one.is_nan() && !other.is_nan());
            prop_assert_eq!(sortable(one).cmp(&sortable(other)), one.total_cmp(&other));
        }

        #[test]
        fn a_code_with_that_start_is_found(code in ".{0,80}", cut in 0_usize..80) {
            let start = &code[..code.floor_char_boundary(cut)];
            let key = key(&Term::Token(3, &code, 5), 1);
            prop_assert!(key.starts_with(&codes_from(3, start)));
        }
    }
}
