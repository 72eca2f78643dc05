//! What can go wrong in the store.

use crate::DatabaseError;

/// Why the store did not do what was asked. No text here holds patient data,
/// a value of a query, or a message of the database that could hold one.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The version of FHIR of this store has no such resource type.
    #[error("there is no such resource type in this version of FHIR")]
    UnknownResourceType,
    /// A resource is of another version of FHIR than the store.
    #[error("the resource is of another version of FHIR than the store (change {at})")]
    OtherFhirVersion {
        /// Which change, from zero.
        at: usize,
    },
    /// The resource type has no such search parameter.
    #[error("unknown search parameter {name}")]
    UnknownParameter {
        /// The name as it was given, when it is fit to be shown.
        name: String,
    },
    /// The search parameter is known, but not in this way.
    #[error("search parameter {name} does not take this modifier")]
    UnsupportedModifier {
        /// The name with its modifier, when it is fit to be shown.
        name: String,
    },
    /// A search parameter is known, and its values are still being taken from
    /// what is stored: an answer would be a part of one.
    #[error("search parameter {name} of {resource_type} is being indexed{}; ask again later",
        percent.map(|percent| format!(" ({percent} % done)")).unwrap_or_default())]
    BeingIndexed {
        /// The resource type.
        resource_type: &'static str,
        /// The name as it was given, when it is fit to be shown.
        name: String,
        /// How far it is; not told to who may not see all resources.
        percent: Option<u8>,
    },
    /// A SearchParameter that is active cannot be searched by.
    #[error("the search parameter cannot be searched by (change {at})")]
    NotSearchable {
        /// Which change, from zero.
        at: usize,
        /// What keeps it from that.
        issues: Vec<fhir::outcome::Issue>,
    },
    /// The value of a search parameter cannot be read.
    #[error("invalid value for search parameter {name}: {reason}")]
    InvalidValue {
        /// The name of the parameter.
        name: String,
        /// What is wrong with the value, without the value.
        reason: &'static str,
    },
    /// A page was asked for with a cursor that this store did not give.
    #[error("the page cursor is not one that this store gave")]
    InvalidCursor,
    /// An id that FHIR does not allow.
    #[error("an id has 1 to 64 letters, digits, hyphens or full stops (change {at})")]
    InvalidId {
        /// Which change, from zero.
        at: usize,
    },
    /// The id in the resource is not the id it is written to.
    #[error("the id in the resource is not the id it is written to (change {at})")]
    IdMismatch {
        /// Which change, from zero.
        at: usize,
    },
    /// `If-Match` names another version than the current one.
    #[error("the resource has another version than the one named (change {at})")]
    PreconditionFailed {
        /// Which change, from zero.
        at: usize,
    },
    /// There is nothing to change where the change needs something.
    #[error("there is nothing there to change (change {at})")]
    NothingThere {
        /// Which change, from zero.
        at: usize,
    },
    /// A patch cannot be applied to what is there.
    #[error("{source}")]
    NotPatched {
        /// Which change, from zero.
        at: usize,
        /// Why.
        source: fhir::patch::PatchError,
    },
    /// What a patch leaves does not have the shape of FHIR.
    #[error("what the patch leaves is not valid (change {at})")]
    PatchedInvalid {
        /// Which change, from zero.
        at: usize,
        /// What is wrong with it.
        issues: Vec<fhir::outcome::Issue>,
    },
    /// A patched resource names patients whom no audit line is about.
    #[error("the resource came to be about somebody else meanwhile (change {at})")]
    OthersNamed {
        /// Which change, from zero.
        at: usize,
    },
    /// A condition that must find one resource at most finds several.
    #[error("the condition finds more than one resource (change {at})")]
    MultipleMatches {
        /// Which change, from zero.
        at: usize,
    },
    /// A reference in a resource finds nothing in the transaction or the store.
    #[error("a reference cannot be resolved (change {at})")]
    UnresolvedReference {
        /// Which change, from zero.
        at: usize,
    },
    /// Two changes of one write are about the same resource, or an id is taken.
    #[error("the change conflicts with another (change {at})")]
    Conflict {
        /// Which change, from zero.
        at: usize,
    },
    /// A resource about one patient would become one about another.
    #[error(
        "the resource is about another patient; what is known of a patient does not move (change {at})"
    )]
    OtherSubject {
        /// Which change, from zero.
        at: usize,
    },
    /// The BSN of a patient would change without saying which version is corrected.
    #[error(
        "the patient has another BSN; a correction of it names the version that it corrects (change {at})"
    )]
    OtherBsn {
        /// Which change, from zero.
        at: usize,
    },
    /// A named limit was passed.
    #[error("over the limit {limit} of {max}")]
    LimitExceeded {
        /// The name of the limit.
        limit: &'static str,
        /// Its value.
        max: usize,
    },
    /// Something that only the organisation itself may do was asked in a
    /// narrower scope.
    #[error("this needs the scope of the organisation itself")]
    OutOfScope,
    /// The scope is about another patient than the context.
    #[error("the scope is about another patient than the credential")]
    OtherPatient,
    /// There is no message with that id.
    #[error("there is no such message")]
    UnknownMessage,
    /// The writer has stopped: the store is closing or its thread failed.
    #[error("the store is closed")]
    Closed,
    /// Work inside the store failed unexpectedly; it changed nothing.
    #[error("an unexpected fault inside the store")]
    Fault,
    /// The commit failed: nothing was changed.
    #[error("the database could not commit ({reason})")]
    NotCommitted {
        /// The code of the database.
        reason: String,
    },
    /// The file was written by a newer release.
    #[error("the database has schema {found}, this release knows up to {known}")]
    NewerSchema {
        /// The version in the file.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// A newer release wrote what resources are found by.
    #[error("the index follows rules {found}, this release knows up to {known}")]
    NewerIndex {
        /// The rules of the database.
        found: i64,
        /// The newest rules known.
        known: i64,
    },
    /// The file holds resources of another version of FHIR than it is opened for.
    #[error("the database was made for FHIR {found}, it is opened for {asked}")]
    MadeForOtherVersion {
        /// The version of the file.
        found: fhir::FhirVersion,
        /// The version asked for.
        asked: fhir::FhirVersion,
    },
    /// Something in the file is not what the store writes.
    #[error("the database is damaged: {what}")]
    Corrupt {
        /// What was found wrong.
        what: &'static str,
    },
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] DatabaseError),
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The longest name of a parameter that an error repeats, in bytes.
const SHOWN_NAME_BYTES_MAX: usize = 64;

/// A name from outside as an error may repeat it: words only. Whoever mixes
/// up name and value must not see a number come back, or find it in a log.
pub(crate) fn shown(name: &str) -> String {
    let fit = name.len() <= SHOWN_NAME_BYTES_MAX
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || b"_-.:".contains(&byte));
    if fit {
        name.to_owned()
    } else {
        "(not shown)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn only_words_are_repeated() {
        assert_eq!(shown("patient:Patient.name"), "patient:Patient.name");
        assert_eq!(shown("999911119"), "(not shown)");
        assert_eq!(shown(&"a".repeat(64)).len(), 64);
        assert_eq!(shown(&"a".repeat(65)), "(not shown)");
    }
}
