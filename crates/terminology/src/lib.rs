//! Codes: what they mean, how they map, how units are spelled.
//!
//! Small tables that we keep ourselves (`tables/*.tsv`, compiled in): a
//! laboratory's own codes and NHG table 45 to LOINC, common laboratory tests
//! with their names, unit and a plain sentence for patients, spellings of
//! units to UCUM, abnormal flags, and Dutch and English names for the codes in
//! use.
//!
//! And code systems as a whole: [`load`] reads releases, [`code_system`] holds them,
//! [`definitions`] has them by their canonical URL with value sets and concept maps,
//! [`operation`] answers the questions of a FHIR terminology service, [`ecl`] is the
//! expression language of SNOMED CT.
//!
//! A code that is not in a table gives `None`, never a guess: the caller keeps
//! what the sender wrote. This room converts no values and holds no licensed
//! release; it does no I/O: what is read and where names are kept is passed in.
//! Start with [`lab_test`] and [`display`], or with [`operation::answer`].

mod bits;
pub mod code_system;
pub mod definitions;
mod display;
pub mod ecl;
mod implicit;
mod interpretation;
mod lab;
pub mod load;
pub mod operation;
pub mod session;
mod strings;
mod substance;
mod table;
mod tables;
mod unit;

/// The systems of codes that this room knows, as FHIR names them.
pub mod system {
    /// Logical Observation Identifiers Names and Codes.
    pub const LOINC: &str = "http://loinc.org";
    /// SNOMED CT.
    pub const SNOMED: &str = "http://snomed.info/sct";
    /// Unified Code for Units of Measure.
    pub const UCUM: &str = "http://unitsofmeasure.org";
    /// Anatomical Therapeutic Chemical classification.
    pub const ATC: &str = "http://www.whocc.no/atc";
    /// International Classification of Primary Care, the Dutch edition.
    pub const ICPC: &str = "http://hl7.org/fhir/sid/icpc-1-nl";
    /// NHG table 45, tests of general practice (diagnostische bepalingen).
    pub const NHG45: &str =
        "https://referentiemodel.nhg.org/tabellen/nhg-tabel-45-diagnostische-bepalingen";
    /// Abnormal flags of observations.
    pub const INTERPRETATION: &str =
        "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
}

pub use display::{Language, display};
pub use interpretation::{Interpretation, interpretation};
pub use lab::{
    LabTest, category_of_loinc, lab_test, lab_tests, loinc_for_local, loinc_for_nhg45,
    specimen_type,
};
pub use substance::substance;
pub use unit::{UCUM_CODE_BYTES_MAX, Ucum, is_ucum, ucum};
