//! The official examples of both versions through the parsers and writers, where
//! they are present: the folder in `SCHAKEL_EXAMPLES` holds `r4/` (the files of npm
//! `hl7.fhir.r4.examples` 4.0.1) and `stu3/` (those of `hl7.fhir.r3.examples` 3.0.2).

use std::path::PathBuf;

use crate::conformance::{Suite, exception};
use crate::json::{Document, Value};
use crate::{FhirVersion, Resource, xml};

const RIGHT_WHEN: &str = "JSON to a tree and back gives the same bytes, JSON to XML and back the same \
     content, and XML to a tree and back the same bytes";

/// Rule txt-2 of FHIR itself.
const EMPTY: &str = "the narrative has no content";

/// The examples of R4.
pub(crate) const R4: Suite = Suite {
    name: "Official examples of R4: JSON and XML",
    source: "npm `hl7.fhir.r4.examples` 4.0.1, CC0-1.0.",
    right_when: RIGHT_WHEN,
    cases: 5306,
    right: 5302,
    exceptions: &[
        exception(&["ActivityDefinition-blood-tubes-supply.json"], 1, EMPTY),
        exception(
            &["ActivityDefinition-heart-valve-replacement.json"],
            1,
            EMPTY,
        ),
        exception(&["EventDefinition-example.json"], 1, EMPTY),
        exception(
            &["Questionnaire-zika-virus-exposure-assessment.json"],
            1,
            EMPTY,
        ),
    ],
};

/// The examples of STU3. Nineteen begin with a byte order mark, which JSON must not
/// (RFC 8259, section 8.1): they are refused with it, and read without it.
pub(crate) const STU3: Suite = Suite {
    name: "Official examples of STU3: JSON and XML",
    source: "npm `hl7.fhir.r3.examples` 3.0.2, CC0-1.0, without the byte order mark that 19 begin with.",
    right_when: RIGHT_WHEN,
    cases: 8287,
    right: 8283,
    exceptions: &[
        exception(&["ActivityDefinition-blood-tubes-supply.json"], 1, EMPTY),
        exception(
            &["ActivityDefinition-heart-valve-replacement.json"],
            1,
            EMPTY,
        ),
        exception(
            &["Questionnaire-zika-virus-exposure-assessment.json"],
            1,
            EMPTY,
        ),
        exception(
            &["ig-r4.json", "has an element that FHIR STU3 does not have"],
            1,
            "an ImplementationGuide of R4, packed with the examples of STU3",
        ),
    ],
};

/// The files of the package, or a visible line that they are not there.
pub(crate) fn files(version: FhirVersion) -> Option<Vec<PathBuf>> {
    let folder = match version {
        FhirVersion::R4 => "r4",
        FhirVersion::Stu3 => "stu3",
    };
    let Some(root) = std::env::var_os("SCHAKEL_EXAMPLES") else {
        println!("SKIPPED: no official examples: SCHAKEL_EXAMPLES is not set");
        return None;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(PathBuf::from(root).join(folder))
        .expect("a folder for each version")
        .map(|file| file.expect("a file").path())
        .filter(|file| {
            let is_json = file
                .extension()
                .is_some_and(|extension| extension == "json");
            is_json && file.file_name().is_some_and(|name| name != "package.json")
        })
        .collect();
    files.sort();
    Some(files)
}

/// The bytes of an example without a byte order mark, which 19 examples of STU3
/// have and JSON must not (RFC 8259, section 8.1); and whether it had one.
pub(crate) fn read(file: &std::path::Path) -> (Vec<u8>, bool) {
    let bytes = std::fs::read(file).expect("a readable file");
    match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest.to_vec(), true),
        None => (bytes, false),
    }
}

/// The same value with its members in one order: XML has an order of its own.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members
                .iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members)
        }
        leaf => leaf.clone(),
    }
}

fn round_trip(version: FhirVersion, bytes: &[u8]) -> Result<(), String> {
    let resource = Resource::parse_in(version, bytes).map_err(|issues| issues[0].text.clone())?;
    // JSON, tree, JSON: the bytes themselves, and the built tree token by token.
    assert_eq!(resource.as_bytes(), bytes);
    let tree = Value::from(resource.root());
    let again = Document::parse(tree.to_bytes()).map_err(|error| error.to_string())?;
    if Value::from(again.root()) != tree {
        return Err("JSON differs after the tree".to_owned());
    }
    // JSON, XML, JSON: equal but for the order of members.
    let at = |issue: crate::outcome::Issue| {
        format!("{}: {}", issue.expression.unwrap_or_default(), issue.text)
    };
    let as_xml = xml::from_json_in(version, resource.document()).map_err(at)?;
    let back = xml::to_json_in(version, &as_xml).map_err(at)?;
    let back = Document::parse(back).map_err(|error| error.to_string())?;
    if sorted(&Value::from(back.root())) != sorted(&tree) {
        return Err("JSON differs after XML".to_owned());
    }
    // XML, tree, XML: byte for byte.
    let xml_again = xml::from_json_in(version, &back).map_err(at)?;
    if xml_again != as_xml {
        return Err("XML differs after the tree".to_owned());
    }
    Ok(())
}

#[test]
fn the_official_examples_make_the_round_trip() {
    for version in FhirVersion::ALL {
        let Some(files) = files(version) else { return };
        let mut faults = Vec::new();
        let mut marked = 0;
        let count = files.len();
        for file in files {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let (bytes, is_marked) = read(&file);
            if is_marked {
                marked += 1;
                let marked = std::fs::read(&file).expect("a readable file");
                assert!(Resource::parse_in(version, marked).is_err(), "{name}");
            }
            if let Err(fault) = round_trip(version, &bytes) {
                faults.push((name, fault));
            }
        }
        let (suite, wanted) = match version {
            FhirVersion::R4 => (&R4, 0),
            FhirVersion::Stu3 => (&STU3, 19),
        };
        assert_eq!(marked, wanted, "{version}");
        suite.check(count, &faults);
    }
}
