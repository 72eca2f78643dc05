//! Validation: whether a resource obeys FHIR and the profiles that it claims.
//!
//! A [`Validator`] holds the definitions of one version of FHIR and those of the
//! [`Package`]s it was given; it is made once and shared by all threads. It judges
//! cardinality, types, fixed and pattern values, slices, bindings, invariants,
//! references and what they point at, extensions, contained resources, Bundles,
//! `meta.profile` and answers to Questionnaires, and needs no server: codes are
//! looked up in the value sets and code systems at hand.
//!
//! What cannot be judged (a code of a system that is not at hand, an invariant that
//! FHIRPath cannot evaluate, a reference to what is elsewhere) is said as such, as
//! information, and is no error. What a reference points at is judged where it is
//! contained, in the same Bundle, or [`Given`]: by its own content, not by where its
//! own references lead in turn.
//! The work is linear in the resource for given profiles; [`FINDINGS_MAX`],
//! [`TRIES_MAX`] and the limits of JSON bound it.
//!
//! Deliberately not here: the displays of codes.

mod bundle;
mod extension;
mod finding;
mod given;
mod invariant;
mod matching;
mod package;
mod place;
mod profile;
mod questionnaire;
mod references;
mod rules;
mod slicing;
mod targets;
mod typed;
mod value;
mod walk;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub use finding::{Finding, Rule, outcome};
pub use given::Given;
pub use package::{PACKAGE_DEFINITIONS_MAX, PACKAGE_FILE_BYTES_MAX, Package, PackageError};
pub use profile::PROFILE_CHAIN_MAX;
pub use questionnaire::CONDITION_STEPS_MAX;
pub use walk::{FINDINGS_MAX, TRIES_MAX};

use profile::Profile;

use crate::codes::{Codes, Terms, ValueSet, without_version};
use crate::json::Document;
use crate::outcome::Severity;
use crate::{FhirVersion, Resource, structure};

#[cfg(test)]
mod exceptions;
#[cfg(test)]
mod path_tests;
#[cfg(test)]
pub(crate) mod snapshot_suite;
#[cfg(test)]
pub(crate) mod suites;
#[cfg(test)]
mod target_tests;
#[cfg(test)]
mod tests;

/// Judges resources of one version of FHIR.
pub struct Validator {
    version: FhirVersion,
    /// What was given, the last first, and what FHIR itself has.
    packages: Vec<Package>,
    of_fhir: &'static Package,
    /// By canonical URL; built when first asked for.
    profiles: HashMap<String, OnceLock<Option<Profile>>>,
    /// Code systems that are too large for a package.
    terminology: Option<Arc<dyn Terms + Send + Sync>>,
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Validator({}, {} profiles)",
            self.version,
            self.profiles.len()
        )
    }
}

impl Validator {
    /// A validator with the definitions of these packages besides those of FHIR.
    /// What a later package defines takes the place of what an earlier one does.
    /// Packages of another version are left out.
    pub fn new(version: FhirVersion, packages: Vec<Package>) -> Self {
        let of_fhir = of_fhir(version);
        let mut packages = packages;
        packages.retain(|package| package.version() == version);
        packages.reverse();
        let profiles = packages
            .iter()
            .chain([of_fhir])
            .flat_map(|package| package.profiles.keys())
            .map(|url| (url.clone(), OnceLock::new()))
            .collect();
        Self {
            version,
            packages,
            of_fhir,
            profiles,
            terminology: None,
        }
    }

    /// Judges codes by these value sets and code systems too, such as a loaded
    /// release of SNOMED CT. What is in the packages comes first.
    #[must_use]
    pub fn with_terminology(mut self, terminology: Arc<dyn Terms + Send + Sync>) -> Self {
        self.terminology = Some(terminology);
        self
    }

    /// The version that it judges resources of.
    pub fn version(&self) -> FhirVersion {
        self.version
    }

    /// Judges a resource: by FHIR, by the profiles in its `meta.profile`, and by
    /// these, which must be at hand. Nothing is found when it is right.
    pub fn validate(&self, resource: &Resource, profiles: &[&str]) -> Vec<Finding> {
        self.validate_among(resource, profiles, &Given::default())
    }

    /// As [`Self::validate`], where references and canonical URLs may lead to what
    /// is given.
    pub fn validate_among(
        &self,
        resource: &Resource,
        profiles: &[&str],
        given: &Given,
    ) -> Vec<Finding> {
        if resource.version() != self.version {
            let text = format!("a resource of FHIR {}", resource.version());
            return vec![Finding::new(Severity::Error, Rule::Shape, text)];
        }
        let shape = structure::check(resource).into_iter().map(|issue| Finding {
            issue,
            rule: Rule::Shape,
            found: None,
        });
        let mut findings: Vec<Finding> = shape.collect();
        findings.extend(walk::validate(self, resource, profiles, given));
        findings
    }

    fn all(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().chain([self.of_fhir])
    }

    fn document(&self, url: &str) -> Option<&Document> {
        self.all().find_map(|package| package.profiles.get(url))
    }

    /// A Questionnaire by its canonical URL without version.
    fn questionnaire(&self, url: &str) -> Option<&Document> {
        self.all()
            .find_map(|package| package.questionnaires.get(url))
    }

    /// A profile by its canonical URL without version.
    fn profile(&self, url: &str) -> Option<&Profile> {
        let slot = self.profiles.get(url)?;
        slot.get_or_init(|| profile::build(self.version, url, |url| self.document(url)))
            .as_ref()
    }
}

impl Terms for Validator {
    fn value_set(&self, url: &str) -> Option<Arc<ValueSet>> {
        let bare = without_version(url);
        self.all()
            .find_map(|package| package.value_sets.get(bare).cloned())
            .or_else(|| self.terminology.as_ref()?.value_set(url))
    }

    /// Packages and FHIR itself name code systems of others, such as SNOMED CT,
    /// without all of their codes: then what a terminology has comes first.
    fn code_system(&self, url: &str, version: Option<&str>) -> Option<Arc<dyn Codes>> {
        let own = self
            .all()
            .find_map(|package| package.code_systems.get(url).cloned());
        if own.as_ref().is_some_and(|own| own.is_complete()) {
            return own.map(|own| own as Arc<dyn Codes>);
        }
        let outside = self.terminology.as_ref();
        outside
            .and_then(|terminology| terminology.code_system(url, version))
            .or_else(|| own.map(|own| own as Arc<dyn Codes>))
    }
}

/// The definitions of FHIR itself, read once.
fn of_fhir(version: FhirVersion) -> &'static Package {
    static R4: OnceLock<Package> = OnceLock::new();
    static STU3: OnceLock<Package> = OnceLock::new();
    match version {
        FhirVersion::R4 => R4.get_or_init(|| Package::of_fhir(version)),
        FhirVersion::Stu3 => STU3.get_or_init(|| Package::of_fhir(version)),
    }
}
