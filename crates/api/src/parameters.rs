//! The Parameters resource of an operation, read strictly.

use std::borrow::Cow;

use care::Bsn;
use fhir::{Resource, json::Node, outcome::IssueCode};

use crate::problem::Problem;

/// The parameters of an operation: each known and given once.
pub(crate) struct Parameters<'a> {
    resource: &'a Resource,
}

impl<'a> Parameters<'a> {
    /// Checks that the resource is Parameters and holds no name but these, and
    /// none twice.
    pub(crate) fn new(resource: &'a Resource, names: &[&str]) -> Result<Self, Problem> {
        if resource.resource_type() != "Parameters" {
            return Err(Problem::element(
                IssueCode::Invalid,
                "A Parameters resource is needed here",
                "resourceType",
            ));
        }
        let mut seen: Vec<Cow<'_, str>> = Vec::new();
        for parameter in resource.root().each("parameter") {
            let name = parameter.text("name").unwrap_or_default();
            if !names.contains(&name.as_ref()) || seen.contains(&name) {
                return Err(Problem::element(
                    IssueCode::NotSupported,
                    "A parameter is unknown or given twice",
                    "Parameters.parameter.name",
                ));
            }
            seen.push(name);
        }
        Ok(Self { resource })
    }

    fn find(&self, name: &str) -> Option<Node<'a>> {
        self.resource
            .root()
            .each("parameter")
            .find(|parameter| parameter.text("name").as_deref() == Some(name))
    }

    /// The patient: `valueIdentifier` with the BSN, or `valueString`.
    pub(crate) fn bsn(&self, name: &'static str) -> Result<Option<Bsn>, Problem> {
        let Some(parameter) = self.find(name) else {
            return Ok(None);
        };
        let wrong = |text| {
            Err(Problem::element(
                IssueCode::Value,
                text,
                "Parameters.parameter",
            ))
        };
        let value = match parameter.get("valueIdentifier") {
            Some(identifier) => {
                let system = identifier.text("system");
                if system.is_some_and(|system| system != Bsn::SYSTEM) {
                    return wrong("The identifier must be a BSN");
                }
                identifier.text("value")
            }
            None => parameter.text("valueString"),
        };
        match value.as_deref().map(Bsn::parse) {
            Some(Ok(bsn)) => Ok(Some(bsn)),
            _ => wrong("The identifier is not a valid BSN"),
        }
    }

    /// A code or a text: `valueCode` or `valueString`.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Problem> {
        let Some(parameter) = self.find(name) else {
            return Ok(None);
        };
        let value = parameter
            .text("valueCode")
            .or_else(|| parameter.text("valueString"));
        match value {
            Some(value) if !value.trim().is_empty() => Ok(Some(value.into_owned())),
            _ => Err(Problem::element(
                IssueCode::Value,
                "A parameter has no valueCode or valueString",
                "Parameters.parameter",
            )),
        }
    }
}

/// The answer when a parameter that must be there is not.
pub(crate) fn required(text: &'static str) -> Problem {
    Problem::element(IssueCode::Required, text, "Parameters.parameter")
}
