//! `$validate-code`: whether a code is one of a code system, or in a value set.

use fhir::codes::{Membership, Terms, ValueSet, contains_in};
use fhir::json::{Document, Node, Value};
use fhir::value;

use super::coded::{Coded, codes};
use super::inputs::owned;
use super::refusal::Refusal;
use super::{Question, parameters};
use crate::session::Session;

pub(super) fn of_system(session: &Session, question: &Question<'_>) -> Result<Value, Refusal> {
    let inputs = question.inputs;
    inputs.only(
        &[
            "url",
            "codeSystem",
            "code",
            "version",
            "display",
            "coding",
            "codeableConcept",
            "displayLanguage",
        ],
        &[],
    )?;
    if inputs.tree("codeSystem")?.is_some() {
        return Err(Refusal::not_supported(
            "a code system in the question is not looked into; name it by its url",
        ));
    }
    let language = inputs.text("displayLanguage")?.unwrap_or_default();
    let url = match question.instance {
        Some(instance) => owned(instance.root(), "url"),
        None => inputs.text("url")?.map(str::to_owned),
    };
    let mut outcome = Outcome::default();
    for mut coded in codes(inputs, "url")? {
        match (&url, &coded.system) {
            (Some(url), Some(system)) if url != system => {
                outcome.fault("the code is of another code system");
                continue;
            }
            (Some(url), None) => coded.system = Some(url.clone()),
            (None, None) => return Err(Refusal::required("the url of the code system is needed")),
            _ => {}
        }
        let of = coded.system.clone().unwrap_or_default();
        let system = session
            .system(&of, coded.version.as_deref())
            .ok_or_else(|| Refusal::not_found(format!("the code system {of} is not at hand")))?;
        if system.find(&coded.code).is_some() {
            outcome.right(session, &coded, language)?;
        } else if system.header().is_complete {
            outcome.fault("the code system does not have the code");
        } else {
            session.is_missing(&of);
            outcome.cannot = true;
        }
    }
    outcome.answer(session)
}

pub(super) fn of_set(session: &Session, question: &Question<'_>) -> Result<Value, Refusal> {
    let inputs = question.inputs;
    inputs.only(
        &[
            "url",
            "context",
            "valueSet",
            "valueSetVersion",
            "code",
            "system",
            "systemVersion",
            "display",
            "coding",
            "codeableConcept",
            "displayLanguage",
            "abstract",
        ],
        &[],
    )?;
    if inputs.text("context")?.is_some() {
        return Err(Refusal::not_supported(
            "a context is not looked up; name the value set",
        ));
    }
    let language = inputs.text("displayLanguage")?.unwrap_or_default();
    let allows_abstract = inputs.flag("abstract")?.unwrap_or(true);
    let set = asked_set(session, question)?;
    let mut outcome = Outcome::default();
    for coded in codes(inputs, "system")? {
        let membership = contains_in(session, &set, coded.system.as_deref(), &coded.code);
        match membership {
            Membership::In if !allows_abstract && is_abstract(session, &coded) => {
                outcome.fault("the code only groups others");
            }
            Membership::In => outcome.right(session, &coded, language)?,
            Membership::Out => outcome.fault("the code is not in the value set"),
            Membership::CannotCheck => outcome.cannot = true,
        }
    }
    outcome.answer(session)
}

/// The value set that a question is about: the instance, `valueSet` or `url`.
pub(super) fn asked_set(
    session: &Session,
    question: &Question<'_>,
) -> Result<std::sync::Arc<ValueSet>, Refusal> {
    let inputs = question.inputs;
    let in_body = inputs.tree("valueSet")?;
    let of = match (question.instance.map(Document::root), in_body) {
        (Some(instance), None) => Some(instance),
        (None, body) => body,
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("a valueSet is for a question of the type"));
        }
    };
    if let Some(of) = of {
        return read_set(of);
    }
    let url = inputs
        .text("url")?
        .ok_or_else(|| Refusal::required("the url of the value set is needed, or a valueSet"))?;
    let url = match inputs.text("valueSetVersion")? {
        Some(version) if !url.contains('|') => format!("{url}|{version}"),
        _ => url.to_owned(),
    };
    session
        .value_set(&url)
        .ok_or_else(|| Refusal::not_found(format!("the value set {url} is not at hand")))
}

fn read_set(node: Node<'_>) -> Result<std::sync::Arc<ValueSet>, Refusal> {
    if node.text("resourceType").as_deref() != Some("ValueSet") {
        return Err(Refusal::invalid("the valueSet is no ValueSet"));
    }
    Ok(std::sync::Arc::new(ValueSet::read(node)))
}

fn is_abstract(session: &Session, coded: &Coded) -> bool {
    let system = coded
        .system
        .as_deref()
        .and_then(|system| session.system(system, None));
    system.is_some_and(|system| {
        system
            .find(&coded.code)
            .is_some_and(|concept| system.is_abstract(concept))
    })
}

/// What came of the codes of a question: one that is right is enough.
#[derive(Default)]
struct Outcome {
    is_right: bool,
    display: Option<String>,
    message: Option<&'static str>,
    cannot: bool,
}

impl Outcome {
    fn fault(&mut self, message: &'static str) {
        self.message.get_or_insert(message);
    }

    /// The code is right; its display may not be.
    fn right(&mut self, session: &Session, coded: &Coded, language: &str) -> Result<(), Refusal> {
        let system = coded
            .system
            .as_deref()
            .and_then(|system| session.system(system, coded.version.as_deref()));
        let concept = system
            .as_ref()
            .and_then(|system| Some((system, system.find(&coded.code)?)));
        let Some((system, concept)) = concept else {
            self.is_right = true;
            return Ok(());
        };
        let display = system.display(concept, language)?;
        let is_named = match &coded.display {
            None => true,
            Some(given) => {
                let same = |one: &str| one.trim().to_lowercase() == given.trim().to_lowercase();
                // A name is wrong only where names are known.
                display.is_none()
                    || system
                        .designations(concept)?
                        .iter()
                        .any(|one| same(&one.text))
            }
        };
        self.display = self.display.take().or(display);
        if is_named {
            self.is_right = true;
        } else {
            self.fault("the display is not one of the code");
        }
        Ok(())
    }

    fn answer(self, session: &Session) -> Result<Value, Refusal> {
        if !self.is_right && self.cannot {
            return Err(Refusal::lacking("the code cannot be checked", session));
        }
        let mut found = vec![value!({ "name": "result", "valueBoolean": (self.is_right) })];
        if let Some(message) = self.message.filter(|_| !self.is_right) {
            found.push(value!({ "name": "message", "valueString": (message) }));
        }
        if let Some(display) = &self.display {
            found.push(value!({ "name": "display", "valueString": (display.as_str()) }));
        }
        Ok(parameters(found))
    }
}
