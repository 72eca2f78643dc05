//! A parsed expression.

use super::evaluate::{self, Context, EvaluationError};
use super::functions::Function;
use super::item::{Collection, Item};
use super::parser;
use crate::definitions::{self, TypeId};

/// How long an expression may be, in bytes. The longest of R4 has 3,500.
pub const EXPRESSION_BYTES_MAX: usize = 8 * 1024;

/// How deep an expression may nest, in levels; each step of a path is one.
pub const EXPRESSION_DEPTH_MAX: usize = 64;

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is not FHIRPath.
    #[error("at byte {at}: expected {expected}")]
    Syntax {
        /// Where, in bytes from the start.
        at: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// It is FHIRPath, but of a part that is not supported.
    #[error("at byte {at}: {what} is not supported")]
    NotSupported {
        /// Where, in bytes from the start.
        at: usize,
        /// What is not supported, such as `function now`.
        what: String,
    },
    /// It is longer than [`EXPRESSION_BYTES_MAX`].
    #[error("longer than {EXPRESSION_BYTES_MAX} bytes")]
    TooLong,
    /// It nests deeper than [`EXPRESSION_DEPTH_MAX`].
    #[error("nested deeper than {EXPRESSION_DEPTH_MAX} levels")]
    TooDeep,
}

/// A FHIRPath expression, ready to be evaluated. Evaluation is synchronous and
/// shares nothing, so one expression serves all threads.
#[derive(Debug, Clone)]
pub struct Expression(pub(super) Expr);

/// The parsed form.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    /// `$this`.
    This,
    /// `%resource` or `%context`.
    Resource,
    /// A literal; `{}` is none.
    Literal(Option<Literal>),
    /// The name a path begins with: a type to check, or an element.
    Head(Name),
    /// `left.name`.
    Member(Box<Expr>, Name),
    /// `left[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `left.function(arguments)`; without a left side it works on `$this`.
    Call(Box<Expr>, Function, Vec<Expr>),
    /// `left is Type`.
    Is(Box<Expr>, TypeName),
    /// `left as Type`.
    As(Box<Expr>, TypeName),
    /// `a | b | c`.
    Union(Vec<Expr>),
    /// An operator with two sides.
    Binary(Operator, Box<Expr>, Box<Expr>),
}

/// A name in a path and, when it begins with a capital, the type of that name.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) type_id: Option<TypeId>,
}

/// A literal value.
#[derive(Debug, Clone)]
pub(super) enum Literal {
    Boolean(bool),
    Number(String),
    String(String),
}

/// A type in `is`, `as` and `ofType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypeName {
    /// A type of FHIR.
    Fhir(TypeId),
    /// `System.Boolean`.
    SystemBoolean,
    /// `System.Integer` and `System.Decimal`.
    SystemNumber,
    /// `System.String`.
    SystemString,
}

/// An operator with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    And,
    Or,
    Xor,
    Implies,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Contains,
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// When it is not FHIRPath, uses what is not supported, or passes a limit.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parser::parse(text).map(Self)
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    /// When an operand has the wrong type or the evaluation takes too many steps.
    pub fn evaluate<'a>(
        &'a self,
        start: Item<'a>,
        context: &Context<'a>,
    ) -> Result<Collection<'a>, EvaluationError> {
        evaluate::evaluate(&self.0, &[start], context)
    }

    /// The same expression, without the branches of its union that begin with
    /// another resource type: what is left finds the same in a resource of that type.
    pub(crate) fn for_type(&self, resource_type: TypeId) -> Self {
        let Expr::Union(branches) = &self.0 else {
            return self.clone();
        };
        let mut kept: Vec<Expr> = branches
            .iter()
            .filter(|branch| {
                head(branch).is_none_or(|name| {
                    name.type_id
                        .is_none_or(|id| definitions::r4().is_a(resource_type, id))
                })
            })
            .cloned()
            .collect();
        Self(if kept.len() == 1 {
            kept.remove(0)
        } else {
            Expr::Union(kept)
        })
    }
}

/// The name that a path begins with.
fn head(expression: &Expr) -> Option<&Name> {
    match expression {
        Expr::Head(name) => Some(name),
        Expr::Member(left, _)
        | Expr::Index(left, _)
        | Expr::Call(left, ..)
        | Expr::Is(left, _)
        | Expr::As(left, _) => head(left),
        _ => None,
    }
}
