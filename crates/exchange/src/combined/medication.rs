//! Medication building blocks: what was agreed, dispensed, used.

use fhir::json::{Kind, Node};
use jiff::Timestamp;

use super::{
    elements::{Library, concept, folded, quantity, quantity_words, words},
    facts::{moment, walk},
    model::{Block, Fact, Field, FieldName, Moment},
};

/// How long a dispense without a number of days counts as current, in days:
/// the medication overview covers what was used in the last six months.
pub(super) const DISPENSED_RECENTLY_DAYS: i64 = 183;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The extension in which Medicatieproces 9 keeps the period of use.
const PERIOD_OF_USE: &str = "http://nictiz.nl/fhir/StructureDefinition/ext-TimeInterval.Period";
/// The extension that says that an agreement ends or interrupts a treatment.
const STOP_TYPE: &str = "http://nictiz.nl/fhir/StructureDefinition/ext-StopType";
/// The extension with the identifier of the pharmaceutical treatment (MBH).
pub(super) const TREATMENT: &str =
    "http://nictiz.nl/fhir/StructureDefinition/ext-PharmaceuticalTreatment.Identifier";

/// Completes a fact of medication.
pub(super) fn read(
    library: &Library<'_>,
    index: usize,
    root: Node<'_>,
    fact: &mut Fact,
    now: Timestamp,
) {
    product(library, index, root, fact);
    fact.block = Some(block(root, fact.resource_type));
    let period = extension(root, PERIOD_OF_USE).and_then(|found| found.get("valuePeriod"));
    let period_side = |side| period.and_then(|period| Moment::parse(&period.text(side)?));
    let start = period_side("start").or_else(|| {
        moment(
            root,
            &[
                &[
                    "dosageInstruction",
                    "timing",
                    "repeat",
                    "boundsPeriod",
                    "start",
                ],
                &["dispenseRequest", "validityPeriod", "start"],
                &["effectivePeriod", "start"],
            ],
        )
    });
    let end = period_side("end").or_else(|| {
        moment(
            root,
            &[
                &[
                    "dosageInstruction",
                    "timing",
                    "repeat",
                    "boundsPeriod",
                    "end",
                ],
                &["dispenseRequest", "validityPeriod", "end"],
                &["effectivePeriod", "end"],
            ],
        )
    });
    let stop_type = extension(root, STOP_TYPE).and_then(|found| found.get("valueCodeableConcept"));
    dosage(library, index, root, fact);
    let days = walk(root, &["daysSupply"]).and_then(quantity);
    fact.current = is_current(
        fact,
        end.as_ref(),
        days.and_then(|days| days.number()),
        stop_type.is_some(),
        now,
    );
    if let Some(said) = stop_type.and_then(|stop| concept(stop).0) {
        fact.fields.push(Field {
            name: FieldName::StopType,
            value: said,
            comparable: None,
        });
    }
    for (name, moment) in [(FieldName::Start, &start), (FieldName::End, &end)] {
        if let Some(moment) = moment {
            fact.fields.push(Field {
                name,
                value: moment.text.clone(),
                comparable: None,
            });
        }
    }
    if fact.date.is_none() {
        fact.date = start;
    }
}

/// The product: in the resource itself, contained in it, or beside it.
fn product(library: &Library<'_>, index: usize, root: Node<'_>, fact: &mut Fact) {
    let Some(reference) = root.get("medicationReference") else {
        return;
    };
    if let Some(medication) = library.resolve(index, reference) {
        let code = medication.get("code");
        let (said, codings) = code.map(concept).unwrap_or_default();
        let ingredients = medication
            .each("ingredient")
            .filter_map(|ingredient| concept(ingredient.get("itemCodeableConcept")?).0);
        let said = said.or_else(|| {
            let ingredients: Vec<String> = ingredients.collect();
            (!ingredients.is_empty()).then(|| ingredients.join(" + "))
        });
        fact.codings = codings;
        if let Some(said) = said {
            fact.title = said;
            return;
        }
    }
    if let Some(name) = library.name(index, reference) {
        fact.title = name;
    }
}

fn block(root: Node<'_>, resource_type: &str) -> Block {
    let categories = root.each("category").chain(root.get("category"));
    let codes = categories.flat_map(|category| concept(category).1);
    let stated = codes
        .into_iter()
        .find_map(|coding| match coding.code.as_str() {
            "33633005" | "16076005" => Some(Block::Agreement),
            "395067002" => Some(Block::VariableDosing),
            "52711000146108" => Some(Block::DispenseRequest),
            "422037009" => Some(Block::AdministrationAgreement),
            "373784005" => Some(Block::Dispense),
            "422979000" => Some(Block::Use),
            "18629005" => Some(Block::Administration),
            _ => None,
        });
    stated.unwrap_or(match resource_type {
        "MedicationRequest" => Block::Agreement,
        "MedicationDispense" => Block::Dispense,
        "MedicationStatement" => Block::Use,
        _ => Block::Administration,
    })
}

/// The dosage, in words and in a form that can be compared.
fn dosage(library: &Library<'_>, index: usize, root: Node<'_>, fact: &mut Fact) {
    let lines: Vec<Node<'_>> = ["dosageInstruction", "dosage"]
        .into_iter()
        .filter_map(|name| root.get(name))
        .flat_map(|node| {
            let alone = (node.kind() == Kind::Object).then_some(node);
            node.items().chain(alone)
        })
        .collect();
    if lines.is_empty() {
        return;
    }
    let said: Vec<String> = lines
        .iter()
        .filter_map(|line| dose_words(library, index, *line))
        .collect();
    let structured: Option<Vec<String>> = lines.iter().map(|line| dose_comparable(*line)).collect();
    if !said.is_empty() {
        let comparable = structured.map(|parts| parts.join(" + "));
        fact.fields.push(Field {
            name: FieldName::Dose,
            value: said.join("; "),
            comparable,
        });
    }
    let first = lines[0];
    if let Some(route) = first.get("route").and_then(|route| concept(route).0) {
        fact.fields.push(Field {
            name: FieldName::Route,
            value: route,
            comparable: None,
        });
    }
    let as_needed = first
        .get("asNeededCodeableConcept")
        .or_else(|| first.get("asNeededBoolean"));
    if let Some(said) = as_needed.and_then(|node| words(library, index, node)) {
        fact.fields.push(Field {
            name: FieldName::AsNeeded,
            value: said,
            comparable: None,
        });
    }
}

fn dose_words(library: &Library<'_>, index: usize, line: Node<'_>) -> Option<String> {
    if let Some(text) = line
        .text("text")
        .or_else(|| line.text("patientInstruction"))
    {
        return Some(text.into_owned());
    }
    let mut parts = Vec::new();
    let rate = line.path(&["doseAndRate"]);
    let dose = rate.and_then(|rate| {
        rate.get("doseQuantity")
            .or_else(|| rate.get("doseRange"))
            .or_else(|| rate.get("rateQuantity"))
    });
    let dose = dose.or_else(|| line.get("dose"));
    if let Some(dose) = dose {
        let range = ["low", "high"].map(|side| dose.get(side).and_then(quantity));
        parts.extend(match range {
            [Some(low), Some(high)] => Some(format!(
                "{} – {}",
                quantity_words(&low),
                quantity_words(&high)
            )),
            _ => words(library, index, dose),
        });
    }
    if let Some(repeat) = line.path(&["timing", "repeat"]) {
        let number = |name| repeat.get(name).and_then(Node::as_number);
        if let (Some(period), Some(unit)) = (number("period"), repeat.text("periodUnit")) {
            let frequency = number("frequency").unwrap_or("1");
            parts.push(format!("{frequency} per {period} {unit}"));
        }
        parts.extend(
            repeat
                .get("when")
                .and_then(|when| words(library, index, when)),
        );
    }
    parts.extend(
        line.path(&["timing", "code"])
            .and_then(|code| concept(code).0),
    );
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Amount, frequency and period, when they are all stated as numbers.
fn dose_comparable(line: Node<'_>) -> Option<String> {
    let amount = line
        .path(&["doseAndRate", "doseQuantity"])
        .and_then(quantity)?;
    let repeat = line.path(&["timing", "repeat"])?;
    let number = |name| repeat.get(name).and_then(Node::as_number);
    let value = amount.number()?;
    let unit = folded(
        amount
            .ucum
            .as_deref()
            .or(amount.unit.as_deref())
            .unwrap_or_default(),
    );
    let frequency = number("frequency").unwrap_or("1");
    Some(format!(
        "{value} {unit} {frequency}/{} {}",
        number("period")?,
        repeat.text("periodUnit")?
    ))
}

fn is_current(
    fact: &Fact,
    end: Option<&Moment>,
    days_supply: Option<f64>,
    stops: bool,
    now: Timestamp,
) -> bool {
    let now_ms = now.as_millisecond();
    if end.is_some_and(|end| end.high_ms < now_ms) || stops && end.is_none() {
        return false;
    }
    let status = fact.status.as_deref().unwrap_or("unknown");
    if fact.block == Some(Block::Dispense) && status == "completed" {
        let Some(handed_over) = &fact.date else {
            return false;
        };
        let days = days_supply.map_or(DISPENSED_RECENTLY_DAYS, |days| days.ceil() as i64);
        return handed_over
            .high_ms
            .saturating_add(days.saturating_mul(DAY_MS))
            >= now_ms;
    }
    if fact.block == Some(Block::AdministrationAgreement) && status == "completed" {
        // MP9 leaves the status of an agreement that runs at «completed»: the
        // period of use says whether it ended.
        return true;
    }
    matches!(
        status,
        "active" | "on-hold" | "intended" | "in-progress" | "preparation" | "unknown" | "draft"
    )
}

/// The pharmaceutical treatments (MBH) that a block belongs to.
pub(super) fn treatments(root: Node<'_>) -> Vec<String> {
    root.each("extension")
        .filter(|extension| extension.text("url").is_some_and(|url| url == TREATMENT))
        .filter_map(|extension| {
            let identifier = extension.get("valueIdentifier")?;
            let system = identifier.text("system")?;
            Some(format!("{system}|{}", identifier.text("value")?))
        })
        .collect()
}

/// Whether an agreement stopped.
pub(super) fn is_stopped(fact: &Fact) -> bool {
    let over = matches!(
        fact.status.as_deref(),
        Some("stopped" | "cancelled" | "completed")
    ) || fact.field(FieldName::StopType).is_some()
        || fact.field(FieldName::End).is_some();
    fact.block == Some(Block::Agreement) && !fact.current && over
}

/// When a stopped agreement stopped: the end of its period of use, else when
/// it was written down.
pub(super) fn stopped_at(fact: &Fact) -> Option<Moment> {
    let end = fact
        .field(FieldName::End)
        .and_then(|field| Moment::parse(&field.value));
    end.or_else(|| fact.date.clone())
}

fn extension<'a>(root: Node<'a>, url: &str) -> Option<Node<'a>> {
    ["extension", "modifierExtension"]
        .into_iter()
        .flat_map(|name| root.each(name))
        .find(|extension| extension.text("url").is_some_and(|own| own == url))
}

/// Whether a code can tell one medicine from another: an ATC code of a whole
/// group (fewer than seven characters) cannot.
pub(super) fn names_a_substance(system: &str, code: &str) -> bool {
    let is_atc = matches!(
        system,
        "http://www.whocc.no/atc" | "urn:oid:2.16.840.1.113883.6.73"
    );
    !is_atc || code.len() == 7
}
