//! Which expressions cost no more than a walk over the resource.
//!
//! What finds the values of a search parameter runs for every write, and again
//! over all that is stored. So it may follow paths, choose among what it meets
//! and combine paths, and nothing that can make more of a resource than is in it.

use super::expression::{Call, Expr, Expression, Operator, Step};
use super::functions::Function;

impl Expression {
    /// What keeps the expression from being linear in the resource, in words;
    /// `None` when nothing does.
    pub(crate) fn beyond_a_walk(&self) -> Option<&'static str> {
        expression(&self.root)
    }

    /// Whether it begins with another type than this one, or has no branch that
    /// does not.
    pub(crate) fn is_for(&self, resource_type: crate::definitions::TypeId) -> bool {
        let branches = match &self.root {
            Expr::Union(branches) => branches.as_slice(),
            one => std::slice::from_ref(one),
        };
        branches.iter().any(|branch| {
            super::expression::head(branch).is_none_or(|name| {
                name.type_id
                    .is_none_or(|id| self.definitions.is_a(resource_type, id))
            })
        })
    }
}

fn expression(of: &Expr) -> Option<&'static str> {
    match of {
        Expr::This | Expr::Literal(_) | Expr::Head(_) => None,
        Expr::Index | Expr::Total => Some("$index and $total are not supported here"),
        Expr::Variable(_) => Some("variables are not supported here"),
        Expr::Path(left, steps) => expression(left).or_else(|| steps.iter().find_map(step)),
        Expr::Is(left, _) | Expr::As(left, _) | Expr::Sign(_, left) => expression(left),
        Expr::Union(branches) => branches.iter().find_map(expression),
        Expr::Chain(left, rest) => expression(left).or_else(|| {
            rest.iter().find_map(|(operator, right)| {
                let is_plain = operator.is_logic()
                    || matches!(
                        operator,
                        Operator::Equal
                            | Operator::NotEqual
                            | Operator::Less
                            | Operator::LessOrEqual
                            | Operator::Greater
                            | Operator::GreaterOrEqual
                    );
                if is_plain {
                    expression(right)
                } else {
                    Some("arithmetic and membership are not supported here")
                }
            })
        }),
    }
}

fn step(of: &Step) -> Option<&'static str> {
    match of {
        Step::Member(_) | Step::Is(_) | Step::As(_) | Step::OfType(_) => None,
        Step::Index(index) => expression(index),
        Step::Call(call) => function(call),
    }
}

fn function(call: &Call) -> Option<&'static str> {
    match call.function {
        Function::Where
        | Function::Exists
        | Function::Empty
        | Function::Not
        | Function::First
        | Function::Last
        | Function::Extension
        | Function::HasValue
        | Function::Resolve => call.arguments.iter().find_map(expression),
        _ => Some(
            "only the functions where, exists, empty, not, first, last, extension, hasValue, \
             resolve and ofType are supported here",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_told_from_what_goes_beyond_it() {
        let check = |text: &str, is_a_walk: bool| {
            let parsed = Expression::parse(text).expect("it is FHIRPath");
            assert_eq!(parsed.beyond_a_walk().is_none(), is_a_walk, "{text}");
        };
        for text in [
            "Patient.birthDate",
            "name.where(use = 'official' and period.empty()).family | name.first().given[0]",
            "Patient.extension('http://a.example/x').value.ofType(Coding)",
            "Observation.subject.where(resolve() is Patient)",
            "(Condition.onset as dateTime)",
        ] {
            check(text, true);
        }
        for text in [
            "descendants()",
            "Bundle.entry.repeat(children())",
            "Patient.name.where(%resource.descendants().exists())",
            "name.where($index > 2)",
            "name.family.matches('(a+)+')",
            "name.given & name.family",
            "name.where(given in %context.name.given)",
            "name.select(%context.name)",
            "name[name.count()]",
        ] {
            check(text, false);
        }
    }
}
