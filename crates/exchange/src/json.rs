//! JSON written straight into bytes, with resources as their own bytes: a
//! large answer is copied once and parsed never.

use std::fmt::Write as _;

/// A JSON text in the making.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    /// Text that is JSON already.
    pub(crate) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.push_str(json);
        self
    }

    /// A string, quoted and escaped.
    pub(crate) fn string(&mut self, text: &str) -> &mut Self {
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                control if control < ' ' => {
                    // Writing to a String cannot fail.
                    let _ = write!(self.0, "\\u{:04x}", u32::from(control));
                }
                other => self.0.push(other),
            }
        }
        self.0.push('"');
        self
    }

    /// A resource of which the bytes are JSON in UTF-8; `null` when they are not.
    pub(crate) fn resource(&mut self, bytes: &[u8]) -> &mut Self {
        self.raw(str::from_utf8(bytes).unwrap_or("null"))
    }

    /// The bytes.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_string_reads_back(text in any::<String>()) {
            let mut json = Text::default();
            json.string(&text);
            let read: String = serde_json::from_slice(&json.into_bytes()).unwrap();
            prop_assert_eq!(read, text);
        }
    }
}
