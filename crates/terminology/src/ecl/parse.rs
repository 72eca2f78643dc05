//! Reads constraints: one pass, without going back.

use super::{Cardinality, Constraint, Focus, Refinement, Relatives};
use crate::load::rf2::is_sctid;

/// How long a constraint may be, in bytes.
pub const ECL_BYTES_MAX: usize = 8192;

/// How deep brackets and refinements may nest.
pub const ECL_DEPTH_MAX: usize = 32;

/// Why a text is no constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EclSyntax {
    /// Longer than [`ECL_BYTES_MAX`].
    #[error("the expression is longer than ECL_BYTES_MAX, {ECL_BYTES_MAX} bytes")]
    TooLong,
    /// Deeper than [`ECL_DEPTH_MAX`].
    #[error("the expression nests deeper than ECL_DEPTH_MAX, {ECL_DEPTH_MAX}")]
    TooDeep,
    /// Something else is needed at that place.
    #[error("the expression needs {what} at position {at}")]
    Expected {
        /// What.
        what: &'static str,
        /// The place, in bytes from zero.
        at: usize,
    },
    /// A part of the language that is not there.
    #[error("the expression uses {0}, which this server does not evaluate")]
    NotSupported(&'static str),
}

impl Constraint {
    /// Reads a constraint.
    pub fn parse(text: &str) -> Result<Self, EclSyntax> {
        if text.len() > ECL_BYTES_MAX {
            return Err(EclSyntax::TooLong);
        }
        let mut reading = Reading { text, at: 0 };
        reading.blank()?;
        let constraint = reading.constraint(0)?;
        if reading.at < text.len() {
            return Err(reading.expected("its end, AND, OR or MINUS"));
        }
        Ok(constraint)
    }
}

struct Reading<'a> {
    text: &'a str,
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    And,
    Or,
    Minus,
}

impl<'a> Reading<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn expected(&self, what: &'static str) -> EclSyntax {
        EclSyntax::Expected { what, at: self.at }
    }

    /// Passes over white space and comments.
    fn blank(&mut self) -> Result<(), EclSyntax> {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            let Some(comment) = self.rest().strip_prefix("/*") else {
                return Ok(());
            };
            let end = comment
                .find("*/")
                .ok_or(self.expected("the end of a comment"))?;
            self.at += end + 4;
        }
    }

    fn take(&mut self, symbol: &str) -> Result<bool, EclSyntax> {
        if !self.rest().starts_with(symbol) {
            return Ok(false);
        }
        self.at += symbol.len();
        self.blank()?;
        Ok(true)
    }

    fn need(&mut self, symbol: &str, what: &'static str) -> Result<(), EclSyntax> {
        if self.take(symbol)? {
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }

    /// A word that joins, when one is next.
    fn join(&self) -> Option<(Word, usize)> {
        let rest = self.rest();
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let word = &rest[..letters];
        let found = [("AND", Word::And), ("OR", Word::Or), ("MINUS", Word::Minus)]
            .into_iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name));
        match found {
            Some((_, word)) => Some((word, letters)),
            None if rest.starts_with(',') => Some((Word::And, 1)),
            None => None,
        }
    }

    fn constraint(&mut self, depth: usize) -> Result<Constraint, EclSyntax> {
        if depth >= ECL_DEPTH_MAX {
            return Err(EclSyntax::TooDeep);
        }
        let first = self.sub(depth)?;
        if self.take(":")? {
            let refinement = self.refinement(depth + 1)?;
            return Ok(Constraint::Refined(Box::new(first), refinement));
        }
        if self.rest().starts_with('.') {
            let mut whole = first;
            while self.take(".")? {
                let attribute = self.sub(depth)?;
                whole = Constraint::Dotted(Box::new(whole), Box::new(attribute));
            }
            return Ok(whole);
        }
        let Some((word, length)) = self.join() else {
            return Ok(first);
        };
        self.at += length;
        self.blank()?;
        let second = self.sub(depth)?;
        if word == Word::Minus {
            if self.join().is_some() {
                return Err(self.expected("brackets: MINUS takes two"));
            }
            return Ok(Constraint::Minus(Box::new(first), Box::new(second)));
        }
        let mut all = vec![first, second];
        while let Some((next, length)) = self.join() {
            if next != word {
                return Err(self.expected("brackets: AND, OR and MINUS do not mix"));
            }
            self.at += length;
            self.blank()?;
            all.push(self.sub(depth)?);
        }
        Ok(match word {
            Word::Or => Constraint::Or(all),
            _ => Constraint::And(all),
        })
    }

    /// A constraint without anything that joins.
    fn sub(&mut self, depth: usize) -> Result<Constraint, EclSyntax> {
        let mut relatives = None;
        for (symbol, one) in Relatives::ALL {
            if self.take(symbol)? {
                relatives = Some(one);
                break;
            }
        }
        if self.rest().starts_with("!!") {
            return Err(EclSyntax::NotSupported(
                "top and bottom of a set (!!> and !!<)",
            ));
        }
        let is_member = self.take("^")?;
        if is_member && self.rest().starts_with('[') {
            return Err(EclSyntax::NotSupported("fields of reference sets"));
        }
        let focus = if self.take("(")? {
            let nested = self.constraint(depth + 1)?;
            self.need(")", "a closing bracket")?;
            Focus::Nested(Box::new(nested))
        } else if self.take("*")? {
            Focus::Any
        } else {
            Focus::Concept(self.concept()?)
        };
        if self.rest().starts_with("{{") {
            return Err(EclSyntax::NotSupported("filters ({{ }})"));
        }
        Ok(Constraint::Simple {
            relatives,
            is_member,
            focus,
        })
    }

    /// A concept, with its term between bars when it has one.
    fn concept(&mut self) -> Result<String, EclSyntax> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let code = &rest[..length];
        if code.is_empty() && (rest.starts_with('#') || rest.starts_with('"')) {
            return Err(EclSyntax::NotSupported("concrete values"));
        }
        if !is_sctid(code) {
            return Err(self.expected("a SNOMED CT identifier"));
        }
        self.at += length;
        self.blank()?;
        if let Some(term) = self.rest().strip_prefix('|') {
            let end = term
                .find('|')
                .ok_or(self.expected("the closing bar of a term"))?;
            self.at += end + 2;
            self.blank()?;
        }
        Ok(code.to_owned())
    }

    fn refinement(&mut self, depth: usize) -> Result<Refinement, EclSyntax> {
        if depth >= ECL_DEPTH_MAX {
            return Err(EclSyntax::TooDeep);
        }
        let first = self.one_refinement(depth)?;
        let Some((word, _)) = self.join() else {
            return Ok(first);
        };
        let mut all = vec![first];
        while let Some((next, length)) = self.join() {
            if next != word || word == Word::Minus {
                return Err(self.expected("brackets: AND and OR do not mix"));
            }
            self.at += length;
            self.blank()?;
            all.push(self.one_refinement(depth)?);
        }
        Ok(match word {
            Word::Or => Refinement::Or(all),
            _ => Refinement::And(all),
        })
    }

    fn one_refinement(&mut self, depth: usize) -> Result<Refinement, EclSyntax> {
        if !self.names_attribute() && self.take("(")? {
            let nested = self.refinement(depth + 1)?;
            self.need(")", "a closing bracket")?;
            return Ok(nested);
        }
        let cardinality = self.cardinality()?;
        if self.take("{")? {
            let inside = self.refinement(depth + 1)?;
            self.need("}", "a closing brace")?;
            return Ok(Refinement::Group(cardinality, Box::new(inside)));
        }
        let is_reversed = self.take("R")?;
        let name = Box::new(self.sub(depth + 1)?);
        let is_not = self.take("!=")?;
        if !is_not {
            if self.rest().starts_with(['<', '>']) {
                return Err(EclSyntax::NotSupported("concrete values"));
            }
            self.need("=", "= or !=")?;
        }
        let value = Box::new(self.sub(depth + 1)?);
        Ok(Refinement::Attribute {
            cardinality,
            is_reversed,
            name,
            is_not,
            value,
        })
    }

    /// Whether the brackets that open here hold the name of an attribute rather than
    /// a refinement: a sign follows them.
    fn names_attribute(&self) -> bool {
        let mut ahead = Reading { ..*self };
        let mut open = 0;
        while let Some(next) = ahead.rest().chars().next() {
            let is_passed = match next {
                '|' => ahead.rest()[1..].find('|').map(|end| end + 2),
                '/' => ahead.rest().find("*/").map(|end| end + 2),
                _ => Some(next.len_utf8()),
            };
            let Some(length) = is_passed else {
                return false;
            };
            match next {
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
            ahead.at += length;
            if open == 0 {
                break;
            }
        }
        ahead.blank().is_ok() && ahead.rest().starts_with(['=', '!'])
    }

    fn cardinality(&mut self) -> Result<Cardinality, EclSyntax> {
        if !self.take("[")? {
            return Ok(Cardinality::SOME);
        }
        let min = self.count()?;
        self.need("..", "two points between the bounds")?;
        let max = if self.take("*")? {
            None
        } else {
            Some(self.count()?)
        };
        self.need("]", "a closing square bracket")?;
        Ok(Cardinality { min, max })
    }

    fn count(&mut self) -> Result<u32, EclSyntax> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let count = rest[..length].parse();
        let count = count.map_err(|_| self.expected("a number"))?;
        self.at += length;
        self.blank()?;
        Ok(count)
    }
}
