//! Text to tokens.

use super::error::ExpressionError;
use super::temporal::{DateTime, Time};

/// A token and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: TokenKind,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A name or keyword; delimited names are marked, they are never keywords.
    Name {
        text: String,
        is_delimited: bool,
    },
    /// Digits, with a point or not.
    Number(String),
    /// Digits that `L` follows.
    Long(String),
    String(String),
    Date(DateTime),
    DateTime(DateTime),
    Time(Time),
    /// `$this` without the sign.
    Special(String),
    /// `%resource` without the sign.
    External(String),
    Symbol(&'static str),
    End,
}

/// Longest first.
const SYMBOLS: [&str; 23] = [
    "!=", "!~", "<=", ">=", ".", "(", ")", "[", "]", "{", "}", ",", "|", "=", "~", "<", ">", "-",
    "+", "*", "/", "&", "%",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.space()?;
        let at = lexer.at;
        let kind = lexer.token()?;
        let is_end = kind == TokenKind::End;
        tokens.push(Token { at, kind });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, ExpressionError> {
        Err(ExpressionError::Syntax {
            at: self.at,
            expected,
        })
    }

    /// Passes over white space and comments.
    fn space(&mut self) -> Result<(), ExpressionError> {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                match rest.find("*/") {
                    Some(end) => self.at += end + 2,
                    None => return self.fail("the end of the comment"),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn take(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !is_wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Takes a text of a shape: `d` is a digit, all else itself.
    fn shape(&mut self, shape: &str) -> bool {
        let mut bytes = self.rest().bytes();
        let fits = shape.bytes().all(|wanted| match bytes.next() {
            Some(byte) if wanted == b'd' => byte.is_ascii_digit(),
            other => other == Some(wanted),
        });
        if fits {
            self.at += shape.len();
        }
        fits
    }

    fn token(&mut self) -> Result<TokenKind, ExpressionError> {
        let Some(first) = self.rest().chars().next() else {
            return Ok(TokenKind::End);
        };
        match first {
            'A'..='Z' | 'a'..='z' | '_' => Ok(TokenKind::Name {
                text: self.take(is_name).to_owned(),
                is_delimited: false,
            }),
            '0'..='9' => Ok(self.number()),
            '\'' => Ok(TokenKind::String(self.quoted('\'')?)),
            '`' => Ok(TokenKind::Name {
                text: self.quoted('`')?,
                is_delimited: true,
            }),
            '$' => {
                self.at += 1;
                Ok(TokenKind::Special(self.take(is_name).to_owned()))
            }
            '%' => {
                self.at += 1;
                let name = match self.rest().chars().next() {
                    Some(quote @ ('\'' | '`')) => self.quoted(quote)?,
                    _ => self.take(is_name).to_owned(),
                };
                if name.is_empty() {
                    return self.fail("the name of a variable");
                }
                Ok(TokenKind::External(name))
            }
            '@' => self.date(),
            _ => {
                for symbol in SYMBOLS {
                    if self.rest().starts_with(symbol) {
                        self.at += symbol.len();
                        return Ok(TokenKind::Symbol(symbol));
                    }
                }
                self.fail("a FHIRPath expression")
            }
        }
    }

    fn number(&mut self) -> TokenKind {
        let mut number = self.take(|c| c.is_ascii_digit()).to_owned();
        let rest = self.rest();
        let has_fraction = rest
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if has_fraction {
            self.at += 1;
            number.push('.');
            number.push_str(self.take(|c| c.is_ascii_digit()));
        } else if let Some(after) = rest.strip_prefix('L')
            && !after.starts_with(is_name)
        {
            self.at += 1;
            return TokenKind::Long(number);
        }
        TokenKind::Number(number)
    }

    /// A date, dateTime or time after `@`: as much as fits.
    fn date(&mut self) -> Result<TokenKind, ExpressionError> {
        self.at += 1;
        let start = self.at;
        if self.shape("T") {
            self.time();
            let text = &self.text[start + 1..self.at];
            return match Time::parse(text) {
                Some(time) => Ok(TokenKind::Time(time)),
                None => self.fail("a time that exists"),
            };
        }
        if self.shape("dddd") && self.shape("-dd") {
            self.shape("-dd");
        }
        let is_date = !self.shape("T");
        if !is_date && self.time() && !self.shape("Z") && !self.shape("+dd:dd") {
            self.shape("-dd:dd");
        }
        let text = &self.text[start..self.at];
        match DateTime::parse(text) {
            Some(date) if is_date => Ok(TokenKind::Date(date)),
            Some(date) => Ok(TokenKind::DateTime(date)),
            None => self.fail("a date that exists"),
        }
    }

    /// Takes `hh:mm:ss.fff`, or the beginning of it; whether there is any.
    fn time(&mut self) -> bool {
        let is_there = self.shape("dd");
        if is_there && self.shape(":dd") && self.shape(":dd") && self.shape(".d") {
            self.take(|c| c.is_ascii_digit());
        }
        is_there
    }

    /// A string or delimited name, with its escapes resolved. An escape that
    /// FHIRPath does not have stands for the character alone.
    fn quoted(&mut self, quote: char) -> Result<String, ExpressionError> {
        let start = self.at;
        let mut out = String::new();
        let mut characters = self.text[start + 1..].char_indices();
        while let Some((offset, character)) = characters.next() {
            if character == quote {
                self.at = start + 1 + offset + 1;
                return Ok(out);
            }
            if character != '\\' {
                out.push(character);
                continue;
            }
            let escaped = match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, 'r')) => '\r',
                Some((_, 't')) => '\t',
                Some((_, 'f')) => '\u{C}',
                Some((at, 'u')) => {
                    let rest = &self.text[start + 1 + at + 1..];
                    match unicode(rest) {
                        Some((character, length)) => {
                            // Each unit but the first brings its own `\u`.
                            for _ in 0..length {
                                characters.next();
                            }
                            character
                        }
                        None => 'u',
                    }
                }
                Some((_, plain)) => plain,
                None => break,
            };
            out.push(escaped);
        }
        Err(ExpressionError::Syntax {
            at: start,
            expected: "the end of the string",
        })
    }
}

/// The character of four hexadecimal digits, or of two times four for a
/// surrogate pair; with how many characters that takes.
fn unicode(rest: &str) -> Option<(char, usize)> {
    let unit = |text: &str| {
        let digits = text
            .get(..4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let first = unit(rest)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, 4));
    }
    let second = unit(rest[4..].strip_prefix("\\u")?)?;
    let pair = char::decode_utf16([first, second]).next()?.ok()?;
    Some((pair, 10))
}
