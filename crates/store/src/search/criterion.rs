//! One condition of a query, as it is asked.

use std::cell::Cell;
use std::sync::Arc;

use fhir::FhirVersion;
use fhir::search::{Kind, Parameter};
use jiff::Timestamp;

use super::condition::{Condition, each};
use super::expression::{self, Operator};
use super::parameters::Parameters;
use super::values::{DateTest, unescape};
use crate::StoreError;
use crate::error::shown;
use crate::limits::{CHAIN_BRANCHES_MAX, CHAIN_LINKS_MAX, VALUE_BYTES_MAX};

/// One condition.
#[derive(Debug)]
pub(crate) enum Criterion {
    /// `_id`.
    Id(Vec<String>),
    /// `_lastUpdated`.
    Updated(Vec<DateTest>),
    /// A parameter with its values.
    Parameter(Arc<Parameter>, Condition),
    /// `parameter.rest`: the condition is on what the parameter refers to; one
    /// for each type that this may be.
    Chain(Arc<Parameter>, Vec<(&'static str, Criterion)>),
    /// `_has:source:parameter:rest`: the condition is on what refers here.
    Has(&'static str, Arc<Parameter>, Box<Criterion>),
    /// All of these hold.
    All(Vec<Criterion>),
    /// One of these holds.
    OneOf(Vec<Criterion>),
    /// This does not hold.
    Not(Box<Criterion>),
}

impl Criterion {
    /// Whether other resources than the one that is looked at decide.
    pub(crate) fn leads_elsewhere(&self) -> bool {
        match self {
            Self::Id(_) | Self::Updated(_) => false,
            Self::Parameter(_, condition) => condition.leads_elsewhere(),
            Self::Chain(..) | Self::Has(..) => true,
            Self::All(criteria) | Self::OneOf(criteria) => {
                criteria.iter().any(Self::leads_elsewhere)
            }
            Self::Not(criterion) => criterion.leads_elsewhere(),
        }
    }
}

/// What is asked of the parameter at the end of a chain.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// A value, as in a query.
    Value(&'a str),
    /// A comparison, as in `_filter`.
    Comparison(Operator, &'a str),
}

/// What reading a criterion needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) version: FhirVersion,
    /// The search parameters that there are.
    pub(crate) parameters: &'a Parameters,
    pub(crate) base_url: &'a str,
    pub(crate) now: Timestamp,
    /// How many links the chains of the query have come to.
    pub(crate) links: &'a Cell<usize>,
}

impl<'a> Reading<'a> {
    /// Reads `name[:modifier]=value` for a resource type.
    pub(crate) fn criterion(
        self,
        resource_type: &'static str,
        name: &str,
        value: &str,
    ) -> Result<Criterion, StoreError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "VALUE_BYTES_MAX",
                max: VALUE_BYTES_MAX,
            });
        }
        if name == "_filter" {
            let expression = expression::parse(value).map_err(|error| error.of(name))?;
            return self.expression(resource_type, &expression);
        }
        self.link(resource_type, name, Asked::Value(value), 0)
    }

    /// Reads a name, with what it is chained to.
    pub(super) fn link(
        self,
        resource_type: &'static str,
        name: &str,
        asked: Asked<'_>,
        depth: usize,
    ) -> Result<Criterion, StoreError> {
        if depth > CHAIN_LINKS_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "CHAIN_LINKS_MAX",
                max: CHAIN_LINKS_MAX,
            });
        }
        if let Some(reverse) = name.strip_prefix("_has:") {
            return self.has(reverse, asked, depth);
        }
        if let Some((head, rest)) = name.split_once('.') {
            return self.chain(resource_type, head, rest, asked, depth);
        }
        match asked {
            Asked::Value(value) => self.leaf(resource_type, name, value),
            Asked::Comparison(operator, value) => {
                self.compared(resource_type, name, operator, value)
            }
        }
    }

    fn leaf(
        self,
        resource_type: &'static str,
        name: &str,
        value: &str,
    ) -> Result<Criterion, StoreError> {
        let (code, modifier) = match name.split_once(':') {
            Some((code, modifier)) => (code, Some(modifier)),
            None => (name, None),
        };
        match (code, modifier) {
            ("_id", None) => {
                return Ok(Criterion::Id(each(name, value, |one| Ok(unescape(one)))?));
            }
            ("_lastUpdated", None) => {
                let dates = each(name, value, |one| DateTest::read(one, self.now))?;
                return Ok(Criterion::Updated(dates));
            }
            ("_list", None) => return self.list(name, value),
            ("_id" | "_lastUpdated" | "_list", Some(_)) => {
                return Err(StoreError::UnsupportedModifier { name: shown(name) });
            }
            _ => {}
        }
        let parameter = self.parameter(resource_type, code)?;
        let condition = self.condition(resource_type, parameter, name, modifier, value)?;
        Ok(Criterion::Parameter(Arc::clone(parameter), condition))
    }

    /// `_list`: what the entries of a List refer to.
    fn list(self, name: &str, value: &str) -> Result<Criterion, StoreError> {
        let ids = each(name, value, |one| {
            if one.starts_with('$') {
                Err("lists that are computed, such as $current-problems, are not there")
            } else {
                Ok(unescape(one))
            }
        })?;
        let list = self.resource_type("List")?;
        let item = self.parameter(list, "item")?;
        let ids = Box::new(Criterion::Id(ids));
        Ok(Criterion::Has(list, Arc::clone(item), ids))
    }

    /// The resource type of that name.
    fn resource_type(self, name: &str) -> Result<&'static str, StoreError> {
        self.version
            .resource_type(name)
            .ok_or(StoreError::UnknownResourceType)
    }

    /// The parameter of that name, when a resource can be found by it.
    pub(crate) fn parameter(
        self,
        resource_type: &'static str,
        code: &str,
    ) -> Result<&'a Arc<Parameter>, StoreError> {
        self.parameters.searched(resource_type, code)
    }

    /// The same, when its values are references.
    pub(crate) fn reference(
        self,
        resource_type: &'static str,
        code: &str,
    ) -> Result<&'a Arc<Parameter>, StoreError> {
        let parameter = self.parameter(resource_type, code)?;
        if parameter.kind == Kind::Reference {
            Ok(parameter)
        } else {
            Err(StoreError::UnknownParameter { name: shown(code) })
        }
    }

    fn has(self, reverse: &str, asked: Asked<'_>, depth: usize) -> Result<Criterion, StoreError> {
        let mut parts = reverse.splitn(3, ':');
        let (Some(source), Some(code), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(StoreError::InvalidValue {
                name: "_has".to_owned(),
                reason: "needs a type, a reference and a parameter",
            });
        };
        let source = self.resource_type(source)?;
        let reference = self.reference(source, code)?;
        let inner = self.link(source, rest, asked, depth + 1)?;
        Ok(Criterion::Has(
            source,
            Arc::clone(reference),
            Box::new(inner),
        ))
    }

    fn chain(
        self,
        resource_type: &'static str,
        head: &str,
        rest: &str,
        asked: Asked<'_>,
        depth: usize,
    ) -> Result<Criterion, StoreError> {
        let (code, target) = match head.split_once(':') {
            Some((code, target)) => (code, Some(target)),
            None => (head, None),
        };
        let reference = self.reference(resource_type, code)?;
        if let Some(target) = target {
            let target = reference
                .targets
                .iter()
                .copied()
                .find(|allowed| *allowed == target)
                .ok_or_else(|| StoreError::UnsupportedModifier { name: shown(head) })?;
            let inner = self.link(target, rest, asked, depth + 1)?;
            let reference = Arc::clone(reference);
            return Ok(Criterion::Chain(reference, vec![(target, inner)]));
        }
        // A reference to anything, again and again, would branch without end.
        self.links.set(self.links.get() + reference.targets.len());
        if self.links.get() > CHAIN_BRANCHES_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "CHAIN_BRANCHES_MAX",
                max: CHAIN_BRANCHES_MAX,
            });
        }
        let mut inner = Vec::new();
        for target in &*reference.targets {
            match self.link(target, rest, asked, depth + 1) {
                Ok(criterion) => inner.push((*target, criterion)),
                // Another type that it may point at can have the parameter.
                Err(StoreError::UnknownParameter { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if inner.is_empty() {
            return Err(StoreError::UnknownParameter { name: shown(rest) });
        }
        Ok(Criterion::Chain(Arc::clone(reference), inner))
    }
}
