//! FHIR in XML: what reads is JSON, and a resource of it can be walked.
#![no_main]

use fhir::Resource;
use fhir::json::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(json) = fhir::xml::to_json(bytes) {
        Document::parse(&json).expect("what was read is JSON");
        if let Ok(resource) = Resource::parse(json) {
            schakel_fuzz::walk(&resource);
            let _ = fhir::xml::from_json(resource.document());
        }
    }
});
