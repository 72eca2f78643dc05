//! Diabetes and heart failure: years of measuring, by GP and hospital together.

use rand::RngExt;

use super::Life;
use crate::{
    history::{CarePlan, ContactKind, Measure, Procedure},
    organisations::Organisation::{Gp, HomeCare, Hospital, Laboratory},
    vocabulary as codes,
};

/// Type 2 diabetes at the GP: yearly and quarterly checks at the laboratory.
pub(super) fn diabetes(life: &mut Life<'_>) {
    let since = life.rng.random_range(1_500..5_000);
    life.problem(&[Gp], codes::DIABETES, since);
    life.problem(&[Gp], codes::HYPERTENSION, since + 400);
    life.medicine(Gp, codes::METFORMIN, 2, since - 30, Some(codes::DIABETES));
    if life.rng.random_bool(0.5) {
        life.medicine(Gp, codes::GLICLAZIDE, 1, 700, Some(codes::DIABETES));
    }
    life.medicine(Gp, codes::SIMVASTATIN, 1, since - 60, Some(codes::DIABETES));
    life.medicine(Gp, codes::AMLODIPINE, 1, 900, Some(codes::HYPERTENSION));
    let quarters = [1_080, 990, 900, 810, 720, 630, 540, 450, 360, 270, 180, 95];
    let hba1c = life.rng.random_range(48.0..62.0);
    life.series(
        Gp,
        Laboratory,
        &quarters,
        &[
            (codes::HBA1C, hba1c, hba1c + 9.0),
            (codes::GLUCOSE, 7.1, 8.4),
        ],
    );
    let kidneys = life.rng.random_range(58.0..88.0);
    life.series(
        Gp,
        Laboratory,
        &[1_085, 725, 365, 60],
        &[
            (codes::CREATININE, 84.0, 104.0),
            (codes::EGFR, kidneys + 10.0, kidneys - 8.0),
            (codes::POTASSIUM, 4.2, 4.5),
            (codes::LDL, 3.1, 2.2),
            (codes::CHOLESTEROL, 5.4, 4.3),
        ],
    );
    life.blood_pressures(Gp, &[720, 540, 360, 180, 60], 134);
    for ago in [360, 180, 60] {
        life.contact(Gp, ContactKind::Consultation, ago, "Controle diabetes");
    }
}

/// Heart failure at the hospital, with the GP and home care beside it.
pub(super) fn heart_failure(life: &mut Life<'_>) {
    let since = life.rng.random_range(500..1_800);
    life.problem(&[Gp, Hospital], codes::HEART_FAILURE, since);
    if life.rng.random_bool(0.4) {
        life.problem(&[Hospital], codes::ATRIAL_FIBRILLATION, since - 100);
        life.medicine(
            Hospital,
            codes::APIXABAN,
            2,
            since - 100,
            Some(codes::ATRIAL_FIBRILLATION),
        );
    }
    life.medicine(
        Hospital,
        codes::FUROSEMIDE,
        1,
        since - 10,
        Some(codes::HEART_FAILURE),
    );
    life.medicine(
        Hospital,
        codes::ENALAPRIL,
        2,
        since - 10,
        Some(codes::HEART_FAILURE),
    );
    life.medicine(
        Hospital,
        codes::METOPROLOL,
        1,
        since - 20,
        Some(codes::HEART_FAILURE),
    );
    life.medicine(
        Hospital,
        codes::SPIRONOLACTONE,
        1,
        since - 90,
        Some(codes::HEART_FAILURE),
    );
    let bnp = life.rng.random_range(900.0..2_400.0);
    life.series(
        Hospital,
        Hospital,
        &[450, 330, 210, 120, 30],
        &[
            (codes::NT_PRO_BNP, bnp, bnp * 0.6),
            (codes::CREATININE, 92.0, 112.0),
            (codes::EGFR, 66.0, 54.0),
            (codes::POTASSIUM, 4.3, 4.9),
            (codes::SODIUM, 140.0, 137.0),
        ],
    );
    life.series(
        Hospital,
        Hospital,
        &[330, 30],
        &[
            (codes::HAEMOGLOBIN, 8.2, 7.6),
            (codes::FERRITIN, 90.0, 60.0),
        ],
    );
    life.contact(
        Hospital,
        ContactKind::Admission,
        450,
        "Opname wegens hartfalen",
    );
    for ago in [330, 210, 120, 30] {
        life.contact(
            Hospital,
            ContactKind::Consultation,
            ago,
            "Polikliniek hartfalen",
        );
    }
    let on = life.days_ago(440);
    life.history.procedures.push(Procedure {
        by: Hospital,
        what: codes::ECHOCARDIOGRAPHY,
        on,
    });
    life.blood_pressures(Hospital, &[450, 330, 210, 120, 30], 118);
    for (ago, weight) in [(40, 82.4), (26, 82.9), (12, 83.1)] {
        life.vital(HomeCare, ago, Measure::Weight(weight));
        life.contact(
            HomeCare,
            ContactKind::HomeVisit,
            ago,
            "Wegen en medicijnen aanreiken",
        );
    }
    life.history.care_plans.push(CarePlan {
        by: HomeCare,
        title: "Zorgplan hartfalen",
        activities: &[
            "Drie keer per week wegen",
            "Hulp bij steunkousen",
            "Medicijnen aanreiken",
        ],
        start: life.days_ago(200),
        end: None,
    });
}
