//! Profiles, value sets and Questionnaires that are loaded, in JSON or XML, and what
//! they make of a resource.
#![no_main]

use std::sync::LazyLock;

use fhir::json::Document;
use fhir::validation::{Package, Validator};
use fhir::{FhirVersion, Resource};
use libfuzzer_sys::fuzz_target;

static RESOURCES: LazyLock<Vec<Resource>> = LazyLock::new(|| {
    let observation = r##"{"resourceType":"Observation","status":"final","contained":[{"resourceType":"Patient","id":"p"}],
        "category":[{"coding":[{"system":"urn:s","code":"a"}]}],"code":{"coding":[{"system":"urn:s","code":"b"}]},
        "subject":{"reference":"#p"},"valueQuantity":{"value":4.2,"system":"urn:u","code":"c"},
        "component":[{"code":{"text":"x"},"valueString":"y"}],"extension":[{"url":"urn:x","valueString":"n"}]}"##;
    let response = r#"{"resourceType":"QuestionnaireResponse","questionnaire":"urn:q","status":"completed","item":[
        {"linkId":"1","answer":[{"valueCoding":{"system":"urn:s","code":"a"},"item":[{"linkId":"2"}]}]},
        {"linkId":"3","item":[{"linkId":"4","answer":[{"valueDecimal":1.5}]}]}]}"#;
    let parse = |json| Resource::parse(json).expect("a resource");
    [observation, response].into_iter().map(parse).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let mut package = Package::new(FhirVersion::R4);
    if package.add(bytes) != Ok(true) {
        return;
    }
    let validator = Validator::new(FhirVersion::R4, vec![package]);
    let document = Document::parse(bytes).ok();
    let url = document.and_then(|document| Some(document.root().text("url")?.into_owned()));
    let profiles: Vec<&str> = url.as_deref().into_iter().collect();
    for resource in RESOURCES.iter() {
        let findings = validator.validate(resource, &profiles);
        fhir::validation::outcome(&findings);
    }
});
