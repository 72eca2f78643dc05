//! What a check of a node finds, and what to do about it: one list for
//! `schakel doctor` and for the page of the operator.
//!
//! It has the words; looking is up to the binary, which knows the
//! configuration ([`NodeChecks`]).

use async_trait::async_trait;
use exchange::ValidationCounts;
use fhir::FhirVersion;
use store::Reindexing;

use crate::{view::text, words::Language};

/// How many registrations may wait before it is worth a word.
pub const REGISTRATIONS_WAITING_MAX: u64 = 100;

/// Looks at the node, when the operator asks for it.
#[async_trait]
pub trait NodeChecks: Send + Sync {
    /// What is found, in the order to show it.
    async fn findings(&self) -> Vec<Finding>;
}

/// Something that was looked at: what was found, or what is wrong in the words
/// of whatever failed (English, no patient data).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The catalogue: the codes of the exchanges.
    Exchanges(Result<Vec<String>, String>),
    /// The access rules.
    Policies(Result<(), String>),
    /// Keys, certificate and people.
    Keys(Result<KeysFound, String>),
    /// The database of the organisation's records in a version of FHIR.
    Database(FhirVersion, Result<DatabaseFound, String>),
    /// The resource types of that database whose values are being taken again.
    Reindexing(FhirVersion, Vec<Reindexing>),
    /// What was found in resources since the start of a node that runs.
    Validation(ValidationCounts),
    /// How many messages were refused and wait.
    Messages(u64),
    /// How many registrations wait for the localisation index.
    Registrations(u64),
    /// The regional services: how many organisations take part.
    Region(Result<usize, String>),
}

/// Whose keys they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysFound {
    /// The organisation that the certificate names.
    pub organisation: String,
    /// How many people can sign in.
    pub people: usize,
}

/// What a sound database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFound {
    /// Resources.
    pub resources: u64,
    /// Audit lines.
    pub audit_lines: u64,
    /// The size of the file, in units of 1024 bytes.
    pub kilobytes: u64,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What to do; where all is well there is nothing to do.
    pub hint: Option<String>,
}

impl Finding {
    /// Whether there is nothing to do.
    pub fn is_well(&self) -> bool {
        match self {
            Self::Exchanges(found) => found.is_ok(),
            Self::Policies(found) => found.is_ok(),
            Self::Keys(found) => found.is_ok(),
            Self::Database(_, found) => found.is_ok(),
            Self::Region(found) => found.is_ok(),
            // The one ends by itself; of the other, who sent it was told.
            Self::Reindexing(..) | Self::Validation(_) => true,
            Self::Messages(refused) => *refused == 0,
            Self::Registrations(waiting) => *waiting <= REGISTRATIONS_WAITING_MAX,
        }
    }

    /// The finding in words.
    pub fn told(&self, language: Language) -> Told {
        let (what, todo) = match self {
            Self::Exchanges(_) => ("checks.exchanges", "checks.exchanges-todo"),
            Self::Policies(_) => ("checks.policies", "checks.policies-todo"),
            Self::Keys(_) => ("checks.keys", "checks.keys-todo"),
            Self::Database(..) => ("checks.database", "checks.database-todo"),
            Self::Reindexing(..) => ("checks.reindexing", "checks.reindexing"),
            Self::Validation(_) => ("checks.validation", "checks.validation"),
            Self::Messages(_) => ("checks.messages", "checks.messages-todo"),
            Self::Registrations(_) => ("checks.registrations", "checks.registrations-todo"),
            Self::Region(_) => ("checks.region", "checks.region-todo"),
        };
        let mut what = language.text(what).to_owned();
        if let Self::Database(FhirVersion::Stu3, _) | Self::Reindexing(FhirVersion::Stu3, _) = self
        {
            what.push_str(" (STU3)");
        }
        Told {
            what,
            found: self.found(language).unwrap_or_else(|wrong| wrong),
            hint: (!self.is_well()).then(|| language.text(todo).to_owned()),
        }
    }

    fn found(&self, language: Language) -> Result<String, String> {
        let counted = |key: &str, count: u64| {
            language.count(key, usize::try_from(count).unwrap_or(usize::MAX))
        };
        Ok(match self {
            Self::Exchanges(found) => found.clone()?.join(", "),
            Self::Policies(found) => {
                found.clone()?;
                language.text("checks.policies-ok").to_owned()
            }
            Self::Keys(found) => {
                let KeysFound {
                    organisation,
                    people,
                } = found.clone()?;
                let people = people.to_string();
                let values = [("name", &*organisation), ("n", &*people)];
                language.fill("checks.keys-ok", &values)
            }
            Self::Database(_, found) => {
                let found = found.clone()?;
                let [resources, lines, kilobytes] =
                    [found.resources, found.audit_lines, found.kilobytes]
                        .map(|n| text::count(language, n));
                let values = [
                    ("resources", &*resources),
                    ("lines", &*lines),
                    ("kb", &*kilobytes),
                ];
                language.fill("checks.database-ok", &values)
            }
            Self::Reindexing(_, left) if left.is_empty() => {
                language.text("checks.reindexing-ok").to_owned()
            }
            Self::Reindexing(_, left) => {
                let types: Vec<String> = left
                    .iter()
                    .map(|one| format!("{} ({}%)", one.resource_type, one.percent()))
                    .collect();
                language.fill("checks.reindexing-busy", &[("types", &types.join(", "))])
            }
            Self::Validation(found) => {
                let [refused, stored] =
                    [found.refused, found.warned].map(|n| text::count(language, n));
                let values = [("refused", &*refused), ("stored", &*stored)];
                language.fill("checks.validation-found", &values)
            }
            Self::Messages(0) => language.text("checks.messages-ok").to_owned(),
            Self::Messages(refused) => counted("checks.messages-wait", *refused),
            Self::Registrations(0) => language.text("checks.registrations-ok").to_owned(),
            Self::Registrations(waiting) => counted("checks.registrations-wait", *waiting),
            Self::Region(found) => counted("checks.region-ok", found.clone()? as u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_something_to_do_is_told_what() {
        let wrong = || "x failed".to_owned();
        let check = |finding: Finding, well: bool, found: &str| {
            assert_eq!(finding.is_well(), well, "{finding:?}");
            let told = finding.told(Language::Dutch);
            assert_eq!(told.found, found);
            assert_eq!(told.hint.is_none(), well, "{finding:?}");
        };
        check(
            Finding::Exchanges(Ok(vec!["bgz".into(), "x".into()])),
            true,
            "bgz, x",
        );
        check(Finding::Exchanges(Err(wrong())), false, "x failed");
        check(
            Finding::Policies(Ok(())),
            true,
            "Alle toegangsregels kloppen.",
        );
        check(Finding::Policies(Err(wrong())), false, "x failed");
        check(Finding::Keys(Err(wrong())), false, "x failed");
        check(
            Finding::Database(FhirVersion::R4, Err(wrong())),
            false,
            "x failed",
        );
        check(
            Finding::Reindexing(FhirVersion::R4, Vec::new()),
            true,
            "Op alle zoekparameters kan worden gezocht.",
        );
        let busy = |resource_type, done| Reindexing {
            resource_type,
            done,
            total: 200,
        };
        let busy = vec![busy("Basic", 100), busy("Patient", 0)];
        check(
            Finding::Reindexing(FhirVersion::R4, busy),
            true,
            "Bezig met Basic (50%), Patient (0%). Wat nieuw is, kan pas daarna worden gezocht.",
        );
        let found = ValidationCounts {
            refused: 1_200,
            warned: 3,
        };
        let told = "Met fouten sinds de start: 1.200 geweigerd, 3 opgeslagen.";
        check(Finding::Validation(found), true, told);
        check(
            Finding::Messages(0),
            true,
            "Er wachten geen mislukte berichten.",
        );
        check(Finding::Messages(1), false, "Er wacht 1 mislukt bericht.");
        let waiting = REGISTRATIONS_WAITING_MAX;
        let found = "Er wachten 100 aanmeldingen.";
        check(Finding::Registrations(waiting), true, found);
        let found = "Er wachten 101 aanmeldingen.";
        check(Finding::Registrations(waiting + 1), false, found);
        check(Finding::Region(Ok(8)), true, "Er doen 8 organisaties mee.");
    }
}
