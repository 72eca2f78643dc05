//! The examples that others wrote: what is right must be judged right.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Finding, Package, Validator};
use crate::official_examples;
use crate::{FhirVersion, Resource, xml};

/// Errors in the official examples of R4 that are errors: rule, what the line of the
/// error holds, and why.
const WRONG_IN_R4: [(&str, &str, &str); 20] = [
    (
        "extension",
        "structuredefinition-fhir-type",
        "defined for the code of a type, used at the type",
    ),
    (
        "extension",
        "structuredefinition-normative-version",
        "defined for StructureDefinitions, used in all definitions",
    ),
    (
        "extension",
        "StructureDefinition/regex",
        "defined for elements, used at a type",
    ),
    (
        "extension",
        "StructureDefinition/translation",
        "defined for texts, used at a concept",
    ),
    (
        "extension",
        "valueset-concept-comments",
        "defined for value sets, used in a code system",
    ),
    ("bundle", "a fullUrl must end in", "the ids differ"),
    (
        "bdl-7",
        "Bundle-dataelements.json",
        "has entries with the same fullUrl",
    ),
    (
        "shape",
        ".text.div",
        "a narrative without content, or with a link to an FTP server",
    ),
    (
        "shape",
        "must be a code",
        "HL7 table 0550 has codes with two spaces",
    ),
    (
        "shape",
        "linkId",
        "Questionnaire qs1 has items without linkId",
    ),
    ("shape", "ImplementationGuide.name", "it has none"),
    ("shape", "ImplementationGuide.status", "it has none"),
    (
        "shape",
        "SearchParameter.base",
        "parameters of extensions have none",
    ),
    ("shape", "SearchParameter.id", "longer than 64 characters"),
    (
        "sdf-4",
        "StructureDefinition",
        "logical models without a base",
    ),
    ("reference", "DeviceMetric.parent", "to a DeviceDefinition"),
    (
        "reference",
        "DeviceUseStatement.reasonReference",
        "to a Procedure",
    ),
    (
        "reference",
        "MedicationRequest.dispenseRequest.performer",
        "to a Practitioner",
    ),
    ("reference", "Observation.performer", "to an Encounter"),
    (
        "shape",
        "more than 200 findings",
        "StructureDefinitions of the first kinds",
    ),
];

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

/// The package of the Dutch information models.
pub(super) fn zib2020() -> Option<Package> {
    let folder = crate::testdata("zib2020/resources")?;
    let mut package = Package::new(FhirVersion::R4);
    for file in files_below(&folder) {
        let is_xml = file.extension().is_some_and(|extension| extension == "xml");
        if is_xml && let Err(error) = package.add(&std::fs::read(&file).expect("a file")) {
            panic!("{}: {error}", file.display());
        }
    }
    Some(package)
}

/// The errors, one line each.
fn errors(findings: &[Finding]) -> Vec<String> {
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

/// Counts what could not be checked.
fn count_unchecked(findings: &[Finding], counts: &mut BTreeMap<String, usize>) {
    for finding in findings {
        if finding.issue.text.starts_with("cannot check") {
            *counts.entry(finding.issue.text.clone()).or_default() += 1;
        }
    }
}

#[test]
fn the_zib_examples_are_judged_right() {
    let Some(folder) = crate::testdata("zib2020/examples") else {
        return;
    };
    let Some(package) = zib2020() else { return };
    println!("zib2020: {} definitions", package.len());
    let validator = Validator::new(FhirVersion::R4, vec![package]);
    let mut faults = Vec::new();
    let mut unchecked = BTreeMap::new();
    let files = files_below(&folder);
    for file in &files {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let json = xml::to_json(&std::fs::read(file).expect("a file")).expect("FHIR XML");
        let resource = Resource::parse(json).expect("a resource");
        let findings = validator.validate(&resource, &[]);
        count_unchecked(&findings, &mut unchecked);
        faults.extend(
            errors(&findings)
                .into_iter()
                .map(|line| format!("{name}: {line}")),
        );
    }
    println!(
        "zib2020: {} examples judged; cannot be checked: {unchecked:#?}",
        files.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(files.len() > 250);
}

#[test]
fn the_official_examples_are_judged_right() {
    for version in [FhirVersion::R4] {
        let Some(files) = official_examples::files(version) else {
            return;
        };
        let validator = Validator::new(version, Vec::new());
        let mut faults = Vec::new();
        let mut unchecked = BTreeMap::new();
        let start = Instant::now();
        for file in &files {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let (bytes, _) = official_examples::read(file);
            let resource = Resource::parse_in(version, bytes).expect("a resource");
            let findings = validator.validate(&resource, &[]);
            count_unchecked(&findings, &mut unchecked);
            faults.extend(
                errors(&findings)
                    .into_iter()
                    .map(|line| format!("{name}: {line}")),
            );
        }
        let is_known = |line: &String| {
            WRONG_IN_R4
                .iter()
                .any(|(rule, part, _)| line.contains(&format!("[{rule}]")) && line.contains(part))
        };
        for (rule, part, why) in WRONG_IN_R4 {
            let is_this =
                |line: &&String| line.contains(&format!("[{rule}]")) && line.contains(part);
            let times = faults.iter().filter(is_this).count();
            println!("{version}: {times} times {rule} {part}: {why}");
            assert!(times > 0, "no exception any more: {rule} {part}");
        }
        let count = faults.len();
        faults.retain(|line| !is_known(line));
        let known = count - faults.len();
        println!("{version}: {known} errors are known to be in the examples");
        println!(
            "{version}: {} examples judged in {:?}; cannot be checked: {unchecked:#?}",
            files.len(),
            start.elapsed()
        );
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
