//! Moments and numbers as messages write them.

use jiff::{civil::DateTime, tz::TimeZone};

use crate::patient::DemoPatient;

fn netherlands() -> TimeZone {
    TimeZone::get("Europe/Amsterdam").expect("the time zones are part of the program")
}

/// `2026-11-20T09:10:00+01:00`.
pub(super) fn fhir(moment: DateTime) -> String {
    let zoned = moment
        .to_zoned(netherlands())
        .expect("the histories lie within the calendar");
    zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// `20261120091000+0100`.
pub(super) fn hl7v2(moment: DateTime) -> String {
    let zoned = moment
        .to_zoned(netherlands())
        .expect("the histories lie within the calendar");
    zoned.strftime("%Y%m%d%H%M%S%z").to_string()
}

/// The number of the sample at the laboratory.
pub(super) fn lab_number(patient: &DemoPatient, index: usize) -> String {
    format!("{:05}{:03}", patient.number, index + 1)
}
