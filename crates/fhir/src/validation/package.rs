//! Profiles, value sets, code systems and Questionnaires that are loaded at run time.

use std::collections::HashMap;
use std::sync::Arc;

use crate::codes::{CodeSystem, ValueSet, without_version};
use crate::definitions::{self, Table};
use crate::json::Document;
use crate::{FhirVersion, xml};

/// How large a file of a package may be, in bytes (32 MiB).
pub const PACKAGE_FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How many definitions a package may hold.
pub const PACKAGE_DEFINITIONS_MAX: usize = 100_000;

/// Why a file is no part of a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// Longer than [`PACKAGE_FILE_BYTES_MAX`].
    #[error("longer than {PACKAGE_FILE_BYTES_MAX} bytes")]
    TooLong,
    /// More definitions than [`PACKAGE_DEFINITIONS_MAX`].
    #[error("more than {PACKAGE_DEFINITIONS_MAX} definitions")]
    TooMany,
    /// Neither JSON nor FHIR XML.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// The definitions of one package, or of several together.
#[derive(Debug)]
pub struct Package {
    version: FhirVersion,
    /// By canonical URL, as they came.
    pub(super) profiles: HashMap<String, Document>,
    pub(super) value_sets: HashMap<String, Arc<ValueSet>>,
    pub(super) code_systems: HashMap<String, Arc<CodeSystem>>,
    pub(super) questionnaires: HashMap<String, Document>,
}

impl Package {
    /// A package for a version of FHIR, with nothing in it yet.
    pub fn new(version: FhirVersion) -> Self {
        Self {
            version,
            profiles: HashMap::new(),
            value_sets: HashMap::new(),
            code_systems: HashMap::new(),
            questionnaires: HashMap::new(),
        }
    }

    /// The version of FHIR that its definitions are in.
    pub fn version(&self) -> FhirVersion {
        self.version
    }

    /// How many definitions it holds.
    pub fn len(&self) -> usize {
        self.profiles.len()
            + self.value_sets.len()
            + self.code_systems.len()
            + self.questionnaires.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the definition in a file, in JSON or XML: a StructureDefinition,
    /// ValueSet, CodeSystem or Questionnaire with a `url`. Gives whether it was one; everything
    /// else is passed over, as packages hold much besides. A definition that is
    /// there already is replaced.
    ///
    /// # Errors
    /// When the file passes a limit or cannot be read.
    pub fn add(&mut self, bytes: &[u8]) -> Result<bool, PackageError> {
        if bytes.len() > PACKAGE_FILE_BYTES_MAX {
            return Err(PackageError::TooLong);
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let unreadable = |text: String| PackageError::Unreadable(text);
        let document = if bytes.trim_ascii_start().starts_with(b"<") {
            let json =
                xml::to_json_in(self.version, bytes).map_err(|issue| unreadable(issue.text))?;
            Document::parse(json)
        } else {
            Document::parse(bytes)
        };
        let document = document.map_err(|error| unreadable(error.to_string()))?;
        if self.len() >= PACKAGE_DEFINITIONS_MAX {
            return Err(PackageError::TooMany);
        }
        Ok(self.add_document(document))
    }

    fn add_document(&mut self, document: Document) -> bool {
        let root = document.root();
        let Some(url) = root.text("url") else {
            return false;
        };
        let url = without_version(&url).to_owned();
        match root.text("resourceType").as_deref() {
            Some("StructureDefinition") => {
                self.profiles.insert(url, document);
            }
            Some("ValueSet") => {
                self.value_sets.insert(url, Arc::new(ValueSet::read(root)));
            }
            Some("CodeSystem") => {
                // STU3 has code systems that tell their codes only in a value set.
                let system = Arc::new(CodeSystem::read(root));
                self.code_systems.insert(url, system);
            }
            Some("Questionnaire") => {
                self.questionnaires.insert(url, document);
            }
            _ => return false,
        }
        true
    }

    /// The profiles, extensions, value sets and code systems of FHIR itself.
    pub(super) fn of_fhir(version: FhirVersion) -> Self {
        let mut package = Self::new(version);
        for line in definitions::unpacked(version, Table::Conformance).lines() {
            let document = Document::parse(line).expect("a test reads every line");
            package.add_document(document);
        }
        package
    }
}
