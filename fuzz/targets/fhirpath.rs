//! FHIRPath: what parses is evaluated, within its budget of steps.
#![no_main]

use std::sync::LazyLock;

use fhir::Resource;
use fhir::fhirpath::{Context, Element, Expression, Item};
use libfuzzer_sys::fuzz_target;

static RESOURCE: LazyLock<Resource> = LazyLock::new(|| {
    let json = r##"{"resourceType":"Observation","id":"a","status":"final",
        "contained":[{"resourceType":"Patient","id":"p","name":[{"family":"F","given":["G","H"]}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},
        "subject":{"reference":"#p"},"effectiveDateTime":"2024-01-01",
        "valueQuantity":{"value":4.20,"code":"mmol/L"},
        "component":[{"code":{"text":"x"},"valueInteger":1}]}"##;
    Resource::parse(json).expect("a resource")
});

fuzz_target!(|text: &str| {
    let Ok(expression) = Expression::parse(text) else {
        return;
    };
    let root = Element::resource(RESOURCE.root()).expect("an element");
    let context = Context::with_steps(root, 10_000);
    let _ = expression.evaluate(Item::Element(root), &context);
});
