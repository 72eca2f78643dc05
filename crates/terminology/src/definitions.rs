//! Code systems, value sets and concept maps by their canonical URL.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use fhir::FhirVersion;
use fhir::codes::{self, ValueSet, without_version};
use fhir::json::{Document, Node};

use crate::code_system::CodeSystem;
use crate::load::fhir_json;
use crate::tables;

/// What a definition is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A CodeSystem.
    CodeSystem,
    /// A ValueSet.
    ValueSet,
    /// A ConceptMap.
    ConceptMap,
}

impl Kind {
    /// The resource type.
    pub fn resource_type(self) -> &'static str {
        match self {
            Self::CodeSystem => "CodeSystem",
            Self::ValueSet => "ValueSet",
            Self::ConceptMap => "ConceptMap",
        }
    }

    /// By the resource type.
    pub fn of(resource_type: &str) -> Option<Self> {
        [Self::CodeSystem, Self::ValueSet, Self::ConceptMap]
            .into_iter()
            .find(|kind| kind.resource_type() == resource_type)
    }
}

/// Definitions that are at hand. A later one of the same URL and version takes the
/// place of an earlier one.
#[derive(Debug, Default)]
pub struct Definitions {
    by_url: HashMap<(Kind, String), Vec<Arc<Definition>>>,
    /// Others, which come after these.
    base: Option<Arc<Definitions>>,
}

/// Those of FHIR R4 itself and of this program's own tables: made once, and shared.
pub fn built_in() -> Arc<Definitions> {
    static BUILT_IN: OnceLock<Arc<Definitions>> = OnceLock::new();
    let made = BUILT_IN.get_or_init(|| Arc::new(Definitions::of_fhir_and_tables()));
    Arc::clone(made)
}

/// One definition. What is in it is made ready when it is first asked for.
#[derive(Debug)]
pub(crate) struct Definition {
    version: String,
    document: Option<Document>,
    code_system: OnceLock<Option<Arc<CodeSystem>>>,
    value_set: OnceLock<Arc<ValueSet>>,
}

impl Definition {
    fn of_document(document: Document) -> Self {
        Self {
            version: document.root().text("version").unwrap_or_default().into(),
            document: Some(document),
            code_system: OnceLock::new(),
            value_set: OnceLock::new(),
        }
    }

    /// The resource; none for a release.
    pub(crate) fn resource(&self) -> Option<Node<'_>> {
        Some(self.document.as_ref()?.root())
    }

    pub(crate) fn code_system(&self) -> Option<Arc<CodeSystem>> {
        let made = self.code_system.get_or_init(|| {
            let read = fhir_json::read(self.document.as_ref()?.root());
            read.ok().map(Arc::new)
        });
        made.clone()
    }

    pub(crate) fn value_set(&self) -> Option<Arc<ValueSet>> {
        let document = self.document.as_ref()?;
        let made = self
            .value_set
            .get_or_init(|| Arc::new(ValueSet::read(document.root())));
        Some(Arc::clone(made))
    }

    /// Whether it holds all that the URL stands for; code systems of others may be
    /// named without their codes.
    fn is_whole(&self) -> bool {
        match &self.document {
            Some(document) => {
                let content = document.root().text("content");
                content
                    .as_deref()
                    .is_none_or(|content| content == "complete")
            }
            None => true,
        }
    }
}

impl Definitions {
    fn of_fhir_and_tables() -> Self {
        let mut definitions = Self::default();
        for line in codes::definitions_of_fhir(FhirVersion::R4).lines() {
            if let Ok(document) = Document::parse(line) {
                definitions.add(document);
            }
        }
        for document in tables::documents() {
            definitions.add(document);
        }
        definitions
    }

    /// None yet, before these others.
    pub fn over(base: Arc<Self>) -> Self {
        Self {
            by_url: HashMap::new(),
            base: Some(base),
        }
    }

    /// Adds a CodeSystem, ValueSet or ConceptMap with a `url`; gives whether it was one.
    pub fn add(&mut self, document: Document) -> bool {
        let root = document.root();
        let kind = root.text("resourceType").and_then(|name| Kind::of(&name));
        let (Some(kind), Some(url)) = (kind, root.text("url")) else {
            return false;
        };
        let url = without_version(&url).to_owned();
        self.put(kind, url, Definition::of_document(document));
        true
    }

    /// Adds a release.
    pub fn add_release(&mut self, release: Arc<CodeSystem>) {
        let url = release.header().url.clone();
        let definition = Definition {
            version: release.header().version.clone(),
            document: None,
            code_system: OnceLock::from(Some(release)),
            value_set: OnceLock::new(),
        };
        self.put(Kind::CodeSystem, url, definition);
    }

    fn put(&mut self, kind: Kind, url: String, definition: Definition) {
        let versions = self.by_url.entry((kind, url)).or_default();
        versions.retain(|one| one.version != definition.version);
        versions.push(Arc::new(definition));
    }

    /// A definition by its URL: of a version when that is asked for, else the last
    /// one that is whole, else the last one.
    pub(crate) fn find(
        &self,
        kind: Kind,
        url: &str,
        version: Option<&str>,
    ) -> Option<&Arc<Definition>> {
        self.find_here(kind, url, version)
            .or_else(|| self.base.as_ref()?.find(kind, url, version))
    }

    fn find_here(&self, kind: Kind, url: &str, version: Option<&str>) -> Option<&Arc<Definition>> {
        let versions = self.by_url.get(&(kind, url.to_owned()))?;
        let mut last_first = versions.iter().rev();
        match version.filter(|version| !version.is_empty()) {
            // What tells no version may be of any.
            Some(version) => last_first
                .clone()
                .find(|one| one.version == version)
                .or_else(|| last_first.find(|one| one.version.is_empty())),
            None => last_first
                .clone()
                .find(|one| one.is_whole())
                .or_else(|| last_first.next()),
        }
    }

    /// All of a kind, in no order.
    pub(crate) fn all(&self, kind: Kind) -> Vec<&Arc<Definition>> {
        let here = self.by_url.iter().filter(|((of, _), _)| *of == kind);
        let mut all: Vec<_> = here.flat_map(|(_, versions)| versions).collect();
        all.extend(self.base.iter().flat_map(|base| base.all(kind)));
        all
    }

    /// How many there are, without those of [`Self::over`].
    pub fn len(&self) -> usize {
        self.by_url.values().map(Vec::len).sum()
    }

    /// Whether there are none, likewise.
    pub fn is_empty(&self) -> bool {
        self.by_url.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(definitions: &mut Definitions, json: &str) -> bool {
        definitions.add(Document::parse(json).expect("JSON"))
    }

    #[test]
    fn a_version_is_found_and_a_whole_one_comes_first() {
        let mut definitions = Definitions::default();
        for (version, content) in [("1", "complete"), ("2", "complete"), ("3", "not-present")] {
            let json = format!(
                r#"{{"resourceType":"CodeSystem","url":"urn:a","version":"{version}","content":"{content}"}}"#
            );
            assert!(add(&mut definitions, &json));
        }
        let version = |asked: Option<&str>| {
            let found = definitions.find(Kind::CodeSystem, "urn:a", asked);
            found.map(|found| found.version.clone())
        };
        assert_eq!(version(None).as_deref(), Some("2"));
        assert_eq!(version(Some("1")).as_deref(), Some("1"));
        assert_eq!(version(Some("3")).as_deref(), Some("3"));
        assert_eq!(version(Some("4")), None);
        assert!(definitions.find(Kind::ValueSet, "urn:a", None).is_none());
        assert_eq!(definitions.len(), 3);
    }

    #[test]
    fn what_is_no_definition_is_passed_over() {
        let mut definitions = Definitions::default();
        assert!(!add(
            &mut definitions,
            r#"{"resourceType":"Patient","url":"urn:a"}"#
        ));
        assert!(!add(&mut definitions, r#"{"resourceType":"ValueSet"}"#));
        assert!(definitions.is_empty());
    }

    #[test]
    fn fhir_and_the_own_tables_are_built_in() {
        let definitions = built_in();
        let gender = "http://hl7.org/fhir/administrative-gender";
        let found = definitions
            .find(Kind::CodeSystem, gender, None)
            .expect("there");
        assert!(found.code_system().expect("one").find("female").is_some());
        for kind in [Kind::CodeSystem, Kind::ValueSet] {
            for definition in definitions.all(kind) {
                let root = definition.resource().expect("no release");
                if kind == Kind::CodeSystem {
                    assert!(definition.code_system().is_some(), "{:?}", root.text("url"));
                }
            }
        }
        assert!(definitions.all(Kind::ConceptMap).len() >= 2);
    }
}
