//! Laboratory tests: what they are, and which LOINC code a sender's code is.

use std::{collections::HashMap, sync::OnceLock};

use crate::{display::Language, table};

/// A common laboratory test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabTest {
    /// The LOINC code.
    pub loinc: &'static str,
    /// The LOINC long common name, as a `Coding.display` has it.
    pub display: &'static str,
    /// The unit in which Dutch laboratories report it; `None` when it has none.
    pub ucum: Option<&'static str>,
    name_nl: &'static str,
    name_en: &'static str,
    explanation_nl: &'static str,
    explanation_en: &'static str,
}

impl LabTest {
    /// The short name that people use (`Kreatinine`).
    pub const fn name(&self, language: Language) -> &'static str {
        match language {
            Language::Dutch => self.name_nl,
            Language::English => self.name_en,
        }
    }

    /// One plain sentence for patients (B1): what the test measures.
    pub const fn explanation(&self, language: Language) -> &'static str {
        match language {
            Language::Dutch => self.explanation_nl,
            Language::English => self.explanation_en,
        }
    }
}

/// All common laboratory tests, in the order of the table.
pub fn lab_tests() -> &'static [LabTest] {
    static TESTS: OnceLock<Vec<LabTest>> = OnceLock::new();
    TESTS.get_or_init(|| {
        table::rows(
            include_str!("../../../tables/lab-tests.tsv"),
            [
                "loinc",
                "display",
                "name_nl",
                "name_en",
                "ucum",
                "explanation_nl",
                "explanation_en",
            ],
        )
        .map(
            |[
                loinc,
                display,
                name_nl,
                name_en,
                ucum,
                explanation_nl,
                explanation_en,
            ]| LabTest {
                loinc,
                display,
                ucum: (!ucum.is_empty()).then_some(ucum),
                name_nl,
                name_en,
                explanation_nl,
                explanation_en,
            },
        )
        .collect()
    })
}

/// The laboratory test with this LOINC code, when the table has it.
pub fn lab_test(loinc: &str) -> Option<&'static LabTest> {
    static BY_LOINC: OnceLock<HashMap<&'static str, &'static LabTest>> = OnceLock::new();
    BY_LOINC
        .get_or_init(|| lab_tests().iter().map(|test| (test.loinc, test)).collect())
        .get(loinc)
        .copied()
}

/// The LOINC code of a test in NHG table 45, by its number (`1740`) or its key
/// code of eight positions (`VALPB SI`; trailing spaces do not count).
pub fn loinc_for_nhg45(code: &str) -> Option<&'static str> {
    static TABLE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    TABLE
        .get_or_init(|| nhg45_entries().map(|[code, loinc]| (code, loinc)).collect())
        .get(code.trim_end())
        .copied()
}

/// The LOINC code of a laboratory's own code.
///
/// `sender` is what the message says of who sends: a name, an OID or a number
/// (HL7 v2 MSH-4 or MSH-3, EDIFACT ZKH or UNB), in any case. `None` when the
/// sender or its code is unknown.
pub fn loinc_for_local(sender: &str, code: &str) -> Option<&'static str> {
    static SENDERS: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    static CODES: OnceLock<HashMap<&'static str, HashMap<&'static str, &'static str>>> =
        OnceLock::new();
    let senders = SENDERS.get_or_init(|| {
        sender_entries()
            .map(|[sender, set]| (sender.to_lowercase(), set))
            .collect()
    });
    let codes = CODES.get_or_init(|| {
        let mut sets: HashMap<_, HashMap<_, _>> = HashMap::new();
        for [set, code, loinc] in local_entries() {
            sets.entry(set).or_default().insert(code, loinc);
        }
        sets
    });
    let set = senders.get(&sender.trim().to_lowercase())?;
    codes.get(set)?.get(code.trim()).copied()
}

/// The SNOMED CT code of a kind of sample, by its code in HL7 v2 table 0070 or
/// 0487 (`BLD`, `SER`, `UR`).
pub fn specimen_type(code: &str) -> Option<&'static str> {
    static TABLE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            specimen_entries()
                .map(|[code, snomed]| (code, snomed))
                .collect()
        })
        .get(code)
        .copied()
}

/// The code of the FHIR observation category (`laboratory`, `vital-signs`,
/// `survey`, `social-history`, `exam`) of a LOINC code, when a table knows it.
pub fn category_of_loinc(loinc: &str) -> Option<&'static str> {
    static TABLE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    if lab_test(loinc).is_some() {
        return Some("laboratory");
    }
    TABLE
        .get_or_init(|| {
            category_entries()
                .map(|[loinc, category]| (loinc, category))
                .collect()
        })
        .get(loinc)
        .copied()
}

pub(crate) fn nhg45_entries() -> impl Iterator<Item = [&'static str; 2]> {
    table::rows(
        include_str!("../../../tables/nhg45-loinc.tsv"),
        ["nhg45", "loinc"],
    )
}

fn local_entries() -> impl Iterator<Item = [&'static str; 3]> {
    table::rows(
        include_str!("../../../tables/lab-local.tsv"),
        ["set", "code", "loinc"],
    )
}

fn sender_entries() -> impl Iterator<Item = [&'static str; 2]> {
    table::rows(
        include_str!("../../../tables/lab-senders.tsv"),
        ["sender", "set"],
    )
}

pub(crate) fn specimen_entries() -> impl Iterator<Item = [&'static str; 2]> {
    table::rows(
        include_str!("../../../tables/specimens.tsv"),
        ["v2", "snomed"],
    )
}

fn category_entries() -> impl Iterator<Item = [&'static str; 2]> {
    table::rows(
        include_str!("../../../tables/loinc-categories.tsv"),
        ["loinc", "category"],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{display, system, unit};

    #[test]
    fn the_demo_laboratory_is_understood() {
        for (code, loinc) in [
            ("GLUC", "14771-0"),
            ("HBA1C", "59261-8"),
            ("KREA", "14682-9"),
            ("EGFR", "62238-1"),
            ("K", "2823-3"),
            ("NTPROBNP", "33762-6"),
            ("UALB", "1754-1"),
        ] {
            assert_eq!(loinc_for_local("Diagnostiek Lisbroek", code), Some(loinc));
        }
        assert_eq!(loinc_for_local("DIAGNOSTIEK", "XQZ7"), None);
        assert_eq!(loinc_for_local("a laboratory we do not know", "GLUC"), None);
    }

    #[test]
    fn nhg_codes_are_known_or_none() {
        assert_eq!(loinc_for_nhg45("VALPB SI"), Some("4086-5"));
        assert_eq!(loinc_for_nhg45("VALPB SI  "), Some("4086-5"));
        assert_eq!(loinc_for_nhg45("1740"), Some("8462-4"));
        assert_eq!(loinc_for_nhg45("HALPB"), None);
    }

    #[test]
    fn categories_are_known_or_none() {
        assert_eq!(category_of_loinc("14682-9"), Some("laboratory"));
        assert_eq!(category_of_loinc("8480-6"), Some("vital-signs"));
        assert_eq!(category_of_loinc("1-8"), None);
    }

    /// The last digit of a LOINC code is a check digit (mod 10, as in ISO 7812).
    fn has_valid_check_digit(loinc: &str) -> bool {
        let Some((number, check)) = loinc.split_once('-') else {
            return false;
        };
        let sum: u32 = number
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, digit)| {
                let value = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
                value / 10 + value % 10
            })
            .sum();
        check == ((10 - sum % 10) % 10).to_string()
    }

    #[test]
    fn the_tables_hold_together() {
        let mut seen = HashSet::new();
        for test in lab_tests() {
            assert!(seen.insert(test.loinc), "{} is there twice", test.loinc);
            assert!(has_valid_check_digit(test.loinc), "{}", test.loinc);
            assert!(test.ucum.is_none_or(unit::is_ucum), "{}", test.loinc);
            for language in [Language::Dutch, Language::English] {
                assert!(!test.name(language).is_empty());
                let sentence = test.explanation(language);
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
        let mut seen = HashSet::new();
        for [set, code, loinc] in local_entries() {
            assert!(seen.insert((set, code)), "{code} is there twice");
            assert!(lab_test(loinc).is_some(), "{loinc}");
        }
        let sets: HashSet<_> = local_entries().map(|[set, ..]| set).collect();
        for [sender, set] in sender_entries() {
            assert!(sets.contains(set), "{sender}");
        }
        for [code, loinc] in nhg45_entries() {
            let name = display::display(system::LOINC, loinc, Language::Dutch);
            assert!(name.is_some(), "{code}");
        }
        for [code, snomed] in specimen_entries() {
            let name = display::display(system::SNOMED, snomed, Language::English);
            assert!(name.is_some(), "{code}");
        }
        for [loinc, _] in category_entries() {
            assert!(has_valid_check_digit(loinc), "{loinc}");
            assert!(lab_test(loinc).is_none(), "{loinc} is a laboratory test");
        }
    }
}
