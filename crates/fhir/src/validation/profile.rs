//! Profiles: the differentials from the first to the last, one laid over the other.
//!
//! What comes out is what a snapshot adds to the definitions of FHIR: the elements
//! that no profile speaks of are not repeated, since [`crate::definitions`] has them.

use std::collections::{HashMap, HashSet};

use super::rules::Rules;
use crate::FhirVersion;
use crate::codes::without_version;
use crate::definitions::{self, TypeId};
use crate::json::{Document, Node};

/// How many profiles one may be derived from, one through the other.
pub const PROFILE_CHAIN_MAX: usize = 32;

/// How deep the elements of a profile may nest, slices included.
const ELEMENT_DEPTH_MAX: usize = 64;

/// A profile, ready for use.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) url: String,
    /// The type that it is about.
    pub(super) type_id: TypeId,
    /// The rules of the root element.
    pub(super) rules: Rules,
    /// Where an extension may be used; empty when that is not said.
    pub(super) contexts: Vec<UseContext>,
    /// The profiles that it is derived from, the nearest first.
    pub(super) ancestors: Vec<String>,
}

/// Where an extension may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UseContext {
    /// At an element or type of that name.
    Element(String),
    /// In the extension of that URL.
    Extension(String),
    /// Somewhere that cannot be checked.
    Other,
}

/// Builds the profile of that URL; `None` when it, or one that it is derived from,
/// is not at hand or makes no sense.
pub(super) fn build<'p>(
    version: FhirVersion,
    url: &str,
    find: impl Fn(&str) -> Option<&'p Document>,
) -> Option<Profile> {
    let definitions = definitions::of(version);
    let mut chain = Vec::new();
    let mut seen = HashSet::new();
    let mut next = url.to_owned();
    let type_id = loop {
        let Some(document) = find(&next) else {
            // What is no profile is a type of FHIR, where the chain ends.
            let name = next.rsplit('/').next().unwrap_or_default();
            break definitions.find(name).filter(|_| !chain.is_empty())?;
        };
        if chain.len() >= PROFILE_CHAIN_MAX || !seen.insert(next.clone()) {
            return None;
        }
        let root = document.root();
        let base = root.text("baseDefinition").unwrap_or_default();
        chain.push(root);
        next = without_version(&base).to_owned();
    };
    let last = chain[0];
    // The type that the profile names is the one that its chain ends at.
    let stated = last.text("type").and_then(|name| definitions.find(&name));
    let type_id = stated
        .filter(|stated| definitions.is_a(*stated, type_id))
        .unwrap_or(type_id);
    let mut rules = Rules::default();
    for definition in chain.iter().rev() {
        Layer::new(version, type_id).lay(*definition, &mut rules)?;
    }
    Some(Profile {
        url: url.to_owned(),
        type_id,
        rules,
        contexts: contexts(last),
        ancestors: chain[1..]
            .iter()
            .filter_map(|one| Some(one.text("url")?.into_owned()))
            .collect(),
    })
}

fn contexts(definition: Node<'_>) -> Vec<UseContext> {
    // STU3: a list of texts, of one kind.
    if let Some(kind) = definition.text("contextType") {
        let mut contexts = Vec::new();
        for text in definition.each("context").filter_map(Node::as_str) {
            // Some definitions name several in one text.
            for one in text.split(',') {
                let one = one.trim().to_owned();
                contexts.push(match &*kind {
                    "extension" => UseContext::Extension(one),
                    _ => UseContext::Element(one),
                });
            }
        }
        return contexts;
    }
    definition
        .each("context")
        .map(|context| {
            let expression = context.text("expression").unwrap_or_default().into_owned();
            match context.text("type").as_deref() {
                Some("element") => UseContext::Element(expression),
                Some("extension") => UseContext::Extension(expression),
                _ => UseContext::Other,
            }
        })
        .collect()
}

/// Lays one differential over the rules so far.
struct Layer {
    version: FhirVersion,
    type_id: TypeId,
    /// For elements without ids: the slice that a path was last in.
    open_slices: HashMap<String, String>,
}

impl Layer {
    fn new(version: FhirVersion, type_id: TypeId) -> Self {
        Self {
            version,
            type_id,
            open_slices: HashMap::new(),
        }
    }

    fn lay(&mut self, definition: Node<'_>, rules: &mut Rules) -> Option<()> {
        // A profile that has only a snapshot says there what it says at all.
        let elements = definition
            .get("differential")
            .or_else(|| definition.get("snapshot"))?;
        for element in elements.each("element") {
            let path = element.text("path")?;
            let steps = self.steps(&path, element);
            if steps.len() > ELEMENT_DEPTH_MAX {
                return None;
            }
            let mut place = &mut *rules;
            let mut type_id = Some(self.type_id);
            for (name, slice) in &steps {
                (place, type_id) = self.descend(place, type_id, name, slice);
            }
            place.constrain(self.version, element);
        }
        rules.settle_names();
        Some(())
    }

    /// The names on the way from the root, each with the slice it is in.
    fn steps(&mut self, path: &str, element: Node<'_>) -> Vec<(String, String)> {
        let names: Vec<&str> = path.split('.').skip(1).collect();
        if let Some(id) = element.text("id") {
            let parts: Vec<&str> = split_id(&id, path);
            if parts.len() == names.len() {
                return parts
                    .iter()
                    .zip(names)
                    .map(|(part, name)| {
                        let (own, slice) = part.split_once(':').unwrap_or((part, ""));
                        // `value[x]:valueQuantity` may have the path `valueQuantity`.
                        let name = if own.ends_with("[x]") { own } else { name };
                        (name.to_owned(), slice.to_owned())
                    })
                    .collect();
            }
        }
        if let Some(slice) = element.text("sliceName") {
            self.open_slices.insert(path.to_owned(), slice.into_owned());
        } else {
            self.open_slices.remove(path);
        }
        let mut so_far = path.split('.').next().unwrap_or_default().to_owned();
        names
            .iter()
            .map(|name| {
                so_far = format!("{so_far}.{name}");
                let slice = self.open_slices.get(&so_far).cloned().unwrap_or_default();
                ((*name).to_owned(), slice)
            })
            .collect()
    }

    /// The rules of a child, made when they are not there yet, and its type when
    /// there is only one that it can have.
    fn descend<'r>(
        &self,
        parent: &'r mut Rules,
        type_id: Option<TypeId>,
        name: &str,
        slice: &str,
    ) -> (&'r mut Rules, Option<TypeId>) {
        let definitions = definitions::of(self.version);
        let bare = name.strip_suffix("[x]").unwrap_or(name);
        let structure = type_id.map(|id| definitions.get(id));
        let element = structure.and_then(|structure| structure.element(bare));
        let mut only = None;
        let (bare, slice, element) = match (element, structure) {
            (Some((_, element)), _) => (bare, slice, Some(element)),
            // `valueQuantity` for the slice of `value[x]` that is a Quantity.
            (None, Some(structure)) => match structure.member(bare) {
                Some(member) if !member.is_extras => {
                    let element = &structure.elements[usize::from(member.element)];
                    let form = &element.forms[usize::from(member.form)];
                    // An element that is renamed has no other type any more.
                    only = slice.is_empty().then(|| definitions.get(form.type_id).name);
                    (element.name, &*form.member, Some(element))
                }
                _ => (bare, slice, None),
            },
            (None, None) => (bare, slice, None),
        };
        let mut place = child(&mut parent.children, bare, None);
        if let Some(code) = only {
            let is_new = !place.renamed.iter().any(|one| one == code);
            place.renamed.extend(is_new.then(|| code.to_owned()));
        }
        if !slice.is_empty() {
            // `a/b` is slice `b` of slice `a`.
            let mut so_far = String::new();
            for part in slice.split('/') {
                if !so_far.is_empty() {
                    so_far.push('/');
                }
                so_far.push_str(part);
                place = child(&mut place.slices, bare, Some(&so_far));
            }
        }
        let forms = element.map_or(&[][..], |element| &element.forms);
        let of_slice = forms.iter().find(|form| *form.member == *slice);
        let of_rule = match &place.types[..] {
            [only] => definitions.find(&only.code),
            _ => None,
        };
        let only_form = match forms {
            [only] if only.type_id != definitions.any_resource() => Some(only.type_id),
            _ => None,
        };
        let type_id = of_slice.map(|form| form.type_id).or(only_form).or(of_rule);
        (place, type_id)
    }
}

fn child<'r>(list: &'r mut Vec<Rules>, name: &str, slice: Option<&str>) -> &'r mut Rules {
    let found = list
        .iter()
        .position(|one| one.name == name && one.slice.as_deref() == slice);
    let position = found.unwrap_or_else(|| {
        list.push(Rules {
            name: name.to_owned(),
            slice: slice.map(str::to_owned),
            ..Rules::default()
        });
        list.len() - 1
    });
    &mut list[position]
}

/// The parts of an id after the first. A slice may have a dot in its name: where
/// the path tells the next name, the id is parted there.
fn split_id<'i>(id: &'i str, path: &str) -> Vec<&'i str> {
    let mut rest = id;
    let mut parts = Vec::new();
    let mut names = path.split('.').peekable();
    while names.next().is_some() {
        let end = match names.peek() {
            Some(next) => {
                let found = rest.match_indices('.').map(|(at, _)| at).find(|at| {
                    let after = &rest[at + 1..];
                    let name = after.split(['.', ':']).next().unwrap_or_default();
                    let is_choice = name
                        .strip_suffix("[x]")
                        .is_some_and(|bare| next.starts_with(bare));
                    name == *next || is_choice
                });
                match found {
                    Some(at) => at,
                    None => return Vec::new(),
                }
            }
            None => rest.len(),
        };
        parts.push(&rest[..end]);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    parts.remove(0);
    parts
}
