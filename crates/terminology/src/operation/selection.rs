//! All codes of a value set: for every code system a set of its concepts, and the
//! codes of systems that are not at hand and that the value set lists itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fhir::codes::{Part, Terms, VALUE_SET_DEPTH_MAX, VALUE_SET_PARTS_MAX, ValueSet};

use super::refusal::Refusal;
use crate::bits::Bits;
use crate::code_system::CodeSystem;
use crate::session::Session;

/// A code that a value set lists of a system that is not at hand, or that the system
/// does not have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Loose {
    pub(super) system: String,
    pub(super) code: String,
}

/// The codes of a value set.
#[derive(Default)]
pub(super) struct Selection {
    pub(super) systems: Vec<(Arc<CodeSystem>, Bits)>,
    pub(super) loose: Vec<Loose>,
    is_loose: HashSet<Loose>,
    /// The codes that are listed, in the order of the value set: system and concept.
    pub(super) listed: Vec<(usize, u32)>,
    /// What the value set calls them.
    pub(super) displays: HashMap<Loose, String>,
}

impl Selection {
    fn slot(&mut self, system: &Arc<CodeSystem>) -> usize {
        let same = |one: &CodeSystem| one.header() == system.header();
        if let Some(at) = self.systems.iter().position(|(one, _)| same(one)) {
            return at;
        }
        let none = Bits::new(system.len());
        self.systems.push((Arc::clone(system), none));
        self.systems.len() - 1
    }

    fn unite(&mut self, other: Self) {
        let mut slots = Vec::new();
        for (system, bits) in other.systems {
            let slot = self.slot(&system);
            self.systems[slot].1.unite(&bits);
            slots.push(slot);
        }
        let listed = other.listed.into_iter();
        self.listed
            .extend(listed.map(|(slot, concept)| (slots[slot], concept)));
        for loose in other.loose {
            self.push(loose);
        }
        for (loose, display) in other.displays {
            self.displays.entry(loose).or_insert(display);
        }
    }

    fn push(&mut self, loose: Loose) {
        if self.is_loose.insert(loose.clone()) {
            self.loose.push(loose);
        }
    }

    /// Leaves out what is no longer in use.
    pub(super) fn keep_active(&mut self) {
        for (system, bits) in &mut self.systems {
            let mut active = Bits::new(system.len());
            for one in bits.iter().filter(|one| system.is_active(*one)) {
                active.insert(one);
            }
            *bits = active;
        }
    }

    fn intersect(&mut self, other: &Self) {
        self.keep(other, true);
    }

    fn subtract(&mut self, other: &Self) {
        self.keep(other, false);
    }

    fn keep(&mut self, other: &Self, is_in: bool) {
        for (system, bits) in &mut self.systems {
            let same = |one: &CodeSystem| one.header().url == system.header().url;
            let found = other.systems.iter().find(|(one, _)| same(one));
            let mut theirs = Bits::new(system.len());
            if let Some((of, found)) = found {
                if of.header() == system.header() {
                    theirs = found.clone();
                } else {
                    // Another version of the system: code by code.
                    for one in found.iter().filter_map(|one| system.find(of.code(one))) {
                        theirs.insert(one);
                    }
                }
            }
            for loose in other
                .loose
                .iter()
                .filter(|one| one.system == system.header().url)
            {
                if let Some(one) = system.find(&loose.code) {
                    theirs.insert(one);
                }
            }
            if is_in {
                bits.intersect(&theirs);
            } else {
                bits.subtract(&theirs);
            }
        }
        let holds = |one: &Loose| {
            other.is_loose.contains(one)
                || other.systems.iter().any(|(system, bits)| {
                    system.header().url == one.system
                        && system.find(&one.code).is_some_and(|at| bits.contains(at))
                })
        };
        self.loose.retain(|one| holds(one) == is_in);
        self.is_loose = self.loose.iter().cloned().collect();
    }
}

/// Works out value sets, within limits.
pub(super) struct Selecting<'a> {
    session: &'a Session,
    looked: usize,
}

impl<'a> Selecting<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        Self { session, looked: 0 }
    }

    /// All codes of a value set.
    pub(super) fn select(&mut self, set: &ValueSet, depth: usize) -> Result<Selection, Refusal> {
        self.looked += set.include.len() + set.exclude.len();
        if depth > VALUE_SET_DEPTH_MAX || self.looked > VALUE_SET_PARTS_MAX {
            return Err(Refusal::too_costly(format!(
                "value sets nest deeper than VALUE_SET_DEPTH_MAX, {VALUE_SET_DEPTH_MAX}, or have \
                 more parts than VALUE_SET_PARTS_MAX, {VALUE_SET_PARTS_MAX}"
            )));
        }
        let mut result = Selection::default();
        for part in &set.include {
            result.unite(self.part(part, depth)?);
        }
        let mut excluded = Selection::default();
        for part in &set.exclude {
            excluded.unite(self.part(part, depth)?);
        }
        if !set.exclude.is_empty() {
            result.subtract(&excluded);
        }
        if set.active_only {
            result.keep_active();
        }
        Ok(result)
    }

    fn part(&mut self, part: &Part, depth: usize) -> Result<Selection, Refusal> {
        let mut result = match &part.system {
            Some(system) => Some(self.of_system(part, system)?),
            None => None,
        };
        for url in &part.value_sets {
            let set = self.session.value_set(url).ok_or_else(|| {
                Refusal::cannot(format!("cannot expand: the value set {url} is not at hand"))
            })?;
            let codes = self.select(&set, depth + 1)?;
            match &mut result {
                Some(result) => result.intersect(&codes),
                None => result = Some(codes),
            }
        }
        result.ok_or_else(|| {
            Refusal::cannot(
                "cannot expand: a part of the value set names no system and no value set",
            )
        })
    }

    fn of_system(&mut self, part: &Part, url: &str) -> Result<Selection, Refusal> {
        let system = self.session.system(url, part.version.as_deref());
        let mut result = Selection::default();
        if let Some(listed) = &part.listed {
            for concept in listed.concepts() {
                let loose = Loose {
                    system: url.to_owned(),
                    code: concept.code.clone(),
                };
                if let Some(display) = &concept.display {
                    result.displays.insert(loose.clone(), display.clone());
                }
                let found = system.as_ref();
                match found.and_then(|system| Some((system, system.find(&concept.code)?))) {
                    Some((system, at)) => {
                        let slot = result.slot(system);
                        result.systems[slot].1.insert(at);
                        result.listed.push((slot, at));
                    }
                    None => result.push(loose),
                }
            }
            return Ok(result);
        }
        let Some(system) = system else {
            return Err(Refusal::cannot(format!(
                "cannot expand: the code system {url} is not at hand"
            )));
        };
        if !system.header().is_complete {
            return Err(Refusal::cannot(format!(
                "cannot expand: only a part of the code system {url} is at hand"
            )));
        }
        let mut bits = Bits::full(system.len());
        for filter in &part.filters {
            let found = system
                .select(filter)
                .map_err(|reason| Refusal::cannot(format!("cannot expand: {reason}")))?;
            bits.intersect(&found);
        }
        result.systems.push((system, bits));
        Ok(result)
    }
}
