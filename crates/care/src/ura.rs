//! The number of a care provider in the UZI register (UZI-registerabonneenummer).

use std::{fmt, str::FromStr};

/// The eight-digit number by which the UZI register knows a care provider.
/// It is public, so it may be logged and shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ura([u8; 8]);

/// A text that is not one to eight digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a URA has eight digits")]
pub struct InvalidUra;

impl Ura {
    /// The FHIR identifier system of the URA.
    pub const SYSTEM: &'static str = "http://fhir.nl/fhir/NamingSystem/ura";
    /// The OID of the URA.
    pub const OID: &'static str = "2.16.528.1.1007.3.3";

    /// The eight digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("a URA holds ASCII digits")
    }

    /// The FHIR token `system|digits`.
    pub fn token(&self) -> String {
        format!("{}|{}", Self::SYSTEM, self.as_str())
    }
}

impl FromStr for Ura {
    type Err = InvalidUra;

    /// Reads one to eight digits and pads them with zeroes on the left.
    fn from_str(text: &str) -> Result<Self, InvalidUra> {
        let bytes = text.as_bytes();
        if !(1..=8).contains(&bytes.len()) || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(InvalidUra);
        }
        let mut digits = [b'0'; 8];
        digits[8 - bytes.len()..].copy_from_slice(bytes);
        Ok(Self(digits))
    }
}

impl fmt::Display for Ura {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Ura {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ura({self})")
    }
}

impl serde::Serialize for Ura {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Ura {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_padded_and_others_refused() {
        assert_eq!("123".parse::<Ura>().unwrap().as_str(), "00000123");
        assert_eq!("90000901".parse::<Ura>().unwrap().to_string(), "90000901");
        for text in ["", "123456789", "12a"] {
            assert_eq!(text.parse::<Ura>(), Err(InvalidUra));
        }
    }
}
