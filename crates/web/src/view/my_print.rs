//! The patient's own record on paper: nothing folded away.

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
        sections.into_iter().map(unfold).collect()
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

fn unfold(mut section: Section) -> Section {
    section.rows.append(&mut section.more);
    section
}

fn measurements(reader: &Reader, combined: &CombinedRecord) -> Vec<Measurements> {
    [SectionKind::Results, SectionKind::Vitals]
        .into_iter()
        .filter_map(|kind| combined.section(kind))
        .map(|section| measured::section(reader, combined, section, Some(usize::MAX)))
        .collect()
}
