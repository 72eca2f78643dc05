//! The values of one resource as a blob.
//!
//! Each value is the number of its parameter, a letter for its type and its
//! parts; integers are variable in length, texts are led by theirs. Values
//! are sorted by parameter.

/// The parameter under which a resource's patients stand.
pub(crate) const MEMBER: i64 = 0;

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// A code in a system (0: none).
    Token {
        /// The number of the system.
        system: i64,
        /// The code; may be empty.
        code: &'a str,
    },
    /// A text as it came.
    Text(&'a str),
    /// The number of another resource.
    Reference(i64),
    /// A period in ms, both ends included.
    Date {
        /// The first millisecond.
        low: i64,
        /// The last millisecond.
        high: i64,
    },
    /// A number, or a quantity.
    Number {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
        /// The number of the unit's system (0: none).
        system: i64,
        /// The code of the unit; may be empty.
        code: &'a str,
        /// The unit for people; may be empty.
        unit: &'a str,
    },
    /// A URI or an address elsewhere.
    Uri(&'a str),
    /// Values that belong together: a blob of its own, in which the parameter
    /// is the place of the component, from 0.
    Composite(&'a [u8]),
}

/// Writes values as a blob. The caller sorts them by parameter.
pub(crate) fn encode<'a>(values: impl IntoIterator<Item = (i64, Value<'a>)>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    for (parameter, value) in values {
        integer(&mut out, parameter);
        match value {
            Value::Token { system, code } => {
                out.push(b't');
                integer(&mut out, system);
                text(&mut out, code);
            }
            Value::Text(content) => {
                out.push(b's');
                text(&mut out, content);
            }
            Value::Reference(target) => {
                out.push(b'r');
                integer(&mut out, target);
            }
            Value::Date { low, high } => {
                out.push(b'd');
                integer(&mut out, low);
                integer(&mut out, high.wrapping_sub(low));
            }
            Value::Number {
                low,
                high,
                system,
                code,
                unit,
            } => {
                out.push(b'n');
                out.extend_from_slice(&low.to_le_bytes());
                out.extend_from_slice(&high.to_le_bytes());
                integer(&mut out, system);
                text(&mut out, code);
                text(&mut out, unit);
            }
            Value::Uri(content) => {
                out.push(b'u');
                text(&mut out, content);
            }
            Value::Composite(blob) => {
                out.push(b'c');
                bytes(&mut out, blob);
            }
        }
    }
    out
}

fn integer(out: &mut Vec<u8>, value: i64) {
    // Zigzag, so that small negative numbers are short as well.
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn text(out: &mut Vec<u8>, content: &str) {
    bytes(out, content.as_bytes());
}

fn bytes(out: &mut Vec<u8>, content: &[u8]) {
    integer(out, content.len() as i64);
    out.extend_from_slice(content);
}

/// A blob of values. A damaged one ends early.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entries<'a>(&'a [u8]);

impl<'a> Entries<'a> {
    /// The values in a blob.
    pub(crate) const fn of(blob: &'a [u8]) -> Self {
        Self(blob)
    }

    /// All values with their parameters.
    pub(crate) const fn iter(self) -> Walk<'a> {
        Walk(self.0)
    }

    /// The values of one parameter. What comes before is passed over unread:
    /// this is done for every row of every search.
    pub(crate) fn get(self, parameter: i64) -> impl Iterator<Item = Value<'a>> {
        let mut walk = self.iter();
        let found = walk.pass_to(parameter).is_some();
        walk.take_while(move |(at, _)| found && *at == parameter)
            .map(|(_, value)| value)
    }

    /// The resources that a parameter refers to.
    pub(crate) fn references(self, parameter: i64) -> impl Iterator<Item = i64> + 'a {
        self.get(parameter).filter_map(|value| match value {
            Value::Reference(target) => Some(target),
            _ => None,
        })
    }
}

/// Reads a blob, value by value.
#[derive(Debug)]
pub(crate) struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    /// Passes over the values of all parameters before this one; `None` when
    /// it has no value.
    fn pass_to(&mut self, parameter: i64) -> Option<()> {
        loop {
            let here = self.0;
            let at = self.integer()?;
            if at >= parameter {
                self.0 = here;
                return (at == parameter).then_some(());
            }
            match self.byte()? {
                b't' => {
                    self.integer()?;
                    self.bytes()?;
                }
                b's' | b'u' | b'c' => {
                    self.bytes()?;
                }
                b'r' => {
                    self.integer()?;
                }
                b'd' => {
                    self.integer()?;
                    self.integer()?;
                }
                b'n' => {
                    self.real()?;
                    self.real()?;
                    self.integer()?;
                    self.bytes()?;
                    self.bytes()?;
                }
                _ => return None,
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn integer(&mut self) -> Option<i64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        None
    }

    fn real(&mut self) -> Option<f64> {
        let (bytes, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.integer()?).ok()?;
        let (content, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.bytes()?).ok()
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (i64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let parameter = self.integer()?;
        let value = match self.byte()? {
            b't' => Value::Token {
                system: self.integer()?,
                code: self.text()?,
            },
            b's' => Value::Text(self.text()?),
            b'r' => Value::Reference(self.integer()?),
            b'd' => {
                let low = self.integer()?;
                Value::Date {
                    low,
                    high: low.wrapping_add(self.integer()?),
                }
            }
            b'n' => Value::Number {
                low: self.real()?,
                high: self.real()?,
                system: self.integer()?,
                code: self.text()?,
                unit: self.text()?,
            },
            b'u' => Value::Uri(self.text()?),
            b'c' => Value::Composite(self.bytes()?),
            _ => return None,
        };
        Some((parameter, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let values = [
            (
                1,
                Value::Token {
                    system: 0,
                    code: "final",
                },
            ),
            (
                2,
                Value::Date {
                    low: i64::MIN,
                    high: i64::MAX,
                },
            ),
            (2, Value::Date { low: -5, high: 7 }),
            (
                3,
                Value::Number {
                    low: f64::NEG_INFINITY,
                    high: 1.5,
                    system: 9,
                    code: "mg",
                    unit: "",
                },
            ),
            (70_000, Value::Text("Anné")),
            (70_001, Value::Reference(103 << 32)),
            (70_002, Value::Uri("urn:x")),
            (70_003, Value::Composite(&[1, 2, 3])),
        ];
        let blob = encode(values);
        assert_eq!(Entries::of(&blob).iter().collect::<Vec<_>>(), values);
        assert_eq!(Entries::of(&blob).get(2).count(), 2);
        assert_eq!(
            Entries::of(&blob).references(70_001).collect::<Vec<_>>(),
            [103 << 32]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(blob: Vec<u8>) {
            prop_assert!(Entries::of(&blob).iter().count() <= blob.len());
        }

        #[test]
        fn passing_over_finds_what_walking_finds(blob: Vec<u8>, parameter in -2_i64..200) {
            // Damaged blobs may differ; sorted ones may not.
            let mut values: Vec<_> = Entries::of(&blob).iter().collect();
            values.sort_by_key(|(at, _)| *at);
            let sorted = encode(values);
            let walked: Vec<_> = Entries::of(&sorted)
                .iter()
                .filter(|(at, _)| *at == parameter)
                .map(|(_, value)| format!("{value:?}"))
                .collect();
            let passed: Vec<_> =
                Entries::of(&sorted).get(parameter).map(|value| format!("{value:?}")).collect();
            prop_assert_eq!(passed, walked);
        }

        #[test]
        fn integers_come_back(value: i64) {
            let blob = encode([(value, Value::Reference(value))]);
            prop_assert_eq!(
                Entries::of(&blob).iter().collect::<Vec<_>>(),
                [(value, Value::Reference(value))]
            );
        }
    }
}
