//! Finds, before evaluation, what cannot mean anything.
//!
//! The types of FHIR are known, so `name.given1` is a mistake wherever it is
//! evaluated. The check follows the types that each part can have. Where it
//! cannot know (any resource, a variable, an extension's value) it lets pass.
//! Search parameters and invariants of the standard are evaluated unchecked.

use super::error::ExpressionError;
use super::expression::{
    Call, Expr, Expression, Literal, Name, Operator, Step, SystemType, TypeName,
};
use super::functions::Function;
use crate::definitions::{Definitions, Primitive, TypeId};

/// What else to look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Check {
    /// Refuse `first()`, `skip()` and their kin on what has no order:
    /// `children()` and `descendants()`.
    pub order: bool,
}

/// Checks an expression that is to be evaluated on elements of a type.
///
/// # Errors
/// When a part of it cannot mean anything there.
pub fn check(
    expression: &Expression,
    type_name: &str,
    strictness: Check,
) -> Result<(), ExpressionError> {
    let definitions = expression.definitions;
    let start = match definitions.find(type_name) {
        Some(id) => Types::one(Type::Fhir(id)),
        None => return refuse(format!("there is no type {type_name}")),
    };
    let checker = Checker {
        definitions,
        strictness,
    };
    checker.types(&expression.root, &start).map(|_| ())
}

fn refuse<T>(what: String) -> Result<T, ExpressionError> {
    Err(ExpressionError::Meaningless(what))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Fhir(TypeId),
    System(SystemType),
}

/// What a part of an expression gives.
#[derive(Debug, Clone)]
struct Types {
    /// The types that its items can have; `None` when anything is possible.
    known: Option<Vec<Type>>,
    /// Whether its items have an order.
    is_ordered: bool,
    /// Whether it surely gives several items.
    is_many: bool,
}

impl Types {
    fn of(known: Vec<Type>) -> Self {
        Self {
            known: Some(known),
            is_ordered: true,
            is_many: false,
        }
    }

    fn one(known: Type) -> Self {
        Self::of(vec![known])
    }

    fn system(known: SystemType) -> Self {
        Self::one(Type::System(known))
    }

    fn any() -> Self {
        Self {
            known: None,
            is_ordered: true,
            is_many: false,
        }
    }

    /// These or those.
    fn or(mut self, other: Self) -> Self {
        self.known = self.known.zip(other.known).map(|(mut one, other)| {
            for known in other {
                if !one.contains(&known) {
                    one.push(known);
                }
            }
            one
        });
        self
    }
}

struct Checker {
    definitions: &'static Definitions,
    strictness: Check,
}

impl Checker {
    fn types(&self, expression: &Expr, this: &Types) -> Result<Types, ExpressionError> {
        Ok(match expression {
            Expr::This => this.clone(),
            Expr::Index => Types::system(SystemType::Integer),
            Expr::Total | Expr::Variable(_) => Types::any(),
            Expr::Literal(None) => Types::of(Vec::new()),
            Expr::Literal(Some(literal)) => Types::system(type_of(literal)),
            Expr::Head(name) => self.head(name, this)?,
            Expr::Path(start, steps) => {
                let mut types = self.types(start, this)?;
                for step in steps {
                    types = self.step(step, types, this)?;
                }
                types
            }
            Expr::Is(left, _) => {
                self.types(left, this)?;
                Types::system(SystemType::Boolean)
            }
            Expr::As(left, type_name) => {
                let types = self.types(left, this)?;
                Self::narrowed(&types, *type_name)
            }
            Expr::Union(branches) => {
                let mut types = Types::of(Vec::new());
                let mut literals = 0;
                for branch in branches {
                    types = types.or(self.types(branch, this)?);
                    literals += usize::from(matches!(branch, Expr::Literal(Some(_))));
                }
                types.is_many = literals > 1;
                types
            }
            Expr::Sign(_, operand) => self.types(operand, this)?,
            Expr::Chain(first, rest) => {
                let mut types = self.types(first, this)?;
                for (operator, right) in rest {
                    let right = self.types(right, this)?;
                    types = Self::operator(*operator, &types, &right)?;
                }
                types
            }
        })
    }

    /// The name a path begins with: the type that is there, or an element of it.
    fn head(&self, name: &Name, this: &Types) -> Result<Types, ExpressionError> {
        let Some(known) = &this.known else {
            return Ok(Types::any());
        };
        if !name
            .text
            .starts_with(|first: char| first.is_ascii_uppercase())
        {
            return self.member(name, this);
        }
        let fits: Vec<Type> = known
            .iter()
            .copied()
            .filter(|known| match (known, name.type_id) {
                (Type::Fhir(known), Some(wanted)) => self.definitions.is_a(*known, wanted),
                _ => false,
            })
            .collect();
        if fits.is_empty() && !known.is_empty() {
            return refuse(format!("this is no {}", name.text));
        }
        Ok(Types::of(fits))
    }

    fn member(&self, name: &Name, types: &Types) -> Result<Types, ExpressionError> {
        let Some(known) = &types.known else {
            return Ok(Types::any());
        };
        let mut found = Vec::new();
        let mut is_open = false;
        let mut is_there = known.is_empty();
        for known in known {
            let Type::Fhir(id) = known else {
                is_there |= matches!(
                    (known, name.text.as_str()),
                    (Type::System(SystemType::Quantity), "value" | "unit")
                );
                is_open |= is_there;
                continue;
            };
            let structure = self.definitions.get(*id);
            if *id == self.definitions.any_resource()
                || structure.is_resource && structure.elements.is_empty()
            {
                return Ok(Types::any());
            }
            let name_in_primitive =
                structure.primitive.is_some() && matches!(name.text.as_str(), "id" | "extension");
            if let Some((_, element)) = structure.element(&name.text) {
                is_there = true;
                for form in &element.forms {
                    is_open |= form.type_id == self.definitions.any_resource();
                    found.push(Type::Fhir(form.type_id));
                }
            } else if name_in_primitive {
                is_there = true;
                is_open = true;
            }
        }
        if !is_there {
            return refuse(format!("there is no element {} here", name.text));
        }
        if is_open {
            return Ok(Types::any());
        }
        let mut types = Types {
            is_many: false,
            ..types.clone()
        };
        types.known = Some(found);
        Ok(types)
    }

    fn narrowed(types: &Types, wanted: TypeName) -> Types {
        let mut narrowed: Vec<Type> = Vec::new();
        narrowed.extend(wanted.fhir.map(Type::Fhir));
        if wanted.fhir.is_none() || types.known.is_none() {
            narrowed.extend(wanted.system.map(Type::System));
        }
        Types {
            known: Some(narrowed),
            is_ordered: types.is_ordered,
            is_many: false,
        }
    }

    fn step(&self, step: &Step, types: Types, this: &Types) -> Result<Types, ExpressionError> {
        match step {
            Step::Member(name) => self.member(name, &types),
            Step::Index(index) => {
                self.types(index, this)?;
                self.ordered(&types, "an index")?;
                Ok(types)
            }
            Step::Is(_) => Ok(Types::system(SystemType::Boolean)),
            Step::As(type_name) | Step::OfType(type_name) => Ok(Self::narrowed(&types, *type_name)),
            Step::Call(call) => self.call(call, types, this),
        }
    }

    fn ordered(&self, types: &Types, what: &str) -> Result<(), ExpressionError> {
        if self.strictness.order && !types.is_ordered {
            return refuse(format!("{what} on what has no order"));
        }
        Ok(())
    }

    fn call(&self, call: &Call, input: Types, this: &Types) -> Result<Types, ExpressionError> {
        let function = call.function;
        if function.needs_order() {
            self.ordered(&input, "a function that needs order")?;
        }
        // Aggregates see `$total`, which may be anything, and so may their result.
        let sees_input = function.is_for_each()
            || matches!(
                function,
                Function::Iif | Function::Trace | Function::DefineVariable
            );
        let seen = if sees_input { &input } else { this };
        let mut arguments = Vec::new();
        for argument in &call.arguments {
            arguments.push(self.types(argument, seen)?);
        }
        if function == Function::Iif
            && let Some(criterion) = arguments.first()
        {
            self.criterion(criterion)?;
        }
        if function.takes_text() && !self.can_be_text(&input) {
            return refuse("a function of texts on something else".to_owned());
        }
        let argument = |position: usize| {
            arguments
                .get(position)
                .cloned()
                .unwrap_or_else(|| Types::of(Vec::new()))
        };
        Ok(match function {
            Function::Where
            | Function::Distinct
            | Function::First
            | Function::Last
            | Function::Tail
            | Function::Skip
            | Function::Take
            | Function::Single
            | Function::Trace
            | Function::Exclude
            | Function::Intersect
            | Function::DefineVariable
            | Function::CheckModifiers => Types {
                is_many: false,
                ..input
            },
            Function::Sort => Types {
                is_ordered: true,
                ..input
            },
            Function::Select => argument(0),
            // What is repeated on is what was found, which may be of other types.
            Function::Union | Function::Combine => input.or(argument(0)),
            Function::Iif => argument(1).or(argument(2)),
            Function::Children | Function::Descendants => Types {
                is_ordered: false,
                ..Types::any()
            },
            Function::Empty
            | Function::Exists
            | Function::All
            | Function::AllTrue
            | Function::AnyTrue
            | Function::AllFalse
            | Function::AnyFalse
            | Function::Not
            | Function::SubsetOf
            | Function::SupersetOf
            | Function::IsDistinct
            | Function::HasValue
            | Function::HasExtension => Types::system(SystemType::Boolean),
            Function::Count | Function::Length | Function::IndexOf => {
                Types::system(SystemType::Integer)
            }
            Function::Extension => match self.definitions.find("Extension") {
                Some(extension) => Types::one(Type::Fhir(extension)),
                None => Types::any(),
            },
            _ => Types::any(),
        })
    }

    /// What decides has to be one truth value.
    fn criterion(&self, types: &Types) -> Result<(), ExpressionError> {
        if types.is_many {
            return refuse("a criterion with several items".to_owned());
        }
        let can_be = |known: &Type| match known {
            Type::System(known) => matches!(known, SystemType::Boolean | SystemType::Any),
            Type::Fhir(id) => self.definitions.get(*id).primitive == Some(Primitive::Boolean),
        };
        match &types.known {
            Some(known) if !known.is_empty() && !known.iter().any(can_be) => {
                refuse("a criterion that is no truth value".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn can_be_text(&self, types: &Types) -> bool {
        let can_be = |known: &Type| match known {
            Type::System(known) => matches!(known, SystemType::String | SystemType::Any),
            Type::Fhir(id) => {
                let structure = self.definitions.get(*id);
                structure.primitive.is_some() || structure.is_resource
            }
        };
        types
            .known
            .as_ref()
            .is_none_or(|known| known.is_empty() || known.iter().any(can_be))
    }

    fn operator(operator: Operator, left: &Types, right: &Types) -> Result<Types, ExpressionError> {
        if let Operator::Plus | Operator::Minus = operator {
            let all = |types: &Types, is_wanted: fn(SystemType) -> bool| {
                types.known.as_ref().is_some_and(|known| {
                    !known.is_empty()
                        && known
                            .iter()
                            .all(|known| matches!(known, Type::System(known) if is_wanted(*known)))
                })
            };
            let is_temporal = |known| {
                matches!(
                    known,
                    SystemType::Date | SystemType::DateTime | SystemType::Time
                )
            };
            let is_number = |known| {
                matches!(
                    known,
                    SystemType::Integer | SystemType::Long | SystemType::Decimal
                )
            };
            if all(left, is_temporal) && all(right, is_number) {
                return refuse("a date and a number without a unit".to_owned());
            }
        }
        Ok(match operator {
            Operator::Times
            | Operator::Divide
            | Operator::Div
            | Operator::Mod
            | Operator::Plus
            | Operator::Minus => Types::any(),
            Operator::Concatenate => Types::system(SystemType::String),
            _ => Types::system(SystemType::Boolean),
        })
    }
}

fn type_of(literal: &Literal) -> SystemType {
    match literal {
        Literal::Boolean(_) => SystemType::Boolean,
        Literal::Integer(_) => SystemType::Integer,
        Literal::Long(_) => SystemType::Long,
        Literal::Decimal(_) => SystemType::Decimal,
        Literal::String(_) => SystemType::String,
        Literal::Date(_) => SystemType::Date,
        Literal::DateTime(_) => SystemType::DateTime,
        Literal::Time(_) => SystemType::Time,
        Literal::Quantity(_) => SystemType::Quantity,
    }
}
