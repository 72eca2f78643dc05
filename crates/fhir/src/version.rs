//! The versions of FHIR.

use std::fmt;
use std::str::FromStr;

use crate::definitions;

/// A version of FHIR that this room understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum FhirVersion {
    /// R4, 4.0.1.
    #[default]
    R4,
    /// STU3, 3.0.2.
    Stu3,
}

impl FhirVersion {
    /// All versions.
    pub const ALL: [Self; 2] = [Self::R4, Self::Stu3];

    /// The name people use: `R4`, `STU3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::R4 => "R4",
            Self::Stu3 => "STU3",
        }
    }

    /// The number that FHIR gives it: `4.0.1`, `3.0.2`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::R4 => "4.0.1",
            Self::Stu3 => "3.0.2",
        }
    }

    /// The value of the parameter `fhirVersion` in media types: `4.0`, `3.0`.
    pub const fn release(self) -> &'static str {
        match self {
            Self::R4 => "4.0",
            Self::Stu3 => "3.0",
        }
    }

    /// The resource types of this version, sorted by name.
    pub fn resource_types(self) -> &'static [&'static str] {
        definitions::of(self).resource_types()
    }

    /// The resource type of that name, when this version has it.
    pub fn resource_type(self, name: &str) -> Option<&'static str> {
        let definitions = definitions::of(self);
        definitions
            .resource(name)
            .map(|id| definitions.get(id).name)
    }
}

impl fmt::Display for FhirVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not a version that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a version of FHIR that is understood: `r4` or `stu3`")]
pub struct UnknownVersion;

/// By name (`r4`, `stu3`, in any case) or number (`4.0`, `4.0.1`, `3.0`, `3.0.2`).
impl FromStr for FhirVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        match text.to_ascii_lowercase().as_str() {
            "r4" | "4.0" | "4.0.0" | "4.0.1" => Ok(Self::R4),
            "stu3" | "r3" | "3.0" | "3.0.0" | "3.0.1" | "3.0.2" => Ok(Self::Stu3),
            _ => Err(UnknownVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_known_by_name_and_number() {
        for version in FhirVersion::ALL {
            assert_eq!(version.name().parse(), Ok(version));
            assert_eq!(version.number().parse(), Ok(version));
            assert!(version.number().starts_with(version.release()));
        }
        assert_eq!("r5".parse::<FhirVersion>(), Err(UnknownVersion));
        assert_eq!(
            FhirVersion::Stu3.resource_type("ProcedureRequest"),
            Some("ProcedureRequest")
        );
        assert_eq!(FhirVersion::R4.resource_type("ProcedureRequest"), None);
        assert_eq!(FhirVersion::R4.resource_types().len(), 146);
        assert_eq!(FhirVersion::Stu3.resource_types().len(), 117);
    }
}
