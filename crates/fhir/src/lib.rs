//! FHIR R4 and STU3 as data: JSON and XML, the shape of resources, what they are found
//! by, which patient and which kind of data they belong to.
//!
//! This room does no I/O and decides nothing about access. It is driven by
//! tables made from the official definitions (`cargo xtask definitions`), not
//! by a Rust type per resource. Start with [`Resource`], which everything else
//! takes and which knows its [`FhirVersion`]; [`json`] is the tree under it. What
//! has no version in its name is about R4.

pub mod codes;
pub mod compartment;
pub mod definitions;
pub mod fhirpath;
pub mod json;
pub mod outcome;
pub mod patch;
pub mod search;
pub mod structure;
pub mod subset;
pub mod validation;
pub mod xml;

mod format;
mod label;
mod narrative;
mod resource;
mod types;
mod version;

pub use format::STRING_BYTES_MAX;
pub use label::label;
pub use resource::Resource;
pub use types::{resource_type, resource_types};
pub use version::{FhirVersion, UnknownVersion};

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod official_examples;
#[cfg(test)]
mod zib_examples;

/// A folder of the outside test data, or a visible line that it is not there.
#[cfg(test)]
fn testdata(folder: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var_os("SCHAKEL_TESTDATA").map_or_else(
        || {
            std::path::PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../shared/testdata"
            ))
        },
        std::path::PathBuf::from,
    );
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED: no outside test data at {}", path.display());
    None
}
