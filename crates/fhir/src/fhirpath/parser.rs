//! Tokens to an expression.

use super::expression::{
    EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, Expr, ExpressionError, Literal, Name, Operator,
    TypeName,
};
use super::functions::Function;
use super::lexer::{self, Token, TokenKind};
use crate::definitions;

pub(super) fn parse(text: &str) -> Result<Expr, ExpressionError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(ExpressionError::TooLong);
    }
    let mut parser = Parser {
        tokens: lexer::tokens(text)?,
        at: 0,
    };
    let expression = parser.expression(0, 0)?;
    match parser.peek() {
        TokenKind::End => Ok(expression),
        _ => parser.fail("the end of the expression"),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

/// How tightly the operators bind, loosest first, as the FHIRPath grammar has it.
const IMPLIES: u8 = 1;
const OR: u8 = 2;
const AND: u8 = 3;
const MEMBERSHIP: u8 = 4;
const EQUALITY: u8 = 5;
const INEQUALITY: u8 = 6;
const UNION: u8 = 7;
const TYPE: u8 = 8;

impl Parser {
    fn peek(&self) -> &TokenKind {
        // The last token is always `End`, and nothing moves past it.
        &self.tokens[self.at].kind
    }

    fn place(&self) -> usize {
        self.tokens[self.at].at
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, ExpressionError> {
        Err(ExpressionError::Syntax {
            at: self.place(),
            expected,
        })
    }

    fn take(&mut self, symbol: &str) -> bool {
        let is_found = matches!(self.peek(), TokenKind::Symbol(found) if *found == symbol);
        if is_found {
            self.advance();
        }
        is_found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), ExpressionError> {
        if self.take(symbol) {
            Ok(())
        } else {
            self.fail(symbol)
        }
    }

    fn operator(&self) -> Option<(u8, Option<Operator>)> {
        match self.peek() {
            TokenKind::Symbol(symbol) => Some(match *symbol {
                "|" => (UNION, None),
                "=" => (EQUALITY, Some(Operator::Equal)),
                "!=" => (EQUALITY, Some(Operator::NotEqual)),
                "<" => (INEQUALITY, Some(Operator::Less)),
                "<=" => (INEQUALITY, Some(Operator::LessOrEqual)),
                ">" => (INEQUALITY, Some(Operator::Greater)),
                ">=" => (INEQUALITY, Some(Operator::GreaterOrEqual)),
                _ => return None,
            }),
            TokenKind::Name {
                text,
                is_delimited: false,
            } => Some(match text.as_str() {
                "is" | "as" => (TYPE, None),
                "in" => (MEMBERSHIP, Some(Operator::In)),
                "contains" => (MEMBERSHIP, Some(Operator::Contains)),
                "and" => (AND, Some(Operator::And)),
                "or" => (OR, Some(Operator::Or)),
                "xor" => (OR, Some(Operator::Xor)),
                "implies" => (IMPLIES, Some(Operator::Implies)),
                _ => return None,
            }),
            _ => None,
        }
    }

    fn expression(&mut self, binding: u8, depth: usize) -> Result<Expr, ExpressionError> {
        if depth > EXPRESSION_DEPTH_MAX {
            return Err(ExpressionError::TooDeep);
        }
        let (mut left, mut height) = self.path(depth)?;
        while let Some((strength, operator)) = self.operator() {
            if strength <= binding {
                break;
            }
            height += 1;
            if depth + height > EXPRESSION_DEPTH_MAX {
                return Err(ExpressionError::TooDeep);
            }
            left = match operator {
                Some(operator) => {
                    self.advance();
                    let right = self.expression(strength, depth + 1)?;
                    Expr::Binary(operator, Box::new(left), Box::new(right))
                }
                None if strength == TYPE => {
                    let is_check =
                        matches!(self.peek(), TokenKind::Name { text, .. } if text == "is");
                    self.advance();
                    let type_name = self.type_name()?;
                    if is_check {
                        Expr::Is(Box::new(left), type_name)
                    } else {
                        Expr::As(Box::new(left), type_name)
                    }
                }
                None => {
                    let mut branches = vec![left];
                    while self.take("|") {
                        branches.push(self.expression(UNION, depth + 1)?);
                    }
                    Expr::Union(branches)
                }
            };
        }
        Ok(left)
    }

    /// A term and what is invoked on it; with how many levels that is.
    fn path(&mut self, depth: usize) -> Result<(Expr, usize), ExpressionError> {
        let mut left = self.term(depth)?;
        let mut height = 0;
        loop {
            if self.take(".") {
                let at = self.place();
                let Some(name) = self.name() else {
                    return self.fail("the name of an element or function");
                };
                left = if self.take("(") {
                    self.call(left, &name, at, depth)?
                } else {
                    Expr::Member(Box::new(left), name_of(name))
                };
            } else if self.take("[") {
                let index = self.expression(0, depth + 1)?;
                self.expect("]")?;
                left = Expr::Index(Box::new(left), Box::new(index));
            } else {
                return Ok((left, height));
            }
            height += 1;
            if depth + height > EXPRESSION_DEPTH_MAX {
                return Err(ExpressionError::TooDeep);
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let TokenKind::Name { text, .. } = self.peek() else {
            return None;
        };
        let name = text.clone();
        self.advance();
        Some(name)
    }

    fn term(&mut self, depth: usize) -> Result<Expr, ExpressionError> {
        let at = self.place();
        match self.peek().clone() {
            TokenKind::Name { text, is_delimited } => {
                self.advance();
                match text.as_str() {
                    "true" if !is_delimited => Ok(Expr::Literal(Some(Literal::Boolean(true)))),
                    "false" if !is_delimited => Ok(Expr::Literal(Some(Literal::Boolean(false)))),
                    _ if self.take("(") => self.call(Expr::This, &text, at, depth),
                    _ => Ok(Expr::Head(name_of(text))),
                }
            }
            TokenKind::Number(digits) => {
                self.advance();
                if let TokenKind::String(_) | TokenKind::Name { .. } = self.peek()
                    && self.operator().is_none()
                {
                    let what = "a quantity literal".to_owned();
                    return Err(ExpressionError::NotSupported { at, what });
                }
                Ok(Expr::Literal(Some(Literal::Number(digits))))
            }
            TokenKind::String(text) => {
                self.advance();
                Ok(Expr::Literal(Some(Literal::String(text))))
            }
            TokenKind::Special(name) if name == "this" => {
                self.advance();
                Ok(Expr::This)
            }
            TokenKind::External(name) if matches!(name.as_str(), "resource" | "context") => {
                self.advance();
                Ok(Expr::Resource)
            }
            TokenKind::Special(name) | TokenKind::External(name) => {
                Err(ExpressionError::NotSupported {
                    at,
                    what: format!("variable {name}"),
                })
            }
            TokenKind::Symbol("(") => {
                self.advance();
                let inner = self.expression(0, depth + 1)?;
                self.expect(")")?;
                Ok(inner)
            }
            TokenKind::Symbol("{") => {
                self.advance();
                self.expect("}")?;
                Ok(Expr::Literal(None))
            }
            TokenKind::Symbol("-") => {
                self.advance();
                let TokenKind::Number(digits) = self.peek().clone() else {
                    return self.fail("a number");
                };
                self.advance();
                Ok(Expr::Literal(Some(Literal::Number(format!("-{digits}")))))
            }
            _ => self.fail("a name, literal or parenthesis"),
        }
    }

    /// The arguments of a function and the closing parenthesis.
    fn call(
        &mut self,
        left: Expr,
        name: &str,
        at: usize,
        depth: usize,
    ) -> Result<Expr, ExpressionError> {
        let left = Box::new(left);
        // These take a type, not an expression.
        if let "is" | "as" | "ofType" = name {
            let type_name = self.type_name()?;
            self.expect(")")?;
            return Ok(match name {
                "is" => Expr::Is(left, type_name),
                _ => Expr::As(left, type_name),
            });
        }
        let Some(function) = Function::from_name(name) else {
            return Err(ExpressionError::NotSupported {
                at,
                what: format!("function {name}"),
            });
        };
        let mut arguments = Vec::new();
        if !self.take(")") {
            loop {
                arguments.push(self.expression(0, depth + 1)?);
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        if !function.arguments().contains(&arguments.len()) {
            return Err(ExpressionError::Syntax {
                at,
                expected: "another number of arguments",
            });
        }
        Ok(Expr::Call(left, function, arguments))
    }

    fn type_name(&mut self) -> Result<TypeName, ExpressionError> {
        let at = self.place();
        let Some(mut name) = self.name() else {
            return self.fail("a type");
        };
        let mut namespace = None;
        if self.take(".") {
            namespace = Some(name);
            let Some(inner) = self.name() else {
                return self.fail("a type");
            };
            name = inner;
        }
        let unknown = || ExpressionError::NotSupported {
            at,
            what: "a type of that name".to_owned(),
        };
        if namespace.as_deref() != Some("System") {
            // One official expression says `DateTime` for `dateTime`.
            let mut lower = name.clone();
            lower[..1].make_ascii_lowercase();
            let definitions = definitions::r4();
            if let Some(id) = definitions.find(&name).or_else(|| definitions.find(&lower)) {
                return Ok(TypeName::Fhir(id));
            }
        }
        if namespace.as_deref() == Some("FHIR") {
            return Err(unknown());
        }
        match name.as_str() {
            "Boolean" => Ok(TypeName::SystemBoolean),
            "Integer" | "Decimal" => Ok(TypeName::SystemNumber),
            "String" => Ok(TypeName::SystemString),
            _ => Err(unknown()),
        }
    }
}

fn name_of(text: String) -> Name {
    let is_type = text.starts_with(|first: char| first.is_ascii_uppercase());
    let type_id = if is_type {
        definitions::r4().find(&text)
    } else {
        None
    };
    Name { text, type_id }
}
