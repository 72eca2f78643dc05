//! The Expression Constraint Language of SNOMED CT, as far as value sets use it.
//!
//! [`Constraint::parse`] reads one, and `evaluate` finds its concepts in a code
//! system. What is there: a concept, `*`, `<` `<<` `<!` `<<!` `>` `>>` `>!` `>>!`,
//! `^`, `AND` `OR` `MINUS`, brackets, refinements with attributes, groups,
//! cardinality and the reverse flag, dotted attributes, terms between bars, and
//! comments. What is not there (filters `{{ }}`, history supplements, concrete
//! values, alternate identifiers) is refused by name: nobody gets half an answer.

mod evaluate;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

pub use evaluate::EclFault;
pub(crate) use evaluate::evaluate;
pub use parse::{ECL_BYTES_MAX, ECL_DEPTH_MAX, EclSyntax};

/// Which concepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constraint {
    /// A concept, all, or what brackets hold; with what stands before it.
    Simple {
        /// Above or below it.
        relatives: Option<Relatives>,
        /// Members of it, as reference sets (`^`).
        is_member: bool,
        /// Of what.
        focus: Focus,
    },
    /// In each of them.
    And(Vec<Constraint>),
    /// In any of them.
    Or(Vec<Constraint>),
    /// In the first and not in the second.
    Minus(Box<Constraint>, Box<Constraint>),
    /// Those whose attributes are as it says.
    Refined(Box<Constraint>, Refinement),
    /// The values of an attribute of them.
    Dotted(Box<Constraint>, Box<Constraint>),
}

/// What a constraint is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Focus {
    /// `*`: everything.
    Any,
    /// A concept.
    Concept(String),
    /// A constraint between brackets.
    Nested(Box<Constraint>),
}

/// Which relatives of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relatives {
    /// `<`
    Descendants,
    /// `<<`
    SelfAndDescendants,
    /// `<!`
    Children,
    /// `<<!`
    SelfAndChildren,
    /// `>`
    Ancestors,
    /// `>>`
    SelfAndAncestors,
    /// `>!`
    Parents,
    /// `>>!`
    SelfAndParents,
}

impl Relatives {
    /// Longest first, so that the first that fits is the right one.
    const ALL: [(&'static str, Self); 8] = [
        ("<<!", Self::SelfAndChildren),
        (">>!", Self::SelfAndParents),
        ("<<", Self::SelfAndDescendants),
        (">>", Self::SelfAndAncestors),
        ("<!", Self::Children),
        (">!", Self::Parents),
        ("<", Self::Descendants),
        (">", Self::Ancestors),
    ];

    fn symbol(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, one)| *one == self);
        found.map_or("", |(symbol, _)| symbol)
    }
}

/// What the attributes of a concept must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refinement {
    /// Each holds.
    And(Vec<Refinement>),
    /// Any holds.
    Or(Vec<Refinement>),
    /// All of it in one group of attributes; how many such groups.
    Group(Cardinality, Box<Refinement>),
    /// An attribute.
    Attribute {
        /// How many there are.
        cardinality: Cardinality,
        /// The concept is the value, and the value constraint has the attribute (`R`).
        is_reversed: bool,
        /// Which attributes.
        name: Box<Constraint>,
        /// Whether the value is outside the constraint (`!=`).
        is_not: bool,
        /// Which values.
        value: Box<Constraint>,
    },
}

/// How many; one or more when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cardinality {
    /// At least.
    pub min: u32,
    /// At most; `None` for any number.
    pub max: Option<u32>,
}

impl Cardinality {
    /// What counts when nothing is said.
    pub const SOME: Self = Self { min: 1, max: None };

    fn holds(self, count: u32) -> bool {
        count >= self.min && self.max.is_none_or(|max| count <= max)
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simple {
                relatives,
                is_member,
                focus,
            } => {
                let relatives = relatives.map_or("", Relatives::symbol);
                let member = if *is_member { "^" } else { "" };
                write!(f, "{relatives}{member}")?;
                match focus {
                    Focus::Any => f.write_str("*"),
                    Focus::Concept(code) => f.write_str(code),
                    Focus::Nested(nested) => write!(f, "({nested})"),
                }
            }
            Self::And(all) => write_joined(f, all, " AND "),
            Self::Or(all) => write_joined(f, all, " OR "),
            Self::Minus(one, other) => write!(f, "{one} MINUS {other}"),
            Self::Refined(focus, refinement) => write!(f, "{focus} : {refinement}"),
            Self::Dotted(focus, attribute) => write!(f, "{focus} . {attribute}"),
        }
    }
}

impl fmt::Display for Refinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nested = |f: &mut fmt::Formatter<'_>, all: &[Self], between: &str| {
            for (at, one) in all.iter().enumerate() {
                f.write_str(if at > 0 { between } else { "" })?;
                match one {
                    Self::And(_) | Self::Or(_) => write!(f, "({one})")?,
                    _ => write!(f, "{one}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::And(all) => nested(f, all, ", "),
            Self::Or(all) => nested(f, all, " OR "),
            Self::Group(cardinality, inside) => write!(f, "{cardinality}{{ {inside} }}"),
            Self::Attribute {
                cardinality,
                is_reversed,
                name,
                is_not,
                value,
            } => {
                let reversed = if *is_reversed { "R " } else { "" };
                let sign = if *is_not { "!=" } else { "=" };
                write!(f, "{cardinality}{reversed}{name} {sign} {value}")
            }
        }
    }
}

impl fmt::Display for Cardinality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.max) {
            (Self::SOME, _) => Ok(()),
            (_, Some(max)) => write!(f, "[{}..{max}] ", self.min),
            (_, None) => write!(f, "[{}..*] ", self.min),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, all: &[Constraint], between: &str) -> fmt::Result {
    for (at, one) in all.iter().enumerate() {
        f.write_str(if at > 0 { between } else { "" })?;
        write!(f, "{one}")?;
    }
    Ok(())
}
