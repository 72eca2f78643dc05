//! JSON Pointer (RFC 6901).

use super::Fault;
use crate::json::{NESTING_MAX, Value};

/// The names and numbers from the root to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Reads a pointer; `None` when it is none, or leads deeper than a document may.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let mut names = Vec::new();
        for name in text.strip_prefix('/')?.split('/') {
            // One more than any document has: such a place is not there.
            if names.len() > NESTING_MAX {
                return None;
            }
            names.push(unescaped(name)?);
        }
        Some(Self(names))
    }

    /// The pointer to what holds the place, and the name of the place in it;
    /// `None` for the root.
    pub(super) fn split(&self) -> Option<(&[String], &str)> {
        let (last, above) = self.0.split_last()?;
        Some((above, last))
    }

    /// How many steps from the root.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether another place lies inside this one.
    pub(super) fn holds(&self, other: &Self) -> bool {
        other.0.len() > self.0.len() && other.0.starts_with(&self.0)
    }

    /// How many items the list has that the place is in; 0 when it is in none.
    pub(super) fn list_len(&self, root: &Value) -> usize {
        let above = self.split().map(|(above, _)| above);
        let holder = above.and_then(|names| follow(root, names));
        holder.map_or(0, |holder| holder.items().len())
    }

    /// The value at the place.
    pub(super) fn find<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        follow(root, &self.0)
    }
}

fn follow<'a>(root: &'a Value, names: &[String]) -> Option<&'a Value> {
    names.iter().try_fold(root, |value, name| match value {
        Value::Array(items) => items.get(position(name)?),
        other => other.get(name),
    })
}

/// The value that a list of names leads to, to change it.
pub(super) fn find_mut<'a>(root: &'a mut Value, names: &[String]) -> Result<&'a mut Value, Fault> {
    names
        .iter()
        .try_fold(root, |value, name| match value {
            Value::Array(items) => items.get_mut(position(name)?),
            other => other.get_mut(name),
        })
        .ok_or(Fault::Nothing)
}

/// The number of an item: digits without a leading zero.
pub(super) fn position(name: &str) -> Option<usize> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain || name.len() > 1 && name.starts_with('0') {
        return None;
    }
    name.parse().ok()
}

fn unescaped(name: &str) -> Option<String> {
    let mut parts = name.split('~');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        // After a tilde comes 0 for itself or 1 for a slash.
        let (character, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        out.push(character);
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_strictly() {
        for (text, expected) in [
            ("", Some(vec![])),
            ("/", Some(vec![""])),
            ("/a/0/-", Some(vec!["a", "0", "-"])),
            ("/a~1b/m~0n/~01", Some(vec!["a/b", "m~n", "~1"])),
            ("a", None),
            ("/a~", None),
            ("/a~2", None),
        ] {
            let found = Pointer::read(text).map(|pointer| pointer.0);
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(found, expected, "{text}");
        }
        assert!(Pointer::read(&"/a".repeat(NESTING_MAX + 1)).is_some());
        assert!(Pointer::read(&"/a".repeat(NESTING_MAX + 2)).is_none());
    }

    #[test]
    fn positions_have_no_leading_zero() {
        for (name, expected) in [
            ("0", Some(0)),
            ("10", Some(10)),
            ("01", None),
            ("", None),
            ("-", None),
            ("+1", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(position(name), expected, "{name}");
        }
    }
}
