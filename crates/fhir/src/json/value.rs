//! An owned JSON tree, for building and changing.

use std::borrow::Cow;
use std::fmt;

use super::document::{Document, Kind, Node};
use super::text;

/// A JSON value that we own. Members keep their order; numbers keep their digits.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as JSON writes it.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object; names are unique when built with [`Value::set`].
    Object(Vec<(String, Value)>),
}

impl Value {
    /// An object without members.
    pub const fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// What this value is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Number(_) => Kind::Number,
            Self::String(_) => Kind::String,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members()
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The member of an object, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members
                .iter_mut()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets a member: in its place when it is there, at the end when it is
    /// not. What was no object becomes one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Self>) {
        let (name, value) = (name.into(), value.into());
        if let Some(place) = self.get_mut(&name) {
            *place = value;
            return;
        }
        if !matches!(self, Self::Object(_)) {
            *self = Self::object();
        }
        if let Self::Object(members) = self {
            members.push((name, value));
        }
    }

    /// Adds an item. What was no array becomes one.
    pub fn push(&mut self, value: impl Into<Self>) {
        if !matches!(self, Self::Array(_)) {
            *self = Self::Array(Vec::new());
        }
        if let Self::Array(items) = self {
            items.push(value.into());
        }
    }

    /// Takes a member out of an object.
    pub fn remove(&mut self, name: &str) -> Option<Self> {
        match self {
            Self::Object(members) => {
                let position = members.iter().position(|(key, _)| key == name)?;
                Some(members.remove(position).1)
            }
            _ => None,
        }
    }

    /// The items of an array; empty for everything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// The items of an array, to change them.
    pub fn items_mut(&mut self) -> &mut [Self] {
        match self {
            Self::Array(items) => items,
            _ => &mut [],
        }
    }

    /// The members of an object; empty for everything else.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number as written.
    pub fn as_number(&self) -> Option<&str> {
        match self {
            Self::Number(digits) => Some(digits),
            _ => None,
        }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The member of that name, when it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A decimal from digits as received; `None` when they are not a JSON number.
    pub fn number(digits: &str) -> Option<Self> {
        let document = Document::parse(digits).ok()?;
        let is_bare = document.root().span() == (0..digits.len());
        (document.root().kind() == Kind::Number && is_bare).then(|| Self::Number(digits.to_owned()))
    }

    /// As JSON, without white space.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// As JSON for people: two spaces a level.
    pub fn to_pretty(&self) -> String {
        let mut out = Vec::new();
        self.write_pretty(&mut out, 0);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Array(items) => {
                out.push(b'[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (n, (name, value)) in members.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    text::write(out, name);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
            leaf => leaf.write_leaf(out),
        }
    }

    fn write_leaf(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(digits) => out.extend_from_slice(digits.as_bytes()),
            Self::String(string) => text::write(out, string),
            _ => out.extend_from_slice(b"null"),
        }
    }

    fn write_pretty(&self, out: &mut Vec<u8>, level: usize) {
        let line = |out: &mut Vec<u8>, level: usize| {
            out.push(b'\n');
            out.resize(out.len() + 2 * level, b' ');
        };
        match self {
            Self::Array(items) if !items.is_empty() => {
                out.push(b'[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    line(out, level + 1);
                    item.write_pretty(out, level + 1);
                }
                line(out, level);
                out.push(b']');
            }
            Self::Object(members) if !members.is_empty() => {
                out.push(b'{');
                for (n, (name, value)) in members.iter().enumerate() {
                    if n > 0 {
                        out.push(b',');
                    }
                    line(out, level + 1);
                    text::write(out, name);
                    out.extend_from_slice(b": ");
                    value.write_pretty(out, level + 1);
                }
                line(out, level);
                out.push(b'}');
            }
            other => other.write(out),
        }
    }
}

/// Shows kind and size only: values hold patient data. Use
/// [`Value::to_pretty`] to look at one.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.items().len() + self.members().len();
        write!(f, "Value({:?}, {size} inside)", self.kind())
    }
}

impl From<Node<'_>> for Value {
    fn from(node: Node<'_>) -> Self {
        match node.kind() {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(node.as_bool() == Some(true)),
            Kind::Number => Self::Number(node.raw().to_owned()),
            Kind::String => Self::String(node.as_str().unwrap_or_default().into_owned()),
            Kind::Array => Self::Array(node.items().map(Self::from).collect()),
            Kind::Object => Self::Object(
                node.members()
                    .map(|(name, value)| (name.into_owned(), value.into()))
                    .collect(),
            ),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::String(text.clone())
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Self::String(text.into_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::Array(items)
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Self::Number(number.to_string())
            }
        })*
    };
}
from_integers!(i32 i64 u16 u32 u64 usize);
