//! Names of codes, in Dutch and English.

use std::{collections::HashMap, sync::OnceLock};

use crate::{lab, system, table};

/// The language of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// Dutch, the first language of the pages.
    #[default]
    Dutch,
    /// English.
    English,
}

/// The name of a code, or `None` when no table knows it.
///
/// `system` is a FHIR code system URI ([`crate::system`]). For a laboratory
/// test it is the short name that people use (`Kreatinine`); the official name
/// is [`crate::LabTest::display`].
pub fn display(system: &str, code: &str, language: Language) -> Option<&'static str> {
    if system == system::LOINC
        && let Some(test) = lab::lab_test(code)
    {
        return Some(test.name(language));
    }
    let names = names()
        .get(code)?
        .iter()
        .find(|names| names.system == system)?;
    Some(match language {
        Language::Dutch => names.nl,
        Language::English => names.en,
    })
}

struct Names {
    system: &'static str,
    nl: &'static str,
    en: &'static str,
}

/// By code first: hardly any code is in two systems, and a lookup then needs
/// no key made of two texts.
fn names() -> &'static HashMap<&'static str, Vec<Names>> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<Names>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: HashMap<_, Vec<Names>> = HashMap::new();
        for [system, code, nl, en] in entries() {
            table
                .entry(code)
                .or_default()
                .push(Names { system, nl, en });
        }
        table
    })
}

pub(crate) fn entries() -> impl Iterator<Item = [&'static str; 4]> {
    table::rows(
        include_str!("../../../tables/displays.tsv"),
        ["system", "code", "nl", "en"],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_have_names_in_both_languages() {
        let name = |system, code| display(system, code, Language::Dutch);
        assert_eq!(
            name(system::ICPC, "T90.02"),
            Some("Diabetes mellitus type 2")
        );
        assert_eq!(name(system::SNOMED, "84114007"), Some("Hartfalen"));
        assert_eq!(name(system::ATC, "A10BA02"), Some("Metformine"));
        assert_eq!(name(system::LOINC, "14682-9"), Some("Kreatinine"));
        assert_eq!(
            display(system::LOINC, "14682-9", Language::English),
            Some("Creatinine")
        );
        assert_eq!(
            name(system::LOINC, "8480-6"),
            Some("Bovendruk (systolisch)")
        );
    }

    #[test]
    fn a_code_of_another_system_or_none_has_no_name() {
        assert_eq!(display(system::ATC, "T90.02", Language::Dutch), None);
        assert_eq!(display(system::SNOMED, "1", Language::Dutch), None);
    }

    #[test]
    fn every_code_is_named_once_and_in_a_known_system() {
        let known = [system::ICPC, system::SNOMED, system::ATC, system::LOINC];
        let mut seen = HashSet::new();
        for [system, code, nl, en] in entries() {
            assert!(known.contains(&system), "{system}");
            assert!(!nl.is_empty() && !en.is_empty(), "{code}");
            assert!(seen.insert((system, code)), "{code} is there twice");
        }
    }
}
