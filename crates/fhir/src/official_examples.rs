//! The official examples of both versions through the parsers and writers, where
//! they are present: the folder in `SCHAKEL_EXAMPLES` holds `r4/` (the files of npm
//! `hl7.fhir.r4.examples` 4.0.1) and `stu3/` (those of `hl7.fhir.r3.examples` 3.0.2).

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::json::{Document, Value};
use crate::{FhirVersion, Resource, xml};

/// A narrative without content: rule txt-2 of FHIR itself.
const EMPTY: &str = "text.div: must not be empty";
/// A link to an FTP server, which is not among what a narrative may link to here.
const FTP: &str = "text.div: must link only to pages, mail and telephone";

/// Examples that XML output refuses, and why (by how the fault ends).
const REFUSED: [(FhirVersion, &str, &str); 10] = [
    (
        FhirVersion::R4,
        "ActivityDefinition-blood-tubes-supply.json",
        EMPTY,
    ),
    (
        FhirVersion::R4,
        "ActivityDefinition-heart-valve-replacement.json",
        EMPTY,
    ),
    (FhirVersion::R4, "Bundle-valuesets.json", FTP),
    (FhirVersion::R4, "EventDefinition-example.json", EMPTY),
    (
        FhirVersion::R4,
        "Questionnaire-zika-virus-exposure-assessment.json",
        EMPTY,
    ),
    (FhirVersion::R4, "ValueSet-formatcodes.json", FTP),
    (
        FhirVersion::Stu3,
        "ActivityDefinition-blood-tubes-supply.json",
        EMPTY,
    ),
    (
        FhirVersion::Stu3,
        "ActivityDefinition-heart-valve-replacement.json",
        EMPTY,
    ),
    (
        FhirVersion::Stu3,
        "Questionnaire-zika-virus-exposure-assessment.json",
        EMPTY,
    ),
    // An ImplementationGuide of R4, packed with the examples of STU3.
    (
        FhirVersion::Stu3,
        "ig-r4.json",
        "ImplementationGuide: has an element that FHIR STU3 does not have here",
    ),
];

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
fn sorted(value: &Value) -> Value {
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
        let mut faults: BTreeMap<String, String> = BTreeMap::new();
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
                println!("{version}: {name}: {fault}");
                faults.insert(name, fault);
            }
        }
        println!(
            "{version}: {} of {count} examples make the round trip, {marked} after taking off a byte order mark",
            count - faults.len()
        );
        faults.retain(|name, fault| {
            !REFUSED
                .iter()
                .any(|(of, refused, why)| *of == version && refused == name && fault.ends_with(why))
        });
        let faults: Vec<String> = faults
            .iter()
            .map(|(name, fault)| format!("{name}: {fault}"))
            .collect();
        assert!(faults.is_empty(), "{version}\n{}", faults.join("\n"));
    }
}
