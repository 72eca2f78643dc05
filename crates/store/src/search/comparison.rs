//! From a `_filter` to criteria.
//!
//! A comparison holds when one value of the parameter passes it, `ne`
//! included; `not (… eq …)` is what no value does. Texts are compared without
//! regard to case and accents.

use std::sync::Arc;

use fhir::search::{Kind, date_range};

use super::condition::{Codes, Condition, StringMode, UriMode, quantity, target};
use super::criterion::{Asked, Criterion, Reading};
use super::expression::{Expression, Operator};
use super::values::{DateTest, NumberTest, Prefix, Token};
use crate::StoreError;
use crate::error::shown;

impl Reading<'_> {
    /// The criterion of a filter.
    pub(super) fn expression(
        self,
        resource_type: &'static str,
        expression: &Expression,
    ) -> Result<Criterion, StoreError> {
        let all = |inner: &[Expression]| {
            inner
                .iter()
                .map(|one| self.expression(resource_type, one))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match expression {
            Expression::And(inner) => Criterion::All(all(inner)?),
            Expression::Or(inner) => Criterion::OneOf(all(inner)?),
            Expression::Not(inner) => {
                Criterion::Not(Box::new(self.expression(resource_type, inner)?))
            }
            Expression::Comparison {
                path,
                operator,
                value,
            } => self.link(resource_type, path, Asked::Comparison(*operator, value), 0)?,
        })
    }

    /// One comparison of a parameter of the type itself.
    pub(super) fn compared(
        self,
        resource_type: &'static str,
        name: &str,
        operator: Operator,
        value: &str,
    ) -> Result<Criterion, StoreError> {
        let invalid = |reason| StoreError::InvalidValue {
            name: shown(name),
            reason,
        };
        match (name, operator) {
            ("_id", Operator::Equal) => return Ok(Criterion::Id(vec![value.to_owned()])),
            ("_id", Operator::NotEqual) => {
                let same = Criterion::Id(vec![value.to_owned()]);
                return Ok(Criterion::Not(Box::new(same)));
            }
            ("_lastUpdated", _) => {
                let date = self.date(operator, value).map_err(invalid)?;
                return Ok(Criterion::Updated(vec![date]));
            }
            _ => {}
        }
        let parameter = self.parameter(resource_type, name)?;
        let condition = if operator == Operator::Present {
            Condition::Missing(match value {
                "true" => false,
                "false" => true,
                _ => return Err(invalid("is true or false")),
            })
        } else {
            let condition = self
                .comparison(parameter.kind, &parameter.targets, operator, value)
                .map_err(invalid)?;
            self.in_base_units(resource_type, name, condition)?
        };
        Ok(Criterion::Parameter(Arc::clone(parameter), condition))
    }

    fn comparison(
        self,
        kind: Kind,
        targets: &[&'static str],
        operator: Operator,
        value: &str,
    ) -> Result<Condition, &'static str> {
        const OTHER: &str = "the operator is not for parameters of this kind";
        if operator == Operator::NotEqual
            && !matches!(kind, Kind::Date | Kind::Number | Kind::Quantity)
        {
            let equal = self.comparison(kind, targets, Operator::Equal, value)?;
            return Ok(Condition::Unequal(Box::new(equal)));
        }
        Ok(match kind {
            Kind::Token => match operator {
                Operator::Equal => Condition::Tokens(vec![Token::read(value)?]),
                Operator::In => codes(Codes::In(value.to_owned())),
                Operator::Subsumes => codes(Codes::Below(vec![Token::read(value)?])),
                Operator::SubsumedBy => codes(Codes::Above(vec![Token::read(value)?])),
                _ => return Err(OTHER),
            },
            Kind::String => {
                let mode = match operator {
                    Operator::Equal => StringMode::Same,
                    Operator::Contains => StringMode::Contains,
                    Operator::StartsWith => StringMode::Starts,
                    Operator::EndsWith => StringMode::Ends,
                    _ => return Err(OTHER),
                };
                Condition::Strings(mode, vec![value.to_owned()])
            }
            Kind::Uri => match operator {
                Operator::Equal => Condition::Uris(UriMode::Exact, vec![value.to_owned()]),
                _ => return Err(OTHER),
            },
            Kind::Reference => match operator {
                Operator::Equal | Operator::Refers => {
                    Condition::References(vec![target(self, targets, value)?])
                }
                _ => return Err(OTHER),
            },
            Kind::Date => Condition::Dates(vec![self.date(operator, value)?]),
            Kind::Number => {
                Condition::Numbers(vec![NumberTest::read(&prefixed(operator, value)?)?])
            }
            Kind::Quantity => Condition::Quantities(vec![quantity(&prefixed(operator, value)?)?]),
            Kind::Composite | Kind::Special => return Err(OTHER),
        })
    }

    fn date(self, operator: Operator, value: &str) -> Result<DateTest, &'static str> {
        if operator == Operator::Overlaps {
            // Without the margin that «about» has.
            let (low, high) = date_range(value).ok_or("not a date")?;
            return Ok(DateTest {
                prefix: Prefix::Approximate,
                low,
                high,
            });
        }
        DateTest::read(&prefixed(operator, value)?, self.now)
    }
}

fn codes(codes: Codes) -> Condition {
    Condition::Codes {
        codes,
        negated: false,
    }
}

/// A comparison as a value of a query has it.
fn prefixed(operator: Operator, value: &str) -> Result<String, &'static str> {
    match operator {
        Operator::Equal
        | Operator::NotEqual
        | Operator::Greater
        | Operator::Less
        | Operator::GreaterOrEqual
        | Operator::LessOrEqual
        | Operator::Approximate
        | Operator::StartsAfter
        | Operator::EndsBefore => Ok(format!("{}{value}", operator.letters())),
        _ => Err("the operator is not for parameters of this kind"),
    }
}
