//! Finds the concepts of a constraint: sets of bits, each part once.

use super::{Cardinality, Constraint, Focus, Refinement, Relatives};
use crate::bits::Bits;
use crate::code_system::{CodeSystem, Property, PropertyValue};

/// Why a constraint has no answer in a code system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EclFault {
    /// It names a concept that the release does not have.
    #[error("the expression names a concept that the loaded release does not have")]
    UnknownConcept,
    /// A part of the language that is not there.
    #[error("the expression uses {0}, which this server does not evaluate")]
    NotSupported(&'static str),
}

/// The concepts that a constraint is about.
pub(crate) fn evaluate(system: &CodeSystem, constraint: &Constraint) -> Result<Bits, EclFault> {
    match constraint {
        Constraint::Simple {
            relatives,
            is_member,
            focus,
        } => {
            let mut of = match focus {
                Focus::Any => active(system),
                Focus::Nested(nested) => evaluate(system, nested)?,
                Focus::Concept(code) => {
                    let found = system.find(code);
                    system.only(found.ok_or(EclFault::UnknownConcept)?)
                }
            };
            if *is_member {
                of = members(system, &of);
            }
            Ok(relatives.map_or_else(|| of.clone(), |relatives| related(system, relatives, &of)))
        }
        Constraint::And(all) => {
            let mut result = Bits::full(system.len());
            for one in all {
                result.intersect(&evaluate(system, one)?);
            }
            Ok(result)
        }
        Constraint::Or(all) => {
            let mut result = Bits::new(system.len());
            for one in all {
                result.unite(&evaluate(system, one)?);
            }
            Ok(result)
        }
        Constraint::Minus(one, other) => {
            let mut result = evaluate(system, one)?;
            result.subtract(&evaluate(system, other)?);
            Ok(result)
        }
        Constraint::Refined(focus, refinement) => {
            let focus = evaluate(system, focus)?;
            let test = compile(system, refinement)?;
            let mut result = Bits::new(system.len());
            let mut properties = Vec::new();
            for concept in focus.iter() {
                properties.clear();
                properties.extend(system.properties(concept));
                if test.holds(concept, &properties) {
                    result.insert(concept);
                }
            }
            Ok(result)
        }
        Constraint::Dotted(focus, attribute) => {
            let focus = evaluate(system, focus)?;
            let names = names(system, &evaluate(system, attribute)?);
            Ok(values(system, &focus, &names))
        }
    }
}

/// Everything that is in use.
fn active(system: &CodeSystem) -> Bits {
    let mut bits = Bits::new(system.len());
    for concept in (0..system.len() as u32).filter(|one| system.is_active(*one)) {
        bits.insert(concept);
    }
    bits
}

fn members(system: &CodeSystem, of: &Bits) -> Bits {
    let mut bits = Bits::new(system.len());
    for set in system.refsets().filter(|set| of.contains(*set)) {
        for member in system.refset(set).unwrap_or_default() {
            bits.insert(*member);
        }
    }
    bits
}

fn related(system: &CodeSystem, relatives: Relatives, of: &Bits) -> Bits {
    let next_to = |step: fn(&CodeSystem, u32) -> &[u32]| {
        let mut bits = Bits::new(system.len());
        for one in of.iter() {
            for other in step(system, one) {
                bits.insert(*other);
            }
        }
        bits
    };
    use Relatives as R;
    let mut found = match relatives {
        R::Descendants | R::SelfAndDescendants => system.descendants(of),
        R::Ancestors | R::SelfAndAncestors => system.ancestors(of),
        R::Children | R::SelfAndChildren => next_to(CodeSystem::children),
        R::Parents | R::SelfAndParents => next_to(CodeSystem::parents),
    };
    if matches!(
        relatives,
        R::SelfAndDescendants | R::SelfAndAncestors | R::SelfAndChildren | R::SelfAndParents
    ) {
        found.unite(of);
    }
    found
}

/// Which properties are among the concepts of a set, by their place.
fn names(system: &CodeSystem, of: &Bits) -> Vec<bool> {
    let names = system.property_names().iter();
    names
        .map(|name| system.find(&name.code).is_some_and(|at| of.contains(at)))
        .collect()
}

/// The values that some properties have in the concepts of a set.
fn values(system: &CodeSystem, of: &Bits, names: &[bool]) -> Bits {
    let mut bits = Bits::new(system.len());
    for concept in of.iter() {
        for property in system.properties(concept) {
            if let PropertyValue::Concept(value) = property.value
                && names[usize::from(property.name)]
            {
                bits.insert(value);
            }
        }
    }
    bits
}

/// A refinement with its constraints worked out.
enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Group(Cardinality, Box<Test>),
    Attribute {
        cardinality: Cardinality,
        names: Vec<bool>,
        is_not: bool,
        values: Bits,
    },
    /// The concept itself is one of these.
    Among(Bits),
}

fn compile(system: &CodeSystem, refinement: &Refinement) -> Result<Test, EclFault> {
    let each = |all: &[Refinement]| {
        let tests = all.iter().map(|one| compile(system, one));
        tests.collect::<Result<Vec<Test>, EclFault>>()
    };
    Ok(match refinement {
        Refinement::And(all) => Test::And(each(all)?),
        Refinement::Or(all) => Test::Or(each(all)?),
        Refinement::Group(cardinality, inside) => {
            if is_reversed(inside) {
                return Err(EclFault::NotSupported("a reversed attribute in a group"));
            }
            Test::Group(*cardinality, Box::new(compile(system, inside)?))
        }
        Refinement::Attribute {
            cardinality,
            is_reversed,
            name,
            is_not,
            value,
        } => {
            let names = names(system, &evaluate(system, name)?);
            let values_of = evaluate(system, value)?;
            if *is_reversed {
                if *cardinality != Cardinality::SOME || *is_not {
                    return Err(EclFault::NotSupported(
                        "a reversed attribute with a cardinality or !=",
                    ));
                }
                return Ok(Test::Among(values(system, &values_of, &names)));
            }
            Test::Attribute {
                cardinality: *cardinality,
                names,
                is_not: *is_not,
                values: values_of,
            }
        }
    })
}

fn is_reversed(refinement: &Refinement) -> bool {
    match refinement {
        Refinement::And(all) | Refinement::Or(all) => all.iter().any(is_reversed),
        Refinement::Group(_, inside) => is_reversed(inside),
        Refinement::Attribute { is_reversed, .. } => *is_reversed,
    }
}

impl Test {
    fn holds(&self, concept: u32, properties: &[Property<'_>]) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.holds(concept, properties)),
            Self::Or(all) => all.iter().any(|one| one.holds(concept, properties)),
            Self::Among(bits) => bits.contains(concept),
            Self::Attribute {
                cardinality,
                names,
                is_not,
                values,
            } => {
                let fits = |property: &&Property<'_>| {
                    let is_in = matches!(property.value, PropertyValue::Concept(value)
                        if values.contains(value));
                    names[usize::from(property.name)] && is_in != *is_not
                };
                cardinality.holds(properties.iter().filter(fits).count() as u32)
            }
            Self::Group(cardinality, inside) => {
                // Attributes come sorted by group; each one in group 0 is its own.
                let groups = properties
                    .chunk_by(|one, other| one.group == other.group && one.group != 0)
                    .filter(|group| inside.holds(concept, group));
                cardinality.holds(groups.count() as u32)
            }
        }
    }
}
