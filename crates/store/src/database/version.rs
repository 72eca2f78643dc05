//! The version of FHIR that a file was made for.

use fhir::FhirVersion;

use super::{Connection, OptionalExtension};
use crate::StoreError;

/// The name under which the file keeps it.
const NAME: &str = "fhir_version";

/// Notes the version in a new file; refuses a file that is of another one. A
/// file that knows its resource types but no version is of a release that had
/// R4 only.
pub(crate) fn settle(connection: &Connection, asked: FhirVersion) -> Result<(), StoreError> {
    let kept: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [NAME], |row| {
            row.get(0)
        })
        .optional()?;
    let found = if let Some(number) = kept {
        str::from_utf8(&number)
            .ok()
            .and_then(|number| number.parse().ok())
            .ok_or(StoreError::Corrupt {
                what: "the version of FHIR is not one that is known",
            })?
    } else {
        let is_new: bool =
            connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM name)", (), |row| {
                row.get(0)
            })?;
        let found = if is_new { asked } else { FhirVersion::R4 };
        connection.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2)",
            (NAME, found.number().as_bytes()),
        )?;
        found
    };
    if found == asked {
        Ok(())
    } else {
        Err(StoreError::MadeForOtherVersion { found, asked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Database, Source, names, schema};

    #[test]
    fn a_file_without_a_version_is_new_or_of_r4() {
        let directory = tempfile::tempdir().unwrap();
        let file = Database::Sqlite(directory.path().join("store.sqlite"));
        let connection = Connection::writer(&Source::new(file)).unwrap();
        schema::migrate(&connection).unwrap();
        settle(&connection, FhirVersion::Stu3).unwrap();
        assert!(matches!(
            settle(&connection, FhirVersion::R4),
            Err(StoreError::MadeForOtherVersion {
                found: FhirVersion::Stu3,
                asked: FhirVersion::R4
            })
        ));
        connection.execute("DELETE FROM meta", ()).unwrap();
        names::add(&connection, "tPatient").unwrap();
        assert!(settle(&connection, FhirVersion::Stu3).is_err());
        settle(&connection, FhirVersion::R4).unwrap();
    }
}
