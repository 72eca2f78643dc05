//! The parser: bytes to a flat list of tokens, in one pass, without recursion
//! deeper than [`NESTING_MAX`].

use std::borrow::Cow;
use std::fmt;

use super::document::Kind;
use super::text;

/// How deep arrays and objects may nest, in levels. Real resources need about 20.
pub const NESTING_MAX: usize = 64;

/// How long a document may be, in bytes (64 MiB). The caller sets the limit of
/// a request body; this one only keeps positions within 32 bits.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Objects up to this many members are compared pairwise for duplicates;
/// larger ones are sorted first, so that a hostile object costs n log n.
const PAIRWISE_MEMBERS_MAX: usize = 16;

/// Why a text is not JSON, and where. Never holds a part of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct SyntaxError {
    /// Offset of the fault, in bytes from the start.
    pub offset: usize,
    /// Line of the fault, from 1.
    pub line: usize,
    /// Column of the fault, in bytes from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The text ends before the value does.
    UnexpectedEnd,
    /// A character that cannot stand here.
    UnexpectedCharacter,
    /// More text after the value.
    TrailingText,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// A number that is not written as JSON has it.
    InvalidNumber,
    /// A control character inside a string.
    ControlCharacter,
    /// An escape that JSON does not have, or half a surrogate pair.
    InvalidEscape,
    /// The same member name twice in one object.
    DuplicateName,
    /// More than [`NESTING_MAX`] levels.
    TooDeep,
    /// More than [`DOCUMENT_BYTES_MAX`] bytes.
    TooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedEnd => "the text ends too early",
            Self::UnexpectedCharacter => "unexpected character",
            Self::TrailingText => "more text after the value",
            Self::NotUtf8 => "not UTF-8",
            Self::InvalidNumber => "not a JSON number",
            Self::ControlCharacter => "control character in a string",
            Self::InvalidEscape => "invalid escape in a string",
            Self::DuplicateName => "the same name twice in one object",
            Self::TooDeep => return write!(f, "nested deeper than {NESTING_MAX} levels"),
            Self::TooLong => return write!(f, "longer than {DOCUMENT_BYTES_MAX} bytes"),
        })
    }
}

/// One value or member name. Sixteen bytes, so that a document's tokens stay
/// about as large as its text.
#[derive(Clone, Copy)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Index of the first token after this value and all that is in it.
    pub(super) next: u32,
    /// Kind (3 bits), escaped (1 bit), number of items or members (28 bits).
    meta: u32,
}

const ESCAPED: u32 = 1 << 3;

impl Token {
    fn new(kind: Kind, start: usize, end: usize, next: usize, count: usize) -> Self {
        // Positions fit: DOCUMENT_BYTES_MAX is below 2^28.
        Self {
            start: start as u32,
            end: end as u32,
            next: next as u32,
            meta: kind as u32 | (count as u32) << 4,
        }
    }

    pub(super) fn kind(self) -> Kind {
        match self.meta & 7 {
            0 => Kind::Null,
            1 => Kind::Bool,
            2 => Kind::Number,
            3 => Kind::String,
            4 => Kind::Array,
            _ => Kind::Object,
        }
    }

    pub(super) fn is_escaped(self) -> bool {
        self.meta & ESCAPED != 0
    }

    pub(super) fn count(self) -> usize {
        (self.meta >> 4) as usize
    }
}

/// Parses a whole text; gives it back as text, with its tokens.
pub(super) fn parse(bytes: &[u8]) -> Result<(&str, Box<[Token]>), SyntaxError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(error(bytes, 0, Reason::TooLong));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|fault| error(bytes, fault.valid_up_to(), Reason::NotUtf8))?;
    // A token takes at least two bytes of text; resources come to about one in twelve.
    let mut parser = Parser {
        text,
        bytes,
        at: 0,
        tokens: Vec::with_capacity(bytes.len() / 12 + 4),
    };
    parser
        .document()
        .map_err(|(offset, reason)| error(bytes, offset, reason))?;
    let tokens = parser.tokens.into_boxed_slice();
    Ok((text, tokens))
}

fn error(bytes: &[u8], offset: usize, reason: Reason) -> SyntaxError {
    let before = &bytes[..offset.min(bytes.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = offset - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
    SyntaxError {
        offset,
        line,
        column,
        reason,
    }
}

type Fault = (usize, Reason);

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        self.space();
        self.value(0)?;
        self.space();
        if self.at < self.bytes.len() {
            self.fail(Reason::TrailingText)
        } else {
            Ok(())
        }
    }

    fn fail<T>(&self, reason: Reason) -> Result<T, Fault> {
        Err((self.at, reason))
    }

    /// What to say of a character that does not fit here.
    fn unexpected<T>(&self) -> Result<T, Fault> {
        self.fail(if self.at < self.bytes.len() {
            Reason::UnexpectedCharacter
        } else {
            Reason::UnexpectedEnd
        })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Kind::Bool),
            Some(b'f') => self.word("false", Kind::Bool),
            Some(b'n') => self.word("null", Kind::Null),
            _ => self.unexpected(),
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<(), Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.fail(Reason::UnexpectedCharacter);
        }
        self.leaf(kind, self.at + word.len());
        Ok(())
    }

    fn leaf(&mut self, kind: Kind, end: usize) {
        let next = self.tokens.len() + 1;
        self.tokens.push(Token::new(kind, self.at, end, next, 0));
        self.at = end;
    }

    fn digits(&self, mut at: usize) -> Result<usize, Fault> {
        let first = at;
        while matches!(self.bytes.get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        if at == first {
            Err((at, Reason::InvalidNumber))
        } else {
            Ok(at)
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let mut at = self.at;
        if self.bytes[at] == b'-' {
            at += 1;
        }
        // A leading zero stands alone; what follows it is then unexpected.
        at = if self.bytes.get(at) == Some(&b'0') {
            at + 1
        } else {
            self.digits(at)?
        };
        if self.bytes.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(at) {
            at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(at) {
                at += 1;
            }
            at = self.digits(at)?;
        }
        if matches!(
            self.bytes.get(at),
            Some(b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E')
        ) {
            return Err((at, Reason::InvalidNumber));
        }
        self.leaf(Kind::Number, at);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let mut at = self.at + 1;
        let mut escaped = false;
        loop {
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = text::check_escape(self.bytes, at)
                        .map_err(|at| (at, Reason::InvalidEscape))?;
                }
                Some(0..=0x1F) => return Err((at, Reason::ControlCharacter)),
                Some(_) => at += 1,
                None => return Err((at, Reason::UnexpectedEnd)),
            }
        }
        self.leaf(Kind::String, at + 1);
        if escaped && let Some(token) = self.tokens.last_mut() {
            token.meta |= ESCAPED;
        }
        Ok(())
    }

    /// Opens an array or object: returns the index of its token, which
    /// [`Self::close`] completes.
    fn open(&mut self, depth: usize) -> Result<usize, Fault> {
        if depth >= NESTING_MAX {
            return self.fail(Reason::TooDeep);
        }
        let index = self.tokens.len();
        self.tokens.push(Token::new(Kind::Null, self.at, 0, 0, 0));
        self.at += 1;
        self.space();
        Ok(index)
    }

    fn close(&mut self, index: usize, kind: Kind, count: usize) {
        self.at += 1;
        let start = self.tokens[index].start as usize;
        self.tokens[index] = Token::new(kind, start, self.at, self.tokens.len(), count);
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        let index = self.open(depth)?;
        let mut count = 0;
        if self.peek() == Some(b']') {
            self.close(index, Kind::Array, 0);
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            count += 1;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.close(index, Kind::Array, count);
                    return Ok(());
                }
                _ => return self.unexpected(),
            }
            self.space();
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        let index = self.open(depth)?;
        let mut count = 0;
        if self.peek() == Some(b'}') {
            self.close(index, Kind::Object, 0);
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.unexpected();
            }
            self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.unexpected();
            }
            self.at += 1;
            self.space();
            self.value(depth + 1)?;
            count += 1;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.no_duplicates(index, count)?;
                    self.close(index, Kind::Object, count);
                    return Ok(());
                }
                _ => return self.unexpected(),
            }
            self.space();
        }
    }

    fn name(&self, index: usize) -> Cow<'_, str> {
        let token = self.tokens[index];
        text::content(self.text, token)
    }

    /// Looks for a name that stands twice in the object whose token is at `index`.
    fn no_duplicates(&self, index: usize, count: usize) -> Result<(), Fault> {
        if count < 2 {
            return Ok(());
        }
        if count <= PAIRWISE_MEMBERS_MAX {
            let mut names = [0; PAIRWISE_MEMBERS_MAX];
            let mut at = index + 1;
            for name in &mut names[..count] {
                *name = at;
                at = self.tokens[at + 1].next as usize;
            }
            for (n, &one) in names[..count].iter().enumerate() {
                for &other in &names[..n] {
                    if self.same_name(one, other) {
                        return Err((self.tokens[one].start as usize, Reason::DuplicateName));
                    }
                }
            }
            return Ok(());
        }
        let mut names = Vec::with_capacity(count);
        let mut at = index + 1;
        for _ in 0..count {
            names.push((self.name(at), at));
            at = self.tokens[at + 1].next as usize;
        }
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err((self.tokens[pair[1].1].start as usize, Reason::DuplicateName)),
            None => Ok(()),
        }
    }

    fn same_name(&self, one: usize, other: usize) -> bool {
        let (a, b) = (self.tokens[one], self.tokens[other]);
        if a.is_escaped() || b.is_escaped() {
            return self.name(one) == self.name(other);
        }
        self.bytes[a.start as usize..a.end as usize] == self.bytes[b.start as usize..b.end as usize]
    }
}
