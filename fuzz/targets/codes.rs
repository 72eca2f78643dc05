//! Releases of code systems: RF2, LOINC and tables. The first byte tells as what the
//! rest is read; what loads can be asked for every code that it has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terminology::code_system::{CodeSystem, Header};
use terminology::load::loinc::Loinc;
use terminology::load::rf2::{Rf2, Rf2File};
use terminology::load::{LoadError, Separator, table};

fn header() -> Header {
    Header {
        url: "urn:t".to_owned(),
        version: "1".to_owned(),
        title: String::new(),
        is_complete: true,
        ignores_case: false,
        language: "nl".to_owned(),
    }
}

fn load(kind: u8, rest: &[u8]) -> Result<CodeSystem, LoadError> {
    match kind {
        b'l' => {
            let mut loinc = Loinc::new("2.81");
            // A second part, where there is one, holds names in another language.
            let mut parts = rest.splitn(2, |byte| *byte == 0);
            loinc.table(parts.next().unwrap_or_default())?;
            if let Some(variant) = parts.next() {
                loinc.variant("nl", variant)?;
            }
            loinc.finish()
        }
        b'r' => {
            let mut rf2 = Rf2::new("http://snomed.info/sct/1/version/20260101");
            let kinds = [
                Rf2File::Concepts,
                Rf2File::Descriptions,
                Rf2File::Relationships,
            ];
            for (kind, part) in kinds.into_iter().zip(rest.split(|byte| *byte == 0)) {
                rf2.read(kind, part)?;
            }
            rf2.finish()
        }
        b't' => table::read(header(), Separator::Tab, None, rest),
        b',' => table::read(header(), Separator::Comma, None, rest),
        _ => table::read(header(), Separator::Semicolon, None, rest),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let Ok(system) = load(*kind, rest) else {
        return;
    };
    for concept in 0..system.len() as u32 {
        let code = system.code(concept).to_owned();
        assert_eq!(system.find(&code), Some(concept));
        let _ = system.display(concept, "nl");
    }
});
