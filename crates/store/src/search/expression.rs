//! The language of `_filter` (FHIR R4, search filter).
//!
//! `and` binds more tightly than `or`, as everywhere; the specification does
//! not say. Filters inside a path (`related[type eq x].target`) are refused.

use crate::StoreError;
use crate::error::shown;
use crate::limits::{FILTER_COMPARISONS_MAX, FILTER_DEPTH_MAX};

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// All hold.
    And(Vec<Expression>),
    /// One holds.
    Or(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// A path compared with a value.
    Comparison {
        /// A parameter, with the references that lead to it before it.
        path: String,
        operator: Operator,
        /// Without quotes and escapes.
        value: String,
    },
}

/// How a path is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Approximate,
    StartsAfter,
    EndsBefore,
    Present,
    Overlaps,
    Subsumes,
    SubsumedBy,
    In,
    Refers,
}

impl Operator {
    const ALL: [(&str, Self); 18] = [
        ("eq", Self::Equal),
        ("ne", Self::NotEqual),
        ("co", Self::Contains),
        ("sw", Self::StartsWith),
        ("ew", Self::EndsWith),
        ("gt", Self::Greater),
        ("lt", Self::Less),
        ("ge", Self::GreaterOrEqual),
        ("le", Self::LessOrEqual),
        ("ap", Self::Approximate),
        ("sa", Self::StartsAfter),
        ("eb", Self::EndsBefore),
        ("pr", Self::Present),
        ("po", Self::Overlaps),
        ("ss", Self::Subsumes),
        ("sb", Self::SubsumedBy),
        ("in", Self::In),
        ("re", Self::Refers),
    ];

    /// The two letters in a filter.
    pub(super) fn letters(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, operator)| *operator == self);
        found.map_or("", |(letters, _)| letters)
    }
}

/// Why a filter was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Wrong(&'static str),
    Limit(&'static str, usize),
}

impl Fault {
    /// As an error of a parameter.
    pub(super) fn of(self, name: &str) -> StoreError {
        match self {
            Self::Wrong(reason) => StoreError::InvalidValue {
                name: shown(name),
                reason,
            },
            Self::Limit(limit, max) => StoreError::LimitExceeded { limit, max },
        }
    }
}

/// Reads a filter, in one pass.
pub(super) fn parse(text: &str) -> Result<Expression, Fault> {
    let mut parser = Parser {
        rest: text,
        comparisons: 0,
    };
    let expression = parser.alternatives(0)?;
    parser.blanks();
    if parser.rest.is_empty() {
        Ok(expression)
    } else {
        Err(Fault::Wrong("something comes after the end of the filter"))
    }
}

struct Parser<'a> {
    rest: &'a str,
    comparisons: usize,
}

impl<'a> Parser<'a> {
    fn alternatives(&mut self, depth: usize) -> Result<Expression, Fault> {
        if depth > FILTER_DEPTH_MAX {
            return Err(Fault::Limit("FILTER_DEPTH_MAX", FILTER_DEPTH_MAX));
        }
        let mut all = vec![self.conjunction(depth)?];
        while self.word("or") {
            all.push(self.conjunction(depth)?);
        }
        Ok(one_or(all, Expression::Or))
    }

    fn conjunction(&mut self, depth: usize) -> Result<Expression, Fault> {
        let mut all = vec![self.term(depth)?];
        while self.word("and") {
            all.push(self.term(depth)?);
        }
        Ok(one_or(all, Expression::And))
    }

    fn term(&mut self, depth: usize) -> Result<Expression, Fault> {
        self.blanks();
        let before = self.rest;
        let is_not = self.word("not");
        if is_not {
            self.blanks();
        }
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let inner = self.alternatives(depth + 1)?;
            self.blanks();
            self.rest = self
                .rest
                .strip_prefix(')')
                .ok_or(Fault::Wrong("a parenthesis is not closed"))?;
            return Ok(if is_not {
                Expression::Not(Box::new(inner))
            } else {
                inner
            });
        }
        self.rest = before;
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, Fault> {
        self.comparisons += 1;
        if self.comparisons > FILTER_COMPARISONS_MAX {
            return Err(Fault::Limit(
                "FILTER_COMPARISONS_MAX",
                FILTER_COMPARISONS_MAX,
            ));
        }
        let path = self.until(|letter| {
            !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':'))
        });
        if self.rest.starts_with('[') {
            return Err(Fault::Wrong("filters inside a path are not supported"));
        }
        if path.is_empty() {
            return Err(Fault::Wrong("a comparison starts with a parameter"));
        }
        self.blanks();
        let letters = self.until(char::is_whitespace);
        let operator = Operator::ALL
            .iter()
            .find(|(known, _)| *known == letters)
            .map(|(_, operator)| *operator)
            .ok_or(Fault::Wrong("unknown operator"))?;
        self.blanks();
        let value = match self.rest.strip_prefix('"') {
            Some(rest) => {
                self.rest = rest;
                self.string()?
            }
            None => self
                .until(|letter| letter.is_whitespace() || matches!(letter, ')' | ']'))
                .to_owned(),
        };
        if value.is_empty() {
            return Err(Fault::Wrong("a comparison needs a value"));
        }
        Ok(Expression::Comparison {
            path: path.to_owned(),
            operator,
            value,
        })
    }

    /// A JSON string, after its first quote.
    fn string(&mut self) -> Result<String, Fault> {
        const WRONG: Fault = Fault::Wrong("a text is not a JSON string");
        let mut end = None;
        let mut escaped = false;
        for (at, byte) in self.rest.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let end = end.ok_or(WRONG)?;
        // The reader of JSON knows every escape; it takes objects only from outside.
        let document = format!("[\"{}\"]", &self.rest[..end]);
        self.rest = &self.rest[end + 1..];
        let document = fhir::json::Document::parse(document.into_bytes()).map_err(|_| WRONG)?;
        let text = document.root().items().next().and_then(|text| {
            let text = text.as_str()?;
            Some(text.into_owned())
        });
        text.ok_or(WRONG)
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (found, rest) = self.rest.split_at(end);
        self.rest = rest;
        found
    }

    /// Takes a word, when it is next and ends there.
    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(word) {
            Some(after) if after.is_empty() || after.starts_with(ends_word) => {
                self.rest = after;
                true
            }
            _ => false,
        }
    }
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || letter == '('
}

fn one_or(mut all: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        Some(last) => {
            all.push(last);
            many(all)
        }
        None => many(all),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(expression: &Expression) -> String {
        let joined = |all: &[Expression], word: &str| {
            let parts: Vec<String> = all.iter().map(|one| format!("({})", write(one))).collect();
            parts.join(word)
        };
        match expression {
            Expression::And(all) => joined(all, " and "),
            Expression::Or(all) => joined(all, " or "),
            Expression::Not(one) => format!("not ({})", write(one)),
            Expression::Comparison {
                path,
                operator,
                value,
            } => {
                let value = fhir::json::Value::from(value.as_str()).to_bytes();
                let value = String::from_utf8(value).unwrap();
                format!("{path} {} {value}", operator.letters())
            }
        }
    }

    #[test]
    fn filters_are_read() {
        let check = |text: &str, expected: &str| {
            let read = parse(text).map(|expression| write(&expression));
            assert_eq!(read.as_deref(), Ok(expected), "{text}");
        };
        check("name co \"pet\"", r#"name co "pet""#);
        check(
            "given eq \"peter\" and birthdate ge 2014-10-10",
            r#"(given eq "peter") and (birthdate ge "2014-10-10")"#,
        );
        check(
            "a eq 1 or b eq 2 and not(c pr true)",
            r#"(a eq "1") or ((b eq "2") and (not (c pr "true")))"#,
        );
        check(
            " ( a eq 1 or b eq 2 )and c eq x|y ",
            r#"((a eq "1") or (b eq "2")) and (c eq "x|y")"#,
        );
        check("not eq 1", r#"not eq "1""#);
        check(r#"a eq "x\" ) \u00e9""#, r#"a eq "x\" ) é""#);
        check("subject.name sw a", r#"subject.name sw "a""#);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "a",
            "a eq",
            "a eq 1 and",
            "(a eq 1",
            "a eq 1)",
            "a xx 1",
            "a eq \"x",
            "a eq \"\\x\"",
            "related[type eq x].target pr true",
            "eq 1",
            "not",
        ] {
            assert!(matches!(parse(text), Err(Fault::Wrong(_))), "{text}");
        }
    }

    #[test]
    fn filters_end_at_their_limits() {
        let deep = |depth: usize| format!("{}a eq 1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&deep(FILTER_DEPTH_MAX)).is_ok());
        assert_eq!(
            parse(&deep(FILTER_DEPTH_MAX + 1)),
            Err(Fault::Limit("FILTER_DEPTH_MAX", FILTER_DEPTH_MAX))
        );
        let long = |count: usize| vec!["a eq 1"; count].join(" or ");
        assert!(parse(&long(FILTER_COMPARISONS_MAX)).is_ok());
        assert_eq!(
            parse(&long(FILTER_COMPARISONS_MAX + 1)),
            Err(Fault::Limit(
                "FILTER_COMPARISONS_MAX",
                FILTER_COMPARISONS_MAX
            ))
        );
    }

    fn comparison() -> impl Strategy<Value = Expression> {
        (
            "[a-z][a-z-]{0,5}(\\.[a-z]{1,4})?",
            0..Operator::ALL.len(),
            "\\PC{1,8}",
        )
            .prop_map(|(path, operator, value)| Expression::Comparison {
                path,
                operator: Operator::ALL[operator].1,
                value,
            })
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,60}|[a-z ()\\[\\]\"\\\\.]{0,60}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read(
            expression in comparison().prop_recursive(3, 12, 3, |inner| prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::And),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::Or),
                inner.prop_map(|one| Expression::Not(Box::new(one))),
            ])
        ) {
            prop_assert_eq!(parse(&write(&expression)), Ok(expression));
        }
    }
}
