//! What happened to one patient, before anybody wrote it down in a message.

use jiff::civil::{Date, DateTime};

use crate::{
    organisations::Organisation,
    vocabulary::{Concept, Disorder, LabTest, Medicine},
};

/// All that happened, each fact with the organisation that recorded it.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) problems: Vec<Problem>,
    pub(crate) allergies: Vec<Allergy>,
    pub(crate) medications: Vec<Medication>,
    pub(crate) laboratory: Vec<LabReport>,
    pub(crate) vitals: Vec<Vital>,
    pub(crate) vaccinations: Vec<Vaccination>,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) procedures: Vec<Procedure>,
    pub(crate) directives: Vec<Directive>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) care_plans: Vec<CarePlan>,
}

#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) by: Organisation,
    pub(crate) disorder: Disorder,
    pub(crate) since: Date,
    pub(crate) until: Option<Date>,
}

#[derive(Debug)]
pub(crate) struct Allergy {
    pub(crate) by: Organisation,
    pub(crate) substance: AllergySubstance,
    pub(crate) reaction: Concept,
    pub(crate) severe: bool,
    pub(crate) recorded: Date,
}

/// An allergy is recorded under a SNOMED CT substance or, at a pharmacy, an ATC code.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AllergySubstance {
    Snomed(Concept),
    Atc {
        code: &'static str,
        name: &'static str,
    },
}

/// A medicine: agreed by a prescriber, dispensed by the pharmacy.
#[derive(Debug)]
pub(crate) struct Medication {
    pub(crate) by: Organisation,
    pub(crate) medicine: Medicine,
    pub(crate) per_day: u32,
    pub(crate) start: Date,
    pub(crate) stop: Option<Date>,
    pub(crate) reason: Option<Disorder>,
    /// When the pharmacy handed it over, and how much a day its label says.
    pub(crate) dispenses: Vec<Date>,
    pub(crate) dispensed_per_day: u32,
}

/// A laboratory report: one order, one sample, some results.
#[derive(Debug)]
pub(crate) struct LabReport {
    /// Who ordered it.
    pub(crate) ordered_by: Organisation,
    /// Whose laboratory measured it; that organisation keeps it.
    pub(crate) measured_by: Organisation,
    pub(crate) taken: DateTime,
    pub(crate) results: Vec<(LabTest, f64)>,
    pub(crate) remark: Option<&'static str>,
    /// A correction replaces the first result after this many hours.
    pub(crate) corrected: Option<f64>,
}

#[derive(Debug)]
pub(crate) struct Vital {
    pub(crate) by: Organisation,
    pub(crate) at: DateTime,
    pub(crate) measure: Measure,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Measure {
    BloodPressure { systolic: u32, diastolic: u32 },
    Weight(f64),
    Height(u32),
    Saturation(u32),
}

#[derive(Debug)]
pub(crate) struct Vaccination {
    pub(crate) by: Organisation,
    pub(crate) atc: &'static str,
    pub(crate) name: &'static str,
    pub(crate) on: Date,
}

#[derive(Debug)]
pub(crate) struct Contact {
    pub(crate) at: Organisation,
    pub(crate) kind: ContactKind,
    pub(crate) start: DateTime,
    pub(crate) end: DateTime,
    pub(crate) reason: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContactKind {
    Consultation,
    Emergency,
    Admission,
    HomeVisit,
}

#[derive(Debug)]
pub(crate) struct Procedure {
    pub(crate) by: Organisation,
    pub(crate) what: Concept,
    pub(crate) on: Date,
}

#[derive(Debug)]
pub(crate) struct Directive {
    pub(crate) by: Organisation,
    pub(crate) kind: DirectiveKind,
    pub(crate) on: Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DirectiveKind {
    /// The patient does not want to be resuscitated (behandelaanwijzing).
    NoResuscitation,
    /// A living will is on file (wilsverklaring).
    LivingWill,
}

#[derive(Debug)]
pub(crate) struct Alert {
    pub(crate) by: Organisation,
    pub(crate) what: Concept,
    pub(crate) since: Date,
}

#[derive(Debug)]
pub(crate) struct CarePlan {
    pub(crate) by: Organisation,
    pub(crate) title: &'static str,
    pub(crate) activities: &'static [&'static str],
    pub(crate) start: Date,
    pub(crate) end: Option<Date>,
}

impl History {
    /// The organisations that hold something about the patient.
    pub(crate) fn sources(&self) -> std::collections::BTreeSet<Organisation> {
        let dispensed = self.medications.iter().any(|one| !one.dispenses.is_empty());
        self.problems
            .iter()
            .map(|one| one.by)
            .chain(self.allergies.iter().map(|one| one.by))
            .chain(self.medications.iter().map(|one| one.by))
            .chain(self.laboratory.iter().map(|one| one.measured_by))
            .chain(self.vitals.iter().map(|one| one.by))
            .chain(self.vaccinations.iter().map(|one| one.by))
            .chain(self.contacts.iter().map(|one| one.at))
            .chain(self.procedures.iter().map(|one| one.by))
            .chain(self.directives.iter().map(|one| one.by))
            .chain(self.alerts.iter().map(|one| one.by))
            .chain(self.care_plans.iter().map(|one| one.by))
            .chain(dispensed.then_some(Organisation::Pharmacy))
            .collect()
    }
}
