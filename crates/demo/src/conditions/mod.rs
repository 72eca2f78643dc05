//! The conditions that people live with, and what each brings to a history.

mod chronic;
mod flaws;
mod life_events;
mod lungs;

use std::ops::Range;

use jiff::{
    ToSpan,
    civil::{Date, DateTime},
};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

pub(crate) use flaws::deliberate_flaws;

use crate::{
    history::{
        Allergy, AllergySubstance, Contact, ContactKind, History, LabReport, Measure, Medication,
        Problem, Vaccination, Vital,
    },
    names::pick,
    organisations::Organisation,
    patient::DemoPatient,
    vocabulary::{self as codes, Disorder, LabTest, Medicine},
};

/// A condition, or a stage of life, that makes a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Diabetes,
    HeartFailure,
    Copd,
    Asthma,
    Depression,
    Pregnancy,
    HipFracture,
    HealthyChild,
}

impl Condition {
    /// One or two conditions that go together.
    pub(crate) fn random(rng: &mut impl Rng) -> Vec<Self> {
        pick(
            rng,
            &[
                &[Self::Diabetes] as &[Self],
                &[Self::Diabetes, Self::HeartFailure],
                &[Self::Diabetes, Self::Depression],
                &[Self::HeartFailure],
                &[Self::HeartFailure, Self::Copd],
                &[Self::Copd],
                &[Self::Asthma],
                &[Self::Asthma, Self::Depression],
                &[Self::Depression],
                &[Self::Pregnancy],
                &[Self::HipFracture],
                &[Self::HealthyChild],
            ],
        )
        .to_vec()
    }
}

/// The age in years at which somebody can have all these conditions.
pub(crate) fn age_range(conditions: &[Condition]) -> Range<i64> {
    conditions.iter().fold(1..95, |range, condition| {
        let own = match condition {
            Condition::Diabetes => 48..85,
            Condition::HeartFailure => 60..92,
            Condition::Copd => 55..88,
            Condition::Asthma => 18..70,
            Condition::Depression => 20..80,
            Condition::Pregnancy => 24..40,
            Condition::HipFracture => 70..95,
            Condition::HealthyChild => 3..11,
        };
        range.start.max(own.start)..range.end.min(own.end)
    })
}

/// The most times that one medicine is handed over in a history.
const DISPENSES_MAX: i64 = 200;

/// Lets a patient live with the conditions until today.
pub(crate) fn live(
    patient: &mut DemoPatient,
    conditions: &[Condition],
    today: Date,
    rng: &mut ChaCha8Rng,
) {
    let mut life = Life {
        adult: patient.age_on(today) >= 18,
        history: std::mem::take(&mut patient.history),
        birth: patient.birth_date,
        today,
        rng,
    };
    life.common();
    for condition in conditions {
        match condition {
            Condition::Diabetes => chronic::diabetes(&mut life),
            Condition::HeartFailure => chronic::heart_failure(&mut life),
            Condition::Copd => lungs::copd(&mut life),
            Condition::Asthma => lungs::asthma(&mut life),
            Condition::Depression => life_events::depression(&mut life),
            Condition::Pregnancy => life_events::pregnancy(&mut life),
            Condition::HipFracture => life_events::hip_fracture(&mut life),
            Condition::HealthyChild => life_events::healthy_child(&mut life),
        }
    }
    patient.history = life.history;
}

/// A life being lived: the history so far, and the words to add to it.
struct Life<'a> {
    history: History,
    birth: Date,
    today: Date,
    adult: bool,
    rng: &'a mut ChaCha8Rng,
}

impl Life<'_> {
    /// A day so long ago, never before birth.
    fn days_ago(&self, days: i64) -> Date {
        self.today.saturating_sub(days.days()).max(self.birth)
    }

    /// A moment in office hours on a day so long ago.
    fn moment(&mut self, days: i64) -> DateTime {
        let (hour, minute) = (
            self.rng.random_range(8..16),
            self.rng.random_range(0..12) * 5,
        );
        self.days_ago(days).at(hour, minute, 0, 0)
    }

    fn problem(&mut self, by: &[Organisation], disorder: Disorder, days: i64) {
        for organisation in by {
            let since = self.days_ago(days);
            self.history.problems.push(Problem {
                by: *organisation,
                disorder,
                since,
                until: None,
            });
        }
    }

    fn contact(&mut self, at: Organisation, kind: ContactKind, days: i64, reason: &'static str) {
        let start = self.moment(days);
        let end = start.saturating_add(match kind {
            ContactKind::Consultation => 15.minutes(),
            ContactKind::Emergency => 3.hours(),
            ContactKind::HomeVisit => 45.minutes(),
            ContactKind::Admission => 5.days(),
        });
        let end = end.min(self.today.at(23, 0, 0, 0));
        self.history.contacts.push(Contact {
            at,
            kind,
            start,
            end,
            reason,
        });
    }

    /// A medicine that the pharmacy dispenses every ninety days while it lasts.
    fn medicine(
        &mut self,
        by: Organisation,
        medicine: Medicine,
        per_day: u32,
        days: i64,
        reason: Option<Disorder>,
    ) {
        let start = self.days_ago(days);
        let dispenses = (0..DISPENSES_MAX)
            .map(|turn| start.saturating_add((turn * 90).days()))
            .take_while(|day| *day <= self.today)
            .collect::<Vec<_>>();
        // The record keeps the last year of handing over.
        let recent = dispenses.len().saturating_sub(4);
        self.history.medications.push(Medication {
            by,
            medicine,
            per_day,
            start,
            stop: None,
            reason,
            dispenses: dispenses[recent..].to_vec(),
            dispensed_per_day: per_day,
        });
    }

    /// A series of laboratory reports whose values drift from one to another.
    fn series(
        &mut self,
        ordered_by: Organisation,
        measured_by: Organisation,
        days: &[i64],
        tests: &[(LabTest, f64, f64)],
    ) {
        let last = days.len().saturating_sub(1).max(1) as f64;
        for (turn, ago) in days.iter().enumerate() {
            let taken = self.moment(*ago);
            let results = tests
                .iter()
                .map(|(test, from, to)| {
                    let middle = from + (to - from) * turn as f64 / last;
                    let noise = self.rng.random_range(-0.04..0.04);
                    (*test, round(middle * (1.0 + noise), test.decimals))
                })
                .collect();
            self.history.laboratory.push(LabReport {
                ordered_by,
                measured_by,
                taken,
                results,
                remark: None,
                corrected: None,
            });
        }
    }

    fn vital(&mut self, by: Organisation, days: i64, measure: Measure) {
        let at = self.moment(days);
        self.history.vitals.push(Vital { by, at, measure });
    }

    fn blood_pressures(&mut self, by: Organisation, days: &[i64], around: u32) {
        for ago in days {
            let systolic = around + self.rng.random_range(0..18);
            let diastolic = around * 6 / 10 + self.rng.random_range(0..10);
            self.vital(
                by,
                *ago,
                Measure::BloodPressure {
                    systolic,
                    diastolic,
                },
            );
        }
    }

    /// What nearly every adult has: a visit to the GP, height and weight, a flu
    /// jab when old enough, now and then an allergy known in one place only.
    fn common(&mut self) {
        let days = self.rng.random_range(20..300);
        self.contact(Organisation::Gp, ContactKind::Consultation, days, "Consult");
        if !self.adult {
            return;
        }
        let height = self.rng.random_range(158..195);
        self.vital(Organisation::Gp, days, Measure::Height(height));
        let weight = self.rng.random_range(58.0..104.0);
        for (turn, ago) in [720, 360, days].into_iter().enumerate() {
            let kilograms = round(weight + turn as f64 * 0.8, 1);
            self.vital(Organisation::Gp, ago, Measure::Weight(kilograms));
        }
        if self.birth.saturating_add(60.years()) <= self.today {
            for ago in [35, 400, 765] {
                let on = self.days_ago(ago);
                self.history.vaccinations.push(Vaccination {
                    by: Organisation::Gp,
                    atc: "J07BB02",
                    name: "Griepvaccin",
                    on,
                });
            }
        }
        if self.rng.random_bool(0.35) {
            let (by, substance, reaction) = pick(
                self.rng,
                &[
                    (Organisation::Gp, codes::PENICILLIN, codes::RASH),
                    (Organisation::Pharmacy, codes::AMOXICILLIN, codes::URTICARIA),
                    (Organisation::Hospital, codes::LATEX, codes::URTICARIA),
                    (Organisation::Gp, codes::PEANUT, codes::ANAPHYLAXIS),
                    (Organisation::OutOfHours, codes::NSAID, codes::DYSPNOEA),
                ],
            );
            let ago = self.rng.random_range(200..3000);
            let recorded = self.days_ago(ago);
            self.history.allergies.push(Allergy {
                by,
                substance: AllergySubstance::Snomed(substance),
                reaction,
                severe: reaction == codes::ANAPHYLAXIS,
                recorded,
            });
            if by == Organisation::OutOfHours {
                self.contact(by, ContactKind::Emergency, 210, "Benauwd na pijnstiller");
            }
            if by == Organisation::Hospital {
                self.history.procedures.push(crate::history::Procedure {
                    by,
                    what: codes::APPENDECTOMY,
                    on: recorded,
                });
            }
        }
    }
}

/// Rounds as the analyser does.
pub(crate) fn round(value: f64, decimals: usize) -> f64 {
    let factor = 10f64.powi(decimals as i32);
    (value * factor).round() / factor
}
