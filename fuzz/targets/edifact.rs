//! EDIFACT: the wire, the envelope, MEDLAB and CONTRL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schakel_fuzz::{check_translation, with_context};
use translate::edifact;

fuzz_target!(|bytes: &[u8]| {
    with_context(|context| {
        check_translation(edifact::translate(bytes, context));
        edifact::summary(bytes);
        edifact::acknowledge(bytes, false, context);
    });
});
