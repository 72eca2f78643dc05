//! What a QuestionnaireResponse answers, and which questions are enabled by that.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use super::form::{Form, Question, elements};
use crate::fhirpath::{Element, Item, is_same_item, order_items};
use crate::json::Node;

/// How many steps the search for the answers that conditions ask for may take in
/// one response. What is not found by then cannot be checked.
pub const CONDITION_STEPS_MAX: usize = 200_000;

/// An item of a response. Items are numbered in the order of the response.
pub(super) struct Given<'a> {
    link_id: Cow<'a, str>,
    /// The item that it is in.
    parent: Option<usize>,
    /// The number after the last item that is in it.
    end: usize,
    values: Vec<Element<'a>>,
}

/// The items of a response.
pub(super) struct Response<'a> {
    items: Vec<Given<'a>>,
    by_link_id: HashMap<Cow<'a, str>, Vec<usize>>,
    steps: usize,
}

/// Where a question is, or would be, in a response.
#[derive(Clone, Copy)]
pub(super) enum Spot {
    /// It is the item of that number.
    At(usize),
    /// It is not there; it would be in the item of that number, or in none.
    Absent(Option<usize>),
}

impl<'a> Response<'a> {
    pub(super) fn read(response: Element<'a>) -> Self {
        let mut read = Self {
            items: Vec::new(),
            by_link_id: HashMap::new(),
            steps: 0,
        };
        read.level(response, None);
        for (number, item) in read.items.iter().enumerate() {
            let same = read.by_link_id.entry(item.link_id.clone()).or_default();
            same.push(number);
        }
        read
    }

    /// The items come in the order that [`super::Walk`] comes by them: those in an
    /// item itself, then those in each of its answers.
    fn level(&mut self, of: Element<'a>, parent: Option<usize>) {
        for item in elements(of, "item") {
            let number = self.items.len();
            let answers = elements(item, "answer");
            let link_id = item.node().and_then(|node| node.text("linkId"));
            self.items.push(Given {
                link_id: link_id.unwrap_or_default(),
                parent,
                end: 0,
                values: answers
                    .iter()
                    .flat_map(|answer| elements(*answer, "value"))
                    .collect(),
            });
            self.level(item, Some(number));
            for answer in answers {
                self.level(answer, Some(number));
            }
            self.items[number].end = self.items.len();
        }
    }

    /// The number after the last item that is in this one.
    pub(super) fn end_of(&self, number: usize) -> usize {
        self.items.get(number).map_or(number + 1, |item| item.end)
    }

    /// Whether no more conditions are judged.
    pub(super) fn is_spent(&self) -> bool {
        self.steps > CONDITION_STEPS_MAX
    }

    /// Whether a question is to be asked; `None` when that cannot be told.
    pub(super) fn enables(
        &mut self,
        form: &Form<'a>,
        question: &Question<'a>,
        spot: Spot,
    ) -> Option<bool> {
        if question.conditions.is_empty() {
            return Some(true);
        }
        let mut is_open = false;
        for condition in &question.conditions {
            match self.holds(form, *condition, spot) {
                Some(holds) if holds != question.needs_all => return Some(holds),
                Some(_) => {}
                None => is_open = true,
            }
        }
        (!is_open).then_some(question.needs_all)
    }

    fn holds(&mut self, form: &Form<'a>, condition: Element<'a>, spot: Spot) -> Option<bool> {
        self.steps += 1;
        if self.is_spent() {
            return None;
        }
        let node = condition.node()?;
        let link_id = node.text("question")?;
        // A condition on what is no question says nothing that could be checked.
        form.by_link_id.get(&*link_id)?;
        let values = match self.nearest(&link_id, spot)? {
            Some(number) => &self.items[number].values[..],
            None => &[],
        };
        let wanted = elements(condition, "answer");
        let Some(operator) = node.text("operator") else {
            return of_stu3(node, &wanted, values);
        };
        let wanted = wanted.first()?;
        match &*operator {
            "exists" => Some(wanted.node()?.as_bool()? != values.is_empty()),
            "=" => any(values, |value| is_same(value, *wanted)),
            "!=" => any(values, |value| is_same(value, *wanted)).map(|is_any| !is_any),
            ">" => any(values, |value| compares(value, *wanted, Ordering::is_gt)),
            "<" => any(values, |value| compares(value, *wanted, Ordering::is_lt)),
            ">=" => any(values, |value| compares(value, *wanted, Ordering::is_ge)),
            "<=" => any(values, |value| compares(value, *wanted, Ordering::is_le)),
            _ => None,
        }
    }

    /// The nearest item of a linkId: one that the question is in, or else one in
    /// the nearest of those, rather before the question than after it. The outer
    /// `None` when the steps are spent.
    #[expect(
        clippy::option_option,
        reason = "not known is not the same as not there"
    )]
    fn nearest(&mut self, link_id: &str, spot: Spot) -> Option<Option<usize>> {
        let Some(same) = self.by_link_id.get(link_id) else {
            return Some(None);
        };
        let (mut around, here) = match spot {
            Spot::At(number) => (self.items[number].parent, Some(number)),
            Spot::Absent(parent) => (parent, None),
        };
        loop {
            self.steps += 1;
            if self.is_spent() {
                return None;
            }
            let (start, end) = match around {
                Some(number) => (number, self.items[number].end),
                None => (0, self.items.len()),
            };
            // A question that is not there comes after all that is.
            let here = here.unwrap_or(end);
            let before = same.partition_point(|number| *number < here);
            let found = same[..before].last().filter(|number| **number >= start);
            let found = found.or_else(|| {
                let after = same[before..].iter().find(|number| **number != here);
                after.filter(|number| **number < end)
            });
            if found.is_some() {
                return Some(found.copied());
            }
            match around {
                Some(number) => around = self.items[number].parent,
                None => return Some(None),
            }
        }
    }
}

/// A condition of STU3: whether there is an answer, or one of those named.
fn of_stu3<'a>(node: Node<'a>, wanted: &[Element<'a>], values: &[Element<'a>]) -> Option<bool> {
    let has_answer = node.get("hasAnswer").and_then(Node::as_bool);
    if has_answer == Some(false) && values.is_empty() {
        return Some(true);
    }
    match wanted.first() {
        Some(wanted) => any(values, |value| is_same(value, *wanted)),
        None => Some(has_answer? != values.is_empty()),
    }
}

fn any<'a>(
    values: &[Element<'a>],
    mut holds: impl FnMut(Element<'a>) -> Option<bool>,
) -> Option<bool> {
    let mut result = Some(false);
    for value in values {
        match holds(*value) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

/// Whether an answer is the one that is meant: codings by system and code, all
/// else as FHIRPath compares.
pub(super) fn is_same<'a>(answer: Element<'a>, wanted: Element<'a>) -> Option<bool> {
    if answer.type_name() != wanted.type_name() {
        // `code` and `string` say the same thing by another name; the rest does not.
        let is_text = |one: Element<'_>| one.node().is_some_and(|node| node.as_str().is_some());
        if !(is_text(answer) && is_text(wanted)) {
            return Some(false);
        }
    }
    let (one, other) = (answer.node()?, wanted.node()?);
    match answer.type_name() {
        "Coding" => {
            let is_code = one.text("code") == other.text("code");
            // What names no system is meant whatever the system is.
            let is_system = other
                .text("system")
                .is_none_or(|system| one.text("system") == Some(system));
            let is_text =
                other.text("code").is_some() || one.text("display") == other.text("display");
            Some(is_code && is_system && is_text)
        }
        "Reference" => Some(one.text("reference")? == other.text("reference")?),
        _ => is_same_item(&Item::Element(answer), &Item::Element(wanted)),
    }
}

fn compares(answer: Element<'_>, wanted: Element<'_>, is: fn(Ordering) -> bool) -> Option<bool> {
    let order = order_items(&Item::Element(answer), &Item::Element(wanted));
    order.ok().flatten().map(is)
}
