//! `ConceptMap/$translate`: what a code is in another system.

use fhir::json::{Document, Node, Value};
use fhir::value;

use super::coded::{Coded, codes};
use super::inputs::owned;
use super::refusal::Refusal;
use super::{Question, parameters};
use crate::definitions::Kind;
use crate::session::Session;

/// How many times maps may send on to another map (`other-map`) for one question.
pub const MAPS_MAX: usize = 32;

/// One match.
struct Match {
    equivalence: String,
    concept: Option<Value>,
    map: String,
}

/// A question, and what was found so far.
struct Translating<'a> {
    session: &'a Session,
    source: Option<&'a str>,
    target: Option<&'a str>,
    system: Option<&'a str>,
    is_reverse: bool,
    matches: Vec<Match>,
    sent_on: usize,
}

pub(super) fn answer(session: &Session, question: &Question<'_>) -> Result<Value, Refusal> {
    let inputs = question.inputs;
    inputs.only(
        &[
            "url",
            "conceptMap",
            "conceptMapVersion",
            "code",
            "system",
            "version",
            "source",
            "coding",
            "codeableConcept",
            "target",
            "targetsystem",
            "reverse",
        ],
        &[],
    )?;
    let mut translating = Translating {
        session,
        source: inputs.text("source")?,
        target: inputs.text("target")?,
        system: inputs.text("targetsystem")?,
        is_reverse: inputs.flag("reverse")?.unwrap_or(false),
        matches: Vec::new(),
        sent_on: 0,
    };
    let codes = codes(inputs, "system")?;
    if codes.iter().any(|code| code.system.is_none()) {
        return Err(Refusal::required("the system of the code is needed"));
    }
    let in_body = inputs.tree("conceptMap")?;
    let asks_nothing =
        (translating.source, translating.target, translating.system) == (None, None, None);
    let mut each = |map: Node<'_>| -> Result<(), Refusal> {
        for code in &codes {
            translating.map(map, code)?;
        }
        Ok(())
    };
    if let Some(map) = question.instance.map(Document::root).or(in_body) {
        if map.text("resourceType").as_deref() != Some("ConceptMap") {
            return Err(Refusal::invalid("the conceptMap is no ConceptMap"));
        }
        each(map)?;
    } else if let Some(url) = inputs.text("url")? {
        let map = session
            .find(Kind::ConceptMap, url, inputs.text("conceptMapVersion")?)
            .ok_or_else(|| Refusal::not_found(format!("the concept map {url} is not at hand")))?;
        each(
            map.resource()
                .ok_or_else(|| Refusal::not_found("the concept map is no resource"))?,
        )?;
    } else {
        if asks_nothing {
            return Err(Refusal::required(
                "the url of the concept map is needed, or a source, target or targetsystem",
            ));
        }
        let mut maps = session.loaded_maps();
        maps.sort_by_key(|map| map.resource().and_then(|map| owned(map, "url")));
        for map in maps {
            if let Some(map) = map.resource() {
                each(map)?;
            }
        }
    }
    Ok(result(&translating.matches))
}

fn result(matches: &[Match]) -> Value {
    let is_match = |one: &Match| !matches!(one.equivalence.as_str(), "unmatched" | "disjoint");
    let is_found = matches.iter().any(is_match);
    let mut found = vec![value!({ "name": "result", "valueBoolean": (is_found) })];
    if !is_found {
        let text = "the concept map has no translation of the code";
        found.push(value!({ "name": "message", "valueString": (text) }));
    }
    for one in matches {
        let equivalence = one.equivalence.as_str();
        let mut parts = vec![value!({ "name": "equivalence", "valueCode": (equivalence) })];
        if let Some(concept) = &one.concept {
            parts.push(value!({ "name": "concept", "valueCoding": (concept.clone()) }));
        }
        if !one.map.is_empty() {
            parts.push(value!({ "name": "source", "valueUri": (one.map.as_str()) }));
        }
        found.push(value!({ "name": "match", "part": (parts) }));
    }
    parameters(found)
}

impl Translating<'_> {
    /// Adds the matches of a code in a map.
    fn map(&mut self, map: Node<'_>, code: &Coded) -> Result<(), Refusal> {
        let (from, to) = if self.is_reverse {
            ("target", "source")
        } else {
            ("source", "target")
        };
        let is_other = |side: &str, asked: Option<&str>| {
            let stated = owned(map, &format!("{side}Uri"))
                .or_else(|| owned(map, &format!("{side}Canonical")));
            asked.is_some_and(|asked| stated.is_some_and(|stated| stated != asked))
        };
        if is_other(from, self.source) || is_other(to, self.target) {
            return Ok(());
        }
        let url = owned(map, "url").unwrap_or_default();
        for group in map.each("group") {
            let is_of = group.text(from).as_deref() == code.system.as_deref();
            let target = group.text(to).unwrap_or_default();
            if is_of && self.system.is_none_or(|wanted| target == wanted) {
                self.group(group, &target, &url, code)?;
            }
        }
        Ok(())
    }

    fn group(
        &mut self,
        group: Node<'_>,
        target: &str,
        url: &str,
        code: &Coded,
    ) -> Result<(), Refusal> {
        let is_code = |node: Node<'_>| node.text("code").as_deref() == Some(code.code.as_str());
        let before = self.matches.len();
        for element in group.each("element") {
            for one in element.each("target") {
                let equivalence = one.text("equivalence").unwrap_or_default();
                if self.is_reverse && is_code(one) {
                    self.add(inverse(&equivalence), target, url, element);
                } else if !self.is_reverse && is_code(element) {
                    self.add(&equivalence, target, url, one);
                }
            }
        }
        if self.matches.len() > before || self.is_reverse {
            return Ok(());
        }
        // What the group says of codes that it does not have.
        let Some(unmapped) = group.get("unmapped") else {
            return Ok(());
        };
        match unmapped.text("mode").as_deref() {
            Some("provided") => self.matches.push(Match {
                equivalence: "equal".to_owned(),
                concept: Some(coding(target, &code.code, code.display.as_deref())),
                map: url.to_owned(),
            }),
            Some("fixed") => self.add("inexact", target, url, unmapped),
            Some("other-map") => {
                self.sent_on += 1;
                if self.sent_on > MAPS_MAX {
                    return Err(Refusal::too_costly(format!(
                        "concept maps send on more often than MAPS_MAX, {MAPS_MAX}"
                    )));
                }
                let other = unmapped.text("url").unwrap_or_default();
                let map = self.session.find(Kind::ConceptMap, &other, None);
                let map = map.ok_or_else(|| {
                    Refusal::cannot(format!(
                        "cannot translate: the concept map {other} is not at hand"
                    ))
                })?;
                if let Some(map) = map.resource() {
                    self.map(map, code)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, equivalence: &str, system: &str, url: &str, node: Node<'_>) {
        let display = node.text("display");
        let code = node.text("code");
        let concept = code.map(|code| coding(system, &code, display.as_deref()));
        self.matches.push(Match {
            equivalence: equivalence.to_owned(),
            concept,
            map: url.to_owned(),
        });
    }
}

fn coding(system: &str, code: &str, display: Option<&str>) -> Value {
    let mut coding = Value::object();
    if !system.is_empty() {
        coding.set("system", system);
    }
    coding.set("code", code);
    if let Some(display) = display {
        coding.set("display", display);
    }
    coding
}

/// How the source stands to the target, from how the target stands to the source.
fn inverse(equivalence: &str) -> &str {
    match equivalence {
        "wider" => "narrower",
        "narrower" => "wider",
        "subsumes" => "specializes",
        "specializes" => "subsumes",
        other => other,
    }
}
