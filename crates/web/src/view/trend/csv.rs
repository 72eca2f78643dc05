//! The values of a test as a file for a spreadsheet (RFC 4180).
//!
//! Everything is written as the source wrote it: digits, unit, limits, time.
//! The first line has English names, so that scripts can rely on them.

use exchange::combined::{Fact, FieldName, Moment, Point, Quantity, Range, Series, Value};

use super::{Period, Reader, Test};

/// Marks the file as UTF-8 for spreadsheets.
const BYTE_ORDER_MARK: &str = "\u{feff}";
const NAMES: [&str; 15] = [
    "test",
    "part",
    "time",
    "value",
    "unit",
    "low",
    "high",
    "reference",
    "flag",
    "status",
    "method",
    "code_system",
    "code",
    "source",
    "same_measurement",
];

/// The values of a test in a period, the earliest first; a line for what each
/// source says of each measurement and for each part of it. Lines with the same
/// number in the last column are about one measurement.
pub(crate) fn csv(reader: &Reader, test: &Test<'_>, period: Period) -> String {
    let mut file = BYTE_ORDER_MARK.to_owned();
    line(&mut file, &NAMES.map(str::to_owned));
    let points = test.all.iter().flat_map(|series| {
        let points = series.points.iter();
        points.map(move |point| (*series, point))
    });
    let held = points.filter(|(_, point)| period.holds(reader.now, point.when.as_ref()));
    for (number, (series, point)) in held.enumerate() {
        measurement(&mut file, series, point, number + 1);
    }
    file
}

fn measurement(file: &mut String, series: &Series, point: &Point, number: usize) {
    for fact in &point.facts {
        let Some(measured) = &fact.measured else {
            continue;
        };
        let has_parts = !measured.components.is_empty();
        if !(has_parts && measured.value == Value::Missing) {
            let flag = measured.flag.map(|flag| format!("{flag:?}"));
            let row = Row {
                series,
                fact,
                part: "",
                value: &measured.value,
                range: measured.range.as_ref(),
                flag: flag.unwrap_or_default(),
                number,
            };
            row.write(file);
        }
        for part in &measured.components {
            let flag = part.flag.map(|flag| format!("{flag:?}"));
            let row = Row {
                series,
                fact,
                part: &part.title,
                value: &part.value,
                range: part.range.as_ref(),
                flag: flag.unwrap_or_default(),
                number,
            };
            row.write(file);
        }
    }
}

struct Row<'a> {
    series: &'a Series,
    fact: &'a Fact,
    part: &'a str,
    value: &'a Value,
    range: Option<&'a Range>,
    flag: String,
    number: usize,
}

impl Row<'_> {
    fn write(&self, file: &mut String) {
        let (value, unit) = match self.value {
            Value::Quantity(quantity) => (digits(quantity), quantity.unit.clone()),
            Value::Text(text) => (text.clone(), None),
            Value::Missing => (String::new(), None),
        };
        let limit = |limit: fn(&Range) -> Option<&Quantity>| {
            let found = self.range.and_then(limit);
            found.map(digits).unwrap_or_default()
        };
        let coding = self.series.code.as_ref();
        let method = self.fact.field(FieldName::Method);
        let time = self
            .fact
            .date
            .as_ref()
            .map(|date: &Moment| date.text.clone());
        line(
            file,
            &[
                self.fact.title.clone(),
                self.part.to_owned(),
                time.unwrap_or_default(),
                value,
                unit.unwrap_or_default(),
                limit(|range| range.low.as_ref()),
                limit(|range| range.high.as_ref()),
                self.range
                    .and_then(|range| range.text.clone())
                    .unwrap_or_default(),
                self.flag.clone(),
                self.fact.status.clone().unwrap_or_default(),
                method.map(|field| field.value.clone()).unwrap_or_default(),
                coding.map(|one| one.system.clone()).unwrap_or_default(),
                coding.map(|one| one.code.clone()).unwrap_or_default(),
                self.fact.source_name.clone(),
                self.number.to_string(),
            ],
        );
    }
}

fn digits(quantity: &Quantity) -> String {
    let comparator = quantity.comparator.as_deref().unwrap_or_default();
    format!("{comparator}{}", quantity.digits)
}

fn line(file: &mut String, cells: &[String]) {
    for (at, text) in cells.iter().enumerate() {
        if at > 0 {
            file.push(',');
        }
        file.push_str(&cell(text));
    }
    file.push_str("\r\n");
}

/// A cell, in quotes where it needs them. What a spreadsheet would take for a
/// formula gets an apostrophe before it, unless it is a number.
fn cell(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err();
    let guard = if is_formula { "'" } else { "" };
    if text.contains(['"', ',', ';', '\r', '\n']) || is_formula {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_or_a_number_and_never_a_formula() {
        let check = |text: &str, expected: &str| assert_eq!(cell(text), expected, "{text:?}");
        check("61", "61");
        check("-0.5", "-0.5");
        check("+4.20", "+4.20");
        check("<5", "<5");
        check("a,b", "\"a,b\"");
        check("a;b", "\"a;b\"");
        check("zei \"ja\"", "\"zei \"\"ja\"\"\"");
        check("=1+1", "\"'=1+1\"");
        check("+1+1", "\"'+1+1\"");
        check("-1+1", "\"'-1+1\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("\t=1", "\"'\t=1\"");
        check("\r=1", "\"'\r=1\"");
        check("-", "\"'-\"");
        check("", "");
    }
}
