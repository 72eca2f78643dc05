//! Whether a code is in a value set, as far as the code systems at hand tell.

use std::collections::{HashMap, HashSet};

use super::rules::without_version;
use crate::json::{Kind, Node};

/// How many value sets may include one another.
const VALUE_SET_DEPTH_MAX: usize = 16;

/// How many steps up a code may have.
const ANCESTORS_MAX: usize = 1000;

/// Systems whose codes follow a grammar of which only the outer form is looked at:
/// languages, media types, units.
const BY_GRAMMAR: [&str; 3] = [
    "urn:ietf:bcp:47",
    "urn:ietf:bcp:13",
    "http://unitsofmeasure.org",
];

/// Whether a code is in a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Membership {
    In,
    Out,
    /// The value set, or a code system that it draws from, is not at hand.
    CannotCheck,
}

/// Which codes make up a value set.
#[derive(Debug, Default)]
pub(super) struct ValueSet {
    include: Vec<Part>,
    exclude: Vec<Part>,
}

#[derive(Debug, Default)]
struct Part {
    system: Option<String>,
    codes: Option<HashSet<String>>,
    filters: Vec<Filter>,
    value_sets: Vec<String>,
}

#[derive(Debug)]
enum Filter {
    IsA(String),
    DescendentOf(String),
    IsNotA(String),
    /// One that is not understood.
    Other,
}

/// The codes of a system and what they are below.
#[derive(Debug, Default)]
pub(super) struct CodeSystem {
    /// All codes are there.
    is_complete: bool,
    ignores_case: bool,
    parents: HashMap<String, Vec<String>>,
}

impl ValueSet {
    pub(super) fn read(definition: Node<'_>) -> Self {
        if let Some(compose) = definition.get("compose") {
            return Self {
                include: compose.each("include").map(part).collect(),
                exclude: compose.each("exclude").map(part).collect(),
            };
        }
        // Only an expansion: its codes, by system.
        let mut by_system: HashMap<Option<String>, HashSet<String>> = HashMap::new();
        let mut open: Vec<Node<'_>> = definition
            .get("expansion")
            .into_iter()
            .flat_map(|expansion| expansion.each("contains"))
            .collect();
        while let Some(entry) = open.pop() {
            open.extend(entry.each("contains"));
            if let Some(code) = entry.text("code") {
                let system = entry.text("system").map(std::borrow::Cow::into_owned);
                by_system
                    .entry(system)
                    .or_default()
                    .insert(code.into_owned());
            }
        }
        let include = by_system.into_iter().map(|(system, codes)| Part {
            system,
            codes: Some(codes),
            ..Part::default()
        });
        Self {
            include: include.collect(),
            exclude: Vec::new(),
        }
    }
}

fn part(part: Node<'_>) -> Part {
    let codes: HashSet<String> = part
        .each("concept")
        .filter_map(|concept| Some(concept.text("code")?.into_owned()))
        .collect();
    let filters = part.each("filter").map(|filter| {
        let value = filter.text("value").unwrap_or_default().into_owned();
        let property = filter.text("property").unwrap_or_default();
        match (&*property, &*filter.text("op").unwrap_or_default()) {
            ("concept" | "code", "is-a") => Filter::IsA(value),
            ("concept" | "code", "descendent-of") => Filter::DescendentOf(value),
            ("concept" | "code", "is-not-a") => Filter::IsNotA(value),
            _ => Filter::Other,
        }
    });
    let value_sets = part.get("valueSet").map_or_else(Vec::new, |sets| {
        let bare = |set: Node<'_>| set.as_str().map(|url| without_version(&url).to_owned());
        match sets.kind() {
            Kind::Array => sets.items().filter_map(bare).collect(),
            _ => bare(sets).into_iter().collect(),
        }
    });
    Part {
        system: part.text("system").map(std::borrow::Cow::into_owned),
        codes: (!codes.is_empty()).then_some(codes),
        filters: filters.collect(),
        value_sets,
    }
}

impl CodeSystem {
    pub(super) fn read(definition: Node<'_>) -> Self {
        let mut system = Self {
            is_complete: definition.text("content").as_deref() == Some("complete"),
            ignores_case: definition.get("caseSensitive").and_then(Node::as_bool) == Some(false),
            parents: HashMap::new(),
        };
        let mut open: Vec<(Node<'_>, Option<String>)> =
            definition.each("concept").map(|one| (one, None)).collect();
        while let Some((concept, parent)) = open.pop() {
            let Some(code) = concept.text("code") else {
                continue;
            };
            let code = system.key(&code);
            let parents = system.parents.entry(code.clone()).or_default();
            parents.extend(parent);
            for property in concept.each("property") {
                let name = property.text("code").unwrap_or_default();
                if matches!(&*name, "subsumedBy" | "parent")
                    && let Some(parent) = property.text("valueCode")
                {
                    parents.push(parent.into_owned());
                }
            }
            open.extend(concept.each("concept").map(|one| (one, Some(code.clone()))));
        }
        system
    }

    fn key(&self, code: &str) -> String {
        if self.ignores_case {
            code.to_lowercase()
        } else {
            code.to_owned()
        }
    }

    /// Whether the system has the code.
    fn has(&self, code: &str) -> Membership {
        if self.parents.contains_key(&self.key(code)) {
            Membership::In
        } else if self.is_complete {
            Membership::Out
        } else {
            Membership::CannotCheck
        }
    }

    /// Whether a code is below another one.
    fn is_below(&self, code: &str, ancestor: &str) -> bool {
        let ancestor = self.key(ancestor);
        let mut seen = HashSet::new();
        let mut open = vec![self.key(code)];
        while let Some(code) = open.pop() {
            for parent in self.parents.get(&code).into_iter().flatten() {
                if *parent == ancestor {
                    return true;
                }
                if seen.len() < ANCESTORS_MAX && seen.insert(parent.clone()) {
                    open.push(parent.clone());
                }
            }
        }
        false
    }
}

/// Value sets and code systems by canonical URL.
pub(super) trait Terms {
    fn value_set(&self, url: &str) -> Option<&ValueSet>;
    fn code_system(&self, url: &str) -> Option<&CodeSystem>;
}

/// Whether a code, of a system when that is known, is in a value set.
pub(super) fn contains(
    terms: &dyn Terms,
    value_set: &str,
    system: Option<&str>,
    code: &str,
) -> Membership {
    member_of(terms, value_set, system, code, 0)
}

fn member_of(
    terms: &dyn Terms,
    value_set: &str,
    system: Option<&str>,
    code: &str,
    depth: usize,
) -> Membership {
    let Some(set) = terms
        .value_set(value_set)
        .filter(|_| depth < VALUE_SET_DEPTH_MAX)
    else {
        return Membership::CannotCheck;
    };
    let any = |parts: &[Part]| {
        let mut result = Membership::Out;
        for part in parts {
            match in_part(terms, part, system, code, depth) {
                Membership::In => return Membership::In,
                Membership::CannotCheck => result = Membership::CannotCheck,
                Membership::Out => {}
            }
        }
        result
    };
    match (any(&set.include), any(&set.exclude)) {
        (Membership::Out, _) | (_, Membership::In) => Membership::Out,
        (Membership::In, Membership::Out) => Membership::In,
        _ => Membership::CannotCheck,
    }
}

fn in_part(
    terms: &dyn Terms,
    part: &Part,
    system: Option<&str>,
    code: &str,
    depth: usize,
) -> Membership {
    let mut result = Membership::In;
    let mut narrow = |membership| match (membership, result) {
        (Membership::Out, _) | (_, Membership::Out) => result = Membership::Out,
        (Membership::CannotCheck, _) => result = Membership::CannotCheck,
        (Membership::In, _) => {}
    };
    for set in &part.value_sets {
        narrow(member_of(terms, set, system, code, depth + 1));
    }
    let Some(of) = part.system.as_deref() else {
        if let Some(codes) = &part.codes {
            narrow(found(codes.contains(code)));
        }
        return result;
    };
    if system.is_some_and(|system| system != of) {
        return Membership::Out;
    }
    if let Some(codes) = &part.codes {
        narrow(found(codes.contains(code)));
        return result;
    }
    let Some(known) = terms.code_system(of) else {
        let is_grammar = BY_GRAMMAR.contains(&of) && part.filters.is_empty();
        narrow(if is_grammar {
            // A media type may have parameters, with spaces.
            found(of == "urn:ietf:bcp:13" || !code.contains(char::is_whitespace))
        } else {
            Membership::CannotCheck
        });
        return result;
    };
    narrow(known.has(code));
    for filter in &part.filters {
        if !known.is_complete {
            narrow(Membership::CannotCheck);
            continue;
        }
        narrow(match filter {
            Filter::IsA(root) => found(code == root || known.is_below(code, root)),
            Filter::DescendentOf(root) => found(known.is_below(code, root)),
            Filter::IsNotA(root) => found(code != root && !known.is_below(code, root)),
            Filter::Other => Membership::CannotCheck,
        });
    }
    result
}

fn found(is_found: bool) -> Membership {
    if is_found {
        Membership::In
    } else {
        Membership::Out
    }
}
