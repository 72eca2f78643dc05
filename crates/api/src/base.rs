//! Where the FHIR bases of a door are: a path for each version of FHIR.

use fhir::FhirVersion;

/// The path of the FHIR base of a version, below the address of a door.
pub const fn path(version: FhirVersion) -> &'static str {
    match version {
        FhirVersion::R4 => "/fhir/r4",
        FhirVersion::Stu3 => "/fhir/stu3",
    }
}

/// The version of the base that a path is below, and the rest of the path from
/// the slash on; `None` where there is no base.
pub(crate) fn split(full: &str) -> Option<(FhirVersion, &str)> {
    FhirVersion::ALL.into_iter().find_map(|version| {
        let rest = full.strip_prefix(path(version))?;
        (rest.is_empty() || rest.starts_with('/')).then_some((version, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_version() {
        for (path, expected) in [
            ("/fhir/r4", Some((FhirVersion::R4, ""))),
            ("/fhir/r4/Patient/a", Some((FhirVersion::R4, "/Patient/a"))),
            ("/fhir/stu3/$export", Some((FhirVersion::Stu3, "/$export"))),
            ("/fhir/r4x", None),
            ("/fhir", None),
            ("/health/live", None),
        ] {
            assert_eq!(split(path), expected, "{path}");
        }
    }
}
