//! The people who can sign in, besides the patients.

use care::Role;

use crate::organisations::Organisation;

/// Somebody, or a record system, that can sign in at an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPerson {
    /// The name in commands.
    pub slug: &'static str,
    /// The name on screen and in the access log.
    pub name: &'static str,
    /// The role.
    pub role: Role,
    /// Where they work.
    pub organisation: Organisation,
}

/// Everybody who works in the region, and the record systems.
pub(crate) fn staff() -> Vec<DemoPerson> {
    use Organisation::{
        Gp, HomeCare, Hospital, Laboratory, MentalHealth, OutOfHours, Pharmacy, Regional,
    };
    [
        (
            "huisarts-vermaat",
            "H. Vermaat",
            Role::GeneralPractitioner,
            Gp,
        ),
        (
            "internist-akkerhof",
            "S. Akkerhof",
            Role::Internist,
            Hospital,
        ),
        (
            "cardioloog-duinker",
            "P. Duinker",
            Role::Cardiologist,
            Hospital,
        ),
        (
            "seh-arts-torenaar",
            "M. Torenaar",
            Role::EmergencyPhysician,
            Hospital,
        ),
        (
            "verpleegkundige-hoef",
            "L. op de Hoef",
            Role::Nurse,
            Hospital,
        ),
        (
            "dienstarts-rozenhage",
            "W. Rozenhage",
            Role::GeneralPractitioner,
            OutOfHours,
        ),
        (
            "apotheker-korenaar",
            "E. Korenaar",
            Role::Pharmacist,
            Pharmacy,
        ),
        (
            "wijkverpleegkundige-zonneveldt",
            "J. Zonneveldt",
            Role::Nurse,
            HomeCare,
        ),
        (
            "psychiater-amrani",
            "N. Amrani-Post",
            Role::Psychiatrist,
            MentalHealth,
        ),
        (
            "coordinator-houtkamp",
            "B. Houtkamp",
            Role::Coordinator,
            Regional,
        ),
        ("beheer-huisarts", "Beheer De Akker", Role::Operator, Gp),
        (
            "beheer-laboratorium",
            "Beheer Diagnostiek Lisbroek",
            Role::Operator,
            Laboratory,
        ),
        (
            "beheer-ziekenhuis",
            "Beheer Ziekenhuis Hogedam",
            Role::Operator,
            Hospital,
        ),
        ("systeem-huisarts", "HIS De Akker", Role::RecordSystem, Gp),
        (
            "systeem-huisartsenpost",
            "HAP-systeem Waterrijk",
            Role::RecordSystem,
            OutOfHours,
        ),
        (
            "systeem-laboratorium",
            "LIS Diagnostiek Lisbroek",
            Role::RecordSystem,
            Laboratory,
        ),
        (
            "systeem-ziekenhuis",
            "ZIS Ziekenhuis Hogedam",
            Role::RecordSystem,
            Hospital,
        ),
        (
            "systeem-apotheek",
            "AIS Het Veerhuis",
            Role::RecordSystem,
            Pharmacy,
        ),
        (
            "systeem-thuiszorg",
            "ECD Onderweg",
            Role::RecordSystem,
            HomeCare,
        ),
        (
            "systeem-ggz",
            "EPD De Oever",
            Role::RecordSystem,
            MentalHealth,
        ),
    ]
    .into_iter()
    .map(|(slug, name, role, organisation)| DemoPerson {
        slug,
        name,
        role,
        organisation,
    })
    .collect()
}

/// The clinician whose name stands under what an organisation records.
pub(crate) fn signs_for(organisation: Organisation) -> Option<DemoPerson> {
    staff()
        .into_iter()
        .find(|one| one.organisation == organisation && one.role.is_clinician())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_organisation_that_keeps_records_has_a_record_system() {
        let staff = staff();
        assert_eq!(
            staff
                .iter()
                .map(|one| one.slug)
                .collect::<BTreeSet<_>>()
                .len(),
            staff.len()
        );
        for organisation in Organisation::ALL {
            let has = staff
                .iter()
                .any(|one| one.organisation == organisation && one.role == Role::RecordSystem);
            assert_eq!(
                has,
                organisation.describe().organisation_type.holds_records()
            );
        }
    }
}
