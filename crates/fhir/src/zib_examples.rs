//! The examples of the Dutch information models (zib) through the whole room,
//! where they are present: XML to JSON and back, structure, search, label.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::conformance::Suite;
use crate::json::{Document, Value};
use crate::official_examples::sorted;
use crate::{FhirVersion, Resource, label, search, structure, xml};

const RIGHT_WHEN: &str = "it has the shape that FHIR wants, XML to JSON and back keeps its content, and values to find it by come out";

/// zib2020, in R4.
pub(crate) const ZIB2020: Suite = Suite {
    name: "Examples of zib2020 (R4): XML, shape, search",
    source: "Nictiz, Nictiz-R4-zib2020, CC0-1.0.",
    right_when: RIGHT_WHEN,
    cases: 271,
    right: 271,
    exceptions: &[],
};

/// zib2017, in STU3.
pub(crate) const ZIB2017: Suite = Suite {
    name: "Examples of zib2017 (STU3): XML, shape, search",
    source: "Nictiz, Nictiz-STU3-Zib2017, CC0-1.0.",
    right_when: RIGHT_WHEN,
    cases: 208,
    right: 208,
    exceptions: &[],
};

/// The examples in a folder, by name, or a visible line that they are not there.
pub(crate) fn files(folder: &str) -> Option<BTreeMap<String, PathBuf>> {
    let folder = crate::testdata(folder)?;
    let files = std::fs::read_dir(folder).expect("a folder");
    let files = files.map(|file| {
        let file = file.expect("an entry");
        (file.file_name().to_string_lossy().into_owned(), file.path())
    });
    Some(files.collect())
}

fn fault(version: FhirVersion, bytes: &[u8]) -> Result<Resource, String> {
    let at = |issue: crate::outcome::Issue| {
        let place = issue.expression.unwrap_or_default();
        format!("{place} {}", issue.text)
    };
    let json = xml::to_json_in(version, bytes).map_err(at)?;
    let document = Document::parse(&json).map_err(|error| error.to_string())?;
    let back = xml::from_json_in(version, &document).map_err(at)?;
    let again = xml::to_json_in(version, &back).map_err(at)?;
    let again = Document::parse(again).map_err(|error| error.to_string())?;
    // Some examples have elements in another order than the schema.
    if sorted(&Value::from(again.root())) != sorted(&Value::from(document.root())) {
        return Err("XML to JSON and back differs".to_owned());
    }
    let resource = Resource::parse_in(version, json).map_err(|mut issues| at(issues.remove(0)))?;
    match structure::check(&resource).into_iter().next() {
        Some(issue) => Err(at(issue)),
        None => Ok(resource),
    }
}

#[test]
fn the_zib_examples_go_through_the_whole_room() {
    for (version, folder, suite) in [
        (FhirVersion::R4, "zib2020/examples", &ZIB2020),
        (FhirVersion::Stu3, "zib2017/examples", &ZIB2017),
    ] {
        let Some(files) = files(folder) else { return };
        let mut labels: BTreeMap<String, usize> = BTreeMap::new();
        let (mut entries, mut patients) = (0, 0);
        let mut faults = Vec::new();
        let count = files.len();
        for (name, file) in files {
            let resource = match fault(version, &std::fs::read(&file).expect("a file")) {
                Ok(resource) => resource,
                Err(fault) => {
                    faults.push((name, fault));
                    continue;
                }
            };
            let found = search::extract(&resource);
            if found.len() < 2 {
                faults.push((name, "is found by nothing".to_owned()));
            }
            entries += found.len();
            patients += crate::compartment::patients(&resource).len();
            let label = label(&resource);
            *labels.entry(format!("{label:?}")).or_default() += 1;
        }
        println!("{folder}: {entries} index values, {patients} patients, labels: {labels:#?}");
        suite.check(count, &faults);
    }
}
