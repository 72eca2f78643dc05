//! Expressions over concepts (ECL): what parses is answered or refused.
#![no_main]

use std::sync::{Arc, LazyLock};

use fhir::codes::{Codes, Filter, FilterOp};
use libfuzzer_sys::fuzz_target;
use terminology::code_system::{CodeSystem, Header};
use terminology::ecl::Constraint;
use terminology::load::{Separator, table};

static SYSTEM: LazyLock<Arc<CodeSystem>> = LazyLock::new(|| {
    let header = Header {
        url: "http://snomed.info/sct".to_owned(),
        version: "1".to_owned(),
        title: String::new(),
        is_complete: true,
        ignores_case: false,
        language: "en".to_owned(),
    };
    let rows = "code;display;parent\n138875005;Root;\n404684003;Finding;138875005\n71388002;Procedure;138875005\n";
    let system = table::read(header, Separator::Semicolon, None, rows.as_bytes());
    Arc::new(system.expect("a table"))
});

fuzz_target!(|text: &str| {
    let _ = Constraint::parse(text);
    let filter = Filter {
        property: "constraint".to_owned(),
        op: FilterOp::Equals,
        value: text.to_owned(),
    };
    let _ = Codes::passes(&**SYSTEM, "404684003", &filter);
});
