//! What the targets share: a receiving node, and what must hold of every
//! translation.

use care::SequentialIds;
use fhir::Resource;
use jiff::tz::TimeZone;
use translate::{Context, Refusal, Translation};

/// Runs with the context of a receiving node.
pub fn with_context<T>(run: impl FnOnce(&Context<'_>) -> T) -> T {
    let ids = SequentialIds::default();
    run(&Context {
        organisation: "90000103".parse().expect("a URA"),
        organisation_name: "Diagnostiek Lisbroek",
        now: "2026-03-02T10:00:00Z".parse().expect("a time"),
        message_id: "message-1",
        ids: &ids,
        time_zone: TimeZone::get("Europe/Amsterdam").expect("a zone"),
    })
}

/// A translation is a Bundle that reads back and says only what R4 allows; a
/// refusal has an acknowledgement and repeats nothing of the message that
/// looks like a number of a person.
pub fn check_translation(outcome: Result<Translation, Refusal>) {
    match outcome {
        Ok(translation) => {
            assert!(!translation.acknowledgement.is_empty());
            let entries = translation.bundle.get("entry").map_or(&[][..], |list| list.items());
            for entry in entries {
                let resource = entry.get("resource").expect("an entry has a resource");
                let parsed = Resource::from_value(resource).expect("it reads back");
                let faults = fhir::structure::check(&parsed);
                assert!(faults.is_empty(), "{faults:?}");
            }
        }
        Err(refusal) => {
            assert!(!refusal.acknowledgement.is_empty());
            let digits = refusal.text.split(|character: char| !character.is_ascii_digit());
            assert!(digits.into_iter().all(|run| run.len() < 8), "{}", refusal.text);
        }
    }
}

/// What is done with every resource that is taken in.
pub fn walk(resource: &Resource) {
    fhir::structure::check(resource);
    fhir::search::extract(resource);
    fhir::compartment::patients(resource);
    fhir::compartment::subjects(resource);
    fhir::label(resource);
}
