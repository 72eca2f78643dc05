//! The parameters of an operation, from a URL or a Parameters resource.

use std::borrow::Cow;

use fhir::json::{Document, Kind, Node};

use super::Refusal;

/// A parameter's value.
#[derive(Debug, Clone)]
pub enum Input {
    /// Of a simple type.
    Text(String),
    /// A data type or a resource.
    Tree(Document),
}

/// The parameters, in their order.
#[derive(Debug, Clone, Default)]
pub struct Inputs(Vec<(String, Input)>);

impl Inputs {
    /// From the query of a URL.
    pub fn of_query(pairs: &[(String, String)]) -> Self {
        let each = pairs.iter();
        Self(
            each.map(|(name, value)| (name.clone(), Input::Text(value.clone())))
                .collect(),
        )
    }

    /// From a Parameters resource.
    pub fn of_parameters(parameters: Node<'_>) -> Result<Self, Refusal> {
        let mut inputs = Vec::new();
        for parameter in parameters.each("parameter") {
            let name = parameter.text("name").unwrap_or_default().into_owned();
            let value = parameter
                .members()
                .find(|(name, _)| name.starts_with("value") || name == "resource");
            let Some((_, value)) = value else {
                return Err(Refusal::not_supported(
                    "a parameter has no value and no resource",
                ));
            };
            let input = match value.kind() {
                Kind::Object => Input::Tree(
                    Document::parse(value.raw())
                        .map_err(|_| Refusal::invalid("a parameter cannot be read"))?,
                ),
                _ => Input::Text(
                    value
                        .as_str()
                        .unwrap_or_else(|| value.raw().into())
                        .into_owned(),
                ),
            };
            inputs.push((name, input));
        }
        Ok(Self(inputs))
    }

    /// Refuses a parameter that is not among these: leaving it aside would answer
    /// another question. One that may not be repeated may be there once.
    pub(super) fn only(&self, once: &[&str], repeated: &[&str]) -> Result<(), Refusal> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            if repeated.contains(&name.as_str()) {
                continue;
            }
            let is_again = self.0[..at].iter().any(|(other, _)| other == name);
            if is_again || !once.contains(&name.as_str()) {
                return Err(Refusal::not_supported(
                    "a parameter is unknown, not supported, or given twice",
                ));
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Input> {
        self.0
            .iter()
            .find(|(one, _)| one == name)
            .map(|(_, input)| input)
    }

    /// A simple value.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        match self.find(name) {
            None => Ok(None),
            Some(Input::Text(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(Refusal::invalid(format!("{name} must have a simple value"))),
        }
    }

    /// All simple values of a name.
    pub(super) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |(one, input)| match input {
            Input::Text(text) if one == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// A data type or a resource.
    pub(super) fn tree(&self, name: &'static str) -> Result<Option<Node<'_>>, Refusal> {
        match self.find(name) {
            None => Ok(None),
            Some(Input::Tree(document)) => Ok(Some(document.root())),
            Some(Input::Text(_)) => Err(Refusal::invalid(format!(
                "{name} belongs in the body of a POST, as a Parameters resource"
            ))),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, Refusal> {
        match self.text(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Refusal::invalid(format!("{name} must be true or false"))),
        }
    }

    /// A whole number from zero.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<usize>, Refusal> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| Refusal::invalid(format!("{name} must be a whole number from 0")))
        };
        self.text(name)?.map(parse).transpose()
    }
}

/// The text of a member, owned.
pub(super) fn owned(node: Node<'_>, name: &str) -> Option<String> {
    node.text(name).map(Cow::into_owned)
}
