//! The roles of people and systems (rolcode, UZI-register).

/// In what role somebody acts. Care professionals carry the UZI role code of
/// their register entry; the others, codes of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// GP (huisarts).
    GeneralPractitioner,
    /// Internist.
    Internist,
    /// Cardiologist (cardioloog).
    Cardiologist,
    /// Emergency physician (SEH-arts).
    EmergencyPhysician,
    /// Psychiatrist (psychiater).
    Psychiatrist,
    /// Pharmacist (openbaar apotheker).
    Pharmacist,
    /// Nurse (verpleegkundige).
    Nurse,
    /// The patient.
    Patient,
    /// Coordinator of the region (regiocoördinator); sees no patient data.
    Coordinator,
    /// Operator of a node (beheerder); sees messages that failed at its own organisation.
    Operator,
    /// A record system of the organisation itself (HIS, ZIS, LIS, AIS, ECD).
    RecordSystem,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 11] = [
        Self::GeneralPractitioner,
        Self::Internist,
        Self::Cardiologist,
        Self::EmergencyPhysician,
        Self::Psychiatrist,
        Self::Pharmacist,
        Self::Nurse,
        Self::Patient,
        Self::Coordinator,
        Self::Operator,
        Self::RecordSystem,
    ];

    /// The FHIR code system of the UZI role codes.
    pub const SYSTEM: &'static str = "http://fhir.nl/fhir/NamingSystem/uzi-rolcode";

    /// The UZI role code, or our own word for a role outside that register.
    pub const fn code(self) -> &'static str {
        match self {
            Self::GeneralPractitioner => "01.015",
            Self::Internist => "01.016",
            Self::Cardiologist => "01.010",
            Self::EmergencyPhysician => "01.071",
            Self::Psychiatrist => "01.035",
            Self::Pharmacist => "17.075",
            Self::Nurse => "30.000",
            Self::Patient => "patient",
            Self::Coordinator => "coordinator",
            Self::Operator => "operator",
            Self::RecordSystem => "record-system",
        }
    }

    /// Finds a role by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// The word that policies and scripts use for the role.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GeneralPractitioner => "general-practitioner",
            Self::Internist => "internist",
            Self::Cardiologist => "cardiologist",
            Self::EmergencyPhysician => "emergency-physician",
            Self::Psychiatrist => "psychiatrist",
            Self::Pharmacist => "pharmacist",
            Self::Nurse => "nurse",
            Self::Patient => "patient",
            Self::Coordinator => "coordinator",
            Self::Operator => "operator",
            Self::RecordSystem => "record-system",
        }
    }

    /// Finds a role by the word of [`Role::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether this is a care professional, who may have a treatment relation.
    pub const fn is_clinician(self) -> bool {
        matches!(
            self,
            Self::GeneralPractitioner
                | Self::Internist
                | Self::Cardiologist
                | Self::EmergencyPhysician
                | Self::Psychiatrist
                | Self::Pharmacist
                | Self::Nurse
        )
    }

    /// Whether this is a physician, who may break the glass.
    pub const fn is_physician(self) -> bool {
        self.is_clinician() && !matches!(self, Self::Pharmacist | Self::Nurse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_find_their_role() {
        for role in Role::ALL {
            assert_eq!(Role::from_code(role.code()), Some(role));
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
    }

    #[test]
    fn a_physician_is_a_clinician() {
        assert!(
            Role::ALL
                .into_iter()
                .all(|role| !role.is_physician() || role.is_clinician())
        );
        assert!(!Role::Patient.is_clinician() && !Role::Nurse.is_physician());
    }
}
