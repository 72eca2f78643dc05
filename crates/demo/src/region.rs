//! The region as a whole.

use care::Bsn;
use jiff::{ToSpan, civil::Date};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    conditions::{self, Condition},
    consent::DemoConsent,
    history::History,
    messages::{self, Delivery},
    names::{Address, Name},
    patient::DemoPatient,
    people::{self, DemoPerson},
};

/// The most patients that the range of test BSNs has room for, with a margin.
pub const PATIENTS_MAX: usize = 5_000;

/// What the region is made from. The same setup always makes the same region.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// The seed of all that is drawn by lot.
    pub seed: u64,
    /// How many patients, at most [`PATIENTS_MAX`].
    pub patients: usize,
    /// The day on which the histories end.
    pub today: Date,
}

/// The organisations, the people and the patients.
#[derive(Debug)]
pub struct DemoRegion {
    /// Those who work there, and the record systems.
    pub staff: Vec<DemoPerson>,
    /// The patients, the ones of the story first.
    pub patients: Vec<DemoPatient>,
}

/// Makes the region.
pub fn region(setup: Setup) -> DemoRegion {
    let patients = test_bsns()
        .take(setup.patients.min(PATIENTS_MAX))
        .enumerate()
        .map(|(index, bsn)| patient(setup, index, bsn))
        .collect();
    DemoRegion {
        staff: people::staff(),
        patients,
    }
}

impl DemoRegion {
    /// What the record systems send before any patient's data: who they are.
    pub fn introductions(&self) -> Vec<Delivery> {
        messages::introductions(&self.staff)
    }
}

/// The first patients live the stories that the README tells; the others are
/// drawn by lot.
const STORIES: [&[Condition]; 8] = [
    &[Condition::Diabetes, Condition::HeartFailure],
    &[Condition::HipFracture, Condition::Copd],
    &[Condition::Depression, Condition::Diabetes],
    &[Condition::Pregnancy, Condition::Asthma],
    &[Condition::HealthyChild],
    &[Condition::HeartFailure],
    &[Condition::Copd],
    &[Condition::Asthma],
];

fn patient(setup: Setup, index: usize, bsn: Bsn) -> DemoPatient {
    // A stream of its own for each patient: another count changes nobody's life.
    let mut rng = ChaCha8Rng::seed_from_u64(setup.seed);
    rng.set_stream(index as u64 + 1);
    let conditions = match STORIES.get(index) {
        Some(story) => story.to_vec(),
        None => Condition::random(&mut rng),
    };
    let female = conditions.contains(&Condition::Pregnancy) || rng.random_bool(0.5);
    let years = conditions::age_range(&conditions);
    // Counted from New Year's Day, so that a birth date stays the same all year.
    let birth_date = setup
        .today
        .first_of_year()
        .saturating_sub(rng.random_range(years).years())
        .saturating_add(rng.random_range(0..360).days());
    let name = Name::random(&mut rng, female);
    let address = Address::random(&mut rng);
    let drawn = DemoConsent::random(&mut rng);
    let consent = if index < STORIES.len() {
        DemoConsent::Everyone
    } else {
        drawn
    };
    let mut patient = DemoPatient {
        slug: format!("patient-{:03}", index + 1),
        number: index + 1,
        bsn,
        birth_date,
        consent,
        female,
        name,
        address,
        history: History::default(),
    };
    conditions::live(&mut patient, &conditions, setup.today, &mut rng);
    if index == 0 {
        conditions::deliberate_flaws(&mut patient.history, setup.today);
    }
    patient
}

/// Numbers from the test range that pass the eleven-test, in a fixed order.
fn test_bsns() -> impl Iterator<Item = Bsn> {
    (999_900_000u32..=999_999_999).filter_map(|number| Bsn::parse(&number.to_string()).ok())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::organisations::Organisation;

    fn holders() -> impl Iterator<Item = Organisation> {
        Organisation::ALL
            .into_iter()
            .filter(|one| one.describe().organisation_type.holds_records())
    }

    fn setup(patients: usize) -> Setup {
        Setup {
            seed: 1,
            patients,
            today: jiff::civil::date(2026, 11, 22),
        }
    }

    #[test]
    fn the_same_setup_makes_the_same_region_and_a_larger_one_starts_alike() {
        let deliveries = |patients: usize| -> Vec<Vec<Delivery>> {
            region(setup(patients))
                .patients
                .iter()
                .map(DemoPatient::deliveries)
                .collect()
        };
        assert_eq!(deliveries(12), deliveries(12));
        assert_eq!(deliveries(12)[..], deliveries(20)[..12]);
    }

    #[test]
    fn another_seed_makes_other_people() {
        let names = |seed: u64| -> Vec<String> {
            region(Setup { seed, ..setup(30) })
                .patients
                .iter()
                .map(DemoPatient::name)
                .collect()
        };
        assert_ne!(names(1), names(2));
    }

    #[test]
    fn every_patient_has_a_test_bsn_of_their_own() {
        let region = region(setup(PATIENTS_MAX + 1));
        assert_eq!(region.patients.len(), PATIENTS_MAX);
        let bsns: BTreeSet<_> = region.patients.iter().map(|one| one.bsn.clone()).collect();
        assert_eq!(bsns.len(), PATIENTS_MAX);
        assert!(bsns.iter().all(|bsn| bsn.expose().starts_with("9999")));
    }

    #[test]
    fn all_organisations_take_part_and_the_first_patient_is_known_nearly_everywhere() {
        let region = region(setup(200));
        let everywhere: BTreeSet<_> = region
            .patients
            .iter()
            .flat_map(DemoPatient::sources)
            .collect();
        assert_eq!(everywhere, holders().collect());
        let first = region.patients[0].sources();
        for needed in [
            Organisation::Gp,
            Organisation::Laboratory,
            Organisation::Hospital,
            Organisation::Pharmacy,
        ] {
            assert!(first.contains(&needed), "{needed:?}");
        }
    }

    #[test]
    fn nothing_happens_before_birth_or_after_today() {
        let setup = setup(200);
        for patient in region(setup).patients {
            let days = patient
                .history
                .laboratory
                .iter()
                .map(|report| report.taken.date())
                .chain(patient.history.vitals.iter().map(|vital| vital.at.date()))
                .chain(patient.history.problems.iter().map(|problem| problem.since))
                .chain(
                    patient
                        .history
                        .contacts
                        .iter()
                        .map(|contact| contact.end.date()),
                )
                .chain(patient.history.vaccinations.iter().map(|one| one.on))
                .chain(patient.history.procedures.iter().map(|one| one.on))
                .chain(patient.history.medications.iter().map(|one| one.start))
                .chain(
                    patient
                        .history
                        .medications
                        .iter()
                        .flat_map(|one| one.dispenses.clone()),
                );
            for day in days {
                assert!(
                    day >= patient.birth_date && day <= setup.today,
                    "{}: {day}",
                    patient.slug
                );
            }
        }
    }
}
