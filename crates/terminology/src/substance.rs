//! Substances under several codes: one name for what SNOMED CT and ATC each
//! have a code of their own for.

use std::{collections::HashMap, sync::OnceLock};

use crate::table;

/// The substance that a code stands for, by a name of our own that is the same
/// for all its codes; `None` when the table does not know the code. A code for
/// an allergy stands for what the allergy is to.
pub fn substance(system: &str, code: &str) -> Option<&'static str> {
    static TABLE: OnceLock<HashMap<(&'static str, &'static str), &'static str>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        entries()
            .map(|[substance, system, code]| ((system, code), substance))
            .collect()
    });
    table.get(&(system, code)).copied()
}

fn entries() -> impl Iterator<Item = [&'static str; 3]> {
    table::rows(
        include_str!("../../../tables/substances.tsv"),
        ["substance", "system", "code"],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::system::{ATC, SNOMED};

    #[test]
    fn codes_of_one_substance_have_one_name() {
        assert_eq!(substance(SNOMED, "372687004"), substance(ATC, "J01CA04"));
        assert_ne!(
            substance(SNOMED, "372687004"),
            substance(SNOMED, "764146007")
        );
        // Amoxicillin with an enzyme inhibitor is not amoxicillin.
        assert_eq!(substance(ATC, "J01CR02"), None);
    }

    #[test]
    fn a_code_stands_once() {
        let mut seen = HashSet::new();
        for [_, system, code] in entries() {
            assert!(
                [SNOMED, ATC].contains(&system) && seen.insert((system, code)),
                "{code}"
            );
        }
    }
}
