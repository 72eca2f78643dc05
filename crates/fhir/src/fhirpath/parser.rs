//! Tokens to an expression.

use super::error::ExpressionError;
use super::expression::{
    Call, EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, Expr, Literal, Name, Operator, Step,
    SystemType, TypeName,
};
use super::functions::{ArgumentKind, Function};
use super::lexer::{self, Token, TokenKind};
use super::number;
use super::quantity::{Calendar, Quantity, Unit};
use crate::definitions::Definitions;

pub(super) fn parse(
    text: &str,
    definitions: &'static Definitions,
) -> Result<Expr, ExpressionError> {
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(ExpressionError::TooLong);
    }
    let mut parser = Parser {
        tokens: lexer::tokens(text)?,
        at: 0,
        definitions,
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
    definitions: &'static Definitions,
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
const ADDITION: u8 = 9;
const MULTIPLICATION: u8 = 10;

/// What stands between two operands.
#[derive(Clone, Copy, PartialEq)]
enum Infix {
    Operator(Operator),
    Union,
    Is,
    As,
}

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

    fn infix(&self) -> Option<(u8, Infix)> {
        use Infix::Operator as Of;
        match self.peek() {
            TokenKind::Symbol(symbol) => Some(match *symbol {
                "*" => (MULTIPLICATION, Of(Operator::Times)),
                "/" => (MULTIPLICATION, Of(Operator::Divide)),
                "+" => (ADDITION, Of(Operator::Plus)),
                "-" => (ADDITION, Of(Operator::Minus)),
                "&" => (ADDITION, Of(Operator::Concatenate)),
                "|" => (UNION, Infix::Union),
                "<" => (INEQUALITY, Of(Operator::Less)),
                "<=" => (INEQUALITY, Of(Operator::LessOrEqual)),
                ">" => (INEQUALITY, Of(Operator::Greater)),
                ">=" => (INEQUALITY, Of(Operator::GreaterOrEqual)),
                "=" => (EQUALITY, Of(Operator::Equal)),
                "!=" => (EQUALITY, Of(Operator::NotEqual)),
                "~" => (EQUALITY, Of(Operator::Equivalent)),
                "!~" => (EQUALITY, Of(Operator::NotEquivalent)),
                _ => return None,
            }),
            TokenKind::Name {
                text,
                is_delimited: false,
            } => Some(match text.as_str() {
                "div" => (MULTIPLICATION, Of(Operator::Div)),
                "mod" => (MULTIPLICATION, Of(Operator::Mod)),
                "is" => (TYPE, Infix::Is),
                "as" => (TYPE, Infix::As),
                "in" => (MEMBERSHIP, Of(Operator::In)),
                "contains" => (MEMBERSHIP, Of(Operator::Contains)),
                "and" => (AND, Of(Operator::And)),
                "or" => (OR, Of(Operator::Or)),
                "xor" => (OR, Of(Operator::Xor)),
                "implies" => (IMPLIES, Of(Operator::Implies)),
                _ => return None,
            }),
            _ => None,
        }
    }

    fn deeper(depth: usize) -> Result<usize, ExpressionError> {
        if depth >= EXPRESSION_DEPTH_MAX {
            return Err(ExpressionError::TooDeep);
        }
        Ok(depth + 1)
    }

    fn expression(&mut self, binding: u8, depth: usize) -> Result<Expr, ExpressionError> {
        let mut left = self.operand(depth)?;
        let mut height = depth;
        while let Some((strength, infix)) = self.infix() {
            if strength <= binding {
                break;
            }
            // Operators of one strength go into one node, and each change of
            // strength makes the tree one level higher.
            height = Self::deeper(height)?;
            left = match infix {
                Infix::Operator(_) => {
                    let mut rest = Vec::new();
                    while let Some((same, Infix::Operator(operator))) = self.infix()
                        && same == strength
                    {
                        self.advance();
                        rest.push((operator, self.expression(strength, height)?));
                    }
                    Expr::Chain(Box::new(left), rest)
                }
                Infix::Union => {
                    let mut branches = vec![left];
                    while self.take("|") {
                        branches.push(self.expression(UNION, height)?);
                    }
                    Expr::Union(branches)
                }
                Infix::Is | Infix::As => {
                    self.advance();
                    let type_name = self.type_name()?;
                    let left = Box::new(left);
                    if infix == Infix::Is {
                        Expr::Is(left, type_name)
                    } else {
                        Expr::As(left, type_name)
                    }
                }
            };
        }
        Ok(left)
    }

    /// A path, with a sign or not. A sign binds looser than a point.
    fn operand(&mut self, depth: usize) -> Result<Expr, ExpressionError> {
        let is_negative = match self.peek() {
            TokenKind::Symbol("-") => true,
            TokenKind::Symbol("+") => false,
            _ => return self.path(depth),
        };
        self.advance();
        let operand = self.operand(Self::deeper(depth)?)?;
        Ok(Expr::Sign(is_negative, Box::new(operand)))
    }

    /// A term and what is invoked on it.
    fn path(&mut self, depth: usize) -> Result<Expr, ExpressionError> {
        let mut steps = Vec::new();
        let start = self.term(depth, &mut steps)?;
        loop {
            if self.take(".") {
                let at = self.place();
                let Some(name) = self.name() else {
                    return self.fail("the name of an element or function");
                };
                let step = if self.take("(") {
                    self.call(&name, at, depth, steps.is_empty() && is_factory(&start))?
                } else {
                    Step::Member(self.name_of(name))
                };
                steps.push(step);
            } else if self.take("[") {
                let index = self.expression(0, Self::deeper(depth)?)?;
                self.expect("]")?;
                steps.push(Step::Index(index));
            } else if steps.is_empty() {
                return Ok(start);
            } else {
                return Ok(Expr::Path(Box::new(start), steps));
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

    fn literal(&mut self, literal: Literal) -> Expr {
        self.advance();
        Expr::Literal(Some(literal))
    }

    fn term(&mut self, depth: usize, steps: &mut Vec<Step>) -> Result<Expr, ExpressionError> {
        let at = self.place();
        match self.peek().clone() {
            TokenKind::Name { text, is_delimited } => {
                self.advance();
                match text.as_str() {
                    "true" if !is_delimited => Ok(Expr::Literal(Some(Literal::Boolean(true)))),
                    "false" if !is_delimited => Ok(Expr::Literal(Some(Literal::Boolean(false)))),
                    _ if self.take("(") => {
                        steps.push(self.call(&text, at, depth, false)?);
                        Ok(Expr::This)
                    }
                    _ => Ok(Expr::Head(self.name_of(text))),
                }
            }
            TokenKind::Number(digits) => self.number(&digits, at),
            TokenKind::Long(digits) => match digits.parse() {
                Ok(value) => Ok(self.literal(Literal::Long(value))),
                Err(_) => self.fail("a number of 64 bits"),
            },
            TokenKind::String(text) => Ok(self.literal(Literal::String(text))),
            TokenKind::Date(value) => Ok(self.literal(Literal::Date(value))),
            TokenKind::DateTime(value) => Ok(self.literal(Literal::DateTime(value))),
            TokenKind::Time(value) => Ok(self.literal(Literal::Time(value))),
            TokenKind::Special(name) => {
                let special = match name.as_str() {
                    "this" => Expr::This,
                    "index" => Expr::Index,
                    "total" => Expr::Total,
                    _ => return self.fail("$this, $index or $total"),
                };
                self.advance();
                Ok(special)
            }
            TokenKind::External(name) => {
                self.advance();
                Ok(Expr::Variable(name))
            }
            TokenKind::Symbol("(") => {
                self.advance();
                let inner = self.expression(0, Self::deeper(depth)?)?;
                self.expect(")")?;
                Ok(inner)
            }
            TokenKind::Symbol("{") => {
                self.advance();
                self.expect("}")?;
                Ok(Expr::Literal(None))
            }
            _ => self.fail("a name, literal or parenthesis"),
        }
    }

    /// A number, or a quantity when a unit follows.
    fn number(&mut self, digits: &str, at: usize) -> Result<Expr, ExpressionError> {
        let fault = ExpressionError::Syntax {
            at,
            expected: "a number of at most 28 digits",
        };
        self.advance();
        let unit = match self.peek() {
            TokenKind::String(code) => Some(Unit::Ucum(code.clone())),
            TokenKind::Name {
                text,
                is_delimited: false,
            } => Calendar::from_word(text).map(Unit::Calendar),
            _ => None,
        };
        if let Some(unit) = unit {
            let value = number::decimal(digits).ok_or(fault)?;
            return Ok(self.literal(Literal::Quantity(Quantity { value, unit })));
        }
        let literal = match digits.parse() {
            Ok(integer) => Literal::Integer(integer),
            Err(_) => Literal::Decimal(number::decimal(digits).ok_or(fault)?),
        };
        Ok(Expr::Literal(Some(literal)))
    }

    /// The arguments of a function and the closing parenthesis.
    fn call(
        &mut self,
        name: &str,
        at: usize,
        depth: usize,
        of_factory: bool,
    ) -> Result<Step, ExpressionError> {
        // These take a type, not an expression.
        if let "is" | "as" | "ofType" = name {
            let type_name = self.type_name()?;
            self.expect(")")?;
            return Ok(match name {
                "is" => Step::Is(type_name),
                "as" => Step::As(type_name),
                _ => Step::OfType(type_name),
            });
        }
        let function = if of_factory {
            Function::of_factory(name)
        } else {
            Function::from_name(name)
        };
        let Some(function) = function else {
            return Err(ExpressionError::Unknown {
                at,
                what: format!("function {name}"),
            });
        };
        let depth = Self::deeper(depth)?;
        let mut call = Call {
            function,
            arguments: Vec::new(),
            type_name: None,
            is_descending: Vec::new(),
        };
        if function.argument_kind() == ArgumentKind::Type {
            call.type_name = Some(self.type_name()?);
            self.expect(")")?;
            return Ok(Step::Call(call));
        }
        if !self.take(")") {
            loop {
                self.argument(&mut call, depth)?;
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        if !function.arguments().contains(&call.arguments.len()) {
            return Err(ExpressionError::Syntax {
                at,
                expected: "another number of arguments",
            });
        }
        Ok(Step::Call(call))
    }

    fn argument(&mut self, call: &mut Call, depth: usize) -> Result<(), ExpressionError> {
        if call.function.argument_kind() != ArgumentKind::SortKey {
            call.arguments.push(self.expression(0, depth)?);
            return Ok(());
        }
        // A sort key descends when it has a minus sign, whatever its type, or
        // the word behind it.
        let mut is_descending = false;
        let key = match self.expression(0, depth)? {
            Expr::Sign(true, key) => {
                is_descending = true;
                *key
            }
            key => key,
        };
        if let TokenKind::Name {
            text,
            is_delimited: false,
        } = self.peek()
            && let "asc" | "desc" = text.as_str()
        {
            is_descending = text == "desc";
            self.advance();
        }
        call.arguments.push(key);
        call.is_descending.push(is_descending);
        Ok(())
    }

    fn type_name(&mut self) -> Result<TypeName, ExpressionError> {
        let at = self.place();
        let Some(mut name) = self.name() else {
            return self.fail("a type");
        };
        let mut namespace = None;
        if let TokenKind::Symbol(".") = self.peek()
            && let "System" | "FHIR" = name.as_str()
        {
            self.advance();
            namespace = Some(name);
            let Some(inner) = self.name() else {
                return self.fail("a type");
            };
            name = inner;
        }
        let type_name = match namespace.as_deref() {
            // `System` has no types of FHIR: nothing is of them.
            Some("System") => TypeName {
                fhir: None,
                system: SystemType::from_name(&name),
            },
            Some(_) => TypeName {
                fhir: self.definitions.find(&name),
                system: None,
            },
            None => TypeName {
                fhir: self.definitions.find(&name),
                system: SystemType::from_name(&name),
            },
        };
        let is_known = type_name.fhir.is_some() || type_name.system.is_some();
        if is_known || namespace.as_deref() == Some("System") {
            return Ok(type_name);
        }
        Err(ExpressionError::Unknown {
            at,
            what: format!("type {name}"),
        })
    }

    fn name_of(&self, text: String) -> Name {
        let is_type = text.starts_with(|first: char| first.is_ascii_uppercase());
        let type_id = if is_type {
            self.definitions.find(&text)
        } else {
            None
        };
        Name { text, type_id }
    }
}

fn is_factory(start: &Expr) -> bool {
    matches!(start, Expr::Variable(name) if name == "factory")
}
