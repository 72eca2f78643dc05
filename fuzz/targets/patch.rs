//! Patches: JSON Patch and FHIRPath Patch, on a resource. What comes out can be
//! checked, and is a resource of the same type and id.
#![no_main]

use std::sync::LazyLock;

use fhir::Resource;
use fhir::json::{Document, Kind};
use fhir::patch::Patch;
use libfuzzer_sys::fuzz_target;

static RESOURCE: LazyLock<Resource> = LazyLock::new(|| {
    let json = r#"{"resourceType":"Patient","id":"p","active":true,"gender":"other",
        "name":[{"family":"F","given":["G","H"]},{"text":"x"}],
        "identifier":[{"system":"urn:s","value":"1"}]}"#;
    Resource::parse(json).expect("a resource")
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::parse(bytes) else {
        return;
    };
    let patch = match document.root().kind() {
        Kind::Array => Patch::json(document.root()),
        _ => match Resource::parse(bytes) {
            Ok(parameters) => Patch::fhir_path(&parameters),
            Err(_) => return,
        },
    };
    if let Ok(patched) = patch.and_then(|patch| patch.apply(&RESOURCE)) {
        schakel_fuzz::walk(&patched);
    }
});
