//! Depression, pregnancy, a broken hip, growing up.

use rand::RngExt;

use super::Life;
use crate::{
    history::{
        Alert, CarePlan, ContactKind, Directive, DirectiveKind, Measure, Procedure, Vaccination,
    },
    organisations::Organisation::{Gp, HomeCare, Hospital, Laboratory, MentalHealth, OutOfHours},
    vocabulary as codes,
};

/// Depression, treated at the mental-health organisation.
pub(super) fn depression(life: &mut Life<'_>) {
    let since = life.rng.random_range(200..900);
    life.problem(&[Gp, MentalHealth], codes::DEPRESSION, since);
    life.medicine(
        MentalHealth,
        codes::SERTRALINE,
        1,
        since - 14,
        Some(codes::DEPRESSION),
    );
    for ago in [since - 1, since - 15, since - 45, since - 90, 40, 12] {
        life.contact(
            MentalHealth,
            ContactKind::Consultation,
            ago,
            "Behandelgesprek",
        );
    }
    life.series(
        Gp,
        Laboratory,
        &[since - 2],
        &[(codes::TSH, 1.9, 1.9), (codes::HAEMOGLOBIN, 8.6, 8.6)],
    );
    let (start, end) = (life.days_ago(since - 10), None);
    life.history.care_plans.push(CarePlan {
        by: MentalHealth,
        title: "Behandelplan depressie",
        activities: &[
            "Gesprekken om de twee weken",
            "Dagritme opbouwen",
            "Medicatie volgen",
        ],
        start,
        end,
    });
}

/// A pregnancy in its second half, watched by hospital and GP.
pub(super) fn pregnancy(life: &mut Life<'_>) {
    life.problem(&[Gp, Hospital], codes::PREGNANCY, 170);
    life.medicine(Gp, codes::FOLIC_ACID, 1, 190, Some(codes::PREGNANCY));
    life.medicine(Hospital, codes::IRON, 1, 60, Some(codes::PREGNANCY));
    life.series(
        Hospital,
        Laboratory,
        &[160, 90, 62, 20],
        &[
            (codes::HAEMOGLOBIN, 7.9, 6.9),
            (codes::FERRITIN, 38.0, 14.0),
            (codes::GLUCOSE, 4.6, 4.9),
        ],
    );
    for ago in [160, 125, 90, 62, 34, 20, 6] {
        life.contact(
            Hospital,
            ContactKind::Consultation,
            ago,
            "Zwangerschapscontrole",
        );
    }
    life.blood_pressures(Hospital, &[160, 125, 90, 62, 34, 20, 6], 108);
    let on = life.days_ago(50);
    life.history.vaccinations.push(Vaccination {
        by: Gp,
        atc: "J07AJ52",
        name: "Kinkhoestvaccin (22 weken)",
        on,
    });
}

/// A fall, an operation, and home care after it.
pub(super) fn hip_fracture(life: &mut Life<'_>) {
    let ago = life.rng.random_range(25..110);
    life.problem(&[Hospital, Gp], codes::HIP_FRACTURE, ago);
    life.contact(
        OutOfHours,
        ContactKind::Emergency,
        ago,
        "Val in huis, pijn in de heup",
    );
    life.contact(
        Hospital,
        ContactKind::Admission,
        ago,
        "Opname gebroken heup",
    );
    let on = life.days_ago(ago - 1);
    life.history.procedures.push(Procedure {
        by: Hospital,
        what: codes::HIP_REPLACEMENT,
        on,
    });
    let eyes = life.days_ago(1_900);
    life.history.procedures.push(Procedure {
        by: Hospital,
        what: codes::CATARACT_EXTRACTION,
        on: eyes,
    });
    life.series(
        Hospital,
        Hospital,
        &[ago, ago - 1, ago - 3],
        &[
            (codes::HAEMOGLOBIN, 8.1, 6.8),
            (codes::CRP, 6.0, 64.0),
            (codes::CREATININE, 88.0, 97.0),
            (codes::SODIUM, 138.0, 134.0),
        ],
    );
    life.medicine(
        Hospital,
        codes::PARACETAMOL,
        8,
        ago - 4,
        Some(codes::HIP_FRACTURE),
    );
    life.medicine(
        Gp,
        codes::COLECALCIFEROL,
        1,
        ago - 10,
        Some(codes::HIP_FRACTURE),
    );
    let since = life.days_ago(ago);
    life.history.alerts.push(Alert {
        by: Hospital,
        what: codes::FALL_RISK,
        since,
    });
    life.history.alerts.push(Alert {
        by: HomeCare,
        what: codes::FALL_RISK,
        since,
    });
    for visit in [ago - 6, ago - 9, ago - 14, ago - 20] {
        life.contact(
            HomeCare,
            ContactKind::HomeVisit,
            visit,
            "Wondverzorging en oefenen",
        );
        life.blood_pressures(HomeCare, &[visit], 132);
    }
    let start = life.days_ago(ago - 6);
    life.history.care_plans.push(CarePlan {
        by: HomeCare,
        title: "Zorgplan na heupoperatie",
        activities: &[
            "Wond verzorgen",
            "Oefenen met lopen",
            "Hulp bij wassen en aankleden",
        ],
        start,
        end: None,
    });
    let on = life.days_ago(800);
    life.history.directives.push(Directive {
        by: Gp,
        kind: DirectiveKind::NoResuscitation,
        on,
    });
    life.history.directives.push(Directive {
        by: Gp,
        kind: DirectiveKind::LivingWill,
        on,
    });
}

/// A child with vaccinations, growth, and an ear ache at night.
pub(super) fn healthy_child(life: &mut Life<'_>) {
    let schedule: [(i64, &str, &str); 6] = [
        (90, "J07CA09", "DKTP-Hib-HepB-vaccin"),
        (150, "J07CA09", "DKTP-Hib-HepB-vaccin"),
        (152, "J07AL02", "Pneumokokkenvaccin"),
        (330, "J07CA09", "DKTP-Hib-HepB-vaccin"),
        (425, "J07BD52", "BMR-vaccin"),
        (426, "J07AH08", "Meningokokken ACWY-vaccin"),
    ];
    let lived = i64::from((life.today - life.birth).get_days());
    for (age, atc, name) in schedule {
        let on = life.days_ago(lived - age);
        life.history.vaccinations.push(Vaccination {
            by: Gp,
            atc,
            name,
            on,
        });
    }
    let years = (lived / 365) as u32;
    life.vital(Gp, 80, Measure::Height(80 + years * 6));
    let kilograms = 10.0 + f64::from(years) * 2.2;
    life.vital(Gp, 80, Measure::Weight((kilograms * 10.0).round() / 10.0));
    let ago = life.rng.random_range(30..300);
    life.contact(OutOfHours, ContactKind::Emergency, ago, "Oorpijn en koorts");
}
