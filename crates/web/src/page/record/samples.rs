//! Made-up content for the combined record.

use super::{InvolvedRow, RecentRow, RecordPage};
use crate::{
    chart::{Point, sparkline},
    page::{
        Apart, Banner, Cell, Fact, FactRecord, Flag, Layout, MeasureRow, Measurements, Page,
        Section, SourceRow, Sources, Tag, Tone, TrendLink, messages::FilterLink,
    },
    words::Language,
};

const GP: &str = "Huisartsenpraktijk De Akker";
const HOSPITAL: &str = "Ziekenhuis Hogedam";
const PHARMACY: &str = "Apotheek Het Veerhuis";
const LABORATORY: &str = "Diagnostiek Lisbroek";

impl Page for RecordPage {
    const NAME: &'static str = "record";

    fn samples(language: Language) -> Vec<Self> {
        vec![full(language), empty(language)]
    }
}

pub(crate) fn banner(language: Language) -> Banner {
    Banner {
        name: "Geertje Zandwijk".to_owned(),
        born: "4 mei 1948".to_owned(),
        age: Some(language.count("banner.years", 78)),
        sex: language.text("code.female").to_owned(),
        bsn: "999911119".to_owned(),
        died: None,
        emergency: false,
    }
}

pub(crate) fn sources(language: Language) -> Sources {
    let row = |name: &str, state: &str, symbol, tone, count: &str| SourceRow {
        name: name.to_owned(),
        state: language.fill(&format!("sources.state.{state}"), &[("n", count)]),
        symbol,
        tone,
    };
    Sources {
        verdict: language.fill("sources.verdict.some", &[("answered", "5"), ("all", "7")]),
        asked_at: language.fill("sources.asked", &[("time", "14.02 uur")]),
        rows: vec![
            row(HOSPITAL, "data", "✓", Tone::Good, "84"),
            row(GP, "data", "✓", Tone::Good, "212"),
            row(LABORATORY, "data", "✓", Tone::Good, "146"),
            row(PHARMACY, "data", "✓", Tone::Good, "38"),
            row("Huisartsenpost Waterrijk", "none", "○", Tone::Plain, ""),
            row("Thuiszorg Onderweg", "no-answer", "!", Tone::Warn, ""),
            row("GGZ De Oever", "not-allowed", "⊘", Tone::Info, ""),
        ],
    }
}

fn cell(text: &str, differs: bool) -> Cell {
    Cell {
        text: text.to_owned(),
        differs,
    }
}

fn record(source: &str, cells: &[(&str, bool)]) -> FactRecord {
    FactRecord {
        source: source.to_owned(),
        path: "/patient/x/datum/y".to_owned(),
        cells: cells
            .iter()
            .map(|(text, differs)| cell(text, *differs))
            .collect(),
    }
}

fn fact(title: &str, line: &str, date: &str, source: &str) -> Fact {
    Fact {
        title: title.to_owned(),
        lines: if line.is_empty() {
            Vec::new()
        } else {
            vec![line.to_owned()]
        },
        date: date.to_owned(),
        records: vec![record(source, &[])],
        ..Fact::default()
    }
}

fn section(language: Language, id: &str, rows: Vec<Fact>) -> Section {
    Section {
        id: id.to_owned(),
        title: language.text(&format!("section.{id}")).to_owned(),
        rows,
        empty: language.text("section.empty-none").to_owned(),
        incomplete: matches!(
            id,
            "allergies" | "alerts" | "directives" | "medication" | "plans"
        ),
        ..Section::default()
    }
}

/// Sections with a group of sources and with a fact of one.
pub(crate) fn sections(language: Language) -> Vec<Section> {
    vec![medication(language)]
}

fn medication(language: Language) -> Section {
    let mut metformin = fact(
        "Metformine tablet 500 mg",
        "2 maal per dag 1 tablet",
        "12 jan 2026",
        "",
    );
    metformin.tags = vec![Tag::new(
        Tone::Warn,
        language.fill("facts.differs-in", &[("what", "dosering")]),
    )];
    metformin.source_count = language.count("facts.sources", 3);
    "Vergelijk: 3 bronnen".clone_into(&mut metformin.open_label);
    metformin.apart = Some(Apart {
        path: "/patient/x/apart".to_owned(),
        group: "0011223344556677".to_owned(),
        section: "medication".to_owned(),
        is_apart: false,
        is_first: true,
    });
    metformin.grouped_because =
        Some("Samen getoond omdat de ATC-code gelijk is (A10BA02).".to_owned());
    metformin.columns = ["Soort", "Dosering", "Periode", "Status"]
        .map(str::to_owned)
        .to_vec();
    metformin.records = vec![
        record(
            GP,
            &[
                ("afspraak", false),
                ("2 maal per dag 1 tablet", true),
                ("sinds 12 jan 2026", false),
                ("actief", false),
            ],
        ),
        record(
            HOSPITAL,
            &[
                ("afspraak", false),
                ("3 maal per dag 1 tablet", true),
                ("sinds 3 mrt 2025", false),
                ("actief", false),
            ],
        ),
        record(
            PHARMACY,
            &[
                ("verstrekking", false),
                ("2 maal per dag 1 tablet", true),
                ("90 dagen vanaf 14 jan 2026", false),
                ("", false),
            ],
        ),
    ];
    let mut diclofenac = fact(
        "Diclofenac tablet msr 50 mg",
        "zo nodig 3 maal per dag 1 tablet",
        "20 okt 2026",
        PHARMACY,
    );
    diclofenac.tags = vec![Tag::new(
        Tone::Danger,
        "gestopt bij huisarts, wel verstrekt",
    )];
    section(
        language,
        "medication",
        vec![
            metformin,
            fact(
                "Enalapril tablet 10 mg",
                "1 maal per dag 1 tablet",
                "12 jan 2026",
                GP,
            ),
            diclofenac,
        ],
    )
}

fn lab_row(
    language: Language,
    name: &str,
    values: &[f64],
    unit: &str,
    limits: (f64, f64),
) -> MeasureRow {
    let points: Vec<Point> = values
        .iter()
        .enumerate()
        .map(|(index, value)| Point {
            at_ms: index as i64 * 90 * 86_400_000,
            value: *value,
            text: value.to_string(),
            low: Some(limits.0),
            high: Some(limits.1),
        })
        .collect();
    let last = points.last().expect("a sample has values").value;
    let flag = (last > limits.1).then(|| Flag {
        symbol: "↑",
        word: language.text("flag.high").to_owned(),
        tone: Tone::Danger,
    });
    MeasureRow {
        name: name.to_owned(),
        value: last.to_string().replace('.', ","),
        unit: unit.to_owned(),
        flag,
        range: Some(format!("{}–{}", limits.0, limits.1).replace('.', ",")),
        trend: sparkline(&points, "verloop").map(|sparkline| TrendLink {
            path: "/patient/x/trend/y".to_owned(),
            sparkline,
        }),
        date: "18 nov 2026".to_owned(),
        source: LABORATORY.to_owned(),
        path: "/patient/x/datum/y".to_owned(),
        others: Vec::new(),
        tags: Vec::new(),
    }
}

fn results(language: Language) -> Measurements {
    let mut potassium = lab_row(language, "Kalium", &[4.1, 4.4, 4.2], "mmol/l", (3.5, 5.0));
    potassium.tags = vec![Tag::new(
        Tone::Info,
        language.fill(
            "measure.repeated",
            &[("when", "3 dagen eerder"), ("where", HOSPITAL)],
        ),
    )];
    let mut local = lab_row(
        language,
        "Vrij eigen bepaling X17",
        &[12.0],
        "",
        (0.0, 20.0),
    );
    local.range = None;
    local.tags = vec![Tag::new(Tone::Plain, language.text("measure.uncoded"))];
    Measurements {
        id: "results".to_owned(),
        title: language.text("section.results").to_owned(),
        rows: vec![
            lab_row(
                language,
                "HbA1c",
                &[48.0, 51.0, 57.0, 61.0],
                "mmol/mol",
                (20.0, 53.0),
            ),
            lab_row(
                language,
                "Kreatinine",
                &[71.0, 84.0, 92.0, 104.0],
                "µmol/l",
                (50.0, 90.0),
            ),
            potassium,
            local,
        ],
        more: vec![lab_row(
            language,
            "Hemoglobine",
            &[8.1, 8.0],
            "mmol/l",
            (7.5, 10.0),
        )],
        more_label: language.count("section.more", 1),
        ..Measurements::default()
    }
}

pub(crate) fn measured(language: Language) -> Vec<Measurements> {
    vec![
        results(language),
        Measurements {
            id: "vitals".to_owned(),
            title: language.text("section.vitals").to_owned(),
            rows: vec![lab_row(
                language,
                "Gewicht",
                &[81.0, 79.5, 78.0],
                "kg",
                (50.0, 90.0),
            )],
            ..Measurements::default()
        },
    ]
}

fn full(language: Language) -> RecordPage {
    let mut allergy = fact("Penicilline", "huiduitslag, matig ernstig", "2011", GP);
    allergy.tags = vec![Tag::new(Tone::Danger, "ernstig")];
    let mut allergies = section(language, "allergies", vec![allergy]);
    allergies.prominent = true;
    let mut alerts = section(
        language,
        "alerts",
        vec![fact(
            "Verhoogd risico op vallen",
            "",
            "3 feb 2026",
            HOSPITAL,
        )],
    );
    alerts.prominent = true;
    let mut contacts = section(
        language,
        "contacts",
        vec![fact(
            "Polikliniek interne geneeskunde",
            "controle diabetes",
            "12 nov 2026",
            HOSPITAL,
        )],
    );
    contacts.more = vec![fact("Consult huisarts", "", "2 okt 2026", GP)];
    contacts.more_label = language.count("section.more", 1);
    RecordPage {
        page: Layout::sample_clinician(language),
        patient: banner(language),
        identity_note: Some(language.fill("record.identity-differs", &[("what", "geslacht")])),
        exchanges: vec![
            FilterLink {
                path: "/patient/x?exchange=bgz".to_owned(),
                text: "Basisgegevens zorg".to_owned(),
                current: true,
            },
            FilterLink {
                path: "/patient/x?exchange=laboratory".to_owned(),
                text: "Laboratoriumuitslagen".to_owned(),
                current: false,
            },
        ],
        emergency_reason: None,
        emergency: Some("/patient/x/emergency".to_owned()),
        sources: sources(language),
        first: vec![
            allergies,
            alerts,
            section(
                language,
                "directives",
                vec![fact(
                    "Reanimatie: niet gewenst",
                    "besproken met patiënt",
                    "3 feb 2026",
                    GP,
                )],
            ),
        ],
        recent: vec![
            RecentRow {
                kind: language.text("section.results").to_owned(),
                title: "HbA1c 61 mmol/mol".to_owned(),
                flag: Some(Flag {
                    symbol: "↑",
                    word: language.text("flag.high").to_owned(),
                    tone: Tone::Danger,
                }),
                date: "18 nov 2026".to_owned(),
                source: LABORATORY.to_owned(),
                path: "/patient/x/datum/y".to_owned(),
            },
            RecentRow {
                kind: language.text("section.contacts").to_owned(),
                title: "Polikliniek interne geneeskunde".to_owned(),
                flag: None,
                date: "12 nov 2026".to_owned(),
                source: HOSPITAL.to_owned(),
                path: "/patient/x/datum/y".to_owned(),
            },
        ],
        recent_total: 12,
        recent_more: Some(language.count("record.recent-more", 10)),
        main: vec![
            section(
                language,
                "problems",
                vec![
                    fact("Diabetes mellitus type 2", "", "2009", GP),
                    fact("Hypertensie", "", "mrt 2014", GP),
                    fact(
                        "Chronische nierschade",
                        "stadium G3a",
                        "3 mei 2025",
                        HOSPITAL,
                    ),
                ],
            ),
            medication(language),
        ],
        measured: measured(language),
        rest: vec![
            contacts,
            section(
                language,
                "vaccinations",
                vec![fact("Influenza", "", "14 okt 2026", GP)],
            ),
            section(
                language,
                "procedures",
                vec![fact("Staaroperatie rechts", "", "2022", HOSPITAL)],
            ),
            section(language, "plans", Vec::new()),
        ],
        involved: vec![
            InvolvedRow {
                organisation: GP.to_owned(),
                kind: "huisartsenpraktijk".to_owned(),
                people: vec!["H. Vermaat, huisarts".to_owned()],
            },
            InvolvedRow {
                organisation: HOSPITAL.to_owned(),
                kind: "ziekenhuis".to_owned(),
                people: vec!["S. Akkerhof, internist".to_owned()],
            },
        ],
    }
}

fn empty(language: Language) -> RecordPage {
    let mut banner = banner(language);
    banner.died = Some("1 november 2026".to_owned());
    banner.emergency = true;
    let mut measured = results(language);
    measured.rows.clear();
    measured.more.clear();
    language
        .text("section.empty-none")
        .clone_into(&mut measured.empty);
    RecordPage {
        page: Layout::sample_clinician(language),
        patient: banner,
        identity_note: None,
        exchanges: Vec::new(),
        emergency_reason: Some("Bewusteloos binnengebracht".to_owned()),
        emergency: None,
        sources: sources(language),
        first: vec![section(language, "allergies", Vec::new())],
        recent: Vec::new(),
        recent_total: 0,
        recent_more: None,
        main: vec![section(language, "problems", Vec::new())],
        measured: vec![measured],
        rest: Vec::new(),
        involved: Vec::new(),
    }
}
