//! Resource types as numbers.

use fhir::FhirVersion;
use foldhash::{HashMap, HashMapExt};

use super::{Connection, names};
use crate::StoreError;

/// How far the kind is shifted in a resource's number.
const KIND_SHIFT: u32 = 32;

/// The kind of rows that stand for somebody named by an identifier or an
/// outside address only: no resource, but somewhere to point at.
pub(crate) const IDENTITY: i64 = 0;

/// Types that belong to no patient and may be included from what a patient's
/// scope lets through.
const DIRECTORY: [&str; 9] = [
    "Device",
    "Endpoint",
    "HealthcareService",
    "Location",
    "Medication",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Substance",
];

/// The numbers of the resource types in one file; fixed once it is open.
#[derive(Debug)]
pub(crate) struct Kinds {
    version: FhirVersion,
    by_name: HashMap<&'static str, i64>,
    by_number: HashMap<i64, &'static str>,
    directory: Vec<i64>,
}

impl Kinds {
    /// Numbers all types, those that the file does not know yet too.
    pub(crate) fn load(connection: &Connection, version: FhirVersion) -> Result<Self, StoreError> {
        let known: HashMap<String, i64> = connection
            .prepare_cached("SELECT text, id FROM name WHERE text >= 't' AND text < 'u'")?
            .query_all((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .into_iter()
            .collect();
        let mut by_name = HashMap::new();
        for name in version.resource_types() {
            let word = format!("t{name}");
            let number = match known.get(&word) {
                Some(number) => *number,
                None => names::add(connection, &word)?,
            };
            by_name.insert(*name, number);
        }
        let by_number = by_name
            .iter()
            .map(|(name, number)| (*number, *name))
            .collect();
        let mut directory: Vec<i64> = DIRECTORY
            .iter()
            .filter_map(|name| by_name.get(name).copied())
            .collect();
        directory.sort_unstable();
        Ok(Self {
            version,
            by_name,
            by_number,
            directory,
        })
    }

    /// The version of FHIR that the types are of.
    pub(crate) const fn version(&self) -> FhirVersion {
        self.version
    }

    /// The type of that name.
    pub(crate) fn resource_type(&self, name: &str) -> Result<&'static str, StoreError> {
        self.version
            .resource_type(name)
            .ok_or(StoreError::UnknownResourceType)
    }

    /// The number of a type.
    pub(crate) fn number(&self, resource_type: &str) -> Result<i64, StoreError> {
        self.by_name
            .get(resource_type)
            .copied()
            .ok_or(StoreError::UnknownResourceType)
    }

    /// The type of a number.
    pub(crate) fn name(&self, kind: i64) -> Result<&'static str, StoreError> {
        self.by_number
            .get(&kind)
            .copied()
            .ok_or(StoreError::Corrupt {
                what: "a row has an unknown resource type",
            })
    }

    /// The directory types.
    pub(crate) fn directory(&self) -> &[i64] {
        &self.directory
    }
}

/// The kind of the resource with this number.
pub(crate) const fn kind_of(rid: i64) -> i64 {
    rid >> KIND_SHIFT
}

/// The first and last number that resources of a kind can have.
pub(crate) const fn range_of(kind: i64) -> (i64, i64) {
    (kind << KIND_SHIFT, ((kind + 1) << KIND_SHIFT) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_its_kind() {
        let (first, last) = range_of(7);
        assert_eq!(
            (kind_of(first), kind_of(last), kind_of(last + 1)),
            (7, 7, 8)
        );
    }
}
