//! The answers of a QuestionnaireResponse against the questions of its Questionnaire.
//!
//! The Questionnaire is one that the response contains, that is in the same Bundle,
//! that was given, or that a package holds. What must be answered must be so when
//! the response is finished: completed, or amended.

mod form;
mod response;

use std::borrow::Cow;
use std::collections::HashMap;

pub use response::CONDITION_STEPS_MAX;

use form::{Form, Kind, Question, elements};
use response::{Response, Spot, is_same};

use super::finding::{Finding, Rule};
use super::place::Place;
use super::walk::Walk;
use crate::codes::{Membership, ValueSet, contains, contains_in, without_version};
use crate::fhirpath::Element;
use crate::json::Node;
use crate::outcome::{IssueCode, Severity};

/// A response that is judged.
struct Judged<'a> {
    form: Form<'a>,
    response: Response<'a>,
    is_finished: bool,
    /// The number of the next item, in the order of [`Response`].
    next: usize,
}

impl<'a> Walk<'a> {
    /// Judges a QuestionnaireResponse by its Questionnaire, where that is at hand.
    pub(super) fn answers(&mut self, resource: Element<'a>, place: &Place<'_>) {
        let Some(node) = resource.node() else { return };
        let url = node
            .text("questionnaire")
            .or_else(|| node.get("questionnaire")?.text("reference"));
        let Some(url) = url else { return };
        let Some(questionnaire) = self.questionnaire(&url) else {
            let here = place.child("questionnaire", None);
            return self.cannot_check(
                Rule::Questionnaire,
                "the answers: the Questionnaire is not at hand",
                &here,
            );
        };
        let status = node.text("status").unwrap_or_default();
        let mut judged = Judged {
            form: Form::read(questionnaire),
            response: Response::read(resource),
            is_finished: matches!(&*status, "completed" | "amended"),
            next: 0,
        };
        let items = elements(resource, "item");
        self.level(&mut judged, None, &items, (None, true), place);
    }

    fn questionnaire(&self, url: &str) -> Option<Element<'a>> {
        let found = match url.strip_prefix('#') {
            Some(id) => self.contained.get(id).copied(),
            None => self.elsewhere(url).or_else(|| {
                let bare = without_version(url);
                let document = self.validator.questionnaire(bare)?;
                let version = url
                    .strip_prefix(bare)
                    .and_then(|rest| rest.strip_prefix('|'));
                let is_asked = version
                    .is_none_or(|asked| document.root().text("version").as_deref() == Some(asked));
                let root = is_asked.then(|| document.root())?;
                Element::resource_in(self.definitions.version(), root)
            }),
        };
        found.filter(|one| one.type_name() == "Questionnaire")
    }

    /// The items below a question (or those of the response itself) and the
    /// questions that may be there. `within` is the number of the item that they
    /// are in, and whether what is missing is to be told.
    fn level(
        &mut self,
        judged: &mut Judged<'a>,
        parent: Option<usize>,
        items: &[Element<'a>],
        within: (Option<usize>, bool),
        place: &Place<'_>,
    ) {
        let (outer, tells_missing) = within;
        let mut counts: HashMap<usize, usize> = HashMap::new();
        let mut last = 0;
        let mut is_out_of_order = false;
        for (index, item) in items.iter().enumerate() {
            let number = judged.next;
            judged.next += 1;
            let here = place.child("item", Some(index));
            let link_id = item.node().and_then(|node| node.text("linkId"));
            let link_id = link_id.unwrap_or_default();
            let found = judged.form.by_link_id.get(&link_id).copied();
            let question = found.filter(|found| judged.form.questions[*found].parent == parent);
            let Some(question) = question else {
                let text = match found {
                    None => "no item of the Questionnaire has this linkId",
                    Some(_) => "has another place in the Questionnaire",
                };
                self.tell(Severity::Error, IssueCode::Structure, text, &link_id, &here);
                judged.next = judged.response.end_of(number);
                continue;
            };
            is_out_of_order |= question < last;
            last = last.max(question);
            let count = counts.entry(question).or_default();
            *count += 1;
            if *count == 2 {
                self.repeated(&judged.form.questions[question], &here);
            }
            self.item(judged, question, number, *item, &here);
            judged.next = judged.response.end_of(number);
        }
        if is_out_of_order {
            let text = "has its items in another order than the Questionnaire";
            self.tell(Severity::Warning, IssueCode::Structure, text, "", place);
        }
        if !(judged.is_finished && tells_missing) {
            return;
        }
        for position in judged.form.required(parent) {
            if self.is_full() || judged.response.is_spent() {
                break;
            }
            if counts.contains_key(position) {
                continue;
            }
            let question = &judged.form.questions[*position];
            let spot = Spot::Absent(outer);
            match judged.response.enables(&judged.form, question, spot) {
                Some(true) => {
                    let text = "a required item of the Questionnaire is missing";
                    let link_id = question.link_id.clone();
                    self.tell(Severity::Error, IssueCode::Required, text, &link_id, place);
                }
                Some(false) => {}
                None => self.cannot_tell(place),
            }
        }
    }

    /// A second item of a question or group.
    fn repeated(&mut self, question: &Question<'a>, place: &Place<'_>) {
        let text = match question.kind {
            Kind::Group if question.repeats => return,
            Kind::Group => "the group is there more than once and does not repeat",
            _ if question.repeats => "all answers to a question must be in one item",
            _ => "the question is there more than once and does not repeat",
        };
        let link_id = question.link_id.clone();
        self.tell(Severity::Error, IssueCode::Structure, text, &link_id, place);
    }

    /// One item and its question.
    fn item(
        &mut self,
        judged: &mut Judged<'a>,
        position: usize,
        number: usize,
        item: Element<'a>,
        place: &Place<'_>,
    ) {
        let items = elements(item, "item");
        let answers = elements(item, "answer");
        let question = &judged.form.questions[position];
        let link_id = question.link_id.clone();
        let (kind, repeats) = (question.kind, question.repeats);
        let must_hold = question.is_required && judged.is_finished;
        let spot = Spot::At(number);
        let mut is_enabled = true;
        match judged.response.enables(&judged.form, question, spot) {
            Some(true) => {}
            Some(false) if answers.is_empty() && items.is_empty() => return,
            Some(false) => {
                let severity = if judged.is_finished {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                let text = "is filled in though it is not enabled";
                return self.tell(severity, IssueCode::Structure, text, &link_id, place);
            }
            None => {
                is_enabled = false;
                self.cannot_tell(place);
            }
        }
        let mut error = |code, text: &str| self.tell(Severity::Error, code, text, &link_id, place);
        if !kind.is_question() && !answers.is_empty() {
            error(IssueCode::Structure, "only a question has answers");
        }
        if kind == Kind::Display && !items.is_empty() {
            error(IssueCode::Structure, "what is only displayed holds nothing");
        }
        if kind.is_question() && !items.is_empty() {
            error(
                IssueCode::Structure,
                "what is below a question must be in its answer",
            );
        }
        if answers.len() > 1 && !repeats {
            error(
                IssueCode::Structure,
                "has more than one answer and does not repeat",
            );
        }
        if must_hold && is_enabled {
            match kind {
                Kind::Group if items.is_empty() => {
                    error(IssueCode::Required, "a required group must hold something");
                }
                _ if kind.is_question() && answers.is_empty() => {
                    error(IssueCode::Required, "must be answered");
                }
                _ => {}
            }
        }
        let parent = Some(position);
        if kind == Kind::Group {
            let within = (Some(number), is_enabled);
            return self.level(judged, parent, &items, within, place);
        }
        judged.next = items
            .iter()
            .fold(number + 1, |next, _| judged.response.end_of(next));
        for (index, answer) in answers.iter().enumerate() {
            let here = place.child("answer", Some(index));
            for value in elements(*answer, "value") {
                let here = here.child("value", None);
                self.answer(&judged.form, position, value, &here);
            }
            let items = elements(*answer, "item");
            let within = (Some(number), is_enabled);
            self.level(judged, parent, &items, within, &here);
        }
    }

    /// One answer: its type, and whether it is one that is offered.
    fn answer(&mut self, form: &Form<'a>, position: usize, value: Element<'a>, place: &Place<'_>) {
        let question = &form.questions[position];
        let name = value.type_name();
        let (is_right, wanted) = match question.kind {
            Kind::Asked(types) => (types.contains(&name), types.join(" or ")),
            Kind::Choice { is_open } => {
                let mut types: Vec<&str> =
                    question.options.iter().map(Element::type_name).collect();
                if types.is_empty() || question.value_set.is_some() {
                    types.push("Coding");
                }
                if is_open {
                    types.extend(["Coding", "string"]);
                }
                types.sort_unstable();
                types.dedup();
                (types.contains(&name), types.join(" or "))
            }
            _ => (true, String::new()),
        };
        if !is_right {
            let text = format!("the answer must be of type {wanted}");
            return self.tell(Severity::Error, IssueCode::Value, &text, name, place);
        }
        let length = value
            .node()
            .and_then(Node::as_str)
            .map(|text| text.chars().count());
        if let (Some(max), Some(length)) = (question.max_length, length)
            && length > max
        {
            let text = format!("the answer must have at most {max} characters");
            let found = length.to_string();
            self.tell(Severity::Error, IssueCode::Value, &text, &found, place);
        }
        match question.kind {
            Kind::Choice { is_open: true } if name == "string" => {}
            Kind::Choice { .. } => self.offered(form, question, value, place),
            _ => {}
        }
    }

    /// Whether an answer is among those that the Questionnaire offers.
    fn offered(
        &mut self,
        form: &Form<'a>,
        question: &Question<'a>,
        value: Element<'a>,
        place: &Place<'_>,
    ) {
        let mut options = question.options.iter();
        if options.any(|option| is_same(value, *option) == Some(true)) {
            return;
        }
        let Some(url) = &question.value_set else {
            if !question.options.is_empty() {
                let text = "must be one of the answers that the Questionnaire offers";
                let found = shown(value);
                self.tell(Severity::Error, IssueCode::CodeInvalid, text, &found, place);
            }
            return;
        };
        let node = value.node();
        let code = node.and_then(|node| node.text("code"));
        let system = node.and_then(|node| node.text("system"));
        let result = match (&code, url.strip_prefix('#')) {
            // Nothing to look for: that a code must be there is said of a choice.
            (None, _) => Membership::Out,
            (Some(code), Some(id)) => match form.contained.get(id) {
                Some(set) => {
                    let set = ValueSet::read(*set);
                    contains_in(self.validator, &set, system.as_deref(), code)
                }
                None => Membership::CannotCheck,
            },
            (Some(code), None) => {
                let url = without_version(url);
                contains(self.validator, url, system.as_deref(), code)
            }
        };
        match result {
            Membership::In => {}
            Membership::Out => {
                let text = format!("must have a code of the value set {url}");
                let found = shown(value);
                self.tell(
                    Severity::Error,
                    IssueCode::CodeInvalid,
                    &text,
                    &found,
                    place,
                );
            }
            Membership::CannotCheck => {
                self.cannot_check(Rule::Questionnaire, &format!("value set {url}"), place);
            }
        }
    }

    fn cannot_tell(&mut self, place: &Place<'_>) {
        self.cannot_check(
            Rule::Questionnaire,
            "whether items of the Questionnaire are enabled",
            place,
        );
    }

    fn tell(
        &mut self,
        severity: Severity,
        code: IssueCode,
        text: &str,
        found: &str,
        place: &Place<'_>,
    ) {
        let mut finding = Finding::new(severity, Rule::Questionnaire, text);
        finding.issue.code = code;
        self.report(finding, (!found.is_empty()).then_some(found), place);
    }
}

/// What was answered, for whoever sent it: a code, or only what kind of thing it is.
fn shown(value: Element<'_>) -> String {
    let coding = value.node().and_then(|node| {
        let system = node.text("system").unwrap_or(Cow::Borrowed(""));
        Some(format!("{system}|{}", node.text("code")?))
    });
    coding.unwrap_or_else(|| format!("a {}", value.type_name()))
}

#[cfg(test)]
mod tests;
