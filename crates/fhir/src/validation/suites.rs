//! The examples that others wrote: what is right must be judged right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Finding, Given, Package, Validator, exceptions};
use crate::conformance::Suite;
use crate::{FhirVersion, Resource, official_examples, xml, zib_examples};

/// The official examples of R4, without any package.
pub(crate) const R4: Suite = Suite {
    name: "Official examples of R4: validation",
    source: "npm `hl7.fhir.r4.examples` 4.0.1, CC0-1.0; judged by FHIR and by the profiles of FHIR that they claim.",
    right_when: "no error is found",
    cases: 5306,
    right: 5275,
    exceptions: exceptions::R4,
};

/// The official examples of STU3, without any package.
pub(crate) const STU3: Suite = Suite {
    name: "Official examples of STU3: validation",
    source: "npm `hl7.fhir.r3.examples` 3.0.2, CC0-1.0; judged by FHIR and by the profiles of FHIR that they claim.",
    right_when: "no error is found",
    cases: 8287,
    right: 8233,
    exceptions: exceptions::STU3,
};

const GIVEN: &str = "no error is found where references lead to the other examples";

/// The examples of zib2020, with their profiles.
pub(crate) const ZIB2020: Suite = Suite {
    name: "Examples of zib2020 (R4): validation",
    source: "Nictiz, Nictiz-R4-zib2020, CC0-1.0; judged by the profiles of zib2020 and nl-core that they claim, of which none has a snapshot.",
    right_when: GIVEN,
    cases: 271,
    right: 270,
    exceptions: exceptions::ZIB2020,
};

/// The examples of zib2017, with their profiles.
pub(crate) const ZIB2017: Suite = Suite {
    name: "Examples of zib2017 (STU3): validation",
    source: "Nictiz, Nictiz-STU3-Zib2017, CC0-1.0; judged by the profiles of zib2017 and nl-core that they claim, of which none has a snapshot.",
    right_when: GIVEN,
    cases: 208,
    right: 208,
    exceptions: &[],
};

/// All files below a folder, sorted.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The definitions in a folder of the outside test data.
pub(super) fn package(version: FhirVersion, folder: &str) -> Option<Package> {
    let folder = crate::testdata(folder)?;
    let mut package = Package::new(version);
    for file in files_below(&folder) {
        let is_xml = file.extension().is_some_and(|extension| extension == "xml");
        if is_xml && let Err(error) = package.add(&std::fs::read(&file).expect("a file")) {
            panic!("{}: {error}", file.display());
        }
    }
    Some(package)
}

/// The examples of a folder, by name.
pub(super) fn examples(version: FhirVersion, folder: &str) -> Option<BTreeMap<String, Resource>> {
    let files = zib_examples::files(folder)?;
    let read = |(name, file): (String, PathBuf)| {
        let bytes = std::fs::read(&file).expect("a file");
        let json = xml::to_json_in(version, &bytes).expect("FHIR XML");
        let resource = Resource::parse_in(version, json).expect("a resource");
        (name, resource)
    };
    Some(files.into_iter().map(read).collect())
}

/// The errors, one line each.
pub(super) fn errors(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| finding.is_error())
        .map(|finding| {
            format!(
                "{} [{}] {} ({})",
                finding.issue.expression.as_deref().unwrap_or("-"),
                finding.rule.name(),
                finding.issue.text,
                finding.found.as_deref().unwrap_or("")
            )
        })
        .collect()
}

/// What was found in all cases of a suite.
#[derive(Default)]
struct Judgement {
    cases: usize,
    faults: Vec<(String, String)>,
    unchecked: BTreeMap<String, usize>,
}

impl Judgement {
    fn add(&mut self, name: &str, findings: &[Finding]) {
        self.cases += 1;
        let errors = errors(findings).into_iter();
        self.faults
            .extend(errors.map(|error| (name.to_owned(), error)));
        for finding in findings {
            if finding.issue.text.starts_with("cannot check") {
                *self
                    .unchecked
                    .entry(finding.issue.text.clone())
                    .or_default() += 1;
            }
        }
    }

    fn check(&self, suite: &Suite) {
        println!("{}: cannot be checked: {:#?}", suite.name, self.unchecked);
        suite.check(self.cases, &self.faults);
    }
}

#[test]
fn the_zib_examples_are_judged_right() {
    for (version, folder, profiles, suite) in [
        (FhirVersion::R4, "zib2020", "resources", &ZIB2020),
        (FhirVersion::Stu3, "zib2017", "profiles", &ZIB2017),
    ] {
        let Some(package) = package(version, &format!("{folder}/{profiles}")) else {
            return;
        };
        let Some(examples) = examples(version, &format!("{folder}/examples")) else {
            return;
        };
        println!("{folder}: {} definitions", package.len());
        let validator = Validator::new(version, vec![package]);
        let given = Given::new(examples.values().cloned().collect());
        let mut judgement = Judgement::default();
        for (name, resource) in &examples {
            judgement.add(name, &validator.validate_among(resource, &[], &given));
        }
        judgement.check(suite);
    }
}

#[test]
fn the_official_examples_are_judged_right() {
    for (version, suite) in [(FhirVersion::R4, &R4), (FhirVersion::Stu3, &STU3)] {
        let Some(files) = official_examples::files(version) else {
            return;
        };
        let validator = Validator::new(version, Vec::new());
        let mut judgement = Judgement::default();
        let start = Instant::now();
        for file in &files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let (bytes, _) = official_examples::read(file);
            let resource = Resource::parse_in(version, bytes).expect("a resource");
            judgement.add(&name, &validator.validate(&resource, &[]));
        }
        println!("{version}: {} judged in {:?}", files.len(), start.elapsed());
        judgement.check(suite);
    }
}
