//! What is made of differentials against the snapshots that others made: the
//! profiles of FHIR itself have both, and both must judge all examples alike.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Package, Validator};
use crate::conformance::{Suite, exception};
use crate::json::{Document, Value};
use crate::{FhirVersion, Resource, official_examples};

const RIGHT_WHEN: &str =
    "the profile without its snapshot finds errors where its snapshot alone does";

/// The profiles of R4.
pub(crate) const R4: Suite = Suite {
    name: "Profiles of R4: differential and snapshot",
    source: "npm `hl7.fhir.r4.examples` 4.0.1, CC0-1.0: each of 439 profiles on each example of its type up to 100,000 bytes, right or wrong.",
    right_when: RIGHT_WHEN,
    cases: 3614,
    right: 3614,
    exceptions: &[],
};

/// The profiles of STU3.
pub(crate) const STU3: Suite = Suite {
    name: "Profiles of STU3: differential and snapshot",
    source: "npm `hl7.fhir.r3.examples` 3.0.2, CC0-1.0: each of 408 profiles on each example of its type up to 100,000 bytes, right or wrong.",
    right_when: RIGHT_WHEN,
    cases: 3008,
    right: 3001,
    exceptions: &[exception(
        &["StructureDefinition/consentdirective"],
        7,
        "its snapshot lacks what its differential says of the topic and the type",
    )],
};

/// Examples that are longer are definitions, which no profile is about.
const EXAMPLE_BYTES_MAX: usize = 100_000;

/// The profiles of a version with one of their two halves.
fn package(version: FhirVersion, definitions: &[Value], left_out: &str) -> Package {
    let mut package = Package::new(version);
    for definition in definitions {
        let mut definition = definition.clone();
        definition.remove(left_out);
        assert_eq!(package.add(&definition.to_bytes()), Ok(true));
    }
    package
}

/// Where there are errors. A snapshot says some things twice, such as a type and a
/// slice for each type.
fn errors(findings: &[Finding]) -> BTreeSet<String> {
    let errors = findings.iter().filter(|one| one.is_error());
    errors
        .map(|one| one.issue.expression.clone().unwrap_or_default())
        .collect()
}

#[test]
fn differentials_judge_as_snapshots_do() {
    for (version, suite) in [(FhirVersion::R4, &R4), (FhirVersion::Stu3, &STU3)] {
        let Some(files) = official_examples::files(version) else {
            return;
        };
        let mut definitions = Vec::new();
        let mut examples: BTreeMap<String, Vec<(String, Resource)>> = BTreeMap::new();
        for file in &files {
            let (bytes, _) = official_examples::read(file);
            let document = Document::parse(&bytes).expect("JSON");
            let root = document.root();
            let is_profile = root.text("derivation").as_deref() == Some("constraint");
            if is_profile && root.get("snapshot").is_some() && root.get("differential").is_some() {
                definitions.push(Value::from(root));
            }
            if bytes.len() > EXAMPLE_BYTES_MAX {
                continue;
            }
            let resource = Resource::parse_in(version, bytes).expect("a resource");
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let of_type = examples.entry(resource.resource_type().to_owned());
            of_type.or_default().push((name.into_owned(), resource));
        }
        let generated = package(version, &definitions, "snapshot");
        let generated = Validator::new(version, vec![generated]);
        let given = Validator::new(
            version,
            vec![package(version, &definitions, "differential")],
        );
        let mut differences = Vec::new();
        let (mut judged, mut wrong) = (0, 0);
        for definition in &definitions {
            let Some(of_type) = definition.text("type").and_then(|name| examples.get(name)) else {
                continue;
            };
            let url = definition.text("url").unwrap_or_default();
            for (name, resource) in of_type {
                let ours = errors(&generated.validate(resource, &[url]));
                let theirs = errors(&given.validate(resource, &[url]));
                judged += 1;
                wrong += usize::from(!ours.is_empty());
                if ours != theirs {
                    let only_ours: Vec<_> = ours.difference(&theirs).collect();
                    let only_theirs: Vec<_> = theirs.difference(&ours).collect();
                    let fault = format!("only without {only_ours:?}, only with {only_theirs:?}");
                    differences.push((format!("{url} {name}"), fault));
                }
            }
        }
        println!(
            "{version}: {} profiles, {wrong} judgements with errors",
            definitions.len()
        );
        suite.check(judged, &differences);
        assert!(wrong > 100 && judged > wrong);
    }
}
