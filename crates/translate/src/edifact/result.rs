//! The lines of a result: BEP (heading or result) and OPB (remark).

use std::collections::HashMap;

use super::{medlab::Keys, wire::Segment};
use crate::{
    model::{Coding, Concept, Finding, Measured, Order, Range, Unit},
    naming::{self, Namespace, Sender},
    number::{self, DecimalMark},
    outcome::{Fault, FaultCode},
};

const MARK: DecimalMark = DecimalMark::PointOrComma;

/// Which finding each line (the third number of a counter) is; `None` for a
/// heading.
pub(super) type Lines = HashMap<u32, Option<usize>>;

/// What is needed to read a line: whose it is, and of which order.
pub(super) struct Reader<'a> {
    pub(super) sender: &'a Sender,
    pub(super) namespace: &'a Namespace,
    /// The laboratory number (IDE).
    pub(super) number: &'a str,
}

impl Reader<'_> {
    pub(super) fn add(
        &self,
        segment: &Segment,
        order: &mut Order,
        lines: &mut Lines,
        keys: &mut Keys,
    ) -> Result<(), Fault> {
        let fault = |code, text: &str| Err(Fault::error(code, text).at(segment.place()));
        if segment.tag == "OPB" {
            return remark(segment, order, lines);
        }
        let Some(name) = segment
            .text(1, 0)
            .map(|_| segment.whole(1).unwrap_or_default())
        else {
            return fault(FaultCode::Missing, "BEP has no name");
        };
        match segment.text(0, 0) {
            Some("1") => {
                lines.extend(segment.counter.get(2).map(|line| (*line, None)));
                order.headings.push((name, Vec::new()));
            }
            Some("0") => {
                let at = order.findings.len();
                lines.extend(segment.counter.get(2).map(|line| (*line, Some(at))));
                if let Some((_, members)) = order.headings.last_mut() {
                    members.push(order.findings.len());
                }
                let finding = self.finding(segment, name, keys);
                order.findings.push(finding);
            }
            _ => return fault(FaultCode::UnknownValue, "BEP is neither heading nor result"),
        }
        Ok(())
    }

    fn finding(&self, segment: &Segment, name: String, keys: &mut Keys) -> Finding {
        let code = segment.whole(8).map(|code| {
            let words: Vec<&str> = code.split_whitespace().collect();
            words.join(" ")
        });
        let key = keys.unique(
            "result",
            naming::key(&[self.number, code.as_deref().unwrap_or(&name)]),
        );
        let concept = self.concept(code, name);
        let unit = segment.whole(4).map(|text| Unit {
            ucum: terminology::ucum(&text).map(|unit| unit.code.to_owned()),
            text,
        });
        let value = segment
            .whole(2)
            .map(|text| value(&text, unit.as_ref(), &concept));
        let range = range(segment, unit.as_ref());
        let flags = segment
            .whole(5)
            .map(|text| flag(text, value.as_ref(), range.as_ref()));
        // The fourth element says that a result was changed.
        let is_changed = segment.text(3, 0).is_some_and(|text| text != "N");
        Finding {
            key,
            concept,
            status: if is_changed { "corrected" } else { "final" },
            values: value.into_iter().collect(),
            flags: flags.into_iter().collect(),
            range,
            remarks: Vec::new(),
            method: None,
            effective: None,
            issued: None,
            performers: Vec::new(),
        }
    }

    /// A code of NHG table 45 when our table has it, else the laboratory's
    /// own; LOINC before either, when known.
    fn concept(&self, code: Option<String>, name: String) -> Concept {
        let Some(code) = code else {
            return Concept {
                codings: Vec::new(),
                text: Some(name),
            };
        };
        let nhg = terminology::loinc_for_nhg45(&code);
        let loinc = nhg.or_else(|| {
            self.sender
                .keys()
                .find_map(|sender| terminology::loinc_for_local(&sender, &code))
        });
        let system = match nhg {
            Some(_) => terminology::system::NHG45.to_owned(),
            None => self.namespace.system("code"),
        };
        let loinc = loinc.map(|loinc| Coding {
            system: terminology::system::LOINC.to_owned(),
            code: loinc.to_owned(),
            display: terminology::lab_test(loinc).map(|test| test.display.to_owned()),
        });
        let own = Coding {
            system,
            code,
            display: Some(name.clone()),
        };
        Concept {
            codings: loinc.into_iter().chain([own]).collect(),
            text: Some(name),
        }
    }
}

/// OPB: the third number of its counter is the line that it belongs to; a
/// remark without one is on the line before it.
fn remark(segment: &Segment, order: &mut Order, lines: &Lines) -> Result<(), Fault> {
    let Some(text) = segment.whole(0) else {
        return Ok(());
    };
    let of = match segment.counter.get(2) {
        Some(line) => lines.get(line).copied().ok_or_else(|| {
            Fault::error(
                FaultCode::References,
                "OPB belongs to no line (BEP) before it",
            )
            .at(segment.place())
        })?,
        None => order.findings.len().checked_sub(1),
    };
    let Some(finding) = of.and_then(|at| order.findings.get_mut(at)) else {
        order.remarks.push(text);
        return Ok(());
    };
    match finding.remarks.first_mut() {
        Some(remark) => {
            remark.push('\n');
            remark.push_str(&text);
        }
        None => finding.remarks.push(text),
    }
    Ok(())
}

/// A number with a unit, or of a test that we know, is a measurement; another
/// text, such as a date in digits, stays text.
fn value(text: &str, unit: Option<&Unit>, concept: &Concept) -> Measured {
    let (comparator, digits) = match number::comparator(text) {
        Some((comparator, digits)) => (Some(comparator), digits),
        None => (None, text),
    };
    match number::decimal(digits, MARK) {
        Some(value) if unit.is_some() || concept.loinc().is_some() => Measured::Quantity {
            comparator,
            value,
            unit: unit.cloned(),
        },
        _ => Measured::Text(text.to_owned()),
    }
}

fn range(segment: &Segment, unit: Option<&Unit>) -> Option<Range> {
    let (low, high) = (segment.whole(6), segment.whole(7));
    if low.is_none() && high.is_none() {
        return None;
    }
    let decimal = |text: &Option<String>| number::decimal(text.as_deref()?, MARK);
    let (low_number, high_number) = (decimal(&low), decimal(&high));
    // A limit that is no number stays as text, with the other one.
    let is_text =
        (low.is_some() && low_number.is_none()) || (high.is_some() && high_number.is_none());
    let text = is_text.then(|| {
        format!("{} - {}", low.unwrap_or_default(), high.unwrap_or_default())
            .trim()
            .to_owned()
    });
    Some(Range {
        text,
        low: low_number,
        high: high_number,
        unit: unit.cloned(),
    })
}

/// MEDLAB does not say what its flags mean, so a flag is coded only when the
/// laboratory's own limits say the same.
fn flag(text: String, value: Option<&Measured>, range: Option<&Range>) -> Concept {
    let number = |digits: &Option<String>| digits.as_ref()?.parse::<f64>().ok();
    let measured = match value {
        Some(Measured::Quantity {
            comparator: None,
            value,
            ..
        }) => value.parse::<f64>().ok(),
        _ => None,
    };
    let is_beyond = |limit: Option<f64>, beyond: fn(f64, f64) -> bool| matches!((measured, limit), (Some(value), Some(limit)) if beyond(value, limit));
    let high = is_beyond(
        range.and_then(|range| number(&range.high)),
        |value, limit| value > limit,
    );
    let low = is_beyond(
        range.and_then(|range| number(&range.low)),
        |value, limit| value < limit,
    );
    let code = match text.as_str() {
        "+" | "++" | "H" | ">" | "*" if high => Some("H"),
        "-" | "--" | "L" | "<" | "*" if low => Some("L"),
        _ => None,
    };
    let codings = code
        .and_then(terminology::interpretation)
        .map(|known| Coding {
            system: terminology::system::INTERPRETATION.to_owned(),
            code: known.code.to_owned(),
            display: Some(known.display(terminology::Language::English).to_owned()),
        })
        .into_iter()
        .collect();
    Concept {
        codings,
        text: Some(text),
    }
}
