//! Why somebody asks (purpose of use, doelbinding).

/// The purpose of a question, with its HL7 v3 ActReason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Treatment of this patient (behandeling).
    Treatment,
    /// Treatment of this patient in an emergency, past the consent rules
    /// (noodtoegang, break the glass). It needs a reason, and the patient sees it.
    EmergencyTreatment,
    /// The patient asks for their own data (inzage door de patiënt).
    PatientRequest,
    /// Running the exchange itself: counts and states, no patient data.
    Operations,
    /// A record system that stores or reads its own organisation's data.
    RecordKeeping,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 5] = [
        Self::Treatment,
        Self::EmergencyTreatment,
        Self::PatientRequest,
        Self::Operations,
        Self::RecordKeeping,
    ];

    /// The code system of the codes.
    pub const SYSTEM: &'static str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

    /// The HL7 v3 ActReason code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::EmergencyTreatment => "ETREAT",
            Self::PatientRequest => "PATRQT",
            Self::Operations => "HOPERAT",
            Self::RecordKeeping => "CAREMGT",
        }
    }

    /// Finds a purpose by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_find_their_purpose() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_code(purpose.code()), Some(purpose));
        }
    }
}
