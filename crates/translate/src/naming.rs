//! Names for things that have no national number: under which identifier a
//! sender's result, order or code is known here.
//!
//! A correction must find the result that it corrects, so an identifier is
//! built from what the sender keeps the same. It stands in a query, so its
//! parts are escaped to characters that need none there.

use care::Ura;

/// Who sends, as far as the message tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sender {
    /// The name in the message.
    pub(crate) name: Option<String>,
    /// A national number or OID of it.
    pub(crate) number: Option<SenderNumber>,
    /// The sending application, when the organisation is not named.
    pub(crate) application: Option<String>,
}

/// The number of a sending organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SenderNumber {
    Ura(Ura),
    Agb(String),
    Oid(String),
}

impl Sender {
    /// For the operator: the name, or the number, or the application.
    pub(crate) fn label(&self) -> Option<String> {
        self.name
            .clone()
            .or_else(|| self.number.as_ref().map(SenderNumber::text))
            .or_else(|| self.application.clone())
    }

    /// The texts under which a table may know this sender.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        self.number
            .as_ref()
            .map(SenderNumber::text)
            .into_iter()
            .chain(self.name.clone())
            .chain(self.application.clone())
    }

    /// The namespace of what this sender numbers itself. A mere name counts
    /// only at the node that received it: two laboratories may both be `LAB`.
    pub(crate) fn namespace(&self, receiver: Ura) -> Namespace {
        Namespace(
            match (
                &self.number,
                self.name.as_ref().or(self.application.as_ref()),
            ) {
                (Some(SenderNumber::Ura(ura)), _) => format!("urn:schakel:sender:ura:{ura}"),
                (Some(SenderNumber::Agb(agb)), _) => {
                    format!("urn:schakel:sender:agb:{}", part(agb))
                }
                (Some(SenderNumber::Oid(oid)), _) => {
                    format!("urn:schakel:sender:oid:{}", part(oid))
                }
                (None, Some(name)) => format!("urn:schakel:sender:at:{receiver}:{}", part(name)),
                (None, None) => format!("urn:schakel:sender:at:{receiver}"),
            },
        )
    }
}

impl SenderNumber {
    fn text(&self) -> String {
        match self {
            Self::Ura(ura) => ura.to_string(),
            Self::Agb(text) | Self::Oid(text) => text.clone(),
        }
    }
}

/// The start of the identifier systems of one sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Namespace(String);

impl Namespace {
    /// The system for one kind of thing: `result`, `order`, `code:99LIS`.
    pub(crate) fn system(&self, kind: &str) -> String {
        format!("{}:{kind}", self.0)
    }

    /// The system of one kind of thing with a name of the sender's in it.
    pub(crate) fn system_of(&self, kind: &str, name: &str) -> String {
        format!("{}:{kind}:{}", self.0, part(name))
    }
}

/// An identifier value from parts: each escaped, `:` between them.
pub(crate) fn key(parts: &[&str]) -> String {
    parts
        .iter()
        .map(|text| part(text))
        .collect::<Vec<_>>()
        .join(":")
}

/// Two hexadecimal digits.
pub(crate) fn hexadecimal(byte: u8) -> String {
    format!("{byte:02x}")
}

/// Letters, digits, `.`, `-` and `_` stay; another byte becomes `~` and two
/// hexadecimal digits. Different texts give different results.
fn part(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('~');
            escaped.push_str(&hexadecimal(byte));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_namespace_is_of_the_number_or_else_of_the_name_at_the_receiver() {
        let receiver: Ura = "90000101".parse().unwrap();
        let named = Sender {
            name: Some("Lab & Co".into()),
            ..Sender::default()
        };
        assert_eq!(
            named.namespace(receiver).system("result"),
            "urn:schakel:sender:at:90000101:Lab~20~26~20Co:result"
        );
        let numbered = Sender {
            number: Some(SenderNumber::Agb("50990103".into())),
            ..named.clone()
        };
        assert_eq!(
            numbered.namespace(receiver).system_of("code", "99LIS"),
            "urn:schakel:sender:agb:50990103:code:99LIS"
        );
        assert_eq!(named.label().as_deref(), Some("Lab & Co"));
    }

    proptest! {
        #[test]
        fn different_parts_give_different_keys(a in "\\PC{0,6}", b in "\\PC{0,6}", c in "\\PC{0,6}", d in "\\PC{0,6}") {
            prop_assert_eq!(key(&[&a, &b]) == key(&[&c, &d]), (a, b) == (c, d));
        }

        #[test]
        fn keys_need_no_escape_in_a_query(text in "\\PC{0,20}") {
            let safe = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte);
            prop_assert!(key(&[&text]).bytes().all(safe));
        }
    }
}
