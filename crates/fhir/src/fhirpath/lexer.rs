//! Text to tokens.

use super::expression::ExpressionError;

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
    Number(String),
    String(String),
    /// `$this` without the sign.
    Special(String),
    /// `%resource` without the sign.
    External(String),
    Symbol(&'static str),
    End,
}

/// Longest first.
const SYMBOLS: [&str; 16] = [
    "!=", "<=", ">=", ".", "(", ")", "[", "]", "{", "}", ",", "|", "=", "<", ">", "-",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.space();
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

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !is_wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn token(&mut self) -> Result<TokenKind, ExpressionError> {
        let Some(first) = self.rest().chars().next() else {
            return Ok(TokenKind::End);
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match first {
            'A'..='Z' | 'a'..='z' | '_' => Ok(TokenKind::Name {
                text: self.take(is_name).to_owned(),
                is_delimited: false,
            }),
            '0'..='9' => {
                let mut number = self.take(|c| c.is_ascii_digit()).to_owned();
                let rest = self.rest().as_bytes();
                if rest.first() == Some(&b'.') && rest.get(1).is_some_and(u8::is_ascii_digit) {
                    self.at += 1;
                    number.push('.');
                    number.push_str(self.take(|c| c.is_ascii_digit()));
                }
                Ok(TokenKind::Number(number))
            }
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
                Ok(TokenKind::External(self.take(is_name).to_owned()))
            }
            '@' => self.not_supported("a date literal"),
            '+' | '*' | '/' | '&' => self.not_supported("arithmetic"),
            '~' => self.not_supported("equivalence"),
            _ => {
                for symbol in SYMBOLS {
                    if self.rest().starts_with(symbol) {
                        self.at += symbol.len();
                        return Ok(TokenKind::Symbol(symbol));
                    }
                }
                Err(ExpressionError::Syntax {
                    at: self.at,
                    expected: "a FHIRPath expression",
                })
            }
        }
    }

    fn not_supported(&self, what: &str) -> Result<TokenKind, ExpressionError> {
        Err(ExpressionError::NotSupported {
            at: self.at,
            what: what.to_owned(),
        })
    }

    /// A string or delimited name, with its escapes resolved.
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
                Some((_, 'u')) => {
                    let code = (0..4).try_fold(0, |sum, _| {
                        let (_, digit) = characters.next()?;
                        Some(sum * 16 + digit.to_digit(16)?)
                    });
                    code.and_then(char::from_u32)
                        .ok_or(ExpressionError::Syntax {
                            at: start + 1 + offset,
                            expected: "four hexadecimal digits",
                        })?
                }
                Some((_, plain @ ('\'' | '"' | '`' | '\\' | '/'))) => plain,
                _ => {
                    return Err(ExpressionError::Syntax {
                        at: start + 1 + offset,
                        expected: "an escape that FHIRPath has",
                    });
                }
            };
            out.push(escaped);
        }
        Err(ExpressionError::Syntax {
            at: start,
            expected: "the end of the string",
        })
    }
}
