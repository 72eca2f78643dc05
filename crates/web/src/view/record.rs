//! The combined record for a clinician.

use std::collections::BTreeSet;

use care::Bsn;
use exchange::{
    SourceState,
    combined::{CombinedRecord, Fact, FieldName, Section, SectionKind},
};
use jiff::Timestamp;

use super::{Reader, facts, measured, sources, text};
use crate::{
    dates,
    page::{
        Banner, Layout,
        record::{InvolvedRow, RecentRow, RecordPage},
    },
};

/// How far back "new" goes, in days.
const RECENT_DAYS: i64 = 30;
/// How many new facts are shown.
const RECENT_ROWS: usize = 8;
/// How many people per organisation are named.
const PEOPLE_MAX: usize = 6;
const DAY_MS: i64 = 86_400_000;

/// What the reader is, beside the record.
pub(crate) struct Standing {
    pub(crate) bsn: Bsn,
    pub(crate) emergency_reason: Option<String>,
    pub(crate) may_break_glass: bool,
    pub(crate) exchanges: Vec<crate::page::messages::FilterLink>,
}

/// The page of a combined record.
pub(crate) fn page(
    reader: &Reader,
    layout: Layout,
    record: &CombinedRecord,
    standing: Standing,
) -> RecordPage {
    let (recent, recent_total) = recent(reader, record);
    let hidden = recent_total - recent.len();
    let refused = record
        .sources
        .iter()
        .any(|report| report.state == SourceState::NotAllowed);
    let offer = standing.may_break_glass && standing.emergency_reason.is_none() && refused;
    let list = |kinds: &[SectionKind]| -> Vec<crate::page::Section> {
        kinds
            .iter()
            .filter_map(|kind| record.section(*kind))
            .filter(|section| !section.groups.is_empty() || section.series.is_empty())
            .map(|section| facts::section(reader, record, section))
            .collect()
    };
    use SectionKind as K;
    RecordPage {
        page: layout,
        patient: banner(reader, record, &standing),
        identity_note: identity_note(reader, record),
        exchanges: standing.exchanges,
        emergency_reason: standing.emergency_reason,
        emergency: offer.then(|| format!("{}/emergency", reader.base)),
        sources: sources::sources(reader, record),
        first: list(&[K::Allergies, K::Alerts, K::Directives]),
        recent_more: (hidden > 0).then(|| reader.language.count("record.recent-more", hidden)),
        recent,
        recent_total,
        main: list(&[K::Problems, K::Medication]),
        measured: [K::Results, K::Vitals, K::Function]
            .into_iter()
            .filter_map(|kind| record.section(kind))
            .filter(|section| !section.series.is_empty() || section.kind != K::Function)
            .map(|section| measured::section(reader, record, section, None))
            .collect(),
        rest: rest(reader, record),
        involved: involved(reader, record),
    }
}

/// The sections beside the main ones. What came along only because something
/// points at it, such as organisations, is named with what points at it.
fn rest(reader: &Reader, record: &CombinedRecord) -> Vec<crate::page::Section> {
    use SectionKind as K;
    let mut sections = Vec::new();
    for kind in [
        K::Contacts,
        K::Vaccinations,
        K::Procedures,
        K::Plans,
        K::Function,
        K::Devices,
    ] {
        let Some(section) = record.section(kind) else {
            continue;
        };
        if kind == K::Function && section.groups.is_empty() {
            continue;
        }
        sections.push(facts::section(reader, record, section));
    }
    if let Some(results) = record.section(K::Results) {
        let mut reports = facts::section(reader, record, results);
        "reports".clone_into(&mut reports.id);
        reader
            .text("section.reports")
            .clone_into(&mut reports.title);
        if reports.total() > 0 {
            sections.push(reports);
        }
    }
    if let Some(other) = record.section(K::Other) {
        let loose = other.groups.iter().filter(|group| {
            group
                .facts
                .iter()
                .any(|fact| !COMES_ALONG.contains(&fact.resource_type))
        });
        let loose = Section {
            groups: loose.cloned().collect(),
            ..other.clone()
        };
        if !loose.groups.is_empty() {
            sections.push(facts::section(reader, record, &loose));
        }
    }
    sections
}

/// The types that say something only with what points at them.
const COMES_ALONG: &[&str] = &[
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Location",
    "Medication",
    "Specimen",
    "Device",
    "HealthcareService",
    "Endpoint",
    "Provenance",
    "ServiceRequest",
    "Substance",
];

/// The date of birth that the sources give, in words.
pub(super) fn born(reader: &Reader, record: &CombinedRecord) -> String {
    let patients = record
        .section(SectionKind::Patient)
        .into_iter()
        .flat_map(Section::facts)
        .filter(|fact| fact.resource_type == "Patient");
    let born = patients
        .filter_map(|fact| fact.field(FieldName::BirthDate))
        .map(|field| field.value.as_str())
        .next();
    match (born.and_then(|born| born.parse().ok()), born) {
        (Some(date), _) => dates::long(reader.language, date),
        (None, Some(text)) => dates::fhir_short(reader.language, text, &reader.zone),
        (None, None) => reader.text("banner.born-unknown").to_owned(),
    }
}

/// Who the patient is, in the words of the sources.
pub(crate) fn banner(reader: &Reader, record: &CombinedRecord, standing: &Standing) -> Banner {
    let known: Vec<&Fact> = record
        .section(SectionKind::Patient)
        .into_iter()
        .flat_map(Section::facts)
        .filter(|fact| fact.resource_type == "Patient")
        .collect();
    let field = |name| {
        known
            .iter()
            .find_map(|fact| fact.field(name))
            .map(|field| &field.value)
    };
    let born = field(FieldName::BirthDate);
    let birth_date = born.and_then(|born| born.parse::<jiff::civil::Date>().ok());
    let today = reader.now.to_zoned(reader.zone.clone()).date();
    let sex = field(FieldName::Gender).map_or("unknown", String::as_str);
    Banner {
        name: known.first().map_or_else(
            || reader.text("banner.name-unknown").to_owned(),
            |fact| fact.title.clone(),
        ),
        born: self::born(reader, record),
        age: birth_date
            .and_then(|born| dates::age(born, today))
            .map(|years| {
                reader
                    .language
                    .count("banner.years", years.unsigned_abs().into())
            }),
        sex: text::code(reader.language, sex),
        bsn: standing.bsn.expose().to_owned(),
        died: field(FieldName::Deceased)
            .filter(|died| *died != "false")
            .map(|died| dates::fhir_short(reader.language, died, &reader.zone)),
        emergency: standing.emergency_reason.is_some(),
    }
}

/// That the sources differ on who the patient is.
fn identity_note(reader: &Reader, record: &CombinedRecord) -> Option<String> {
    let names: BTreeSet<FieldName> = record
        .section(SectionKind::Patient)?
        .groups
        .iter()
        .filter(|group| {
            group
                .facts
                .iter()
                .any(|fact| fact.resource_type == "Patient")
        })
        .flat_map(|group| &group.differences)
        .map(|difference| difference.field)
        .filter(|name| {
            matches!(
                name,
                FieldName::BirthDate | FieldName::Gender | FieldName::Deceased
            )
        })
        .collect();
    let names: Vec<String> = names
        .into_iter()
        .map(|name| text::field_name(reader.language, name).to_lowercase())
        .collect();
    (!names.is_empty()).then(|| {
        reader.fill(
            "record.identity-differs",
            &[("what", &text::list(reader.language, &names))],
        )
    })
}

/// What came in lately, newest first, and how much there is in all.
fn recent(reader: &Reader, record: &CombinedRecord) -> (Vec<RecentRow>, usize) {
    let now_ms = reader.now.as_millisecond();
    let from_ms = now_ms - RECENT_DAYS * DAY_MS;
    let mut found: Vec<(i64, SectionKind, &Fact)> = Vec::new();
    for section in &record.sections {
        if matches!(section.kind, SectionKind::Patient | SectionKind::Other) {
            continue;
        }
        let grouped = section
            .groups
            .iter()
            .filter_map(|group| group.facts.first());
        let measured = section.series.iter().flat_map(|series| &series.points);
        for fact in grouped.chain(measured.map(exchange::combined::Point::fact)) {
            let Some(date) = &fact.date else { continue };
            // A report says the same as the results in it.
            let is_report = fact.resource_type == "DiagnosticReport"
                && fact.field(FieldName::Conclusion).is_none();
            if (from_ms..=now_ms).contains(&date.low_ms) && !is_report {
                found.push((date.low_ms, section.kind, fact));
            }
        }
    }
    found.sort_by_key(|(at, _, fact)| (std::cmp::Reverse(*at), fact.resource));
    let total = found.len();
    let rows = found
        .into_iter()
        .take(RECENT_ROWS)
        .map(|(_, kind, fact)| {
            let measured = fact.measured.as_ref();
            let value = measured.map(|measured| measured::shown_value(reader, measured));
            RecentRow {
                kind: reader
                    .language
                    .text(&format!("section.{}", kind.code()))
                    .to_owned(),
                title: match value {
                    Some((value, unit)) => format!("{} {value} {unit}", fact.title)
                        .trim_end()
                        .to_owned(),
                    None => facts::title(reader, kind, fact, &fact.title),
                },
                flag: measured.and_then(|measured| measured::flag(reader, measured)),
                date: reader.date(fact.date.as_ref()),
                source: fact.source_name.clone(),
                path: reader.datum_path(fact),
            }
        })
        .collect();
    (rows, total)
}

/// The organisations that gave data and the people that they name.
fn involved(reader: &Reader, record: &CombinedRecord) -> Vec<InvolvedRow> {
    record
        .sources
        .iter()
        .filter(|report| report.state == SourceState::Data)
        .map(|report| {
            let mut people = BTreeSet::new();
            for section in &record.sections {
                let facts = section.facts().filter(|fact| fact.source == report.ura);
                for fact in facts {
                    for name in [FieldName::Performer, FieldName::Author] {
                        people.extend(fact.field(name).map(|field| field.value.clone()));
                    }
                }
            }
            let organisations: BTreeSet<&str> = record
                .sources
                .iter()
                .map(|report| report.name.as_str())
                .collect();
            InvolvedRow {
                organisation: report.name.clone(),
                kind: text::organisation_type(reader.language, report.organisation_type).to_owned(),
                people: people
                    .into_iter()
                    .filter(|name| !organisations.contains(name.as_str()))
                    .take(PEOPLE_MAX)
                    .collect(),
            }
        })
        .collect()
}

/// A moment for tests and pages that say when something was retrieved.
pub(crate) fn moment(reader: &Reader, at: Timestamp) -> String {
    dates::long_moment(reader.language, at, &reader.zone)
}
