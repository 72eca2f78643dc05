//! FHIR in JSON: what reads is checked, indexed, labelled, and reads back.
#![no_main]

use fhir::Resource;
use fhir::json::{Document, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(document) = Document::parse(bytes) {
        let value = Value::from(document.root());
        let again = Document::parse(value.to_bytes()).expect("what was written reads");
        assert_eq!(Value::from(again.root()), value);
    }
    if let Ok(resource) = Resource::parse(bytes) {
        schakel_fuzz::walk(&resource);
        // What the check finds fault with is not stored, so it is not written.
        let is_sound = fhir::structure::check(&resource).is_empty();
        if let (true, Ok(xml)) = (is_sound, fhir::xml::from_json(resource.document())) {
            let json = fhir::xml::to_json(&xml).expect("what was written reads");
            Document::parse(json).expect("what was read is JSON");
        }
    }
});
