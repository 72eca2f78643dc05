//! Abnormal flags of results.

use std::{collections::HashMap, sync::OnceLock};

use crate::{display::Language, table};

/// What a flag says of a result: high, low, abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpretation {
    /// The code in [`crate::system::INTERPRETATION`].
    pub code: &'static str,
    nl: &'static str,
    en: &'static str,
}

impl Interpretation {
    /// The name of the flag.
    pub const fn display(&self, language: Language) -> &'static str {
        match language {
            Language::Dutch => self.nl,
            Language::English => self.en,
        }
    }
}

/// The meaning of an abnormal flag (HL7 v2 table 0078, and `<`/`>`), or `None`
/// for a flag that the table does not know.
pub fn interpretation(flag: &str) -> Option<Interpretation> {
    static TABLE: OnceLock<HashMap<&'static str, Interpretation>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        table::rows(
            include_str!("../../../tables/interpretation.tsv"),
            ["flag", "code", "display_nl", "display_en"],
        )
        .map(|[flag, code, nl, en]| (flag, Interpretation { code, nl, en }))
        .collect()
    });
    table.get(flag.trim()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_known_or_none() {
        assert_eq!(
            interpretation("H").unwrap().display(Language::Dutch),
            "te hoog"
        );
        assert_eq!(
            interpretation("<").unwrap().display(Language::English),
            "Off scale low"
        );
        assert_eq!(interpretation("*"), None);
        assert_eq!(interpretation(""), None);
    }
}
