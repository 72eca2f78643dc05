//! What is at hand for one question: what was loaded at start, and what the
//! organisation's own store adds.
//!
//! Nothing is fetched here. A definition that is not at hand is written down as
//! [`Wanted`]; who asks fetches it, hands it over and asks again, until nothing new
//! is wanted. So the rules stay free of I/O, and the last answer has seen it all.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use fhir::codes::{Codes, Filter, FilterOp, Membership, Terms, ValueSet};
use fhir::json::Document;

use crate::code_system::CodeSystem;
use crate::definitions::{Definition, Definitions, Kind};
use crate::implicit;

/// How many definitions may be fetched for one question.
pub const FETCHED_MAX: usize = 200;

/// A definition to look for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wanted {
    /// Of what.
    pub kind: Kind,
    /// Its canonical URL.
    pub url: String,
    /// Its version, when that matters.
    pub version: Option<String>,
}

/// What is at hand for one question.
#[derive(Debug)]
pub struct Session {
    loaded: Arc<Definitions>,
    fetched: Definitions,
    looked_for: HashSet<Wanted>,
    is_closed: bool,
    wanted: RefCell<BTreeSet<Wanted>>,
    missing: RefCell<BTreeSet<String>>,
}

impl Session {
    /// With a store behind it.
    pub fn new(loaded: Arc<Definitions>) -> Self {
        Self {
            loaded,
            fetched: Definitions::default(),
            looked_for: HashSet::new(),
            is_closed: false,
            wanted: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// With nothing but what was loaded: it wants nothing.
    pub fn closed(loaded: Arc<Definitions>) -> Self {
        Self {
            is_closed: true,
            ..Self::new(loaded)
        }
    }

    /// What to fetch before asking again; nothing when the last answer counts. Past
    /// [`FETCHED_MAX`] nothing more is wanted, and what lacks is missing.
    pub fn take_wanted(&mut self) -> Vec<Wanted> {
        let wanted = std::mem::take(&mut *self.wanted.borrow_mut());
        let room = FETCHED_MAX.saturating_sub(self.looked_for.len());
        if !wanted.is_empty() {
            self.missing.borrow_mut().clear();
        }
        let wanted: Vec<Wanted> = wanted.into_iter().take(room).collect();
        self.looked_for.extend(wanted.iter().cloned());
        if self.looked_for.len() >= FETCHED_MAX {
            self.is_closed = true;
        }
        wanted
    }

    /// Adds what was fetched.
    pub fn add(&mut self, document: Document) {
        self.fetched.add(document);
    }

    /// The value sets and code systems that were asked for and are not at hand.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.missing.borrow().iter().cloned().collect()
    }

    pub(crate) fn is_missing(&self, what: &str) {
        self.missing.borrow_mut().insert(what.to_owned());
    }

    /// A definition: what the store has comes first.
    pub(crate) fn find(
        &self,
        kind: Kind,
        url: &str,
        version: Option<&str>,
    ) -> Option<Arc<Definition>> {
        let (url, version) = match url.split_once('|') {
            Some((url, of_url)) => (url, version.or(Some(of_url))),
            None => (url, version),
        };
        let wanted = Wanted {
            kind,
            url: url.to_owned(),
            version: version.map(str::to_owned),
        };
        if !self.is_closed && !self.looked_for.contains(&wanted) {
            self.wanted.borrow_mut().insert(wanted);
        }
        let found = self
            .fetched
            .find(kind, url, version)
            .or_else(|| self.loaded.find(kind, url, version));
        if found.is_none() {
            let bar = version.map_or(String::new(), |version| format!("|{version}"));
            self.is_missing(&format!("{url}{bar}"));
        }
        found.cloned()
    }

    /// The code system of a URL, with its concepts.
    pub(crate) fn system(&self, url: &str, version: Option<&str>) -> Option<Arc<CodeSystem>> {
        let found = self.find(Kind::CodeSystem, url, version)?;
        let system = found.code_system();
        if system.is_none() {
            self.is_missing(url);
        }
        system
    }

    /// The concept maps that were loaded.
    pub(crate) fn loaded_maps(&self) -> Vec<&Arc<Definition>> {
        self.loaded.all(Kind::ConceptMap)
    }
}

impl Terms for Session {
    fn value_set(&self, url: &str) -> Option<Arc<ValueSet>> {
        if let Some(implicit) = implicit::value_set(url) {
            return Some(Arc::new(implicit));
        }
        let found = self.find(Kind::ValueSet, url, None)?;
        found.value_set()
    }

    fn code_system(&self, url: &str, version: Option<&str>) -> Option<Arc<dyn Codes>> {
        let system = self.system(url, version)?;
        if !system.header().is_complete {
            self.is_missing(url);
        }
        Some(system as Arc<dyn Codes>)
    }
}

/// Value sets and code systems for validation: what was loaded at start, without
/// the store.
#[derive(Debug, Clone)]
pub struct Loaded(pub Arc<Definitions>);

impl Terms for Loaded {
    fn value_set(&self, url: &str) -> Option<Arc<ValueSet>> {
        Session::closed(Arc::clone(&self.0)).value_set(url)
    }

    fn code_system(&self, url: &str, version: Option<&str>) -> Option<Arc<dyn Codes>> {
        Session::closed(Arc::clone(&self.0)).code_system(url, version)
    }
}

impl Codes for CodeSystem {
    fn is_complete(&self) -> bool {
        self.header().is_complete
    }

    fn has(&self, code: &str) -> Membership {
        match self.find(code) {
            Some(_) => Membership::In,
            None if self.header().is_complete => Membership::Out,
            None => Membership::CannotCheck,
        }
    }

    fn passes(&self, code: &str, filter: &Filter) -> Membership {
        let Some(at) = self.find(code) else {
            return self.has(code);
        };
        if !self.header().is_complete {
            return Membership::CannotCheck;
        }
        // The usual question, without looking at the whole system.
        if matches!(filter.property.as_str(), "concept" | "code")
            && let Some(root) = self.find(&filter.value)
        {
            let is_below = || self.is_above(root, at);
            let answer = match filter.op {
                FilterOp::IsA => Some(at == root || is_below()),
                FilterOp::DescendentOf => Some(is_below()),
                FilterOp::IsNotA => Some(at != root && !is_below()),
                _ => None,
            };
            if let Some(is_in) = answer {
                return if is_in {
                    Membership::In
                } else {
                    Membership::Out
                };
            }
        }
        match self.select(filter) {
            Ok(found) if found.contains(at) => Membership::In,
            Ok(_) => Membership::Out,
            Err(_) => Membership::CannotCheck,
        }
    }
}
