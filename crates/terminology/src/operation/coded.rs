//! The codes that a question is about.

use fhir::json::Node;

use super::inputs::{Inputs, owned};
use super::refusal::Refusal;

/// A code with what came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coded {
    pub(super) system: Option<String>,
    pub(super) version: Option<String>,
    pub(super) code: String,
    pub(super) display: Option<String>,
}

impl Coded {
    fn of_coding(coding: Node<'_>) -> Option<Self> {
        Some(Self {
            system: owned(coding, "system"),
            version: owned(coding, "version"),
            code: owned(coding, "code")?,
            display: owned(coding, "display"),
        })
    }
}

/// The codes of `code` with its system, `coding` or `codeableConcept`: one of the
/// three must be there.
pub(super) fn codes(inputs: &Inputs, system: &'static str) -> Result<Vec<Coded>, Refusal> {
    let code = inputs.text("code")?;
    let coding = inputs.tree("coding")?;
    let concept = inputs.tree("codeableConcept")?;
    let given = [code.is_some(), coding.is_some(), concept.is_some()];
    if given.iter().filter(|is_given| **is_given).count() != 1 {
        return Err(Refusal::required(
            "one of code, coding and codeableConcept is needed",
        ));
    }
    if let Some(code) = code {
        let text = |name| inputs.text(name).map(|text| text.map(str::to_owned));
        return Ok(vec![Coded {
            system: text(system)?,
            version: text("systemVersion")?.or(text("version")?),
            code: code.to_owned(),
            display: text("display")?,
        }]);
    }
    let codes: Vec<Coded> = match (coding, concept) {
        (Some(coding), _) => Coded::of_coding(coding).into_iter().collect(),
        (_, Some(concept)) => concept
            .each("coding")
            .filter_map(Coded::of_coding)
            .collect(),
        _ => Vec::new(),
    };
    if codes.is_empty() {
        return Err(Refusal::required(
            "there is no code in the coding or codeableConcept",
        ));
    }
    Ok(codes)
}
