//! `ValueSet/$expand`: all codes of a value set, or a page of those that a text finds.

use std::collections::HashSet;

use fhir::codes::ValueSet;
use fhir::json::{Document, Node, Value};
use fhir::value;

use super::Question;
use super::lookup::designation_parts;
use super::refusal::Refusal;
use super::selection::{Loose, Selecting, Selection};
use super::validate_code::asked_set;
use crate::bits::Bits;
use crate::code_system::{CodeSystem, NameKind};
use crate::session::Session;

/// How many codes an answer may hold; for more, ask by pages.
pub const EXPANSION_CODES_MAX: usize = 10_000;

/// How deep codes may stand below one another in an answer.
pub const NESTING_MAX: usize = 16;

/// What an expansion shows of codes.
struct Shown<'a> {
    selection: &'a Selection,
    language: &'a str,
    designations: bool,
}

/// A code of an expansion.
#[derive(Debug, Clone, Copy)]
enum Entry<'a> {
    Concept(usize, u32),
    Loose(&'a Loose),
}

pub(super) fn answer(session: &Session, question: &Question<'_>) -> Result<Value, Refusal> {
    let inputs = question.inputs;
    inputs.only(
        &[
            "url",
            "valueSet",
            "valueSetVersion",
            "filter",
            "offset",
            "count",
            "activeOnly",
            "displayLanguage",
            "includeDesignations",
            "includeDefinition",
            "excludeNested",
        ],
        &[],
    )?;
    let set = asked_set(session, question)?;
    let filter = inputs.text("filter")?.unwrap_or_default();
    let offset = inputs.number("offset")?;
    let count = inputs.number("count")?;
    if count.is_some_and(|count| count > EXPANSION_CODES_MAX) {
        return Err(Refusal::too_costly(format!(
            "a page holds at most EXPANSION_CODES_MAX codes, {EXPANSION_CODES_MAX}"
        )));
    }
    let active_only = inputs.flag("activeOnly")?.unwrap_or(false);
    let language = inputs.text("displayLanguage")?.unwrap_or_default();
    let selection = select(session, &set, active_only)?;
    let shown = Shown {
        selection: &selection,
        language,
        designations: inputs.flag("includeDesignations")?.unwrap_or(false),
    };
    let entries = entries(&selection, filter);
    let total = entries.len();
    let start = offset.unwrap_or(0).min(total);
    let end = start.saturating_add(count.unwrap_or(total)).min(total);
    if end - start > EXPANSION_CODES_MAX {
        return Err(Refusal::too_costly(format!(
            "the value set has more codes than EXPANSION_CODES_MAX, {EXPANSION_CODES_MAX}; \
             ask with a filter, or by pages with count and offset"
        )));
    }
    let is_nested = inputs.flag("excludeNested")? == Some(false)
        && filter.is_empty()
        && (offset, count) == (None, None);
    let contains = if is_nested {
        nested(&shown, &entries)?
    } else {
        let page = entries[start..end].iter();
        page.map(|entry| shown.entry(*entry))
            .collect::<Result<Vec<_>, _>>()?
    };
    let mut expansion = value!({
        "timestamp": (question.now),
        "total": (number(total)),
    });
    if offset.is_some() || count.is_some() {
        expansion.set("offset", number(start));
    }
    let told = told(&selection, inputs, language, filter)?;
    if !told.is_empty() {
        expansion.set("parameter", Value::from(told));
    }
    if !contains.is_empty() {
        expansion.set("contains", Value::from(contains));
    }
    let mut answer = value!({ "resourceType": "ValueSet" });
    let definition = question.instance.map(Document::root);
    let definition = definition.or(inputs.tree("valueSet")?);
    head(&mut answer, definition, inputs.text("url")?);
    if inputs.flag("includeDefinition")?.unwrap_or(false)
        && let Some(compose) = definition.and_then(|node| node.get("compose"))
    {
        answer.set("compose", Value::from(compose));
    }
    answer.set("expansion", expansion);
    Ok(answer)
}

fn number(count: usize) -> Value {
    Value::Number(count.to_string())
}

/// What the answer says of the value set itself.
fn head(answer: &mut Value, definition: Option<Node<'_>>, url: Option<&str>) {
    let text = |name: &str| definition.and_then(|node| node.text(name));
    let given = url.and_then(|url| url.split('|').next()).map(Into::into);
    if let Some(url) = text("url").or(given) {
        answer.set("url", &*url);
    }
    for name in ["version", "name", "title"] {
        if let Some(value) = text(name) {
            answer.set(name, &*value);
        }
    }
    let status = text("status");
    answer.set("status", status.as_deref().unwrap_or("active"));
}

/// What the expansion depends on.
fn told(
    selection: &Selection,
    inputs: &super::Inputs,
    language: &str,
    filter: &str,
) -> Result<Vec<Value>, Refusal> {
    let mut parameters = Vec::new();
    for (name, text) in [("displayLanguage", language), ("filter", filter)] {
        if !text.is_empty() {
            let kind = if name == "filter" {
                "valueString"
            } else {
                "valueCode"
            };
            let mut parameter = value!({ "name": (name) });
            parameter.set(kind, text);
            parameters.push(parameter);
        }
    }
    for name in ["activeOnly", "includeDesignations", "excludeNested"] {
        if let Some(flag) = inputs.flag(name)? {
            parameters.push(value!({ "name": (name), "valueBoolean": (flag) }));
        }
    }
    for (system, _) in &selection.systems {
        let header = system.header();
        let uri = if header.version.is_empty() {
            header.url.clone()
        } else {
            format!("{}|{}", header.url, header.version)
        };
        parameters.push(value!({ "name": "version", "valueUri": (uri) }));
    }
    Ok(parameters)
}

fn select(session: &Session, set: &ValueSet, active_only: bool) -> Result<Selection, Refusal> {
    let mut selection = Selecting::new(session).select(set, 1)?;
    if active_only {
        selection.keep_active();
    }
    Ok(selection)
}

/// The codes in their order: those that are listed as the value set lists them, then
/// the others as their systems have them; with a filter, the best find first.
fn entries<'a>(selection: &'a Selection, filter: &str) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    if filter.trim().is_empty() {
        let mut seen: Vec<Bits> = Vec::new();
        for (system, _) in &selection.systems {
            seen.push(Bits::new(system.len()));
        }
        for (slot, concept) in &selection.listed {
            if selection.systems[*slot].1.contains(*concept) && seen[*slot].insert(*concept) {
                entries.push(Entry::Concept(*slot, *concept));
            }
        }
        for (slot, (_, bits)) in selection.systems.iter().enumerate() {
            let rest = bits.iter().filter(|one| !seen[slot].contains(*one));
            entries.extend(rest.map(|concept| Entry::Concept(slot, concept)));
        }
    } else {
        for (slot, (system, bits)) in selection.systems.iter().enumerate() {
            let found = system.named(filter, bits).into_iter();
            entries.extend(found.map(|concept| Entry::Concept(slot, concept)));
        }
    }
    let wanted: Vec<String> = crate::code_system::words_of(filter).collect();
    let loose = selection.loose.iter().filter(|one| {
        let name = selection.displays.get(one).map_or("", String::as_str);
        let words: HashSet<String> = crate::code_system::words_of(name).collect();
        wanted
            .iter()
            .all(|wanted| words.iter().any(|word| word.starts_with(wanted.as_str())))
            || one.code == filter
    });
    entries.extend(loose.map(Entry::Loose));
    entries
}

impl Shown<'_> {
    fn entry(&self, entry: Entry<'_>) -> Result<Value, Refusal> {
        match entry {
            Entry::Concept(slot, concept) => self.concept(&self.selection.systems[slot].0, concept),
            Entry::Loose(loose) => {
                let mut value = value!({
                    "system": (loose.system.as_str()),
                    "code": (loose.code.as_str()),
                });
                if let Some(display) = self.selection.displays.get(loose) {
                    value.set("display", display.as_str());
                }
                Ok(value)
            }
        }
    }

    fn concept(&self, system: &CodeSystem, concept: u32) -> Result<Value, Refusal> {
        let header = system.header();
        let code = system.code(concept);
        let mut value = value!({ "system": (header.url.as_str()) });
        if system.is_abstract(concept) {
            value.set("abstract", true);
        }
        if !system.is_active(concept) {
            value.set("inactive", true);
        }
        if !header.version.is_empty() {
            value.set("version", header.version.as_str());
        }
        value.set("code", code);
        let loose = Loose {
            system: header.url.clone(),
            code: code.to_owned(),
        };
        // What the value set calls it counts, unless a language is asked for.
        let by_set = self
            .selection
            .displays
            .get(&loose)
            .filter(|_| self.language.is_empty());
        let display = match by_set {
            Some(display) => Some(display.clone()),
            None => system.display(concept, self.language)?,
        };
        if let Some(display) = display {
            value.set("display", display.as_str());
        }
        if self.designations {
            let all: Vec<Value> = system
                .designations(concept)?
                .iter()
                .filter(|one| one.kind != NameKind::Definition)
                .map(designation_parts)
                .collect();
            if !all.is_empty() {
                value.set("designation", Value::from(all));
            }
        }
        Ok(value)
    }
}

/// The codes below one another, each under the first of its parents that is there;
/// past [`NESTING_MAX`], beside them.
fn nested(shown: &Shown<'_>, entries: &[Entry<'_>]) -> Result<Vec<Value>, Refusal> {
    let mut placed: Vec<Bits> = Vec::new();
    for (system, _) in &shown.selection.systems {
        placed.push(Bits::new(system.len()));
    }
    let mut out = Vec::new();
    for entry in entries {
        match entry {
            Entry::Loose(_) => out.push(shown.entry(*entry)?),
            Entry::Concept(slot, concept) => {
                let (system, bits) = &shown.selection.systems[*slot];
                let has_parent = system
                    .parents(*concept)
                    .iter()
                    .any(|one| bits.contains(*one));
                if !has_parent && placed[*slot].insert(*concept) {
                    out.push(tree(shown, *slot, *concept, 1, &mut placed[*slot])?);
                }
            }
        }
    }
    // What stands too deep, or in a circle.
    for entry in entries {
        if let Entry::Concept(slot, concept) = entry
            && placed[*slot].insert(*concept)
        {
            out.push(shown.entry(*entry)?);
        }
    }
    Ok(out)
}

fn tree(
    shown: &Shown<'_>,
    slot: usize,
    concept: u32,
    depth: usize,
    placed: &mut Bits,
) -> Result<Value, Refusal> {
    let (system, bits) = &shown.selection.systems[slot];
    let mut value = shown.concept(system, concept)?;
    if depth >= NESTING_MAX {
        return Ok(value);
    }
    let mut below = Vec::new();
    for child in system.children(concept) {
        if bits.contains(*child) && placed.insert(*child) {
            below.push(tree(shown, slot, *child, depth + 1, placed)?);
        }
    }
    if !below.is_empty() {
        value.set("contains", Value::from(below));
    }
    Ok(value)
}
