//! Units: how senders spell them, and the UCUM code that means the same.
//!
//! Only spellings; a value is never converted here.

use std::{borrow::Cow, collections::HashMap, sync::OnceLock};

use crate::table;

/// A unit in UCUM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ucum {
    /// The UCUM code, case-sensitive, such as `mmol/L` or `mL/min/{1.73_m2}`.
    pub code: &'static str,
}

/// The UCUM unit that a sender's spelling stands for (`ml/min/1,73m2`,
/// `x10^9/l`), or `None` when the table does not know the spelling.
///
/// Case counts. Spaces at the ends are ignored, and inside: `10*9 /l` is
/// `10*9/l`.
pub fn ucum(spelling: &str) -> Option<Ucum> {
    static TABLE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        entries()
            .flat_map(|[spelling, code]| [(spelling, code), (code, code)])
            .collect()
    });
    let spelling = if spelling.contains(char::is_whitespace) {
        Cow::Owned(spelling.split_whitespace().collect::<String>())
    } else {
        Cow::Borrowed(spelling)
    };
    table.get(spelling.as_ref()).map(|code| Ucum { code })
}

/// Whether a text is a valid UCUM code. Only for a unit that the sender says
/// is UCUM: many spellings are valid UCUM and mean something else (`U/l` and
/// `u/l`; `h` and `H`).
///
/// At most [`UCUM_CODE_BYTES_MAX`] bytes.
pub fn is_ucum(code: &str) -> bool {
    !code.is_empty() && code.len() <= UCUM_CODE_BYTES_MAX && octofhir_ucum::validate(code).is_ok()
}

/// The longest text that [`is_ucum`] looks at, in bytes.
pub const UCUM_CODE_BYTES_MAX: usize = 100;

fn entries() -> impl Iterator<Item = [&'static str; 2]> {
    table::rows(
        include_str!("../../../tables/units.tsv"),
        ["spelling", "ucum"],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn check(spelling: &str, expected: Option<&str>) {
        assert_eq!(ucum(spelling).map(|unit| unit.code), expected, "{spelling}");
    }

    #[test]
    fn spellings_of_dutch_laboratories_are_known() {
        check("mmol/l", Some("mmol/L"));
        check("ml/min/1,73m2", Some("mL/min/{1.73_m2}"));
        check("mL/min/1.73 m2", Some("mL/min/{1.73_m2}"));
        check("10*9/l", Some("10*9/L"));
        check("10^12/l", Some("10*12/L"));
        check("µmol/l", Some("umol/L"));
        check("mm/uur", Some("mm/h"));
        check("E/l", Some("U/L"));
        check(" % ", Some("%"));
        check("mmHg", Some("mm[Hg]"));
    }

    #[test]
    fn an_unknown_spelling_is_not_guessed() {
        check("MMOL/L", None);
        check("streepjes", None);
        check("uur", None);
        check("", None);
    }

    #[test]
    fn every_code_of_the_table_is_valid_ucum_and_every_spelling_is_there_once() {
        let mut seen = HashSet::new();
        for [spelling, code] in entries() {
            assert!(is_ucum(code), "{code}");
            assert!(seen.insert(spelling), "{spelling} is there twice");
            check(spelling, Some(code));
            check(code, Some(code));
        }
    }

    #[test]
    fn ucum_is_told_from_other_text() {
        assert!(is_ucum("{cells}/uL") && is_ucum("mg/dL"));
        assert!(!is_ucum("") && !is_ucum("mmol per liter"));
        let at_limit = format!("{{{}}}", "x".repeat(UCUM_CODE_BYTES_MAX - 2));
        assert!(is_ucum(&at_limit));
        assert!(!is_ucum(&format!(
            "{{{}}}",
            "x".repeat(UCUM_CODE_BYTES_MAX - 1)
        )));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,120}") {
            ucum(&text);
            is_ucum(&text);
        }
    }
}
