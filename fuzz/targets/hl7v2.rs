//! HL7 v2: batches, the reader, the translation and its acknowledgement.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schakel_fuzz::{check_translation, with_context};
use translate::hl7v2::{self, AcknowledgementCode};

fuzz_target!(|bytes: &[u8]| {
    with_context(|context| {
        check_translation(hl7v2::translate(bytes, context));
        hl7v2::summary(bytes);
        hl7v2::acknowledge(bytes, AcknowledgementCode::Error, "refused", context);
    });
    let _ = hl7v2::split_batch(bytes);
});
