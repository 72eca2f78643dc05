//! The types of organisation (RoleCodeNL, zorgaanbiedertype).

/// What kind of organisation takes part. Codes from RoleCodeNL
/// (OID 2.16.840.1.113883.2.4.15.1060), as the zib Zorgaanbieder 2020 lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrganisationType {
    /// GP practice (huisartspraktijk).
    GeneralPractice,
    /// GP out-of-hours post (huisartsenpost).
    OutOfHoursPost,
    /// Diagnostic laboratory (laboratorium).
    Laboratory,
    /// Hospital (ziekenhuis).
    Hospital,
    /// Public pharmacy (openbare apotheek).
    Pharmacy,
    /// Home care (thuiszorg).
    HomeCare,
    /// Mental health care (geestelijke gezondheidszorg).
    MentalHealth,
    /// The organisation that runs the regional services (regionale
    /// samenwerkingsorganisatie). RoleCodeNL has no code for it; it holds no
    /// patient records.
    RegionalOrganisation,
}

impl OrganisationType {
    /// All types that a node can be.
    pub const ALL: [Self; 8] = [
        Self::GeneralPractice,
        Self::OutOfHoursPost,
        Self::Laboratory,
        Self::Hospital,
        Self::Pharmacy,
        Self::HomeCare,
        Self::MentalHealth,
        Self::RegionalOrganisation,
    ];

    /// The FHIR code system of the codes.
    pub const SYSTEM: &'static str = "http://nictiz.nl/fhir/NamingSystem/organization-type";

    /// The RoleCodeNL code; `RSO`, our own, for the regional organisation.
    pub const fn code(self) -> &'static str {
        match self {
            Self::GeneralPractice => "Z3",
            Self::OutOfHoursPost => "N6",
            Self::Laboratory => "L1",
            Self::Hospital => "V4",
            Self::Pharmacy => "J8",
            Self::HomeCare => "T2",
            Self::MentalHealth => "G5",
            Self::RegionalOrganisation => "RSO",
        }
    }

    /// Finds a type by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether an organisation of this type keeps records on patients.
    pub const fn holds_records(self) -> bool {
        !matches!(self, Self::RegionalOrganisation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_find_their_type() {
        for kind in OrganisationType::ALL {
            assert_eq!(OrganisationType::from_code(kind.code()), Some(kind));
        }
        assert_eq!(OrganisationType::from_code("XX"), None);
    }
}
