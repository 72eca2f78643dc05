//! Words for codes of the domain and of FHIR.

use care::{ConsentCategory, OrganisationType, ProviderCategory, Role};
use exchange::combined::{Block, Field, FieldName, Quantity, Range, Rule, Value};

use super::Reader;
use crate::{dates, words::Language};

pub(crate) fn role(language: Language, role: Role) -> &'static str {
    match role {
        Role::GeneralPractitioner => language.text("role.general-practitioner"),
        Role::Internist => language.text("role.internist"),
        Role::Cardiologist => language.text("role.cardiologist"),
        Role::EmergencyPhysician => language.text("role.emergency-physician"),
        Role::Psychiatrist => language.text("role.psychiatrist"),
        Role::Pharmacist => language.text("role.pharmacist"),
        Role::Nurse => language.text("role.nurse"),
        Role::Patient => language.text("role.patient"),
        Role::Coordinator => language.text("role.coordinator"),
        Role::Operator => language.text("role.operator"),
        Role::RecordSystem => language.text("role.record-system"),
    }
}

pub(crate) fn organisation_type(language: Language, kind: OrganisationType) -> &'static str {
    match kind {
        OrganisationType::GeneralPractice => language.text("type.general-practice"),
        OrganisationType::OutOfHoursPost => language.text("type.out-of-hours-post"),
        OrganisationType::Laboratory => language.text("type.laboratory"),
        OrganisationType::Hospital => language.text("type.hospital"),
        OrganisationType::Pharmacy => language.text("type.pharmacy"),
        OrganisationType::HomeCare => language.text("type.home-care"),
        OrganisationType::MentalHealth => language.text("type.mental-health"),
        OrganisationType::RegionalOrganisation => language.text("type.regional"),
    }
}

pub(crate) fn providers(language: Language, category: ProviderCategory) -> &'static str {
    match category {
        ProviderCategory::GeneralPractice => language.text("providers.general-practice"),
        ProviderCategory::Pharmacy => language.text("providers.pharmacy"),
        ProviderCategory::Hospital => language.text("providers.hospital"),
        ProviderCategory::Nursing => language.text("providers.nursing"),
        ProviderCategory::MentalHealth => language.text("providers.mental-health"),
        ProviderCategory::Other => language.text("providers.other"),
    }
}

/// The name of a consent category, what it is, and "uw …" in a sentence.
pub(crate) fn category(language: Language, category: ConsentCategory) -> [&'static str; 3] {
    match category {
        ConsentCategory::Treatment => [
            language.text("category.treatment"),
            language.text("category.treatment-explain"),
            language.text("category.your.treatment"),
        ],
        ConsentCategory::Results => [
            language.text("category.results"),
            language.text("category.results-explain"),
            language.text("category.your.results"),
        ],
        ConsentCategory::Medication => [
            language.text("category.medication"),
            language.text("category.medication-explain"),
            language.text("category.your.medication"),
        ],
    }
}

pub(crate) fn rule(language: Language, rule: Rule) -> &'static str {
    match rule {
        Rule::SameIdentifier => language.text("rule.same-identifier"),
        Rule::SameCode => language.text("rule.same-code"),
        Rule::SameSubstance => language.text("rule.same-substance"),
        Rule::SameTreatment => language.text("rule.same-treatment"),
        Rule::SameText => language.text("rule.same-text"),
        Rule::SameCodeAndDate => language.text("rule.same-code-and-date"),
        Rule::SameMeasurement => language.text("rule.same-measurement"),
        Rule::SameResults => language.text("rule.same-results"),
        Rule::SamePatient => language.text("rule.same-patient"),
    }
}

pub(crate) fn block(language: Language, block: Block) -> &'static str {
    match block {
        Block::Agreement => language.text("block.agreement"),
        Block::VariableDosing => language.text("block.variable-dosing"),
        Block::DispenseRequest => language.text("block.dispense-request"),
        Block::AdministrationAgreement => language.text("block.administration-agreement"),
        Block::Dispense => language.text("block.dispense"),
        Block::Use => language.text("block.use"),
        Block::Administration => language.text("block.administration"),
    }
}

pub(crate) fn field_name(language: Language, name: FieldName) -> &'static str {
    match name {
        FieldName::Status => language.text("field.status"),
        FieldName::Verification => language.text("field.verification"),
        FieldName::Severity => language.text("field.severity"),
        FieldName::Criticality => language.text("field.criticality"),
        FieldName::Category => language.text("field.category"),
        FieldName::Dose => language.text("field.dose"),
        FieldName::AsNeeded => language.text("field.as-needed"),
        FieldName::Route => language.text("field.route"),
        FieldName::Start => language.text("field.start"),
        FieldName::End => language.text("field.end"),
        FieldName::Date => language.text("field.date"),
        FieldName::Value => language.text("field.value"),
        FieldName::StopType => language.text("field.stop-type"),
        FieldName::Reason => language.text("field.reason"),
        FieldName::Reaction => language.text("field.reaction"),
        FieldName::BodySite => language.text("field.body-site"),
        FieldName::Method => language.text("field.method"),
        FieldName::Quantity => language.text("field.quantity"),
        FieldName::Lot => language.text("field.lot"),
        FieldName::Author => language.text("field.author"),
        FieldName::Performer => language.text("field.performer"),
        FieldName::Organisation => language.text("field.organisation"),
        FieldName::Place => language.text("field.place"),
        FieldName::Conclusion => language.text("field.conclusion"),
        FieldName::Description => language.text("field.description"),
        FieldName::Note => language.text("field.note"),
        FieldName::BirthDate => language.text("field.birth-date"),
        FieldName::Gender => language.text("field.gender"),
        FieldName::Address => language.text("field.address"),
        FieldName::Telecom => language.text("field.telecom"),
        FieldName::Deceased => language.text("field.deceased"),
        FieldName::Bsn => language.text("field.bsn"),
        FieldName::Relationship => language.text("field.relationship"),
    }
}

/// The codes of FHIR value sets that have a word on the pages; every other
/// value stays as the source wrote it.
const CODES: &[&str] = &[
    "active",
    "inactive",
    "resolved",
    "remission",
    "recurrence",
    "relapse",
    "completed",
    "stopped",
    "cancelled",
    "on-hold",
    "draft",
    "finished",
    "planned",
    "in-progress",
    "arrived",
    "booked",
    "confirmed",
    "unconfirmed",
    "provisional",
    "refuted",
    "high",
    "low",
    "unable-to-assess",
    "mild",
    "moderate",
    "severe",
    "permit",
    "deny",
    "final",
    "preliminary",
    "corrected",
    "amended",
    "registered",
    "food",
    "medication",
    "environment",
    "biologic",
    "male",
    "female",
    "other",
    "unknown",
    "proposed",
    "accepted",
    "not-done",
    "entered-in-error",
    "ended",
    "ambulatory",
    "emergency",
    "inpatient",
    "virtual",
    "unstated",
];

/// A code of a FHIR value set in words.
pub(crate) fn code(language: Language, value: &str) -> String {
    let code = value.to_lowercase().replace(' ', "-");
    let code = code.strip_suffix("-encounter").unwrap_or(&code);
    if CODES.contains(&code) {
        language.text(&format!("code.{code}")).to_owned()
    } else {
        value.to_owned()
    }
}

/// The value of a detail, for people.
pub(crate) fn field_value(reader: &Reader, field: &Field) -> String {
    match field.name {
        FieldName::Start | FieldName::End | FieldName::Date | FieldName::BirthDate => {
            dates::fhir_short(reader.language, &field.value, &reader.zone)
        }
        FieldName::Status
        | FieldName::Verification
        | FieldName::Severity
        | FieldName::Criticality
        | FieldName::Gender
        | FieldName::Category
        | FieldName::Description => code(reader.language, &field.value),
        _ => field.value.clone(),
    }
}

/// The decimal mark of a language.
pub(crate) const fn decimal_mark(language: Language) -> char {
    match language {
        Language::Dutch => ',',
        Language::English => '.',
    }
}

/// Digits as received, with the decimal mark of the language.
pub(crate) fn digits(language: Language, digits: &str) -> String {
    match language {
        Language::Dutch => digits.replace('.', ","),
        Language::English => digits.to_owned(),
    }
}

/// A quantity without its unit, such as "< 5,0".
pub(crate) fn number(language: Language, quantity: &Quantity) -> String {
    let digits = digits(language, &quantity.digits);
    match &quantity.comparator {
        Some(comparator) => format!("{comparator} {digits}"),
        None => digits,
    }
}

/// A value and its unit.
pub(crate) fn value(language: Language, value: &Value) -> (String, String) {
    match value {
        Value::Quantity(quantity) => (
            number(language, quantity),
            quantity.unit.clone().unwrap_or_default(),
        ),
        Value::Text(text) => (text.clone(), String::new()),
        Value::Missing => (String::new(), String::new()),
    }
}

/// A reference range; a missing limit is left out, never zero.
pub(crate) fn range(language: Language, range: &Range) -> Option<String> {
    let limit =
        |quantity: &Option<Quantity>| quantity.as_ref().map(|limit| number(language, limit));
    match (limit(&range.low), limit(&range.high)) {
        (Some(low), Some(high)) => Some(format!("{low}–{high}")),
        (Some(low), None) => Some(format!("≥ {low}")),
        (None, Some(high)) => Some(format!("≤ {high}")),
        (None, None) => range.text.clone(),
    }
}

/// "a", "a en b", "a, b en c".
pub(crate) fn list(language: Language, items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} {} {last}", head.join(", "), language.text("list.and")),
    }
}

/// A sentence begins with a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// A count with marks between thousands.
pub(crate) fn count(language: Language, count: u64) -> String {
    let digits = count.to_string();
    let mark = match language {
        Language::Dutch => '.',
        Language::English => ',',
    };
    let mut marked = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            marked.push(mark);
        }
        marked.push(digit);
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_has_a_word_in_both_languages() {
        for language in Language::ALL {
            for known in CODES {
                assert!(!code(language, known).is_empty());
            }
        }
        assert_eq!(code(Language::Dutch, "Iets anders"), "Iets anders");
    }

    #[test]
    fn a_missing_limit_is_left_out() {
        let limit = |digits: &str| {
            Some(Quantity {
                digits: digits.to_owned(),
                comparator: None,
                unit: None,
                ucum: None,
            })
        };
        let check = |low, high, expected: Option<&str>| {
            let range = Range {
                low,
                high,
                text: None,
            };
            assert_eq!(super::range(Language::Dutch, &range).as_deref(), expected);
        };
        check(limit("3.50"), limit("5.0"), Some("3,50–5,0"));
        check(limit("3.5"), None, Some("≥ 3,5"));
        check(None, limit("5"), Some("≤ 5"));
        check(None, None, None);
    }

    #[test]
    fn lists_and_counts_read_well() {
        let items = |count: usize| {
            (0..count)
                .map(|index| format!("x{index}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(list(Language::Dutch, &items(3)), "x0, x1 en x2");
        assert_eq!(list(Language::Dutch, &items(1)), "x0");
        assert_eq!(count(Language::Dutch, 18_204), "18.204");
        assert_eq!(count(Language::English, 1_000_000), "1,000,000");
        assert_eq!(count(Language::Dutch, 7), "7");
    }
}
