//! The examples of the Dutch information models (zib 2020) through the whole
//! room, where they are present: XML to JSON and back, structure, search, label.

use std::collections::BTreeMap;

use crate::json::Document;
use crate::{Resource, label, search, structure, xml};

#[test]
fn the_zib_examples_go_through_the_whole_room() {
    let Some(folder) = crate::testdata("zib2020/examples") else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let mut labels: BTreeMap<String, usize> = BTreeMap::new();
    let mut unlabelled: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut entries, mut patients) = (0, 0);
    let mut faults = Vec::new();
    let count = files.len();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let json = match xml::to_json(&std::fs::read(&file).unwrap()) {
            Ok(json) => json,
            Err(issue) => {
                faults.push(format!("{name}: {:?} {}", issue.expression, issue.text));
                continue;
            }
        };
        let back = xml::from_json(&Document::parse(&json).unwrap()).unwrap();
        assert_eq!(xml::to_json(&back).unwrap(), json, "{name}");

        let resource = Resource::parse(json).unwrap();
        for issue in structure::check(&resource) {
            let place = issue.expression.unwrap_or_default();
            faults.push(format!("{name}: {place} {}", issue.text));
        }
        let found = search::extract(&resource);
        assert!(found.len() > 1, "{name}");
        entries += found.len();
        patients += crate::compartment::patients(&resource).len();
        let label = label(&resource);
        if label.is_empty() {
            *unlabelled.entry(resource.resource_type()).or_default() += 1;
        }
        *labels.entry(format!("{label:?}")).or_default() += 1;
    }
    println!("zib2020: {count} examples, {entries} index values, {patients} patients");
    println!("labels: {labels:#?}\nwithout label: {unlabelled:#?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(count > 250);
}
