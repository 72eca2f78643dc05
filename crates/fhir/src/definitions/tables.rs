//! The embedded tables.

use std::io::Read as _;

use crate::FhirVersion;

/// A table of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Types and elements.
    Types,
    /// Codes of required bindings.
    Codes,
    /// Rules on elements.
    Invariants,
    /// Search parameters.
    Search,
    /// Compartments.
    Compartments,
    /// Profiles, value sets and code systems.
    Conformance,
}

/// How large a table may be, in bytes: the largest has 2.6 million.
const TABLE_BYTES_MAX: u64 = 8 * 1024 * 1024;

macro_rules! table {
    ($folder:literal, $table:expr) => {
        match $table {
            Table::Types => {
                include_bytes!(concat!("../../tables/", $folder, "/types.tsv.gz")).as_slice()
            }
            Table::Codes => include_bytes!(concat!("../../tables/", $folder, "/codes.tsv.gz")),
            Table::Invariants => {
                include_bytes!(concat!("../../tables/", $folder, "/invariants.tsv.gz"))
            }
            Table::Search => include_bytes!(concat!("../../tables/", $folder, "/search.tsv.gz")),
            Table::Compartments => {
                include_bytes!(concat!("../../tables/", $folder, "/compartments.tsv.gz"))
            }
            Table::Conformance => {
                include_bytes!(concat!("../../tables/", $folder, "/conformance.ndjson.gz"))
            }
        }
    };
}

/// The text of a table. It is unpacked anew at each call, and then lives as long
/// as the process: ask once.
pub(crate) fn text(version: FhirVersion, table: Table) -> &'static str {
    String::leak(unpacked(version, table))
}

/// The text of a table, for one who keeps nothing of it.
pub(crate) fn unpacked(version: FhirVersion, table: Table) -> String {
    let bytes = match version {
        FhirVersion::R4 => table!("r4", table),
        FhirVersion::Stu3 => table!("stu3", table),
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .take(TABLE_BYTES_MAX)
        .read_to_string(&mut text)
        .expect("a test unpacks every table");
    text
}

/// The lines of a table without its head.
pub(crate) fn lines(version: FhirVersion, table: Table) -> impl Iterator<Item = &'static str> {
    text(version, table)
        .lines()
        .filter(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_unpacks() {
        let tables = [
            Table::Types,
            Table::Codes,
            Table::Invariants,
            Table::Search,
            Table::Compartments,
            Table::Conformance,
        ];
        for version in FhirVersion::ALL {
            for table in tables {
                let text = unpacked(version, table);
                assert!(text.lines().count() > 100, "{version} {table:?}");
                assert!((text.len() as u64) < TABLE_BYTES_MAX);
            }
        }
    }
}
