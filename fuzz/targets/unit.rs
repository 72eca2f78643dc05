//! Codes of units: what is valid UCUM may have base units, and then amounts in it
//! have a value and a range, in order.
#![no_main]

use fhir::search::canonical_unit;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // What a sender writes, and what of it the table knows.
    let (code, digits) = text.split_once(' ').unwrap_or((text, "4.20"));
    if let Some(known) = terminology::ucum(code) {
        assert!(terminology::is_ucum(known.code), "{}", known.code);
    }
    terminology::is_ucum(code);
    let Some(unit) = canonical_unit(code) else {
        return;
    };
    assert_eq!(canonical_unit(code), Some(std::sync::Arc::clone(&unit)));
    if let (Some(value), Some((low, high))) = (unit.value(digits), unit.range(digits)) {
        assert!(low <= value && value <= high, "{low} {value} {high}");
    }
});
