//! Definitions of search parameters, in R4 and STU3: what is taken finds values in
//! any resource of its types, and is the same parameter when it is read again.
#![no_main]

use std::sync::{Arc, LazyLock};

use fhir::search::{Added, Parameter, Parameters};
use fhir::{FhirVersion, Resource};
use libfuzzer_sys::fuzz_target;

const OBSERVATION: &str = r##"{"resourceType":"Observation","id":"a","status":"final",
    "contained":[{"resourceType":"Patient","id":"p","name":[{"family":"F","given":["G","H"]}]}],
    "code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},
    "subject":{"reference":"#p"},"effectiveDateTime":"2024-01-01",
    "valueQuantity":{"value":4.20,"system":"http://unitsofmeasure.org","code":"mmol/L"},
    "component":[{"code":{"text":"x"},"valueInteger":1}],"extension":[{"url":"urn:x","valueString":"n"}]}"##;
const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","active":true,"gender":"other",
    "name":[{"family":"F","given":["G","H"]},{"text":"x"}],"birthDate":"1950-02-03",
    "identifier":[{"system":"urn:s","value":"1"}],"extension":[{"url":"urn:x","valueDecimal":1.50}]}"#;

static RESOURCES: LazyLock<Vec<Resource>> = LazyLock::new(|| {
    let parse = |(version, json)| Resource::parse_in(version, json).expect("a resource");
    FhirVersion::ALL
        .into_iter()
        .flat_map(|version| [(version, OBSERVATION), (version, PATIENT)])
        .map(parse)
        .collect()
});

fuzz_target!(|bytes: &[u8]| {
    for version in FhirVersion::ALL {
        let Ok(definition) = Resource::parse_in(version, bytes) else {
            return;
        };
        let read = || Added::read(Parameter::ADDED, &definition);
        let Ok(Some(added)) = read() else {
            continue;
        };
        assert!(matches!(read(), Ok(Some(again)) if again.finds_the_same(&added)));
        let parameters = Parameters::new(version, vec![Arc::new(added)]);
        for resource in RESOURCES.iter().filter(|one| one.version() == version) {
            parameters.extract(resource);
        }
    }
});
