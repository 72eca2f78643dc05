//! A Questionnaire as a form: its questions, each with what an answer must be.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::FhirVersion;
use crate::fhirpath::{Element, Item, children};
use crate::json::Node;

/// The questions of a Questionnaire, in its order.
pub(super) struct Form<'a> {
    pub(super) questions: Vec<Question<'a>>,
    /// The required ones of the first level, by position.
    required: Vec<usize>,
    pub(super) by_link_id: HashMap<Cow<'a, str>, usize>,
    /// What the Questionnaire contains, by id: value sets.
    pub(super) contained: HashMap<Cow<'a, str>, Node<'a>>,
}

/// An item of a Questionnaire.
pub(super) struct Question<'a> {
    pub(super) link_id: Cow<'a, str>,
    /// The question or group that it is below.
    pub(super) parent: Option<usize>,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) repeats: bool,
    /// In characters.
    pub(super) max_length: Option<usize>,
    pub(super) conditions: Vec<Element<'a>>,
    /// All conditions must hold, not just one.
    pub(super) needs_all: bool,
    /// The answers that are offered.
    pub(super) options: Vec<Element<'a>>,
    pub(super) value_set: Option<Cow<'a, str>>,
    /// What is below it and required, by position.
    required: Vec<usize>,
}

/// What an item is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    Display,
    /// A question whose answers have one of these types.
    Asked(&'static [&'static str]),
    /// A question whose answers are among those that are offered, or in a value set.
    Choice {
        /// Free text is an answer too.
        is_open: bool,
    },
    /// A question that only says what others have in common, or has a type that
    /// FHIR does not know: any answer will do.
    Any,
}

impl Kind {
    fn of(code: &str) -> Self {
        match code {
            "group" => Self::Group,
            "display" => Self::Display,
            "boolean" => Self::Asked(&["boolean"]),
            "decimal" => Self::Asked(&["decimal"]),
            "integer" => Self::Asked(&["integer"]),
            "date" => Self::Asked(&["date"]),
            "dateTime" => Self::Asked(&["dateTime"]),
            "time" => Self::Asked(&["time"]),
            "string" | "text" => Self::Asked(&["string"]),
            "url" => Self::Asked(&["uri"]),
            "attachment" => Self::Asked(&["Attachment"]),
            "reference" => Self::Asked(&["Reference"]),
            "quantity" => Self::Asked(&["Quantity"]),
            "choice" => Self::Choice { is_open: false },
            "open-choice" => Self::Choice { is_open: true },
            _ => Self::Any,
        }
    }

    /// Whether it is a question, so that it can be answered.
    pub(super) fn is_question(self) -> bool {
        !matches!(self, Self::Group | Self::Display)
    }
}

impl<'a> Form<'a> {
    pub(super) fn read(questionnaire: Element<'a>) -> Self {
        let contained = questionnaire
            .node()
            .into_iter()
            .flat_map(|node| node.each("contained"))
            .filter_map(|node| Some((node.text("id")?, node)))
            .collect();
        let mut form = Self {
            questions: Vec::new(),
            required: Vec::new(),
            by_link_id: HashMap::new(),
            contained,
        };
        form.required = form.level(questionnaire, None);
        form
    }

    /// What must be answered right below a question, or at the first level.
    pub(super) fn required(&self, parent: Option<usize>) -> &[usize] {
        match parent {
            Some(parent) => &self.questions[parent].required,
            None => &self.required,
        }
    }

    fn level(&mut self, of: Element<'a>, parent: Option<usize>) -> Vec<usize> {
        let mut required = Vec::new();
        for item in elements(of, "item") {
            let Some(node) = item.node() else { continue };
            let position = self.questions.len();
            let question = Question::read(item, node, parent);
            // Of two with the same linkId the first counts; rule que-2 tells of it.
            self.by_link_id
                .entry(question.link_id.clone())
                .or_insert(position);
            if question.is_required && question.kind != Kind::Display {
                required.push(position);
            }
            self.questions.push(question);
            self.questions[position].required = self.level(item, Some(position));
        }
        required
    }
}

impl<'a> Question<'a> {
    fn read(item: Element<'a>, node: Node<'a>, parent: Option<usize>) -> Self {
        let is = |name: &str| node.get(name).and_then(Node::as_bool) == Some(true);
        let is_stu3 = item.version() == FhirVersion::Stu3;
        let (option, value_set) = if is_stu3 {
            let options = node.get("options");
            ("option", options.and_then(|one| one.text("reference")))
        } else {
            ("answerOption", node.text("answerValueSet"))
        };
        Self {
            link_id: node.text("linkId").unwrap_or_default(),
            parent,
            kind: Kind::of(&node.text("type").unwrap_or_default()),
            is_required: is("required"),
            repeats: is("repeats"),
            max_length: node
                .get("maxLength")
                .and_then(Node::as_number)
                .and_then(|digits| digits.parse().ok()),
            conditions: elements(item, "enableWhen"),
            // STU3 joins them by "or", always.
            needs_all: node.text("enableBehavior").as_deref() == Some("all"),
            options: elements(item, option)
                .into_iter()
                .flat_map(|option| elements(option, "value"))
                .collect(),
            value_set,
            required: Vec::new(),
        }
    }
}

/// The values of an element of another.
pub(super) fn elements<'a>(of: Element<'a>, name: &str) -> Vec<Element<'a>> {
    let mut items = Vec::new();
    children(&of, name, &mut items);
    items
        .into_iter()
        .filter_map(|item| match item {
            Item::Element(element) => Some(element),
            _ => None,
        })
        .collect()
}
