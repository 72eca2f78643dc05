//! Which section a resource belongs to.

use care::{Categories, DataCategory as D};
use fhir::Resource;

use super::model::SectionKind;

/// The one section of a resource, by its type and, for observations, its label.
pub(super) fn section_of(resource: &Resource) -> SectionKind {
    match resource.resource_type() {
        "Patient" | "RelatedPerson" | "Coverage" => SectionKind::Patient,
        "Flag" => SectionKind::Alerts,
        "AllergyIntolerance" => SectionKind::Allergies,
        "Consent" => SectionKind::Directives,
        "Condition" => SectionKind::Problems,
        "MedicationRequest"
        | "MedicationDispense"
        | "MedicationStatement"
        | "MedicationAdministration" => SectionKind::Medication,
        "Observation" => section_of_observation(fhir::label(resource)),
        "DiagnosticReport" => SectionKind::Results,
        "NutritionOrder" => SectionKind::Function,
        "Immunization" => SectionKind::Vaccinations,
        "Procedure" => SectionKind::Procedures,
        "Encounter" | "EpisodeOfCare" => SectionKind::Contacts,
        "DeviceUseStatement" => SectionKind::Devices,
        "CarePlan"
        | "CareTeam"
        | "Goal"
        | "ImmunizationRecommendation"
        | "DeviceRequest"
        | "Appointment" => SectionKind::Plans,
        "ServiceRequest" if is_open(resource) => SectionKind::Plans,
        _ => SectionKind::Other,
    }
}

/// A request that was carried out lives on in its result.
fn is_open(resource: &Resource) -> bool {
    let status = resource.root().text("status");
    matches!(status.as_deref(), Some("active" | "draft" | "on-hold"))
}

fn section_of_observation(label: Categories) -> SectionKind {
    let any = |kinds: &[D]| kinds.iter().any(|kind| label.contains(*kind));
    if any(&[D::ObservationVitalSigns, D::ObservationExam]) {
        SectionKind::Vitals
    } else if any(&[
        D::ObservationActivity,
        D::ObservationSocialHistory,
        D::ObservationSurvey,
        D::ObservationTherapy,
    ]) {
        SectionKind::Function
    } else {
        // What nobody categorised is shown among the results, never hidden.
        SectionKind::Results
    }
}
