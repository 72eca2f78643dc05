//! Results (OBX).

use super::{
    group::{OrderGroup, ResultGroup},
    order::{self, Keys},
    time,
    types::Reader,
    wire::{Field, Segment},
};
use crate::{
    model::{Attachment, AttachmentData, Coding, Concept, Finding, Measured, Order, Range, Unit},
    naming,
    number::{self, DecimalMark},
    outcome::{Fault, FaultCode},
};

/// The most repetitions of one value (OBX-5).
pub const REPETITIONS_MAX: usize = 100;

/// Adds the results of an order: as findings, or as attachments of the report.
pub(super) fn add(
    reader: &Reader<'_>,
    group: &OrderGroup<'_>,
    number: &[&str],
    order: &mut Order,
    keys: &mut Keys,
) -> Result<(), Fault> {
    let mut previous: Option<Segment<'_>> = None;
    for result in &group.results {
        let obx = result.obx;
        if let Some(attachment) = attachment(reader, obx)? {
            order.attachments.push(attachment);
            previous = None;
            continue;
        }
        let continues = previous.is_some_and(|before| is_continuation(before, obx));
        if let (true, Some(last)) = (continues, order.findings.last_mut()) {
            append(last, &lines(obx));
            last.remarks.extend(order::remarks(&result.notes));
        } else {
            let finding = finding(reader, result, number, keys)?;
            order.findings.push(finding);
        }
        previous = Some(obx);
    }
    Ok(())
}

/// A report in text comes as one OBX a line: the same test and sub-id again.
fn is_continuation(before: Segment<'_>, obx: Segment<'_>) -> bool {
    let is_text = |segment: Segment<'_>| matches!(segment.field(2).raw(), "TX" | "FT");
    is_text(before)
        && is_text(obx)
        && [3, 4]
            .into_iter()
            .all(|field| before.field(field).raw() == obx.field(field).raw())
}

fn append(finding: &mut Finding, more: &str) {
    if let Some(Measured::Text(text)) = finding.values.last_mut() {
        text.push('\n');
        text.push_str(more);
    } else if !more.is_empty() {
        finding.values.push(Measured::Text(more.to_owned()));
    }
}

fn finding(
    reader: &Reader<'_>,
    result: &ResultGroup<'_>,
    number: &[&str],
    keys: &mut Keys,
) -> Result<Finding, Fault> {
    let obx = result.obx;
    let sent = reader.concept(obx.field(3).first());
    let Some(code) = order::sent_code(&sent) else {
        return Err(Fault::error(FaultCode::Missing, "OBX-3 names no test").at(obx.place(Some(3))));
    };
    let sub_id = obx.field(4).whole().unwrap_or_default();
    let key = keys.unique("result", naming::key(&[number, &[code, &sub_id]].concat()));
    let unit = unit(reader, obx.field(6).first());
    let performers = [
        reader.organisation(obx.field(23)),
        reader.organisation_coded(obx.field(15)),
        reader.person(obx.field(16)),
    ];
    let range = obx.field(7).whole().map(|text| {
        let limits = number::limits(&text, DecimalMark::Point);
        let (low, high) = limits.map_or((None, None), |limits| (limits.low, limits.high));
        Range {
            text: Some(text),
            low,
            high,
            unit: unit.clone(),
        }
    });
    let method = reader.concept(obx.field(17).first());
    Ok(Finding {
        key,
        status: status(obx)?,
        values: values(reader, obx, unit.as_ref())?,
        flags: obx.field(8).repetitions().filter_map(flag).collect(),
        range,
        remarks: order::remarks(&result.notes),
        method: (!method.is_empty()).then_some(method),
        effective: reader.date_time(obx.field(14))?,
        issued: None,
        performers: performers.into_iter().flatten().collect(),
        concept: reader.mapped(sent),
    })
}

impl Reader<'_> {
    /// OBX-15: a producer as code and name, the code being the sender's own.
    fn organisation_coded(&self, field: Field<'_>) -> Option<crate::model::Party> {
        let field = field.first();
        let name = field.text(2).or_else(|| field.text(1))?;
        let identifier = field.text(1).map(|value| crate::model::Identifier {
            system: self.namespace.system("organisation"),
            value,
        });
        Some(crate::model::Party {
            is_person: false,
            identifier,
            name,
            family: None,
            given: Vec::new(),
        })
    }
}

/// OBX-11, HL7 table 0085, as FHIR observation status.
fn status(obx: Segment<'_>) -> Result<&'static str, Fault> {
    Ok(match obx.field(11).first().text(1).as_deref() {
        Some("F" | "U") => "final",
        Some("C") => "corrected",
        Some("P" | "R" | "S") => "preliminary",
        Some("I") => "registered",
        Some("X" | "N") => "cancelled",
        Some("D" | "W") => "entered-in-error",
        None | Some("O") => "unknown",
        Some(_) => {
            return Err(Fault::error(FaultCode::UnknownValue, "OBX-11 is no status")
                .at(obx.place(Some(11))));
        }
    })
}

/// An abnormal flag: coded when the table knows it, as text always.
fn flag(field: Field<'_>) -> Option<Concept> {
    let text = field.text(1)?;
    let codings = terminology::interpretation(&text)
        .map(|known| Coding {
            system: terminology::system::INTERPRETATION.to_owned(),
            code: known.code.to_owned(),
            display: Some(known.display(terminology::Language::English).to_owned()),
        })
        .into_iter()
        .collect();
    Some(Concept {
        codings,
        text: Some(text),
    })
}

/// A unit (OBX-6): what the sender calls UCUM must be valid UCUM; another
/// spelling must be in the table.
fn unit(reader: &Reader<'_>, field: Field<'_>) -> Option<Unit> {
    let concept = reader.concept(field);
    let said = concept
        .codings
        .iter()
        .find(|coding| coding.system == terminology::system::UCUM)
        .filter(|coding| terminology::is_ucum(&coding.code))
        .map(|coding| coding.code.clone());
    let spellings = [field.text(1), field.text(2)];
    let text = spellings.iter().flatten().next()?.clone();
    let known = || {
        spellings
            .iter()
            .flatten()
            .find_map(|spelling| terminology::ucum(spelling))
    };
    Some(Unit {
        text,
        ucum: said.or_else(|| known().map(|unit| unit.code.to_owned())),
    })
}

fn lines(obx: Segment<'_>) -> String {
    let lines: Vec<String> = obx
        .field(5)
        .repetitions()
        .filter_map(Field::whole)
        .collect();
    lines.join("\n")
}

/// The values (OBX-5) by their type (OBX-2). A type that we do not know is
/// text as it stands.
fn values(
    reader: &Reader<'_>,
    obx: Segment<'_>,
    unit: Option<&Unit>,
) -> Result<Vec<Measured>, Fault> {
    let kind = obx.field(2).first().text(1).unwrap_or_default();
    if matches!(kind.as_str(), "TX" | "FT") {
        let text = lines(obx);
        return Ok((!text.is_empty())
            .then_some(Measured::Text(text))
            .into_iter()
            .collect());
    }
    if obx.field(5).repetitions().count() > REPETITIONS_MAX {
        return Err(Fault::error(
            FaultCode::Limit,
            format!("more than {REPETITIONS_MAX} repetitions of a value"),
        )
        .at(obx.place(Some(5))));
    }
    obx.field(5)
        .repetitions()
        .filter_map(|field| value(reader, field, &kind, unit).transpose())
        .collect()
}

fn value(
    reader: &Reader<'_>,
    field: Field<'_>,
    kind: &str,
    unit: Option<&Unit>,
) -> Result<Option<Measured>, Fault> {
    let Some(whole) = field.whole() else {
        return Ok(None);
    };
    let not_of_type = || {
        Fault::error(
            FaultCode::DataType,
            "OBX-5 is not of the type that OBX-2 says",
        )
        .at(field.place())
    };
    Ok(Some(match kind {
        "NM" => quantity(&whole, unit).unwrap_or(Measured::Text(whole)),
        // A text with a unit beside it is a measurement when it is a number.
        "ST" if unit.is_some() => quantity(&whole, unit).unwrap_or(Measured::Text(whole)),
        "SN" => structured(field, unit).unwrap_or(Measured::Text(whole)),
        "CE" | "CWE" | "CNE" | "CF" => {
            let concept = reader.concept(field);
            if concept.is_empty() {
                Measured::Text(whole)
            } else {
                Measured::Concept(concept)
            }
        }
        "DT" | "TS" | "DTM" => {
            let moment = time::moment(&whole, &reader.context.time_zone).ok_or_else(not_of_type)?;
            Measured::DateTime(moment.text)
        }
        "TM" => Measured::Time(time::time_of_day(&whole).ok_or_else(not_of_type)?),
        _ => Measured::Text(whole),
    }))
}

/// A number, maybe after `<` or `>`.
fn quantity(text: &str, unit: Option<&Unit>) -> Option<Measured> {
    let (comparator, digits) = match number::comparator(text) {
        Some((comparator, digits)) => (Some(comparator), digits),
        None => (None, text),
    };
    let value = number::decimal(digits, DecimalMark::Point)?;
    Some(Measured::Quantity {
        comparator,
        value,
        unit: unit.cloned(),
    })
}

/// SN: comparator, number, separator, number.
fn structured(field: Field<'_>, unit: Option<&Unit>) -> Option<Measured> {
    let decimal = |text: String| number::decimal(&text, DecimalMark::Point);
    let comparator = match field.text(1).as_deref() {
        None | Some("=") => None,
        Some(text) => Some(
            number::comparator(text)
                .filter(|(_, rest)| rest.is_empty())?
                .0,
        ),
    };
    let first = decimal(field.text(2)?)?;
    let unit = unit.cloned();
    match (field.text(3).as_deref(), field.text(4)) {
        (None, None) => Some(Measured::Quantity {
            comparator,
            value: first,
            unit,
        }),
        (Some("-"), Some(second)) if comparator.is_none() => Some(Measured::Between {
            low: Some(first),
            high: Some(decimal(second)?),
            unit,
        }),
        (Some(":" | "/"), Some(second)) if comparator.is_none() && unit.is_none() => {
            Some(Measured::Ratio {
                numerator: first,
                denominator: decimal(second)?,
            })
        }
        _ => None,
    }
}

/// A document (ED) or a pointer to one (RP): it belongs to the report.
fn attachment(reader: &Reader<'_>, obx: Segment<'_>) -> Result<Option<Attachment>, Fault> {
    let field = obx.field(5).first();
    let kind = obx.field(2).first().text(1).unwrap_or_default();
    if field.is_empty() {
        return Ok(None);
    }
    let title = reader
        .concept(obx.field(3).first())
        .label()
        .map(str::to_owned);
    match kind.as_str() {
        "ED" => {
            let content_type = content_type(field.text(2), field.text(3));
            let Some(data) = field.text(5) else {
                return Ok(None);
            };
            let data = match field.text(4).as_deref() {
                Some("Base64" | "BASE64" | "base64") => base64(&data).ok_or_else(|| {
                    Fault::error(FaultCode::DataType, "the data in OBX-5 is no Base64")
                        .at(obx.place(Some(5)))
                })?,
                Some("A") | None => encode(data.as_bytes()),
                Some(_) => {
                    return Err(Fault::error(
                        FaultCode::UnknownValue,
                        "the data in OBX-5 has an encoding that we do not read",
                    )
                    .at(obx.place(Some(5))));
                }
            };
            Ok(Some(Attachment {
                title,
                content_type,
                data: AttachmentData::Base64(data),
            }))
        }
        "RP" => {
            let Some(url) = field
                .text(1)
                .filter(|url| !url.contains(char::is_whitespace))
            else {
                return Ok(None);
            };
            let content_type = content_type(field.text(3), field.text(4));
            Ok(Some(Attachment {
                title,
                content_type,
                data: AttachmentData::Url(url),
            }))
        }
        _ => Ok(None),
    }
}

/// HL7 tables 0191 and 0291 as a media type, for what is certain.
fn content_type(kind: Option<String>, subtype: Option<String>) -> Option<String> {
    let kind = kind.map(|text| text.to_lowercase());
    let subtype = subtype?.to_lowercase();
    Some(match (kind.as_deref(), subtype.as_str()) {
        (_, "pdf" | "application/pdf") => "application/pdf".to_owned(),
        (_, "rtf") => "application/rtf".to_owned(),
        (_, "jpeg" | "png" | "gif" | "tiff") => format!("image/{subtype}"),
        (_, "html" | "xml" | "plain") => format!("text/{subtype}"),
        (_, "octet-stream" | "x-hl7-cda-level-one") => "application/octet-stream".to_owned(),
        _ => return None,
    })
}

/// Base64 without white space, when it is Base64.
fn base64(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    let data = text.trim_end_matches('=');
    let is_data = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let is_padded = text.len().is_multiple_of(4) && text.len() - data.len() <= 2;
    (!data.is_empty() && is_padded && data.bytes().all(is_data)).then_some(text)
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
