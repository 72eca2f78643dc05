//! A parsed text and the nodes in it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::parse::{self, SyntaxError, Token};
use super::text;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// `null`.
    Null = 0,
    /// `true` or `false`.
    Bool = 1,
    /// A number, its digits as written.
    Number = 2,
    /// A string.
    String = 3,
    /// An array.
    Array = 4,
    /// An object.
    Object = 5,
}

/// A JSON text and where its values are. Cloning it is cheap: the content is shared.
#[derive(Clone)]
pub struct Document(Arc<Content>);

struct Content {
    text: Box<str>,
    tokens: Box<[Token]>,
}

impl Document {
    /// Parses a text, strictly.
    ///
    /// # Errors
    /// When the bytes are not one JSON value in UTF-8, or pass a limit of [`crate::json`].
    pub fn parse(bytes: impl AsRef<[u8]>) -> Result<Self, SyntaxError> {
        let (text, tokens) = parse::parse(bytes.as_ref())?;
        let text = text.into();
        Ok(Self(Arc::new(Content { text, tokens })))
    }

    /// The same of bytes that it may keep: large ones are not there twice.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_owned(bytes: Vec<u8>) -> Result<Self, SyntaxError> {
        let (_, tokens) = parse::parse(&bytes)?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text.into_boxed_str(),
            // The parser has seen that it is text; it says why where it is not.
            Err(fault) => return Self::parse(fault.into_bytes()),
        };
        Ok(Self(Arc::new(Content { text, tokens })))
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_> {
        Node {
            content: &self.0,
            index: 0,
        }
    }

    /// The text as it came.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.text.as_bytes()
    }

    /// The text as it came.
    pub fn as_text(&self) -> &str {
        &self.0.text
    }
}

/// Shows the size only: documents hold patient data.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.0.text.len())
    }
}

/// A value inside a [`Document`]. Copying it is free.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    content: &'a Content,
    index: u32,
}

impl<'a> Node<'a> {
    fn token(self) -> Token {
        self.content.tokens[self.index as usize]
    }

    fn at(self, index: u32) -> Self {
        Self {
            content: self.content,
            index,
        }
    }

    /// What this value is.
    pub fn kind(self) -> Kind {
        self.token().kind()
    }

    /// The member of an object; `None` when it has none of that name or is no object.
    pub fn get(self, name: &str) -> Option<Self> {
        let token = self.token();
        if token.kind() != Kind::Object {
            return None;
        }
        let text = self.content.text.as_bytes();
        let mut at = self.index + 1;
        while at < token.next {
            let key = self.content.tokens[at as usize];
            let found = if key.is_escaped() {
                text::content(&self.content.text, key) == name
            } else {
                text[key.start as usize + 1..key.end as usize - 1] == *name.as_bytes()
            };
            if found {
                return Some(self.at(at + 1));
            }
            at = self.content.tokens[at as usize + 1].next;
        }
        None
    }

    /// The item of an array, from 0; `None` past its end or when it is no array.
    pub fn index(self, position: usize) -> Option<Self> {
        self.items().nth(position)
    }

    /// The string, with its escapes resolved; borrowed when it has none.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let token = self.token();
        (token.kind() == Kind::String).then(|| text::content(&self.content.text, token))
    }

    /// The number as it is written: `1.50` stays `1.50`.
    pub fn as_number(self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then(|| self.raw())
    }

    /// The truth value.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == "true")
    }

    /// The items of an array, in order; none when it is no array.
    pub fn items(self) -> Items<'a> {
        let token = self.token();
        let end = if token.kind() == Kind::Array {
            token.next
        } else {
            0
        };
        Items {
            node: self.at(self.index + 1),
            end,
        }
    }

    /// The members of an object, in order; none when it is no object.
    pub fn members(self) -> Members<'a> {
        let token = self.token();
        let end = if token.kind() == Kind::Object {
            token.next
        } else {
            0
        };
        Members {
            node: self.at(self.index + 1),
            end,
        }
    }

    /// How many items or members there are; 0 for everything else.
    pub fn len(self) -> usize {
        self.token().count()
    }

    /// Whether there are no items or members; true for everything that is no
    /// array or object.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The exact source text of this value.
    pub fn raw(self) -> &'a str {
        &self.content.text[self.span()]
    }

    /// Where this value stands in the source, in bytes.
    pub fn span(self) -> Range<usize> {
        let token = self.token();
        token.start as usize..token.end as usize
    }

    /// Walks down by member names. An array on the way (or at the end) stands
    /// for its first item: `["name", "family"]` finds `Patient.name[0].family`.
    pub fn path(self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self, |node, name| {
            let node = if node.kind() == Kind::Array {
                node.index(0)?
            } else {
                node
            };
            let found = node.get(name)?;
            if found.kind() == Kind::Array {
                found.index(0)
            } else {
                Some(found)
            }
        })
    }

    /// The member of that name, when it is a string.
    pub fn text(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.as_str()
    }

    /// The items of the member of that name; none when it is absent or no array.
    pub fn each(self, name: &str) -> Items<'a> {
        self.get(name)
            .map_or(Items { node: self, end: 0 }, Self::items)
    }
}

/// Shows kind and place only: nodes hold patient data.
impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?} at {:?})", self.kind(), self.span())
    }
}

/// The items of an array.
#[derive(Debug, Clone)]
pub struct Items<'a> {
    node: Node<'a>,
    end: u32,
}

impl<'a> Iterator for Items<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let node = self.node;
        if node.index >= self.end {
            return None;
        }
        self.node = node.at(node.token().next);
        Some(node)
    }
}

/// The members of an object.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    node: Node<'a>,
    end: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.node;
        if name.index >= self.end {
            return None;
        }
        let value = name.at(name.index + 1);
        self.node = value.at(value.token().next);
        Some((text::content(&name.content.text, name.token()), value))
    }
}
