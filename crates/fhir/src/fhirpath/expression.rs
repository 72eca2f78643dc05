//! A parsed expression.

use rust_decimal::Decimal;

use super::context::Context;
use super::error::{EvaluationError, ExpressionError};
use super::functions::Function;
use super::item::{Collection, Item};
use super::quantity::Quantity;
use super::temporal::{DateTime, Time};
use super::{evaluate, parser};
use crate::FhirVersion;
use crate::definitions::{self, Definitions, TypeId};

/// How long an expression may be, in bytes. The longest of R4 has 3,500.
pub const EXPRESSION_BYTES_MAX: usize = 16 * 1024;

/// How deep an expression may nest, in levels: parentheses, arguments, indexes
/// and signs. The steps of a path and the operands of one strength do not nest.
pub const EXPRESSION_DEPTH_MAX: usize = 64;

/// A FHIRPath expression, ready to be evaluated. Evaluation is synchronous and
/// shares nothing, so one expression serves all threads.
#[derive(Clone)]
pub struct Expression {
    pub(super) root: Expr,
    /// Whose types its names are.
    pub(super) definitions: &'static Definitions,
}

/// Shows what it is only: the parsed form is long.
impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expression")
    }
}

/// The parsed form.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    /// `$this`.
    This,
    /// `$index`.
    Index,
    /// `$total`.
    Total,
    /// `%name`.
    Variable(String),
    /// A literal; `{}` is none.
    Literal(Option<Literal>),
    /// The name a path begins with: a type to check, or an element.
    Head(Name),
    /// A beginning and what is invoked on it, one step after another.
    Path(Box<Expr>, Vec<Step>),
    /// `left is Type`.
    Is(Box<Expr>, TypeName),
    /// `left as Type`.
    As(Box<Expr>, TypeName),
    /// `a | b | c`.
    Union(Vec<Expr>),
    /// `-a`; `+a` when it is not negative.
    Sign(bool, Box<Expr>),
    /// Operators of one strength, from the left: `a + b - c`.
    Chain(Box<Expr>, Vec<(Operator, Expr)>),
}

/// A step of a path.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// `.name`.
    Member(Name),
    /// `[index]`.
    Index(Expr),
    /// `.function(arguments)`.
    Call(Call),
    /// `.is(Type)`.
    Is(TypeName),
    /// `.as(Type)`.
    As(TypeName),
    /// `.ofType(Type)`.
    OfType(TypeName),
}

/// A function and its arguments.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Vec<Expr>,
    /// A type among the arguments, as `%factory.create(Type)` has one.
    pub(super) type_name: Option<TypeName>,
    /// Whether each sort key descends.
    pub(super) is_descending: Vec<bool>,
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
    Integer(i64),
    Long(i64),
    Decimal(Decimal),
    String(String),
    Date(DateTime),
    DateTime(DateTime),
    Time(Time),
    Quantity(Quantity),
}

/// A type in `is`, `as` and `ofType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TypeName {
    /// A type of FHIR.
    pub(super) fhir: Option<TypeId>,
    /// A type of FHIRPath.
    pub(super) system: Option<SystemType>,
}

/// The types of FHIRPath itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SystemType {
    Any,
    Boolean,
    Integer,
    Long,
    Decimal,
    String,
    Date,
    DateTime,
    Time,
    Quantity,
}

impl SystemType {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "Any" => Self::Any,
            "Boolean" => Self::Boolean,
            "Integer" => Self::Integer,
            "Long" => Self::Long,
            "Decimal" => Self::Decimal,
            "String" => Self::String,
            "Date" => Self::Date,
            "DateTime" => Self::DateTime,
            "Time" => Self::Time,
            "Quantity" => Self::Quantity,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::Long => "Long",
            Self::Decimal => "Decimal",
            Self::String => "String",
            Self::Date => "Date",
            Self::DateTime => "DateTime",
            Self::Time => "Time",
            Self::Quantity => "Quantity",
        }
    }
}

/// An operator with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Times,
    Divide,
    Div,
    Mod,
    Plus,
    Minus,
    Concatenate,
    And,
    Or,
    Xor,
    Implies,
    Equal,
    NotEqual,
    Equivalent,
    NotEquivalent,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Contains,
}

impl Operator {
    /// Whether it works on truth values.
    pub(super) fn is_logic(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Xor | Self::Implies)
    }
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    /// When it is not FHIRPath, names a function or type that does not exist,
    /// or passes a limit.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Self::parse_with(super::definitions_of_default(), text)
    }

    /// The same about resources of a version of FHIR.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_in(version: FhirVersion, text: &str) -> Result<Self, ExpressionError> {
        Self::parse_with(definitions::of(version), text)
    }

    /// The same with other definitions.
    pub(super) fn parse_with(
        definitions: &'static Definitions,
        text: &str,
    ) -> Result<Self, ExpressionError> {
        let root = parser::parse(text, definitions)?;
        Ok(Self { root, definitions })
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    /// When an operand has the wrong type, something cannot be decided, or the
    /// evaluation passes a limit.
    pub fn evaluate<'a>(
        &'a self,
        start: Item<'a>,
        context: &Context<'a>,
    ) -> Result<Collection<'a>, EvaluationError> {
        let start = [start];
        context.start(&start[0]);
        evaluate::evaluate(&self.root, evaluate::Scope::of(&start), context)
    }

    /// The same expression, without the branches of its union that begin with
    /// another resource type: what is left finds the same in a resource of that type.
    pub(crate) fn for_type(&self, resource_type: TypeId) -> Self {
        let Expr::Union(branches) = &self.root else {
            return self.clone();
        };
        let mut kept: Vec<Expr> = branches
            .iter()
            .filter(|branch| {
                head(branch).is_none_or(|name| {
                    name.type_id
                        .is_none_or(|id| self.definitions.is_a(resource_type, id))
                })
            })
            .cloned()
            .collect();
        let root = if kept.len() == 1 {
            kept.remove(0)
        } else {
            Expr::Union(kept)
        };
        Self {
            root,
            definitions: self.definitions,
        }
    }
}

/// The name that a path begins with.
pub(super) fn head(expression: &Expr) -> Option<&Name> {
    match expression {
        Expr::Head(name) => Some(name),
        Expr::Path(left, _) | Expr::Is(left, _) | Expr::As(left, _) => head(left),
        _ => None,
    }
}
