//! Sets of codes: what a value set of this store has in it, and what a code
//! system of this store has above and below a code.
//!
//! Only what is written out can be known here: an expansion, codes that are
//! listed, whole systems, the tree of a complete code system. What needs a
//! terminology server is refused, never answered in part.

use std::sync::Arc;

use std::ops::ControlFlow;

use fhir::Resource;
use fhir::json::Node;
use foldhash::HashMap;

use super::condition::{Codes, Condition, UriMode};
use super::criterion::Criterion;
use super::filter::Filter;
use super::resolve::Resolver;
use super::values::{System, Token};
use crate::StoreError;
use crate::limits::{VALUE_SET_CODES_MAX, VALUE_SETS_MAX};

/// Codes with their systems as numbers.
#[derive(Debug, Default)]
pub(crate) struct CodeSet {
    codes: HashMap<String, Vec<i64>>,
    /// Systems of which every code is in the set.
    whole: Vec<i64>,
    count: usize,
}

impl CodeSet {
    /// Whether a code is in the set. A code without a system has the one that
    /// its element implies, so there the code alone decides.
    pub(crate) fn has(&self, system: i64, code: &str) -> bool {
        self.whole.contains(&system)
            || self
                .codes
                .get(code)
                .is_some_and(|systems| system == 0 || systems.contains(&system))
    }

    /// The codes, when the set is nothing but a few of them.
    pub(super) fn few(&self, limit: usize) -> Option<impl Iterator<Item = &str>> {
        let few = self.whole.is_empty() && self.codes.len() <= limit;
        few.then(|| self.codes.keys().map(String::as_str))
    }

    fn add(&mut self, system: i64, code: &str) -> Result<(), StoreError> {
        self.count += 1;
        if self.count > VALUE_SET_CODES_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "VALUE_SET_CODES_MAX",
                max: VALUE_SET_CODES_MAX,
            });
        }
        let systems = self.codes.entry(code.to_owned()).or_default();
        if !systems.contains(&system) {
            systems.push(system);
        }
        Ok(())
    }

    fn add_all(&mut self, other: Self) -> Result<(), StoreError> {
        for (code, systems) in other.codes {
            for system in systems {
                self.add(system, &code)?;
            }
        }
        self.whole.extend(other.whole);
        Ok(())
    }

    fn remove(&mut self, system: i64, code: &str) {
        if let Some(systems) = self.codes.get_mut(code) {
            systems.retain(|one| *one != system);
            if systems.is_empty() {
                self.codes.remove(code);
            }
        }
    }
}

fn refused(reason: &'static str) -> StoreError {
    StoreError::InvalidValue {
        name: "(set of codes)".to_owned(),
        reason,
    }
}

impl Resolver<'_> {
    /// The set that is asked for.
    pub(super) fn codes(self, codes: &Codes) -> Result<CodeSet, StoreError> {
        match codes {
            Codes::In(value_set) => self.value_set(value_set, &mut { VALUE_SETS_MAX }),
            Codes::Below(tokens) | Codes::Above(tokens) => {
                let mut set = CodeSet::default();
                let above = matches!(codes, Codes::Above(_));
                for token in tokens {
                    self.add_related(token, above, &mut set)?;
                }
                Ok(set)
            }
        }
    }

    /// The one resource with a canonical URL, with a version when that has one.
    fn canonical(
        self,
        resource_type: &'static str,
        url: &str,
    ) -> Result<Option<Resource>, StoreError> {
        let (url, version) = match url.split_once('|') {
            Some((url, version)) => (url, Some(version)),
            None => (url, None),
        };
        let parameter = |code| {
            let parameter = self.file.parameters.searched(resource_type, code);
            parameter.map(Arc::clone)
        };
        let uris = Condition::Uris(UriMode::Exact, vec![url.to_owned()]);
        let mut criteria = vec![Criterion::Parameter(parameter("url")?, uris)];
        if let Some(version) = version {
            let token = Token {
                system: System::Any,
                code: Some(version.to_owned()),
            };
            let tokens = Condition::Tokens(vec![token]);
            criteria.push(Criterion::Parameter(parameter("version")?, tokens));
        }
        self.only(resource_type, &criteria)
    }

    fn only(
        self,
        resource_type: &'static str,
        criteria: &[Criterion],
    ) -> Result<Option<Resource>, StoreError> {
        let filters = criteria
            .iter()
            .map(|criterion| self.filter(resource_type, criterion))
            .collect::<Result<Vec<Filter>, _>>()?;
        let mut found = Vec::new();
        self.scan(resource_type, &filters, false)?
            .each(None, false, |hit| {
                found.push(hit.vid()?);
                Ok(if found.len() > 1 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        match found[..] {
            [] => Ok(None),
            [vid] => {
                let body: Vec<u8> = self
                    .file
                    .connection
                    .prepare_cached("SELECT body FROM version WHERE vid = ?1")?
                    .query_row([vid], |row| row.get(0))?;
                let resource = Resource::parse_in(self.kinds.version(), body);
                resource.map(Some).map_err(|_| StoreError::Corrupt {
                    what: "a stored resource does not parse",
                })
            }
            _ => Err(refused("there are several with this URL: name the version")),
        }
    }

    fn value_set(self, name: &str, left: &mut usize) -> Result<CodeSet, StoreError> {
        let mut set = CodeSet::default();
        *left = left.checked_sub(1).ok_or(StoreError::LimitExceeded {
            limit: "VALUE_SETS_MAX",
            max: VALUE_SETS_MAX,
        })?;
        let found = match name.strip_prefix("ValueSet/") {
            Some(id) => self.only("ValueSet", &[Criterion::Id(vec![id.to_owned()])])?,
            None => self.canonical("ValueSet", name)?,
        };
        let found = found.ok_or_else(|| refused("the value set is not in this store"))?;
        let root = found.root();
        if let Some(expansion) = root.get("expansion") {
            self.add_contained(expansion, &mut set)?;
            let total = expansion.get("total").and_then(Node::as_number);
            let is_whole = total.is_none_or(|total| total.parse() == Ok(set.count as u64))
                && expansion.get("offset").is_none();
            return if is_whole {
                Ok(set)
            } else {
                Err(refused("the expansion of the value set is not complete"))
            };
        }
        let compose = root
            .get("compose")
            .ok_or_else(|| refused("the value set has no codes"))?;
        for include in compose.each("include") {
            self.add_include(include, left, &mut set)?;
        }
        for exclude in compose.each("exclude") {
            self.remove_excluded(exclude, &mut set)?;
        }
        Ok(set)
    }

    fn add_contained(self, parent: Node<'_>, set: &mut CodeSet) -> Result<(), StoreError> {
        for contained in parent.each("contains") {
            let is_abstract = contained.get("abstract").and_then(Node::as_bool);
            if let Some(code) = contained.text("code")
                && is_abstract != Some(true)
            {
                match self.number(contained)? {
                    Some(system) => set.add(system, &code)?,
                    // No resource has a code of that system.
                    None => set.count += 1,
                }
            }
            self.add_contained(contained, set)?;
        }
        Ok(())
    }

    fn add_include(
        self,
        include: Node<'_>,
        left: &mut usize,
        set: &mut CodeSet,
    ) -> Result<(), StoreError> {
        if include.get("filter").is_some() {
            return Err(refused(
                "the value set is made by a filter that cannot be worked out here",
            ));
        }
        let sets: Vec<_> = include.each("valueSet").collect();
        match (sets.as_slice(), include.text("system")) {
            ([], None) => Err(refused("a part of the value set has no system")),
            ([], Some(_)) => {
                let system = self.number(include)?;
                let mut concepts = include.each("concept").peekable();
                let Some(system) = system else { return Ok(()) };
                if concepts.peek().is_none() {
                    set.whole.push(system);
                }
                for concept in concepts {
                    if let Some(code) = concept.text("code") {
                        set.add(system, &code)?;
                    }
                }
                Ok(())
            }
            ([one], None) => match one.as_str() {
                Some(name) => set.add_all(self.value_set(&name, left)?),
                None => Err(refused("a part of the value set has no URL")),
            },
            _ => Err(refused(
                "what value sets have in common cannot be worked out here",
            )),
        }
    }

    fn remove_excluded(self, exclude: Node<'_>, set: &mut CodeSet) -> Result<(), StoreError> {
        let concepts: Vec<_> = exclude.each("concept").collect();
        let Some(system) = self.number(exclude)? else {
            return Ok(());
        };
        let is_listed = !concepts.is_empty()
            && exclude.get("filter").is_none()
            && exclude.get("valueSet").is_none();
        if !is_listed || set.whole.contains(&system) {
            return Err(refused(
                "what the value set leaves out cannot be worked out here",
            ));
        }
        for code in concepts.iter().filter_map(|concept| concept.text("code")) {
            set.remove(system, &code);
        }
        Ok(())
    }

    /// The number of the system that a part of a value set names; `None` when
    /// no resource has a code of it.
    fn number(self, part: Node<'_>) -> Result<Option<i64>, StoreError> {
        match part.text("system") {
            Some(system) => self.file.word(&format!("s{system}")),
            None => Ok(None),
        }
    }

    /// A code with those above or below it.
    fn add_related(self, token: &Token, above: bool, set: &mut CodeSet) -> Result<(), StoreError> {
        let (System::Is(system), Some(code)) = (&token.system, &token.code) else {
            return Err(refused("needs a system and a code"));
        };
        let found = self
            .canonical("CodeSystem", system)?
            .ok_or_else(|| refused("the code system is not in this store"))?;
        let root = found.root();
        let is_tree = root
            .text("hierarchyMeaning")
            .is_none_or(|one| one == "is-a");
        if root.text("content").as_deref() != Some("complete") || !is_tree {
            return Err(refused("the code system does not say what is above what"));
        }
        let Some(number) = self.file.word(&format!("s{system}"))? else {
            return Ok(());
        };
        let mut path = Vec::new();
        walk(root, &mut path, &mut |path| {
            let is_it = |one: &String| one == code;
            if !above && path.iter().any(is_it) {
                if let Some(last) = path.last() {
                    set.add(number, last)?;
                }
            } else if above && path.last().is_some_and(is_it) {
                for one in path {
                    set.add(number, one)?;
                }
            }
            Ok(())
        })
    }
}

/// Visits every concept, with those above it before it.
fn walk(
    parent: Node<'_>,
    path: &mut Vec<String>,
    visit: &mut dyn FnMut(&[String]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    for concept in parent.each("concept") {
        let Some(code) = concept.text("code") else {
            continue;
        };
        path.push(code.into_owned());
        visit(path)?;
        walk(concept, path, visit)?;
        path.pop();
    }
    Ok(())
}
