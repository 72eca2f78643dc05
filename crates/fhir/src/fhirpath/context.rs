//! What an evaluation knows besides the item it starts from, and its limits.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use care::Bsn;
use regex::Regex;

use super::error::EvaluationError;
use super::item::{Collection, Element, Item, Target};
use super::made::Made;
use super::temporal::DateTime;
use crate::definitions::Definitions;
use crate::json::Node;
use crate::search::ReferenceParts;

/// How many steps the evaluations with one context may take together, unless
/// the caller says otherwise: one for each part of the expression that is
/// evaluated, each item that is looked at and each 16 bytes of text. An
/// expression of the standard looks at each node of a resource a few times.
pub const STEPS_MAX: usize = 10_000_000;

/// How many items a collection may hold.
pub const ITEMS_MAX: usize = 1_000_000;

/// How long a text that an expression makes may be, in bytes (1 MiB).
pub const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// How many variables an expression may see at once.
pub const VARIABLES_MAX: usize = 100;

/// Bytes of text that count as one step: what the steps buy also bounds the
/// memory that texts take, at 160 MB for all that one evaluation can make.
pub(super) const BYTES_PER_STEP: usize = 16;

/// What an expression may ask of the world. Each answer may be that it is not
/// known; what is not known is an error or nothing, never a guess.
pub trait Lookups<'a> {
    /// The resource that a reference means, when it is not in the resource itself.
    fn resolve(&self, reference: &str) -> Option<Element<'a>> {
        let _ = reference;
        None
    }

    /// Whether an element conforms to a profile; `None` when that cannot be checked.
    fn conforms_to(&self, element: &Element<'a>, profile: &str) -> Option<bool> {
        let _ = (element, profile);
        None
    }

    /// Whether a code (and its system, if known) is in a value set; `None`
    /// when that cannot be checked.
    fn member_of(&self, system: Option<&str>, code: &str, value_set: &str) -> Option<bool> {
        let _ = (system, code, value_set);
        None
    }

    /// What `trace(name)` was given.
    fn trace(&self, name: &str, items: &[Item<'a>]) {
        let _ = (name, items);
    }
}

/// What an evaluation knows besides the item it starts from.
pub struct Context<'a> {
    resource: Element<'a>,
    root_resource: Element<'a>,
    steps_left: Cell<usize>,
    is_lenient: bool,
    now: Option<DateTime>,
    start: RefCell<Option<Item<'a>>>,
    variables: RefCell<Vec<(Cow<'a, str>, Rc<Collection<'a>>)>>,
    /// How many variables there are, without looking.
    defined: Cell<usize>,
    lookups: Option<&'a dyn Lookups<'a>>,
    made: Cell<Option<&'a Made>>,
    contained: OnceCell<HashMap<Cow<'a, str>, Element<'a>>>,
    patterns: RefCell<HashMap<String, Regex>>,
}

/// Shows the budget only: the rest is about a patient.
impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Context({} steps left)", self.steps_left.get())
    }
}

impl<'a> Context<'a> {
    /// The context of a resource, `%resource`. Its budget of [`STEPS_MAX`] is
    /// shared by all evaluations with it.
    pub fn new(resource: Element<'a>) -> Self {
        Self {
            resource,
            root_resource: resource,
            steps_left: Cell::new(STEPS_MAX),
            is_lenient: false,
            now: None,
            start: RefCell::new(None),
            variables: RefCell::new(Vec::new()),
            defined: Cell::new(0),
            lookups: None,
            made: Cell::new(None),
            contained: OnceCell::new(),
            patterns: RefCell::new(HashMap::new()),
        }
    }

    /// The same with another budget.
    pub fn with_steps(resource: Element<'a>, steps: usize) -> Self {
        let context = Self::new(resource);
        context.steps_left.set(steps);
        context
    }

    /// With `as` applied to many items, as the search parameters of the
    /// standard do; FHIRPath makes that an error.
    pub fn lenient(mut self) -> Self {
        self.is_lenient = true;
        self
    }

    /// With the time, for `now()`, `today()` and `timeOfDay()`: milliseconds
    /// since 1970 UTC, and minutes east of UTC.
    pub fn at(mut self, milliseconds: i64, offset_minutes: i16) -> Self {
        self.now = DateTime::from_milliseconds(milliseconds, offset_minutes);
        self
    }

    /// With `%rootResource`, when it is not the resource itself: for a
    /// contained resource, the one that contains it.
    pub fn with_root(mut self, root: Element<'a>) -> Self {
        self.root_resource = root;
        self
    }

    /// With a variable, `%name`.
    pub fn with_variable(self, name: impl Into<Cow<'a, str>>, items: Collection<'a>) -> Self {
        let mut variables = self.variables.borrow_mut();
        variables.push((name.into(), Rc::new(items)));
        self.defined.set(variables.len());
        drop(variables);
        self
    }

    /// With somebody to ask.
    pub fn with_lookups(mut self, lookups: &'a dyn Lookups<'a>) -> Self {
        self.lookups = Some(lookups);
        self
    }

    /// With a place for what `%factory` makes.
    pub fn with_made(self, made: &'a Made) -> Self {
        self.made.set(Some(made));
        self
    }

    /// How many steps are left.
    pub fn steps_left(&self) -> usize {
        self.steps_left.get()
    }

    /// Takes steps off the budget.
    pub(super) fn spend(&self, steps: usize) -> Result<(), EvaluationError> {
        match self.steps_left.get().checked_sub(steps) {
            Some(left) => {
                self.steps_left.set(left);
                Ok(())
            }
            None => Err(EvaluationError::TooManySteps),
        }
    }

    /// Pays for a text that is read or made.
    pub(super) fn spend_text(&self, bytes: usize) -> Result<(), EvaluationError> {
        if bytes > TEXT_BYTES_MAX {
            return Err(EvaluationError::TextTooLong);
        }
        self.spend(bytes / BYTES_PER_STEP)
    }

    /// Whose types the resource has.
    pub(super) fn definitions(&self) -> &'static Definitions {
        self.resource.definitions
    }

    pub(super) fn is_lenient(&self) -> bool {
        self.is_lenient
    }

    pub(super) fn now(&self) -> Option<DateTime> {
        self.now
    }

    pub(super) fn lookups(&self) -> Option<&'a dyn Lookups<'a>> {
        self.lookups
    }

    /// Remembers what `%context` is.
    pub(super) fn start(&self, item: &Item<'a>) {
        *self.start.borrow_mut() = Some(item.clone());
    }

    /// A variable; `None` when nobody defined it.
    pub(super) fn variable(&self, name: &str) -> Option<Collection<'a>> {
        let url = |url: &'static str| Some(vec![Item::String(Cow::Borrowed(url))]);
        match name {
            "resource" => return Some(vec![Item::Element(self.resource)]),
            "rootResource" => return Some(vec![Item::Element(self.root_resource)]),
            "context" => return Some(self.start.borrow().iter().cloned().collect()),
            // Has functions only.
            "factory" => return Some(Vec::new()),
            "ucum" => return url(super::UCUM),
            "sct" => return url("http://snomed.info/sct"),
            "loinc" => return url("http://loinc.org"),
            _ => {}
        }
        let variables = self.variables.borrow();
        let defined = variables.iter().rev().find(|(other, _)| other == name);
        if let Some((_, items)) = defined {
            return Some(items.to_vec());
        }
        let of_fhir = |prefix: &str, base: &str| {
            let id = name.strip_prefix(prefix)?;
            Some(vec![Item::string(format!(
                "http://hl7.org/fhir/{base}/{id}"
            ))])
        };
        of_fhir("vs-", "ValueSet").or_else(|| of_fhir("ext-", "StructureDefinition"))
    }

    /// Defines a variable for what follows.
    pub(super) fn define(
        &self,
        name: String,
        items: Collection<'a>,
    ) -> Result<(), EvaluationError> {
        if self.variable(&name).is_some() {
            return Err(EvaluationError::VariableDefined(name));
        }
        let mut variables = self.variables.borrow_mut();
        if variables.len() >= VARIABLES_MAX {
            return Err(EvaluationError::TooManyVariables);
        }
        variables.push((Cow::Owned(name), Rc::new(items)));
        self.defined.set(variables.len());
        Ok(())
    }

    /// How many variables there are, to go back to with [`Self::forget`].
    pub(super) fn defined(&self) -> usize {
        self.defined.get()
    }

    /// Forgets the variables that were defined since.
    pub(super) fn forget(&self, defined: usize) {
        if self.defined() > defined {
            self.variables.borrow_mut().truncate(defined);
            self.defined.set(defined);
        }
    }

    /// Keeps a document that `%factory` made, until the context's owner goes.
    pub(super) fn keep(
        &self,
        document: crate::json::Document,
    ) -> Result<Node<'a>, EvaluationError> {
        let made = self.made.get().ok_or(EvaluationError::CannotCheck(
            "there is no place for what `%factory` makes",
        ))?;
        let (node, last) = made.keep(document);
        self.made.set(Some(last));
        Ok(node)
    }

    /// A regular expression, compiled once.
    pub(super) fn pattern(
        &self,
        pattern: &str,
        compile: impl FnOnce() -> Result<Regex, EvaluationError>,
    ) -> Result<Regex, EvaluationError> {
        if let Some(regex) = self.patterns.borrow().get(pattern) {
            return Ok(regex.clone());
        }
        let regex = compile()?;
        self.patterns
            .borrow_mut()
            .insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }

    /// The target of a reference: the contained resource itself, one that was
    /// looked up, or the type of a resource elsewhere when the reference tells it.
    pub(super) fn resolve(&self, item: &Item<'a>) -> Option<Item<'a>> {
        let Item::Element(element) = item else {
            return None;
        };
        let node = element.node?;
        let (reference, stated_type) = if element.primitive().is_some() || node.as_str().is_some() {
            (node.as_str(), None)
        } else {
            (node.text("reference"), node.text("type"))
        };
        if let Some(id) = reference.as_deref().and_then(|text| text.strip_prefix('#')) {
            return match id {
                "" => Some(Item::Element(self.resource)),
                _ => self.contained().get(id).copied().map(Item::Element),
            };
        }
        if let (Some(lookups), Some(reference)) = (self.lookups, reference.as_deref())
            && let Some(found) = lookups.resolve(reference)
        {
            return Some(Item::Element(found));
        }
        let version = element.version();
        let parts = reference
            .as_deref()
            .map(|text| ReferenceParts::parse_in(version, text));
        let told = parts
            .and_then(|parts| parts.resource_type)
            .or(stated_type.as_deref());
        // Who is known by BSN is referred to as a patient.
        let by_bsn = || is_by_bsn(node).then_some("Patient");
        let definitions = element.definitions;
        let type_id = definitions.resource(told.or_else(by_bsn)?)?;
        Some(Item::Target(Target {
            type_id,
            definitions,
        }))
    }

    fn contained(&self) -> &HashMap<Cow<'a, str>, Element<'a>> {
        self.contained.get_or_init(|| {
            let definitions = self.resource.definitions;
            let node = self.resource.node;
            let all = node.into_iter().flat_map(|node| node.each("contained"));
            all.filter_map(|node| {
                Some((node.text("id")?, Element::resource_of(definitions, node)?))
            })
            .collect()
        })
    }
}

/// Whether a logical reference is by citizen service number.
fn is_by_bsn(reference: Node<'_>) -> bool {
    let system = reference
        .get("identifier")
        .and_then(|identifier| identifier.text("system"));
    system.as_deref() == Some(Bsn::SYSTEM)
}
