//! `schakel convert` and what it says of what it cannot convert.

use std::process::Output;

use crate::kit::schakel;

const STU3_JSON: &str = "{\"resourceType\":\"ProcedureRequest\",\"status\":\"active\",\"intent\":\"order\",\
    \"code\":{\"text\":\"x\"},\"subject\":{\"reference\":\"Patient/1\"}}";

fn convert(arguments: &[&str], content: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("resource");
    std::fs::write(&file, content).unwrap();
    let mut command = schakel();
    command.arg("convert").args(arguments).arg(&file);
    command.output().unwrap()
}

fn printed(arguments: &[&str], content: &str) -> String {
    let output = convert(arguments, content);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_resource_is_printed_in_the_other_form_and_back() {
    let json = "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"x\"},\
        \"valueQuantity\":{\"value\":1.50}}\n";
    let xml = printed(&["--to", "xml"], json);
    assert!(
        xml.contains("<valueQuantity><value value=\"1.50\"/></valueQuantity>"),
        "{xml}"
    );
    assert_eq!(printed(&["--to", "json"], &xml), json);
    assert_eq!(printed(&["--to", "json"], json), json);

    let xml = printed(&["--to", "xml", "--fhir", "stu3"], STU3_JSON);
    assert_eq!(
        printed(&["--to", "json", "--fhir", "stu3"], &xml).trim_end(),
        STU3_JSON
    );
}

#[test]
fn what_cannot_be_converted_is_refused_with_its_place() {
    for (arguments, content, expected) in [
        (
            &["--to", "xml"][..],
            STU3_JSON,
            "resourceType is not a resource of FHIR R4",
        ),
        (
            &["--to", "xml"],
            "{\"resourceType\":\"Patient\",\"shoeSize\":1}",
            "Patient: has an element",
        ),
        (
            &["--to", "json"],
            "<!DOCTYPE x><Patient xmlns='http://hl7.org/fhir'/>",
            "a DOCTYPE",
        ),
        (
            &["--to", "xml", "--fhir", "r9"],
            STU3_JSON,
            "not a version of FHIR",
        ),
    ] {
        let output = convert(arguments, content);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(expected),
            "{said}"
        );
        assert!(output.stdout.is_empty());
    }
}
