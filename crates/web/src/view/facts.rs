//! Facts of a section as rows: one per group, its sources side by side.

use std::collections::BTreeSet;

use exchange::combined::{
    CombinedRecord, Fact, Field, FieldName, Group, Notice, Section, SectionKind,
};

use super::{Reader, sources, text};
use crate::page::{self, Cell, FactRecord, Tag, Tone};

/// The rows of a section that are shown at once.
const ROWS_AT_ONCE: usize = 12;
/// The same in a narrow column.
const ROWS_AT_ONCE_NARROW: usize = 5;

/// A section as a list of facts, the current ones at once.
pub(crate) fn section(
    reader: &Reader,
    record: &CombinedRecord,
    section: &Section,
) -> page::Section {
    let code = section.kind.code();
    let narrow = !matches!(
        section.kind,
        SectionKind::Problems
            | SectionKind::Medication
            | SectionKind::Allergies
            | SectionKind::Alerts
    );
    let by_state = matches!(
        section.kind,
        SectionKind::Problems | SectionKind::Medication
    );
    let mut rows: Vec<Row> = section
        .groups
        .iter()
        .flat_map(|group| rows(reader, section.kind, group))
        .collect();
    rows.sort_by_key(|row| {
        (
            !row.urgent,
            by_state && !row.current,
            std::cmp::Reverse(row.date_ms),
        )
    });
    let limit = if narrow {
        ROWS_AT_ONCE_NARROW
    } else {
        ROWS_AT_ONCE
    };
    let mut shown = Vec::new();
    let mut folded = Vec::new();
    for row in rows {
        let here = if by_state {
            row.current || row.urgent
        } else {
            shown.len() < limit
        };
        if here {
            shown.push(row.fact);
        } else {
            folded.push(row.fact);
        }
    }
    let more_key = if by_state {
        "section.past"
    } else {
        "section.more"
    };
    page::Section {
        id: code.to_owned(),
        title: reader.language.text(&format!("section.{code}")).to_owned(),
        explain: None,
        prominent: matches!(section.kind, SectionKind::Alerts | SectionKind::Allergies),
        more_label: reader.language.count(more_key, folded.len()),
        rows: shown,
        more: folded,
        empty: sources::emptiness(reader, record, section),
        incomplete: sources::is_incomplete(section),
    }
}

/// A row with what decides on its place.
struct Row {
    urgent: bool,
    current: bool,
    date_ms: Option<i64>,
    fact: page::Fact,
}

impl Row {
    fn new(group: &Group, urgent: bool, fact: page::Fact) -> Self {
        let date = group.facts.first().and_then(|fact| fact.date.as_ref());
        Self {
            urgent,
            current: group.current,
            date_ms: date.map(|date| date.low_ms),
            fact,
        }
    }
}

/// A group as one row, or as a row per fact where the reader took it apart.
/// What a carer must notice stays on every row that it is about.
fn rows(reader: &Reader, kind: SectionKind, group: &Group) -> Vec<Row> {
    let token = reader.group_token(group);
    let apart = |is_apart, is_first| page::Apart {
        path: reader.apart_path(),
        group: token.clone(),
        section: kind.code().to_owned(),
        is_apart,
        is_first,
    };
    let urgent = !group.notices.is_empty();
    if group.facts.len() < 2 || !reader.apart.contains(&token) {
        let mut fact = fact(reader, kind, group);
        fact.tags.splice(0..0, notices(reader, group, None));
        if group.facts.len() > 1 {
            fact.apart = Some(apart(false, true));
        }
        return vec![Row::new(group, urgent, fact)];
    }
    let alone = |(at, one): (usize, &Fact)| {
        let alone = Group {
            id: group.id.clone(),
            title: one.title.clone(),
            current: one.current,
            rules: Vec::new(),
            facts: vec![one.clone()],
            differences: Vec::new(),
            notices: Vec::new(),
        };
        let mut row = fact(reader, kind, &alone);
        let about = notices(reader, group, Some(at));
        let urgent = !about.is_empty();
        row.tags.splice(0..0, about);
        row.apart = Some(apart(true, at == 0));
        Row::new(&alone, urgent, row)
    };
    group.facts.iter().enumerate().map(alone).collect()
}

/// What a carer must notice of a group, or of one of its facts.
fn notices(reader: &Reader, group: &Group, about: Option<usize>) -> Vec<Tag> {
    let mut tags = Vec::new();
    for notice in &group.notices {
        let Notice::StoppedButDispensed {
            stopped,
            dispensed,
            dispensed_at,
            ..
        } = notice;
        if about.is_some_and(|at| at != *stopped && at != *dispensed) {
            continue;
        }
        let name = |at: &usize| {
            group
                .facts
                .get(*at)
                .map_or("", |fact| fact.source_name.as_str())
        };
        let when = reader.date(dispensed_at.as_ref());
        let values = [
            ("stopped", name(stopped)),
            ("dispensed", name(dispensed)),
            ("when", &when),
        ];
        tags.push(Tag::new(
            Tone::Danger,
            reader.fill("facts.stopped-but-dispensed", &values),
        ));
    }
    tags
}

/// The details that stand under the title of a fact, per section.
const fn line_fields(kind: SectionKind) -> &'static [FieldName] {
    use FieldName as F;
    match kind {
        SectionKind::Medication => &[F::Dose, F::Reason],
        SectionKind::Allergies => &[F::Reaction, F::Criticality, F::Severity, F::Note],
        SectionKind::Directives => &[F::Description, F::Note],
        SectionKind::Problems => &[F::BodySite, F::Note],
        SectionKind::Contacts => &[F::Category, F::Place],
        SectionKind::Procedures => &[F::BodySite, F::Reason],
        SectionKind::Plans => &[F::Description, F::Reason, F::Note],
        SectionKind::Results => &[F::Conclusion],
        SectionKind::Function => &[F::Value, F::Note],
        _ => &[F::Note],
    }
}

/// The details by which sources are compared, per section.
const fn column_fields(kind: SectionKind) -> &'static [FieldName] {
    use FieldName as F;
    match kind {
        SectionKind::Medication => &[
            F::Dose,
            F::AsNeeded,
            F::Route,
            F::Start,
            F::End,
            F::Quantity,
            F::StopType,
        ],
        SectionKind::Allergies => &[
            F::Verification,
            F::Criticality,
            F::Severity,
            F::Reaction,
            F::Start,
        ],
        SectionKind::Patient => &[F::BirthDate, F::Gender, F::Address, F::Telecom, F::Deceased],
        _ => &[
            F::Verification,
            F::Severity,
            F::BodySite,
            F::Start,
            F::End,
            F::Reason,
            F::Description,
            F::Conclusion,
            F::Note,
        ],
    }
}

fn fact(reader: &Reader, kind: SectionKind, group: &Group) -> page::Fact {
    let first = group.facts.first();
    let sources: BTreeSet<&str> = group
        .facts
        .iter()
        .map(|fact| fact.source_name.as_str())
        .collect();
    let source_count = match sources.first() {
        Some(only) if sources.len() == 1 => (*only).to_owned(),
        _ => reader.language.count("facts.sources", sources.len()),
    };
    let opened = if sources.len() > 1 {
        reader.language.count("facts.sources", sources.len())
    } else {
        reader.language.count("facts.records", group.facts.len())
    };
    let columns: Vec<FieldName> = column_fields(kind)
        .iter()
        .copied()
        .filter(|name| group.facts.iter().any(|fact| fact.field(*name).is_some()))
        .collect();
    let has_blocks = group.facts.iter().any(|fact| fact.block.is_some());
    page::Fact {
        title: first.map_or_else(
            || group.title.clone(),
            |fact| title(reader, kind, fact, &group.title),
        ),
        lines: first
            .map(|fact| lines(reader, kind, fact))
            .unwrap_or_default(),
        tags: tags(reader, kind, group),
        date: reader.date(first.and_then(|fact| fact.date.as_ref())),
        source_count,
        open_label: format!("{}: {opened}", reader.text("facts.compare")),
        grouped_because: because(reader, group),
        columns: column_names(reader, has_blocks, &columns),
        records: group
            .facts
            .iter()
            .enumerate()
            .map(|(at, fact)| record(reader, group, at, fact, has_blocks, &columns))
            .collect(),
        apart: None,
    }
}

/// What a fact is about. A contact is best known by its reason; what has no
/// words of its own is named by its kind.
pub(crate) fn title(reader: &Reader, kind: SectionKind, fact: &Fact, said: &str) -> String {
    if kind == SectionKind::Contacts
        && let Some(reason) = fact.field(FieldName::Reason)
    {
        return reason.value.clone();
    }
    match fact.resource_type {
        "EpisodeOfCare" if said == fact.resource_type => reader.text("kind.episode").to_owned(),
        _ => text::code(reader.language, said),
    }
}

fn lines(reader: &Reader, kind: SectionKind, fact: &Fact) -> Vec<String> {
    let values: Vec<String> = line_fields(kind)
        .iter()
        .filter_map(|name| fact.field(*name))
        .filter(|field| !is_urgent(field))
        .map(|field| match field.name {
            FieldName::Criticality | FieldName::Severity => named(reader, field),
            _ => text::field_value(reader, field),
        })
        .filter(|value| !value.is_empty() && *value != fact.title)
        .collect();
    if values.is_empty() {
        Vec::new()
    } else {
        vec![values.join(" · ")]
    }
}

/// A detail with its name, such as "ernst: licht".
fn named(reader: &Reader, field: &Field) -> String {
    let name = text::field_name(reader.language, field.name).to_lowercase();
    format!("{name}: {}", text::field_value(reader, field))
}

/// Whether a detail must stand out.
fn is_urgent(field: &Field) -> bool {
    match field.name {
        FieldName::Criticality => field.value.eq_ignore_ascii_case("high"),
        FieldName::Severity => field.value.eq_ignore_ascii_case("severe"),
        _ => false,
    }
}

fn because(reader: &Reader, group: &Group) -> Option<String> {
    if group.rules.is_empty() {
        return None;
    }
    let rules: Vec<String> = group
        .rules
        .iter()
        .map(|rule| text::rule(reader.language, *rule).to_owned())
        .collect();
    Some(reader.fill(
        "facts.grouped",
        &[("why", &text::list(reader.language, &rules))],
    ))
}

fn column_names(reader: &Reader, has_blocks: bool, columns: &[FieldName]) -> Vec<String> {
    let mut names = Vec::new();
    if has_blocks {
        names.push(reader.text("field.block").to_owned());
    }
    names.push(reader.text("facts.when").to_owned());
    names.extend(
        columns
            .iter()
            .map(|name| text::field_name(reader.language, *name).to_owned()),
    );
    names.push(text::field_name(reader.language, FieldName::Status).to_owned());
    names
}

fn record(
    reader: &Reader,
    group: &Group,
    at: usize,
    fact: &Fact,
    has_blocks: bool,
    columns: &[FieldName],
) -> FactRecord {
    let differs = |name: FieldName| {
        group.differences.iter().any(|difference| {
            difference.field == name && difference.values.iter().any(|(which, _)| *which == at)
        })
    };
    let plain = |text: String| Cell {
        text,
        differs: false,
    };
    let mut cells = Vec::new();
    if has_blocks {
        let word = fact.block.map(|block| text::block(reader.language, block));
        cells.push(plain(word.unwrap_or_default().to_owned()));
    }
    cells.push(Cell {
        text: reader.date(fact.date.as_ref()),
        differs: differs(FieldName::Date),
    });
    for name in columns {
        let text = fact
            .field(*name)
            .map(|field| text::field_value(reader, field));
        cells.push(Cell {
            text: text.unwrap_or_default(),
            differs: differs(*name),
        });
    }
    let status = fact
        .status
        .as_deref()
        .map(|status| text::code(reader.language, status));
    cells.push(Cell {
        text: status.unwrap_or_default(),
        differs: differs(FieldName::Status),
    });
    FactRecord {
        source: fact.source_name.clone(),
        path: reader.datum_path(fact),
        cells,
    }
}

/// Whether a status tells something: that a problem or medicine is past, or
/// that something else is not simply done.
fn tells(kind: SectionKind, group: &Group, status: &str) -> bool {
    match kind {
        SectionKind::Problems | SectionKind::Medication | SectionKind::Allergies => !group.current,
        _ => !matches!(status, "finished" | "completed" | "final" | "active"),
    }
}

fn tags(reader: &Reader, kind: SectionKind, group: &Group) -> Vec<Tag> {
    let mut tags = Vec::new();
    if let Some(fact) = group.facts.first() {
        let urgent = fact.fields.iter().filter(|field| is_urgent(field));
        tags.extend(urgent.map(|field| Tag::new(Tone::Danger, named(reader, field))));
        if let Some(status) = fact
            .status
            .as_deref()
            .filter(|status| tells(kind, group, status))
        {
            tags.push(Tag::new(Tone::Plain, text::code(reader.language, status)));
        }
    }
    if !group.differences.is_empty() {
        let names: BTreeSet<FieldName> = group
            .differences
            .iter()
            .map(|difference| difference.field)
            .collect();
        let names: Vec<String> = names
            .into_iter()
            .map(|name| text::field_name(reader.language, name).to_lowercase())
            .collect();
        let what = text::list(reader.language, &names);
        tags.push(Tag::new(
            Tone::Warn,
            reader.fill("facts.differs-in", &[("what", &what)]),
        ));
    }
    tags
}
