//! COPD and asthma.

use rand::RngExt;

use super::Life;
use crate::{
    history::{ContactKind, Measure, Procedure},
    organisations::Organisation::{Gp, Hospital, Laboratory, OutOfHours},
    vocabulary as codes,
};

/// COPD: inhalers, an attack that brought the patient to the hospital.
pub(super) fn copd(life: &mut Life<'_>) {
    let since = life.rng.random_range(900..4_000);
    life.problem(&[Gp, Hospital], codes::COPD, since);
    life.medicine(Gp, codes::TIOTROPIUM, 1, since - 20, Some(codes::COPD));
    life.medicine(Gp, codes::SALBUTAMOL, 2, since - 20, Some(codes::COPD));
    let on = life.days_ago(since - 5);
    life.history.procedures.push(Procedure {
        by: Gp,
        what: codes::SPIROMETRY,
        on,
    });
    life.contact(
        OutOfHours,
        ContactKind::Emergency,
        141,
        "Toename van benauwdheid",
    );
    let low = life.rng.random_range(86..92);
    life.vital(OutOfHours, 141, Measure::Saturation(low));
    life.contact(Hospital, ContactKind::Admission, 140, "Longaanval COPD");
    life.series(
        Hospital,
        Hospital,
        &[140, 138, 136],
        &[
            (codes::CRP, 118.0, 22.0),
            (codes::LEUKOCYTES, 15.2, 9.4),
            (codes::CREATININE, 81.0, 78.0),
        ],
    );
    for (ago, saturation) in [(140, 88), (138, 92), (136, 95)] {
        life.vital(Hospital, ago, Measure::Saturation(saturation));
    }
    life.medicine(Hospital, codes::PREDNISOLONE, 1, 139, Some(codes::COPD));
    let (stop, first) = (life.days_ago(132), life.days_ago(139));
    if let Some(course) = life.history.medications.last_mut() {
        course.stop = Some(stop);
        course.dispenses = vec![first];
    }
    life.series(
        Gp,
        Laboratory,
        &[400, 45],
        &[(codes::HAEMOGLOBIN, 9.1, 9.3), (codes::CRP, 4.0, 5.0)],
    );
    life.contact(Gp, ContactKind::Consultation, 100, "Controle COPD");
    life.blood_pressures(Gp, &[400, 100], 128);
}

/// Asthma: two inhalers and a yearly check.
pub(super) fn asthma(life: &mut Life<'_>) {
    let since = life.rng.random_range(700..4_500);
    life.problem(&[Gp], codes::ASTHMA, since);
    life.medicine(
        Gp,
        codes::BUDESONIDE_FORMOTEROL,
        2,
        since - 10,
        Some(codes::ASTHMA),
    );
    life.medicine(Gp, codes::SALBUTAMOL, 1, since - 10, Some(codes::ASTHMA));
    for ago in [420, 55] {
        life.contact(Gp, ContactKind::Consultation, ago, "Controle astma");
        let normal = life.rng.random_range(95..99);
        life.vital(Gp, ago, Measure::Saturation(normal));
    }
    let on = life.days_ago(420);
    life.history.procedures.push(Procedure {
        by: Gp,
        what: codes::SPIROMETRY,
        on,
    });
    life.series(
        Gp,
        Laboratory,
        &[420, 55],
        &[
            (codes::LEUKOCYTES, 6.8, 7.4),
            (codes::HAEMOGLOBIN, 8.7, 8.8),
        ],
    );
}
