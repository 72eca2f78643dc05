//! `CodeSystem/$subsumes`: how two codes stand to one another.

use fhir::json::Value;
use fhir::value;

use super::inputs::owned;
use super::refusal::Refusal;
use super::{Question, parameters};
use crate::session::Session;

pub(super) fn answer(session: &Session, question: &Question<'_>) -> Result<Value, Refusal> {
    let inputs = question.inputs;
    inputs.only(
        &["codeA", "codeB", "codingA", "codingB", "system", "version"],
        &[],
    )?;
    let mut systems: Vec<String> = Vec::new();
    let mut code = |code: &'static str, coding: &'static str| match inputs.tree(coding)? {
        Some(tree) => {
            systems.extend(owned(tree, "system"));
            Ok(owned(tree, "code"))
        }
        None => inputs.text(code).map(|code| code.map(str::to_owned)),
    };
    let (Some(one), Some(other)) = (code("codeA", "codingA")?, code("codeB", "codingB")?) else {
        return Err(Refusal::required(
            "two codes are needed: codeA or codingA, and codeB or codingB",
        ));
    };
    systems.extend(inputs.text("system")?.map(str::to_owned));
    if let Some(instance) = question.instance {
        systems.extend(owned(instance.root(), "url"));
    }
    let Some(url) = systems.first() else {
        return Err(Refusal::required("the system of the codes is needed"));
    };
    if systems.iter().any(|other| other != url) {
        return Err(Refusal::invalid("the two codes must be of one system"));
    }
    let system = session
        .system(url, inputs.text("version")?)
        .ok_or_else(|| Refusal::not_found(format!("the code system {url} is not at hand")))?;
    if !system.header().is_complete {
        return Err(Refusal::cannot(format!(
            "only a part of the code system {url} is at hand, so that what is below what is not known"
        )));
    }
    let (Some(one), Some(other)) = (system.find(&one), system.find(&other)) else {
        return Err(Refusal::not_found(format!(
            "the code system {url} does not have both codes"
        )));
    };
    let outcome = if one == other {
        "equivalent"
    } else if system.is_above(one, other) {
        "subsumes"
    } else if system.is_above(other, one) {
        "subsumed-by"
    } else {
        "not-subsumed"
    };
    Ok(parameters(vec![
        value!({ "name": "outcome", "valueCode": (outcome) }),
    ]))
}
