//! Which segments belong together: the groups of ORU^R01.

use super::wire::{Message, Segment};
use crate::outcome::{Fault, FaultCode};

/// A patient and the orders about them.
pub(super) struct PatientGroup<'m> {
    pub(super) pid: Segment<'m>,
    pub(super) notes: Vec<Segment<'m>>,
    pub(super) orders: Vec<OrderGroup<'m>>,
}

/// One order (OBR) with what hangs under it.
pub(super) struct OrderGroup<'m> {
    pub(super) orc: Option<Segment<'m>>,
    pub(super) obr: Segment<'m>,
    /// Remarks between the order control and the order.
    pub(super) request_notes: Vec<Segment<'m>>,
    /// Remarks on the report.
    pub(super) notes: Vec<Segment<'m>>,
    pub(super) results: Vec<ResultGroup<'m>>,
    pub(super) specimens: Vec<Segment<'m>>,
}

/// One result (OBX) with its remarks.
pub(super) struct ResultGroup<'m> {
    pub(super) obx: Segment<'m>,
    pub(super) notes: Vec<Segment<'m>>,
}

/// The patients of a result message, at least one, each with an order.
pub(super) fn patients<'m>(message: &'m Message<'m>) -> Result<Vec<PatientGroup<'m>>, Fault> {
    let out_of_place = |segment: Segment<'m>, text: &str| {
        Fault::error(FaultCode::Sequence, text).at(segment.place(None))
    };
    let mut patients: Vec<PatientGroup<'m>> = Vec::new();
    let mut orc = None;
    let mut request_notes = Vec::new();
    for segment in message.segments() {
        let name = segment.name();
        if name == "PID" {
            orc = None;
            request_notes.clear();
            patients.push(PatientGroup {
                pid: segment,
                notes: Vec::new(),
                orders: Vec::new(),
            });
            continue;
        }
        if !matches!(name, "ORC" | "OBR" | "OBX" | "NTE" | "SPM") {
            continue;
        }
        let Some(patient) = patients.last_mut() else {
            if name == "NTE" {
                continue;
            }
            return Err(out_of_place(
                segment,
                "there is no PID segment before the results",
            ));
        };
        match (name, patient.orders.last_mut()) {
            ("ORC", _) => orc = Some(segment),
            ("OBR", _) => patient.orders.push(OrderGroup {
                orc: orc.take(),
                obr: segment,
                request_notes: std::mem::take(&mut request_notes),
                notes: Vec::new(),
                results: Vec::new(),
                specimens: Vec::new(),
            }),
            ("NTE", _) if orc.is_some() => request_notes.push(segment),
            ("NTE", None) => patient.notes.push(segment),
            ("NTE", Some(order)) => match order.results.last_mut() {
                Some(result) => result.notes.push(segment),
                None => order.notes.push(segment),
            },
            ("SPM", Some(order)) => order.specimens.push(segment),
            ("OBX", Some(order)) if orc.is_none() => {
                order.results.push(ResultGroup {
                    obx: segment,
                    notes: Vec::new(),
                });
            }
            _ => return Err(out_of_place(segment, "there is no OBR segment before it")),
        }
    }
    match patients.iter().find(|patient| patient.orders.is_empty()) {
        Some(patient) => Err(out_of_place(
            patient.pid,
            "there is no order (OBR) for the patient",
        )),
        None if patients.is_empty() => {
            Err(Fault::error(FaultCode::Sequence, "there is no PID segment"))
        }
        None => Ok(patients),
    }
}

/// The one segment of a name; two are a fault.
pub(super) fn only<'m>(message: &'m Message<'m>, name: &str) -> Result<Option<Segment<'m>>, Fault> {
    let mut found = message.segments().filter(|segment| segment.name() == name);
    let first = found.next();
    match found.next() {
        Some(second) => Err(
            Fault::error(FaultCode::Sequence, "a segment that may be there once")
                .at(second.place(None)),
        ),
        None => Ok(first),
    }
}
