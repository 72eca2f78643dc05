//! The patient's own record on paper: nothing folded away.

use std::collections::HashSet;

use exchange::combined::{CombinedRecord, SectionKind};

use super::{Reader, measured, my_record, record, sources};
use crate::{
    dates,
    page::{Layout, Measurements, Section, my_print::MyPrintPage},
};

/// The page; `name` is that of who signed in.
pub(crate) fn page(
    reader: &Reader,
    layout: Layout,
    combined: &CombinedRecord,
    name: String,
) -> MyPrintPage {
    let open = |kinds: &[SectionKind]| -> Vec<Section> {
        let sections = my_record::sections(reader, combined, kinds);
        sections
            .into_iter()
            .map(|section| unfold(reader, section))
            .collect()
    };
    let at = dates::long_moment(reader.language, reader.now, &reader.zone);
    MyPrintPage {
        page: layout,
        name,
        born: record::born(reader, combined),
        made: reader.fill("print.made", &[("at", &at)]),
        sources: sources::sources(reader, combined),
        first: open(&my_record::FIRST),
        measured: measurements(reader, combined),
        rest: open(&my_record::REST),
    }
}

/// Nothing folded away; of every source the latest record of each kind, as a
/// box that was handed over every three months fills pages.
fn unfold(reader: &Reader, mut section: Section) -> Section {
    section.rows.append(&mut section.more);
    for fact in &mut section.rows {
        let has_kinds =
            fact.columns.first().map(String::as_str) == Some(reader.text("field.block"));
        let mut seen: HashSet<(String, String)> = HashSet::new();
        let is_grouped = fact.is_group();
        fact.records.retain(|record| {
            let kind = record.cells.first().filter(|_| has_kinds);
            let kind = kind.map_or_else(String::new, |cell| cell.text.clone());
            let differs = record.cells.iter().any(|cell| cell.differs);
            seen.insert((record.source.clone(), kind)) || differs
        });
        // One that is left of a group is still from the source that it names.
        if is_grouped && !fact.is_group() {
            fact.source_count = String::new();
        }
    }
    section
}

fn measurements(reader: &Reader, combined: &CombinedRecord) -> Vec<Measurements> {
    [SectionKind::Results, SectionKind::Vitals]
        .into_iter()
        .filter_map(|kind| combined.section(kind))
        .map(|section| measured::section(reader, combined, section, Some(usize::MAX)))
        .collect()
}
