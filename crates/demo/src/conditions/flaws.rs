//! What goes wrong in life, put into the first patient's history on purpose,
//! so that the combined record has something to find.

use jiff::{ToSpan, civil::Date};

use crate::{
    history::{Allergy, AllergySubstance, Contact, ContactKind, History, LabReport, Medication},
    organisations::Organisation::{Gp, Hospital, Laboratory, OutOfHours, Pharmacy},
    vocabulary as codes,
};

/// Adds the flaws: a test done twice within days, a medicine stopped at one
/// place and still dispensed at another, an allergy under two codes, a dose
/// that differs, and a result with a code that nobody knows.
pub(crate) fn deliberate_flaws(history: &mut History, today: Date) {
    let day = |ago: i64| today.saturating_sub(ago.days());

    for (ordered_by, measured_by, ago, value) in
        [(Gp, Laboratory, 6, 61.0), (Hospital, Hospital, 3, 62.0)]
    {
        history.laboratory.push(LabReport {
            ordered_by,
            measured_by,
            taken: day(ago).at(9, 10, 0, 0),
            results: vec![(codes::HBA1C, value), (codes::CREATININE, 103.0)],
            remark: Some("Monster licht hemolytisch"),
            corrected: None,
        });
    }
    history.laboratory.push(LabReport {
        ordered_by: Gp,
        measured_by: Laboratory,
        taken: day(20).at(8, 40, 0, 0),
        results: vec![(codes::UNKNOWN, 12.4), (codes::POTASSIUM, 4.4)],
        remark: Some("XQ77: bepaling in onderzoek, nog geen referentiewaarden"),
        corrected: None,
    });
    history.laboratory.push(LabReport {
        ordered_by: Hospital,
        measured_by: Hospital,
        taken: day(14).at(11, 5, 0, 0),
        results: vec![(codes::POTASSIUM, 6.9), (codes::SODIUM, 138.0)],
        remark: None,
        corrected: Some(4.9),
    });

    // Stopped by the out-of-hours GP because of the heart failure; the
    // pharmacy was never told and handed it over again.
    history.medications.push(Medication {
        by: OutOfHours,
        medicine: codes::DICLOFENAC,
        per_day: 2,
        start: day(60),
        stop: Some(day(25)),
        reason: None,
        dispenses: vec![day(60), day(10)],
        dispensed_per_day: 2,
    });
    let start = day(26).at(21, 30, 0, 0);
    history.contacts.push(Contact {
        at: OutOfHours,
        kind: ContactKind::Emergency,
        start,
        end: start.saturating_add(40.minutes()),
        reason: "Benauwd, dikke enkels",
    });
    // The hospital doubled the dose; the label at the pharmacy still says one.
    if let Some(diuretic) = history
        .medications
        .iter_mut()
        .find(|one| one.medicine == codes::FUROSEMIDE)
    {
        diuretic.per_day = 2;
    }

    history.allergies.retain(|one| {
        !matches!(one.substance, AllergySubstance::Snomed(what)
            if what == codes::PENICILLIN || what == codes::AMOXICILLIN)
    });
    history.allergies.push(Allergy {
        by: Gp,
        substance: AllergySubstance::Snomed(codes::AMOXICILLIN),
        reaction: codes::RASH,
        severe: false,
        recorded: day(2_200),
    });
    history.allergies.push(Allergy {
        by: Pharmacy,
        substance: AllergySubstance::Atc {
            code: "J01CA04",
            name: "Amoxicilline",
        },
        reaction: codes::URTICARIA,
        severe: true,
        recorded: day(900),
    });
}
