//! The citizen service number (burgerservicenummer, BSN).

use std::{fmt, hash::Hash};

/// A citizen service number that passes the eleven-test.
///
/// It never prints its digits: `Debug` and `Display` show a fixed mask, so a
/// BSN cannot slip into a log or an error by formatting. Code that must write
/// the digits, into a request body or a database, calls [`Bsn::expose`], which
/// makes each such place findable.
///
/// Rules: Wet algemene bepalingen burgerservicenummer; the weights 9 to 2 and
/// -1 over nine digits give a multiple of eleven.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bsn([u8; 9]);

/// Why a text is not a BSN. It carries nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBsn {
    /// Not eight or nine digits.
    #[error("a BSN has nine digits")]
    Length,
    /// Nine digits that fail the eleven-test, or all zeroes.
    #[error("the BSN fails the eleven-test")]
    ElevenTest,
}

impl Bsn {
    /// The FHIR identifier system of the BSN.
    pub const SYSTEM: &'static str = "http://fhir.nl/fhir/NamingSystem/bsn";
    /// The OID of the BSN, as HL7 v2 and CDA name it.
    pub const OID: &'static str = "2.16.840.1.113883.2.4.6.3";

    /// Reads a BSN of nine digits, or of eight that lost their leading zero.
    pub fn parse(text: &str) -> Result<Self, InvalidBsn> {
        let bytes = text.trim().as_bytes();
        if !(8..=9).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(InvalidBsn::Length);
        }
        let mut digits = [b'0'; 9];
        digits[9 - bytes.len()..].copy_from_slice(bytes);
        let sum: i32 = digits
            .iter()
            .zip([9, 8, 7, 6, 5, 4, 3, 2, -1])
            .map(|(digit, weight)| i32::from(digit - b'0') * weight)
            .sum();
        if sum % 11 != 0 || digits == [b'0'; 9] {
            return Err(InvalidBsn::ElevenTest);
        }
        Ok(Self(digits))
    }

    /// The nine digits, for a request body, a database or a page about this
    /// patient; never for a log, an error, a URL or a metric.
    pub fn expose(&self) -> &str {
        str::from_utf8(&self.0).expect("a BSN holds ASCII digits")
    }

    /// The FHIR token `system|digits`, for a search in a request body.
    pub fn token(&self) -> String {
        format!("{}|{}", Self::SYSTEM, self.expose())
    }
}

impl fmt::Debug for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bsn(*********)")
    }
}

impl fmt::Display for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*********")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Result<&str, InvalidBsn>) {
        assert_eq!(
            Bsn::parse(text).as_ref().map(Bsn::expose),
            expected.as_ref().copied()
        );
    }

    #[test]
    fn the_eleven_test_decides() {
        check("999911119", Ok("999911119"));
        check(" 999906276 ", Ok("999906276"));
        check("999911118", Err(InvalidBsn::ElevenTest));
        check("000000000", Err(InvalidBsn::ElevenTest));
        check("99991111", Ok("099991111"));
        check("99991112", Err(InvalidBsn::ElevenTest));
        check("9999111190", Err(InvalidBsn::Length));
        check("99991111x", Err(InvalidBsn::Length));
        check("", Err(InvalidBsn::Length));
    }

    #[test]
    fn formatting_shows_no_digit() {
        let bsn = Bsn::parse("999911119").unwrap();
        assert_eq!(format!("{bsn} {bsn:?}"), "********* Bsn(*********)");
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC*") {
            if let Ok(bsn) = Bsn::parse(&text) {
                prop_assert_eq!(Bsn::parse(bsn.expose()), Ok(bsn));
            }
        }

        #[test]
        fn one_changed_digit_is_always_caught(at in 0usize..9, change in 1u8..10) {
            let mut digits = *b"999911119";
            digits[at] = b'0' + (digits[at] - b'0' + change) % 10;
            prop_assert!(Bsn::parse(str::from_utf8(&digits).unwrap()).is_err());
        }
    }
}
